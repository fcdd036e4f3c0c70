"""What the network changes, by beneficiary, with intervals; ceilings and published orders of magnitude apart."""

from __future__ import annotations

from ancrage.reports.context import Context
from ancrage.reports.model import Block, Cell, Column, Note, Paragraph, Section, Table
from ancrage.reports.writing import compute_display_scale
from ancrage.study.results import ImpactLine

_ORDER = ("commuters", "climate", "shops", "authority", "jobs", "employers")


def build_impact(context: Context) -> Section:
    """Build the section on the effects."""
    result, pen = context.result, context.pen
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                "Each figure is a central value with its interval: in 8 simulations out of 10, the result lies between "
                "P10 and P90. A negative figure is a loss, and is shown as it is.",
                "Chaque chiffre est une valeur centrale avec son intervalle : 8 simulations sur 10 donnent un résultat "
                "entre P10 et P90. Un chiffre négatif est une perte, montrée telle quelle.",
            )
        )
    ]
    if context.travel_note:
        blocks.append(Note(context.travel_note, "info"))
    blocks.append(_build_lines(context))
    notes = tuple(
        f"{pen.text(line.label)} : {pen.text(line.note)}"
        if pen.language == "fr"
        else f"{line.label.en}: {line.note.en}"
        for line in result.impact
        if line.note is not None
    )
    if notes:
        blocks.append(Paragraph(" ".join(notes).replace("CO2", "CO₂"), "small"))
    if result.controls:
        blocks.append(_build_controls(context))
    return Section("impact", pen.say("What it changes, and for whom", "Ce que cela change, et pour qui"), tuple(blocks))


def name_beneficiary(context: Context, beneficiary: str) -> str:
    """Return the name of a beneficiary for a reader."""
    pen = context.pen
    names = {
        "commuters": pen.say("People who commute", "Habitants qui se déplacent pour travailler"),
        "climate": pen.say("Climate", "Climat"),
        "shops": pen.say("Local shops", "Commerces locaux"),
        "authority": pen.say("Host authority", "Collectivité porteuse"),
        "jobs": pen.say("Jobs", "Emplois"),
        "employers": pen.say("Employers", "Employeurs"),
    }
    return names.get(beneficiary, beneficiary)


def _build_lines(context: Context) -> Table:
    result, pen = context.result, context.pen
    columns = (
        Column("id", pen.say("Identifier", "Identifiant"), printed=False),
        Column("beneficiary", pen.say("For whom", "Pour qui"), printed=False),
        Column("label", pen.say("Effect per year", "Effet par an"), width=4.3),
        Column("value", pen.say("Whole network", "Réseau entier"), "number", "", None, 1.7),
        Column("interval", "P10–P90", "interval", "", None, 2.5),
        Column("unit", pen.say("Unit", "Unité"), width=1.8),
        Column("added", pen.say("New places add", "Apport des nouveaux lieux"), "number", "", None, 1.8),
        Column("inside", pen.say("Inside", "Territoire"), "number", "", None, 1.7),
        Column("halo", pen.say("Halo", "Halo"), "number", "", None, 1.5),
        Column("ceiling", pen.say("Ceiling", "Plafond"), printed=False),
        Column("formula", pen.say("Formula", "Formule"), printed=False),
        Column("note", pen.say("Note", "Remarque"), printed=False),
    )
    rank = {name: k for k, name in enumerate(_ORDER)}
    lines = sorted(result.impact, key=lambda line: (line.ceiling, rank.get(line.beneficiary, len(_ORDER))))
    groups: dict[int, str] = {}
    previous = ""
    for row, line in enumerate(lines):
        if line.ceiling:
            group = pen.say(
                "Ceilings: upper bounds, never forecasts", "Plafonds : bornes hautes, jamais des prévisions"
            )
        else:
            group = name_beneficiary(context, line.beneficiary)
        if group != previous:
            groups[row] = previous = group
    return Table(
        "impact",
        pen.say("Effects", "Effets"),
        pen.say("Effects per year, by beneficiary", "Les effets par an, par bénéficiaire"),
        columns,
        tuple(_build_row(context, line) for line in lines),
        note=pen.say(
            "New places add: what the places beyond the existing ones bring. Inside, halo: by commune of residence of "
            "the users.",
            "Apport des nouveaux lieux : au-delà des lieux existants. Territoire, halo : selon la commune de résidence "
            "des usagers.",
        ),
        sources=context.study_sources,
        groups=groups,
    )


def _build_row(context: Context, line: ImpactLine) -> tuple[Cell, ...]:
    pen = context.pen
    factor, unit = compute_display_scale(line.figure.unit)

    def scale(value: float | None) -> float | None:
        return None if value is None else value * factor

    low, high = scale(line.figure.low), scale(line.figure.high)
    return (
        line.id,
        name_beneficiary(context, line.beneficiary),
        pen.text(line.label).replace("CO2", "CO₂"),
        scale(line.figure.value),
        None if low is None or high is None else (low, high),
        pen.unit(unit),
        scale(line.added),
        scale(line.inside),
        scale(line.halo),
        pen.say("yes", "oui") if line.ceiling else pen.say("no", "non"),
        line.figure.formula,
        "" if line.note is None else pen.text(line.note),
    )


def _build_controls(context: Context) -> Table:
    pen = context.pen
    columns = (
        Column("label", pen.say("Order of magnitude", "Ordre de grandeur"), width=3.6),
        Column("ours", pen.say("This study", "Cette étude"), "number", "", None, 1.3),
        Column("published", pen.say("Published", "Publié"), "number", "", None, 1.2),
        Column("unit", pen.say("Unit", "Unité"), width=1.6),
        Column("source", pen.say("Source", "Source"), width=4.3),
    )
    rows = tuple(
        (
            pen.text(c.label).replace("CO2", "CO₂"),
            c.ours,
            c.published,
            pen.unit(c.unit),
            pen.say(c.source, c.source_fr or c.source),
        )
        for c in context.result.controls
    )
    return Table(
        "controls",
        pen.say("Orders of magnitude", "Ordres de grandeur"),
        pen.say("Published orders of magnitude", "Ordres de grandeur publiés"),
        columns,
        rows,
        note=pen.say(
            "Published figures check ours. They are often ceilings measured elsewhere, never forecasts.",
            "Les chiffres publiés servent à vérifier les nôtres. Ce sont souvent des plafonds mesurés ailleurs, jamais "
            "des prévisions.",
        ),
    )
