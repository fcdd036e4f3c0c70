"""Assumptions with their letters, limits, sources, and how to run the study again."""

from __future__ import annotations

from collections.abc import Iterable

from ancrage.figures import Source
from ancrage.parameters import LETTERS, Coefficient
from ancrage.reports.context import Context
from ancrage.reports.model import Block, Cell, Column, Heading, Items, Note, Paragraph, Section, Table
from ancrage.reports.writing import MISSING, Pen


def build_assumptions(context: Context) -> Section:
    """Build the section on the coefficients: what the user changed first, then every value used."""
    pen = context.pen
    letters = pen.say("; ", " ; ").join(f"{letter}, {pen.text(text)}" for letter, text in LETTERS.items())
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                f"Every figure rests on these coefficients. The letter tells how far each can be trusted: {letters}.",
                f"Tous les chiffres reposent sur ces coefficients. La lettre dit leur solidité : {letters}.",
            )
        )
    ]
    if context.result.overrides:
        blocks.append(_build_overrides(context))
    else:
        preset = context.result.settings.preset
        blocks.append(
            Paragraph(
                pen.say(
                    f"Preset “{preset}”: no value was changed for this study.",
                    f"Préréglage « {name_preset(context)} » : aucune valeur n'a été changée pour cette étude.",
                )
            )
        )
    blocks.append(_build_coefficients(context))
    return Section("assumptions", pen.say("Assumptions", "Hypothèses"), tuple(blocks))


def name_preset(context: Context) -> str:
    """Return the name of the preset for a reader."""
    pen = context.pen
    names = {
        "observed": pen.say("observed", "observé"),
        "central": pen.say("central", "central"),
        "ambition": pen.say("ambition", "ambition"),
    }
    return names[context.result.settings.preset]


def _build_overrides(context: Context) -> Table:
    pen = context.pen
    labels = {c.name: pen.text(c.label) for c in context.result.coefficients}
    columns = (
        Column("name", pen.say("Identifier", "Identifiant"), printed=False),
        Column("label", pen.say("Coefficient", "Coefficient"), width=4),
        Column("default", pen.say("Default", "Par défaut"), "number", "", "exact", 1.3),
        Column("value", pen.say("Used here", "Retenu ici"), "number", "", "exact", 1.3),
        Column("interval", pen.say("Low–high", "Bas–haut"), "interval", "", "exact", 1.8),
        Column("unit", pen.say("Unit", "Unité"), width=1.8),
    )
    rows = tuple(
        (o.name, labels.get(o.name, o.name), o.default, o.value, (o.low, o.high), pen.unit(o.unit))
        for o in context.result.overrides
    )
    return Table(
        "overrides",
        pen.say("Changed values", "Valeurs changées"),
        pen.say("Values changed for this study", "Valeurs changées pour cette étude"),
        columns,
        rows,
        note=pen.say("Given by the user in place of the default.", "Données par l'utilisateur à la place du défaut."),
    )


def _build_coefficients(context: Context) -> Table:
    pen = context.pen
    columns = (
        Column("name", pen.say("Identifier", "Identifiant"), printed=False),
        Column("label", pen.say("Coefficient", "Coefficient"), width=4.3),
        Column("value", pen.say("Value", "Valeur"), "number", "", "exact", 1.0),
        Column("interval", pen.say("Low–high", "Bas–haut"), "interval", "", "exact", 1.7),
        Column("unit", pen.say("Unit", "Unité"), width=1.8),
        Column("letter", pen.say("Letter", "Lettre"), width=0.95),
        Column("source", pen.say("Source", "Source"), width=5.6),
        Column("note", pen.say("Note", "Remarque"), printed=False),
        Column("changed", pen.say("Changed", "Changé"), printed=False),
    )

    def build_row(c: Coefficient) -> tuple[Cell, ...]:
        changed = pen.say(" (changed)", " (changé)") if c.overridden else ""
        return (
            c.name,
            pen.text(c.label) + changed,
            c.value,
            None if c.low is None or c.high is None else (c.low, c.high),
            pen.unit(c.unit),
            c.letter,
            c.render_source(pen.language),
            c.render_note(pen.language),
            pen.say("yes", "oui") if c.overridden else pen.say("no", "non"),
        )

    return Table(
        "assumptions",
        pen.say("Assumptions", "Hypothèses"),
        pen.say("Every coefficient used", "Tous les coefficients utilisés"),
        columns,
        tuple(build_row(c) for c in context.result.coefficients),
        note=pen.say(
            "S: sourced. D: derived. A: assumption. A triangular law on low, value, high is drawn in the simulations.",
            "S : sourcé. D : dérivé. A : hypothèse. Les simulations tirent une loi triangulaire sur bas, valeur, haut.",
        ),
    )


def build_limits(context: Context) -> Section:
    """Build the section on what the figures leave out, and on what they rest on."""
    result, pen = context.result, context.pen
    blocks: list[Block] = [Note(pen.text(warning)) for warning in result.warnings]
    blocks.append(Heading(pen.say("What the figures rest on", "Sur quoi reposent les chiffres")))
    blocks.append(Items(_list_foundations(context)))
    blocks.append(Heading(pen.say("What is not modelled", "Ce qui n'est pas modélisé")))
    blocks.append(Items(tuple(pen.text(text) for text in result.not_modelled)))
    return Section("limits", pen.say("Limits", "Limites"), tuple(blocks))


def _list_foundations(context: Context) -> tuple[str, ...]:
    result, pen = context.result, context.pen
    if result.coverage is None:
        coverage = pen.say(
            "Coverage of the flows: unknown, no other table gives the employed residents.",
            "Couverture des flux : inconnue, aucune autre table ne donne les actifs occupés.",
        )
    else:
        share = pen.share(result.coverage)
        coverage = pen.say(
            f"Coverage of the flows: {share} of the employed residents.",
            f"Couverture des flux : {share} des actifs occupés.",
        )
    year = result.flows_vintage
    mixes = pen.say(
        f"Occupations: {_name_level(context, result.class_level)}. Modes of travel: "
        f"{_name_level(context, result.mode_level)}.",
        f"Professions : {_name_level(context, result.class_level)}. Modes de déplacement : "
        f"{_name_level(context, result.mode_level)}.",
    )
    return (
        pen.say(
            f"Home-work flows of the {year} census: weighted estimates, uncertain below 200 people.",
            f"Flux domicile-travail du recensement {year} : estimations pondérées, incertaines sous 200 personnes.",
        ),
        coverage,
        mixes,
        pen.text(result.travel_label),
    )


def _name_level(context: Context, level: str) -> str:
    pen = context.pen
    names = {
        "observed": pen.say("observed in the flows", "observées dans les flux"),
        "commune": pen.say("mix of the commune applied", "répartition de la commune"),
        "epci": pen.say("mix of the intercommunality applied", "répartition de l'intercommunalité"),
        "departement": pen.say("mix of the département applied", "répartition du département"),
        "france": pen.say("mix of France applied", "répartition de la France"),
    }
    return names.get(level, level)


def build_sources_table(pen: Pen, sources: Iterable[Source]) -> Table:
    """Build the table of the data used."""
    columns = (
        Column("table", pen.say("Table", "Table"), printed=False),
        Column("title", pen.say("Data", "Données"), width=4.6),
        Column("producer", pen.say("Producer", "Producteur"), width=3.2),
        Column("vintage", pen.say("Vintage", "Millésime"), width=1.5),
        Column("licence", pen.say("Licence", "Licence"), width=2.2),
        Column("url", pen.say("Address", "Adresse"), printed=False),
        Column("checksum", "SHA-256", printed=False),
    )
    missing = pen.text(MISSING)

    def build_row(source: Source) -> tuple[Cell, ...]:
        return (
            source.table,
            pen.text(source.title),
            source.producer or missing,
            source.vintage or missing,
            source.licence or missing,
            source.url,
            source.checksum,
        )

    return Table(
        "sources",
        pen.say("Sources", "Sources"),
        pen.say("Data used", "Données utilisées"),
        columns,
        tuple(build_row(source) for source in sources),
    )


def build_sources(context: Context) -> Section:
    """Build the section on sources and on how to run the study again."""
    result, pen = context.result, context.pen
    again = Items(
        (
            pen.say(
                f"Ancrage {result.version}, travel times: {result.travel_version}, seed {result.settings.seed}, "
                f"{pen.number(result.settings.draws)} draws.",
                f"Ancrage {result.version}, temps de trajet : {result.travel_version}, graine {result.settings.seed}, "
                f"{pen.number(result.settings.draws)} tirages.",
            ),
            pen.say(
                "The study file (study.toml) holds every setting and the checksums of the data: the same file on the "
                "same data gives the same figures.",
                "Le fichier d'étude (study.toml) contient tous les réglages et les empreintes des données : le même "
                "fichier sur les mêmes données donne les mêmes chiffres.",
            ),
        )
    )
    blocks: tuple[Block, ...] = (
        build_sources_table(pen, context.sources.values()),
        Heading(pen.say("To run this study again", "Pour refaire cette étude")),
        again,
    )
    return Section("sources", pen.say("Sources", "Sources"), blocks, new_page=False)
