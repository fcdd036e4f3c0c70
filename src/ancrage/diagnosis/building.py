"""The diagnosis of one EPCI: its indicators among comparable ones, its communes, its destinations, its warnings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.diagnosis.commuting import compute_long_minutes
from ancrage.diagnosis.destinations import build_destinations
from ancrage.diagnosis.flows import CLASS_FLOWS, FLOWS, read_flows
from ancrage.diagnosis.groups import Groups, build_groups
from ancrage.diagnosis.indicators import compute_indicators, list_indicators
from ancrage.diagnosis.model import Diagnosis, Indicator, IndicatorValue, Status
from ancrage.diagnosis.programmes import build_facts
from ancrage.diagnosis.telework import read_class_flows
from ancrage.diagnosis.typology import build_typology
from ancrage.diagnosis.warnings import build_warnings
from ancrage.diagnosis.workspace import Workspace, build_workspace, compute_once, read_communes
from ancrage.language import Text
from ancrage.territory.search import choose_epci, read_epci_name
from ancrage.territory.tables import Tables
from ancrage.territory.travel import TravelProvider

_MINUTES = "long_commute_minutes_share"


@dataclass(frozen=True)
class _Column:
    """One indicator for every EPCI, in the order of the groups; NaN where not published."""

    value: NDArray[np.float64]
    numerator: NDArray[np.float64]
    denominator: NDArray[np.float64]
    coverage: NDArray[np.float64]
    status: list[Status]
    vintage: list[str]


@dataclass(frozen=True)
class _National:
    """Every indicator of every EPCI, and the groups they are compared in."""

    groups: Groups
    rows: dict[str, int]
    columns: dict[str, _Column]
    flow_tables: dict[str, dict[str, str]]


def build_diagnosis(tables: Tables, epci_code: str, travel: TravelProvider | None = None) -> Diagnosis:
    """Return the diagnosis of one EPCI beside comparable ones.

    Parameters
    ----------
    tables : the store; for several EPCI, give the same `build_workspace(tables)` to every call and what is
        national is computed once.
    epci_code : SIREN code, or a name (see `choose_epci`).
    travel : when given, adds the share of residents beyond 30 minutes by car.

    Raises
    ------
    InputError
        If no EPCI, or more than one, answers to `epci_code`.
    MissingDataError
        If the store has no `communes` or no `epci` table.
    """
    workspace = build_workspace(tables)
    code = choose_epci(workspace, epci_code)
    national = compute_once(workspace, "national", lambda: _compute_national(workspace))
    row = national.rows[code]
    values = [
        _build_value(indicator, national, row)
        for indicator in list_indicators()
        if "epci" in indicator.levels and indicator.id != _MINUTES
    ]
    communes = _build_communes(workspace, code, shared=workspace is tables)
    if travel is not None:
        value, by_commune = _build_minutes(workspace, code, travel)
        place = next(i for i, v in enumerate(values) if v.indicator.id == "long_commute_share") + 1
        values.insert(place, value)
        communes = communes.join(
            by_commune.select("code", pl.col("value").alias(_MINUTES)), on="code", how="left", maintain_order="left"
        )
    typology, reason = build_typology({value.indicator.id: value for value in values})
    choice = national.groups.choose(row, np.ones(len(national.groups.codes), dtype=np.bool_))
    if choice is None:  # fewer than MIN_GROUP EPCI of this nature in the store
        widest = national.groups.keys[-1]
        choice = (widest == widest[row], national.groups.labels[-1][row])
    used = {name for value in values if value.value is not None for name in value.sources}
    travel_notes = (travel.label,) if travel is not None else ()
    return Diagnosis(
        epci_code=code,
        name=read_epci_name(workspace, code),
        group=choice[1],
        group_size=int(np.count_nonzero(choice[0])),
        values=tuple(values),
        communes=communes,
        destinations=build_destinations(workspace, code),
        typology=typology,
        typology_reason=reason,
        warnings=build_warnings(workspace, code, values) + travel_notes,
        sources=tuple(workspace.sources[name] for name in sorted(used) if name in workspace.sources),
        fictional=workspace.fictional,
        facts=build_facts(workspace, code),
    )


def _compute_national(workspace: Workspace) -> _National:
    groups = build_groups(workspace)
    every = compute_indicators(workspace, "epci")
    size = len(groups.codes)
    columns = {}
    # Every indicator lists the EPCI in the order of the table `epci`, as the groups do.
    for start in range(0, len(every), size):
        rows = every.slice(start, size)

        def read(column: str, rows: pl.DataFrame = rows) -> NDArray[np.float64]:
            return rows[column].fill_null(float("nan")).to_numpy()

        name = rows["indicator"][0]
        columns[str(name)] = _Column(
            read("value"),
            read("numerator"),
            read("denominator"),
            read("coverage"),
            rows["status"].to_list(),
            rows["vintage"].to_list(),
        )
    return _National(groups, {code: i for i, code in enumerate(groups.codes)}, columns, _list_flow_tables(workspace))


def _list_flow_tables(workspace: Workspace) -> dict[str, dict[str, str]]:
    """Return, for the two kinds of flows, EPCI code -> the table that speaks for it."""
    flows, classes = read_flows(workspace), read_class_flows(workspace)
    return {
        FLOWS: {} if flows is None else dict(flows.chosen.select("epci_code", "table").iter_rows()),
        CLASS_FLOWS: {} if classes is None else dict(classes.select("epci_code", "table").iter_rows()),
    }


def _build_value(indicator: Indicator, national: _National, row: int) -> IndicatorValue:
    column = national.columns[indicator.id]
    value = _read_number(column.value[row])
    rank = percentile = median = p10 = p90 = None
    label: Text | None = None
    size = 0
    choice = national.groups.choose(row, ~np.isnan(column.value))
    if choice is not None:
        members = column.value[choice[0]]
        label, size = choice[1], len(members)
        p10, median, p90 = (float(x) for x in np.percentile(members, [10, 50, 90]))
        if value is not None:
            rank = 1 + int(np.count_nonzero(members > value))
            percentile = 100.0 * float(np.count_nonzero(members <= value)) / size
    return IndicatorValue(
        indicator=indicator,
        value=value,
        numerator=_read_number(column.numerator[row]),
        denominator=_read_number(column.denominator[row]),
        status=column.status[row],
        vintage=column.vintage[row],
        rank=rank,
        percentile=percentile,
        group_size=size,
        group_median=median,
        group_p10=p10,
        group_p90=p90,
        coverage=_read_number(column.coverage[row]),
        sources=_list_sources(indicator, national, national.groups.codes[row]),
        group=label,
    )


def _build_minutes(workspace: Workspace, code: str, travel: TravelProvider) -> tuple[IndicatorValue, pl.DataFrame]:
    indicator = next(i for i in list_indicators() if i.id == _MINUTES)
    whole, by_commune = compute_long_minutes(workspace, code, travel)
    found: dict[str, Any] = whole.row(0, named=True) if len(whole) else {}
    national: _National = workspace.kept["national"]
    return (
        IndicatorValue(
            indicator=indicator,
            value=found.get("value"),
            numerator=found.get("numerator"),
            denominator=found.get("denominator"),
            status="published" if found else "not_published",
            vintage=national.columns["employed_residents"].vintage[national.rows[code]],
            rank=None,
            percentile=None,
            group_size=0,
            group_median=None,
            group_p10=None,
            group_p90=None,
            coverage=found.get("coverage"),
            sources=_list_sources(indicator, national, code),
        ),
        by_commune,
    )


def _list_sources(indicator: Indicator, national: _National, code: str) -> tuple[str, ...]:
    """Return the tables behind a value, with the flow table that speaks for the EPCI."""
    named = tuple(name for name in indicator.tables if name not in ("communes", "epci")) or indicator.tables
    chosen = [national.flow_tables[name].get(code) if name in national.flow_tables else name for name in named]
    return tuple(name for name in chosen if name is not None)


def _read_number(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _build_communes(workspace: Workspace, code: str, *, shared: bool) -> pl.DataFrame:
    """Return code, name, population and one column per commune indicator, in the order of names."""

    own = read_communes(workspace).filter(pl.col("epci_code") == code).sort("name", "code")

    def build(of: Workspace) -> pl.DataFrame:
        long = compute_indicators(of, "commune")
        size = len(read_communes(of))
        # Every indicator lists the communes in the same order: its values stand side by side as they are.
        parts = {long["indicator"][i]: long["value"].slice(i, size) for i in range(0, len(long), size)}
        return pl.DataFrame(
            {"code": long["code"].slice(0, size)}
            | {name: part for name, part in parts.items() if name not in (_MINUTES, "population")}
        )

    if shared:
        wide = compute_once(workspace, "commune_values", lambda: build(workspace))
    else:
        # One EPCI only: what is already read is kept, and the communes are reduced to its own.
        wide = build(replace(workspace, kept={**workspace.kept, "communes": own}))
    return own.select("code", "name", pl.col("population").cast(pl.Int64)).join(
        wide, on="code", how="left", maintain_order="left"
    )
