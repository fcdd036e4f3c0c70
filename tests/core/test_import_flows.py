"""Importing INSEE's flow files: what is kept, folded, counted and refused."""

from __future__ import annotations

import random
import tempfile
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ancrage.errors import InputError, MissingDataError
from ancrage.opendata.importing import Imported, import_files
from ancrage.opendata.manifest import read_manifest

BASE = "base-flux-mobilite-domicile-lieu-travail-2021.csv"
HEADER = "CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C21_ACTOCC15P\n"
DETAIL_HEADER = "COMMUNE;ARM;AGEREVQ;CS1;DCLT;IPONDI;TRANS\n"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a store that knows six communes."""
    folder = tmp_path / "store"
    folder.mkdir()
    codes = ["77001", "77002", "01001", "75056", "69123", "13055"]
    pl.DataFrame({"code": codes}).write_parquet(folder / "communes.parquet")
    return folder


def import_text(store: Path, text: str | bytes, name: str = BASE) -> Imported:
    path = store.parent / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return import_files([path], store)[0]


def read_rows(store: Path, name: str = "flows_rp2021") -> list[tuple[object, ...]]:
    return pl.read_parquet(store / f"{name}.parquet").rows()


def list_content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_import_base_writes_the_documented_columns(store: Path) -> None:
    imported = import_text(store, HEADER + "77001;A;77002;B;12.5\n")
    table = pl.read_parquet(store / "flows_rp2021.parquet")
    assert table.columns == [
        "origin_commune",
        "destination_commune",
        "origin_2025",
        "destination_2025",
        "workers",
        "vintage",
    ]
    assert table.rows() == [("77001", "77002", "77001", "77002", 12.5, 2021)]
    assert (imported.table, imported.rows) == ("flows_rp2021", 1)


def test_import_base_takes_the_vintage_from_the_header(store: Path) -> None:
    imported = import_text(store, HEADER.replace("C21", "C99") + "77001;A;77002;B;1\n", "renamed.csv")
    assert imported.table == "flows_rp1999"
    assert imported.summary["vintage"] == 1999


def test_import_base_folds_arrondissements_and_keeps_their_code(store: Path) -> None:
    lines = "75101;P;69389;L;3\n13216;M;77001;A;4\n77001;A;77002;B;5\n"
    imported = import_text(store, HEADER + lines)
    assert read_rows(store) == [
        ("13216", "77001", "13055", "77001", 4.0, 2021),
        ("75101", "69389", "75056", "69123", 3.0, 2021),
        ("77001", "77002", "77001", "77002", 5.0, 2021),
    ]
    assert imported.summary["folded_workers"] == 7.0


def test_import_base_keeps_an_arrondissement_that_the_store_knows(store: Path) -> None:
    pl.DataFrame({"code": ["75101", "77001"]}).write_parquet(store / "communes.parquet")
    imported = import_text(store, HEADER + "77001;A;75101;P;3\n")
    assert read_rows(store) == [("77001", "75101", "77001", "75101", 3.0, 2021)]
    assert imported.summary["folded_workers"] == 0.0


def test_import_base_keeps_and_counts_foreign_destinations(store: Path) -> None:
    imported = import_text(store, HEADER + "77001;A;99110;Pays;3\n77001;A;BE001;Pays;2\n77001;A;77002;B;1\n")
    assert imported.summary["foreign_workers"] == 5.0
    assert imported.summary["unknown_communes"] == 0
    assert ("77001", "99110", "77001", "99110", 3.0, 2021) in read_rows(store)


def test_import_base_merges_duplicates_and_counts_them(store: Path) -> None:
    imported = import_text(store, HEADER + "77001;A;77002;B;1\n77001;A;77002;B;2\n77001;A;77002;B;4\n")
    assert read_rows(store) == [("77001", "77002", "77001", "77002", 7.0, 2021)]
    assert (imported.summary["rows_read"], imported.summary["duplicates_merged"]) == (3, 2)


def test_import_base_counts_unknown_communes_and_leaves_their_current_code_empty(store: Path) -> None:
    imported = import_text(store, HEADER + "77001;A;88888;X;3\n77777;Y;77001;A;2\n")
    assert imported.summary["unknown_communes"] == 2
    assert imported.summary["unknown_workers"] == 5.0
    assert imported.summary["unknown_codes"] == ["88888", "77777"]
    assert ("77001", "88888", "77001", None, 3.0, 2021) in read_rows(store)


def test_import_base_follows_the_passage_table_and_shares_split_communes(store: Path) -> None:
    pl.DataFrame(
        {"code_old": ["77900", "77901", "77901"], "code_new": ["77002", "77001", "77002"], "share": [1.0, 3.0, 1.0]}
    ).write_parquet(store / "passage.parquet")
    imported = import_text(store, HEADER + "77900;Old;77001;A;2\n77901;Split;77001;A;8\n")
    assert read_rows(store) == [
        ("77901", "77001", "77001", "77001", 6.0, 2021),
        ("77900", "77001", "77002", "77001", 2.0, 2021),
        ("77901", "77001", "77002", "77001", 2.0, 2021),
    ]
    assert imported.summary["unknown_communes"] == 0
    assert imported.summary["workers"] == 10.0


def test_import_base_without_communes_keeps_every_code(tmp_path: Path) -> None:
    import_text(tmp_path / "new", HEADER + "88888;X;75101;P;3\n")
    assert read_rows(tmp_path / "new") == [("88888", "75101", "88888", "75056", 3.0, 2021)]


def test_import_base_reads_commas_extra_columns_and_lost_zeros(store: Path) -> None:
    text = 'id,CODGEO,LIBGEO,DCLT,L_DCLT,NBFLUX_C21_ACTOCC15P\r\n7,1001,"L\'Oie, haut",77001,A,2.5\r\n\r\n'
    imported = import_text(store, text)
    assert read_rows(store) == [("01001", "77001", "01001", "77001", 2.5, 2021)]
    assert imported.summary["rows_read"] == 1


def test_import_base_reads_a_decimal_comma(store: Path) -> None:
    assert import_text(store, HEADER + "77001;A;77002;B;2,5\n").summary["workers"] == 2.5


def test_import_base_reads_a_byte_order_mark(store: Path) -> None:
    assert import_text(store, b"\xef\xbb\xbf" + (HEADER + "77001;A;77002;B;2\n").encode()).rows == 1


def test_import_base_reads_the_largest_file_of_an_archive(store: Path) -> None:
    path = store.parent / "flux.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("meta_" + BASE, "COD_VAR;LIB\n" * 500)
        archive.writestr("data/" + BASE, HEADER + "77001;A;77002;B;2\n")
    assert import_files([path], store)[0].summary["file"] == f"flux.zip/data/{BASE}"


def test_import_base_reports_names_in_a_wrong_encoding(store: Path) -> None:
    mojibake = "Méru".encode().decode("cp1252")
    repaired = import_text(store, HEADER + f"77001;{mojibake};77002;Bé;2\n77001;{mojibake};75056;X;1\n").summary
    assert (repaired["names_repaired"], repaired["names_broken"]) == (1, 0)
    windows = import_text(store, (HEADER + "77001;Méru;77002;B;2\n").encode("cp1252")).summary
    assert (windows["names_repaired"], windows["names_broken"], windows["workers"]) == (1, 0, 2.0)


GOOD = "77001;A;77002;B;1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("  \n\n", "empty"),
        (HEADER, "no line"),
        ("a;b\n1;2\n", "line 1"),
        (HEADER + GOOD + "77001;A;77002;B;-3\n", "line 3, field NBFLUX_C21_ACTOCC15P: '-3'"),
        (HEADER + "77001;A;77002;B;many\n", "line 2, field NBFLUX_C21_ACTOCC15P: 'many'"),
        (HEADER + "77001;A;77002;B;\n", "line 2, field NBFLUX_C21_ACTOCC15P: ''"),
        (HEADER + "77001;A;77002;B;inf\n", "line 2, field NBFLUX_C21_ACTOCC15P: 'inf'"),
        (HEADER + "77001;A;77002;B;nan\n", "line 2, field NBFLUX_C21_ACTOCC15P: 'nan'"),
        (HEADER + GOOD + GOOD + "77001;A;;B;3\n", "line 4, field DCLT"),
        (HEADER + " ;A;77002;B;3\n", "line 2, field CODGEO"),
        (HEADER + GOOD + "77001;A;77002;B;1;9\n", "line 3: 6 fields where the header has 5"),
        (HEADER + "77001;A;77002\n" + GOOD, "line 2: 3 fields where the header has 5"),
        (b"CODGEO\0;DCLT", "not a text file"),
    ],
)
def test_import_base_refuses_a_bad_file_and_leaves_the_store_as_it_was(
    store: Path, text: str | bytes, said: str
) -> None:
    before = list_content(store)
    with pytest.raises(InputError) as refused:
        import_text(store, text)
    assert said in refused.value.text.en
    assert BASE in refused.value.text.fr
    assert list_content(store) == before


def test_import_base_refuses_a_gigantic_line_without_reading_it(store: Path) -> None:
    path = store.parent / "giant.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        file.truncate(2 << 30)  # two sparse gigabytes without an end of line
    with path.open("r+b") as file:
        file.seek(len(HEADER))
        file.write(b"7" * 8192)
    with pytest.raises(InputError) as refused:
        import_files([path], store)
    assert "line of more than" in refused.value.text.en


@pytest.mark.parametrize("keep", [0.3, 0.8])
def test_import_base_refuses_a_truncated_archive(store: Path, keep: float) -> None:
    path = store.parent / "flux.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(BASE, HEADER + GOOD * 100)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    before = list_content(store)
    with pytest.raises(InputError) as refused:
        import_files([path], store)
    assert "damaged" in refused.value.text.en
    assert list_content(store) == before


def test_import_base_refuses_an_archive_with_a_flipped_byte(store: Path) -> None:
    path = store.parent / "flux.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(BASE, HEADER + GOOD * 100)
    path.write_bytes(path.read_bytes().replace(b"77001;A", b"77009;A", 1))
    with pytest.raises(InputError) as refused:
        import_files([path], store)
    assert "damaged" in refused.value.text.en


def test_import_files_is_all_or_nothing(store: Path) -> None:
    good, bad = store.parent / "good.csv", store.parent / "bad.csv"
    good.write_text(HEADER + GOOD, encoding="utf-8")
    bad.write_text("x\n", encoding="utf-8")
    before = list_content(store)
    with pytest.raises(InputError):
        import_files([good, bad], store)
    assert list_content(store) == before


def test_import_files_refused_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        import_text(tmp_path / "new", "x\n")
    assert not (tmp_path / "new").exists()
    with pytest.raises(MissingDataError):
        import_files([tmp_path / "absent.csv"], tmp_path / "new")


def test_import_base_records_its_source(store: Path) -> None:
    import_text(store, HEADER + GOOD)
    manifest = read_manifest(store)
    assert manifest is not None
    source = manifest.tables["flows_rp2021"].source
    assert (source.vintage, source.licence) == ("2021", "Licence Ouverte 2.0")
    assert len(source.checksum) == 64


def test_import_detail_aggregates_weights_by_class_and_mode(store: Path) -> None:
    lines = (
        "75056;75102;1;3;77001;2.5;6\n"
        "77001;ZZZZZ;1;4;77002;1.5;4\n"
        "77001;ZZZZZ;2;4;77002;1.5;5\n"
        "77001;ZZZZZ;2;4;77002;1.25;2\n"
        "77001;ZZZZZ;2;4;77002;1.25;3\n"
        "77001;ZZZZZ;2;2;77001;1;1\n"
    )
    imported = import_text(store, DETAIL_HEADER + lines, "FD_MOBPRO_2021.csv")
    table = pl.read_parquet(store / "flows_rp2021_csp_mode.parquet")
    assert table.columns[4:] == ["mode", "csp", "workers", "vintage"]
    assert [row[:7] for row in table.rows()] == [
        ("75102", "77001", "75056", "77001", "public_transport", 3, 2.5),
        ("77001", "77001", "77001", "77001", "home", 2, 1.0),
        ("77001", "77002", "77001", "77002", "car", 4, 3.0),
        ("77001", "77002", "77001", "77002", "walk_bike", 4, 2.5),
    ]
    assert imported.summary["rows_read"] == 6
    assert imported.summary["workers"] == 9.0
    assert imported.summary["folded_workers"] == 2.5


def test_import_detail_keeps_people_without_class_or_mode(store: Path) -> None:
    imported = import_text(store, DETAIL_HEADER + "77001;ZZZZZ;1;Z;77002;1.5;\n", "FD_MOBPRO_2021.csv")
    assert (imported.summary["without_class"], imported.summary["without_mode"]) == (1.5, 1.5)
    assert read_rows(store, "flows_rp2021_csp_mode")[0][4:6] == (None, None)


def test_import_detail_reads_the_five_modes_of_older_censuses(store: Path) -> None:
    lines = "77001;ZZZZZ;1;3;77002;1;4\n77001;ZZZZZ;1;3;77002;2;5\n"
    import_text(store, DETAIL_HEADER + lines, "FD_MOBPRO_2014.csv")
    assert {row[4]: row[6] for row in read_rows(store, "flows_rp2014_csp_mode")} == {
        "car": 1.0,
        "public_transport": 2.0,
    }


def test_import_detail_needs_a_year(store: Path) -> None:
    with pytest.raises(InputError) as refused:
        import_text(store, DETAIL_HEADER + "77001;ZZZZZ;1;3;77002;1;4\n", "mobpro.csv")
    assert "--vintage" in refused.value.text.en
    path = store.parent / "mobpro.csv"
    assert import_files([path], store, vintage=2020)[0].table == "flows_rp2020_csp_mode"


def test_import_detail_reads_parquet_as_csv(store: Path) -> None:
    text = DETAIL_HEADER + "77001;ZZZZZ;1;3;77002;1.25;4\n"
    import_text(store, text, "FD_MOBPRO_2021.csv")
    expected = read_rows(store, "flows_rp2021_csp_mode")
    path = store.parent / "RP2021_mobpro.parquet"
    pl.DataFrame(
        {
            "COMMUNE": ["77001"],
            "ARM": ["ZZZZZ"],
            "CS1": [3],
            "DCLT": pl.Series(["77002"], dtype=pl.Categorical),
            "IPONDI": [1.25],
            "TRANS": ["4"],
        }
    ).write_parquet(path)
    import_files([path], store)
    assert read_rows(store, "flows_rp2021_csp_mode") == expected


def test_import_detail_refuses_a_negative_weight_in_parquet(store: Path) -> None:
    path = store.parent / "RP2021_mobpro.parquet"
    pl.DataFrame(
        {"COMMUNE": ["77001"] * 2, "CS1": ["3"] * 2, "DCLT": ["77002"] * 2, "IPONDI": [1.0, -2.0], "TRANS": ["4"] * 2}
    ).write_parquet(path)
    with pytest.raises(InputError) as refused:
        import_files([path], store)
    assert "line 2, field IPONDI: '-2.0'" in refused.value.text.en


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("DCLT", None, "line 2, field DCLT: ''"),
        ("COMMUNE", " ", "line 2, field COMMUNE: ' '"),
        ("IPONDI", "inf", "line 2, field IPONDI: 'inf'"),
    ],
)
def test_import_detail_names_the_faulty_field_of_parquet(store: Path, field: str, value: str | None, said: str) -> None:
    columns = {"COMMUNE": "77001", "CS1": "3", "DCLT": "77002", "IPONDI": "1,5", "TRANS": "4"}
    path = store.parent / "RP2021_mobpro.parquet"
    pl.DataFrame({c: [good, value if c == field else good] for c, good in columns.items()}).write_parquet(path)
    with pytest.raises(InputError) as refused:
        import_files([path], store)
    assert said in refused.value.text.en


def test_import_base_cleans_codes_and_keeps_those_of_an_unusual_form(store: Path) -> None:
    pl.DataFrame({"code": ["77001", "2A004", "01001"]}).write_parquet(store / "communes.parquet")
    lines = ' 77001 ;A;2a004;B;1\n"77001";A;1001;B;"2"\n\n77001;A;ÉTRANGER;C;4\n77001;A;7;D;8\n77001;A;2A004;B;16\n'
    imported = import_text(store, HEADER + lines)
    assert read_rows(store) == [
        ("77001", "01001", "77001", "01001", 2.0, 2021),
        ("77001", "2A004", "77001", "2A004", 17.0, 2021),
        ("77001", "7", "77001", None, 8.0, 2021),
        ("77001", "ÉTRANGER", "77001", None, 4.0, 2021),
    ]
    assert imported.summary["unknown_codes"] == ["7", "ÉTRANGER"]
    assert (imported.summary["rows_read"], imported.summary["duplicates_merged"]) == (5, 1)


def test_import_base_shares_flows_between_two_split_communes(store: Path) -> None:
    pl.DataFrame({"code_old": ["77901", "77901"], "code_new": ["77001", "77002"], "share": [3.0, 1.0]}).write_parquet(
        store / "passage.parquet"
    )
    imported = import_text(store, HEADER + "77901;S;77901;S;10\n77901;S;77901;S;6\n77001;A;77901;S;4\n")
    assert read_rows(store) == [
        ("77001", "77901", "77001", "77001", 3.0, 2021),
        ("77001", "77901", "77001", "77002", 1.0, 2021),
        ("77901", "77901", "77001", "77001", 9.0, 2021),
        ("77901", "77901", "77001", "77002", 3.0, 2021),
        ("77901", "77901", "77002", "77001", 3.0, 2021),
        ("77901", "77901", "77002", "77002", 1.0, 2021),
    ]
    assert (imported.summary["workers"], imported.summary["duplicates_merged"]) == (20.0, 1)


def test_import_detail_reads_the_six_modes_when_an_old_file_has_them(store: Path) -> None:
    lines = "77001;ZZZZZ;1;3;77002;1;4\n77001;ZZZZZ;1;3;77002;2;5\n77001;ZZZZZ;1;3;77002;4;6\n"
    import_text(store, DETAIL_HEADER + lines, "FD_MOBPRO_2014.csv")
    assert {row[4]: row[6] for row in read_rows(store, "flows_rp2014_csp_mode")} == {
        "car": 3.0,
        "public_transport": 4.0,
    }


CODES = st.sampled_from(["77001", "77002", "01001", "75101", "75120", "69381", "13201", "99110", "88888"])
LINES = st.lists(
    st.tuples(CODES.filter(lambda c: c != "99110"), CODES, st.decimals("0", "9000", places=6)), min_size=1, max_size=25
)


def import_lines(lines: list[tuple[str, str, object]], separator: str = ";", times: int = 1) -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as name:
        path, folder = Path(name) / BASE, Path(name) / "store"
        folder.mkdir()
        known = ["77001", "77002", "01001", "75056", "69123", "13055"]
        pl.DataFrame({"code": known}).write_parquet(folder / "communes.parquet")
        text = HEADER + "".join(f"{home};A;{work};B;{count}\n" for home, work, count in lines)
        path.write_text(text.replace(";", separator), encoding="utf-8")
        for _ in range(times):
            import_files([path], folder)
        return pl.read_parquet(folder / "flows_rp2021.parquet")


@settings(max_examples=25, deadline=None)
@given(LINES)
def test_import_base_preserves_totals(lines: list[tuple[str, str, object]]) -> None:
    table = import_lines(lines)
    assert table["workers"].sum() == pytest.approx(float(sum(count for *_, count in lines)), abs=1e-6)
    for home in {line[0] for line in lines}:
        expected = float(sum(count for code, _, count in lines if code == home))
        got = table.filter(pl.col("origin_commune") == home)["workers"].sum()
        assert got == pytest.approx(expected, abs=1e-6)
    assert table.select("origin_commune", "destination_commune").is_unique().all()


@settings(max_examples=15, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_import_base_ignores_row_order_separator_and_repetition(
    lines: list[tuple[str, str, object]], rng: random.Random
) -> None:
    shuffled = lines.copy()
    rng.shuffle(shuffled)
    expected = import_lines(lines)
    assert import_lines(shuffled, separator=",", times=2).equals(expected)
