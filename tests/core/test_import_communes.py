"""Official files about communes: contours, composition of EPCI, populations, list of communes; and a plan on them."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
import xlsxwriter
from official_files import EPCI, build_square, write_contours, write_text, write_workbook

from ancrage.errors import InputError, MissingDataError
from ancrage.opendata.demo import write_demo_store
from ancrage.opendata.import_communes import find_commune_file
from ancrage.opendata.import_geography_contours import compute_areas
from ancrage.opendata.importing import Imported, import_files
from ancrage.opendata.load import load_territory
from ancrage.opendata.manifest import read_manifest
from ancrage.opendata.store import open_store


@pytest.fixture
def contours(tmp_path: Path) -> Path:
    """Return contours of 2025: two communes of an EPCI, an island without, an arrondissement and its commune."""
    places = {"departement": "77", "region": "11"}
    return write_contours(
        tmp_path / "communes-2025-100m.geojson.gz",
        [
            ({"code": "77902", "nom": "Beaulieu (contour)", "epci": EPCI, **places}, build_square(3.1, 48.0)),
            ({"code": "77901", "nom": "Avron", "epci": EPCI, **places}, build_square(3.0, 48.0)),
            ({"code": "85113", "nom": "L'Île-d'Yeu", "departement": "85", "region": "52"}, build_square(-2.4, 46.7)),
            ({"code": "75056", "nom": "Paris", "departement": "75", "region": "11"}, build_square(2.3, 48.8)),
            ({"code": "75101", "nom": "Paris 1er", "departement": "75", "region": "11"}, build_square(2.3, 48.8)),
        ],
    )


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Return the composition of EPCI of 2025; 77903 has no contour, 75056 and 85113 no EPCI."""
    none = ("ZZZZZZZZZ", "Sans objet")
    return write_workbook(
        tmp_path / "Intercommunalite_Metropole_au_01-01-2025.xlsx",
        [
            ("77901", "Avron", EPCI, "CC d'Avron", "77", "11"),
            ("77902", "Beaulieu", EPCI, "CC d'Avron", "77", "11"),
            ("77903", "Cressy", EPCI, "CC d'Avron", "77", "11"),
            ("75056", "Paris", *none, "75", "11"),
            ("85113", "L'Île-d'Yeu", *none, "85", "52"),
        ],
        [(EPCI, "CC d'Avron", "CC", 3), ("200000009", "CC vide", "CC", 0), ("ZZZZZZZZZ", "Sans objet", "ZZ", 2)],
    )


@pytest.fixture
def populations(tmp_path: Path) -> Path:
    """Return populations of 2022: Paris by arrondissement, and a commune that has merged since (77999)."""
    return write_text(
        tmp_path / "donnees_communes_2022.csv",
        "REG;Région;DEP;CODARR;CODCAN;CODCOM;COM;Commune;PMUN;PCAP;PTOT",
        "11;Île-de-France;77;1;01;901;77901;Avron;1000;10;1010",
        "11;Île-de-France;77;1;01;902;77902;Beaulieu;500;5;505",
        "11;Île-de-France;77;1;01;903;77903;Cressy;40;0;40",
        "11;Île-de-France;77;1;01;999;77999;Fusionnée;7;0;7",
        "11;Île-de-France;75;1;ZZ;101;75101;Paris 1er;15000;0;15000",
        "11;Île-de-France;75;1;ZZ;102;75102;Paris 2e;21000;0;21000",
        "52;Pays de la Loire;85;1;01;113;85113;L'Île-d'Yeu;4900;0;4900",
    )


@pytest.fixture
def cog(tmp_path: Path) -> Path:
    """Return the list of communes of 2025."""
    return write_text(
        tmp_path / "v_commune_2025.csv",
        "TYPECOM,COM,REG,DEP,CTCD,ARR,TNCC,NCC,NCCENR,LIBELLE,CAN,COMPARENT",
        'COM,77901,11,77,77D,773,1,AVRON,Avron,"Avron",7701,',
        'COM,77902,11,77,77D,773,0,BEAULIEU,Beaulieu,"Beaulieu",7701,',
        'COM,77903,11,77,77D,773,0,CRESSY,Cressy,"Cressy",7701,',
        'COM,75056,11,75,75C,751,0,PARIS,Paris,"Paris",ZZ,',
        "COM,85113,52,85,85D,852,5,ILE D YEU,Île-d'Yeu,\"L'Île-d'Yeu\",8516,",
        'COMD,77999,11,77,77D,773,0,FUSIONNEE,Fusionnée,"Fusionnée",,77901',
        "ARM,75101,11,75,75C,751,0,PARIS 1ER,Paris 1er,Paris 1er,,75056",
    )


def read(store: Path, name: str) -> pl.DataFrame:
    """Return a table of a store."""
    return pl.read_parquet(store / f"{name}.parquet")


def find(imported: Sequence[Imported], name: str) -> dict[str, Any]:
    """Return the summary of a table."""
    return dict(next(table.summary for table in imported if table.table == name))


def test_contours_give_communes_with_positions_and_areas_on_the_ellipsoid(contours: Path, tmp_path: Path) -> None:
    imported = import_files([contours], tmp_path / "store")
    communes = read(tmp_path / "store", "communes")
    assert communes["code"].to_list() == ["75056", "77901", "77902", "85113"]
    row = communes.row(1, named=True)
    assert (row["name"], row["departement"], row["region"], row["epci_code"]) == ("Avron", "77", "11", EPCI)
    assert (row["centroid_lon"], row["centroid_lat"]) == (3.05, 48.05)
    assert 3.0 < row["lon"] < 3.1
    assert 48.0 < row["lat"] < 48.1
    assert row["point_kind"] == "representative"
    # A tenth of a degree each way at 48.05 degrees north: 7.455 km by 11.119 km on WGS84.
    assert row["area_km2"] == pytest.approx(82.90, abs=0.02)
    assert communes["epci_code"].to_list() == [None, EPCI, EPCI, None]
    summary = find(imported, "communes")
    assert (summary["rows_read"], summary["arrondissements_left_out"], summary["without_epci"]) == (5, 1, 2)
    polygons = read(tmp_path / "store", "commune_polygons")
    outlines = shapely.from_wkb(polygons["geometry"].to_numpy())
    assert polygons["code"].to_list() == ["75056", "77901", "77902", "85113"]
    assert shapely.equals(outlines[1], shapely.box(3.0, 48.0, 3.1, 48.1))
    metadata = json.loads(pl.read_parquet_metadata(tmp_path / "store" / "commune_polygons.parquet")["geo"])
    assert metadata["columns"]["geometry"]["bbox"] == [-2.4, 46.7, 3.2, 48.9]


def test_areas_of_the_whole_earth_are_those_of_the_ellipsoid() -> None:
    world = np.array([shapely.box(-180, -90, 180, 90), shapely.box(-180, 0, 180, 90)])
    assert compute_areas(world) == pytest.approx([510_065_621.724, 255_032_810.862], rel=1e-9)


@pytest.mark.parametrize("outline", [shapely.box(3.0, 48.0, 3.1, 48.1), shapely.box(-61.1, 14.4, -60.8, 14.9)])
def test_areas_agree_with_geodesics(outline: shapely.Polygon) -> None:
    pyproj = pytest.importorskip("pyproj")
    dense = shapely.segmentize(outline, 0.005)
    geodesic, _ = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(dense)
    assert compute_areas(np.array([outline]))[0] == pytest.approx(abs(geodesic) / 1e6, rel=1e-5)


def test_contours_repair_outlines_that_cross_themselves_and_keep_communes_without_any(tmp_path: Path) -> None:
    bow = {"type": "Polygon", "coordinates": [[[3.0, 48.0], [3.1, 48.1], [3.1, 48.0], [3.0, 48.1], [3.0, 48.0]]]}
    path = write_contours(
        tmp_path / "c-2025.geojson", [({"code": "77901", "nom": "A"}, bow), ({"code": "77902", "nom": "B"}, None)]
    )
    summary = find(import_files([path], tmp_path / "store"), "communes")
    assert (summary["repaired_contours"], summary["without_contour"], summary["without_position"]) == (1, 1, 1)
    communes = read(tmp_path / "store", "communes")
    assert communes["area_km2"][0] == pytest.approx(82.90 / 2, abs=0.02)
    assert communes.row(1, named=True)["lon"] is None
    assert read(tmp_path / "store", "commune_polygons")["code"].to_list() == ["77901"]


def test_workbook_gives_epci_and_the_epci_of_communes(workbook: Path, tmp_path: Path) -> None:
    import_files([workbook], tmp_path / "store")
    communes = read(tmp_path / "store", "communes")
    assert communes.select("code", "name", "epci_code", "epci_name", "departement", "region").rows()[1:3] == [
        ("77901", "Avron", EPCI, "CC d'Avron", "77", "11"),
        ("77902", "Beaulieu", EPCI, "CC d'Avron", "77", "11"),
    ]
    assert communes["epci_code"].null_count() == 2
    epci = read(tmp_path / "store", "epci")
    assert epci.select("epci_code", "name", "nature", "n_communes", "departements", "regions").rows() == [
        (EPCI, "CC d'Avron", "CC", 3, "77", "11")
    ]


def test_populations_add_up_arrondissements_and_leave_out_codes_of_another_year(
    workbook: Path, populations: Path, tmp_path: Path
) -> None:
    imported = import_files([workbook, populations], tmp_path / "store")
    communes = read(tmp_path / "store", "communes")
    assert dict(communes.select("code", "population_2022").iter_rows()) == {
        "75056": 36_000,
        "77901": 1000,
        "77902": 500,
        "77903": 40,
        "85113": 4900,
    }
    summary = find(imported, "communes")
    assert (summary["unknown_communes"], summary["unknown_inhabitants"]) == (1, 7)
    assert summary["unknown_codes"] == ["77999"]
    assert find(imported, "populations")["folded_arrondissements"] == 2
    assert read(tmp_path / "store", "epci")["population_2022"].to_list() == [1540]


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("REG;DEP;COM;PMUN;PCAP;PTOT", ("11;77;77901;1000;1;2", "01;971;97101;50;1;2", "94;2A;2A004;9;1;2")),
        ("CODGEO;LIBGEO;PMUN", ("77901;Avron;1 000", "97101;Les Abymes;50", "2A004;Ajaccio;9")),
        (
            "CODREG;REG;CODDEP;CODARR;CODCAN;CODCOM;COM;PMUN;PCAP;PTOT",
            ("11;IDF;77;1;1;901;Avron;1000;1;2", "1;G;971;1;1;101;Les Abymes;50;1;2", "94;C;2A;1;1;4;Ajaccio;9;1;2"),
        ),
    ],
)
def test_populations_are_read_in_each_official_form(header: str, lines: tuple[str, ...], tmp_path: Path) -> None:
    path = write_text(tmp_path / "donnees_communes.csv", header, *lines)
    import_files([path], tmp_path / "store", 2019)
    assert read(tmp_path / "store", "populations").rows() == [("2A004", 9), ("77901", 1000), ("97101", 50)]
    assert read(tmp_path / "store", "populations").columns == ["code", "population_2019"]
    assert not (tmp_path / "store" / "communes.parquet").exists()


def test_populations_are_found_among_the_files_of_the_archive(populations: Path, tmp_path: Path) -> None:
    archive = tmp_path / "ensemble.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("metadonnees_communes.csv", "COD_VAR;LIB_VAR;COD_MOD;LIB_MOD\n" + "COM;x;y;z\n" * 500)
        file.writestr("donnees_departements.csv", "REG;DEP;NBCOM;PMUN\n" + "11;77;1;1\n" * 500)
        file.write(populations, "donnees_communes.csv")
    found = find_commune_file(archive)
    assert found is not None
    assert (found.kind, found.member) == ("population", "donnees_communes.csv")
    import_files([archive], tmp_path / "store", 2023)
    assert "population_2023" in read(tmp_path / "store", "populations").columns


def test_damaged_archive_is_refused(workbook: Path, tmp_path: Path) -> None:
    archive = tmp_path / "epci_au_01-01-2025.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(workbook, "EPCI_au_01-01-2025.xlsx")
    content = bytearray(archive.read_bytes())
    content[2000] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(InputError) as refused:
        import_files([archive], tmp_path / "store")
    assert "'epci_au_01-01-2025.zip' is damaged" in refused.value.text.en
    assert not (tmp_path / "store").exists()


def test_truncated_contours_are_refused(contours: Path, tmp_path: Path) -> None:
    contours.write_bytes(contours.read_bytes()[:-40])
    with pytest.raises(InputError) as refused:
        import_files([contours], tmp_path / "store")
    assert contours.name in refused.value.text.en


def test_zipped_workbook_is_read(workbook: Path, tmp_path: Path) -> None:
    archive = tmp_path / "epci_au_01-01-2025.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(workbook, "EPCI_au_01-01-2025.xlsx")
    import_files([archive], tmp_path / "store")
    assert read(tmp_path / "store", "epci")["epci_code"].to_list() == [EPCI]


def test_list_of_communes_leaves_out_what_is_no_commune(cog: Path, tmp_path: Path) -> None:
    summary = find(import_files([cog], tmp_path / "store"), "communes")
    assert summary["other_types_left_out"] == 2
    communes = read(tmp_path / "store", "communes")
    assert communes.columns == ["code", "name", "departement", "region"]
    assert communes.row(4) == ("85113", "L'Île-d'Yeu", "85", "52")


def test_files_give_the_same_store_in_any_order(
    contours: Path, workbook: Path, populations: Path, cog: Path, tmp_path: Path
) -> None:
    stores = []
    for number, order in enumerate(itertools.permutations([contours, workbook, populations, cog])):
        store = tmp_path / str(number)
        for path in order:
            import_files([path], store)
        stores.append({name: read(store, name) for name in ("communes", "epci", "populations")})
    for tables in stores[1:]:
        for name, table in tables.items():
            assert table.select(stores[0][name].columns).equals(stores[0][name])
    communes = stores[0]["communes"]
    assert communes["name"].to_list() == ["Paris", "Avron", "Beaulieu", "Cressy", "L'Île-d'Yeu"]
    assert communes["epci_name"].to_list() == [None, *["CC d'Avron"] * 3, None]
    # 77903 has no contour: a sum over the others would pass for the area of the EPCI.
    assert stores[0]["epci"]["area_km2"].to_list() == [None]


def test_newer_file_wins_whatever_the_order(workbook: Path, tmp_path: Path) -> None:
    older = write_text(
        tmp_path / "v_commune_2023.csv",
        "TYPECOM,COM,REG,DEP,LIBELLE",
        "COM,77901,11,77,Ancien nom",
        "COM,77904,11,77,Disparue",
    )
    import_files([workbook, older], tmp_path / "store")
    communes = read(tmp_path / "store", "communes")
    assert dict(communes.select("code", "name").iter_rows())["77901"] == "Avron"
    assert dict(communes.select("code", "name").iter_rows())["77904"] == "Disparue"


def test_import_keeps_other_columns_and_the_chef_lieu_of_a_table_held(contours: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    columns = ("name", "epci_code", "epci_name", "departement", "region", "aav2020")
    pl.DataFrame(
        {"code": ["77901", "77902"], **{c: ["old"] * 2 for c in columns}, "lon": [3.01, None], "lat": [48.01, None]}
        | {"area_km2": [1.0, 2.0], "population_2022": [10, 20]}
    ).write_parquet(folder / "communes.parquet")
    import_files([folder, contours], tmp_path / "store")
    rows = {row["code"]: row for row in read(tmp_path / "store", "communes").iter_rows(named=True)}
    assert (rows["77901"]["lon"], rows["77901"]["lat"], rows["77901"]["point_kind"]) == (3.01, 48.01, None)
    assert rows["77902"]["point_kind"] == "representative"
    assert (rows["77901"]["aav2020"], rows["77901"]["population_2022"], rows["77901"]["name"]) == ("old", 10, "Avron")
    assert rows["77901"]["area_km2"] == pytest.approx(82.90, abs=0.02)


def test_manifest_names_every_file_and_vintage(
    contours: Path, workbook: Path, populations: Path, tmp_path: Path
) -> None:
    import_files([populations, contours, workbook], tmp_path / "store")
    manifest = read_manifest(tmp_path / "store")
    assert manifest is not None
    source = manifest.tables["communes"].source
    assert source.vintage == "contours 2025, EPCI 2025, population 2022"
    assert source.producer == "IGN (ADMIN EXPRESS), Etalab, INSEE"
    assert source.licence == "ODbL 1.0, Licence Ouverte 2.0"
    assert manifest.tables["commune_polygons"].source.vintage == "contours 2025"
    assert not manifest.fictional


def write_wrong(kind: str, path: Path) -> Path:
    """Write a file with one fault."""
    good = ("77901", "Avron", EPCI, "CC d'Avron", "77", "11")
    listed = [(EPCI, "CC d'Avron", "CC", 3)]
    code = {"code": "77901", "nom": "Avron"}
    faults: dict[str, Callable[[], Path]] = {
        "no-year": lambda: write_contours(path / "communes.geojson", [(code, build_square(3, 48))]),
        "truncated": lambda: write_text(path / "c-2025.geojson", '{"type": "FeatureCollection", "features": [{'),
        "no-code": lambda: write_contours(path / "c-2025.geojson", [({"nom": "Avron"}, build_square(3, 48))]),
        "bad-code": lambda: write_contours(
            path / "c-2025.geojson", [({"code": "Avron", "nom": "A"}, build_square(3, 48))]
        ),
        "twice": lambda: write_contours(path / "c-2025.geojson", [(code, build_square(3, 48))] * 2),
        "metres": lambda: write_contours(path / "c-2025.geojson", [(code, build_square(652_000, 6_862_000))]),
        "point": lambda: write_contours(path / "c-2025.geojson", [(code, {"type": "Point", "coordinates": [3, 48]})]),
        "no-sheet": lambda: write_workbook_without_sheet(path / "EPCI_au_01-01-2025.xlsx"),
        "workbook-code": lambda: write_workbook(path / "e-2025.xlsx", [("?", *good[1:])], listed),
        "workbook-twice": lambda: write_workbook(path / "e-2025.xlsx", [good, good], listed),
        "epci-twice": lambda: write_workbook(path / "e-2025.xlsx", [good], listed * 2),
        "people": lambda: write_text(path / "p-2022.csv", "COM;PMUN", "77901;many"),
        "people-code": lambda: write_text(path / "p-2022.csv", "COM;PMUN", "77901;1", "7790;1", "x;1"),
        "people-twice": lambda: write_text(path / "p-2022.csv", "COM;PMUN", "77901;1", "77901;1"),
        "fields": lambda: write_text(path / "p-2022.csv", "COM;PMUN", "77901;1;2"),
        "nobody": lambda: write_text(path / "p-2022.csv", "COM;PMUN"),
        "cog-code": lambda: write_text(path / "v_commune_2025.csv", "TYPECOM,COM,REG,DEP,LIBELLE", "COM,7,11,77,A"),
    }
    return faults[kind]()


def write_workbook_without_sheet(path: Path) -> Path:
    """Write a workbook that is not that of EPCI."""
    book = xlsxwriter.Workbook(str(path))
    book.add_worksheet("Feuil1").write(0, 0, "CODGEO")
    book.close()
    return path


@pytest.mark.parametrize(
    ("kind", "english", "french"),
    [
        ("no-year", ("communes.geojson", "--vintage"), "--vintage"),
        ("truncated", ("c-2025.geojson", "not a readable GeoJSON"), "GeoJSON lisible"),
        ("no-code", ("c-2025.geojson", "lack the properties code"), "propriétés code"),
        ("bad-code", ("feature 1, column code: 'Avron'",), "objet n° 1, colonne code"),
        ("twice", ("column code: the commune 77901 is there twice",), "deux fois"),
        ("metres", ("commune 77901", "not degrees"), "degrés"),
        ("point", ("commune 77901, geometry: a Point",), "un Point"),
        ("no-sheet", ("the sheet 'Composition_communale' cannot be read",), "feuille « Composition_communale »"),
        ("workbook-code", ("row of 'Avron', column CODGEO: '?'",), "colonne CODGEO"),
        ("workbook-twice", ("column CODGEO: the commune 77901",), "77901"),
        ("epci-twice", (f"sheet EPCI: the EPCI {EPCI}",), EPCI),
        ("people", ("line 2, column PMUN: 'many'",), "ligne 2, colonne PMUN"),
        ("people-code", ("line 4, column COM: 'x'",), "ligne 4, colonne COM"),
        ("people-twice", ("column COM: the commune 77901 is there twice",), "deux fois"),
        ("fields", ("line 2: 3 fields where the header has 2",), "ligne 2 : 3 champs"),
        ("nobody", ("holds no commune",), "aucune commune"),
        ("cog-code", ("line 2, column COM: '7'",), "ligne 2, colonne COM"),
    ],
)
def test_import_refuses_a_faulty_file_and_leaves_nothing(
    kind: str, english: tuple[str, ...], french: str, tmp_path: Path
) -> None:
    path = write_wrong(kind, tmp_path)
    with pytest.raises(InputError) as refused:
        import_files([path], tmp_path / "store")
    for part in english:
        assert part in refused.value.text.en
    assert french in refused.value.text.fr
    assert not (tmp_path / "store").exists()


def test_fictional_store_refuses_official_files(workbook: Path, tmp_path: Path) -> None:
    write_demo_store(tmp_path / "demo", 1)
    before = (tmp_path / "demo" / "communes.parquet").read_bytes()
    with pytest.raises(InputError) as refused:
        import_files([workbook], tmp_path / "demo")
    assert "fictional" in refused.value.text.en
    assert (tmp_path / "demo" / "communes.parquet").read_bytes() == before


@pytest.mark.parametrize("name", ["base.csv", "table.parquet", "broken.zip", "absent.csv"])
def test_other_files_are_left_to_the_other_importers(name: str, tmp_path: Path) -> None:
    if name != "absent.csv":
        (tmp_path / name).write_text("CODGEO;LIBGEO;DCLT;L_DCLT;NBFLUX_C21_ACTOCC15P\n", encoding="utf-8")
    assert find_commune_file(tmp_path / name) is None


def test_store_without_every_file_says_which_is_missing(workbook: Path, tmp_path: Path) -> None:
    import_files([workbook], tmp_path / "store")
    with pytest.raises(MissingDataError) as refused:
        load_territory(open_store(tmp_path / "store"), [EPCI], None, 15.0)  # type: ignore[arg-type]
    assert "lacks lon, lat, area_km2, population_YYYY" in refused.value.text.en
    assert "contours des communes" in refused.value.text.fr
