"""What a set of open sites gives and costs, in plain NumPy: the ground truth of every solver.

Also the refusal of inconsistent problems, and the verification of a plan without trust in any solver.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from ancrage.errors import InputError
from ancrage.siting.problem import BoolArray, Evaluation, FloatArray, Floors, IntArray, SitingPlan, SitingProblem

DESK_ROUNDING = 1e-9
"""A load this many desks above an integer asks for that integer: sums of floats must not open a desk."""

FLOOR_ROUNDING = 1e-9
"""A served share this much below its floor meets it: sums of floats must not refuse a plan."""


def compute_budget_limit(budget: float | None) -> float:
    """Return the cost a plan may reach [EUR/year]: the budget and the rounding of its sums (1e-6 EUR + 1e-9)."""
    return float("inf") if budget is None else budget + 1e-6 + 1e-9 * abs(budget)


def evaluate(problem: SitingProblem, open: BoolArray) -> Evaluation:  # noqa: A002
    """Return what the open sites give.

    Each home uses the first open site of its row. A site opens
    clamp(ceil(load x desks_per_day), desks_min, desks_max) desks; where desks_max binds, everyone there is served
    in the same proportion. value = sum of served x value - cost_weight x cost; cost = sum over open sites of
    fixed + desk_cost x desks - income x served load (docs/method/siting.md, section 1).

    Parameters
    ----------
    open : (m,) True for an open site.
    """
    n, m = problem.home_code.size, problem.site_code.size
    opened = np.asarray(open, dtype=np.bool_)
    homes = np.repeat(np.arange(n), np.diff(problem.row))
    arcs = np.flatnonzero(opened[problem.site])
    nearest = np.ones(arcs.size, dtype=np.bool_)
    nearest[1:] = homes[arcs][1:] != homes[arcs][:-1]
    arcs = arcs[nearest]
    sites = problem.site[arcs]
    used = np.full(n, -1, dtype=np.int64)
    used[homes[arcs]] = sites
    load = np.bincount(sites, problem.demand[arcs], m)
    wanted = load * problem.desks_per_day
    over = opened & (wanted > problem.desks_max + DESK_ROUNDING)
    served = np.ones(m)
    served[over] = problem.desks_max[over] / wanted[over]
    desks = np.ceil(np.minimum(wanted, problem.desks_max) - DESK_ROUNDING)
    desks = np.where(opened, np.clip(desks, problem.desks_min, problem.desks_max), 0).astype(np.int64)
    net = problem.fixed_cost + problem.desk_cost * desks - problem.income * served * load
    cost = float(np.sum(net[opened]))
    value = float(np.sum(served[sites] * problem.value[arcs])) - problem.cost_weight * cost
    return Evaluation(used, desks, load, served, value, cost)


def compute_floor_shares(floors: Floors, used: IntArray, served: FloatArray) -> FloatArray:
    """Return the share of the weight of each zone that is served, (z,); 1 for a zone without weight.

    Parameters
    ----------
    used : (n,) site used by each home, -1 for none; served : (m,) share of the users of the site that find a desk.
    """
    share = np.append(served, 0.0)[used]
    inside = floors.zone >= 0
    zone, weight = floors.zone[inside], floors.weight[inside]
    # Of no home at all, bincount makes integers.
    total = np.bincount(zone, weight, floors.share.size).astype(np.float64)
    reached = np.bincount(zone, weight * share[inside], floors.share.size)
    return np.divide(reached, total, out=np.ones_like(total), where=total > 0)


def check_problem(problem: SitingProblem) -> None:
    """Raise InputError for the first inconsistency found, naming the field, the site or the home."""
    check_shapes(problem)
    if problem.floors is not None:
        check_floors(problem, problem.floors)
    check_numbers(problem)
    check_arcs(problem)
    check_limits(problem)


def check_shapes(problem: SitingProblem) -> None:
    """Raise InputError if an array has not the length that homes, sites and arcs give."""
    n, m, k = problem.home_code.size, problem.site_code.size, problem.site.size
    expected = {"home_code": n, "site_code": m, "row": n + 1, "site": k, "value": k, "demand": k}
    expected |= dict.fromkeys(("fixed_cost", "desk_cost", "income", "desks_min", "desks_max", "imposed", "excluded"), m)
    for name, length in expected.items():
        shape = np.shape(getattr(problem, name))
        if shape != (length,):
            raise InputError(
                f"Siting problem: `{name}` has shape {shape} where ({length},) is expected "
                f"({n} homes, {m} sites, {k} arcs). Rebuild it from the same homes, sites and arcs.",
                f"Problème d'implantation : `{name}` a la forme {shape} au lieu de ({length},) "
                f"({n} communes, {m} sites, {k} arcs). Reconstruisez-le à partir des mêmes communes, sites et arcs.",
            )
    for name, codes in (("home_code", problem.home_code), ("site_code", problem.site_code)):
        unique, count = np.unique(codes, return_counts=True)
        if unique.size != codes.size:
            twice = unique[count > 1][0]
            raise InputError(
                f"Siting problem: `{name}` holds {twice} more than once. Merge its rows into one.",
                f"Problème d'implantation : `{name}` contient plusieurs fois {twice}. Fusionnez ses lignes.",
            )


def check_floors(problem: SitingProblem, floors: Floors) -> None:
    """Raise InputError if floors do not fit the homes, or hold a share or a weight without meaning."""
    n, z = problem.home_code.size, floors.share.size
    for name, length in {"zone": n, "weight": n, "zone_code": z, "share": z}.items():
        shape = np.shape(getattr(floors, name))
        if shape != (length,):
            raise InputError(
                f"Floors: `{name}` has shape {shape} where ({length},) is expected ({n} homes, {z} zones). "
                "Rebuild them from the homes of the problem.",
                f"Planchers : `{name}` a la forme {shape} au lieu de ({length},) ({n} communes, {z} zones). "
                "Reconstruisez-les à partir des communes du problème.",
            )
    wrong = ~np.isfinite(floors.weight) | (floors.weight < 0)
    if np.any(wrong):
        i = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"Floors: home {problem.home_code[i]} weighs {floors.weight[i]}; a finite number >= 0 is needed. "
            "Correct it.",
            f"Planchers : la commune {problem.home_code[i]} pèse {floors.weight[i]} ; il faut un nombre fini >= 0. "
            "Corrigez-le.",
        )
    wrong = (floors.zone < -1) | (floors.zone >= z)
    if np.any(wrong):
        i = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"Floors: home {problem.home_code[i]} is in zone number {floors.zone[i]}, but there are {z} zones "
            f"(0 to {z - 1}, -1 for none). Correct it.",
            f"Planchers : la commune {problem.home_code[i]} est dans la zone numéro {floors.zone[i]}, mais il y a {z} "
            f"zones (0 à {z - 1}, -1 pour aucune). Corrigez-le.",
        )
    wrong = ~((floors.share >= 0) & (floors.share <= 1))
    if np.any(wrong):
        at = int(np.flatnonzero(wrong)[0])
        raise InputError(
            f"Floors: zone {floors.zone_code[at]} asks for a share of {floors.share[at]}; a share from 0 to 1 is "
            "needed (0.5 for 50 %). Correct it.",
            f"Planchers : la zone {floors.zone_code[at]} demande une part de {floors.share[at]} ; il faut une part de "
            "0 à 1 (0,5 pour 50 %). Corrigez-la.",
        )


def check_numbers(problem: SitingProblem) -> None:
    """Raise InputError for a value that is not finite, or negative where no meaning is given to that."""
    signs = {
        "value": False,
        "demand": True,
        "fixed_cost": False,
        "desk_cost": True,
        "income": True,
        "desks_min": True,
    }
    for name, positive in signs.items():
        array = np.asarray(getattr(problem, name), dtype=np.float64)
        wrong = ~np.isfinite(array) | ((array < 0) if positive else False)
        if np.any(wrong):
            at = int(np.flatnonzero(wrong)[0])
            where_en, where_fr = _name_place(problem, name, at)
            rule_en = "a finite number >= 0" if positive else "a finite number"
            rule_fr = "un nombre fini >= 0" if positive else "un nombre fini"
            raise InputError(
                f"Siting problem: `{name}` is {array[at]} {where_en}; {rule_en} is needed. Correct it.",
                f"Problème d'implantation : `{name}` vaut {array[at]} {where_fr} ; il faut {rule_fr}. Corrigez-le.",
            )
    if np.any(problem.desks_max < problem.desks_min):
        s = int(np.flatnonzero(problem.desks_max < problem.desks_min)[0])
        code, least, most = problem.site_code[s], problem.desks_min[s], problem.desks_max[s]
        raise InputError(
            f"Site {code}: desks_max ({most}) is below desks_min ({least}). Raise one or lower the other.",
            f"Site {code} : desks_max ({most}) est inférieur à desks_min ({least}). Relevez l'un ou baissez l'autre.",
        )
    if not (math.isfinite(problem.cost_weight) and problem.cost_weight >= 0):
        raise InputError(
            f"Siting problem: cost_weight is {problem.cost_weight}; a finite number >= 0 is needed (0 when the cost "
            "only meets the budget, 1 when the objective is net of cost). Correct it.",
            f"Problème d'implantation : cost_weight vaut {problem.cost_weight} ; il faut un nombre fini >= 0 (0 quand "
            "le coût ne compte que dans le budget, 1 quand l'objectif est net du coût). Corrigez-le.",
        )
    if not (math.isfinite(problem.desks_per_day) and problem.desks_per_day > 0):
        raise InputError(
            f"Siting problem: desks_per_day is {problem.desks_per_day}; a finite number > 0 is needed "
            "(peak_share / occupancy_max). Correct these two parameters.",
            f"Problème d'implantation : desks_per_day vaut {problem.desks_per_day} ; il faut un nombre fini > 0 "
            "(peak_share / occupancy_max). Corrigez ces deux paramètres.",
        )


def check_arcs(problem: SitingProblem) -> None:
    """Raise InputError if the arcs are not sorted into rows, name an unknown site, or repeat a site in a row."""
    n, m, k = problem.home_code.size, problem.site_code.size, problem.site.size
    if problem.row[0] != 0 or problem.row[-1] != k or np.any(np.diff(problem.row) < 0):
        raise InputError(
            f"Siting problem: `row` must rise from 0 to the number of arcs ({k}); it goes from {problem.row[0]} to "
            f"{problem.row[-1]}{' and falls in between' if np.any(np.diff(problem.row) < 0) else ''}. "
            "Sort the arcs by home, then by time.",
            f"Problème d'implantation : `row` doit croître de 0 au nombre d'arcs ({k}) ; il va de {problem.row[0]} à "
            f"{problem.row[-1]}{' en diminuant entre-temps' if np.any(np.diff(problem.row) < 0) else ''}. "
            "Triez les arcs par commune, puis par temps.",
        )
    if k and (np.min(problem.site) < 0 or np.max(problem.site) >= m):
        wrong = int(problem.site[(problem.site < 0) | (problem.site >= m)][0])
        raise InputError(
            f"Siting problem: an arc names site number {wrong}, but there are {m} sites (0 to {m - 1}). "
            "Rebuild the arcs from the list of sites.",
            f"Problème d'implantation : un arc désigne le site numéro {wrong}, mais il y a {m} sites (0 à {m - 1}). "
            "Reconstruisez les arcs à partir de la liste des sites.",
        )
    key = np.sort(np.repeat(np.arange(n), np.diff(problem.row)) * max(m, 1) + problem.site)
    twice = np.flatnonzero(key[1:] == key[:-1])
    if twice.size:
        home, site = divmod(int(key[twice[0]]), m)
        raise InputError(
            f"Siting problem: home {problem.home_code[home]} lists site {problem.site_code[site]} more than once. "
            "Keep its nearest arc only.",
            f"Problème d'implantation : la commune {problem.home_code[home]} liste plusieurs fois le site "
            f"{problem.site_code[site]}. Ne gardez que son arc le plus proche.",
        )


def check_limits(problem: SitingProblem) -> None:
    """Raise InputError for constraints that contradict one another, or for none at all."""
    both = np.flatnonzero(problem.imposed & problem.excluded)
    if both.size:
        code = problem.site_code[both[0]]
        raise InputError(
            f"Site {code} is both imposed and excluded. Keep one of the two.",
            f"Le site {code} est à la fois imposé et exclu. Gardez l'un des deux.",
        )
    if problem.budget is None and problem.max_places is None and problem.cost_weight == 0:
        raise InputError(
            "Neither a budget nor a number of places is given, so the plan has no limit. Give one or both, or a "
            "cost_weight above 0 so that costs count in the objective.",
            "Ni budget ni nombre de lieux n'est donné : le plan n'a pas de limite. Donnez l'un ou les deux, ou un "
            "cost_weight positif pour que les coûts comptent dans l'objectif.",
        )
    if problem.budget is not None and not math.isfinite(problem.budget):
        raise InputError(
            f"The budget is {problem.budget}; an amount in EUR per year is needed. Give one, or none at all.",
            f"Le budget vaut {problem.budget} ; il faut un montant en EUR par an. Donnez-en un, ou aucun.",
        )
    imposed = int(problem.imposed.sum())
    if problem.max_places is not None and problem.max_places < 0:
        raise InputError(
            f"The number of places is {problem.max_places}; it must be 0 or more. Correct it.",
            f"Le nombre de lieux vaut {problem.max_places} ; il doit être positif ou nul. Corrigez-le.",
        )
    if problem.max_places is not None and imposed > problem.max_places:
        raise InputError(
            f"{imposed} sites are imposed, more than the {problem.max_places} places allowed. "
            "Allow more places or impose fewer sites.",
            f"{imposed} sites sont imposés, plus que les {problem.max_places} lieux permis. "
            "Permettez plus de lieux ou imposez moins de sites.",
        )


def check_plan(problem: SitingProblem, plan: SitingPlan) -> None:
    """Raise InputError if a plan breaks a constraint, or if its figures are not those of its open sites.

    Everything is recomputed home by home and summed without rounding, apart from `evaluate` and from any solver.
    Of an infeasible plan (the imposed sites, kept to be shown) only the figures are checked.
    """
    opened = [bool(o) for o in plan.open]
    load, worth = defaultdict(list), defaultdict(list)
    used = []
    for i in range(problem.home_code.size):
        arcs = range(int(problem.row[i]), int(problem.row[i + 1]))
        arc = next((a for a in arcs if opened[int(problem.site[a])]), None)
        used.append(-1 if arc is None else int(problem.site[arc]))
        if arc is not None:
            load[used[-1]].append(float(problem.demand[arc]))
            worth[used[-1]].append(float(problem.value[arc]))
    gains, costs = [0.0], [0.0]
    for s in (s for s, o in enumerate(opened) if o):
        asked = math.fsum(load[s])
        wanted, least, most = asked * problem.desks_per_day, int(problem.desks_min[s]), int(problem.desks_max[s])
        desks = min(max(math.ceil(wanted - DESK_ROUNDING), least), most)
        share = 1.0 if wanted <= most + DESK_ROUNDING else most / wanted
        # A load on the edge of a desk may round either way with the order of its sum.
        edge = abs(wanted - DESK_ROUNDING - round(wanted - DESK_ROUNDING)) <= 1e-12 * max(1.0, wanted)
        if edge and abs(int(plan.evaluation.desks[s]) - desks) == 1:
            desks = int(plan.evaluation.desks[s])
        _require(desks == plan.evaluation.desks[s], problem, s, "desks", plan.evaluation.desks[s], desks)
        _require(_is_close(plan.evaluation.load[s], asked), problem, s, "load", plan.evaluation.load[s], asked)
        gains.extend(share * v for v in worth[s])
        costs += [float(problem.fixed_cost[s]), float(problem.desk_cost[s]) * desks]
        costs.append(-float(problem.income[s]) * share * asked)
    gains.extend([-problem.cost_weight * c for c in costs])
    value, cost = math.fsum(gains), math.fsum(costs)
    size, price = math.fsum(map(abs, gains)), math.fsum(map(abs, costs))
    _require(used == plan.evaluation.used.tolist(), problem, None, "used", plan.evaluation.used.tolist(), used)
    _require(_is_close(plan.evaluation.value, value, size), problem, None, "value", plan.evaluation.value, value)
    _require(_is_close(plan.evaluation.cost, cost, price), problem, None, "cost", plan.evaluation.cost, cost)
    if plan.status == "infeasible":
        return
    bound_holds = plan.bound >= value or _is_close(plan.bound, value, size)
    _require(bound_holds, problem, None, "bound", plan.bound, f">= {value}")
    for s, is_open in enumerate(opened):
        wrong = (problem.imposed[s] and not is_open) or (problem.excluded[s] and is_open)
        _require(not wrong, problem, s, "open", is_open, not is_open)
    if problem.max_places is not None:
        fits = sum(opened) <= problem.max_places
        _require(fits, problem, None, "places", sum(opened), f"<= {problem.max_places}")
    fits = cost <= compute_budget_limit(problem.budget) or _is_close(cost, problem.budget or 0.0, price)
    _require(fits, problem, None, "cost", cost, f"<= {problem.budget}")
    if problem.floors is not None:
        shares = compute_floor_shares(problem.floors, np.array(used, dtype=np.int64), plan.evaluation.served)
        for code, got, least in zip(problem.floors.zone_code, shares, problem.floors.share, strict=True):
            _require(got >= least - FLOOR_ROUNDING, problem, None, f"served share of zone {code}", got, f">= {least}")


def _is_close(a: float, b: float, size: float = 0.0) -> bool:
    return abs(a - b) <= 1e-9 * max(1.0, abs(a), abs(b), size)


def _require(holds: bool, problem: SitingProblem, s: int | None, name: str, got: object, expected: object) -> None:
    if holds:
        return
    at_en = "" if s is None else f" at site {problem.site_code[s]}"
    at_fr = "" if s is None else f" au site {problem.site_code[s]}"
    raise InputError(
        f"The plan does not hold: {name}{at_en} is {got} where {expected} is expected. Solve the problem again.",
        f"Le plan ne tient pas : {name}{at_fr} vaut {got} au lieu de {expected}. Résolvez à nouveau le problème.",
    )


def _name_place(problem: SitingProblem, name: str, at: int) -> tuple[str, str]:
    if name not in ("value", "demand"):
        code = problem.site_code[at]
        return f"at site {code}", f"au site {code}"
    home = int(np.searchsorted(problem.row, at, side="right")) - 1
    home_code = problem.home_code[home] if 0 <= home < problem.home_code.size else "?"
    number = int(problem.site[at])
    site_code = problem.site_code[number] if 0 <= number < problem.site_code.size else number
    return f"from home {home_code} to site {site_code}", f"de la commune {home_code} au site {site_code}"
