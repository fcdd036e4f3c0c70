"""The arrays of the compiled kernels: a problem, and the buffers of its local search, bound and tree."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ancrage.siting.evaluate import FLOOR_ROUNDING, compute_budget_limit
from ancrage.siting.problem import BoolArray, FloatArray, IntArray, SitingProblem

if TYPE_CHECKING:
    from ancrage.siting._bound import Node
    from ancrage.siting._kernels import Data, Int8Array
    from ancrage.siting._moves import Moves
    from ancrage.siting._tree import Tree

ROOT_STEPS = 400
"""Subgradient steps at the root; more tighten the bound a little, each costs a few passes over the arcs."""
NODE_STEPS = 4
"""Subgradient steps at every other node."""
CROWDED = 0.2
"""Share of sites that may run out of desks above which prices rise along the lists: tighter, but slower."""
SPREAD_CROWDED = 0.3
"""Weight of the price of one arc beside that of a whole home in a subgradient step, where prices rise."""
PRICE_MEMORY = 64_000_000
"""Bytes allowed for the prices kept by depth of the tree."""


def build_data(problem: SitingProblem) -> Data:
    """Return the arrays of a problem for the compiled kernels."""
    from ancrage.siting._kernels import Data

    n, m = problem.home_code.size, problem.site_code.size
    site = np.ascontiguousarray(problem.site, dtype=np.int64)
    value = np.array(problem.value, dtype=np.float64)
    demand = np.array(problem.demand, dtype=np.float64)
    home = np.repeat(np.arange(n), np.diff(problem.row))
    col_arc = np.argsort(site, kind="stable")
    col = np.zeros(m + 1, dtype=np.int64)
    np.cumsum(np.bincount(site, minlength=m), out=col[1:])
    places = m if problem.max_places is None else min(problem.max_places, m)
    zone, weight = np.full(n, -1, dtype=np.int64), np.zeros(n)
    need = whole = np.zeros(0)
    floors = problem.floors
    if floors is not None:
        inside = floors.zone >= 0
        total = np.bincount(floors.zone[inside], floors.weight[inside], floors.share.size).astype(np.float64)
        # A floor that any plan meets is not a constraint.
        binding = (total > 0) & (floors.share > FLOOR_ROUNDING)
        rank = np.append(np.where(binding, np.cumsum(binding) - 1, -1), -1)
        zone = rank[floors.zone].astype(np.int64)
        weight = np.where(zone >= 0, floors.weight, 0.0)
        whole = total[binding]
        need = (floors.share[binding] - FLOOR_ROUNDING) * whole
    data = Data(
        row=np.ascontiguousarray(problem.row, dtype=np.int64),
        site=site,
        value=value,
        demand=demand,
        col=col,
        col_arc=col_arc,
        col_home=home[col_arc],
        col_value=value[col_arc],
        col_demand=demand[col_arc],
        fixed=np.array(problem.fixed_cost, dtype=np.float64),
        desk_cost=np.array(problem.desk_cost, dtype=np.float64),
        income=np.array(problem.income, dtype=np.float64),
        desks_min=problem.desks_min.astype(np.float64),
        desks_max=problem.desks_max.astype(np.float64),
        imposed=np.ascontiguousarray(problem.imposed, dtype=np.bool_),
        excluded=np.ascontiguousarray(problem.excluded, dtype=np.bool_),
        zone=zone,
        weight=weight,
        need=need,
        whole=whole,
        number=np.array(
            [
                problem.desks_per_day,
                compute_budget_limit(problem.budget),
                0.0,
                places,
                0.0,
                problem.cost_weight,
                0.0,
                0.0,
            ]
        ),
    )
    write_scales(data)
    return data


def write_scales(data: Data) -> None:
    """Write what depends on the sizes of the problem's figures: tolerance, step between values, pace of the price."""
    from ancrage.siting._kernels import BUDGET, COST_WEIGHT, DESKS_PER_DAY, PRICE_PACE, SPREAD, STEP, TOLERANCE

    # The largest |value| of each home.
    size = np.abs(data.value)
    rows = np.flatnonzero(np.diff(data.row) > 0)
    best = np.maximum.reduceat(size, data.row[rows]) if rows.size else np.zeros(0)
    limit = float(data.number[BUDGET])
    weight = float(data.number[COST_WEIGHT])
    cost = np.abs(data.fixed) + data.desk_cost * np.maximum(data.desks_min, 1)
    data.number[TOLERANCE] = 1e-10 * float(best.sum() + weight * cost.sum()) + 1e-300
    scale = max(abs(limit), float(cost.mean()) if cost.size else 1.0, 1e-9)
    data.number[PRICE_PACE] = 0.1 * (data.row.size - 1) / scale if np.isfinite(limit) else 0.0
    data.number[STEP] = compute_step(data)
    most = np.bincount(data.site, data.demand, data.fixed.size) * data.number[DESKS_PER_DAY]
    crowded = most > data.desks_max
    data.number[SPREAD] = SPREAD_CROWDED if crowded.size and crowded.mean() > CROWDED else 0.0


def compute_step(data: Data) -> float:
    """Return a number of which the value of every plan is a multiple, 0 where none is known.

    Whole values, whole weighted fixed costs, no desk cost, no income, and desks for everyone.
    """
    from ancrage.siting._kernels import COST_WEIGHT, DESKS_PER_DAY

    weight = float(data.number[COST_WEIGHT])
    fixed = weight * data.fixed
    whole = np.concatenate([data.value, fixed])
    if not whole.size or np.any(whole != np.rint(whole)) or np.max(np.abs(whole)) > 1e9:
        return 0.0
    if weight > 0 and (np.any(data.desk_cost > 0) or np.any(data.income > 0)):
        return 0.0
    most = np.bincount(data.site, data.demand, data.fixed.size) * data.number[DESKS_PER_DAY]
    if np.any(most > data.desks_max):
        return 0.0
    return float(math.gcd(*(int(v) for v in np.unique(np.abs(whole)))))


def build_moves(data: Data) -> Moves:
    """Return the state and the buffers of the interchange."""
    from ancrage.siting._moves import Moves

    n, m, z = data.row.size - 1, data.fixed.size, data.need.size

    def whole(size: int) -> IntArray:
        return np.zeros(size, dtype=np.int64)

    return Moves(
        first=whole(n),
        second=whole(n),
        head=whole(m),
        chain=whole(n),
        head2=whole(m),
        chain2=whole(n),
        load=np.zeros(m),
        worth=np.zeros(m),
        gain=np.zeros(m),
        price=np.zeros(m),
        share=np.zeros(m),
        mass=np.zeros((m, z)),
        reached=np.zeros(z),
        drop_value=np.zeros(m),
        drop_cost=np.zeros(m),
        drop_mass=np.zeros((m, z)),
        arc=whole(n),
        cap_load=np.zeros(m),
        cap_worth=np.zeros(m),
        cap_mass=np.zeros((m, z)),
        ext_load=np.zeros(m),
        ext_worth=np.zeros(m),
        ext_mass=np.zeros((m, z)),
        touched=whole(m + 1),
        moved=whole(m),
        near=whole(m),
        touch_stamp=whole(m),
        move_stamp=whole(m),
        near_stamp=whole(m),
        stamp=whole(2),
        entry=np.zeros(7),
        entry_mass=np.zeros(z),
        add_mass=np.zeros(z),
        pair_mass=np.zeros(z),
        score=np.zeros(m),
        fresh=np.zeros(m, dtype=np.bool_),
        total=np.zeros(4),
    )


def build_node(data: Data) -> Node:
    """Return the buffers of the bound."""
    from ancrage.siting._bound import Node

    n, m, k, z = data.row.size - 1, data.fixed.size, data.site.size, data.need.size
    longest = int(np.max(np.diff(data.row), initial=0)) + 1

    def whole(size: int) -> IntArray:
        return np.zeros(size, dtype=np.int64)

    def flags(size: int) -> BoolArray:
        return np.zeros(size, dtype=np.bool_)

    return Node(
        start=whole(m),
        split=whole(m),
        stop=whole(m),
        home=whole(k),
        arc=whole(k),
        after=whole(k),
        value=np.zeros(k),
        worth=np.zeros(k),
        demand=np.zeros(k),
        next=whole(k),
        sure=whole(n),
        last=whole(n),
        certain=flags(n),
        alive=flags(n),
        most=np.zeros(m),
        desks=np.zeros(m),
        low=np.ones(m),
        high=np.ones(m),
        least=np.zeros(m),
        single=flags(m),
        pay=np.zeros(n),
        base=np.zeros(m),
        profit=np.zeros(m),
        tilt=np.zeros(m),
        days=np.zeros(m),
        share=np.ones(m),
        pick=flags(m),
        slope=np.zeros(k + n),
        direction=np.zeros(k + n),
        zone_slope=np.zeros(z),
        zone_direction=np.zeros(z),
        block=np.zeros(longest),
        length=np.zeros(longest),
        now=np.zeros(n),
        best_u=np.zeros(k + n),
        best_phi=np.zeros(z),
        best_profit=np.zeros(m),
        best_pick=flags(m),
        answer=whole(4),
    )


def build_tree(data: Data, reference: BoolArray | None = None) -> Tree:
    """Return a search at its root: imposed sites open, excluded ones closed, no plan yet.

    `reference` (r, m) are plans to be as far from as possible; without them the value is maximised.
    """
    from ancrage.siting._tree import NODE_STEPS as NODE_STEPS_AT
    from ancrage.siting._tree import ROOT_STEPS as ROOT_STEPS_AT
    from ancrage.siting._tree import Tree

    n, m, k = data.row.size - 1, data.fixed.size, data.site.size
    state = np.zeros(m, dtype=np.int8)
    state[data.imposed] = 1
    state[data.excluded] = -1
    tally = np.zeros(7, dtype=np.int64)
    tally[ROOT_STEPS_AT] = ROOT_STEPS
    tally[NODE_STEPS_AT] = NODE_STEPS
    slots = min(m + 2, max(2, PRICE_MEMORY // (8 * (k + n) + 8)))
    return Tree(
        state=state,
        trail=np.zeros(m + 1, dtype=np.int64),
        mark=np.zeros(m + 2, dtype=np.int64),
        phase=np.zeros(m + 2, dtype=np.int64),
        branch=np.zeros(m + 2, dtype=np.int64),
        bound=np.full(m + 2, np.inf),
        lam=np.zeros(m + 2),
        phi=np.zeros((m + 2, data.need.size)),
        u=np.zeros((slots, k + n)),
        best=np.zeros(m, dtype=np.bool_),
        trial=np.zeros(m, dtype=np.bool_),
        load=np.zeros(m),
        worth=np.zeros(m),
        cheap=np.zeros(m),
        reference=np.zeros((0, m), dtype=np.bool_) if reference is None else reference,
        tally=tally,
        score=np.array([-np.inf, -np.inf]),
    )


def restart_tree(tree: Tree, root: Int8Array, u: FloatArray, price: float, steps: int) -> None:
    """Bring a search back to its root, with prices to start from."""
    from ancrage.siting._tree import NODE_STEPS as NODE_STEPS_AT
    from ancrage.siting._tree import ROOT_STEPS as ROOT_STEPS_AT

    tree.state[:] = root
    tree.phase[0] = 0
    tree.bound[:] = np.inf
    tree.u[0] = u
    tree.lam[0] = price
    tree.tally[:] = 0
    tree.tally[ROOT_STEPS_AT] = steps
    tree.tally[NODE_STEPS_AT] = NODE_STEPS
    tree.score[:] = -np.inf
