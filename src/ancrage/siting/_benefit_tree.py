"""Compiled nodes of the branch and bound on sparse benefits: bound, decide, round, and say where to branch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._benefit_bound import (
    BOUND,
    CUTOFF,
    PACE,
    READS,
    STALL,
    TARGET,
    Dual,
    Rows,
    build_dual,
    cut_rows,
    decide_sites,
    improve_dual,
)
from ancrage.siting._benefits import Int8Array
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

PATIENCE = 8
"""Steps without progress after which the pace of a node is halved: its multipliers start near their best."""

ROUND = 15
"""Subgradient steps between two looks at what can be decided."""

# Positions in Node.score and Node.tally.
VALUE, BASE = 0, 1
BRANCH, PLACES_LEFT = 0, 1


class Node(NamedTuple):
    """Buffers of one node at a time.

    rows : what is left of the rows; dual : its multipliers. state : (m,) 1 open, 0 free, -1 closed. best : (m,) plan
    of largest value met in the node. score, tally : see the positions above.
    """

    rows: Rows
    dual: Dual
    state: Int8Array
    best: BoolArray
    score: FloatArray
    tally: IntArray


@njit(cache=True, nogil=True)
def build_node(rows: Rows, m: int) -> Node:
    """Return buffers for the nodes of an instance."""
    n = rows.row.size - 1
    left = Rows(rows.row.copy(), np.empty_like(rows.site), np.empty_like(rows.value))
    return Node(
        left,
        build_dual(n, m, PATIENCE),
        np.zeros(m, dtype=np.int8),
        np.zeros(m, dtype=np.bool_),
        np.zeros(2),
        np.zeros(2, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def compute_chosen(rows: Rows, fixed: FloatArray, chosen: BoolArray) -> float:
    """Return what chosen sites give on the rows left, less their fixed costs."""
    total = 0.0
    for i in range(rows.row.size - 1):
        for a in range(rows.row[i], rows.row[i + 1]):
            if chosen[rows.site[a]]:
                total += rows.value[a]
                break
    for s in range(chosen.size):
        if chosen[s]:
            total -= fixed[s]
    return total


@njit(cache=True, nogil=True)
def cut_node(rows: Rows, fixed: FloatArray, node: Node, u: FloatArray, done: Int8Array) -> None:
    """Take the sites decided since `done` out of the rows, and close those that cannot pay for themselves."""
    dual = node.dual
    dual.tally[READS] += rows.row[-1] + 4 * dual.u.size
    node.score[BASE] += cut_rows(rows, node.state, u, node.rows, dual.u)
    for s in range(node.state.size):
        if node.state[s] == 1 and done[s] != 1:
            node.score[BASE] -= fixed[s]
            node.tally[PLACES_LEFT] -= 1
        done[s] = node.state[s]
    most = -fixed
    for a in range(node.rows.row[-1]):
        most[node.rows.site[a]] += node.rows.value[a]
    for s in range(most.size):
        if node.state[s] == 0 and most[s] <= 0.0:
            node.state[s] = -1
            done[s] = -1


@njit(cache=True, nogil=True)
def solve_node(
    rows: Rows,
    fixed: FloatArray,
    places: int,
    base: float,
    node: Node,
    value: float,
    margin: float,
    steps: int,
) -> bool:
    """Bound the node of `node.state` from the multipliers `node.dual.best_u`; True when nothing better is left in it.

    Better means at least `margin` above the best value, which is `value` or that of a plan met in the node, then in
    `node.score[VALUE]` and `node.best`. Else `node.tally[BRANCH]` is the site to branch on, `node.state` what has been
    decided, `node.dual.score[BOUND]` the bound and `node.dual.best_u` its multipliers, on whole rows.
    """
    dual, state, score = node.dual, node.state, node.score
    m = state.size
    score[BASE] = base
    score[VALUE] = value
    node.tally[PLACES_LEFT] = places
    done = np.zeros(m, dtype=np.int8)
    cut_node(rows, fixed, node, dual.best_u, done)
    dual.score[BOUND] = np.inf
    dual.score[PACE] = 1.0
    dual.tally[STALL] = 0
    dual.direction[:] = 0.0
    dual.next[:] = 0.0
    dual.mean[:] = 0.0
    opened = np.zeros(m, dtype=np.bool_)
    taken = 0
    while True:
        if node.tally[PLACES_LEFT] < 0:
            return True
        dual.score[TARGET] = score[VALUE] + 0.5 * margin
        dual.score[CUTOFF] = score[VALUE] + margin
        final = improve_dual(node.rows, node.rows, fixed, state, node.tally[PLACES_LEFT], score[BASE], dual, ROUND)
        taken += ROUND
        for s in range(m):
            opened[s] = dual.best_pick[s] and state[s] == 0
        found = score[BASE] + compute_chosen(node.rows, fixed, opened)
        if found > score[VALUE]:
            score[VALUE] = found
            for s in range(m):
                node.best[s] = opened[s] or state[s] == 1
        cutoff = score[VALUE] + margin
        if dual.score[BOUND] < cutoff:
            return True
        decided = decide_sites(dual, state, node.tally[PLACES_LEFT], dual.score[BOUND], cutoff)
        if taken >= steps or (final and decided == 0):
            break
        if decided:
            cut_node(node.rows, fixed, node, dual.best_u, done)
            dual.best_u[:] = dual.u
    node.tally[BRANCH] = choose_branch(dual, state)
    add_sure(rows, state, dual.best_u)
    return False


@njit(cache=True, nogil=True)
def add_sure(rows: Rows, state: Int8Array, u: FloatArray) -> None:
    """Add to the multiplier of each home what the first open site of its row gives (the reverse of `cut_rows`)."""
    for i in range(u.size):
        for a in range(rows.row[i], rows.row[i + 1]):
            if state[rows.site[a]] > 0:
                u[i] += rows.value[a]
                break


@njit(cache=True, nogil=True)
def choose_branch(dual: Dual, state: Int8Array) -> int:
    """Return the free site whose share of the relaxed plan is nearest one half, -1 without a free site."""
    best, at = -1.0, -1
    for s in range(state.size):
        if state[s] == 0:
            doubt = min(dual.mean[s], 1.0 - dual.mean[s])
            if doubt > best:
                best, at = doubt, s
    return at
