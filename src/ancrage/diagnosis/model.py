"""Indicators and what a diagnosis is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from ancrage.figures import Source
from ancrage.language import Text
from ancrage.territory.tables import Tables

Level = Literal["epci", "commune"]
Status = Literal["published", "not_published", "secret"]


@dataclass(frozen=True)
class Indicator:
    """One indicator, computed for every EPCI (or commune) of the store at once.

    Attributes
    ----------
    id : stable identifier; also the name of its page under docs/method/indicators.
    family : identifier of its family ("employment", "commuting", "services", ...).
    label, reading : what it is, and how to read it.
    unit : "%", "jobs per 100 residents", ...
    decimals : digits shown.
    tables : tables needed; without them the indicator is "not published".
    vintage : names the vintage(s), given the tables.
    compute : (tables, level) -> columns code, value [unit], numerator, denominator, coverage (0..1 or null);
        null value where the source publishes none; also status (a `Status`) and vintage (null: that of
        the indicator).
    levels : levels at which it makes sense.
    favourable : "high", "low" or "none": which end is good news, for wording and colour only.
    unpublished : why no open table gives it; None for an indicator that can be computed.
    """

    id: str
    family: str
    label: Text
    reading: Text
    unit: str
    decimals: int
    tables: tuple[str, ...]
    vintage: Callable[[Tables], str]
    compute: Callable[[Tables, Level], pl.DataFrame]
    levels: tuple[Level, ...] = ("epci", "commune")
    favourable: Literal["high", "low", "none"] = "none"
    unpublished: Text | None = None


@dataclass(frozen=True)
class IndicatorValue:
    """The value of one indicator for one EPCI, placed among its comparison group.

    Attributes
    ----------
    value, numerator, denominator : None when not published.
    status : "published", "not_published" (no table or no row) or "secret" (withheld by the producer).
    rank : 1 = highest value of the group; percentile : share of the group at or below, 0..100.
    group_size : EPCI of the group with a value; group_median, group_p10, group_p90 : of these.
    coverage : share of the communes or residents that the value explains, 0..1, None when unknown.
    group : the comparison group of this very indicator, which may be wider than that of the diagnosis; None
        when even the widest has too few values, and then there is no rank.
    """

    indicator: Indicator
    value: float | None
    numerator: float | None
    denominator: float | None
    status: Status
    vintage: str
    rank: int | None
    percentile: float | None
    group_size: int
    group_median: float | None
    group_p10: float | None
    group_p90: float | None
    coverage: float | None
    sources: tuple[str, ...]
    group: Text | None = None


@dataclass(frozen=True)
class Diagnosis:
    """The diagnosis of one EPCI.

    Attributes
    ----------
    group : label of the comparison group; group_size : its number of EPCI.
    values : one per indicator that exists at EPCI level, in display order.
    communes : one row per commune: code, name, population, then one column per indicator id (null when
        not published).
    typology : words such as "dormitory"; typology_reason : the figures behind them.
    destinations : main work communes of residents: code, name, workers, share_pct, crow_km; cells under
        200 workers are grouped under code "other".
    facts : what is true or not rather than high or low: programmes, known brownfields, existing places.
    """

    epci_code: str
    name: str
    group: Text
    group_size: int
    values: tuple[IndicatorValue, ...]
    communes: pl.DataFrame
    destinations: pl.DataFrame
    typology: Text
    typology_reason: Text
    warnings: tuple[Text, ...]
    sources: tuple[Source, ...]
    fictional: bool
    facts: tuple[Text, ...] = ()
