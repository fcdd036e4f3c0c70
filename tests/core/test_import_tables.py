"""Importing folders of tables, with a manifest or without."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from ancrage.errors import InputError, MissingDataError
from ancrage.opendata.importing import import_files
from ancrage.opendata.manifest import MANIFEST, read_manifest
from ancrage.opendata.store import open_store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a plain folder with a known table, an unknown one and flows."""
    made = tmp_path / "tables"
    made.mkdir()
    pl.DataFrame({"code_old": ["1"], "code_new": ["2"]}).write_parquet(made / "passage.parquet")
    pl.DataFrame({"x": [1, 2]}).write_parquet(made / "mine.parquet")
    pl.DataFrame(
        {"origin_commune": ["77001"], "destination_commune": ["77002"], "workers": [3.0], "vintage": [2020]}
    ).write_parquet(made / "flows_mine.parquet")
    return made


def test_import_folder_copies_every_table_with_its_source(folder: Path, tmp_path: Path) -> None:
    imported = import_files([folder], tmp_path / "store")
    assert [(table.table, table.rows) for table in imported] == [("flows_mine", 1), ("mine", 2), ("passage", 1)]
    tables = open_store(tmp_path / "store")
    assert tables.sources["passage"].producer == "INSEE"
    assert tables.sources["mine"].producer == ""
    for name in ("mine", "passage", "flows_mine"):
        copied = tmp_path / "store" / f"{name}.parquet"
        assert copied.read_bytes() == (folder / f"{name}.parquet").read_bytes()


def test_import_folder_keeps_the_manifest_of_a_store(folder: Path, tmp_path: Path) -> None:
    import_files([folder], tmp_path / "one")
    content = json.loads((tmp_path / "one" / MANIFEST).read_text(encoding="utf-8"))
    content["fictional"] = True
    content["tables"]["mine"]["producer"] = "Somebody"
    (tmp_path / "one" / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    import_files([tmp_path / "one"], tmp_path / "two")
    manifest = read_manifest(tmp_path / "two")
    assert manifest is not None
    assert manifest.fictional
    assert manifest.tables["mine"].source.producer == "Somebody"


def test_import_folder_refuses_a_file_that_its_manifest_does_not_describe(folder: Path, tmp_path: Path) -> None:
    import_files([folder], tmp_path / "one")
    pl.DataFrame({"x": [9]}).write_parquet(tmp_path / "one" / "mine.parquet")
    with pytest.raises(InputError) as refused:
        import_files([tmp_path / "one"], tmp_path / "two")
    assert "SHA-256" in refused.value.text.en
    assert not (tmp_path / "two").exists()


def test_import_folder_refuses_a_truncated_table(folder: Path, tmp_path: Path) -> None:
    path = folder / "mine.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError) as refused:
        import_files([folder], tmp_path / "store")
    assert "mine.parquet" in refused.value.text.en
    assert not (tmp_path / "store").exists()


def test_import_folder_refuses_a_known_table_without_its_columns(folder: Path, tmp_path: Path) -> None:
    pl.DataFrame({"code": ["1"]}).write_parquet(folder / "communes.parquet")
    with pytest.raises(InputError) as refused:
        import_files([folder], tmp_path / "store")
    assert "epci_code" in refused.value.text.fr


@pytest.mark.parametrize("value", [-1.0, float("nan"), None])
def test_import_folder_refuses_flows_that_are_no_numbers_of_persons(
    folder: Path, tmp_path: Path, value: float | None
) -> None:
    pl.DataFrame(
        {"origin_commune": ["1", "1"], "destination_commune": ["2", "3"], "workers": [1.0, value]}
    ).write_parquet(folder / "flows_mine.parquet")
    with pytest.raises(InputError) as refused:
        import_files([folder], tmp_path / "store")
    assert "row 2, column workers" in refused.value.text.en


def test_import_folder_refuses_the_store_itself_and_an_empty_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        import_files([folder], folder)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingDataError):
        import_files([tmp_path / "empty"], tmp_path / "store")


def test_import_folder_gives_its_communes_to_the_flows_imported_with_it(folder: Path, tmp_path: Path) -> None:
    columns = ["name", "epci_code", "epci_name", "departement", "region"]
    numbers = ["lon", "lat", "area_km2", "population_2022"]
    communes = {"code": ["77001"], **{c: ["x"] for c in columns}, **{c: [1.0] for c in numbers}}
    pl.DataFrame(communes).write_parquet(folder / "communes.parquet")
    base = tmp_path / "base.csv"
    base.write_text("CODGEO;DCLT;NBFLUX_C21_ACTOCC15P\n77001;88888;2\n", encoding="utf-8")
    imported = {table.table: table for table in import_files([base, folder], tmp_path / "store")}
    assert imported["flows_rp2021"].summary["unknown_codes"] == ["88888"]


def test_import_files_refuses_two_files_for_one_table(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("CODGEO;DCLT;NBFLUX_C21_ACTOCC15P\n77001;77002;2\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        import_files([tmp_path / "a.csv", tmp_path / "b.csv"], tmp_path / "store")
    assert "flows_rp2021" in refused.value.text.en
