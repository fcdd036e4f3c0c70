"""Commuting: where residents work, how far, by what mode and for how long."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import polars as pl

from ancrage.diagnosis.flows import build_flow_rows, name_flow_vintage, read_flows
from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.thresholds import LONG_COMMUTE_MINUTES, MIN_CELL_WORKERS
from ancrage.diagnosis.workspace import (
    build_code_rows,
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    has_column,
    read_communes,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables
from ancrage.territory.travel import Points, TravelProvider

_MODES = "commune_mobility_income_2021"
_TIMES = "commute_time_epci_2018"
_FLOWS = ("flows", "communes", "epci")


def compute_stability(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x residents working in their EPCI / employed residents."""
    return build_flow_rows(tables, level, "inside", "residents")


def compute_out_commuting(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x residents working outside their EPCI / employed residents."""
    return build_flow_rows(tables, level, pl.col("residents") - pl.col("inside"), "residents")


def compute_pole_share(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x residents working in the pole of the attraction area of their own commune / residents."""
    if not has_column(tables, "communes", "aav2020_category"):
        return build_empty_rows()
    return build_flow_rows(tables, level, "pole", "residents")


def compute_metropolis_share(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x residents working in a commune of a métropole (EPCI of nature ME) / residents."""
    return build_flow_rows(tables, level, "metropolis", "residents")


def compute_long_commute(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x residents whose work place is beyond 20 km (great circle) / residents with a known distance."""
    return build_flow_rows(tables, level, "far", "km_known")


def compute_nothing(tables: Tables, level: Level) -> pl.DataFrame:  # noqa: ARG001
    """Return no row: the value needs a travel-time provider and is computed for one EPCI at a time."""
    return build_empty_rows()


def compute_long_minutes(tables: Tables, epci_code: str, travel: TravelProvider) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the share of residents of one EPCI beyond 30 minutes by car, for the EPCI and for its communes.

    Both frames have code, value [%], numerator and denominator [workers], coverage (share of the workers whose
    time is known). People who work in their own commune are counted as under the threshold.
    """
    empty = pl.DataFrame(schema={c: pl.String if c == "code" else pl.Float64 for c in _MINUTE_COLUMNS})
    flows = read_flows(tables)
    if flows is None:
        return empty, empty
    rows = flows.residents.filter(pl.col("home_epci") == epci_code)
    if not len(rows):
        return empty, empty
    places = (
        read_communes(tables)
        .filter(pl.col("code").is_in(pl.concat([rows["home"], rows["work"].drop_nulls()]).unique().to_list()))
        .filter(pl.col("lon").is_not_null(), pl.col("lat").is_not_null())
    )
    index = {code: i for i, code in enumerate(places["code"].to_list())}
    known = rows.filter(pl.col("home").is_in(list(index)), pl.col("work").is_in(list(index)))
    nothing = np.full(len(places), np.nan)
    points = Points(
        code=np.array(places["code"].to_list(), dtype=np.str_),
        lon=places["lon"].to_numpy().astype(np.float64),
        lat=places["lat"].to_numpy().astype(np.float64),
        density=nothing,
        area_km2=nothing,
    )
    outside = known.filter(pl.col("home") != pl.col("work"))
    pairs = travel.compute_pairs(
        points,
        np.array([index[code] for code in outside["home"].to_list()], dtype=np.int64),
        np.array([index[code] for code in outside["work"].to_list()], dtype=np.int64),
    )
    timed = pl.concat(
        [
            outside.select("home", "workers").with_columns(pl.Series("minutes", pairs.minutes).fill_nan(None)),
            known.filter(pl.col("home") == pl.col("work"))
            .select("home", "workers")
            .with_columns(pl.lit(0.0).alias("minutes")),
        ]
    ).drop_nulls("minutes")

    def close(by: pl.Expr, all_workers: pl.DataFrame) -> pl.DataFrame:
        return (
            timed.group_by(by.alias("code"))
            .agg(
                pl.col("workers").filter(pl.col("minutes") > LONG_COMMUTE_MINUTES).sum().alias("numerator"),
                pl.col("workers").sum().alias("denominator"),
            )
            .join(all_workers, on="code")
            .select(
                "code",
                (100 * pl.col("numerator") / pl.col("denominator")).alias("value"),
                "numerator",
                "denominator",
                (pl.col("denominator") / pl.col("workers")).alias("coverage"),
            )
        )

    totals = rows.group_by(pl.col("home").alias("code")).agg(pl.col("workers").sum())
    whole = pl.DataFrame({"code": [epci_code], "workers": [float(rows["workers"].sum())]})
    communes = close(pl.col("home"), totals).filter(pl.col("denominator") >= MIN_CELL_WORKERS)
    return close(pl.lit(epci_code), whole), communes


_MINUTE_COLUMNS = ("code", "value", "numerator", "denominator", "coverage")


def _compute_mode_share(column: str, tables: Tables, level: Level) -> pl.DataFrame:
    """Return the mean of a published commune percentage, weighted by inhabitants (workers are not in the table)."""
    if not has_column(tables, _MODES, column):
        return build_empty_rows()
    share = tables.scan(_MODES).select("code", pl.col(column).alias("share")).collect()
    atoms = (
        read_communes(tables)
        .select("code", "population")
        .join(share, on="code", how="inner")
        .select(
            "code",
            (pl.col("share") * pl.col("population")).alias("numerator"),
            pl.when(pl.col("share").is_not_null()).then(pl.col("population")).alias("denominator"),
        )
    )
    rows = build_ratio_rows(tables, level, atoms, scale=1.0)
    # The sums are percentages times people: they mean nothing to a reader.
    return rows.with_columns(pl.lit(None, pl.Float64).alias("numerator"), pl.lit(None, pl.Float64).alias("denominator"))


def _compute_median_minutes(sex: Literal["women", "men"], tables: Tables, level: Level) -> pl.DataFrame:
    """Return the published median home-work time of one sex, by EPCI [minutes]."""
    if level != "epci" or not has_column(tables, _TIMES, "median_commute_minutes"):
        return build_empty_rows()
    return build_code_rows(
        tables.scan(_TIMES)
        .filter(pl.col("sex") == sex)
        .select(pl.col("epci_code").alias("code"), pl.col("median_commute_minutes").alias("value"))
        .collect()
    )


def _build_share(
    id: str,  # noqa: A002
    label: Text,
    reading: Text,
    compute: Callable[[Tables, Level], pl.DataFrame],
    favourable: Literal["high", "low", "none"] = "none",
) -> Indicator:
    return Indicator(
        id=id,
        family="commuting",
        label=label,
        reading=reading,
        unit="%",
        decimals=1,
        tables=_FLOWS,
        vintage=name_flow_vintage,
        compute=compute,
        favourable=favourable,
    )


def _build_mode(id: str, label: Text, reading: Text, column: str) -> Indicator:  # noqa: A002
    return Indicator(
        id=id,
        family="commuting",
        label=label,
        reading=reading,
        unit="%",
        decimals=1,
        tables=(_MODES, "communes", "epci"),
        vintage=build_vintage(_MODES),
        compute=partial(_compute_mode_share, column),
    )


def _build_median(id: str, label: Text, sex: Literal["women", "men"]) -> Indicator:  # noqa: A002
    return Indicator(
        id=id,
        family="commuting",
        label=label,
        reading=Text("Half travel longer, half shorter (one way).", "La moitié met plus, la moitié moins (aller)."),
        unit="minutes",
        decimals=0,
        tables=(_TIMES, "epci"),
        vintage=build_vintage(_TIMES),
        compute=partial(_compute_median_minutes, sex),
        levels=("epci",),
        favourable="low",
    )


INDICATORS = (
    _build_share(
        "out_commuting_share",
        Text("Working outside the EPCI", "Travaillent hors de l'EPCI"),
        Text("Share of employed residents who leave the EPCI to work.", "Part des actifs qui sortent de l'EPCI."),
        compute_out_commuting,
        "low",
    ),
    _build_share(
        "stability_share",
        Text("Working inside the EPCI (stability)", "Travaillent dans l'EPCI (stables)"),
        Text("Share of employed residents who work where they live.", "Part des actifs qui travaillent sur place."),
        compute_stability,
        "high",
    ),
    _build_share(
        "pole_share",
        Text("Working in the pole of their attraction area", "Travaillent dans le pôle de leur aire d'attraction"),
        Text(
            "Dependence on the town whose attraction area the commune belongs to; INSEE's threshold is 15 %.",
            "Dépendance à la ville dont la commune subit l'attraction ; le seuil de l'Insee est de 15 %.",
        ),
        compute_pole_share,
    ),
    _build_share(
        "metropolis_share",
        Text("Working in a métropole", "Travaillent dans une métropole"),
        Text("Dependence on an EPCI of nature métropole.", "Dépendance à un EPCI de nature métropole."),
        compute_metropolis_share,
    ),
    _build_share(
        "long_commute_share",
        Text("Working beyond 20 km (crow flies)", "Travaillent à plus de 20 km (vol d'oiseau)"),
        Text("Share of employed residents with a long way to work.", "Part des actifs qui ont un long trajet."),
        compute_long_commute,
        "low",
    ),
    _build_share(
        "long_commute_minutes_share",
        Text("Working beyond 30 minutes by car", "Travaillent à plus de 30 minutes en voiture"),
        Text(
            "Needs travel times; not ranked, since it is computed for this EPCI alone.",
            "Demande des temps de trajet ; sans rang, car calculé pour ce seul EPCI.",
        ),
        compute_nothing,
        "low",
    ),
    _build_mode(
        "car_share",
        Text("Going to work by car", "Vont travailler en voiture"),
        Text("Share of workers who commute by car.", "Part des actifs qui se déplacent en voiture."),
        "commute_car_pct",
    ),
    _build_mode(
        "public_transport_share",
        Text("Going to work by public transport", "Vont travailler en transport en commun"),
        Text("Share of workers who commute by public transport.", "Part des actifs en transport en commun."),
        "commute_public_transport_pct",
    ),
    _build_median("median_commute_women", Text("Median commute, women", "Trajet médian des femmes"), "women"),
    _build_median("median_commute_men", Text("Median commute, men", "Trajet médian des hommes"), "men"),
)
