"""Compiled branch and bound over sets of sites: Lagrangian bound at the nodes, exact evaluation of every plan.

The search keeps its whole state in arrays, so that it can pause (for a clock, outside) and go on.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from ancrage.siting._bound import ARCS, FEASIBLE, Node, prepare_node
from ancrage.siting._interchange import improve_plan
from ancrage.siting._kernels import BUDGET, PLACES, STEP, TOLERANCE, Data, Int8Array, compute_excess, compute_totals
from ancrage.siting._moves import Moves
from ancrage.siting._tighten import compute_reach_bound, tighten_bound
from ancrage.siting.problem import BoolArray, FloatArray, IntArray

# Positions in Tree.tally.
DEPTH, TRAIL, NODES, WORK, DISTANCE, ROOT_STEPS, NODE_STEPS = 0, 1, 2, 3, 4, 5, 6
# The quick bound is tight, and its selection fast, where this many more places fit at most.
FEW = 12
# Positions in Tree.score.
VALUE, FLOOR = 0, 1


class Tree(NamedTuple):
    """State of a depth-first search.

    state : (m,) 1 open, 0 free, -1 closed; trail : (m,) sites decided, in order.
    mark, phase, branch, bound, lam, phi : by depth; u : (slots, k + n) prices by depth, the last slot shared by deeper
    nodes (any prices give a valid bound; memory is bounded).
    best, trial : (m,) best plan and a buffer; reference : (r, m) plans to be far from (none when the value is
    maximised); tally, score : scalars, see the positions above.
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
def offer_plan(data: Data, moves: Moves, tree: Tree, opened: BoolArray) -> None:
    """Keep a plan if it is feasible and better than the best one."""
    size = 0
    for s in range(opened.size):
        size += opened[s]
    if size > data.number[PLACES]:
        return
    value, cost, short = compute_totals(data, opened, moves.load, moves.worth)
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
def start_from_pool(data: Data, moves: Moves, tree: Tree, pool: BoolArray, size: int) -> None:
    """Offer the first `size` plans of a pool, then the interchange from the best of them.

    Where none is feasible, the interchange starts from the first few in turn until one is.
    """
    m = tree.best.size
    for rank in range(size):
        offer_plan(data, moves, tree, pool[rank])
    if np.isfinite(tree.score[VALUE]):
        tree.trial[:] = tree.best
        improve_plan(data, moves, tree.trial, 4 * m)
        offer_plan(data, moves, tree, tree.trial)
        return
    for rank in range(min(size, 4)):
        tree.trial[:] = pool[rank]
        improve_plan(data, moves, tree.trial, 4 * m)
        offer_plan(data, moves, tree, tree.trial)
        if np.isfinite(tree.score[VALUE]):
            return


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


@njit(cache=True, nogil=True)
def settle_costs(data: Data, node: Node, tree: Tree) -> int:
    """Decide the sites that the budget or the floors alone decide; return how many, or -1 if the node has no plan."""
    if node.answer[FEASIBLE] == 0:
        return -1
    total = 0.0
    for s in range(tree.state.size):
        if tree.state[s] > 0:
            total += node.least[s]
        elif tree.state[s] == 0:
            total += min(0.0, node.least[s])
    # The rounding of this sum must not refuse a plan that the exact sum accepts.
    limit = data.number[BUDGET] + 1e-9 * abs(total)
    if total > limit:
        return -1
    decided = 0
    for s in range(tree.state.size):
        if tree.state[s] != 0:
            continue
        if node.single[s]:
            decide(tree, s, 1)
            decided += 1
        elif node.least[s] > 0.0 and total + node.least[s] > limit:
            decide(tree, s, -1)
            decided += 1
        elif node.least[s] < 0.0 and total - node.least[s] > limit:
            decide(tree, s, 1)
            decided += 1
        elif tree.reference.shape[0] == 0 and node.start[s] == node.stop[s] and node.least[s] >= 0.0:
            # Nobody would use it and it saves nothing: closing it is never worse.
            decide(tree, s, -1)
            decided += 1
    return decided


@njit(cache=True, nogil=True)
def close_early(data: Data, moves: Moves, node: Node, tree: Tree, cut: float) -> bool:
    """Close a node where the money left opens one more place at most, or where the quick bound meets the cut."""
    m = tree.state.size
    spent = 0.0
    cheapest = np.inf
    second = np.inf
    opened = 0
    for s in range(m):
        if tree.state[s] > 0:
            spent += node.least[s]
            opened += 1
        elif tree.state[s] == 0:
            if node.least[s] < 0.0:
                return False
            if node.least[s] < cheapest:
                second = cheapest
                cheapest = node.least[s]
            else:
                second = min(second, node.least[s])
    limit = data.number[BUDGET] + 1e-9 * abs(spent)
    if opened + 1 >= data.number[PLACES] or spent + cheapest + second > limit:
        for s in range(m):
            tree.trial[s] = tree.state[s] > 0
        offer_plan(data, moves, tree, tree.trial)
        for s in range(m):
            if tree.state[s] == 0:
                tree.trial[s] = True
                offer_plan(data, moves, tree, tree.trial)
                tree.trial[s] = False
        return True
    if opened + FEW < data.number[PLACES] and spent + FEW * cheapest < limit:
        return False
    tree.tally[WORK] += node.stop[m - 1]
    return compute_reach_bound(data, node, tree.state, spent) <= cut


@njit(cache=True, nogil=True)
def settle_profits(data: Data, node: Node, tree: Tree, bound: float, cut: float) -> int:
    """Decide the free sites whose other choice brings the bound to the cut; return how many."""
    left = int(data.number[PLACES])
    lowest = np.inf
    next_best = 0.0
    for s in range(tree.state.size):
        if tree.state[s] > 0:
            left -= 1
        elif tree.state[s] == 0:
            if node.best_pick[s]:
                left -= 1
                lowest = min(lowest, node.best_profit[s])
            else:
                next_best = max(next_best, node.best_profit[s])
    full = left <= 0
    decided = 0
    for s in range(tree.state.size):
        if tree.state[s] != 0:
            continue
        if node.best_pick[s]:
            other = bound - node.best_profit[s] + (next_best if full else 0.0)
            if other <= cut:
                decide(tree, s, 1)
                decided += 1
        else:
            other = bound + node.best_profit[s] - (lowest if full else 0.0)
            if other <= cut:
                decide(tree, s, -1)
                decided += 1
    return decided


@njit(cache=True, nogil=True)
def enter_node(data: Data, moves: Moves, node: Node, tree: Tree) -> int:
    """Bound the current node, decide what can be decided; return the site to branch on, or -1 when it is closed."""
    d = tree.tally[DEPTH]
    m = tree.state.size
    tree.tally[NODES] += 1
    bound = tree.bound[d]
    for turn in range(2):
        while True:
            opened = 0
            free = 0
            for s in range(m):
                opened += tree.state[s] > 0
                free += tree.state[s] == 0
            if opened > data.number[PLACES]:
                return -1
            if opened == data.number[PLACES]:
                for s in range(m):
                    if tree.state[s] == 0:
                        decide(tree, s, -1)
                free = 0
            if free == 0:
                for s in range(m):
                    tree.trial[s] = tree.state[s] > 0
                offer_plan(data, moves, tree, tree.trial)
                return -1
            cut = compute_cut(data, tree)
            if bound <= cut:
                return -1
            prepare_node(data, node, tree.state)
            tree.tally[WORK] += node.answer[ARCS]
            decided = settle_costs(data, node, tree)
            if decided < 0:
                return -1
            if decided == 0:
                break
        if close_early(data, moves, node, tree, cut):
            return -1
        target = cut
        steps = tree.tally[NODE_STEPS]
        if d == 0 and turn == 0:
            steps = tree.tally[ROOT_STEPS]
        if not np.isfinite(cut):
            # No plan yet: nothing to aim at.
            target = -1e300
            steps = 1
        u = tree.u[min(d, tree.u.shape[0] - 1)]
        phi = tree.phi[d]
        pace = 1.0 if d == 0 else 0.7
        found, lam = tighten_bound(data, node, tree.state, u, tree.lam[d], phi, target, steps, pace)
        tree.tally[WORK] += steps * node.answer[ARCS]
        u[:] = node.best_u
        phi[:] = node.best_phi
        tree.lam[d] = lam
        bound = min(bound, found)
        tree.bound[d] = bound
        if found <= cut:
            return -1
        tree.trial[:] = node.best_pick
        offer_plan(data, moves, tree, tree.trial)
        if d == 0 and tree.reference.shape[0] == 0:
            for s in range(m):
                tree.trial[s] = node.best_pick[s]
            size = 0
            for s in range(m):
                size += tree.trial[s]
            if size <= data.number[PLACES]:
                improve_plan(data, moves, tree.trial, 2 * m)
                offer_plan(data, moves, tree, tree.trial)
        cut = compute_cut(data, tree)
        if bound <= cut:
            return -1
        # The profits belong to `found`, which may be above the bound inherited from the parent.
        if settle_profits(data, node, tree, found, cut) == 0:
            break
    # The site that may take most users changes most what is left to decide.
    chosen = -1
    for s in range(m):
        if tree.state[s] == 0 and (chosen < 0 or node.most[s] > node.most[chosen]):
            chosen = s
    if chosen < 0:
        for s in range(m):
            tree.trial[s] = tree.state[s] > 0
        offer_plan(data, moves, tree, tree.trial)
    return chosen


@njit(cache=True, nogil=True)
def run_search(data: Data, moves: Moves, node: Node, tree: Tree, work: int, nodes: int) -> bool:
    """Go on until the tree is closed (True), or until `work` arcs or `nodes` nodes more (False)."""
    work += tree.tally[WORK]
    nodes += tree.tally[NODES]
    while tree.tally[DEPTH] >= 0:
        if tree.tally[WORK] > work or tree.tally[NODES] >= nodes:
            return False
        d = tree.tally[DEPTH]
        if tree.phase[d] == 0:
            s = enter_node(data, moves, node, tree)
            if s < 0:
                tree.tally[DEPTH] -= 1
                continue
            tree.branch[d] = s
            tree.mark[d] = tree.tally[TRAIL]
        else:
            undo(tree, tree.mark[d])
            s = tree.branch[d]
            if tree.phase[d] == 2 or tree.bound[d] <= compute_cut(data, tree):
                tree.tally[DEPTH] -= 1
                continue
        first = 1
        if tree.reference.shape[0] > 0 and tree.reference[:, s].any():
            first = -1
        decide(tree, s, first if tree.phase[d] == 0 else -first)
        tree.phase[d] += 1
        if d + 1 < tree.u.shape[0]:
            tree.u[d + 1] = tree.u[d]
        tree.phi[d + 1] = tree.phi[d]
        tree.lam[d + 1] = tree.lam[d]
        tree.bound[d + 1] = tree.bound[d]
        tree.phase[d + 1] = 0
        tree.tally[DEPTH] += 1
    return True


@njit(cache=True, nogil=True)
def compute_open_bound(tree: Tree) -> float:
    """Return the highest bound among the nodes still to be explored, -inf when there is none."""
    highest = -np.inf
    for d in range(tree.tally[DEPTH] + 1):
        if tree.phase[d] < 2:
            highest = max(highest, tree.bound[d])
    return highest
