"""From a territory store to the rows of the site, in memory of one EPCI at a time.

Imports Polars and Shapely: only commands and child processes may import this module, never a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from django.utils.text import slugify

from ancrage.diagnosis import FAMILIES, UNITS, build_diagnosis, build_workspace, compute_indicators, list_indicators
from ancrage.diagnosis.flows import read_flows
from ancrage.diagnosis.workspace import Workspace, has_column, read_communes
from ancrage.opendata.store import list_table_files, open_store
from ancrage.reports.diagnosis_json import build_rows
from ancrage.territory.tables import Tables
from ancrage_web.territories.content import pack, pack_map
from ancrage_web.territories.outlines import build_map, read_outlines
from ancrage_web.territories.surroundings import Surroundings, read_surroundings

_DIGITS = 6
# Tables that no indicator names and that maps draw.
_KEPT_TABLES = ("commune_polygons",)


@dataclass(frozen=True)
class Loaded:
    """What one EPCI gives the database: the fields of `Epci`, `EpciMap` and `Commune`, as plain values."""

    epci: dict[str, Any]
    map: bytes
    communes: list[dict[str, Any]]


@dataclass(frozen=True)
class Opened:
    """An open store, ready to give its portraits.

    Attributes
    ----------
    codes : EPCI of the store; catalogue : as in `territories.models.Store`.
    """

    workspace: Workspace
    checksum: str
    codes: tuple[str, ...]
    catalogue: dict[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    communes: Mapping[str, Mapping[str, Any]]
    surroundings: Surroundings

    @property
    def fictional(self) -> bool:
        """Whether the territory does not exist."""
        return self.workspace.fictional


def open_for_loading(folder: Path) -> Opened:
    """Open a store and read what its portraits share.

    Raises
    ------
    MissingDataError
        If the folder holds no table, or lacks `communes` or `epci`.
    """
    tables = open_store(folder)
    workspace = build_workspace(tables)
    places = _read_places(workspace)
    return Opened(
        workspace=workspace,
        checksum=compute_checksum(folder),
        codes=tuple(workspace.scan("epci").select("epci_code").sort("epci_code").collect()["epci_code"].to_list()),
        catalogue=_build_catalogue(workspace),
        rows=_read_epci_rows(workspace),
        communes=places,
        surroundings=read_surroundings(workspace),
    )


def compute_checksum(folder: Path) -> str:
    """Return the SHA-256 over the names and the bytes of the tables of a store."""
    whole = sha256()
    for path in list_table_files(folder):
        digest = sha256()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
        whole.update(f"{path.stem} {digest.hexdigest()}\n".encode())
    return whole.hexdigest()


def build_portraits(opened: Opened) -> Iterator[Loaded]:
    """Yield every EPCI of the store with its portrait, its map and its communes, in the order of codes."""
    flows = read_flows(opened.workspace)
    covered = set() if flows is None else set(flows.chosen["epci_code"].to_list())
    outlines = read_outlines(opened.workspace)
    for code in opened.codes:
        diagnosis = build_diagnosis(opened.workspace, code)
        portrait = pack(diagnosis)
        around = opened.surroundings
        portrait["origins"] = around.list_origins(code)
        portrait["sites"] = around.list_sites(code)
        communes = [_build_commune(opened.communes[row["code"]], row, code) for row in build_rows(diagnosis.communes)]
        row = opened.rows[code]
        epci = {
            **row,
            "code": code,
            "name": diagnosis.name,
            "slug": build_slug(diagnosis.name, 220) or code,
            "population": sum(commune["population"] for commune in communes),
            "communes_count": len(communes),
            "has_flows": code in covered,
            "typology": portrait["typology"],
            "portrait": portrait,
        }
        content = build_map(outlines, opened.communes, communes, portrait)
        yield Loaded(epci, pack_map(content), communes)


def build_communes_alone(opened: Opened) -> list[dict[str, Any]]:
    """Return the communes that belong to no EPCI of the store, with their values."""
    known = set(opened.codes)
    alone = [place["code"] for place in opened.communes.values() if place["epci_code"] not in known]
    if not alone:
        return []
    long = compute_indicators(opened.workspace, "commune").filter(pl.col("code").is_in(alone)).drop_nulls("value")
    values: dict[str, dict[str, float]] = {code: {} for code in alone}
    for indicator, code, value in long.select("indicator", "code", "value").iter_rows():
        values[code][indicator] = round(value, _DIGITS)
    return [_build_commune(opened.communes[code], values[code], None) for code in alone]


# Elided words stay apart; these letters have no plain form of their own.
_SPELT: dict[int, str | int | None] = {
    ord(letter): plain for letter, plain in (("'", " "), ("’", " "), ("œ", "oe"), ("Œ", "Oe"), ("æ", "ae"), ("Æ", "Ae"))
}


def build_slug(name: str, length: int) -> str:
    """Return a name for an address: an elided word stays apart ("d-ombreval")."""
    spelt = name.translate(_SPELT)
    return slugify(spelt)[:length].rstrip("-")


def _build_commune(place: Mapping[str, Any], row: Mapping[str, Any], epci_code: str | None) -> dict[str, Any]:
    return {
        "code": place["code"],
        "name": place["name"],
        "slug": build_slug(place["name"], 140) or place["code"],
        "epci_id": epci_code,
        "departement": place["departement"] or "",
        "population": int(place["population"] or 0),
        "lon": place["lon"],
        "lat": place["lat"],
        "values": {
            key: value for key, value in row.items() if key not in ("code", "name", "population") and value is not None
        },
    }


def _read_places(workspace: Workspace) -> dict[str, dict[str, Any]]:
    communes = read_communes(workspace).select("code", "name", "epci_code", "population", "lon", "lat")
    departement = pl.col("departement") if has_column(workspace, "communes", "departement") else pl.lit(None, pl.String)
    more = workspace.scan("communes").select("code", departement.alias("departement")).collect()
    joined = communes.join(more, on="code", how="left", maintain_order="left")
    return {row["code"]: row for row in joined.iter_rows(named=True)}


def _read_epci_rows(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """Return nature, departement of the seat and its region for every EPCI; empty where the store does not say."""
    frame = workspace.scan("epci").collect()
    regions = dict(_read_names(workspace, "departement", "region"))
    held = {}
    for row in frame.iter_rows(named=True):
        departement = row.get("departement_siege") or ""
        held[row["epci_code"]] = {
            "nature": row.get("nature") or "",
            "departement": departement,
            "region": regions.get(departement, ""),
        }
    return held


def _read_names(tables: Tables, key: str, name: str) -> list[tuple[str, str]]:
    if not (has_column(tables, "communes", key) and has_column(tables, "communes", name)):
        return []
    frame = tables.scan("communes").select(key, name).drop_nulls().unique().sort(key, name).collect()
    return [(str(code), str(label)) for code, label in frame.iter_rows()]


def _build_catalogue(workspace: Workspace) -> dict[str, Any]:
    indicators = list_indicators()
    used = {table for indicator in indicators for table in indicator.tables} | {
        name for name in workspace.frames if name.startswith("flows") or name in _KEPT_TABLES
    }
    return {
        "families": [{"id": name, "label": _pack_text(label)} for name, label in FAMILIES.items()],
        "units": {name: _pack_text(label) for name, label in UNITS.items()},
        "indicators": [
            {
                "id": indicator.id,
                "family": indicator.family,
                "label": _pack_text(indicator.label),
                "reading": _pack_text(indicator.reading),
                "unit": indicator.unit,
                "decimals": indicator.decimals,
                "favourable": indicator.favourable,
                "levels": list(indicator.levels),
                "tables": list(indicator.tables),
                "unpublished": _pack_text(indicator.unpublished) if indicator.unpublished else None,
            }
            for indicator in indicators
            # Minutes by car are computed for one EPCI at a time, with a travel provider: not in portraits.
            if indicator.id != "long_commute_minutes_share"
        ],
        "sources": [
            {
                "table": source.table,
                "title": _pack_text(source.title),
                "producer": source.producer,
                "vintage": source.vintage,
                "licence": source.licence,
                "url": source.url,
            }
            for name, source in sorted(workspace.sources.items())
            if name in used
        ],
        "departements": dict(_read_names(workspace, "departement", "departement_name")),
        "regions": dict(_read_names(workspace, "region", "region_name")),
    }


def _pack_text(text: Any) -> dict[str, str]:
    return {"fr": text.fr, "en": text.en}
