"""The worked examples of docs/method, recomputed with the code: every number below must be written in its page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ancrage.demand.reach import build_commutes, build_reach, list_commute_pairs
from ancrage.figures import Source
from ancrage.impact.costs import compute_annuity, compute_break_even_occupancy, compute_place_costs
from ancrage.impact.effects import YearlyEffects, compute_yearly_effects
from ancrage.language import Text, format_number
from ancrage.opendata.load import load_territory
from ancrage.parameters import TELE_SHARE_BY_CLASS, load_parameters
from ancrage.siting.problem import SitingDraws, SitingProblem
from ancrage.siting.robustness import solve_draws
from ancrage.siting.solve import solve
from ancrage.study.impact_lines import list_controls, list_impact
from ancrage.study.inputs import StudyInputs, compute_effects, compute_use, read_central
from ancrage.study.network import NetworkUse, compute_network
from ancrage.territory.model import CLASSES, Flows, Mode, Territory
from ancrage.territory.tables import Tables
from ancrage.territory.travel import Points, TravelPairs

METHOD = Path(__file__).resolve().parent.parent.parent / "docs" / "method"
CENTRAL = load_parameters().with_preset("central")


def check_written(page: str, *numbers: str) -> None:
    """Check that the worked example of a page holds each of the numbers, as the code gives them."""
    example = (METHOD / f"{page}.md").read_text(encoding="utf-8").partition("## Worked example")[2]
    for number in numbers:
        assert number in example, f"{page}.md lacks {number}"


def write(value: float, decimals: int = 0) -> str:
    """Return a number as the pages write it, with a plain minus sign."""
    return format_number(float(value), decimals, "en").replace("−", "-")


@pytest.fixture(scope="module")
def inputs() -> StudyInputs:
    """One home with 400 executives who drive 35 km and 42 min, and 40 self-employed; one site at 5 km and 7.5 min."""
    flows = Flows(
        home=np.array([0, 0]),
        work=np.array([1, 0]),
        occupation=np.array([3, 2], dtype=np.int8),
        mode=np.array([Mode.CAR, Mode.HOME], dtype=np.int8),
        workers=np.array([400.0, 40.0]),
        vintage=2021,
        class_level="observed",
        mode_level="observed",
    )
    homes, one = np.array([0]), np.array([0])
    access = TravelPairs(np.array([7.5]), np.array([5.0]), estimated=False)
    reach = build_reach(homes, np.array([2]), one, one, access, 15.0)
    cell_pair = list_commute_pairs(flows)[2]
    commutes = build_commutes(homes, flows, cell_pair, TravelPairs(np.array([42.0]), np.array([35.0]), estimated=False))
    no = np.array([False])
    return StudyInputs(reach, commutes, np.array(["H"]), np.array(["S"]), np.array([0]), no, no, ())


@pytest.fixture(scope="module")
def network(inputs: StudyInputs) -> NetworkUse:
    central = read_central(CENTRAL)
    return compute_network(inputs, compute_use(inputs, central), central, np.array([True]))


def compute_by_hand(**given: float) -> YearlyEffects:
    """Return the effects of one person, all days replacing office days, one person per car, no building."""
    names = ("employees", "office_km", "office_minutes", "car", "car_office_km", "independents")
    coefficients = dict(read_central(CENTRAL))
    simple = {"office_day_share": 1.0, "commute_occupancy": 1.0, "tl_building_energy": 0.0, "weeks_per_year": 44.0}
    changed = {**simple, **{name: value for name, value in given.items() if name in coefficients}}
    coefficients |= {name: np.array([value]) for name, value in changed.items()}
    return compute_yearly_effects(
        **{name: np.array([given.get(name, 0.0)]) for name in names},
        independent_car_share=np.array([1.0]),
        place_km=np.array([given["place_km"]]),
        place_minutes=np.array([0.0]),
        coefficients=coefficients,
    )


def test_telework_potential_example_is_that_of_the_page() -> None:
    people = np.array([300.0, 700.0, 1100.0, 2100.0, 2300.0, 2000.0])
    shares = np.array([CENTRAL.get(TELE_SHARE_BY_CLASS[c]).value for c in CLASSES])
    teleworkable = float(people @ shares)
    takeup = CENTRAL.get("takeup_if_teleworkable").value
    assert teleworkable == pytest.approx(2908)
    check_written(
        "demand", write(teleworkable), f"{100 * teleworkable / people.sum():.1f} %", write(teleworkable * takeup)
    )


def test_demand_example_is_that_of_the_page(inputs: StudyInputs, network: NetworkUse) -> None:
    use = compute_use(inputs, read_central(CENTRAL))
    assert use.employees[0, 0] == pytest.approx(400 * 0.72 * 0.70 * 2 * 0.10 * 0.5)
    assert use.independents[0, 0] == pytest.approx(40 * 0.05 * 2 * 0.5)
    load = float(network.load[0, 0])
    users = load / CENTRAL.get("days_per_week").value
    check_written(
        "demand",
        f"= {use.employees[0, 0]:.2f} desk-days/week",
        f"=  {use.independents[0, 0]:.2f} desk-days/week",
        f"= {load:.2f} desk-days/week",
        f"{load * network.place.desks_per_day[0]:.3f}",
        f"=  {network.desks[0, 0]:.0f} desks",
        f"= {users:.2f} regular users",
    )


def test_effects_by_hand_are_those_of_the_page() -> None:
    employee = compute_by_hand(employees=2, office_km=70, car=2, car_office_km=70, place_km=5)
    self_employed = compute_by_hand(independents=2, indep_counterfactual_home=1, place_km=5)
    control = compute_by_hand(employees=1, office_km=20, car=1, car_office_km=20, place_km=0, weeks_per_year=46)
    assert float(employee.km[0]) == pytest.approx(5280)
    assert float(self_employed.co2_rebound[0]) == 0
    check_written(
        "effects",
        f"{write(employee.km[0])} km",
        f"{write(employee.co2_gross[0], 1)} kg gross",
        f"{write(employee.co2_net[0], 1)} kg net",
        f"EUR {write(employee.car_cost[0], 2)}",
        f"{write(self_employed.km[0])} km",
        f"{write(self_employed.co2_net[0], 1)} kg: a loss",
        f"{write(control.km[0])} km",
        f"{write(control.co2_gross[0])} kg gross",
        f"{write(control.co2_net[0])} kg net",
    )


def test_effects_example_is_that_of_the_page(inputs: StudyInputs, network: NetworkUse) -> None:
    central = read_central(CENTRAL)
    effects = compute_effects(inputs, compute_use(inputs, central), central, slice(None))
    assert float(network.effects.km.sum()) == pytest.approx(float(effects.km.sum()))
    check_written(
        "effects",
        f"= {write(effects.km[0, 0])} km/year",
        f"= {write(effects.hours[0, 0], 1)} hours/year",
        f"= {write(effects.car_km[0, 0])} vehicle-km/year",
        f"gross {write(effects.co2_gross[0, 0])} kg",
        f"= {write(effects.co2_rebound[0, 0])} kg",
        f"= {write(effects.co2_building[0, 0])} kg",
        f"net {write(effects.co2_net[0, 0])} kg/year",
        f"EUR {write(effects.car_cost[0, 0])}/year",
    )


def test_costs_example_is_that_of_the_page(network: NetworkUse) -> None:
    central = read_central(CENTRAL)
    place = compute_place_costs(central)
    annuity = float(compute_annuity(central["loan_rate"], central["loan_life"])[0])
    per_desk, fixed = float(place.per_desk[0]), float(place.fixed[0])
    weeks, price = central["weeks_per_year"], central["price_day"]
    eight = float(compute_break_even_occupancy(place, 8, weeks, price)[0])
    seven = float(compute_break_even_occupancy(place, float(network.desks[0, 0]), weeks, price)[0])
    net = float(network.net_cost.sum())
    check_written(
        "costs",
        f"{annuity:.5f}",
        f"{write(per_desk)} EUR/year",
        f"{write(fixed + 8 * per_desk)} EUR/year",
        f"{write(8 * 5 * weeks[0] * price[0])}\nEUR/year",
        f"break-even occupancy {100 * eight:.0f} %",
        f"{write(network.gross_cost.sum())} EUR/year",
        f"{write(network.income.sum())} EUR/year",
        f"{write(net)} EUR/year",
        f"{write(net / network.desks.sum())} EUR per desk",
        f"break-even occupancy {100 * seven:.0f} %",
    )


def test_impact_example_is_that_of_the_page(inputs: StudyInputs, network: NetworkUse) -> None:
    central = read_central(CENTRAL)
    closed = compute_network(inputs, compute_use(inputs, central), central, np.array([False]))
    lines = {line.id: line.figure.value for line in list_impact(network, closed, None, central, None, np.array([True]))}
    ours = [control.ours for control in list_controls(network, central, CENTRAL)]
    published = [control.published for control in list_controls(network, central, CENTRAL)]
    check_written(
        "impact",
        f"= {write(network.effects.desk_days.sum(), 1)} per year",
        f"{lines['co2_net']:.3f} t",
        f"EUR {write(lines['co2_value'])}/year",
        f"EUR {write(lines['shop_spending'])}/year",
        f"= {lines['jobs_ceiling']:.2f}, at most",
        f"{write(ours[0])} kgCO2e/year per weekly day (ADEME {published[0]:.0f})",
        f"{write(ours[1])} min per desk-day (CDC {published[1]:.0f})",
        f"EUR {write(ours[2])}/month at 2 days a week (CDC {published[2]:.0f})",
        f"EUR {write(lines['authority_net'])} a year",
    )


def test_robustness_example_is_that_of_the_page() -> None:
    def build(values: tuple[float, float]) -> SitingProblem:
        nothing = np.zeros(2)
        return SitingProblem(
            home_code=np.array(["A", "B"]),
            site_code=np.array(["A", "B"]),
            row=np.array([0, 1, 2]),
            site=np.array([0, 1]),
            value=np.array(values),
            demand=np.ones(2),
            fixed_cost=nothing,
            desk_cost=nothing,
            income=nothing,
            desks_per_day=0.3,
            desks_min=np.array([1, 1]),
            desks_max=np.array([9, 9]),
            imposed=np.zeros(2, dtype=np.bool_),
            excluded=np.zeros(2, dtype=np.bool_),
            budget=None,
            max_places=1,
            unit="km/year",
        )

    problem = build((10.0, 6.0))
    plan = solve(problem)
    assert plan.open.tolist() == [True, False]
    flat = np.zeros((2, 2))
    draws = SitingDraws(
        value=np.array([[9.0, 7.0], [5.0, 8.0]]),
        demand=np.ones((2, 2)),
        fixed_cost=flat,
        desk_cost=flat,
        income=flat,
        desks_per_day=np.full(2, 0.3),
    )
    found = solve_draws(problem, draws, plan)
    assert found.best_value.tolist() == [9.0, 8.0]
    assert found.plan_value.tolist() == [9.0, 5.0]
    regret = 100 * found.regret / found.best_value
    share = 100 * found.site_share
    check_written(
        "robustness",
        f"| {regret[0]:.0f} % |",
        f"| {regret[1]:.1f} % |",
        f"A is in the best network of {share[0]:.0f} % of the draws, B of {share[1]:.0f} %",
        f"Median regret {np.median(regret):.2f} %",
    )


class Nowhere:
    """A provider for which every other commune is out of reach."""

    name = "nowhere"
    version = "1"
    label = Text("none", "aucun")

    def compute_pairs(self, points: Points, origins: np.ndarray, destinations: np.ndarray) -> TravelPairs:
        nothing = np.full(len(origins), np.nan)
        return TravelPairs(nothing, nothing, estimated=True)


def load_small_area(flows: dict[str, list[object]], labour: dict[str, list[object]]) -> Territory:
    """Load an EPCI of two communes, 3,000 and 800 inhabitants."""
    communes = {
        "code": ["00001", "00002"],
        "name": ["Un", "Deux"],
        "epci_code": ["000000001"] * 2,
        "epci_name": ["CC"] * 2,
        "departement": ["00"] * 2,
        "region": ["00"] * 2,
        "lon": [3.0, 3.1],
        "lat": [46.0, 46.0],
        "area_km2": [10.0, 10.0],
        "population_2022": [3000, 800],
    }
    frames = {
        "communes": pl.LazyFrame(communes),
        "flows_rp2021": pl.LazyFrame(flows),
        "labour_csp_communes_2000plus_2018": pl.LazyFrame(labour),
    }
    sources = {name: Source(name, Text(name, name), "test", "2021", "") for name in frames}
    return load_territory(Tables(frames, sources), ["000000001"], Nowhere(), 15.0)


def build_labour(active: int, unemployed: int, executives: int, workers: int) -> dict[str, list[object]]:
    none = ["active_cs1_farmers", "active_cs2_self_employed", "active_cs4_intermediate", "active_cs5_clerical"]
    return {
        "code": ["00001"],
        "active_15plus": [active],
        "unemployed_15plus": [unemployed],
        **{name: [0] for name in none},
        "active_cs3_executives": [executives],
        "active_cs6_workers": [workers],
    }


def test_coverage_example_is_that_of_the_page() -> None:
    flows = {
        "origin_commune": ["00001", "00002"],
        "destination_commune": ["00002", "00001"],
        "csp": [3, 3],
        "mode": ["car", "car"],
        "workers": [940.0, 200.0],
    }
    territory = load_small_area(flows, build_labour(1200, 100, 1200, 0))
    assert territory.coverage == pytest.approx(940 / 1100)
    assert any("85 %" in warning.en for warning in territory.warnings)
    check_written("study-area", f"{100 * territory.coverage:.1f} %", "940 / 1,100", "1,200 - 100 = 1,100")


def test_mix_example_is_that_of_the_page() -> None:
    flows = {
        "origin_commune": ["00001"],
        "destination_commune": ["00002"],
        "mode": ["car"],
        "workers": [300.0],
    }
    territory = load_small_area(flows, build_labour(400, 0, 100, 300))
    by_class = dict(zip(territory.flows.occupation.tolist(), territory.flows.workers.tolist(), strict=True))
    assert by_class == {3: pytest.approx(75), 6: pytest.approx(225)}
    check_written("flows", f"= {by_class[3]:.0f}", f"= {by_class[6]:.0f}", f'level "{territory.flows.class_level}"')
