"""What is left of a coverage once decided and reduced, and its integer programme given to HiGHS through SciPy.

The programme is that of Church and ReVelle (1974): y[i] <= sum of x[s] over the sites that cover home i, at most p
sites. Only plans at least as good as the best known are looked for: HiGHS proves a plan much sooner than their absence.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array, vstack

from ancrage.siting._cover import CUTOFF, PLACES_LEFT, Prices, decide_node, settle_node
from ancrage.siting._cover_anneal import Cover
from ancrage.siting.problem import BoolArray, FloatArray

TOLERANCE = 1e-6
"""Of HiGHS, on rows and on integers; weights are divided by the largest, so that it means a share of that one."""

INFEASIBLE = 2
"""Status of SciPy."""


@dataclass(frozen=True)
class Core:
    """The part of a coverage that is not decided.

    Attributes
    ----------
    opened : (m,) sites that every better plan opens; base : their value [unit]; places : how many more may open.
    site : (k,) sites left, in the order of the columns of `reach`; fixed : (k,) their costs [unit].
    reach : (r, k) 1 where a site covers a home; homes that the same sites cover are one row, of weight (r,) [unit].
    """

    opened: BoolArray
    base: float
    places: int
    site: NDArray[np.int64]
    fixed: FloatArray
    reach: csr_array
    weight: FloatArray


def build_core(cover: Cover, prices: Prices, places: int, cutoff: float) -> Core:
    """Return what is left for plans of at least `cutoff`, given the best prices of the root; changes `prices.state`.

    Three reductions: sites decided by their reduced profit (`decide_node`), homes that the same sites cover made one,
    sites dropped whose homes are all covered by another that costs no more (of equals, the first stays).
    """
    prices.score[CUTOFF] = cutoff
    settle_node(cover, prices, places)
    decide_node(prices)
    base = float(settle_node(cover, prices, places))
    site = np.flatnonzero(prices.state == 0)
    column = np.full(prices.state.size, -1)
    column[site] = np.arange(site.size)
    home = np.repeat(np.arange(cover.weight.size), np.diff(cover.row))
    kept = prices.alive[home] & (column[cover.site] >= 0)
    groups: dict[bytes, int] = {}
    alive = np.flatnonzero(prices.alive)
    reach = csr_array(
        (np.ones(int(kept.sum())), (home[kept], column[cover.site[kept]])), shape=(cover.weight.size, site.size)
    )[alive]
    reach.sort_indices()
    group = np.array(
        [groups.setdefault(reach.indices[a:b].tobytes(), len(groups)) for a, b in pairwise(reach.indptr)],
        dtype=np.int64,
    )
    weight = np.bincount(group, cover.weight[alive], minlength=len(groups))
    reach = reach[np.unique(group, return_index=True)[1]]
    fixed = cover.fixed[site]
    left = ~list_dominated(reach, fixed)
    return Core(
        opened=prices.state > 0,
        base=base,
        places=int(prices.tally[PLACES_LEFT]),
        site=site[left],
        fixed=fixed[left],
        reach=csr_array(reach[:, left]),
        weight=weight,
    )


def list_dominated(reach: csr_array, fixed: FloatArray) -> BoolArray:
    """Say of each site whether another covers all its homes and costs no more; of equals, the first is not dominated.

    Parameters
    ----------
    reach : (r, k) 0 or 1; fixed : (k,) [unit].
    """
    shared = csr_array(reach.T @ reach).tocoo()
    first, other = shared.coords
    size = np.asarray(reach.sum(axis=0)).ravel()
    within = (shared.data == size[first]) & (first != other) & (fixed[other] <= fixed[first])
    better = (size[other] > size[first]) | (fixed[other] < fixed[first]) | (other < first)
    dominated = np.zeros(fixed.size, dtype=np.bool_)
    dominated[first[within & better]] = True
    # A site that earns by itself is worth opening beside the one that covers its homes.
    dominated &= fixed >= 0.0
    return dominated


def solve_core(core: Core, cutoff: float, seconds: float | None) -> tuple[BoolArray | None, float]:
    """Return the best plan of at least `cutoff`, None if there is none or none was found, and a bound [unit].

    The bound is that of all plans: `cutoff` where no plan reaches it, infinite where the time ran out first.
    `scipy.optimize.milp` frees the interpreter lock while it works, and cannot be stopped but by its time.

    Parameters
    ----------
    cutoff : least value looked for [unit]. seconds : most time; None for no limit.
    """
    r, k = core.reach.shape
    opened = core.opened.copy()
    if core.base == -np.inf:
        return None, cutoff
    if r == 0:
        # Nothing left to cover: sites that earn by themselves fill the places.
        earning = np.argsort(core.fixed, kind="stable")[: core.places]
        earning = earning[core.fixed[earning] < 0.0]
        opened[core.site[earning]] = True
        value = core.base - float(core.fixed[earning].sum())
        return (opened if value >= cutoff else None), max(value, cutoff)
    unit = float(np.max(core.weight))
    gain = np.concatenate([-core.fixed, core.weight]) / unit
    rows = vstack(
        [
            block_array([[core.reach, -eye_array(r)]]),
            csr_array(np.concatenate([np.ones(k), np.zeros(r)])[None]),
            csr_array(gain[None]),
        ]
    )
    lower = np.concatenate([np.zeros(r), [-np.inf, (cutoff - core.base) / unit]])
    upper = np.concatenate([np.full(r, np.inf), [core.places, np.inf]])
    found = milp(
        -gain,
        constraints=LinearConstraint(rows, lower, upper),
        bounds=Bounds(0, 1),
        integrality=np.concatenate([np.ones(k), np.zeros(r)]),
        options={"mip_rel_gap": 0.0} | ({} if seconds is None else {"time_limit": seconds}),
    )
    if found.status == INFEASIBLE:
        return None, cutoff
    if found.x is None:
        return None, np.inf
    opened[core.site[found.x[:k] > 0.5]] = True
    return opened, max(cutoff, core.base - unit * float(found.mip_dual_bound) + TOLERANCE * unit)
