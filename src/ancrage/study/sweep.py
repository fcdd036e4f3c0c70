"""A sweep: every EPCI planned under its own budget; the tasks, one row of result each, and the ranking."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from ancrage import __version__
from ancrage.errors import AncrageError, InputError, NoFlowsError, UnaffordableError
from ancrage.figures import Figure
from ancrage.language import Text
from ancrage.siting.evaluate import evaluate
from ancrage.study.results import StudyResult
from ancrage.study.settings import CoefficientOverride, Objective, PresetName, StudySettings
from ancrage.territory.tables import Tables, scan_communes

DEFAULT_EUROS_PER_INHABITANT = 5.0
"""Assumption (A): a round amount that lets an EPCI of median size (23,257 inhabitants) pay for a place."""

Status: TypeAlias = Literal["proven", "feasible", "infeasible", "no_flows", "error"]
STATUSES: tuple[Status, ...] = ("proven", "feasible", "infeasible", "no_flows", "error")
PLANNED: tuple[Status, ...] = ("proven", "feasible")


class SweepSettings(BaseModel):
    """What is asked of every EPCI.

    Attributes
    ----------
    euros_per_inhabitant : the budget of an EPCI is this times its inhabitants [EUR/year]; budget : the same amount for
        all; places : upper bound of the number of places. At least one, and not the first two together.
    deadline : seconds that the best network of one EPCI may take; past them it is "feasible", with its gap.
    travel : name of the travel provider, as in `ancrage plan`.
    The others : as in `StudySettings`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    euros_per_inhabitant: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    places: Annotated[int, Field(ge=1)] | None = None
    objective: Objective = "co2"
    preset: PresetName = "central"
    parameters: dict[str, float | CoefficientOverride] = {}
    keep_existing: bool = True
    draws: Annotated[int, Field(ge=0, le=100_000)] = 0
    seed: Annotated[int, Field(ge=0)] = 1
    deadline: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 5.0
    travel: str = "estimate"

    @model_validator(mode="after")
    def _check_limit(self) -> SweepSettings:
        if self.euros_per_inhabitant is None and self.budget is None and self.places is None:
            raise ValueError("give euros per inhabitant, a budget (EUR per year) or a number of places")
        if self.euros_per_inhabitant is not None and self.budget is not None:
            raise ValueError("give euros per inhabitant or one budget for all, not both")
        return self


@dataclass(frozen=True)
class SweepTask:
    """One EPCI to plan; `departement` and `region` are those where most of its inhabitants live."""

    code: str
    name: str
    population: int
    departement: str
    region: str


@dataclass(frozen=True)
class SweepRow:
    """The result of one EPCI; figures are None where there is no plan.

    Attributes
    ----------
    status : "proven" (no better network exists), "feasible" (stopped before the proof), "infeasible" (the limit pays
        for nothing), "no_flows" (the data holds none there) or "error".
    reason_en, reason_fr : why there is no plan; empty where there is one.
    value, bound : objective and what no network can exceed [unit]; gap : (bound - value) / |value|.
    value_added : what the new places bring beyond the existing ones [unit].
    value_per_euro : value_added / cost; None where no place opens or the net cost is not positive.
    cost, budget : net public cost and what was allowed [EUR/year]; max_places : number allowed.
    new_places, existing_places : numbers; desks : of the new places; desk_days : [desk-days/week].
    homes : communes of residence with users; users : regular users.
    km, hours : [km/year, hours/year]; co2_t : net [tCO2e/year]; eur : car expenses avoided [EUR/year]. *_added : by the
        new places alone. *_low, *_high : P10 and P90 of the draws, None without draws.
    communes : codes of the new places, largest first; commune_names : their names.
    coverage : share of the employed residents that the flows explain, where known.
    warnings_en, warnings_fr : what goes beside the figures; sources : tables used, with their vintages.
    seconds : taken by this EPCI; travel : provider and version; version : of the code.
    """

    code: str
    name: str
    departement: str
    region: str
    population: int
    status: Status
    reason_en: str = ""
    reason_fr: str = ""
    value: float | None = None
    value_low: float | None = None
    value_high: float | None = None
    unit: str = ""
    bound: float | None = None
    gap: float | None = None
    value_added: float | None = None
    value_per_euro: float | None = None
    cost: float | None = None
    cost_low: float | None = None
    cost_high: float | None = None
    budget: float | None = None
    max_places: int | None = None
    new_places: int | None = None
    existing_places: int | None = None
    desks: int | None = None
    desk_days: float | None = None
    desk_days_low: float | None = None
    desk_days_high: float | None = None
    homes: int | None = None
    users: float | None = None
    km: float | None = None
    km_low: float | None = None
    km_high: float | None = None
    km_added: float | None = None
    hours: float | None = None
    hours_low: float | None = None
    hours_high: float | None = None
    hours_added: float | None = None
    co2_t: float | None = None
    co2_t_low: float | None = None
    co2_t_high: float | None = None
    co2_t_added: float | None = None
    eur: float | None = None
    eur_low: float | None = None
    eur_high: float | None = None
    eur_added: float | None = None
    communes: tuple[str, ...] = ()
    commune_names: tuple[str, ...] = ()
    coverage: float | None = None
    flows_vintage: int | None = None
    class_level: str = ""
    mode_level: str = ""
    warnings_en: tuple[str, ...] = ()
    warnings_fr: tuple[str, ...] = ()
    source_tables: tuple[str, ...] = ()
    source_vintages: tuple[str, ...] = ()
    fictional: bool = False
    travel: str = ""
    seconds: float = 0.0
    version: str = __version__

    @property
    def reason(self) -> Text:
        """Return why there is no plan, in both languages."""
        return Text(self.reason_en, self.reason_fr)


# Columns of a row and the line of the impact that each comes from.
_EFFECTS = {"km": "commuter_km", "hours": "commuter_hours", "co2_t": "co2_net", "eur": "commuter_cost"}
_KINDS: Mapping[str, Any] = {
    "str": pl.String,
    "Status": pl.String,
    "int": pl.Int64,
    "int | None": pl.Int64,
    "float": pl.Float64,
    "float | None": pl.Float64,
    "bool": pl.Boolean,
    "tuple[str, ...]": pl.List(pl.String),
}
ROW_SCHEMA = pl.Schema({field.name: _KINDS[str(field.type)] for field in dataclasses.fields(SweepRow)})
"""Columns of the data set of results, in the order of `SweepRow`."""


def list_tasks(
    tables: Tables,
    *,
    codes: Collection[str] = (),
    regions: Collection[str] = (),
    departements: Collection[str] = (),
    everything: bool = False,
) -> tuple[SweepTask, ...]:
    """Return the EPCI to plan, by code: those named, those of the regions and departements, or all.

    An EPCI over several departements or regions belongs to that where most of its inhabitants live.

    Raises
    ------
    InputError
        If nothing is asked, or an EPCI, a region or a departement is not in the table of communes.
    MissingDataError
        If the store has no usable table of communes.
    """
    frame, population = scan_communes(tables, ("epci_code", "epci_name", "departement", "region"))
    communes = (
        frame.filter(pl.col("epci_code").is_not_null() & (pl.col("epci_code") != ""))
        .select("epci_code", "epci_name", "departement", "region", inhabitants=pl.col(population).fill_null(0))
        .collect()
    )
    epci = (
        communes.group_by("epci_code")
        .agg(pl.col("epci_name").drop_nulls().first(), pl.col("inhabitants").sum())
        .sort("epci_code")
    )
    for column in ("departement", "region"):
        main = (
            communes.group_by("epci_code", column)
            .agg(pl.col("inhabitants").sum().alias("there"))
            .sort("there", column, descending=[True, False], nulls_last=True)
            .unique("epci_code", keep="first", maintain_order=True)
        )
        epci = epci.join(main.select("epci_code", column), on="epci_code", maintain_order="left")
    tasks = tuple(
        SweepTask(code, name or code, int(inhabitants), departement or "", region or "")
        for code, name, inhabitants, departement, region in epci.iter_rows()
    )
    _check_known(codes, {t.code for t in tasks}, Text("EPCI", "EPCI"))
    _check_known(regions, {t.region for t in tasks}, Text("region", "région"))
    _check_known(departements, {t.departement for t in tasks}, Text("departement", "département"))
    chosen = tuple(
        task
        for task in tasks
        if everything or task.code in codes or task.region in regions or task.departement in departements
    )
    if not chosen:
        raise InputError(
            "No EPCI was asked for: name them (--epci CODE), or use --region CODE, --departement CODE or --all.",
            "Aucun EPCI n'est demandé : nommez-les (--epci CODE), ou utilisez --region CODE, --departement CODE ou "
            "--all.",
        )
    return chosen


def _check_known(asked: Collection[str], known: set[str], what: Text) -> None:
    for code in asked:
        if code not in known:
            listed = ", ".join(sorted(known)[:20]) + (", ..." if len(known) > 20 else "")
            raise InputError(
                f"No EPCI of the data is in {what.en} '{code}'. Known codes: {listed}."
                if what.en != "EPCI"
                else f"No EPCI has the code '{code}' in the data.",
                f"Aucun EPCI des données n'est dans : {what.fr} « {code} ». Codes connus : {listed}."
                if what.en != "EPCI"
                else f"Aucun EPCI n'a le code « {code} » dans les données.",
            )


def build_study_settings(settings: SweepSettings, task: SweepTask) -> StudySettings:
    """Return the study of one EPCI under its own budget, without alternatives.

    Raises
    ------
    InputError
        If the budget is by inhabitant and nobody is known to live there.
    """
    budget = settings.budget
    if settings.euros_per_inhabitant is not None:
        budget = round(settings.euros_per_inhabitant * task.population, 2)
        if budget <= 0:
            raise InputError(
                f"{task.name} ({task.code}) has no known inhabitant: its budget by inhabitant is zero. Import the "
                "populations, or give one budget for all with --budget.",
                f"{task.name} ({task.code}) n'a aucun habitant connu : son budget par habitant est nul. Importez les "
                "populations, ou donnez un même budget à tous avec --budget.",
            )
    return StudySettings(
        epci=(task.code,),
        budget=budget,
        places=settings.places,
        objective=settings.objective,
        preset=settings.preset,
        parameters=settings.parameters,
        keep_existing=settings.keep_existing,
        draws=settings.draws,
        seed=settings.seed,
        alternatives=0,
    )


def build_row(task: SweepTask, result: StudyResult, seconds: float) -> SweepRow:
    """Return the row of a planned EPCI.

    The value per euro divides what the new places add by their net cost: the existing ones cost this budget nothing.
    """
    plan = result.plan
    new = [place for place in result.places if place.kind != "existing"]
    existing = {place.code for place in result.places if place.kind == "existing"}
    before = plan.open & np.isin(result.problem.site_code, sorted(existing))
    added = plan.evaluation.value - evaluate(result.problem, before).value
    cost = result.cost.value
    lines = {line.id: line for line in result.impact}
    effects: dict[str, float | None] = {}
    for column, key in _EFFECTS.items():
        effects |= _split_figure(column, lines[key].figure)
        effects[f"{column}_added"] = lines[key].added
    figures = (
        effects
        | _split_figure("value", result.value)
        | _split_figure("cost", result.cost)
        | _split_figure("desk_days", result.desk_days)
    )
    return SweepRow(
        code=task.code,
        name=task.name,
        departement=task.departement,
        region=task.region,
        population=task.population,
        status="proven" if plan.status == "optimal" else "feasible",
        unit=result.value.unit,
        bound=plan.bound,
        gap=plan.gap,
        value_added=added,
        value_per_euro=added / cost if new and cost > 0 else None,
        budget=result.settings.budget,
        max_places=result.settings.places,
        new_places=len(new),
        existing_places=len(existing),
        desks=round(sum(place.desks.value for place in new)),
        homes=sum(commune.desk_days > 0 for commune in result.communes),
        users=sum(place.users.value for place in result.places),
        communes=tuple(place.code for place in new),
        commune_names=tuple(place.name for place in new),
        coverage=result.coverage,
        flows_vintage=result.flows_vintage,
        class_level=result.class_level,
        mode_level=result.mode_level,
        warnings_en=tuple(warning.en for warning in result.warnings),
        warnings_fr=tuple(warning.fr for warning in result.warnings),
        source_tables=tuple(source.table for source in result.sources),
        source_vintages=tuple(source.vintage for source in result.sources),
        fictional=result.fictional,
        travel=result.travel_version,
        seconds=seconds,
        version=result.version,
        **figures,  # type: ignore[arg-type]
    )


def _split_figure(name: str, figure: Figure) -> dict[str, float | None]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}


def build_failure(task: SweepTask, error: AncrageError | Text, seconds: float, budget: float | None = None) -> SweepRow:
    """Return the row of an EPCI that has no plan, with the sentence that says why."""
    status: Status = "error"
    if isinstance(error, NoFlowsError):
        status = "no_flows"
    elif isinstance(error, UnaffordableError):
        status = "infeasible"
    text = error.text if isinstance(error, AncrageError) else error
    return SweepRow(
        code=task.code,
        name=task.name,
        departement=task.departement,
        region=task.region,
        population=task.population,
        status=status,
        reason_en=text.en,
        reason_fr=text.fr,
        budget=budget,
        seconds=seconds,
    )


def rank_rows(rows: Iterable[SweepRow]) -> tuple[SweepRow, ...]:
    """Return the EPCI whose new places bring something, where a euro brings most first.

    Those whose income covers their cost come first, by what they bring: no euro is asked there. Equal ones are by code.
    """
    useful = [r for r in rows if r.status in PLANNED and r.new_places and r.value_added and r.value_added > 0]

    def build_key(row: SweepRow) -> tuple[bool, float, str]:
        free = row.value_per_euro is None
        return not free, -((row.value_added if free else row.value_per_euro) or 0.0), row.code

    return tuple(sorted(useful, key=build_key))


def count_statuses(rows: Iterable[SweepRow]) -> dict[Status, int]:
    """Return how many EPCI ended in each status, those of no EPCI included."""
    found = [row.status for row in rows]
    return {status: found.count(status) for status in STATUSES}


def build_frame(rows: Iterable[SweepRow]) -> pl.DataFrame:
    """Return the rows as a table with the columns of `ROW_SCHEMA`."""
    values = [tuple(getattr(row, name) for name in ROW_SCHEMA) for row in rows]
    return pl.DataFrame(values, schema=ROW_SCHEMA, orient="row")


def list_rows(frame: pl.DataFrame) -> tuple[SweepRow, ...]:
    """Return the rows of a table made by `build_frame`.

    Raises
    ------
    InputError
        If the columns are not those of `ROW_SCHEMA`.
    """
    if frame.schema != ROW_SCHEMA:
        raise InputError(
            f"A result of the sweep has other columns than this version writes ({len(frame.columns)} of "
            f"{len(ROW_SCHEMA)}): start again with --restart.",
            f"Un résultat du balayage a d'autres colonnes que celles de cette version ({len(frame.columns)} sur "
            f"{len(ROW_SCHEMA)}) : recommencez avec --restart.",
        )
    lists = [name for name, kind in ROW_SCHEMA.items() if isinstance(kind, pl.List)]
    return tuple(
        SweepRow(**{**values, **{name: tuple(values[name]) for name in lists}})
        for values in frame.iter_rows(named=True)
    )
