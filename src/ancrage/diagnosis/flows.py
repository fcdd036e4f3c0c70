"""Home-work flows of the diagnosis: which table speaks for which EPCI, and sums by commune."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from ancrage.diagnosis.labour import read_employed
from ancrage.diagnosis.model import Level
from ancrage.diagnosis.thresholds import (
    EMPLOYED_PER_INHABITANT,
    FLOW_COVERED_SHARE,
    LONG_COMMUTE_KM,
    MIN_CELL_WORKERS,
)
from ancrage.diagnosis.workspace import (
    build_count_rows,
    build_empty_rows,
    build_ratio_rows,
    compute_once,
    read_communes,
)
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.tables import Tables

# What an indicator names among its tables for "whichever flow table speaks for this EPCI": of totals, or
# with the occupation class.
FLOWS = "flows"
CLASS_FLOWS = "flows with class"

_YEAR = re.compile(r"(?:19|20)\d\d")
# INSEE's categories of a commune in the attraction area of a town: centre, and rest of the main pole.
POLE_CATEGORIES = ("11", "12")


@dataclass(frozen=True)
class CoveredFlows:
    """Flows of the EPCI that the store covers, each from one table and one vintage.

    Attributes
    ----------
    chosen : epci_code, table, vintage, workers (residents at work), expected (employed residents expected).
    residents : home, work, workers, table, vintage, home_epci, and of the work place: work_epci, km (crow
        flies, null when unknown), in_pole, in_metropolis. work is null or unknown to `communes` abroad.
    jobs : code (commune), jobs: workers of the same file and vintage who work there, wherever they live.
    """

    chosen: pl.DataFrame
    residents: pl.DataFrame
    jobs: pl.DataFrame


def list_flow_names(tables: Tables) -> tuple[str, ...]:
    """Return the flow tables of plain totals; the detailed ones (class, mode) only where there is no other."""
    plain: list[str] = []
    detailed: list[str] = []
    for name in sorted(tables.frames):
        if not name.startswith("flows"):
            continue
        columns = set(tables.scan(name).collect_schema().names())
        if not {"workers", *_name_ends(columns)} <= columns:
            continue
        (detailed if columns & {"csp", "mode"} else plain).append(name)
    return tuple(plain or detailed)


def list_class_names(tables: Tables) -> tuple[str, ...]:
    """Return the flow tables that know the occupation class."""
    found = []
    for name in sorted(tables.frames):
        if name.startswith("flows"):
            columns = set(tables.scan(name).collect_schema().names())
            if {"csp", "workers", *_name_ends(columns)} <= columns:
                found.append(name)
    return tuple(found)


def read_vintage(tables: Tables, name: str) -> pl.Expr:
    """Return the census year of the rows of a flow table: its column, else a year of its source or of its name."""
    if "vintage" in tables.scan(name).collect_schema().names():
        return pl.col("vintage").cast(pl.Int64)
    stated = tables.sources[name].vintage if name in tables.sources else ""
    years = _YEAR.findall(stated) or _YEAR.findall(name)
    return pl.lit(max((int(year) for year in years), default=None), pl.Int64)


def read_home(tables: Tables, name: str) -> str:
    """Return the column of the home commune of a flow table, in the newest geographic code it has."""
    return _name_ends(set(tables.scan(name).collect_schema().names()))[0]


def _name_ends(columns: set[str]) -> tuple[str, str]:
    suffix = "_2025" if {"origin_2025", "destination_2025"} <= columns else "_commune"
    return f"origin{suffix}", f"destination{suffix}"


def compute_expected_employed(tables: Tables) -> pl.DataFrame:
    """Return code (commune), employed (census, null when not published), expected (see thresholds)."""

    def compute() -> pl.DataFrame:
        communes = read_communes(tables).select("code", "epci_code", "population")
        return communes.join(read_employed(tables), on="code", how="left", maintain_order="left").with_columns(
            pl.coalesce(pl.col("employed"), EMPLOYED_PER_INHABITANT * pl.col("population")).alias("expected")
        )

    return compute_once(tables, "expected_employed", compute)


def choose_covered(tables: Tables, by_home: pl.DataFrame) -> pl.DataFrame:
    """Return, for each EPCI, the newest table and vintage that speaks for its residents.

    Parameters
    ----------
    by_home : home (commune), table, vintage, workers.

    Returns
    -------
    epci_code, table, vintage, workers, expected; only EPCI with at least `FLOW_COVERED_SHARE` of their
    expected employed residents: an extract made around another town (flows *to* it) covers nobody else.
    """
    expected = compute_expected_employed(tables)
    by_epci = (
        by_home.join(expected.select(pl.col("code").alias("home"), "epci_code"), on="home")
        .drop_nulls("epci_code")
        .group_by("epci_code", "table", "vintage")
        .agg(pl.col("workers").sum())
    )
    total = expected.drop_nulls("epci_code").group_by("epci_code").agg(pl.col("expected").sum())
    return (
        by_epci.join(total, on="epci_code")
        .filter(pl.col("workers") >= FLOW_COVERED_SHARE * pl.col("expected"), pl.col("workers") > 0)
        .sort(["epci_code", "vintage", "workers", "table"], descending=[False, True, True, False])
        .group_by("epci_code", maintain_order=True)
        .first()
    )


def read_flows(tables: Tables) -> CoveredFlows | None:
    """Return the covered flows, or None when the store has no flow table."""
    return compute_once(tables, "flows", lambda: _read_flows(tables))


def _read_flows(tables: Tables) -> CoveredFlows | None:
    names = list_flow_names(tables)
    if not names:
        return None
    frames = []
    for name in names:
        home, work = _name_ends(set(tables.scan(name).collect_schema().names()))
        frames.append(
            tables.scan(name)
            .select(
                pl.col(home).cast(pl.String).alias("home"),
                pl.col(work).cast(pl.String).alias("work"),
                read_vintage(tables, name).alias("vintage"),
                pl.col("workers").cast(pl.Float64),
            )
            .group_by("home", "work", "vintage")
            .agg(pl.col("workers").sum())
            .with_columns(pl.lit(name).alias("table"))
        )
    flows = pl.concat(frames).collect()
    by_home = flows.group_by("home", "table", "vintage").agg(pl.col("workers").sum())
    chosen = choose_covered(tables, by_home)
    communes = read_communes(tables)
    place = communes.select("code", "epci_code", "lon", "lat", "aav2020", "aav2020_category", "nature")
    pick = chosen.select(pl.col("epci_code"), "table", "vintage")
    keys = ["table", "vintage"]
    residents = (
        flows.join(
            place.select(
                pl.col("code").alias("home"),
                pl.col("epci_code").alias("home_epci"),
                pl.col("lon").alias("home_lon"),
                pl.col("lat").alias("home_lat"),
                pl.col("aav2020").alias("home_aav"),
            ),
            on="home",
        )
        .join(pick.rename({"epci_code": "home_epci"}), on=["home_epci", *keys])
        .join(place.rename({"code": "work", "epci_code": "work_epci"}), on="work", how="left")
        .sort("home", "work")
    )
    km = compute_great_circle_km(
        *(residents[c].to_numpy().astype(float) for c in ("home_lon", "home_lat", "lon", "lat"))
    )
    residents = residents.select(
        "home",
        "work",
        "workers",
        *keys,
        "home_epci",
        "work_epci",
        pl.Series("km", km.tolist()).fill_nan(None),
        ((pl.col("aav2020") == pl.col("home_aav")) & pl.col("aav2020_category").is_in(POLE_CATEGORIES))
        .fill_null(value=False)
        .alias("in_pole"),
        (pl.col("nature") == "ME").fill_null(value=False).alias("in_metropolis"),
    )
    jobs = (
        flows.join(place.select(pl.col("code").alias("work"), "epci_code"), on="work")
        .join(pick, on=["epci_code", *keys])
        .group_by(pl.col("work").alias("code"))
        .agg(pl.col("workers").sum().alias("jobs"))
    )
    return CoveredFlows(chosen, residents, jobs)


def compute_flow_sums(tables: Tables) -> pl.DataFrame | None:
    """Return sums of flows by commune of the covered EPCI, or None when the store has no flow table.

    Columns: code; residents, inside (work in their EPCI), pole, metropolis, km_known, far (beyond
    `LONG_COMMUTE_KM`), jobs [workers]; known and total (weights of the coverage); vintage.
    """
    return compute_once(tables, "flow_sums", lambda: _compute_flow_sums(tables))


def _compute_flow_sums(tables: Tables) -> pl.DataFrame | None:
    flows = read_flows(tables)
    if flows is None:
        return None
    workers = pl.col("workers")
    sums = flows.residents.group_by(pl.col("home").alias("code")).agg(
        workers.sum().alias("residents"),
        workers.filter(pl.col("work_epci") == pl.col("home_epci")).sum().alias("inside"),
        workers.filter(pl.col("in_pole")).sum().alias("pole"),
        workers.filter(pl.col("in_metropolis")).sum().alias("metropolis"),
        workers.filter(pl.col("km").is_not_null()).sum().alias("km_known"),
        workers.filter(pl.col("km") > LONG_COMMUTE_KM).sum().alias("far"),
    )
    return (
        compute_expected_employed(tables)
        .join(flows.chosen.select("epci_code", "vintage"), on="epci_code")
        .join(sums, on="code", how="left")
        .join(flows.jobs, on="code", how="left")
        .with_columns(pl.col(*sums.columns[1:], "jobs").fill_null(0.0), pl.col("vintage").cast(pl.String))
        .with_columns(
            pl.when(pl.col("employed").is_not_null()).then(pl.col("residents")).otherwise(0.0).alias("known"),
            pl.col("employed").fill_null(0.0).alias("total"),
        )
    )


def build_flow_rows(
    tables: Tables, level: Level, numerator: str | pl.Expr, denominator: str | None = None
) -> pl.DataFrame:
    """Return a sum of flows (no denominator) or 100 x a ratio of two, by commune or by EPCI.

    At commune level a figure that rests on fewer than `MIN_CELL_WORKERS` workers is not published; a count
    is its own base, a ratio rests on its denominator.
    """
    sums = compute_flow_sums(tables)
    if sums is None:
        return build_empty_rows()
    top = pl.col(numerator) if isinstance(numerator, str) else numerator
    atoms = sums.select(
        "code",
        top.alias("numerator"),
        (pl.col(denominator) if denominator else pl.lit(None, pl.Float64)).alias("denominator"),
        "known",
        "total",
    )
    build = build_ratio_rows if denominator else build_count_rows
    rows = build(tables, level, atoms)
    if level == "commune":
        base = pl.col("denominator" if denominator else "numerator")
        weak = (base < MIN_CELL_WORKERS).fill_null(value=False)
        vintages = sums.select("code", "vintage")
        rows = rows.with_columns(
            *(pl.when(~weak).then(pl.col(c)).alias(c) for c in ("value", "numerator", "denominator")),
            pl.when(weak).then(pl.lit("not_published")).otherwise(pl.col("status")).alias("status"),
        )
    else:
        vintages = sums.group_by(pl.col("epci_code").alias("code")).agg(pl.col("vintage").first())
    return rows.drop("vintage").join(vintages, on="code", how="left", maintain_order="left")


def name_flow_vintage(tables: Tables) -> str:
    """Return the vintages of the flows in use ("2014, 2017"); each value of an indicator bears its own."""
    flows = read_flows(tables)
    if flows is None:
        return "?"
    return ", ".join(str(v) for v in sorted(flows.chosen["vintage"].drop_nulls().unique().to_list())) or "?"
