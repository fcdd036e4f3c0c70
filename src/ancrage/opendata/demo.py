"""The demo store: a fictional region, the same for the same seed, to try everything offline."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import shapely

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.demo_communes import build_commune_tables, build_zones
from ancrage.opendata.demo_epci import build_epci_tables
from ancrage.opendata.demo_names import LABEL
from ancrage.opendata.demo_region import build_epci_code, build_region
from ancrage.opendata.demo_services import build_service_tables
from ancrage.opendata.demo_work import VINTAGE, build_flow_tables, build_work
from ancrage.opendata.manifest import NewTable, commit_tables, open_aside, read_manifest
from ancrage.opendata.store import list_table_files

PRODUCER = "Ancrage"
LICENCE = "CC0"
DEMO_EPCI = build_epci_code(0)
# What each table holds, and the date it pretends to describe, as its real counterpart does.
_TABLES = {
    "communes": (Text("communes and their zones", "communes et leurs zonages"), "2025"),
    "epci": (Text("intercommunalities", "intercommunalités"), "2025"),
    "commune_polygons": (Text("outlines of communes", "contours des communes"), "2025"),
    "epci_polygons": (Text("outlines of intercommunalities", "contours des intercommunalités"), "2025"),
    f"flows_demo_{VINTAGE}_csp_mode": (
        Text("commuters by class and mode", "navetteurs par catégorie et mode"),
        str(VINTAGE),
    ),
    "flows": (Text("commuters in total", "navetteurs, total"), str(VINTAGE)),
    "population_2013_2022": (Text("inhabitants by year", "habitants par année"), "2013-2022"),
    "housing_vacancy_communes_2021": (Text("long housing vacancy", "vacance longue des logements"), "2021"),
    "bpe_communes_2009_2013": (Text("shops and services", "commerces et services"), "2009, 2013"),
    "bpe_education_2018": (Text("places of education by type", "lieux d'enseignement par type"), "2018"),
    "schools": (Text("places of education and pupils", "lieux d'enseignement et élèves"), "2025"),
    "third_places": (Text("coworking and shared places", "tiers-lieux"), "2024"),
    "brownfields_cartofriches": (Text("disused sites", "friches"), "2024"),
    "commune_mobility_income_2021": (Text("modes of travel and incomes", "modes de transport et revenus"), "2021"),
    "labour_csp_communes_2000plus_2018": (Text("active people by class", "actifs par catégorie"), "2018"),
    "commute_time_epci_2018": (Text("travel times to work", "temps de trajet vers le travail"), "2018"),
    "labour_epci_indicators_2017": (Text("unemployment and part time", "chômage et temps partiel"), "2017"),
    "petites_villes_de_demain": (Text("small towns in the programme", "petites villes du programme"), "2024"),
    "territoires_industrie_members": (
        Text("members of the industry programme", "membres du programme industrie"),
        "2024",
    ),
}


def write_demo_store(folder: Path, seed: int = 1) -> str:
    """Write the demo store: the same bytes for the same seed and the same version of Polars.

    Tables are finished aside, then moved into place, the manifest last. A demo store that is already there is
    replaced; anything else is left as it is.

    Parameters
    ----------
    folder : where to write; created when missing.
    seed : 0 or more; another seed gives another fictional region with the same plan.

    Returns
    -------
    The code of the EPCI to study, "000000001".

    Raises
    ------
    InputError
        If the seed is negative, if `folder` holds tables that are not a demo store, or cannot be written.
    """
    _check_request(folder, seed)
    tables = build_demo_tables(seed)
    with open_aside(folder) as aside:
        new = [_write_table(aside, name, frame) for name, frame in sorted(tables.items())]
        commit_tables(folder, new, fictional=True)
    return DEMO_EPCI


def build_demo_tables(seed: int = 1) -> dict[str, pl.DataFrame]:
    """Build every table of the demo store in memory, rows in a fixed order."""
    region = build_region(seed)
    work = build_work(region, seed)
    zones = build_zones(region, work)
    return {
        **build_commune_tables(region, work, zones, seed),
        **build_epci_tables(region, work, zones, seed),
        **build_flow_tables(region, work),
        **build_service_tables(region, seed),
    }


def _check_request(folder: Path, seed: int) -> None:
    if seed < 0:
        raise InputError(
            f"The seed of the demo territory is {seed}: a seed is a whole number, 0 or more. Try --seed 1.",
            f"La graine du territoire de démonstration est {seed} : une graine est un entier, 0 ou plus. "
            "Essayez --seed 1.",
        )
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"'{folder}' is a file: the demo territory needs a folder. Choose another one with --data.",
            f"« {folder} » est un fichier : le territoire de démonstration demande un dossier. "
            "Choisissez-en un autre avec --data.",
        )
    files = list_table_files(folder)
    manifest = read_manifest(folder) if files else None
    if files and (manifest is None or not manifest.fictional):
        raise InputError(
            f"The folder '{folder}' holds {len(files)} table(s) that are not a demo territory ('{files[0].name}' "
            "for one): they would be overwritten. Choose an empty folder with --data.",
            f"Le dossier « {folder} » contient {len(files)} table(s) qui ne sont pas un territoire de démonstration "
            f"(dont « {files[0].name} ») : elles seraient écrasées. Choisissez un dossier vide avec --data.",
        )


def _write_table(aside: Path, name: str, frame: pl.DataFrame) -> NewTable:
    path = aside / f"{name}.parquet"
    metadata = {"fictional": "true", "title": LABEL}
    if "geometry" in frame.columns:
        metadata["geo"] = _build_geo_metadata(frame["geometry"])
    frame.write_parquet(path, compression="zstd", compression_level=3, metadata=metadata)
    title, vintage = _TABLES[name]
    source = Source(
        name,
        Text(f"Fictional territory: {title.en}", f"Territoire fictif : {title.fr}"),
        PRODUCER,
        vintage,
        LICENCE,
    )
    return NewTable(path, source, frame.height)


def _build_geo_metadata(geometry: pl.Series) -> str:
    """Return the "geo" entry of a GeoParquet 1.1 file; without "crs" the standard says WGS84, longitude first."""
    polygons = shapely.from_wkb(geometry.to_numpy())
    kinds = sorted({polygon.geom_type for polygon in polygons})
    column = {
        "encoding": "WKB",
        "geometry_types": kinds,
        "bbox": [float(v) for v in shapely.total_bounds(polygons)],
    }
    return json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}})
