"""Small siting problems of every kind, and their best plan by trying every set of sites."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from ancrage.siting.evaluate import FLOOR_ROUNDING, compute_budget_limit, compute_floor_shares, evaluate
from ancrage.siting.problem import Floors, SitingProblem


def build_problem(rows, m, **changes) -> SitingProblem:
    """Build a problem from rows of (site, value, demand); costs are null unless given."""
    arcs = [arc for row in rows for arc in row]
    fields = {
        "home_code": np.array([f"h{i}" for i in range(len(rows))]),
        "site_code": np.array([f"s{j}" for j in range(m)]),
        "row": np.cumsum([0] + [len(row) for row in rows]),
        "site": np.array([a[0] for a in arcs], dtype=np.int64),
        "value": np.array([a[1] for a in arcs], dtype=np.float64),
        "demand": np.array([a[2] for a in arcs], dtype=np.float64),
        "fixed_cost": np.zeros(m),
        "desk_cost": np.zeros(m),
        "income": np.zeros(m),
        "desks_per_day": 0.5,
        "desks_min": np.zeros(m, dtype=np.int64),
        "desks_max": np.full(m, 1000),
        "imposed": np.zeros(m, dtype=np.bool_),
        "excluded": np.zeros(m, dtype=np.bool_),
        "budget": None,
        "max_places": None,
        "unit": "km/year",
        "floors": None,
    }
    return SitingProblem(**(fields | changes))


def draw_problem(rng: np.random.Generator, most_sites: int = 8) -> SitingProblem:
    """Draw a problem of any kind: ties or not, negative values, overload, negative costs, every constraint."""
    n, m = int(rng.integers(0, 9)), int(rng.integers(1, most_sites + 1))
    whole = rng.random() < 0.4

    def draw(low, high, size):
        return rng.integers(low, high + 1, size).astype(np.float64) if whole else rng.uniform(low, high, size)

    lists = [rng.permutation(m)[: rng.integers(0, m + 1)] for _ in range(n)]
    k = sum(map(len, lists))
    imposed = rng.random(m) < rng.choice([0.0, 0.2, 1.0], p=[0.5, 0.4, 0.1])
    kind = rng.integers(0, 3)
    least = rng.integers(0, 3, m)
    return SitingProblem(
        home_code=np.arange(n).astype(str),
        site_code=np.arange(m).astype(str),
        row=np.cumsum([0, *map(len, lists)]),
        site=np.concatenate([np.zeros(0, dtype=np.int64), *lists]).astype(np.int64),
        value=draw(rng.choice([-3, 0]), 10, k) * (1e9 if rng.random() < 0.05 else 1.0),
        demand=draw(0, 5, k) * (rng.random(k) < 0.9),
        fixed_cost=draw(rng.choice([-2, 0]), 10, m),
        desk_cost=draw(0, 5, m),
        income=draw(0, rng.choice([1, 6]), m),
        desks_per_day=float(rng.choice([0.25, 0.5, 1.0, 0.37])),
        desks_min=least,
        desks_max=least + rng.integers(0, rng.choice([4, 100]), m),
        imposed=imposed,
        excluded=(rng.random(m) < 0.15) & ~imposed,
        budget=float(draw(-5, 40, None)) if kind != 0 else None,
        max_places=int(rng.integers(imposed.sum(), m + 1)) if kind != 1 else None,
        unit="",
        cost_weight=float(rng.choice([0.0, 0.0, 0.3, 1.0])),
    )


def draw_floors(rng: np.random.Generator, n: int) -> Floors:
    """Draw floors: from none at all to everybody, zones without homes or weight included."""
    z = int(rng.integers(1, 4))
    return Floors(
        zone_code=np.array([f"z{j}" for j in range(z)]),
        zone=rng.integers(-1, z, n),
        weight=rng.integers(0, 5, n).astype(np.float64),
        share=rng.choice([0.0, 0.3, 0.5, 0.8, 1.0], z),
    )


def draw_floored(rng: np.random.Generator, most_sites: int = 8) -> SitingProblem:
    """Draw a problem of any kind, with floors half of the time."""
    problem = draw_problem(rng, most_sites)
    return replace(problem, floors=draw_floors(rng, problem.home_code.size)) if rng.random() < 0.5 else problem


def list_plans(problem: SitingProblem) -> dict[tuple[bool, ...], float]:
    """Return the value of every plan that respects the constraints."""
    plans = {}
    for chosen in itertools.product([False, True], repeat=problem.site_code.size):
        opened = np.array(chosen)
        if np.any(problem.imposed & ~opened) or np.any(problem.excluded & opened):
            continue
        if problem.max_places is not None and opened.sum() > problem.max_places:
            continue
        evaluation = evaluate(problem, opened)
        if evaluation.cost > compute_budget_limit(problem.budget):
            continue
        if problem.floors is not None:
            shares = compute_floor_shares(problem.floors, evaluation.used, evaluation.served)
            if np.any(shares < problem.floors.share - FLOOR_ROUNDING):
                continue
        plans[chosen] = evaluation.value
    return plans


def compute_scale(problem: SitingProblem) -> float:
    """Return the size of the sums of a problem, to which roundings are relative."""
    costs = np.abs(problem.fixed_cost).sum() + (problem.desk_cost * problem.desks_max).sum()
    return 1.0 + float(np.abs(problem.value).sum() + problem.cost_weight * costs)
