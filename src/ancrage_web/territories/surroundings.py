"""What surrounds the figures of an EPCI: who comes to work there, its known third places and brownfields.

Imports Polars: only commands and child processes may import this module, never a page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from ancrage.diagnosis.destinations import OTHER
from ancrage.diagnosis.flows import read_flows
from ancrage.diagnosis.places import BROWNFIELDS, CONFIRMED, THIRD_PLACES
from ancrage.diagnosis.thresholds import MIN_CELL_WORKERS
from ancrage.diagnosis.workspace import Workspace, fold_arrondissements, has_column, read_communes

_DIGITS = 6
_ORIGINS = {
    "work_epci": pl.String,
    "home": pl.String,
    "name": pl.String,
    "inside": pl.Boolean,
    "workers": pl.Float64,
    "crow_km": pl.Float64,
}


@dataclass(frozen=True)
class Surroundings:
    """Origins of the workers, and known sites, by EPCI.

    Attributes
    ----------
    origins : frames of home, name, inside, workers and crow_km by EPCI; jobs : workers of the same file by EPCI.
    sites : plain values by EPCI.
    """

    origins: Mapping[str, pl.DataFrame]
    jobs: Mapping[str, float]
    sites: Mapping[str, list[dict[str, Any]]]

    def list_origins(self, epci_code: str) -> list[dict[str, Any]]:
        """Return where those who work in an EPCI live, most numerous first; nothing without flows.

        Keys as in the destinations of a diagnosis: code, name, workers, share_pct (of the jobs), crow_km, inside.
        Communes under 200 workers, and homes that the file does not place, are summed under the code "other".
        """
        rows = self.origins.get(epci_code)
        jobs = self.jobs.get(epci_code, 0.0)
        if rows is None or jobs <= 0:
            return []
        shown = rows.filter(pl.col("workers") >= MIN_CELL_WORKERS).sort(["workers", "home"], descending=[True, False])
        hidden = jobs - float(shown["workers"].sum())
        if len(rows) - len(shown) == 1 and len(shown):
            # One hidden cell is the total minus the others: hide the smallest shown one with it.
            shown = shown.head(len(shown) - 1)
            hidden = jobs - float(shown["workers"].sum())
        listed: list[dict[str, Any]] = [
            {
                "code": row["home"],
                "name": row["name"],
                "workers": round(row["workers"], _DIGITS),
                "share_pct": round(100 * row["workers"] / jobs, _DIGITS),
                "crow_km": None if row["crow_km"] is None else round(row["crow_km"], _DIGITS),
                "inside": row["inside"],
            }
            for row in shown.iter_rows(named=True)
        ]
        # Below half a worker, the rest is only the rounding of the file.
        if hidden >= 0.5:
            share = round(100 * hidden / jobs, _DIGITS)
            listed.append(
                {
                    "code": OTHER,
                    "name": None,
                    "workers": round(hidden, _DIGITS),
                    "share_pct": share,
                    "crow_km": None,
                    "inside": None,
                }
            )
        return listed

    def list_sites(self, epci_code: str) -> list[dict[str, Any]]:
        """Return the third places and confirmed brownfields that the inventories know, by kind then name."""
        return self.sites.get(epci_code, [])


def read_surroundings(workspace: Workspace) -> Surroundings:
    """Read the origins and the sites of every EPCI of a store."""
    origins, jobs = _read_origins(workspace)
    return Surroundings(origins, jobs, _read_sites(workspace))


def _read_origins(workspace: Workspace) -> tuple[dict[str, pl.DataFrame], dict[str, float]]:
    flows = read_flows(workspace)
    if flows is None:
        return {}, {}
    names = read_communes(workspace).select(pl.col("code").alias("home"), "name")
    # The same file and vintage as the jobs of the EPCI: two vintages are never added.
    own = flows.chosen.select(pl.col("epci_code").alias("work_epci"), "table", "vintage")
    known = pl.col("km").is_not_null()
    rows = (
        flows.residents.join(own, on=["work_epci", "table", "vintage"])
        .group_by("work_epci", "home", "home_epci")
        .agg(
            pl.col("workers").sum(),
            ((pl.col("km") * pl.col("workers")).filter(known).sum() / pl.col("workers").filter(known).sum())
            .fill_nan(None)
            .alias("crow_km"),
        )
        .join(names, on="home", how="left")
        .with_columns((pl.col("home_epci") == pl.col("work_epci")).fill_null(value=False).alias("inside"))
        .select(*_ORIGINS)
    )
    by_epci = read_communes(workspace).select("code", "epci_code").join(flows.jobs, on="code")
    jobs = by_epci.drop_nulls("epci_code").group_by("epci_code").agg(pl.col("jobs").sum())
    return (
        {str(key[0]): part for key, part in rows.partition_by("work_epci", as_dict=True).items()},
        {str(code): float(value) for code, value in jobs.iter_rows()},
    )


def _read_sites(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    communes = read_communes(workspace).select(
        pl.col("code").alias("folded"),
        pl.col("name").alias("commune_name"),
        "epci_code",
        pl.col("lon").alias("commune_lon"),
        pl.col("lat").alias("commune_lat"),
    )
    held: dict[str, list[dict[str, Any]]] = {}
    for kind, table in (("third_place", THIRD_PLACES), ("brownfield", BROWNFIELDS)):
        if not has_column(workspace, table, "commune"):
            continue
        columns = set(workspace.scan(table).collect_schema().names())
        frame = workspace.scan(table)
        if kind == "brownfield":
            if "status" not in columns:
                continue
            frame = frame.filter(pl.col("status").is_in(CONFIRMED))
        rows = (
            frame.select(
                fold_arrondissements(pl.col("commune")).alias("folded"),
                *(
                    pl.col(name) if name in columns else pl.lit(None).alias(name)
                    for name in ("name", "lon", "lat", "surface_m2", "status")
                ),
            )
            .collect()
            .join(communes, on="folded")
            .drop_nulls("epci_code")
            .with_columns(pl.coalesce("lon", "commune_lon"), pl.coalesce("lat", "commune_lat"))
            .sort("name", "folded", nulls_last=True)
        )
        for row in rows.iter_rows(named=True):
            site = {
                "kind": kind,
                "name": row["name"],
                "commune": row["folded"],
                "commune_name": row["commune_name"],
                "lon": _round(row["lon"]),
                "lat": _round(row["lat"]),
            }
            if kind == "brownfield":
                site |= {"surface_m2": _round(row["surface_m2"]), "project": row["status"] == "friche avec projet"}
            held.setdefault(str(row["epci_code"]), []).append(site)
    return held


def _round(value: float | None) -> float | None:
    return None if value is None or value != value else round(float(value), 5)
