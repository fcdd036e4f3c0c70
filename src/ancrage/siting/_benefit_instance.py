"""What is left to decide at the root, and its bound: instances cut as sites are decided, sites of little profit asleep.

Pricing: where the bound is nearly settled, steps are taken with the sites of best reduced profit alone; one step of
all sites in every round gives the true bound and wakes those that its choice would take.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ancrage.siting._benefit_bound import (
    BOUND,
    CUTOFF,
    PACE,
    TARGET,
    Dual,
    Rows,
    build_dual,
    cut_rows,
    improve_dual,
    shorten_rows,
)
from ancrage.siting._benefits import Int8Array
from ancrage.siting.problem import FloatArray, IntArray

PATIENCE = 20
"""Steps without progress after which the pace at the root is halved; with 8, the bound stalls a fifth higher."""

CORE_PATIENCE = 80
"""Patience where most sites are asleep."""

CORE_SITES = 1000
"""Sites from which most may be put to sleep."""

CORE_GAP, CORE_SHARE = 0.02, 0.9
"""Most sites are put to sleep once the gap by place is this share of the least profit picked (their prices then move
little), and those of less than the second share of it are."""

WAKE = 0.95
"""Share of the least profit picked from which a site wakes."""

SHORT_ENTRIES = 100_000
"""Entries from which short rows are worth their copy."""


@dataclass
class Instance:
    """What is left to decide: rows of some homes and sites, less what the open sites give (`base`)."""

    rows: Rows
    fixed: FloatArray
    site: IntArray
    home: IntArray
    places: int
    base: float
    dual: Dual
    core: Core | None = None
    short: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.short = self.rows
        self.dual.next[:] = 0.0

    def read_dual(self) -> Dual:
        """Return the multipliers being moved."""
        return self.core.dual if self.core else self.dual


@dataclass
class Core:
    """An instance whose sites of little profit are asleep (-1): its steps are short, its bounds are not bounds."""

    asleep: Int8Array
    short: Rows
    dual: Dual


def cut_instance(instance: Instance, state: Int8Array) -> Instance:
    """Return the instance left when sites of it are open (1) or closed (-1)."""
    old = instance.dual
    if instance.core:
        old.score[PACE] = instance.core.dual.score[PACE]
        old.direction[:] = instance.core.dual.direction
        old.mean[:] = instance.core.dual.mean
    rows = instance.rows
    left = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    u = np.empty_like(old.u)
    base = instance.base + float(cut_rows(rows, state, old.best_u, left, u)) - float(instance.fixed[state > 0].sum())
    homes = np.flatnonzero(np.diff(left.row))
    sites = np.flatnonzero(state == 0)
    number = np.full(state.size, -1, dtype=np.int32)
    number[sites] = np.arange(sites.size, dtype=np.int32)
    size = int(left.row[-1])
    dual = build_dual(homes.size, sites.size, PATIENCE)
    dual.u[:] = dual.best_u[:] = u[homes]
    dual.direction[:] = old.direction[homes]
    dual.mean[:] = old.mean[sites]
    dual.score[:] = old.score
    dual.score[BOUND] = np.inf
    dual.tally[:] = old.tally
    smaller = Instance(
        rows=Rows(np.append(left.row[homes], size), number[left.site[:size]], left.value[:size].copy()),
        fixed=instance.fixed[sites],
        site=instance.site[sites],
        home=instance.home[homes],
        places=instance.places - int(np.sum(state > 0)),
        base=base,
        dual=dual,
    )
    if instance.core:
        smaller.core = build_core(smaller, instance.core.asleep[sites])
    elif size > SHORT_ENTRIES:
        shorten_instance(smaller)
    return smaller


def step_dual(instance: Instance, value: float, margin: float, steps: int) -> bool:
    """Take subgradient steps, of the sites awake alone where there is a core; True when the bound is final.

    After the steps of a core, one step of all sites makes a bound of its multipliers and wakes the sites that its
    choice would take, or nearly.
    """
    core, dual = instance.core, instance.dual
    for one in (dual, core.dual) if core else (dual,):
        one.score[TARGET] = value + 0.5 * margin
        one.score[CUTOFF] = value + margin
    awake = np.zeros(instance.site.size, dtype=np.int8)
    rest = (instance.places, instance.base)
    if core is None:
        return bool(improve_dual(instance.rows, instance.short, instance.fixed, awake, *rest, dual, steps))
    improve_dual(instance.rows, core.short, instance.fixed, core.asleep, *rest, core.dual, steps)
    dual.u[:] = core.dual.best_u
    dual.direction[:] = core.dual.direction
    final = improve_dual(instance.rows, instance.short, instance.fixed, awake, *rest, dual, 1)
    level = float(np.min(dual.rho[dual.pick], initial=np.inf))
    if np.any((core.asleep < 0) & (dual.rho > level)):
        core.asleep[dual.rho > WAKE * level] = 0
        shorten_core(instance, core)
    return bool(final and dual.score[BOUND] < dual.score[CUTOFF])


def choose_asleep(instance: Instance, gap: float) -> Int8Array | None:
    """Return the sites of little reduced profit (-1), None where it is too early or they are not most of the sites."""
    dual = instance.dual
    picked = dual.best_rho[dual.best_pick]
    level = float(np.min(picked)) if 0 < instance.places <= picked.size else 0.0
    awake = dual.best_rho > CORE_SHARE * level
    if gap > CORE_GAP * level * instance.places or 3 * awake.sum() > awake.size or awake.size < CORE_SITES:
        return None
    return awake.astype(np.int8) - np.int8(1)


def build_core(instance: Instance, asleep: Int8Array) -> Core:
    """Put sites to sleep, and go on from the multipliers of all sites."""
    dual = instance.dual
    moved = build_dual(dual.u.size, dual.rho.size, CORE_PATIENCE)
    moved.u[:] = moved.best_u[:] = dual.best_u
    moved.direction[:] = dual.direction
    moved.mean[:] = dual.mean
    moved.score[PACE] = dual.score[PACE]
    core = Core(asleep, instance.rows, moved)
    shorten_instance(instance)
    shorten_core(instance, core)
    return core


def shorten_instance(instance: Instance) -> None:
    """Gather the entries near the multipliers and above them, so that a step reads memory in order."""
    awake = np.zeros(instance.site.size, dtype=np.int8)
    instance.short = copy_short(instance.rows, awake, instance.dual, 0.7)


def shorten_core(instance: Instance, core: Core) -> None:
    """Gather the same entries of the sites awake; bounds with other sites asleep are forgotten."""
    core.short = copy_short(instance.rows, core.asleep, core.dual, 0.7)
    core.dual.score[BOUND] = np.inf


def copy_short(rows: Rows, asleep: Int8Array, dual: Dual, share: float) -> Rows:
    """Return the entries of the sites awake above `share` x u, and write the largest ones left out in the dual."""
    short = Rows(np.empty_like(rows.row), np.empty_like(rows.site), np.empty_like(rows.value))
    size = shorten_rows(rows, asleep, dual.best_u, share, short, dual.next)
    return Rows(short.row, short.site[:size].copy(), short.value[:size].copy())
