"""What the money buys: frontier, alternatives and price of the constraints."""

from __future__ import annotations

from dataclasses import replace

from ancrage.reports.charts import FrontierMark, draw_frontier
from ancrage.reports.context import Context
from ancrage.reports.model import Block, Cell, Chart, Column, Note, Paragraph, Section, Table


def build_budget(context: Context) -> Section:
    """Build the section on the frontier, the alternatives and the constraints."""
    result, pen = context.result, context.pen
    blocks: list[Block] = [Note(pen.text(result.proof), "info")]
    if result.frontier:
        blocks.append(
            Paragraph(
                pen.say(
                    "Each point is the best network for one limit. Where the line flattens, more money changes little.",
                    "Chaque point est le meilleur réseau pour une limite. Là où la ligne s'aplatit, dépenser plus "
                    "change peu de chose.",
                )
            )
        )
        blocks += [_build_chart(context), _build_frontier(context)]
    blocks += (
        [_build_alternatives(context)]
        if result.alternatives
        else [
            Paragraph(
                pen.say(
                    "No other network comes close enough to the best to be offered as an alternative.",
                    "Aucun autre réseau n'approche assez le meilleur pour être proposé comme variante.",
                )
            )
        ]
    )
    if result.constraints:
        free = all(row.price <= 0 for row in result.constraints)
        if free:
            names = pen.join(tuple(row.name for row in result.constraints))
            blocks.append(
                Paragraph(
                    pen.say(
                        f"The constraints of the study cost nothing: {names}.",
                        f"Les contraintes de l'étude ne coûtent rien : {names}.",
                    )
                )
            )
        # A table of zeros is for the workbook, unless it says what floors serve.
        floors = any(row.constraint == "floor" for row in result.constraints)
        blocks.append(replace(_build_constraints(context), printed_rows=0 if free and not floors else None))
    return Section(
        "budget", pen.say("Budget, alternatives and constraints", "Budget, variantes et contraintes"), tuple(blocks)
    )


def _is_chosen(context: Context, limit: float) -> bool:
    settings = context.result.settings
    asked = settings.budget if context.result.frontier_by == "budget" else settings.places
    return asked is not None and abs(limit - asked) <= 0.005 * asked


def _build_chart(context: Context) -> Chart:
    result, pen = context.result, context.pen
    factor, unit = context.objective_scale
    by_budget = result.frontier_by == "budget"
    marks = [
        FrontierMark(
            row.limit,
            row.value * factor,
            pen.count(len(row.places), ("place", "places"), ("lieu", "lieux")),
            _is_chosen(context, row.limit),
        )
        for row in result.frontier
    ]
    title = (
        pen.say("Yearly budget (€)", "Budget annuel (€)")
        if by_budget
        else pen.say("Number of places", "Nombre de lieux")
    )
    chosen = pen.say("limit of the study", "limite de l'étude")
    spec = draw_frontier(
        marks,
        limit_title=title,
        value_title=f"{context.objective_label} ({pen.unit(unit)})",
        chosen_label=chosen,
    )
    first, last = marks[0], marks[-1]
    alt = pen.say(
        f"From {pen.number(first.limit)} to {pen.number(last.limit)} ({title}), the best value goes from "
        f"{pen.quantity(first.value, unit)} to {pen.quantity(last.value, unit)}.",
        f"De {pen.number(first.limit)} à {pen.number(last.limit)} ({title}), la meilleure valeur passe de "
        f"{pen.quantity(first.value, unit)} à {pen.quantity(last.value, unit)}.",
    )
    return Chart(
        "frontier", pen.say("What each limit buys", "Ce que permet chaque limite"), spec, alt, context.study_sources
    )


def _build_frontier(context: Context) -> Table:
    result, pen = context.result, context.pen
    factor, unit = context.objective_scale
    by_budget = result.frontier_by == "budget"
    columns = (
        Column("limit", pen.say("Budget", "Budget") if by_budget else pen.say("Places at most", "Lieux au plus"),
               "number", pen.unit("EUR/year") if by_budget else pen.unit("places"), 0, 1.4),
        Column("chosen", pen.say("Limit", "Limite"), width=1.0),
        Column("value", context.objective_label, "number", pen.unit(unit), None, 1.8),
        Column("bound", pen.say("No network can exceed", "Aucun réseau ne dépasse"), "number", pen.unit(unit), None,
               printed=False),
        Column("gap", pen.say("Gap to the bound", "Écart à la borne"), "share", "%", 2, 1.2),
        Column("cost", pen.say("Net cost", "Coût net"), "number", pen.unit("EUR/year"), 0, 1.4),
        Column("desks", pen.say("Desks", "Postes"), "number", pen.unit("desks"), 0, 0.9),
        Column("places", pen.say("Places", "Lieux"), width=7.0),
    )  # fmt: skip
    rows = tuple(
        (
            row.limit,
            pen.say("chosen", "retenu") if _is_chosen(context, row.limit) else "",
            row.value * factor,
            row.bound * factor,
            row.gap,
            row.cost,
            float(row.desks),
            ", ".join(context.name(code) for code in row.places),
        )
        for row in result.frontier
    )
    return Table(
        "frontier",
        pen.say("Frontier", "Frontière"),
        pen.say("The best network for each limit", "Le meilleur réseau pour chaque limite"),
        columns,
        rows,
        note=pen.say(
            "Gap to the bound: what a better network could still gain at most; 0% is a proof.",
            "Écart à la borne : ce qu'un meilleur réseau pourrait encore gagner au plus ; 0 % est une preuve.",
        ),
        sources=context.study_sources,
    )


def _build_alternatives(context: Context) -> Table:
    result, pen = context.result, context.pen
    factor, unit = context.objective_scale
    columns = (
        Column("rank", pen.say("Network", "Réseau"), width=1.5),
        Column("value", context.objective_label, "number", pen.unit(unit), None, 1.6),
        Column("loss", pen.say("Loss", "Perte"), "share", "%", 1, 0.9),
        Column("cost", pen.say("Net cost", "Coût net"), "number", pen.unit("EUR/year"), 0, 1.3),
        Column("desks", pen.say("Desks", "Postes"), "number", pen.unit("desks"), 0, 0.9),
        Column("added", pen.say("Opens instead", "Ouvre à la place"), width=2.6),
        Column("removed", pen.say("Does not open", "N'ouvre pas"), width=2.6),
        Column("places", pen.say("Places", "Lieux"), printed=False),
        Column("codes", pen.say("INSEE codes of the places", "Codes INSEE des lieux"), printed=False),
    )

    def list_names(codes: tuple[str, ...]) -> str:
        return ", ".join(context.name(code) for code in codes) or "–"

    best: tuple[Cell, ...] = (
        pen.say("Best", "Meilleur"),
        result.value.value * factor,
        0.0,
        result.cost.value,
        result.desks.value,
        "–",
        "–",
        list_names(tuple(p.code for p in result.places)),
        " ".join(sorted(p.code for p in result.places)),
    )
    others: list[tuple[Cell, ...]] = [
        (
            pen.say(f"Alternative {rank}", f"Variante {rank}") + ("" if row.within else "*"),
            row.value * factor,
            row.loss,
            row.cost,
            float(row.desks),
            list_names(row.added),
            list_names(row.removed),
            list_names(row.places),
            " ".join(row.places),
        )
        for rank, row in enumerate(result.alternatives, start=1)
    ]
    epsilon = pen.share(result.settings.epsilon, 1)
    beyond = ""
    if not all(row.within for row in result.alternatives):
        beyond = pen.say(
            " * Loses more than that: too few networks are closer.",
            " * Perd davantage : trop peu de réseaux sont plus proches.",
        )
    return Table(
        "alternatives",
        pen.say("Alternatives", "Variantes"),
        pen.say("Other networks, close to the best", "D'autres réseaux, proches du meilleur"),
        columns,
        (best, *others),
        note=pen.say(
            f"Networks that lose at most {epsilon} of the best value and differ most from it.",
            f"Réseaux qui perdent au plus {epsilon} de la meilleure valeur et en diffèrent le plus.",
        )
        + beyond,
        sources=context.study_sources,
    )


def _build_constraints(context: Context) -> Table:
    result, pen = context.result, context.pen
    factor, unit = context.objective_scale
    floors = any(c.constraint == "floor" for c in result.constraints)
    words = {
        "imposed": pen.say("imposed", "imposée"),
        "excluded": pen.say("excluded", "exclue"),
        "floor": pen.say("floor", "plancher"),
    }
    columns = (
        Column("code", pen.say("Code", "Code"), printed=False),
        Column("name", pen.say("Commune or floor", "Commune ou plancher") if floors else pen.say("Commune", "Commune"),
               width=3.0),
        Column("constraint", pen.say("Constraint", "Contrainte"), width=2.0),
        Column("asked", pen.say("Asked", "Demandé"), "share", "%", 0, 1.4, printed=floors),
        Column("served", pen.say("Served", "Servi"), "share", "%", 0, 1.4, printed=floors),
        Column("price", pen.say("Price", "Prix"), "number", pen.unit(unit), None, 2.0),
    )  # fmt: skip
    rows = tuple((c.code, c.name, words[c.constraint], c.asked, c.served, c.price * factor) for c in result.constraints)
    note = pen.say(
        "Objective lost because the commune is imposed or excluded; 0 costs nothing.",
        "Ce que perd l'objectif parce que la commune est imposée ou exclue ; 0 ne coûte rien.",
    )
    if floors:
        note = pen.say(
            "Objective lost because of the constraint; 0 costs nothing. Floor: least share of the workers who could "
            "use a place, in a sub-territory, who must have one within reach.",
            "Ce que perd l'objectif à cause de la contrainte ; 0 ne coûte rien. Plancher : part minimale, dans un "
            "sous-territoire, des actifs à qui un lieu servirait et qui doivent en avoir un à portée.",
        )
    return Table(
        "constraints",
        pen.say("Constraints", "Contraintes"),
        pen.say("The price of each constraint", "Le prix de chaque contrainte"),
        columns,
        rows,
        note=note,
        sources=context.study_sources,
    )
