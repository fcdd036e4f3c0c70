"""The coefficients named beside a figure are those that move it: each one is moved, and the figures compared."""

from __future__ import annotations

import numpy as np
import pytest

from ancrage.opendata.load import load_territory
from ancrage.opendata.store import open_store
from ancrage.opendata.travel_points import read_points
from ancrage.parameters import load_parameters
from ancrage.siting.evaluate import evaluate
from ancrage.study.assumptions import list_assumptions
from ancrage.study.impact_lines import list_impact
from ancrage.study.inputs import (
    COEFFICIENTS,
    build_inputs,
    build_problem,
    compute_effects,
    compute_use,
    read_central,
)
from ancrage.study.network import compute_network
from ancrage.study.settings import StudySettings
from ancrage.territory.travel_estimate import build_estimate

CODE = "000000001"
# Only notes rest on the occupancy of the first years.
NOTES = {"occupancy_y1", "occupancy_y2", "occupancy_y3"}
OBJECTIVES = ("km", "hours", "co2", "value")


@pytest.fixture(scope="module")
def figures(demo_store):
    """Return what computes every figure of a fixed network from coefficients."""
    tables = open_store(demo_store)
    provider = build_estimate(read_points(tables))
    territory = load_territory(tables, [CODE], provider, 30.0)
    parameters = load_parameters().with_preset("central")
    settings = StudySettings(epci=(CODE,), places=4, draws=0)
    inputs = build_inputs(settings, territory, parameters, provider)
    # One existing place, and new ones from the most crowded to the emptiest.
    problem = build(settings, inputs, read_central(parameters))
    alone = np.array([evaluate(problem, row).load.sum() for row in np.eye(len(inputs.site_codes), dtype=bool)])
    is_open = inputs.existing_desks > 0
    is_open[np.argsort(-alone)[[0, 1, 5, 20, 39]]] = True

    def compute(central):
        existing = round(central["existing_place_desks"][0])
        moved = type(inputs)(**{**vars(inputs), "existing_desks": np.where(inputs.existing_desks > 0, existing, 0)})
        use = compute_use(moved, central)
        network = compute_network(moved, use, central, is_open)
        baseline = compute_network(moved, use, central, (moved.existing_desks > 0) & is_open)
        inside = territory.inside[moved.reach.homes]
        lines = list_impact(network, baseline, None, central, None, inside)
        found = {f"impact.{line.id}": line.figure.value for line in lines}
        found["demand.desks"] = float(network.desks.sum())
        found["demand.desk_days"] = float(network.served_days.sum())
        found["demand.users"] = found["demand.desk_days"] / central["days_per_week"][0]
        for objective in OBJECTIVES:
            problem = build(settings.model_copy(update={"objective": objective}), moved, central)
            found[objective] = evaluate(problem, is_open).value
        return found

    return compute, read_central(parameters)


def build(settings, inputs, central):
    use = compute_use(inputs, central)
    return build_problem(settings, inputs, central, use, compute_effects(inputs, use, central, slice(None)))


def list_named(figure):
    return list_assumptions("siting.value", figure) if figure in OBJECTIVES else list_assumptions(figure)


def test_every_figure_names_the_coefficients_that_move_it_and_no_other(figures):
    compute, central = figures
    before = compute(central)
    moved = {figure: set() for figure in before}
    for name in COEFFICIENTS:
        value = central[name][0]
        # Far enough, even for a share, for whole desks to open or close and for places to be full or not.
        for factor in (0.05, 0.6, 5.0, 30.0):
            other = compute({**central, name: np.array([value * factor])})
            for figure, known in before.items():
                if abs(other[figure] - known) > 1e-9 * max(1.0, abs(known)):
                    moved[figure].add(name)
    for figure, names in moved.items():
        assert names <= set(list_named(figure)), figure
        unmoved = set(list_named(figure)) - names
        assert not unmoved, (figure, unmoved)
    assert set().union(*moved.values()) | NOTES == set(COEFFICIENTS)


def test_an_unknown_formula_names_nothing():
    assert list_assumptions("nowhere.nothing") == ()
