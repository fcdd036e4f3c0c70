"""Telework potential: the class mix of residents, weighted by the share of jobs that can be teleworked."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from ancrage.diagnosis.flows import CLASS_FLOWS, choose_covered, list_class_names, read_home, read_vintage
from ancrage.diagnosis.labour import CLASS_COLUMNS, LABOUR, read_class_counts
from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.thresholds import MIN_CELL_WORKERS
from ancrage.diagnosis.workspace import (
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    compute_once,
    read_communes,
)
from ancrage.language import Text
from ancrage.parameters import TELE_SHARE_BY_CLASS, load_parameters
from ancrage.territory.tables import Tables


def read_tele_shares() -> dict[int, float]:
    """Return the share of jobs that can be teleworked, by occupation class 1..6 (central value of the parameters)."""
    parameters = load_parameters()
    return {int(cs): float(parameters.get(name).value) for cs, name in dict(TELE_SHARE_BY_CLASS).items()}


def compute_telework_potential(
    tables: Tables, level: Level, tele_shares: Mapping[int, float] | None = None
) -> pl.DataFrame:
    """Return 100 x sum over classes of active people x tele_share / active people with a class.

    Communes of 2,000 inhabitants or more only: the coverage is their share of the population.
    """
    counts = read_class_counts(tables)
    if counts is None:
        return build_empty_rows()
    shares = tele_shares if tele_shares is not None else read_tele_shares()
    weighted = pl.sum_horizontal(pl.col(c) * shares[cs] for cs, c in enumerate(CLASS_COLUMNS, start=1))
    return build_ratio_rows(
        tables, level, counts.select("code", weighted.alias("numerator"), pl.col("active").alias("denominator"))
    )


def compute_telework_potential_flows(
    tables: Tables, level: Level, tele_shares: Mapping[int, float] | None = None
) -> pl.DataFrame:
    """Return the same ratio over the employed residents of the flow tables that know the occupation class."""
    mix = read_class_flows(tables)
    if mix is None:
        return build_empty_rows()
    shares = tele_shares if tele_shares is not None else read_tele_shares()
    names = [str(cs) for cs in range(1, 7)]
    atoms = mix.select(
        "code",
        pl.sum_horizontal(pl.col(c) * shares[int(c)] for c in names).alias("numerator"),
        pl.sum_horizontal(names).alias("denominator"),
    )
    if level == "commune":
        atoms = atoms.filter(pl.col("denominator") >= MIN_CELL_WORKERS)
    rows = build_ratio_rows(tables, level, atoms)
    if level == "commune":
        vintages = mix.select("code", "vintage")
    else:
        vintages = mix.group_by(pl.col("epci_code").alias("code")).agg(pl.col("vintage").first())
    return rows.drop("vintage").join(vintages, on="code", how="left", maintain_order="left")


def compute_workers_share_flows(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x employed residents of class 6 (manual workers) / those with a class, from the same flows."""
    manual = {cs: 1.0 if cs == 6 else 0.0 for cs in range(1, 7)}
    return compute_telework_potential_flows(tables, level, manual)


def read_class_flows(tables: Tables) -> pl.DataFrame | None:
    """Return code, epci_code, table, vintage and one column of residents per class ("1".."6"), for covered EPCI."""
    return compute_once(tables, "class_flows", lambda: _read_class_flows(tables))


def _read_class_flows(tables: Tables) -> pl.DataFrame | None:
    frames = [
        tables.scan(name)
        .select(
            pl.col(read_home(tables, name)).cast(pl.String).alias("home"),
            read_vintage(tables, name).alias("vintage"),
            pl.col("csp").cast(pl.Int64),
            pl.col("workers").cast(pl.Float64),
        )
        .drop_nulls("csp")
        .group_by("home", "vintage", "csp")
        .agg(pl.col("workers").sum())
        .with_columns(pl.lit(name).alias("table"))
        for name in list_class_names(tables)
    ]
    if not frames:
        return None
    rows = pl.concat(frames).collect()
    chosen = choose_covered(tables, rows.drop("csp")).select("epci_code", "table", "vintage")
    places = read_communes(tables).select(pl.col("code").alias("home"), "epci_code")
    kept = rows.join(places, on="home").join(chosen, on=["epci_code", "table", "vintage"])
    return kept.group_by(pl.col("home").alias("code"), "epci_code", "table", pl.col("vintage").cast(pl.String)).agg(
        pl.col("workers").filter(pl.col("csp") == cs).sum().alias(str(cs)) for cs in range(1, 7)
    )


def _name_class_vintage(tables: Tables) -> str:
    return build_vintage(*list_class_names(tables))(tables)


INDICATORS = (
    Indicator(
        id="telework_potential",
        family="telework",
        label=Text("Telework potential (census, active people)", "Potentiel de télétravail (recensement, actifs)"),
        reading=Text(
            "Share of jobs that could be teleworked, from the class mix; communes of 2,000 inhabitants or more.",
            "Part des emplois télétravaillables selon les catégories ; communes de 2 000 habitants ou plus.",
        ),
        unit="%",
        decimals=1,
        tables=(LABOUR, "communes", "epci"),
        vintage=build_vintage(LABOUR),
        compute=compute_telework_potential,
        favourable="high",
    ),
    Indicator(
        id="telework_potential_flows",
        family="telework",
        label=Text("Telework potential (flows, residents)", "Potentiel de télétravail (flux, résidents)"),
        reading=Text(
            "The same over the residents of the flows, where these know the occupation class.",
            "Le même sur les actifs des flux, là où ceux-ci connaissent la catégorie.",
        ),
        unit="%",
        decimals=1,
        tables=(CLASS_FLOWS, "communes", "epci"),
        vintage=_name_class_vintage,
        compute=compute_telework_potential_flows,
        favourable="high",
    ),
    Indicator(
        id="workers_share_flows",
        family="labour",
        label=Text("Manual workers among employed residents (flows)", "Ouvriers parmi les actifs occupés (flux)"),
        reading=Text(
            "The same as above where flows know the class: every commune counts.",
            "Le même que ci-dessus là où les flux connaissent la catégorie : toutes les communes comptent.",
        ),
        unit="%",
        decimals=1,
        tables=(CLASS_FLOWS, "communes", "epci"),
        vintage=_name_class_vintage,
        compute=compute_workers_share_flows,
    ),
)
