"""The ranking of a sweep: where a euro saves most, what was not planned and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from ancrage.language import Language
from ancrage.reports.model import (
    Block,
    Chart,
    Column,
    Document,
    Heading,
    Items,
    KeyFigure,
    KeyFigures,
    Note,
    Paragraph,
    Section,
    Table,
)
from ancrage.reports.ranking_charts import build_map
from ancrage.reports.ranking_context import RankingContext
from ancrage.reports.ranking_tables import build_ranked_section, build_unplanned_section
from ancrage.reports.writing import MISSING, Pen, compute_display_scale
from ancrage.study.sweep import SweepRow, SweepSettings, count_statuses
from ancrage.territory.tables import Tables

_COVERAGE_WARNING = 0.9


def build_ranking(
    rows: Sequence[SweepRow],
    settings: SweepSettings,
    tables: Tables,
    language: Language,
    *,
    on: date | None = None,
) -> Document:
    """Build the ranking of a sweep, in one language.

    Parameters
    ----------
    rows : one by EPCI, planned or not; tables : store of the sweep, for sources and for the outlines of the EPCI.
    on : date written on the document; None leaves it out.

    Raises
    ------
    InputError
        If the store holds outlines of EPCI that cannot be read.
    """
    context = RankingContext(tuple(rows), settings, tables, Pen(language))
    pen = context.pen
    chart = build_map(context.rows, context.ranked, tables, pen, context.ratio_unit, context.cited)
    figures = _list_figures(context)
    sections = [
        _build_summary(context, figures, chart),
        build_ranked_section(context),
        build_unplanned_section(context),
        _build_method(context),
        _build_sources(context),
    ]
    return Document(
        language=language,
        territory=pen.count(len(context.rows), ("EPCI", "EPCI"), ("EPCI", "EPCI")),
        title=pen.say("Where a euro saves most", "Où un euro rapporte le plus"),
        subtitle=pen.say(
            "Networks of third places, each EPCI under its own budget",
            "Réseaux de tiers-lieux, chaque EPCI avec son budget",
        ),
        fictional=any(row.fictional for row in context.rows),
        version=next((row.version for row in context.rows), ""),
        on=on,
        cover=replace(chart, id="cover_map", fills=False, width=0.9),
        sections=tuple(section for section in sections if section.blocks),
        figures=figures,
        facts={
            "travel": ", ".join(dict.fromkeys(row.travel for row in context.planned if row.travel)),
            "warnings": [note.text for note in _list_notes(context)],
        },
    )


def _list_figures(context: RankingContext) -> tuple[KeyFigure, ...]:
    pen, planned = context.pen, context.planned
    factor, unit = compute_display_scale(context.unit)
    sums = {
        name: sum(getattr(row, name) or 0.0 for row in planned)
        for name in ("cost", "value_added", "km_added", "new_places", "desks")
    }
    return (
        KeyFigure("planned", pen.say("EPCI planned", "EPCI planifiés"), float(len(planned)), "", decimals=0),
        *_list_ratio(context),
        KeyFigure(
            "cost",
            pen.say("Net public cost", "Coût public net"),
            sums["cost"],
            pen.unit("EUR/year"),
            formula="impact.authority_net",
        ),
        KeyFigure(
            "value",
            pen.say(f"{context.objective}, by the new places", f"{context.objective}, par les nouveaux lieux"),
            sums["value_added"] * factor,
            pen.unit(unit),
            formula="siting.value",
            sources=("flows",),
        ),
        KeyFigure(
            "km",
            pen.say("Kilometres avoided, by the new places", "Kilomètres évités, par les nouveaux lieux"),
            sums["km_added"],
            pen.unit("km/year"),
            formula="impact.commuter_km",
            sources=("flows",),
        ),
        KeyFigure(
            "desks",
            pen.say("Desks to open", "Postes à ouvrir"),
            sums["desks"],
            pen.unit("desks"),
            decimals=0,
            note=pen.count(int(sums["new_places"]), ("place", "places"), ("lieu", "lieux")),
            formula="demand.desks",
        ),
    )


def _list_ratio(context: RankingContext) -> tuple[KeyFigure, ...]:
    """Return the median of the values of 1,000 euros, or nothing where no EPCI has one."""
    pen = context.pen
    ratios = [1000 * row.value_per_euro for row in context.ranked if row.value_per_euro is not None]
    if not ratios:
        return ()
    low, median, high = (float(v) for v in np.quantile(ratios, (0.1, 0.5, 0.9)))
    spread = pen.interval(low, high)
    return (
        KeyFigure(
            "ratio",
            pen.say("Median value of 1,000 €", "Valeur médiane de 1\u202f000 €"),
            median,
            context.ratio_unit,
            note=pen.say(f"EPCI from P10 to P90: {spread}", f"EPCI du P10 au P90 : {spread}"),
            formula="sweep.value_per_euro",
            sources=("flows",),
        ),
    )


def _build_summary(context: RankingContext, figures: tuple[KeyFigure, ...], chart: Chart) -> Section:
    pen = context.pen
    counts = count_statuses(context.rows)
    total, proven = pen.number(len(context.rows)), pen.number(counts["proven"])
    made = pen.count(len(context.planned), ("EPCI", "EPCI"), ("EPCI planifié", "EPCI planifiés"))
    lead = pen.say(
        f"{made} planned out of {total}, {proven} with the proof that no network does better.",
        f"{made} sur {total}, dont {proven} avec la preuve qu'aucun réseau ne fait mieux.",
    )
    ranked = context.ranked
    if ranked and ranked[0].value_per_euro is not None:
        best = pen.number(1000 * ranked[0].value_per_euro, None)
        lead += pen.say(
            f" A euro saves most in {ranked[0].name}: {best} {context.ratio_unit}.",
            f" Un euro rapporte le plus dans {ranked[0].name} : {best} {context.ratio_unit}.",
        )
    blocks: tuple[Block, ...] = (Paragraph(lead, "lead"), KeyFigures(figures), *_list_notes(context), chart)
    return Section("summary", pen.say("In short", "En bref"), blocks)


def _list_notes(context: RankingContext) -> tuple[Note, ...]:
    pen, planned = context.pen, context.planned
    notes = []
    partial = [row for row in planned if row.coverage is not None and row.coverage < _COVERAGE_WARNING]
    if partial:
        told = pen.count(len(partial), ("EPCI has", "EPCI have"), ("EPCI a", "EPCI ont"))
        notes.append(
            Note(
                pen.say(
                    f"{told} flows that explain less than 90% of the employed residents: their figures are "
                    "under-counted, and so is their rank (column Coverage of the workbook).",
                    f"{told} des flux qui expliquent moins de 90 % des actifs occupés : leurs chiffres sont "
                    "sous-estimés, et leur rang aussi (colonne Couverture du classeur).",
                )
            )
        )
    vintages = sorted({row.flows_vintage for row in planned if row.flows_vintage is not None})
    if len(vintages) > 1:
        listed = ", ".join(str(year) for year in vintages)
        notes.append(
            Note(
                pen.say(
                    f"The flows are not of the same census everywhere ({listed}): compare with care.",
                    f"Les flux ne sont pas partout du même recensement ({listed}) : comparez avec prudence.",
                )
            )
        )
    unproven = [row for row in planned if row.status == "feasible"]
    if unproven:
        worst = pen.share(max(row.gap or 0.0 for row in unproven))
        told = pen.count(len(unproven), ("plan is", "plans are"), ("plan n'est", "plans ne sont"))
        notes.append(
            Note(
                pen.say(
                    f"{told} not proven optimal in the time allowed: a better network would gain at most {worst} of "
                    "the value there (column Gap).",
                    f"{told} pas prouvés optimaux dans le temps accordé : un meilleur réseau y gagnerait au plus "
                    f"{worst} de la valeur (colonne Écart).",
                ),
                "info",
            )
        )
    return tuple(notes)


def _build_method(context: RankingContext) -> Section:
    pen, settings = context.pen, context.settings
    limits = []
    if settings.euros_per_inhabitant is not None:
        amount = pen.number(settings.euros_per_inhabitant, "exact")
        limits.append(
            pen.say(
                f"{amount} € per inhabitant and per year, net public cost (A: an assumption, the same everywhere)",
                f"{amount} € par habitant et par an, coût public net (A : une hypothèse, la même partout)",
            )
        )
    if settings.budget is not None:
        limits.append(
            pen.say(
                f"{pen.number(settings.budget)} € per year, the same for every EPCI",
                f"{pen.number(settings.budget)} € par an, le même pour chaque EPCI",
            )
        )
    if settings.places is not None:
        limits.append(
            pen.say(
                f"{settings.places} places at most, existing ones included",
                f"{settings.places} lieux au plus, existants compris",
            )
        )
    asked = [
        pen.say("Limit: ", "Limite : ") + pen.say("; ", " ; ").join(limits) + ".",
        pen.say(f"Objective: {context.objective}.", f"Objectif : {context.objective}."),
        pen.say(f"Preset: {settings.preset}.", f"Jeu de coefficients : {settings.preset}."),
        *(
            pen.say(f"Changed coefficient: {name} = {value}.", f"Coefficient modifié : {name} = {value}.")
            for name, value in (
                (n, f"{v:g}" if isinstance(v, float) else f"{v.low:g} – {v.value:g} – {v.high:g}")
                for n, v in settings.parameters.items()
            )
        ),
        pen.say(
            f"{pen.number(settings.draws)} draws, seed {settings.seed}; {settings.deadline:g} s at most for one "
            "search.",
            f"{pen.number(settings.draws)} tirages, graine {settings.seed} ; {settings.deadline:g} s au plus pour une "
            "recherche.",
        ),
    ]
    reading = (
        pen.say(
            "Value per euro = (value of the best network – value of the existing places alone) / net public cost of "
            "the new places. It is an average over the budget, not what one more euro would bring.",
            "Valeur par euro = (valeur du meilleur réseau – valeur des seuls lieux existants) / coût public net des "
            "nouveaux lieux. C'est une moyenne sur le budget, pas ce que rapporterait un euro de plus.",
        ),
        pen.say(
            "Each EPCI is planned alone, with the neighbours who can reach it: a resident between two EPCI may be "
            "counted in both, so that the sum over EPCI is an upper bound.",
            "Chaque EPCI est planifié seul, avec les voisins qui peuvent l'atteindre : un habitant entre deux EPCI "
            "peut être compté dans les deux, si bien que la somme des EPCI est un majorant.",
        ),
        pen.say(
            "EPCI whose income covers the cost come first, without a value per euro.",
            "Les EPCI dont les recettes couvrent le coût viennent en tête, sans valeur par euro.",
        ),
    )
    return Section(
        "method",
        pen.say("What was asked, and how to read it", "Ce qui a été demandé, et comment le lire"),
        (
            Items(tuple(asked)),
            Heading(pen.say("Reading", "Lecture")),
            Items(reading),
        ),
    )


def _build_sources(context: RankingContext) -> Section:
    pen = context.pen
    missing = pen.text(MISSING)
    columns = (
        Column("table", pen.say("Table", "Table"), printed=False),
        Column("title", pen.say("Data", "Données"), width=4.6),
        Column("producer", pen.say("Producer", "Producteur"), width=3.2),
        Column("vintage", pen.say("Vintage", "Millésime"), width=1.5),
        Column("licence", pen.say("Licence", "Licence"), width=2.2),
        Column("epci", "EPCI", "number", width=0.8),
    )
    used = {name: sum(name in row.source_tables for row in context.rows) for name in (s.table for s in context.sources)}
    table = Table(
        "sources",
        pen.say("Sources", "Sources"),
        pen.say("Data used, and by how many EPCI", "Données utilisées, et par combien d'EPCI"),
        columns,
        tuple(
            (
                s.table,
                pen.text(s.title),
                s.producer or missing,
                s.vintage or missing,
                s.licence or missing,
                used[s.table],
            )
            for s in context.sources
        ),
    )
    return Section("sources", pen.say("Sources", "Sources"), (table,) if context.sources else (), new_page=False)
