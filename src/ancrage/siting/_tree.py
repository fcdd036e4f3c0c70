"""State of the branch and bound: what is decided, the best plan, and when a plan or a bound counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._kernels import PLACES, STEP, TOLERANCE, Data, Int8Array, compute_excess, compute_totals
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

# Positions in Tree.tally.
DEPTH, TRAIL, NODES, WORK, DISTANCE, ROOT_STEPS, NODE_STEPS = 0, 1, 2, 3, 4, 5, 6
# Positions in Tree.score.
VALUE, FLOOR = 0, 1


class Tree(NamedTuple):
    """State of a depth-first search.

    state : (m,) 1 open, 0 free, -1 closed; trail : (m,) sites decided, in order.
    mark, phase, branch, bound, lam, phi : by depth; u : (slots, k + n) prices by depth, the last slot shared by deeper
    nodes (any prices give a valid bound; memory is bounded).
    best, trial, load, worth, cheap : (m,) best plan and buffers; reference : (r, m) plans to be far from (none when
    the value is maximised); tally, score : scalars, see the positions above.
    """

    state: Int8Array
    trail: IntArray
    mark: IntArray
    phase: IntArray
    branch: IntArray
    bound: FloatArray
    lam: FloatArray
    phi: FloatArray
    u: FloatArray
    best: BoolArray
    trial: BoolArray
    load: FloatArray
    worth: FloatArray
    cheap: FloatArray
    reference: BoolArray
    tally: IntArray
    score: FloatArray


@njit(cache=True, nogil=True)
def decide(tree: Tree, s: int, kind: int) -> None:
    """Open (1) or close (-1) a free site, on the trail."""
    tree.state[s] = kind
    tree.trail[tree.tally[TRAIL]] = s
    tree.tally[TRAIL] += 1


@njit(cache=True, nogil=True)
def undo(tree: Tree, mark: int) -> None:
    """Free the sites decided since `mark`."""
    while tree.tally[TRAIL] > mark:
        tree.tally[TRAIL] -= 1
        tree.state[tree.trail[tree.tally[TRAIL]]] = 0


@njit(cache=True, nogil=True)
def compute_distance(tree: Tree, opened: BoolArray) -> int:
    """Return the number of sites that differ from the nearest reference plan."""
    nearest = opened.size + 1
    for r in range(tree.reference.shape[0]):
        differs = 0
        for s in range(opened.size):
            differs += tree.reference[r, s] != opened[s]
        nearest = min(nearest, differs)
    return nearest


@njit(cache=True, nogil=True)
def compute_reach(data: Data, tree: Tree) -> int:
    """Return a distance to the references that no plan of the node exceeds."""
    m = tree.state.size
    left = int(data.number[PLACES])
    for s in range(m):
        left -= tree.state[s] > 0
    reach = m + 1
    for r in range(tree.reference.shape[0]):
        fixed = 0
        closing = 0
        opening = 0
        for s in range(m):
            if tree.state[s] == 0:
                if tree.reference[r, s]:
                    closing += 1
                else:
                    opening += 1
            else:
                fixed += tree.reference[r, s] != (tree.state[s] > 0)
        reach = min(reach, fixed + closing + min(left, opening))
    return reach


@njit(cache=True, nogil=True)
def offer_plan(data: Data, tree: Tree, opened: BoolArray) -> None:
    """Keep a plan if it is feasible and better than the best one."""
    size = 0
    for s in range(opened.size):
        size += opened[s]
    if size > data.number[PLACES]:
        return
    value, cost, short = compute_totals(data, opened, tree.load, tree.worth)
    if compute_excess(data, cost) > 0.0 or short > 0.0:
        return
    if tree.reference.shape[0] == 0:
        if value > tree.score[VALUE]:
            tree.score[VALUE] = value
            tree.best[:] = opened
        return
    distance = compute_distance(tree, opened)
    if value < tree.score[FLOOR] or distance < max(1, tree.tally[DISTANCE]):
        return
    if distance > tree.tally[DISTANCE] or value > tree.score[VALUE]:
        tree.tally[DISTANCE] = distance
        tree.score[VALUE] = value
        tree.best[:] = opened


@njit(cache=True, nogil=True)
def compute_cut(data: Data, tree: Tree) -> float:
    """Return the bound at or below which a node cannot hold a better plan."""
    slack = float(data.number[TOLERANCE])
    if tree.reference.shape[0] == 0:
        # Where every value is a multiple of a step, a better plan is better by a step.
        return float(tree.score[VALUE]) + max(slack, float(data.number[STEP]) * (1.0 - 1e-6))
    cut = float(tree.score[FLOOR]) - slack
    reach = compute_reach(data, tree)
    if reach < max(1, tree.tally[DISTANCE]):
        return np.inf
    if reach == tree.tally[DISTANCE]:
        return max(cut, float(tree.score[VALUE]) + slack)
    return cut
