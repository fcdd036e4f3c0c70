"""Why a site is in a plan: users, worth, and what would replace it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from siting_cases import build_problem, compute_scale, draw_floored, list_plans

from ancrage.errors import InputError
from ancrage.siting.explain import explain_site
from ancrage.siting.explore import compute_marginal_losses
from ancrage.siting.solve import solve


def build_three():
    """Return three homes and three sites, two of which fit."""
    rows = [[(0, 5.0, 1.0), (1, 2.0, 3.0)], [(1, 4.0, 2.0)], [(2, 1.0, 1.0)]]
    return build_problem(rows, 3, fixed_cost=np.array([10.0, 20.0, 15.0]), budget=35.0)


def test_explain_site_tells_who_uses_an_open_site_and_where_they_would_go():
    problem = build_three()
    plan = solve(problem)
    assert np.flatnonzero(plan.open).tolist() == [0, 1]
    reason = explain_site(problem, plan, 0)
    assert (reason.is_open, reason.users.tolist(), reason.demand.tolist()) == (True, [0], [1.0])
    assert (reason.next_site.tolist(), reason.brought, reason.marginal, reason.cost) == ([1], 5.0, 3.0, 10.0)
    assert (reason.fits, reason.swap, reason.swap_loss) == (True, 2, 2.0)
    alone = explain_site(problem, plan, 1)
    assert (alone.next_site.tolist(), alone.marginal, alone.swap, alone.swap_loss) == ([-1], 4.0, 2, 3.0)


def test_explain_site_tells_what_a_closed_site_would_add_and_why_it_does_not_fit():
    problem = build_three()
    plan = solve(problem)
    reason = explain_site(problem, plan, 2)
    assert (reason.is_open, reason.users.tolist(), reason.next_site.tolist()) == (False, [2], [-1])
    assert (reason.brought, reason.marginal, reason.cost, reason.fits) == (1.0, 1.0, 15.0, False)
    assert (reason.swap, reason.swap_loss) == (0, 2.0)


def test_explain_site_agrees_with_every_plan_one_move_away():
    rng = np.random.default_rng(31)
    swapped = 0
    for _ in range(60):
        problem = draw_floored(rng, 6)
        plan = solve(problem)
        if plan.status == "infeasible":
            continue
        plans, losses = list_plans(problem), compute_marginal_losses(problem, plan.open)
        for s in range(problem.site_code.size):
            reason = explain_site(problem, plan, s)
            if plan.open[s]:
                assert reason.marginal == losses[s]
            changed = plan.open.copy()
            changed[s] = not changed[s]
            assert reason.fits == (tuple(changed.tolist()) in plans)
            found = []
            for t in np.flatnonzero(plan.open != plan.open[s]):
                other = plan.open.copy()
                other[s], other[t] = other[t], other[s]
                if tuple(other.tolist()) in plans:
                    found.append(plan.evaluation.value - plans[tuple(other.tolist())])
            assert (reason.swap >= 0) == bool(found)
            if found:
                swapped += 1
                assert reason.swap_loss == min(found) >= -1e-9 * compute_scale(problem)
    assert swapped > 50


def test_explain_site_refuses_a_site_or_a_plan_of_another_problem():
    problem = build_three()
    plan = solve(problem)
    with pytest.raises(InputError, match="Site number 3"):
        explain_site(problem, plan, 3)
    with pytest.raises(InputError, match="The plan has 2 sites"):
        explain_site(problem, replace(plan, open=plan.open[:2]), 0)
