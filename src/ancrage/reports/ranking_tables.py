"""The tables of a ranking: the EPCI by what a euro brings, and those without a plan."""

from __future__ import annotations

import numpy as np

from ancrage.reports.model import Block, Cell, Column, Items, Paragraph, Section, Table
from ancrage.reports.ranking_charts import build_spread, build_top
from ancrage.reports.ranking_context import STATUS_NAMES, RankingContext
from ancrage.reports.writing import compute_display_scale
from ancrage.study.sweep import PLANNED, SweepRow, count_statuses

# More rows are in the workbook: a PDF of 1,255 lines is read by nobody.
_PRINTED = 100
_PRINTED_REASONS = 40


def build_ranked_section(context: RankingContext) -> Section:
    """Build the section of the ranked EPCI: the first ones, the spread, the whole table."""
    pen = context.pen
    factor, unit = compute_display_scale(context.unit)
    with_draws = bool(context.settings.draws)
    columns = (
        Column("rank", pen.say("Rank", "Rang"), "number", width=0.8),
        Column("code", "Code", printed=False),
        Column("name", "EPCI", width=4.4),
        Column("departement", pen.say("Dep.", "Dép."), width=0.8, right=True),
        Column(
            "value_per_1000_eur", pen.say("Per 1,000 €", "Pour 1\u202f000 €"), "number", context.ratio_unit, None, 1.6
        ),
        Column("value_added", pen.say("New places", "Nouveaux lieux"), "number", pen.unit(unit), None, 1.5),
        Column("value", pen.say("Whole network", "Tout le réseau"), "number", pen.unit(unit), None, printed=False),
        Column(
            "interval",
            "P10–P90",
            "interval",
            pen.unit(unit),
            None,
            1.8,
            printed=with_draws,
        ),
        Column("cost", pen.say("Net cost", "Coût net"), "number", pen.unit("EUR/year"), 0, 1.4),
        Column("budget", "Budget", "number", pen.unit("EUR/year"), printed=False),
        Column("new_places", pen.say("Places", "Lieux"), "number", width=0.8),
        Column("desks", pen.say("Desks", "Postes"), "number", width=0.9),
        Column("users", pen.say("Users", "Usagers"), "number", printed=False),
        Column("homes", pen.say("Communes with users", "Communes d'usagers"), "number", printed=False),
        Column("km_added", pen.say("Km avoided", "Km évités"), "number", pen.unit("km/year"), printed=False),
        Column(
            "hours_added", pen.say("Hours saved", "Heures gagnées"), "number", pen.unit("hours/year"), printed=False
        ),
        Column("co2_t_added", "CO₂", "number", pen.unit("tCO2e/year"), 1, printed=False),
        Column("eur_added", pen.say("Car expenses", "Voiture"), "number", pen.unit("EUR/year"), printed=False),
        Column("status", pen.say("Proof", "Preuve"), width=1.3),
        Column("gap", pen.say("Gap", "Écart"), "share", decimals=1, width=0.9),
        Column("coverage", pen.say("Coverage", "Couverture"), "share", printed=False),
        Column("vintage", pen.say("Flows of", "Flux de"), printed=False),
        Column("communes", pen.say("Communes of the new places", "Communes des nouveaux lieux"), printed=False),
        Column("warnings", pen.say("Warnings", "Avertissements"), printed=False),
    )

    def build_row(rank: int | None, row: SweepRow) -> tuple[Cell, ...]:
        interval = None
        if row.value_low is not None and row.value_high is not None:
            interval = (row.value_low * factor, row.value_high * factor)
        return (
            rank,
            row.code,
            row.name,
            row.departement,
            None if row.value_per_euro is None else 1000 * row.value_per_euro,
            None if row.value_added is None else row.value_added * factor,
            None if row.value is None else row.value * factor,
            interval,
            row.cost,
            row.budget,
            row.new_places,
            row.desks,
            row.users,
            row.homes,
            row.km_added,
            row.hours_added,
            row.co2_t_added,
            row.eur_added,
            pen.text(STATUS_NAMES[row.status]),
            row.gap,
            row.coverage,
            "" if row.flows_vintage is None else str(row.flows_vintage),
            ", ".join(f"{n} ({c})" for n, c in zip(row.commune_names, row.communes, strict=True)),
            " ".join(row.warnings_fr if pen.language == "fr" else row.warnings_en),
        )

    ranks = {row.code: rank for rank, row in enumerate(context.ranked, start=1)}
    # Plans that open nothing have no rank: they close the table.
    ordered = [*context.ranked, *(row for row in context.planned if row.code not in ranks)]
    table = Table(
        "ranking",
        pen.say("Ranking", "Classement"),
        pen.say("EPCI by what 1,000 € bring", "EPCI selon ce que rapportent 1\u202f000 €"),
        columns,
        tuple(build_row(ranks.get(row.code), row) for row in ordered),
        note=pen.say(
            "Value and cost are by year. The value is what the new places add to the existing ones; the cost is net of "
            "income. No rank: the plan opens no place, or its new places bring nothing.",
            "Valeur et coût sont annuels. La valeur est ce que les nouveaux lieux ajoutent aux existants ; le coût est "
            "net des recettes. Sans rang : le plan n'ouvre aucun lieu, ou ses nouveaux lieux n'apportent rien.",
        ),
        sources=context.cited,
        printed_rows=_PRINTED if len(ordered) > _PRINTED else None,
    )
    blocks: list[Block] = []
    ratios = np.array([1000 * r.value_per_euro for r in context.ranked if r.value_per_euro is not None])
    if len(ratios):
        blocks.append(build_top(context.ranked, pen, context.ratio_unit, context.cited))
    if len(ratios) > 2:
        blocks.append(build_spread(ratios, pen, context.ratio_unit, context.cited))
    if ordered:
        blocks.append(table)
    return Section("ranking", pen.say("Ranking", "Classement"), tuple(blocks))


def build_unplanned_section(context: RankingContext) -> Section:
    """Build the section of the EPCI that have no plan, with the sentence that says why."""
    pen = context.pen
    left = sorted(
        (row for row in context.rows if row.status not in PLANNED),
        key=lambda row: (list(STATUS_NAMES).index(row.status), row.code),
    )
    title = pen.say("What was not planned, and why", "Ce qui n'a pas été planifié, et pourquoi")
    if not left:
        return Section("unplanned", title, (Paragraph(pen.say("Every EPCI has a plan.", "Chaque EPCI a un plan.")),))
    columns = (
        Column("code", "Code", width=1.3),
        Column("name", "EPCI", width=3.2),
        Column("departement", pen.say("Dep.", "Dép."), printed=False),
        Column("population", pen.say("Inhabitants", "Habitants"), "number", printed=False),
        Column("status", pen.say("Why", "Motif"), width=1.5),
        Column("reason", pen.say("In full", "En clair"), width=6),
    )
    table = Table(
        "unplanned",
        pen.say("Not planned", "Non planifiés"),
        pen.say("EPCI without a plan", "EPCI sans plan"),
        columns,
        tuple(
            (
                row.code,
                row.name,
                row.departement,
                row.population,
                pen.text(STATUS_NAMES[row.status]),
                pen.text(row.reason),
            )
            for row in left
        ),
        note=pen.say(
            "An EPCI without flows is listed, never estimated.", "Un EPCI sans flux est listé, jamais estimé."
        ),
        printed_rows=_PRINTED_REASONS if len(left) > _PRINTED_REASONS else None,
    )
    counts = count_statuses(context.rows)
    told = tuple(
        f"{pen.text(STATUS_NAMES[status]).capitalize()}{pen.say(':', ' :')} {pen.number(counts[status])}"
        for status in STATUS_NAMES
        if status not in PLANNED and counts[status]
    )
    return Section("unplanned", title, (Items(told), table))
