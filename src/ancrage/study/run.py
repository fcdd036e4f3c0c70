"""The main job: from settings and a territory to a planned network, its effects, its proof and its robustness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ancrage import __version__
from ancrage.errors import InputError, UnaffordableError
from ancrage.figures import Figure
from ancrage.language import Text, format_number
from ancrage.parameters import Parameters
from ancrage.siting.evaluate import check_plan, check_problem, compute_budget_limit, evaluate
from ancrage.siting.explore import compute_frontier, compute_marginal_losses, list_alternatives, price_constraints
from ancrage.siting.problem import Alternative, ConstraintPrice, FrontierPoint, SitingPlan, SitingProblem
from ancrage.siting.solve import solve
from ancrage.study.assumptions import list_assumptions
from ancrage.study.draws import Drawn, build_robustness, draw_network
from ancrage.study.floors import (
    add_witnesses,
    build_floors,
    build_floors_refusal,
    compute_eligible,
    compute_served_shares,
    leave_unused_arcs,
)
from ancrage.study.impact_lines import build_figure, list_controls, list_impact
from ancrage.study.inputs import (
    COEFFICIENTS,
    UNITS,
    StudyInputs,
    build_inputs,
    build_problem,
    compute_effects,
    compute_use,
    read_central,
)
from ancrage.study.network import compute_network
from ancrage.study.results import AlternativeRow, ConstraintRow, FrontierRow, RobustnessResult, StudyResult
from ancrage.study.rows import (
    describe_proof,
    list_codes,
    list_communes,
    list_names,
    list_places,
    list_warnings,
)
from ancrage.study.settings import CoefficientOverride, Objective, StudySettings
from ancrage.territory.model import Territory
from ancrage.territory.travel import TravelProvider

FloatArray = NDArray[np.float64]
Progress = Callable[[Text, float], None]

OBJECTIVE_LABELS: dict[Objective, Text] = {
    "km": Text("kilometres avoided", "kilomètres évités"),
    "hours": Text("hours of travel saved", "heures de trajet gagnées"),
    "co2": Text("net CO2 avoided", "CO2 net évité"),
    "value": Text("net social value", "valeur sociale nette"),
}

NOT_MODELLED: tuple[Text, ...] = (
    Text("Moves of home that the place would bring about.", "Les déménagements que le lieu provoquerait."),
    Text("Relief of road congestion.", "La moindre congestion des routes."),
    Text("Effects on the employer's productivity.", "Les effets sur la productivité de l'employeur."),
    Text("House prices.", "Le prix des logements."),
    Text(
        "People who would come to live here because of the place: they are coached, not predicted.",
        "Les personnes qui viendraient vivre ici grâce au lieu : elles sont accompagnées, pas prédites.",
    ),
    Text("Fares lost by public transport.", "Les recettes perdues par les transports publics."),
)

_FRONTIER_SHARES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
# Alternatives are looked for beyond the epsilon asked, up to here, when too few exist within it.
_WIDEST_EPSILON = 0.2
# Searches that explaining a refused floor may take: each has this part of the time of the best network.
_REFUSAL_PARTS = 10


def _ignore_progress(step: Text, share: float) -> None:
    del step, share


def _divide_progress(progress: Progress, step: Text, first: float, last: float) -> Callable[[float], None]:
    """Return what a step tells its own progress to, 0..1, as a part of the whole."""
    return lambda share: progress(step, first + (last - first) * share)


def choose_parameters(settings: StudySettings, parameters: Parameters) -> Parameters:
    """Apply the preset of a study, then its overrides."""
    replaced: dict[str, float | tuple[float, float, float]] = {
        name: (given.low, given.value, given.high) if isinstance(given, CoefficientOverride) else given
        for name, given in settings.parameters.items()
    }
    chosen = parameters.with_preset(settings.preset)
    return chosen.with_overrides(replaced) if replaced else chosen


def run_study(
    settings: StudySettings,
    territory: Territory,
    parameters: Parameters,
    provider: TravelProvider,
    *,
    progress: Progress = _ignore_progress,
    deadline: float | None = None,
    clock: Callable[[], float] | None = None,
    explore: bool = True,
) -> StudyResult:
    """Plan a network of third places.

    Parameters
    ----------
    territory : study area with its halo; its flows start from both.
    parameters : bundled values; the preset and the overrides of `settings` are applied here.
    progress : called with a sentence and the share done, 0..1, which never falls.
    deadline : seconds that the best network may take, and again the whole frontier, and each price up to one point of
        it, with `clock`; None to go to the proof.
    explore : also draw the frontier, the alternatives and the prices of the constraints; False leaves them empty.

    Raises
    ------
    InputError, MissingDataError, ParameterError
        For settings that cannot be met, in one sentence.
    """
    chosen = choose_parameters(settings, parameters)
    progress(Text("Travel times and commutes", "Temps de trajet et navettes"), 0.0)
    inputs = build_inputs(settings, territory, chosen, provider)
    names = list_names(territory)
    _check_settings(settings, inputs, territory)

    central = read_central(chosen)
    use = compute_use(inputs, central)
    yearly = compute_effects(inputs, use, central, slice(None))
    floors = build_floors(settings, territory, inputs, central)
    # Arcs that only the draws use stay in `whole`: here they would serve nobody, and meet a floor all the same.
    whole = build_problem(settings, inputs, central, use, yearly, floors)
    problem = whole if floors is None else leave_unused_arcs(whole)
    check_problem(problem)

    progress(Text("Best network and its proof", "Meilleur réseau et sa preuve"), 0.1)
    best = solve(problem, deadline=deadline, clock=clock)
    if floors is not None and best.status == "infeasible" and _is_paid(problem, problem.imposed):
        raise build_floors_refusal(problem, None if deadline is None else deadline / _REFUSAL_PARTS, clock)
    _check_affordable(settings, inputs, problem, best, territory)
    check_plan(problem, best)

    by, limits = _choose_limits(settings, len(inputs.site_codes))
    frontier: tuple[FrontierPoint, ...] = ()
    alternatives: list[Alternative] = []
    constraints: tuple[ConstraintPrice, ...] = ()
    if explore:
        step = Text("Best network for other limits", "Meilleur réseau pour d'autres limites")
        progress(step, 0.2)
        share = None if deadline is None else deadline / len(limits)
        frontier = tuple(
            _keep_best(point, best, settings.budget if by == "budget" else settings.places)
            for point in compute_frontier(
                problem, limits, by, deadline=share, clock=clock, progress=_divide_progress(progress, step, 0.2, 0.35)
            )
        )
        progress(Text("Networks almost as good", "Réseaux presque aussi bons"), 0.35)
        alternatives = _list_alternatives(settings, problem, best)
        step = Text("Price of the constraints", "Prix des contraintes")
        progress(step, 0.4)
        constraints = price_constraints(
            problem, best, deadline=share, clock=clock, progress=_divide_progress(progress, step, 0.4, 0.45)
        )
    losses = compute_marginal_losses(problem, best.open)

    network = compute_network(inputs, use, central, best.open)
    baseline = compute_network(inputs, use, central, (inputs.existing_desks > 0) & best.open)

    drawn: Drawn | None = None
    robustness: RobustnessResult | None = None
    if settings.draws:
        step = Text("Simulations of the coefficients", "Simulations des coefficients")
        progress(step, 0.45)
        drawn = draw_network(settings, inputs, chosen, best.open, _divide_progress(progress, step, 0.45, 0.65))
        step = Text("Best network of every simulation", "Meilleur réseau de chaque simulation")
        progress(step, 0.65)
        fitted, draws = (problem, drawn.draws) if floors is None else add_witnesses(whole, drawn.draws)
        robustness = build_robustness(
            fitted, replace(drawn, draws=draws), best, inputs, names, _divide_progress(progress, step, 0.65, 0.95)
        )

    progress(Text("Effects by beneficiary", "Effets par bénéficiaire"), 0.95)
    home_inside = territory.inside[inputs.reach.homes]
    drawn_network = None if drawn is None else drawn.network
    impact = list_impact(
        network,
        baseline,
        drawn_network,
        central,
        None if drawn is None else drawn.coefficients,
        home_inside,
    )
    result = StudyResult(
        territory=territory.name,
        epci_codes=territory.epci_codes,
        inside_codes=tuple(str(c) for c in territory.communes.code[territory.inside]),
        fictional=territory.fictional,
        settings=settings,
        objective_label=OBJECTIVE_LABELS[settings.objective],
        value=build_figure(
            best.evaluation.value,
            None if robustness is None else robustness.values,
            UNITS[settings.objective],
            "siting.value",
            list_assumptions("siting.value", settings.objective),
        ),
        cost=_sum_figure(
            network.net_cost,
            None if drawn_network is None else drawn_network.net_cost,
            "EUR/year",
            "impact.authority_net",
        ),
        desks=_sum_figure(
            network.desks, None if drawn_network is None else drawn_network.desks, "desks", "demand.desks"
        ),
        desk_days=_sum_figure(
            network.served_days,
            None if drawn_network is None else drawn_network.served_days,
            "desk-days/week",
            "demand.desk_days",
        ),
        residents_workers=float(inputs.commutes.workers[home_inside].sum()),
        eligible_workers=float(compute_eligible(inputs, central)[home_inside].sum()),
        coverage=territory.coverage,
        flows_vintage=territory.flows.vintage,
        class_level=territory.flows.class_level,
        mode_level=territory.flows.mode_level,
        places=list_places(territory, inputs, network, drawn, central, losses, robustness, best.open),
        communes=list_communes(territory, inputs, network),
        impact=impact,
        controls=list_controls(network, central, chosen),
        frontier_by=by,
        frontier=tuple(
            FrontierRow(
                point.limit,
                point.plan.evaluation.value,
                point.plan.evaluation.cost,
                point.plan.bound,
                point.plan.gap,
                list_codes(inputs, point.plan.open),
                int(point.plan.evaluation.desks.sum()),
            )
            for point in frontier
            if point.plan.status != "infeasible"
        ),
        alternatives=tuple(
            AlternativeRow(
                other.plan.evaluation.value,
                other.loss,
                other.plan.evaluation.cost,
                int(other.plan.evaluation.desks.sum()),
                list_codes(inputs, other.plan.open),
                list_codes(inputs, other.plan.open & ~best.open),
                list_codes(inputs, best.open & ~other.plan.open),
                other.loss <= settings.epsilon,
            )
            for other in alternatives
        ),
        constraints=_list_constraints(problem, best, constraints, names),
        robustness=robustness,
        proof=describe_proof(best),
        plan=best,
        problem=problem,
        coefficients=tuple(chosen.get(name) for name in COEFFICIENTS),
        overrides=chosen.overrides,
        warnings=list_warnings(territory, inputs, best, network),
        travel_label=provider.label,
        travel_version=f"{provider.name} {provider.version}",
        sources=territory.sources,
        not_modelled=NOT_MODELLED,
        version=__version__,
    )
    progress(Text("Done", "Terminé"), 1.0)
    return result


def _list_constraints(
    problem: SitingProblem, best: SitingPlan, prices: tuple[ConstraintPrice, ...], names: Mapping[str, str]
) -> tuple[ConstraintRow, ...]:
    served = compute_served_shares(problem, best)
    rows = []
    for price in prices:
        if price.constraint == "floor":
            assert problem.floors is not None
            zone = int(np.flatnonzero(problem.floors.zone_code == price.zone)[0])
            share = float(problem.floors.share[zone])
            rows.append(ConstraintRow("", price.zone, "floor", price.price, share, float(served[zone])))
        else:
            code = str(problem.site_code[price.site])
            rows.append(ConstraintRow(code, names[code], price.constraint, price.price))
    return tuple(rows)


def _is_paid(problem: SitingProblem, is_open: NDArray[np.bool_]) -> bool:
    """Return whether a network is within the budget."""
    return evaluate(problem, is_open).cost <= compute_budget_limit(problem.budget)


def _check_settings(settings: StudySettings, inputs: StudyInputs, territory: Territory) -> None:
    kept = int(inputs.imposed.sum())
    if settings.places is not None and kept > settings.places:
        raise UnaffordableError(
            f"{kept} places are already kept or existing, more than the {settings.places} allowed: allow more "
            "places, or do not keep the existing ones.",
            f"{kept} lieux sont déjà gardés ou existants, plus que les {settings.places} permis : permettez plus "
            "de lieux, ou ne gardez pas les lieux existants.",
        )
    if bool(inputs.excluded.all()):
        raise InputError(
            f"Every commune of {territory.name} is excluded: no place can open.",
            f"Toutes les communes de {territory.name} sont exclues : aucun lieu ne peut ouvrir.",
        )


def _check_affordable(
    settings: StudySettings,
    inputs: StudyInputs,
    problem: SitingProblem,
    best: SitingPlan,
    territory: Territory,
) -> None:
    """Refuse a budget that cannot pay for what is asked, and say what the cheapest place costs."""
    if settings.budget is None:
        return
    asked = format_number(settings.budget, 0, "en"), format_number(settings.budget, 0, "fr")
    if best.status == "infeasible":
        cost = evaluate(problem, problem.imposed).cost
        raise UnaffordableError(
            f"The kept places alone cost {format_number(cost, 0, 'en')} EUR a year, more than the budget of "
            f"{asked[0]}: raise the budget or keep fewer.",
            f"Les lieux gardés coûtent à eux seuls {format_number(cost, 0, 'fr')} EUR par an, plus que le budget de "
            f"{asked[1]} : augmentez le budget ou gardez-en moins.",
        )
    if bool((best.open & ~inputs.imposed).any()) or bool((inputs.imposed & (inputs.existing_desks == 0)).any()):
        return
    candidates = np.flatnonzero(~inputs.imposed & ~inputs.excluded)
    if not len(candidates):
        return
    base = evaluate(problem, problem.imposed).cost
    with_one = []
    for site in candidates:
        is_open = problem.imposed.copy()
        is_open[site] = True
        with_one.append(evaluate(problem, is_open).cost - base)
    cheapest = min(with_one)
    if cheapest + base <= settings.budget:
        return
    # A smaller place turns people away, but may be paid for.
    fixed, per_desk = problem.fixed_cost[candidates], problem.desk_cost[candidates]
    net_desk = per_desk - problem.income[candidates] / problem.desks_per_day
    affordable = int(np.max(np.floor((settings.budget - base - fixed) / np.maximum(net_desk, 1e-9))))
    smaller_en = smaller_fr = ""
    if affordable >= int(np.min(problem.desks_min[candidates])):
        size = min(affordable, int(np.max(problem.desks_max[candidates])) - 1)
        smaller_en = f" Places of {size} desks at most would be paid for: set desks_max to {size}."
        smaller_fr = f" Des lieux d'au plus {size} postes seraient payés : fixez desks_max à {size}."
    raise UnaffordableError(
        f"A budget of {asked[0]} EUR a year pays for no place sized to its demand in {territory.name}: the cheapest "
        f"costs {format_number(cheapest, 0, 'en')} EUR a year, net of income.{smaller_en}",
        f"Un budget de {asked[1]} EUR par an ne paie aucun lieu à la taille de sa demande dans {territory.name} : le "
        f"moins cher coûte {format_number(cheapest, 0, 'fr')} EUR par an, recettes déduites.{smaller_fr}",
    )


def _list_alternatives(settings: StudySettings, problem: SitingProblem, best: SitingPlan) -> list[Alternative]:
    """Return the alternatives within epsilon, then others within 2, 4, ... epsilon where fewer exist than asked."""
    found: list[Alternative] = []
    epsilon = settings.epsilon
    while len(found) < settings.alternatives and epsilon < _WIDEST_EPSILON:
        known = {tuple(other.plan.open.tolist()) for other in found}
        wider = list_alternatives(problem, best, settings.alternatives, epsilon)
        new = sorted((a for a in wider if tuple(a.plan.open.tolist()) not in known), key=lambda other: other.loss)
        found += new[: settings.alternatives - len(found)]
        epsilon *= 2
    return found


def _keep_best(point: FrontierPoint, best: SitingPlan, limit: float | None) -> FrontierPoint:
    """Return a point of the frontier that is never below the plan itself, where it had less time to be found."""
    if point.limit == limit:
        return replace(point, plan=best)
    if limit is None or point.limit < limit or point.plan.evaluation.value >= best.evaluation.value:
        return point
    bound = max(point.plan.bound, best.evaluation.value)
    gap = (bound - best.evaluation.value) / max(abs(best.evaluation.value), np.finfo(float).tiny)
    return replace(point, plan=replace(best, bound=bound, gap=gap, status="optimal" if gap == 0 else "feasible"))


def _choose_limits(settings: StudySettings, sites: int) -> tuple[Literal["budget", "places"], tuple[float, ...]]:
    if settings.budget is not None:
        return "budget", tuple(round(settings.budget * share, 2) for share in _FRONTIER_SHARES)
    assert settings.places is not None
    last = min(sites, max(2 * settings.places, settings.places + 3))
    return "places", tuple(float(p) for p in range(1, last + 1))


def _sum_figure(central: FloatArray, drawn: FloatArray | None, unit: str, formula: str) -> Figure:
    return build_figure(float(central.sum()), None if drawn is None else drawn.sum(axis=1), unit, formula)
