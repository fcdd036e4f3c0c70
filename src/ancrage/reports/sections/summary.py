"""One page for elected members: the answer, its figures, what to decide, what to beware of."""

from __future__ import annotations

from dataclasses import replace

from ancrage.reports.context import Context
from ancrage.reports.maps import draw_network_map
from ancrage.reports.model import Block, Chart, Heading, Items, KeyFigure, KeyFigures, Note, Paragraph, Section

# A commune in at least this share of the draws' best networks can be committed to; below the other, it needs a survey.
_SURE, _UNSURE = 0.8, 0.5
_MOST_WARNINGS = 2
# Over the budget in more than this share of the draws, the plan needs a margin.
_OFTEN_OVER = 0.2


def build_summary(context: Context) -> Section:
    """Build the page for elected members."""
    result, pen = context.result, context.pen
    blocks: list[Block] = [Paragraph(describe_answer(context), "lead")]
    blocks.append(KeyFigures(list_summary_figures(context)))
    if result.robustness is not None:
        told = pen.say(
            "P10–P90: 8 simulations out of 10 fall within this interval.",
            "P10–P90 : 8 simulations sur 10 tombent dans cet intervalle.",
        )
        blocks.append(Paragraph(f"{told} {context.travel_note}".strip(), "small"))
    elif context.travel_note:
        blocks.append(Paragraph(context.travel_note, "small"))
    blocks.append(build_small_map(context))
    blocks.append(Heading(pen.say("What to decide next", "Ce qu'il reste à décider")))
    blocks.append(Items(tuple(list_decisions(context))))
    warnings = list_main_warnings(context)
    if warnings:
        blocks.append(Heading(pen.say("To keep in mind", "À garder en tête")))
        blocks += [Note(warning) for warning in warnings]
    return Section("summary", pen.say("In one page, for elected members", "L'essentiel pour les élus"), tuple(blocks))


def describe_answer(context: Context) -> str:
    """Return the answer in one sentence."""
    result, pen = context.result, context.pen
    existing = sum(p.kind == "existing" for p in result.places)
    factor, unit = context.objective_scale
    value = pen.quantity(result.value.value * factor, unit)
    limits = []
    if result.settings.budget is not None:
        budget = pen.quantity(result.settings.budget, "EUR/year", 0)
        limits.append(pen.say(f"with a budget of {budget}", f"avec un budget de {budget}"))
    if result.settings.places is not None:
        most = pen.count(result.settings.places, ("place", "places"), ("lieu", "lieux"))
        limits.append(pen.say(f"with at most {most}", f"avec au plus {most}"))
    start = " ".join(limits)
    start = start[:1].upper() + start[1:]
    places = pen.count(len(result.places), ("place", "places"), ("lieu", "lieux"))
    desks = pen.count(round(result.desks.value), ("desk", "desks"), ("poste", "postes"))
    there = ""
    if existing:
        there = pen.say(f" ({existing} already there)", f" (dont {existing} déjà en service)")
    spread = ""
    if result.value.low is not None and result.value.high is not None:
        shown = pen.interval(result.value.low * factor, result.value.high * factor)
        spread = pen.say(f" (P10–P90: {shown})", f" (P10–P90 : {shown})")
    label = pen.text(result.objective_label).replace("CO2", "CO₂")
    return pen.say(
        f"{start}, the best network has {places}{there} and {desks}; {label}: {value}{spread}.",
        f"{start}, le meilleur réseau compte {places}{there} et {desks} ; {label} : {value}{spread}.",
    )


def list_study_figures(context: Context) -> tuple[KeyFigure, ...]:
    """Return every figure of the study as a whole: totals, then the effects that are no ceiling."""
    result, pen = context.result, context.pen
    figures = [
        context.build_key_figure("value", context.objective_label, result.value),
        context.build_key_figure("cost", pen.say("Net public cost", "Coût public net"), result.cost),
        context.build_key_figure("desks", pen.say("Desks", "Postes de travail"), result.desks, decimals=0),
        context.build_key_figure(
            "desk_days", pen.say("Use of the places", "Fréquentation des lieux"), result.desk_days
        ),
    ]
    figures += [
        context.build_key_figure(
            f"impact.{line.id}",
            pen.text(line.label).replace("CO2", "CO₂"),
            line.figure,
            note="" if line.note is None else pen.text(line.note),
        )
        for line in result.impact
    ]
    return tuple(figures)


def list_summary_figures(context: Context) -> tuple[KeyFigure, ...]:
    """Return the six figures of the page: totals, then one effect per beneficiary, none twice."""
    figures = list_study_figures(context)
    totals, effects = list(figures[:4]), {f.id: f for f in figures[4:]}
    chosen = list(totals)
    told = {(round(totals[0].value or 0.0, 6), totals[0].unit)}
    lines = [line for line in context.result.impact if not line.ceiling]
    by_beneficiary = {
        name: [line for line in lines if line.beneficiary == name] for name in ("commuters", "climate", "shops")
    }
    # Net CO2 rather than gross.
    climate = [line for line in by_beneficiary["climate"] if "net" in line.id][:1]
    commuters, shops = by_beneficiary["commuters"], by_beneficiary["shops"]
    # A second effect in another unit: hours beside kilometres.
    second = [line for line in commuters[1:] if line.figure.unit != commuters[0].figure.unit]
    for line in (*commuters[:1], *climate, *second[:1], *shops[:1]):
        figure = effects[f"impact.{line.id}"]
        if (round(figure.value or 0.0, 6), figure.unit) not in told:
            # One page has no room for notes, which are with the effects.
            chosen.append(replace(figure, note=""))
    return tuple(chosen[:6])


def build_small_map(context: Context) -> Chart:
    """Build the map of the cover and of the summary."""
    pen = context.pen
    spec = draw_network_map(
        context.list_map_communes(),
        context.list_map_places(),
        context.shapes,
        context.network_words,
        max_height=340,
    )
    return Chart("small_map", pen.say("The network", "Le réseau"), spec, describe_map(context), fills=True)


def describe_map(context: Context) -> str:
    """Return what a map of the network shows, in words."""
    result, pen = context.result, context.pen
    if not result.places:
        return pen.say(
            f"Map of {result.territory}: the network has no place.",
            f"Carte de {result.territory} : le réseau n'a aucun lieu.",
        )
    shown = ", ".join(context.label_place(p) for p in result.places)
    return pen.say(
        f"Map of {result.territory} and of the communes around: {shown}.",
        f"Carte de {result.territory} et des communes voisines : {shown}.",
    )


def list_decisions(context: Context) -> list[str]:
    """Return what elected members can decide next, from the robustness and the alternatives."""
    result, pen = context.result, context.pen
    decisions: list[str] = []
    new = [p for p in result.places if p.kind != "existing"]
    existing = tuple(p.label or p.name for p in result.places if p.kind == "existing")
    known = [p for p in new if p.site_share is not None]
    sure = tuple(p.name for p in known if p.site_share is not None and p.site_share >= _SURE)
    unsure = tuple(p.name for p in known if p.site_share is not None and p.site_share < _UNSURE)
    threshold = pen.share(_SURE)
    if sure:
        decisions.append(
            pen.say(
                f"Start with {pen.join(sure)}: in the best network in at least {threshold} of the simulations.",
                f"Commencer par {pen.join(sure)} : dans le meilleur réseau d'au moins {threshold} des simulations.",
            )
        )
    if unsure:
        decisions.append(
            pen.say(
                f"Before committing, check with a local survey: {pen.join(unsure)} (in the best network in fewer than "
                "half of the simulations).",
                f"Avant de s'engager, vérifier par une enquête locale : {pen.join(unsure)} (dans le meilleur réseau de "
                "moins de la moitié des simulations).",
            )
        )
    if existing:
        decisions.append(
            pen.say(
                f"Agree with the places already there ({pen.join(existing)}): the plan counts on them.",
                f"S'accorder avec les lieux déjà en service ({pen.join(existing)}) : le plan compte sur eux.",
            )
        )
    near = [row for row in result.alternatives if row.within] or list(result.alternatives)
    if near:
        count = pen.count(len(near), ("other network", "other networks"), ("autre réseau", "autres réseaux"))
        loss = pen.share(max(row.loss for row in near), 1)
        decisions.append(
            pen.say(
                f"Weigh {count} that would lose {loss} of the value at most, on grounds that the model ignores "
                "(premises, partners, balance between communes).",
                f"Comparer {count}, qui ferait perdre au plus {loss} de la valeur, sur des critères que le modèle "
                "ignore (locaux, partenaires, équilibre entre communes)."
                if len(near) == 1
                else f"Comparer {count}, qui feraient perdre au plus {loss} de la valeur, sur des critères que le "
                "modèle ignore (locaux, partenaires, équilibre entre communes).",
            )
        )
    found = result.robustness
    if found is not None and result.settings.budget is not None and found.over_budget > _OFTEN_OVER:
        share = pen.share(found.over_budget)
        decisions.append(
            pen.say(
                f"Plan for a margin: the network costs more than the budget in {share} of the simulations.",
                f"Prévoir une marge : le réseau coûte plus que le budget dans {share} des simulations.",
            )
        )
    assumed = sum(c.letter == "A" for c in result.coefficients)
    if assumed:
        count = pen.count(assumed, ("assumption", "assumptions"), ("hypothèse", "hypothèses"))
        decisions.append(
            pen.say(
                f"Replace the {count} marked A by local figures, then run the plan again.",
                f"Remplacer par des chiffres locaux les {count} marquées A, puis relancer le plan.",
            )
        )
    return decisions


def list_main_warnings(context: Context) -> list[str]:
    """Return the first warnings of the study, as many as one page can hold."""
    result, pen = context.result, context.pen
    warnings = [pen.text(warning) for warning in result.warnings]
    more = len(warnings) - _MOST_WARNINGS
    if more > 0:
        count = pen.count(more, ("other warning", "other warnings"), ("autre avertissement", "autres avertissements"))
        return [
            *warnings[:_MOST_WARNINGS],
            pen.say(f"{count} in the section on limits.", f"{count} dans la partie sur les limites."),
        ]
    return warnings
