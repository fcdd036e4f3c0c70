"""The diagnosis: where the territory stands among comparable ones, where its residents work, one map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from ancrage.diagnosis.model import Diagnosis, IndicatorValue
from ancrage.reports.charts import Bar, Position, draw_bars, draw_positions
from ancrage.reports.context import Context, DiagnosisContext
from ancrage.reports.maps import draw_indicator_map
from ancrage.reports.model import Block, Cell, Chart, Column, Items, Note, Paragraph, Section, Table
from ancrage.reports.writing import NARROW_SPACE

# Indicators worth a map, the best first; the first one known in enough communes is drawn.
_MAPPED = ("out_commuting_share", "long_commute_share", "employment_concentration", "car_share", "population_growth")
# A map of a few communes tells nothing: below this share of them, the next indicator is tried.
_ENOUGH = 2 / 3
_MOST_STRIPS = 12
# Sizes of the territory rather than its nature: their place in the group says little.
SIZES = ("people", "jobs")


def build_diagnosis(context: Context, diagnosis: Diagnosis) -> Section:
    """Build the section on the diagnosis."""
    pen = context.pen
    blocks: list[Block] = [
        Paragraph(_capitalise(pen.text(diagnosis.typology)), "lead"),
        Paragraph(_capitalise(pen.text(diagnosis.typology_reason))),
        Paragraph(
            pen.say(
                f"Compared with {diagnosis.group_size} intercommunalities: {diagnosis.group.en}.",
                f"Comparaison avec {diagnosis.group_size} intercommunalités : {diagnosis.group.fr}.",
            ),
            "small",
        ),
    ]
    published = [v for v in diagnosis.values if v.value is not None]
    blocks.append(_build_indicators(context, diagnosis))
    absent = [_label(context, v) for v in diagnosis.values if v.value is None]
    if absent:
        names = ", ".join(absent)
        blocks.append(Paragraph(pen.say(f"Not published: {names}.", f"Non publiés : {names}."), "small"))
    placed = [v for v in published if v.percentile is not None and v.indicator.unit not in SIZES][:_MOST_STRIPS]
    if placed:
        blocks.append(build_positions(context, placed))
    if len(diagnosis.destinations):
        blocks.append(build_destinations_chart(context, diagnosis))
    mapped = _build_map(context, diagnosis, published)
    if mapped is not None:
        blocks.append(mapped)
    if diagnosis.facts:
        blocks.append(Items(tuple(pen.text(fact) for fact in diagnosis.facts)))
    blocks += [Note(pen.text(warning)) for warning in diagnosis.warnings]
    if len(diagnosis.destinations):
        blocks.append(build_destinations(context, diagnosis))
    return Section("diagnosis", pen.say("Diagnosis of the territory", "Diagnostic du territoire"), tuple(blocks))


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def _label(context: DiagnosisContext, value: IndicatorValue) -> str:
    return context.pen.text(value.indicator.label)


def show_value(context: DiagnosisContext, value: IndicatorValue) -> str:
    """Return the value with its unit, or why there is none."""
    pen = context.pen
    if value.value is None:
        return pen.say("secret", "secret") if value.status == "secret" else pen.say("not published", "non publié")
    number = pen.number(value.value, value.indicator.decimals)
    if value.indicator.unit == "%":
        return f"{number}{NARROW_SPACE}%" if pen.language == "fr" else f"{number}%"
    unit = pen.unit(value.indicator.unit)
    # One noun agrees with its number: 1 site, and 0 site in French.
    alone = abs(value.value) < 2 if pen.language == "fr" else value.value == 1
    return f"{number} {unit[:-1]}" if alone and re.fullmatch(r"\w+[sx]", unit) else f"{number} {unit}"


def _show_short(context: DiagnosisContext, value: IndicatorValue) -> str:
    # The unit is in the table above; a long one would take the room of the strips.
    long = len(context.pen.unit(value.indicator.unit)) > 10
    return context.pen.number(value.value, value.indicator.decimals) if long else show_value(context, value)


def build_indicator_columns(context: DiagnosisContext) -> tuple[Column, ...]:
    """Build the columns of a table of indicators."""
    pen = context.pen
    return (
        Column("id", pen.say("Identifier", "Identifiant"), printed=False),
        Column("label", pen.say("Indicator", "Indicateur"), width=4.4),
        Column("value", pen.say("Value", "Valeur"), "number", "", None, 1.2, printed=False),
        Column("shown", pen.say("Value and unit", "Valeur et unité"), width=2.6, right=True),
        Column("unit", pen.say("Unit", "Unité"), printed=False),
        Column("median", pen.say("Median of the group", "Médiane du groupe"), "number", "", None, 1.2, printed=False),
        Column("median_shown", pen.say("Group median", "Médiane du groupe"), width=1.5, right=True),
        Column("p10", "P10", "number", "", None, printed=False),
        Column("p90", "P90", "number", "", None, printed=False),
        Column("rank", pen.say("Rank", "Rang"), "number", "", 0, printed=False),
        Column("rank_shown", pen.say("Rank", "Rang"), width=1.2, right=True),
        Column("group_size", pen.say("Size of the group", "Taille du groupe"), "number", "", 0, printed=False),
        Column("percentile", pen.say("Percentile", "Centile"), "number", "", 0, printed=False),
        Column("vintage", pen.say("Vintage", "Millésime"), width=1.4),
        Column("coverage", pen.say("Coverage", "Couverture"), "share", "%", 0, printed=False),
        Column("group", pen.say("Comparison group", "Groupe de comparaison"), printed=False),
        Column("reading", pen.say("How to read it", "Lecture"), printed=False),
        Column("sources", pen.say("Tables", "Tables"), printed=False),
    )


def _build_indicators(context: DiagnosisContext, diagnosis: Diagnosis) -> Table:
    pen = context.pen
    # What is published comes first: the PDF names the others below the table.
    ordered = sorted(diagnosis.values, key=lambda v: v.value is None)
    rows = tuple(build_indicator_row(context, v) for v in ordered)
    used = [table for v in diagnosis.values if v.value is not None for table in v.sources]
    return Table(
        "indicators",
        pen.say("Indicators", "Indicateurs"),
        pen.say("Indicators among the comparison group", "Les indicateurs dans le groupe de comparaison"),
        build_indicator_columns(context),
        rows,
        note=pen.say("Rank 1: highest value of the group.", "Rang 1 : valeur la plus élevée du groupe."),
        sources=context.cite(used),
        printed_rows=sum(v.value is not None for v in diagnosis.values),
    )


def build_indicator_row(context: DiagnosisContext, v: IndicatorValue) -> tuple[Cell, ...]:
    """Build the row of an indicator, one cell for each of `build_indicator_columns`."""
    pen = context.pen
    decimals = v.indicator.decimals
    median = "–" if v.group_median is None else pen.number(v.group_median, decimals)
    rank = "–" if v.rank is None else f"{pen.number(v.rank)}{NARROW_SPACE}/{NARROW_SPACE}{pen.number(v.group_size)}"
    return (
        v.indicator.id,
        _label(context, v),
        v.value,
        show_value(context, v),
        pen.unit(v.indicator.unit),
        v.group_median,
        median,
        v.group_p10,
        v.group_p90,
        None if v.rank is None else float(v.rank),
        rank,
        float(v.group_size),
        v.percentile,
        v.vintage or "–",
        v.coverage,
        "" if v.group is None else pen.text(v.group),
        pen.text(v.indicator.reading),
        ", ".join(v.sources),
    )


def build_positions(
    context: DiagnosisContext, placed: Sequence[IndicatorValue], name: str = "positions", title: str = ""
) -> Chart:
    """Build the chart of the percentiles of indicators that have one; `name` is its identifier."""
    pen = context.pen
    positions = [
        Position(_label(context, v), v.percentile, _show_short(context, v)) for v in placed if v.percentile is not None
    ]
    spec = draw_positions(
        positions,
        low="P10",
        middle=pen.say("median", "médiane"),
        high="P90",
    )
    alt = pen.say("Percentile in the group: ", "Centile dans le groupe : ") + pen.say("; ", " ; ").join(
        f"{p.name} {pen.number(p.percentile)}" for p in positions
    )
    return Chart(
        name,
        title
        or pen.say(
            "Where the territory stands in its group (by percentile)",
            "Place du territoire dans son groupe (par centile)",
        ),
        spec,
        alt,
        context.cite([table for v in placed for table in v.sources]),
    )


def _list_destinations(
    context: DiagnosisContext, diagnosis: Diagnosis
) -> list[tuple[str, str, float, float, float | None]]:
    pen = context.pen
    rows = []
    for row in diagnosis.destinations.iter_rows(named=True):
        other = row["code"] == "other"
        name = (
            pen.say("Other communes (fewer than 200 each)", "Autres communes (moins de 200 chacune)")
            if other
            else (str(row["name"]))
        )
        rows.append((str(row["code"]), name, float(row["workers"]), float(row["share_pct"]), row["crow_km"]))
    return rows


def build_destinations_chart(context: DiagnosisContext, diagnosis: Diagnosis) -> Chart:
    """Build the chart of the main work communes."""
    pen = context.pen
    rows = _list_destinations(context, diagnosis)[:11]
    bars = []
    for code, name, workers, share, _ in rows:
        shown = f"{pen.number(workers)} ({pen.share(share / 100)})"
        bars.append(Bar(name, workers, shown, strong=code != "other"))
    spec = draw_bars(
        bars, title=pen.say("Employed residents by commune of work", "Actifs occupés par commune de travail")
    )
    alt = pen.say("Main work communes: ", "Principales communes de travail : ") + pen.say("; ", " ; ").join(
        f"{b.name} {b.shown}" for b in bars
    )
    return Chart(
        "destinations",
        pen.say("Where residents work", "Où travaillent les habitants"),
        spec,
        alt,
        context.cite(("flows",)),
    )


def build_destinations(context: DiagnosisContext, diagnosis: Diagnosis, printed_rows: int | None = 0) -> Table:
    """Build the table of the work communes."""
    pen = context.pen
    columns = (
        Column("code", pen.say("Code", "Code")),
        Column("name", pen.say("Commune of work", "Commune de travail"), width=3),
        Column("workers", pen.say("Employed residents", "Actifs occupés"), "number", pen.unit("people"), 0),
        Column("share", pen.say("Share", "Part"), "number", "%", 1),
        Column("crow_km", pen.say("As the crow flies", "Vol d'oiseau"), "number", pen.unit("km"), 0),
    )
    return Table(
        "destinations",
        pen.say("Destinations", "Destinations"),
        pen.say("Where residents work", "Où travaillent les habitants"),
        columns,
        tuple(_list_destinations(context, diagnosis)),
        note=pen.say(
            "Weighted census estimates: cells below 200 people are grouped.",
            "Estimations pondérées du recensement : les cases de moins de 200 personnes sont regroupées.",
        ),
        sources=context.cite(("flows",)),
        printed_rows=printed_rows,
    )


def _build_map(context: DiagnosisContext, diagnosis: Diagnosis, published: list[IndicatorValue]) -> Chart | None:
    known = {v.indicator.id: v for v in published}
    for key in dict.fromkeys((*_MAPPED, *known)):
        values = read_commune_values(diagnosis, key) if key in known else None
        if values is not None:
            return draw_map(context, known[key], values)
    return None


def read_commune_values(diagnosis: Diagnosis, key: str) -> dict[str, float | None] | None:
    """Return the value of an indicator by commune, or None where too few communes have one for a map to tell much."""
    frame = diagnosis.communes
    if key not in frame.columns or not frame[key].dtype.is_numeric():
        return None
    values = dict(zip(frame["code"].to_list(), frame[key].to_list(), strict=True))
    numbers = _list_known(values)
    return values if len(set(numbers)) >= 2 and len(numbers) >= _ENOUGH * len(frame) else None


def _list_known(values: Mapping[str, float | None]) -> list[float]:
    return [float(v) for v in values.values() if v is not None]


def draw_map(
    context: DiagnosisContext,
    value: IndicatorValue,
    values: Mapping[str, float | None],
    name: str = "indicator_map",
    max_height: int = 300,
) -> Chart:
    """Build the map of an indicator by commune; `name` is its identifier."""
    pen, decimals, numbers = context.pen, value.indicator.decimals, _list_known(values)
    # Quintiles, told apart once rounded as they are written.
    cuts = np.unique(np.round(np.quantile(numbers, (0.2, 0.4, 0.6, 0.8)), decimals))
    breaks = [float(cut) for cut in cuts if min(numbers) < cut <= max(numbers)]
    unit = pen.unit(value.indicator.unit)
    shown = [pen.number(cut, decimals) for cut in breaks]
    if breaks:
        labels = [pen.say(f"below {shown[0]}", f"moins de {shown[0]}")]
        labels += [pen.say(f"{a} to {b}", f"de {a} à {b}") for a, b in pairwise(shown)]
        labels.append(pen.say(f"{shown[-1]} and more", f"{shown[-1]} et plus"))
    else:
        labels = [pen.number(numbers[0], decimals)]
    spec = draw_indicator_map(
        context.list_map_communes(),
        values,
        context.shapes,
        breaks=breaks,
        class_labels=labels,
        missing_label=pen.say("not published", "non publié"),
        max_height=max_height,
    )
    label = _label(context, value)
    low, high = pen.number(min(numbers), decimals), pen.number(max(numbers), decimals)
    return Chart(
        name,
        f"{label} ({unit}, {value.vintage})" if value.vintage else f"{label} ({unit})",
        spec,
        pen.say(
            f"Map by commune: {label}, from {low} to {high} {unit}.",
            f"Carte par commune : {label}, de {low} à {high} {unit}.",
        ),
        context.cite(value.sources),
        width=0.8,
    )
