"""The store: sources, manifest, atomic commits."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from ancrage.errors import InputError, MissingDataError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.known_tables import read_known_tables
from ancrage.opendata.manifest import (
    MANIFEST,
    NewTable,
    commit_tables,
    compute_checksum,
    open_aside,
    read_manifest,
)
from ancrage.opendata.store import open_store


def build_source(name: str, vintage: str = "2021") -> Source:
    return Source(name, Text(f"{name} en", f"{name} fr"), "INSEE", vintage, "Licence Ouverte 2.0")


def commit(folder: Path, name: str, *, fictional: bool = False) -> None:
    with open_aside(folder) as aside:
        target = aside / f"{name}.parquet"
        pl.DataFrame({"code": ["01001"]}).write_parquet(target)
        commit_tables(folder, [NewTable(target, build_source(name), 1)], fictional=fictional)


def test_open_store_without_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError) as refused:
        open_store(tmp_path / "nowhere")
    assert "ancrage demo" in refused.value.text.en
    assert "ancrage demo" in refused.value.text.fr


def test_open_store_takes_sources_from_the_catalogue(tmp_path: Path) -> None:
    pl.DataFrame({"code": ["01001"]}).write_parquet(tmp_path / "communes.parquet")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "mine.parquet")
    tables = open_store(tmp_path)
    assert tables.sources["communes"].vintage == "2025"
    assert tables.sources["communes"].licence == "Licence Ouverte 2.0"
    assert tables.sources["mine"] == Source("mine", Text("mine", "mine"), "", "", "")
    assert tables.fictional is False


def test_open_store_takes_sources_and_fictional_from_the_manifest(tmp_path: Path) -> None:
    commit(tmp_path, "communes", fictional=True)
    tables = open_store(tmp_path)
    assert tables.fictional is True
    assert tables.sources["communes"].vintage == "2021"
    assert tables.sources["communes"].title == Text("communes en", "communes fr")
    assert tables.sources["communes"].checksum == compute_checksum(tmp_path / "communes.parquet")


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 9, "fictional": false, "tables": {}}', '{"format": 1}'])
def test_read_manifest_refuses_what_it_cannot_read(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_manifest(tmp_path)
    assert MANIFEST in refused.value.text.fr


def test_commit_tables_keeps_the_others(tmp_path: Path) -> None:
    commit(tmp_path, "one")
    commit(tmp_path, "two")
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert list(manifest.tables) == ["one", "two"]
    assert manifest.tables["two"].rows == 1


def test_commit_tables_at_once_loses_no_entry(tmp_path: Path) -> None:
    names = [f"t{i}" for i in range(12)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda name: commit(tmp_path, name), names))
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert sorted(manifest.tables) == sorted(names)


def test_commit_tables_never_mixes_fictional_and_real(tmp_path: Path) -> None:
    commit(tmp_path, "one", fictional=True)
    before = (tmp_path / MANIFEST).read_bytes()
    with pytest.raises(InputError):
        commit(tmp_path, "two")
    assert (tmp_path / MANIFEST).read_bytes() == before
    assert not (tmp_path / "two.parquet").exists()


def test_killed_import_leaves_the_store_unchanged_and_is_cleaned(tmp_path: Path) -> None:
    commit(tmp_path, "one")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from ancrage.opendata.manifest import open_aside
        with open_aside(Path(sys.argv[1])) as aside:
            (aside / "one.parquet").write_bytes(b"half a table")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    run = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert run.returncode != 0
    left = [path for path in tmp_path.iterdir() if path.name not in before]
    assert len(left) == 1
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert list(open_store(tmp_path).frames) == ["one"]
    with open_aside(tmp_path):
        assert not left[0].exists()


def test_open_aside_refuses_a_folder_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError) as refused, open_aside(tmp_path / "file" / "store"):
        pass
    assert "--data" in refused.value.text.en


def test_manifest_is_plain_json_with_both_titles(tmp_path: Path) -> None:
    commit(tmp_path, "one")
    content = json.loads((tmp_path / MANIFEST).read_text(encoding="utf-8"))
    assert content["tables"]["one"]["title"] == {"en": "one en", "fr": "one fr"}
    assert not (tmp_path / f".{MANIFEST}.part").exists()


def test_known_tables_have_titles_in_both_languages_and_columns() -> None:
    for name, known in read_known_tables().items():
        assert known.source.title.en, name
        assert known.source.title.fr, name
        assert known.columns, name


@pytest.mark.realdata
def test_known_tables_describe_the_real_folder(real_data: Path) -> None:
    known = read_known_tables()
    tables = open_store(real_data)
    for name in tables.frames:
        assert set(known[name].columns) <= set(tables.scan(name).collect_schema().names()), name
