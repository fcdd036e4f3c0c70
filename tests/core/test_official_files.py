"""A store made of official files alone: contours, EPCI, populations, flows without class or mode. Then a plan on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely
from official_files import EPCI, write_contours, write_text, write_workbook

from ancrage.opendata.demo import build_demo_tables
from ancrage.opendata.importing import import_files
from ancrage.opendata.load import load_territory
from ancrage.opendata.national_mix import build_national_mix
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.territory.travel_estimate import build_estimate


@pytest.fixture(scope="module")
def official_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store made of official-looking files only: the demo territory with codes of Seine-et-Marne."""
    folder = tmp_path_factory.mktemp("official")
    tables = build_demo_tables(1)

    def recode(column: str) -> pl.Expr:
        return "77" + pl.col(column).str.slice(2)

    communes = tables["communes"].with_columns(code=recode("code"), epci_code="2" + pl.col("epci_code").str.slice(1))
    outlines = dict(tables["commune_polygons"].select(recode("code"), "geometry").iter_rows())
    write_contours(
        folder / "communes-2025-100m.geojson",
        [
            (
                {"code": code, "nom": name, "departement": "77", "region": "11", "epci": epci},
                json.loads(shapely.to_geojson(shapely.from_wkb(outlines[code]))),
            )
            for code, name, epci in communes.select("code", "name", "epci_code").iter_rows()
        ],
    )
    write_workbook(
        folder / "EPCI_au_01-01-2025.xlsx",
        [(*row, "77", "11") for row in communes.select("code", "name", "epci_code", "epci_name").iter_rows()],
        [
            ("2" + code[1:], name, nature, count)
            for code, name, nature, count in tables["epci"]
            .select("epci_code", "name", "nature", "n_communes")
            .iter_rows()
        ],
    )
    write_text(
        folder / "donnees_communes.csv",
        "REG;Région;DEP;CODARR;CODCAN;CODCOM;COM;Commune;PMUN;PCAP;PTOT",
        *(
            f"11;Île-de-France;77;1;01;{code[2:]};{code};{name};{people};0;{people}"
            for code, name, people in communes.select("code", "name", "population_2022").iter_rows()
        ),
    )
    tables["flows"].select(
        recode("origin_commune").alias("CODGEO"),
        recode("destination_commune").alias("DCLT"),
        NBFLUX_C22_ACTOCC15P="workers",
    ).write_csv(folder / "base-flux-mobilite-domicile-lieu-travail-2022.csv", separator=";")
    store = folder / "store"
    import_files([path for path in sorted(folder.iterdir()) if path != store], store, 2023)
    return store


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own, as a user would."""
    command = [sys.executable, "-m", "ancrage.cli.main", "--lang", "en", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_official_files_alone_make_a_sound_store(official_store: Path) -> None:
    done = run("data", "check", "--data", str(official_store))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 tables, 0 problem(s)" in done.stdout
    points = read_points(open_store(official_store))
    assert len(points.code) == 350
    assert np.isfinite(points.density).all()


def test_official_files_alone_allow_a_diagnosis_that_says_what_is_absent(official_store: Path) -> None:
    done = run("diagnose", EPCI, "--data", str(official_store), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["fictional"] is False
    values = {row["id"]: row for row in found["indicators"]}
    assert values["population"]["value"] == 32_000
    assert values["population"]["vintage"] == "2023"
    # Neither density nor rurality is known: the comparison is with every EPCI of the same nature, and says so.
    assert found["group"]["label"] == "communautés de communes"
    unpublished = {name for name, row in values.items() if row["status"] == "not_published"}
    assert {"car_share", "third_places", "telework_potential", "outside_attraction_share"} <= unpublished
    assert values["employed_residents"]["status"] == "published"


def test_official_files_alone_allow_a_plan(official_store: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    arguments = ["plan", EPCI, "--data", str(official_store), "--budget", "150000", "--draws", "20", "--out", str(out)]
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert "Proven optimum" in done.stdout
    assert "FICTIONAL" not in done.stdout
    assert "mixed at level 'france'" in " ".join(done.stdout.split() + done.stderr.split())
    assert {path.name for path in out.iterdir()} >= {"report.pdf", "report.xlsx", "network.gpkg", "study.toml"}
    # The study file repeats the run: built-in mixes are no table whose checksum could be missing.
    again = run("plan", "--study", str(out / "study.toml"), "--data", str(official_store), "--json")
    assert again.returncode == 0, again.stderr


def test_official_files_alone_say_that_positions_are_not_town_halls(official_store: Path) -> None:
    tables = open_store(official_store)
    territory = load_territory(tables, [EPCI], build_estimate(read_points(tables)), 15.0)
    assert territory.flows.class_level == territory.flows.mode_level == "france"
    assert any("town hall" in warning.en for warning in territory.warnings)
    named = {source.table for source in territory.sources}
    assert named == {"communes", "flows_rp2022", "national_class_mix", "national_mode_mix"}


def test_national_mixes_add_up_to_one() -> None:
    classes, _ = build_national_mix("csp")
    modes, _ = build_national_mix("mode")
    assert classes["share"].sum() == pytest.approx(1)
    # 4,975,407 of 27,041,996 employed people.
    assert classes.filter(pl.col("csp") == 3)["share"].item() == pytest.approx(0.183988, abs=1e-6)
    assert dict(modes.iter_rows()) == pytest.approx({"car": 0.706, "public_transport": 0.144, "walk_bike": 0.15})


def test_data_import_prints_what_is_still_missing(tmp_path: Path) -> None:
    path = write_text(tmp_path / "v_commune_2025.csv", "TYPECOM,COM,REG,DEP,LIBELLE", "COM,77901,11,77,Avron")
    done = run("data", "import", str(path), "--data", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:6] == [
        "communes: 1 row",
        "  vintage: 2025",
        "  rows read: 1",
        "  communes of the store without position: 1",
        "  communes of the store without EPCI: 1",
        "  communes of the store without population: 1",
    ]
    check = run("data", "check", "--data", str(tmp_path / "store"))
    assert check.returncode == 1
    assert "population_YYYY" in check.stdout
