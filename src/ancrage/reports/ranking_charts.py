"""The map and the charts of a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from ancrage.reports.charts import Bar, draw_bars, draw_histogram
from ancrage.reports.maps import MapCommune, draw_indicator_map
from ancrage.reports.model import Chart
from ancrage.reports.shapes import Shapes, read_shapes
from ancrage.reports.writing import Pen, compute_digits
from ancrage.study.sweep import SweepRow
from ancrage.territory.tables import Tables

_TOP = 20
_CLASSES = 5
# Details smaller than this share of the map's width are not seen.
_DETAIL = 1 / 1500
_OVERSEAS = "97"


def build_map(
    rows: Sequence[SweepRow], ranked: Sequence[SweepRow], tables: Tables, pen: Pen, ratio_unit: str, cited: str
) -> Chart:
    """Build the map of the value per euro, in classes of as many EPCI each.

    EPCI overseas are left out where others are shown, and said to be.
    """
    far = [row for row in rows if row.departement.startswith(_OVERSEAS)]
    shown = [row for row in rows if row not in far] or list(rows)
    left = len(rows) - len(shown)
    values = {r.code: 1000 * r.value_per_euro for r in ranked if r.value_per_euro is not None}
    breaks = _choose_breaks([values[row.code] for row in shown if row.code in values])
    spec = draw_indicator_map(
        _list_points(shown, tables),
        values,
        _simplify(read_shapes(tables, {row.code for row in shown}, "epci_polygons", "epci_code")),
        breaks=breaks,
        class_labels=_label_classes(breaks, pen),
        missing_label=pen.say("Not planned, or nothing opens", "Non planifié, ou rien n'ouvre"),
        max_height=430,
    )
    title = pen.say(f"What 1,000 € bring, {ratio_unit}", f"Ce que rapportent 1\u202f000 €, {ratio_unit}")
    alt = pen.say(
        f"Map of {len(shown)} EPCI, darker where a euro brings more. The ranking gives the figures.",
        f"Carte de {len(shown)} EPCI, plus foncés là où un euro rapporte plus. Le classement donne les chiffres.",
    )
    note = ""
    if left:
        note = " " + pen.count(
            left,
            ("overseas EPCI is not drawn.", "overseas EPCI are not drawn."),
            ("EPCI d'outre-mer n'est pas dessiné.", "EPCI d'outre-mer ne sont pas dessinés."),
        )
    return Chart("ranking_map", title, spec, alt, sources=cited + note)


def build_top(ranked: Sequence[SweepRow], pen: Pen, ratio_unit: str, cited: str) -> Chart:
    """Build the bars of the first 20 EPCI that have a value per euro."""
    first = [row for row in ranked if row.value_per_euro is not None][:_TOP]
    # Two EPCI may have the same name: their code tells them apart.
    names = [row.name if [r.name for r in first].count(row.name) == 1 else f"{row.name} ({row.code})" for row in first]
    ratios = [1000 * (row.value_per_euro or 0.0) for row in first]
    bars = [
        Bar(name, ratio, pen.number(ratio, None), strong=rank == 0)
        for rank, (name, ratio) in enumerate(zip(names, ratios, strict=True))
    ]
    title = pen.say(f"The first {len(first)}, {ratio_unit}", f"Les {len(first)} premiers, {ratio_unit}")
    alt = pen.say("Bars: ", "Barres : ") + ", ".join(f"{b.name} {b.shown}" for b in bars)
    return Chart("ranking_top", title, draw_bars(bars, title=ratio_unit), alt, sources=cited)


def build_spread(ratios: NDArray[np.float64], pen: Pen, ratio_unit: str, cited: str) -> Chart:
    """Build the histogram of the value per 1,000 euros over the EPCI."""
    low, high = (float(v) for v in np.quantile(ratios, (0.1, 0.9)))
    title = pen.say("Spread over the EPCI", "Répartition des EPCI")
    alt = pen.say(
        f"Histogram of {len(ratios)} EPCI; eight in ten are between {pen.number(low, None)} and "
        f"{pen.number(high, None)} {ratio_unit}.",
        f"Histogramme de {len(ratios)} EPCI ; huit sur dix sont entre {pen.number(low, None)} et "
        f"{pen.number(high, None)} {ratio_unit}.",
    )
    spec = draw_histogram(ratios, title=ratio_unit, low=low, high=high, low_label="P10", high_label="P90")
    return Chart("ranking_spread", title, spec, alt, sources=cited)


def _choose_breaks(values: Sequence[float]) -> tuple[float, ...]:
    """Return the inner limits of classes of as many EPCI each, three significant digits, none twice."""
    if not values:
        return ()
    quantiles = np.quantile(values, [k / _CLASSES for k in range(1, _CLASSES)])
    rounded = sorted({round(float(q), compute_digits(float(q))) for q in quantiles})
    return tuple(limit for limit in rounded if min(values) < limit <= max(values))


def _label_classes(breaks: Sequence[float], pen: Pen) -> tuple[str, ...]:
    if not breaks:
        return (pen.say("Planned", "Planifié"),)
    shown = [pen.number(limit, None) for limit in breaks]
    inner = [pen.say(f"{a} to {b}", f"{a} à {b}") for a, b in pairwise(shown)]
    return (
        pen.say(f"Under {shown[0]}", f"Moins de {shown[0]}"),
        *inner,
        pen.say(f"{shown[-1]} and over", f"{shown[-1]} et plus"),
    )


def _list_points(rows: Sequence[SweepRow], tables: Tables) -> tuple[MapCommune, ...]:
    """Return the EPCI at the mean of their communes: where they are drawn when they have no outline."""
    middle = (
        tables.scan("communes")
        .filter(pl.col("epci_code").is_in([row.code for row in rows]))
        .group_by("epci_code")
        .agg(pl.col("lon").mean(), pl.col("lat").mean())
        .drop_nulls()
        .collect()
    )
    where = {code: (lon, lat) for code, lon, lat in middle.iter_rows()}
    return tuple(MapCommune(row.code, *where[row.code], inside=True, place="") for row in rows if row.code in where)


def _simplify(shapes: Shapes) -> Shapes:
    """Return outlines without the details that the map cannot show; neighbours keep the same border."""
    if not shapes:
        return shapes
    geometries = np.array(list(shapes.by_code.values()), dtype=object)
    x0, _, x1, _ = shapely.total_bounds(geometries)
    simpler = shapely.coverage_simplify(geometries, _DETAIL * float(x1 - x0))
    return Shapes(dict(zip(shapes.by_code, simpler, strict=True)))
