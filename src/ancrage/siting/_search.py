"""Compiled branch and bound over sets of sites: Lagrangian bound at the nodes, exact evaluation of every plan.

The search keeps its whole state in arrays, so that it can pause (for a clock, outside) and go on.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._bound import ARCS, FEASIBLE, FIT, STEPS, Node, prepare_node
from ancrage.siting._few import close_early
from ancrage.siting._interchange import improve_plan
from ancrage.siting._kernels import BUDGET, PLACES, Data
from ancrage.siting._moves import Moves
from ancrage.siting._tighten import tighten_bound
from ancrage.siting._tree import (
    DEPTH,
    NODE_STEPS,
    NODES,
    ROOT_STEPS,
    TRAIL,
    VALUE,
    WORK,
    Tree,
    compute_cut,
    decide,
    offer_plan,
    undo,
)
from ancrage.siting.problem import BoolArray

# The quick bound stands alone where this many more places fit at most.
QUICK = 5


@njit(cache=True, nogil=True)
def offer_pool(data: Data, tree: Tree, pool: BoolArray, size: int) -> None:
    """Offer the first `size` plans of a pool."""
    for rank in range(size):
        offer_plan(data, tree, pool[rank])


def offer_improved(data: Data, moves: Moves, tree: Tree, opened: BoolArray, max_moves: int) -> None:
    """Offer what the interchange makes of a plan, if its places are not too many."""
    # Called from Python, so that the interchange is not compiled again within the search.
    if int(opened.sum()) <= data.number[PLACES]:
        tree.trial[:] = opened
        improve_plan(data, moves, tree.trial, max_moves)
        offer_plan(data, tree, tree.trial)


def start_from_pool(data: Data, moves: Moves, tree: Tree, pool: BoolArray, size: int) -> None:
    """Offer the first `size` plans of a pool, then the interchange from the best of them.

    Where none is feasible, the interchange starts from the first few in turn until one is.
    """
    m = tree.best.size
    offer_pool(data, tree, pool, size)
    if np.isfinite(tree.score[VALUE]):
        offer_improved(data, moves, tree, tree.best, 4 * m)
        return
    for rank in range(min(size, 4)):
        offer_improved(data, moves, tree, pool[rank], 4 * m)
        if np.isfinite(tree.score[VALUE]):
            return


def round_root(data: Data, moves: Moves, node: Node, tree: Tree) -> None:
    """Offer what the interchange makes of the sites that the bound of the root selects (after one node)."""
    if tree.tally[DEPTH] > 0 and node.answer[STEPS] > 0:
        offer_improved(data, moves, tree, node.best_pick, 2 * tree.best.size)


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
                offer_plan(data, tree, tree.trial)
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
                decided = close_early(data, moves, node, tree, cut)
                if decided < 0:
                    return -1
                if decided == 0:
                    break
        if node.answer[FIT] <= QUICK:
            # The gains alone close the levels below at less cost than steps.
            break
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
        # A step reads an arc about three times: twice for its profits, once for its slope.
        tree.tally[WORK] += 3 * node.answer[STEPS] * node.answer[ARCS]
        u[:] = node.best_u
        phi[:] = node.best_phi
        tree.lam[d] = lam
        bound = min(bound, found)
        tree.bound[d] = bound
        if found <= cut:
            return -1
        tree.trial[:] = node.best_pick
        offer_plan(data, tree, tree.trial)
        cut = compute_cut(data, tree)
        if bound <= cut:
            return -1
        # The profits belong to `found`, which may be above the bound inherited from the parent.
        if settle_profits(data, node, tree, found, cut) == 0:
            break
    # The site that may take most users changes most what is left to decide.
    chosen = -1
    score = node.profit if node.answer[FIT] <= QUICK else node.most
    for s in range(m):
        if tree.state[s] == 0 and (chosen < 0 or score[s] > score[chosen]):
            chosen = s
    if chosen < 0:
        for s in range(m):
            tree.trial[s] = tree.state[s] > 0
        offer_plan(data, tree, tree.trial)
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
