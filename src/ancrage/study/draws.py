"""The network under drawn coefficients: intervals and robustness."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ancrage.parameters import Parameters
from ancrage.siting.evaluate import compute_budget_limit
from ancrage.siting.problem import SitingDraws, SitingPlan, SitingProblem
from ancrage.siting.robustness import solve_draws
from ancrage.study.inputs import (
    StudyInputs,
    build_site_costs,
    compute_effects,
    compute_use,
    draw_coefficients,
    select_objective,
)
from ancrage.study.network import NetworkUse, compute_network
from ancrage.study.results import RobustnessResult
from ancrage.study.settings import StudySettings

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

# Draws computed together: bounds the memory of the arcs.
_DRAW_BLOCK = 100


@dataclass(frozen=True)
class Drawn:
    """Drawn coefficients (name -> (R,)), the network under each of them, and the siting data of each draw."""

    coefficients: Mapping[str, FloatArray]
    network: NetworkUse
    draws: SitingDraws


def draw_network(
    settings: StudySettings,
    inputs: StudyInputs,
    chosen: Parameters,
    is_open: BoolArray,
    progress: Callable[[float], None] | None = None,
) -> Drawn:
    """Draw the coefficients and recompute the arcs and the network, block by block to bound the memory.

    `progress` is called with the share done, 0..1, after each block.
    """
    coefficients = draw_coefficients(chosen, settings.draws, settings.seed)
    arcs = len(inputs.reach.home)
    value = np.empty((settings.draws, arcs))
    demand = np.empty((settings.draws, arcs))
    networks: list[NetworkUse] = []
    for first in range(0, settings.draws, _DRAW_BLOCK):
        block = slice(first, min(first + _DRAW_BLOCK, settings.draws))
        part = {name: values[block] for name, values in coefficients.items()}
        use = compute_use(inputs, part)
        value[block] = select_objective(settings.objective, compute_effects(inputs, use, part, slice(None)))
        demand[block] = use.total
        networks.append(compute_network(inputs, use, part, is_open))
        if progress is not None:
            progress(block.stop / settings.draws)
    network = _stack(networks)
    fixed, per_desk, income = build_site_costs(inputs, network.place)
    return Drawn(
        coefficients,
        network,
        SitingDraws(value, demand, fixed, per_desk, income, network.place.desks_per_day),
    )


def _stack(parts: list[NetworkUse]) -> NetworkUse:
    """Put blocks of draws back together; what has no draw axis is the same in every block."""

    def join(values: list[object]) -> object:
        first = values[0]
        if dataclasses.is_dataclass(first) and not isinstance(first, type):
            return type(first)(
                **{f.name: join([getattr(v, f.name) for v in values]) for f in dataclasses.fields(first)}
            )
        return np.concatenate([np.asarray(v) for v in values])

    shared = {name: getattr(parts[0], name) for name in ("arcs", "home", "site")}
    return NetworkUse(
        **shared,
        **{
            f.name: join([getattr(part, f.name) for part in parts])  # type: ignore[arg-type]
            for f in dataclasses.fields(NetworkUse)
            if f.name not in shared
        },
    )


def build_robustness(
    problem: SitingProblem,
    drawn: Drawn,
    best: SitingPlan,
    inputs: StudyInputs,
    names: Mapping[str, str],
    progress: Callable[[float], None] | None = None,
) -> RobustnessResult:
    """Re-optimise under every draw and say how often each commune belongs to the best network."""
    solved = solve_draws(problem, drawn.draws, best, progress=progress)
    shares = sorted(
        (
            (str(code), names[str(code)], float(share))
            for code, share in zip(inputs.site_codes, solved.site_share, strict=True)
            if share >= 0.01
        ),
        key=lambda row: (-row[2], row[0]),
    )
    # A network that overspends a draw is not comparable with the best one within the budget: it is counted apart.
    affordable = solved.plan_cost <= compute_budget_limit(problem.budget)
    best_value, plan_value = solved.best_value[affordable], solved.plan_value[affordable]
    # Where the best is to open nothing, the loss is set against the plan's own value.
    scale = np.maximum(np.abs(best_value), np.abs(plan_value))
    regret = np.divide(solved.regret[affordable], scale, out=np.zeros(len(scale)), where=scale > 0)
    median, p90 = np.quantile(regret, (0.5, 0.9)) if len(regret) else (np.nan, np.nan)
    return RobustnessResult(
        draws=len(solved.best_value),
        proven=solved.proven,
        site_share=tuple(shares),
        regret_median=float(median),
        regret_p90=float(p90),
        over_budget=solved.over_budget,
        values=solved.plan_value,
        best=solved.best_value,
    )
