"""A small study and its diagnosis, written by hand, with what real ones have at their worst."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import shapely

from ancrage.diagnosis.model import Diagnosis, Indicator, IndicatorValue, Status
from ancrage.figures import Figure, Source
from ancrage.language import Text
from ancrage.parameters import load_parameters
from ancrage.reports import Shapes
from ancrage.siting.problem import Evaluation, SitingPlan, SitingProblem
from ancrage.study.results import (
    AlternativeRow,
    CommuneResult,
    ConstraintRow,
    ControlTotal,
    FrontierRow,
    ImpactLine,
    PlaceResult,
    RobustnessResult,
    StudyResult,
)
from ancrage.study.settings import CoefficientOverride, StudySettings

LONG_NAME = "Saint-Rémy-en-Bouzemont-Saint-Genest-et-Isson"
FORMULA_NAME = "=cmd|' /C calc'!A0"
MARKUP_NAME = '<script>alert("Ça")</script> #[Typst] $x$'
STRANGE_NAME = "Ville 🏭 du Nord\x07"

# code, name, column and row of its square, zone
_PLACES = (
    ("77001", "Belle-Vallée", 0, 0, "inside"),
    ("77002", LONG_NAME, 1, 0, "inside"),
    ("77003", "Œuilly-l'Évêque", 2, 0, "inside"),
    ("77004", FORMULA_NAME, 0, 1, "inside"),
    ("77005", MARKUP_NAME, 1, 1, "inside"),
    ("77006", STRANGE_NAME, 2, 1, "inside"),
    ("77101", "Haloville", 3, 0, "halo"),
    ("77102", "Bourg-Voisin", -1, 0, "halo"),
)
_USED = {
    "77001": "77001",
    "77002": "77002",
    "77003": "77003",
    "77004": "77001",
    "77005": "77002",
    "77006": "",
    "77101": "77003",
    "77102": "",
}
_NAMES = {code: name for code, name, *_ in _PLACES}
# A step of the grid is about 5 km.
_STEP = 0.06

FLOWS = Source(
    "flows",
    Text("Home-work flows", "Flux domicile-travail"),
    producer="Insee",
    vintage="2020",
    licence="Licence Ouverte 2.0",
    url="https://www.insee.fr/",
    checksum="a" * 64,
)
COMMUNES = Source(
    "communes",
    Text("Communes", "Communes"),
    producer="Insee, IGN",
    vintage="2025",
    licence="Licence Ouverte 2.0",
    checksum="b" * 64,
)
VACANCY = Source("vacancy", Text("Vacant dwellings", "Logements vacants"), producer="", vintage="2021", licence="")


def _find_corner(column: int, row: int) -> tuple[float, float]:
    return 3.2 + _STEP * column * 1.5, 48.8 - _STEP * row


def build_sample_shapes() -> Shapes:
    """Return one square per commune, except the last of the study area and one of the halo."""
    found = {}
    for code, _, column, row, _zone in _PLACES:
        if code not in ("77102",):
            lon, lat = _find_corner(column, row)
            found[code] = shapely.box(lon, lat, lon + 1.5 * _STEP, lat + _STEP)
    return Shapes(found)


def _build_place(code: str, kind: str, label: str, desks: int, share: float | None, cost: float) -> PlaceResult:
    column, row = next((c, r) for place, _, c, r, _z in _PLACES if place == code)
    lon, lat = _find_corner(column, row)
    return PlaceResult(
        code=code,
        name=_NAMES[code],
        lon=lon + 0.75 * _STEP,
        lat=lat + 0.5 * _STEP,
        kind=kind,  # type: ignore[arg-type]
        label=label,
        desks=Figure(desks, "desks", "demand.desks", desks - 2, desks + 5, ("flows",)),
        desk_days=Figure(3.1 * desks, "desk-days/week", "demand.desk_days", 2.0 * desks, 4.4 * desks, ("flows",)),
        users=Figure(1.55 * desks, "people", "demand.users", desks, 2.2 * desks, ("flows",)),
        served=1.0 if desks > 5 else 0.875,
        cost=Figure(cost, "EUR/year", "impact.authority_net", 0.7 * cost, 1.4 * cost),
        loss=1234.5 * desks,
        site_share=share,
        catchment=tuple(home for home, used in _USED.items() if used == code),
    )


def _build_impact() -> tuple[ImpactLine, ...]:
    def build(
        key: str,
        who: str,
        label: Text,
        unit: str,
        value: float,
        *,
        spread: bool = True,
        added: float | None = None,
        ceiling: bool = False,
        note: Text | None = None,
    ) -> ImpactLine:
        low, high = (value - abs(value) * 0.6, value + abs(value) * 0.9) if spread else (None, None)
        figure = Figure(value, unit, f"impact.{key}", low, high, ("flows",), ("half_time",))
        return ImpactLine(key, who, label, figure, added, 0.8 * value, 0.2 * value, ceiling, note)

    return (
        build(
            "commuter_km",
            "commuters",
            Text("Kilometres avoided", "Kilomètres évités"),
            "km/year",
            -48213.7,
            added=-41e3,
        ),
        build("commuter_hours", "commuters", Text("Hours saved", "Heures gagnées"), "hours/year", 4127.3, added=3000.0),
        build(
            "car_cost", "commuters", Text("Car expenses avoided", "Dépenses de voiture évitées"), "EUR/year", -9643.2
        ),
        build("co2_gross", "climate", Text("CO2 avoided, gross", "CO2 évité, brut"), "kgCO2e/year", 31244.9),
        build("co2_rebound", "climate", Text("Rebound", "Effet rebond"), "kgCO2e/year", 7811.2),
        build("co2_net", "climate", Text("CO2 avoided, net", "CO2 évité, net"), "kgCO2e/year", 21433.7, added=20111.0),
        build(
            "shop_spending",
            "shops",
            Text("Additional local spending", "Dépenses locales supplémentaires"),
            "EUR/year",
            11250.0,
            note=Text("Assumption: part of it is moved.", "Hypothèse : une part est déplacée."),
        ),
        build(
            "authority_net", "authority", Text("Net public cost", "Coût public net"), "EUR/year", 98765.4, spread=False
        ),
        build(
            "jobs_ceiling",
            "jobs",
            Text("Local jobs supported, at most", "Emplois locaux soutenus, au plus"),
            "jobs",
            0.183,
            ceiling=True,
        ),
    )


def _build_plan() -> tuple[SitingProblem, SitingPlan]:
    sites = np.array(["77001", "77002", "77003"])
    zeros, ones = np.zeros(3), np.ones(3, dtype=np.int64)
    problem = SitingProblem(
        home_code=sites,
        site_code=sites,
        row=np.arange(4),
        site=np.arange(3),
        value=np.array([9000.0, 8000.0, 4433.7]),
        demand=np.array([24.0, 18.0, 9.0]),
        fixed_cost=zeros + 20_000,
        desk_cost=zeros + 1500,
        income=zeros,
        desks_per_day=0.3,
        desks_min=ones,
        desks_max=ones * 30,
        imposed=np.array([True, False, False]),
        excluded=np.zeros(3, dtype=bool),
        budget=120_000.0,
        max_places=None,
        unit="kgCO2e/year",
    )
    evaluation = Evaluation(
        used=np.arange(3), desks=ones * 8, load=problem.demand, served=np.ones(3), value=21433.7, cost=98765.4
    )
    plan = SitingPlan(np.ones(3, dtype=bool), evaluation, 21433.7, 0.0, "optimal", 12, 0.01)
    return problem, plan


def build_sample_result() -> StudyResult:
    """Return a planned network of three places in six communes, two of them in the halo."""
    problem, plan = _build_plan()
    rng = np.random.default_rng(7)
    values = rng.normal(21433.7, 9000.0, 400)
    parameters = load_parameters().with_preset("central").with_overrides({"price_day": (12.0, 18.0, 25.0)})
    names = (
        "tele_share_cadres",
        "days_per_week",
        "half_time",
        "max_access_time_tl",
        "ef_car_use",
        "rebound_home",
        "value_of_time_commute",
        "local_spend_per_day",
        "price_day",
        "capex_per_m2",
        "weeks_per_year",
    )
    communes = []
    for code, name, column, row, zone in _PLACES:
        lon, lat = _find_corner(column, row)
        place = _USED[code]
        communes.append(
            CommuneResult(
                code=code,
                name=name,
                zone=zone,  # type: ignore[arg-type]
                lon=lon + 0.75 * _STEP,
                lat=lat + 0.5 * _STEP,
                workers=512.34,
                place=place,
                minutes=7.25 if place else None,
                km=5.5 if place else None,
                desk_days=6.125 if place else 0.0,
            )
        )
    return StudyResult(
        territory="CC des Vallées d'Œuvre",
        epci_codes=("200000001",),
        inside_codes=tuple(code for code, *_, zone in _PLACES if zone == "inside"),
        fictional=True,
        settings=StudySettings(
            epci=("200000001",),
            budget=120_000,
            objective="co2",
            parameters={"price_day": CoefficientOverride(low=12, value=18, high=25)},
            keep=("77001",),
            draws=400,
            seed=7,
        ),
        objective_label=Text("net CO2 avoided", "CO2 net évité"),
        value=Figure(21433.7, "kgCO2e/year", "siting.value", 9876.5, 33456.7, ("flows",)),
        cost=Figure(98765.4, "EUR/year", "impact.authority_net", 80123.0, 131234.0, ("flows",)),
        desks=Figure(24.0, "desks", "demand.desks", 18.0, 39.0, ("flows",)),
        desk_days=Figure(74.4, "desk-days/week", "demand.desk_days", 48.0, 105.6, ("flows",)),
        residents_workers=10884.0,
        eligible_workers=5234.0,
        coverage=0.874,
        flows_vintage=2020,
        class_level="departement",
        mode_level="observed",
        places=(
            _build_place("77001", "existing", "Le Moulin des Idées", 12, 1.0, 0.0),
            _build_place("77002", "chosen", "", 8, 0.925, 61000.0),
            _build_place("77003", "chosen", "", 4, 0.31, 37765.4),
        ),
        communes=tuple(communes),
        impact=_build_impact(),
        controls=(
            ControlTotal(
                Text("Travel saved per desk-day", "Trajet gagné par jour-poste"), 38.2, 73.0, "min/day", "CDC, 2014"
            ),
            ControlTotal(
                Text("Net CO2 per weekly desk-day", "CO2 net par jour-poste hebdomadaire"),
                288.1,
                271.0,
                "kgCO2e/year",
                "ADEME, 2020",
            ),
        ),
        frontier_by="budget",
        frontier=(
            FrontierRow(30_000.0, 5210.0, 0.0, 5210.0, 0.0, ("77001",), 12),
            FrontierRow(60_000.0, 9800.0, 37765.4, 9800.0, 0.0, ("77001", "77003"), 16),
            FrontierRow(90_000.0, 17555.0, 61000.0, 17555.0, 0.0, ("77001", "77002"), 20),
            FrontierRow(120_000.0, 21433.7, 98765.4, 21433.7, 0.0, ("77001", "77002", "77003"), 24),
            FrontierRow(240_000.0, 22020.0, 141000.0, 22350.0, 0.015, ("77001", "77002", "77003", "77004"), 28),
        ),
        alternatives=(
            AlternativeRow(21111.0, 0.0151, 97000.0, 25, ("77001", "77002", "77004"), ("77004",), ("77003",)),
            AlternativeRow(
                20111.0, 0.0617, 91000.0, 22, ("77001", "77005"), ("77005",), ("77002", "77003"), within=False
            ),
        ),
        constraints=(ConstraintRow("77001", "Belle-Vallée", "imposed", 432.1),),
        robustness=RobustnessResult(
            draws=400,
            proven=1.0,
            site_share=tuple(
                (code, _NAMES[code], share)
                for code, share in (("77001", 1.0), ("77002", 0.925), ("77004", 0.64), ("77003", 0.31), ("77005", 0.02))
            ),
            regret_median=0.013,
            regret_p90=0.084,
            over_budget=0.12,
            values=values,
            best=values + 500.0,
        ),
        proof=Text(
            "Proven optimum: no other network does better.", "Optimum prouvé : aucun autre réseau ne fait mieux."
        ),
        plan=plan,
        problem=problem,
        coefficients=tuple(parameters.get(name) for name in names),
        overrides=parameters.overrides,
        warnings=(
            Text(
                "The flows explain 87% of the employed residents: outflows to other regions are missing.",
                "Les flux expliquent 87 % des actifs occupés : il manque ceux vers d'autres régions.",
            ),
            Text("This network makes people drive more than today.", "Ce réseau fait rouler davantage qu'aujourd'hui."),
        ),
        travel_label=Text(
            "Car times estimated from positions and densities.", "Temps en voiture estimés d'après les positions."
        ),
        travel_version="estimate m4-2026.1",
        sources=(FLOWS, COMMUNES),
        not_modelled=(
            Text("Moves of home that the place would bring about.", "Les déménagements que le lieu provoquerait."),
            Text("House prices.", "Le prix des logements."),
        ),
        version="0.1.0",
    )


def build_bare_result() -> StudyResult:
    """Return the same study with nothing optional: no draw, alternative, constraint, coverage, place nor frontier."""

    def strip(figure: Figure) -> Figure:
        return replace(figure, low=None, high=None)

    full = build_sample_result()
    return replace(
        full,
        fictional=False,
        settings=StudySettings(epci=("200000001",), places=2, objective="km", draws=0, alternatives=0),
        objective_label=Text("kilometres avoided", "kilomètres évités"),
        value=Figure(-1234.5, "km/year", "siting.value"),
        cost=strip(full.cost),
        desks=Figure(0.0, "desks", "demand.desks"),
        desk_days=Figure(0.0, "desk-days/week", "demand.desk_days"),
        coverage=None,
        places=(),
        communes=tuple(replace(c, place="", minutes=None, km=None, desk_days=0.0) for c in full.communes),
        impact=tuple(replace(line, figure=strip(line.figure), added=None) for line in full.impact),
        controls=(),
        frontier_by="places",
        frontier=(),
        alternatives=(),
        constraints=(),
        robustness=None,
        overrides=(),
        warnings=(),
        travel_label=Text("Car times routed on OpenStreetMap.", "Temps en voiture calculés sur OpenStreetMap."),
    )


def _build_indicator(key: str, label: Text, unit: str, decimals: int) -> Indicator:
    return Indicator(
        id=key,
        family="commuting",
        label=label,
        reading=Text("How to read it.", "Comment le lire."),
        unit=unit,
        decimals=decimals,
        tables=("flows",),
        vintage=lambda _tables: "2020",
        compute=lambda _tables, _level: pl.DataFrame(),
    )


def build_sample_diagnosis() -> Diagnosis:
    """Return a diagnosis with published, secret and unpublished indicators."""
    concentration = _build_indicator(
        "employment_concentration",
        Text("Employment concentration", "Concentration d'emploi"),
        "jobs per 100 employed residents",
        1,
    )
    stability = _build_indicator("stability", Text("Live and work here", "Vivent et travaillent ici"), "%", 1)
    vacancy = _build_indicator("vacancy", Text("Long vacancy", "Vacance de longue durée"), "%", 1)
    income = _build_indicator("income", Text("Median living standard", "Niveau de vie médian"), "EUR/year", 0)

    def build(indicator: Indicator, value: float | None, status: Status, percentile: float | None) -> IndicatorValue:
        known = value is not None
        return IndicatorValue(
            indicator=indicator,
            value=value,
            numerator=None,
            denominator=None,
            status=status,
            vintage="2020" if known else "",
            rank=87 if known else None,
            percentile=percentile,
            group_size=112,
            group_median=62.4 if known else None,
            group_p10=41.0 if known else None,
            group_p90=96.3 if known else None,
            coverage=0.98 if known else None,
            sources=("flows",) if known else (),
        )

    codes = [code for code, *_, zone in _PLACES if zone == "inside"]
    return Diagnosis(
        epci_code="200000001",
        name="CC des Vallées d'Œuvre",
        group=Text("communautés de communes, rural", "communautés de communes, rural"),
        group_size=112,
        values=(
            build(concentration, 45.64, "published", 21.4),
            build(stability, 33.2, "published", 11.0),
            build(vacancy, None, "secret", None),
            build(income, None, "not_published", None),
        ),
        communes=pl.DataFrame(
            {
                "code": codes,
                "name": [_NAMES[code] for code in codes],
                "population": [1000] * 6,
                "employment_concentration": [12.0, 33.5, 47.1, 80.2, 120.6, None],
            }
        ),
        destinations=pl.DataFrame(
            {
                "code": ["77284", "75056", FORMULA_NAME, "other"],
                "name": ["Meaux", "Paris", FORMULA_NAME, "other"],
                "workers": [1510.0, 896.0, 372.0, 5000.0],
                "share_pct": [13.87, 8.23, 3.42, 45.9],
                "crow_km": [28.0, 70.0, 35.0, None],
            }
        ),
        typology=Text("Dormitory territory under the influence of a metropolis.", "Territoire dortoir sous influence."),
        typology_reason=Text("46 jobs for 100 employed residents.", "46 emplois pour 100 actifs occupés."),
        warnings=(Text("Outflows are under-counted.", "Les flux sortants sont sous-comptés."),),
        sources=(FLOWS, VACANCY),
        fictional=True,
        facts=(Text("2 Petites villes de demain.", "2 Petites villes de demain."),),
    )
