"""The tables of a result: places, communes, warnings and the proof in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ancrage.language import Text, format_number
from ancrage.siting.problem import SitingPlan
from ancrage.study.draws import Drawn
from ancrage.study.impact_lines import build_figure
from ancrage.study.inputs import StudyInputs
from ancrage.study.network import NetworkUse
from ancrage.study.results import CommuneResult, PlaceResult, RobustnessResult
from ancrage.territory.model import Territory

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def list_names(territory: Territory) -> dict[str, str]:
    return {str(code): str(name) for code, name in zip(territory.communes.code, territory.communes.name, strict=True)}


def list_codes(inputs: StudyInputs, is_open: BoolArray) -> tuple[str, ...]:
    return tuple(str(code) for code in inputs.site_codes[is_open])


def list_places(
    territory: Territory,
    inputs: StudyInputs,
    network: NetworkUse,
    drawn: Drawn | None,
    central: Mapping[str, FloatArray],
    losses: FloatArray,
    robustness: RobustnessResult | None,
    is_open: BoolArray,
) -> tuple[PlaceResult, ...]:
    communes = territory.communes
    share = {code: part for code, _, part in robustness.site_share} if robustness else {}
    found: dict[str, list[str]] = {}
    for place in territory.existing:
        found.setdefault(place.commune, []).append(place.name)
    places = []
    for site in np.flatnonzero(is_open):
        row = inputs.reach.sites[site]
        code = str(communes.code[row])
        users = network.site == site
        days = network.served_days[0][users]
        spread = None if drawn is None else drawn.network.served_days[:, users].sum(axis=1)
        by_use = np.argsort(-days, kind="stable")
        homes = inputs.home_codes[network.home[users]]
        kind = "existing" if inputs.existing_desks[site] else "kept" if inputs.imposed[site] else "chosen"
        per_week = central["days_per_week"][0]
        places.append(
            PlaceResult(
                code=code,
                name=str(communes.name[row]),
                lon=float(communes.lon[row]),
                lat=float(communes.lat[row]),
                kind=kind,  # type: ignore[arg-type]
                label=", ".join(found.get(code, ())) if kind == "existing" else "",
                desks=build_figure(
                    float(network.desks[0, site]),
                    None if drawn is None else drawn.network.desks[:, site],
                    "desks",
                    "demand.desks",
                ),
                desk_days=build_figure(float(days.sum()), spread, "desk-days/week", "demand.desk_days"),
                users=build_figure(
                    float(days.sum()) / per_week,
                    None if drawn is None or spread is None else spread / drawn.coefficients["days_per_week"],
                    "people",
                    "demand.users",
                ),
                served=float(network.served[0, site]),
                cost=build_figure(
                    float(network.net_cost[0, site]),
                    None if drawn is None else drawn.network.net_cost[:, site],
                    "EUR/year",
                    "impact.authority_net",
                ),
                loss=float(losses[site]),
                site_share=None if robustness is None else share.get(code, 0.0),
                catchment=tuple(str(homes[rank]) for rank in by_use if days[rank] > 0),
            )
        )
    return tuple(sorted(places, key=lambda place: (-place.desks.value, place.code)))


def list_communes(territory: Territory, inputs: StudyInputs, network: NetworkUse) -> tuple[CommuneResult, ...]:
    communes, site_reach = territory.communes, inputs.reach
    arc_of_home = np.full(len(site_reach.homes), -1, dtype=np.int64)
    arc_of_home[network.home] = np.arange(len(network.arcs))
    rows = []
    for home, row in enumerate(site_reach.homes):
        used = int(arc_of_home[home])
        days = float(network.served_days[0, used]) if used >= 0 else 0.0
        arc = network.arcs[used] if days > 0 else None
        rows.append(
            CommuneResult(
                code=str(communes.code[row]),
                name=str(communes.name[row]),
                zone="inside" if territory.inside[row] else "halo",
                lon=float(communes.lon[row]),
                lat=float(communes.lat[row]),
                workers=float(inputs.commutes.workers[home]),
                place="" if arc is None else str(inputs.site_codes[site_reach.site[arc]]),
                minutes=None if arc is None else float(site_reach.minutes[arc]),
                km=None if arc is None else float(site_reach.km[arc]),
                desk_days=days,
            )
        )
    return tuple(rows)


def describe_proof(best: SitingPlan) -> Text:
    if best.status == "optimal":
        return Text(
            "Proven optimum: no other network within the same limits does better with these coefficients.",
            "Optimum prouvé : aucun autre réseau dans les mêmes limites ne fait mieux avec ces coefficients.",
        )
    return Text(
        f"Stopped before the proof: a better network could gain at most {best.gap:.2%} of the value.",
        "Arrêté avant la preuve : un meilleur réseau gagnerait au plus "
        f"{format_number(100 * best.gap, 2, 'fr')} % de la valeur.",
    )


def list_warnings(territory: Territory, inputs: StudyInputs, best: SitingPlan, network: NetworkUse) -> tuple[Text, ...]:
    warnings = list(territory.warnings)
    untimed = inputs.commutes.without_minutes / max(float(inputs.commutes.workers.sum()), 1.0)
    if untimed >= 0.005:
        warnings.append(
            Text(
                f"{untimed:.1%} of the workers go to a place without a known travel time (abroad or unreachable): they "
                "are left out of the demand.",
                f"{format_number(100 * untimed, 1, 'fr')} % des actifs vont vers un lieu sans temps de trajet connu "
                "(étranger ou inaccessible) : ils sont hors de la demande.",
            )
        )
    if inputs.unreached:
        listed = ", ".join(inputs.unreached)
        warnings.append(
            Text(
                f"The travel times link {listed} to no other site of the study area.",
                f"Les temps de trajet ne relient {listed} à aucun autre site du territoire.",
            )
        )
    if float(network.effects.km.sum()) < 0:
        warnings.append(
            Text(
                "This network makes people drive more than today: its kilometres are negative.",
                "Ce réseau fait rouler davantage qu'aujourd'hui : ses kilomètres sont négatifs.",
            )
        )
    if not bool((best.open & (inputs.existing_desks == 0)).any()):
        warnings.append(
            Text(
                "No new place improves the objective with these coefficients: the plan opens none.",
                "Aucun nouveau lieu n'améliore l'objectif avec ces coefficients : le plan n'en ouvre pas.",
            )
        )
    full = best.open & (network.served[0] < 0.999)
    if bool((full & (inputs.existing_desks > 0)).any()):
        warnings.append(
            Text(
                "More people would come to an existing place than its assumed desks can take: see the share served.",
                "Plus de personnes viendraient dans un lieu existant que ses postes supposés n'en reçoivent : voir la "
                "part servie.",
            )
        )
    if bool((full & (inputs.existing_desks == 0)).any()):
        warnings.append(
            Text(
                "At least one new place is at its largest size and turns people away: see the share served.",
                "Au moins un nouveau lieu est à sa taille maximale et refuse du monde : voir la part servie.",
            )
        )
    return tuple(warnings)
