"""Compiled subgradient steps on the prices of a node's bound, and the quick bound that comes before them."""

from __future__ import annotations

import numpy as np
from numba import njit

from ancrage.siting._bound import STEPS, Node, compute_bound
from ancrage.siting._kernels import (
    BUDGET,
    DESKS_PER_DAY,
    PRICE_PACE,
    SPREAD,
    TOLERANCE,
    Data,
    Int8Array,
)
from ancrage.siting.problem import FloatArray


@njit(cache=True, nogil=True)
def project_prices(data: Data, node: Node, u: FloatArray) -> None:
    """Bring the prices of each home back to a sequence that never falls: the nearest one (least squares).

    The last price is at least 0 where the home may stay unserved. Neighbours in the wrong order are replaced by
    their mean, block by block (isotonic regression, pool adjacent violators).
    """
    k = data.site.size
    for i in range(node.alive.size):
        if not node.alive[i]:
            u[k + i] = 0.0
            continue
        if u[k + i] < 0.0 and not node.certain[i]:
            u[k + i] = 0.0
        if data.number[SPREAD] == 0.0:
            continue
        a = node.next[node.sure[i]]
        ordered = True
        before = -np.inf
        while True:
            if u[a] < before:
                ordered = False
                break
            before = u[a]
            if a >= k:
                break
            a = node.next[a]
        if ordered:
            continue
        size = 0
        a = node.next[node.sure[i]]
        while True:
            node.block[size] = u[a]
            node.length[size] = 1.0
            size += 1
            while size > 1 and node.block[size - 2] > node.block[size - 1]:
                both = node.length[size - 2] + node.length[size - 1]
                node.block[size - 2] += (node.block[size - 1] - node.block[size - 2]) * node.length[size - 1] / both
                node.length[size - 2] = both
                size -= 1
            if a >= k:
                break
            a = node.next[a]
        if node.block[size - 1] < 0.0 and not node.certain[i]:
            node.block[size - 1] = 0.0
        a = node.next[node.sure[i]]
        at = 0
        used = 0.0
        while True:
            if used >= node.length[at]:
                used = 0.0
                at += 1
            u[a] = node.block[at]
            used += 1.0
            if a >= k:
                break
            a = node.next[a]


@njit(cache=True, nogil=True)
def compute_slope(data: Data, node: Node, u: FloatArray, lam: float, phi: FloatArray) -> float:
    """Write the slope of the bound in u and in phi; return its slope in lam."""
    k = data.site.size
    node.slope[:] = 0.0
    for i in range(node.alive.size):
        if node.alive[i]:
            node.slope[k + i] = 1.0
    limited = not np.isinf(data.number[BUDGET])
    steep = data.number[BUDGET] if limited else 0.0
    for zone in range(phi.size):
        node.zone_slope[zone] = -data.need[zone]
    for s in range(node.pick.size):
        if not node.pick[s]:
            continue
        share = node.share[s]
        for j in range(node.start[s], node.stop[s]):
            i = node.home[j]
            node.slope[node.after[j]] -= 1.0
            if j >= node.split[s]:
                gain = share * (node.worth[j] - node.tilt[s] * node.demand[j]) - u[node.arc[j]]
                if gain <= 0.0:
                    node.slope[node.arc[j]] += 1.0
                    continue
            if phi.size > 0 and data.zone[i] >= 0:
                node.zone_slope[data.zone[i]] += share * data.weight[i]
        if limited:
            desks = max(node.desks[s], node.days[s] * data.number[DESKS_PER_DAY])
            steep -= data.fixed[s] + data.desk_cost[s] * desks - data.income[s] * node.days[s]
    for i in range(node.alive.size):
        if node.slope[k + i] > 0.0 and u[k + i] <= 0.0 and not node.certain[i]:
            node.slope[k + i] = 0.0
    for zone in range(phi.size):
        if node.zone_slope[zone] > 0.0 and phi[zone] <= 0.0:
            node.zone_slope[zone] = 0.0
    if steep > 0.0 and lam <= 0.0:
        steep = 0.0
    return float(steep)


@njit(cache=True, nogil=True)
def tighten_bound(
    data: Data,
    node: Node,
    state: Int8Array,
    u: FloatArray,
    lam: float,
    phi: FloatArray,
    target: float,
    iterations: int,
    pace: float,
) -> tuple[float, float]:
    """Lower the bound by subgradient steps from (u, lam, phi) towards `target`; return the best bound and its lam.

    Polyak steps along a deflected direction; the pace is reduced when the bound stalls. The best prices, profits and
    selection are left in node.best_*. Every bound met is valid, so the number of steps only costs time. `u` and `phi`
    are overwritten.
    """
    k = data.site.size
    weight = data.number[PRICE_PACE]
    spread = data.number[SPREAD]
    project_prices(data, node, u)
    node.answer[STEPS] = 0
    node.direction[:] = 0.0
    node.zone_direction[:] = 0.0
    best = np.inf
    best_lam = lam
    drift = 0.0
    stalled = 0
    patience = 8 if iterations < 100 else 12
    for step in range(iterations):
        node.answer[STEPS] += 1
        bound = compute_bound(data, node, state, u, lam, phi)
        if bound < best:
            if bound < best - 1e-4 * abs(best - target):
                stalled = 0
            best = bound
            best_lam = lam
            node.best_u[:] = u
            node.best_phi[:] = phi
            node.best_profit[:] = node.profit
            node.best_pick[:] = node.pick
            if best <= target + data.number[TOLERANCE]:
                break
        stalled += 1
        if stalled > patience:
            stalled = 0
            pace *= 0.6
            u[:] = node.best_u
            phi[:] = node.best_phi
            lam = best_lam
            bound = compute_bound(data, node, state, u, lam, phi)
            node.direction[:] = 0.0
            node.zone_direction[:] = 0.0
            drift = 0.0
            if pace < 2e-3:
                break
        if step == iterations - 1:
            break
        steep = compute_slope(data, node, u, lam, phi) * weight
        norm = 0.0
        for i in range(node.alive.size):
            if not node.alive[i]:
                continue
            whole = node.slope[k + i]
            a = node.next[node.sure[i]] if spread > 0.0 else k
            while a < k:
                whole += node.slope[a]
                node.direction[a] = 0.6 * node.direction[a] + node.slope[a]
                norm += spread * node.direction[a] * node.direction[a]
                a = node.next[a]
            node.direction[k + i] = 0.6 * node.direction[k + i] + whole
            norm += node.direction[k + i] * node.direction[k + i]
        drift = 0.6 * drift + steep
        norm += drift * drift
        for zone in range(phi.size):
            # A floor's price is counted per share of the zone, on the scale of one home.
            scale = np.sqrt(float(node.alive.size)) / data.whole[zone]
            node.zone_direction[zone] = 0.6 * node.zone_direction[zone] + node.zone_slope[zone] * scale
            norm += node.zone_direction[zone] * node.zone_direction[zone]
        if norm == 0.0:
            break
        length = pace * (bound - target) / norm
        for i in range(node.alive.size):
            if not node.alive[i]:
                continue
            shift = length * node.direction[k + i]
            u[k + i] -= shift
            a = node.next[node.sure[i]] if spread > 0.0 else k
            while a < k:
                u[a] -= shift + length * spread * node.direction[a]
                a = node.next[a]
        lam = max(0.0, lam - length * drift * weight)
        for zone in range(phi.size):
            scale = np.sqrt(float(node.alive.size)) / data.whole[zone]
            phi[zone] = max(0.0, phi[zone] - length * node.zone_direction[zone] * scale)
        project_prices(data, node, u)
    return best, best_lam
