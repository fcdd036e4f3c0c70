"""The portrait of a territory: its diagnosis as a document of its own, and as map layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import shapely

from ancrage import __version__
from ancrage.diagnosis.indicators import FAMILIES
from ancrage.diagnosis.model import Diagnosis, IndicatorValue
from ancrage.figures import Source
from ancrage.language import DEFAULT_LANGUAGE, Language
from ancrage.reports.chart_style import MUTED
from ancrage.reports.charts import Bar, draw_bars
from ancrage.reports.context import cite_sources
from ancrage.reports.geofiles import write_layers
from ancrage.reports.maps import MapCommune
from ancrage.reports.model import (
    Block,
    Cell,
    Chart,
    Column,
    Document,
    Heading,
    Items,
    KeyFigure,
    KeyFigures,
    Layer,
    Note,
    Paragraph,
    Section,
    Table,
)
from ancrage.reports.sections.diagnosis import (
    SIZES,
    build_destinations,
    build_destinations_chart,
    build_indicator_columns,
    build_indicator_row,
    build_positions,
    draw_map,
    read_commune_values,
)
from ancrage.reports.sections.method import build_sources_table
from ancrage.reports.shapes import Shapes
from ancrage.reports.writing import Pen

FieldKind: TypeAlias = Literal["text", "real", "integer"]

# Figures of the first page, in order; those that are not published are left out.
_MAIN = (
    *("population", "employed_residents", "jobs", "employment_concentration", "out_commuting_share"),
    *("long_vacancy_share", "everyday_services_rate", "brownfields", "third_places"),
)
_MOST_MAIN = 6
# Indicators worth a map, by the order in which they are shown; the first one is on the cover.
_MAPPED = (
    *("out_commuting_share", "employment_concentration", "long_commute_share", "everyday_services_rate"),
    *("long_vacancy_share", "population_growth"),
)
_MOST_MAPS = 4
# What a page is wide enough for beside the name and the population of a commune.
_COMMUNE_COLUMNS = (
    *("employed_residents", "jobs", "out_commuting_share", "everyday_services_rate", "long_vacancy_share"),
)
_LARGEST_COMMUNES = 12
# Fewer strips tell nothing that the table does not; programmes are facts rather than measures.
_FEWEST_STRIPS = 3
_WITHOUT_STRIPS = ("programmes",)


@dataclass(frozen=True)
class PortraitContext:
    """A diagnosis, outlines (perhaps none) and the pen that writes."""

    diagnosis: Diagnosis
    shapes: Shapes
    pen: Pen

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """Return the sources of the diagnosis by table."""
        return {source.table: source for source in self.diagnosis.sources}

    def cite(self, tables: Iterable[str]) -> str:
        """Return the line of sources that goes below what rests on these tables."""
        return cite_sources(self.sources, tables, self.pen)

    def list_map_communes(self) -> tuple[MapCommune, ...]:
        """Return the communes whose outline is known: nothing else says where they are."""
        rows = []
        for code in self.diagnosis.communes["code"].to_list():
            outline = self.shapes.by_code.get(code)
            if outline is not None:
                centre = outline.representative_point()
                rows.append(MapCommune(code, centre.x, centre.y, inside=True, place=""))
        return tuple(rows)

    @cached_property
    def published(self) -> tuple[IndicatorValue, ...]:
        """Return the indicators that have a value, in display order."""
        return tuple(value for value in self.diagnosis.values if value.value is not None)

    @cached_property
    def maps(self) -> tuple[tuple[IndicatorValue, Mapping[str, float | None]], ...]:
        """Return the indicators to map, with their values by commune; none without outlines."""
        known = {value.indicator.id: value for value in self.published}
        found = []
        for key in _MAPPED if self.list_map_communes() else ():
            values = read_commune_values(self.diagnosis, key) if key in known else None
            if values is not None:
                found.append((known[key], values))
        return tuple(found[:_MOST_MAPS])


def build_portrait(
    diagnosis: Diagnosis, shapes: Shapes, language: Language = DEFAULT_LANGUAGE, *, on: date | None = None
) -> Document:
    """Build the portrait of a territory, in one language, for `write_pdf`, `write_xlsx` and `write_docx`.

    Parameters
    ----------
    shapes : outlines of its communes; without them the portrait has charts and tables only.
    on : date written on the document; None leaves it out, so that the same diagnosis always gives the same files.
    """
    context = PortraitContext(diagnosis, shapes, Pen(language))
    pen = context.pen
    sections = (
        _build_summary(context),
        _build_families(context),
        _build_commuting(context),
        _build_maps(context),
        _build_communes_section(context),
        _build_limits(context),
        Section(
            "sources",
            pen.say("Sources", "Sources"),
            (build_sources_table(pen, diagnosis.sources),) if diagnosis.sources else (),
            new_page=False,
        ),
    )
    return Document(
        language=language,
        territory=diagnosis.name,
        title=pen.say("Portrait of a territory", "Portrait de territoire"),
        subtitle=pen.say(
            "Jobs, commuting, services, housing, brownfields", "Emploi, déplacements, services, logement, friches"
        ),
        fictional=diagnosis.fictional,
        version=__version__,
        on=on,
        cover=_build_cover(context),
        sections=tuple(section for section in sections if section.blocks),
        figures=tuple(_build_figure(context, value) for value in context.published),
        facts={
            "travel": "",
            "warnings": [pen.text(warning) for warning in diagnosis.warnings],
            "epci": diagnosis.epci_code,
            "typology": pen.text(diagnosis.typology),
            "group": pen.text(diagnosis.group),
            "group_size": diagnosis.group_size,
        },
    )


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def _build_figure(context: PortraitContext, value: IndicatorValue) -> KeyFigure:
    pen, decimals = context.pen, value.indicator.decimals
    note = ""
    if value.group_median is not None:
        median = pen.number(value.group_median, decimals)
        note = pen.say(f"group median: {median}", f"médiane du groupe : {median}")
    return KeyFigure(
        id=value.indicator.id,
        label=pen.text(value.indicator.label),
        value=value.value,
        unit=pen.unit(value.indicator.unit),
        decimals=decimals,
        note=note,
        formula=f"indicators.{value.indicator.id}",
        sources=value.sources,
    )


def _build_cover(context: PortraitContext) -> Chart:
    """Build the picture of the first page: a map, or a chart where no outline is known."""
    if context.maps:
        value, values = context.maps[0]
        return _name_map(draw_map(context, value, values, "portrait_map", max_height=340))
    placed = _list_placed(context.published)
    if placed:
        return replace(build_positions(context, placed[:8]), id="cover_positions")
    return _build_largest_communes(context)


def _name_map(chart: Chart) -> Chart:
    """Return a map with its title in the picture: a cover shows nothing else."""
    title = {"text": chart.title, "anchor": "start", "fontSize": 12, "fontWeight": "normal", "color": MUTED}
    padding = {**chart.spec["padding"], "top": 26}
    return replace(chart, spec={**chart.spec, "title": title, "padding": padding})


def _build_largest_communes(context: PortraitContext) -> Chart:
    pen, frame = context.pen, context.diagnosis.communes
    rows = sorted(
        ((str(name), float(people or 0)) for name, people in frame.select("name", "population").iter_rows()),
        key=lambda row: (-row[1], row[0]),
    )[:_LARGEST_COMMUNES]
    title = pen.say("Inhabitants of the largest communes", "Habitants des communes les plus peuplées")
    spec = draw_bars([Bar(name, people, pen.number(people), strong=True) for name, people in rows], title=title)
    alt = f"{title}: " if pen.language == "en" else f"{title} : "
    shown = pen.say("; ", " ; ").join(f"{name} {pen.number(people)}" for name, people in rows)
    return Chart("cover_communes", title, spec, pen.say(alt + shown, alt + shown), context.cite(("communes",)))


def _list_placed(values: Sequence[IndicatorValue]) -> list[IndicatorValue]:
    # The size of a territory says little of its nature.
    return [v for v in values if v.percentile is not None and v.indicator.unit not in SIZES]


def _build_summary(context: PortraitContext) -> Section:
    diagnosis, pen = context.diagnosis, context.pen
    blocks: list[Block] = [
        Paragraph(_capitalise(pen.text(diagnosis.typology)), "lead"),
        Paragraph(_capitalise(pen.text(diagnosis.typology_reason))),
    ]
    known = {value.indicator.id: value for value in context.published}
    main = [known[key] for key in _MAIN if key in known][:_MOST_MAIN]
    if main:
        blocks.append(KeyFigures(tuple(_build_figure(context, value) for value in main)))
    blocks.append(
        Paragraph(
            pen.say(
                f"Compared with {diagnosis.group_size} intercommunalities: {diagnosis.group.en}.",
                f"Comparaison avec {diagnosis.group_size} intercommunalités : {diagnosis.group.fr}.",
            ),
            "small",
        )
    )
    blocks += [Note(pen.text(warning)) for warning in diagnosis.warnings]
    if diagnosis.facts:
        blocks.append(Heading(pen.say("Known facts", "Faits connus")))
        blocks.append(Items(tuple(pen.text(fact) for fact in diagnosis.facts)))
    return Section("summary", pen.say("In one page", "L'essentiel"), tuple(blocks))


def _build_families(context: PortraitContext) -> Section:
    """Build one heading, one chart and one table for each family that has a value."""
    pen = context.pen
    blocks: list[Block] = []
    for family, heading in FAMILIES.items():
        values = [value for value in context.diagnosis.values if value.indicator.family == family]
        if not any(value.value is not None for value in values):
            continue
        name = pen.text(heading)
        blocks.append(Heading(name))
        blocks.append(_build_family(context, family, name, values))
        placed = _list_placed([value for value in values if value.value is not None])
        if len(placed) >= _FEWEST_STRIPS and family not in _WITHOUT_STRIPS:
            title = pen.say(f"{name}: where the territory stands", f"{name} : place du territoire")
            blocks.append(build_positions(context, placed, f"positions_{family}", title))
    title = pen.say("Indicators among comparable territories", "Les indicateurs parmi les territoires comparables")
    return Section("indicators", title, tuple(blocks))


def _build_family(context: PortraitContext, family: str, name: str, values: list[IndicatorValue]) -> Table:
    pen = context.pen
    # What is published comes first: a printed table stops there, the workbook says what is missing.
    ordered = sorted(values, key=lambda value: value.value is None)
    published = [value for value in ordered if value.value is not None]
    return Table(
        f"indicators_{family}",
        name,
        pen.say("Values beside the comparison group", "Valeurs et groupe de comparaison"),
        build_indicator_columns(context),
        tuple(build_indicator_row(context, value) for value in ordered),
        note=pen.say("Rank 1: highest value of the group.", "Rang 1 : valeur la plus élevée du groupe."),
        sources=context.cite([table for value in published for table in value.sources]),
        printed_rows=len(published),
    )


def _build_commuting(context: PortraitContext) -> Section:
    diagnosis, pen = context.diagnosis, context.pen
    blocks: tuple[Block, ...] = ()
    if len(diagnosis.destinations):
        blocks = (
            build_destinations_chart(context, diagnosis),
            build_destinations(context, diagnosis, printed_rows=None),
        )
    return Section("destinations", pen.say("The way to work", "Les déplacements vers le travail"), blocks)


def _build_maps(context: PortraitContext) -> Section:
    blocks = tuple(
        draw_map(context, value, values, f"map_{value.indicator.id}", max_height=290) for value, values in context.maps
    )
    return Section("maps", context.pen.say("By commune, on maps", "Commune par commune, en cartes"), blocks)


def _list_commune_indicators(context: PortraitContext) -> list[IndicatorValue]:
    """Return the indicators known by commune, those that a page shows first."""
    columns = set(context.diagnosis.communes.columns) - {"population"}
    known = [value for value in context.diagnosis.values if value.indicator.id in columns]
    return sorted(known, key=lambda value: value.indicator.id not in _COMMUNE_COLUMNS)


def _build_communes_section(context: PortraitContext) -> Section:
    pen, frame = context.pen, context.diagnosis.communes
    indicators = _list_commune_indicators(context)
    columns = (
        Column("code", pen.say("Code", "Code"), width=1.1),
        Column("name", pen.say("Commune", "Commune"), width=3.2),
        Column("population", pen.say("Inhabitants", "Habitants"), "number", "", 0, 1.3),
        *(
            Column(
                value.indicator.id,
                pen.text(value.indicator.label),
                "number",
                pen.unit(value.indicator.unit),
                value.indicator.decimals,
                1.6,
                printed=value.indicator.id in _COMMUNE_COLUMNS,
            )
            for value in indicators
        ),
    )
    keys = ["code", "name", "population", *(value.indicator.id for value in indicators)]
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        tuple(_read_cell(item) for item in row) for row in frame.select(keys).iter_rows()
    )
    table = Table(
        "communes",
        pen.say("Communes", "Communes"),
        pen.say("Main indicators by commune", "Principaux indicateurs par commune"),
        columns,
        rows,
        note=pen.say(
            "–: not published, or fewer than 200 workers in the flows. The workbook holds every indicator.",
            "– : non publié, ou moins de 200 actifs dans les flux. Le classeur contient tous les indicateurs.",
        ),
        sources=context.cite([table for value in indicators for table in value.sources]),
    )
    return Section("communes", pen.say("By commune", "Commune par commune"), (table,) if rows else ())


def _read_cell(item: Any) -> Cell:
    if isinstance(item, bool):
        return float(item)
    return float(item) if isinstance(item, int | float) else item


def _build_limits(context: PortraitContext) -> Section:
    diagnosis, pen = context.diagnosis, context.pen
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                "A rank compares values of the same indicator and vintage. It is no judgement: a high value is good "
                "news for some indicators, bad news for others, and neither for most.",
                "Un rang compare les valeurs d'un même indicateur et d'un même millésime. Ce n'est pas un jugement : "
                "une valeur élevée est une bonne nouvelle pour certains indicateurs, une mauvaise pour d'autres, et ni "
                "l'une ni l'autre pour la plupart.",
            )
        )
    ]
    absent = [value for value in diagnosis.values if value.value is None]
    if absent:
        blocks.append(Heading(pen.say("Not published", "Non publié")))
        blocks.append(Items(tuple(_explain_absence(context, value) for value in absent)))
    return Section("limits", pen.say("Limits", "Limites"), tuple(blocks))


def _explain_absence(context: PortraitContext, value: IndicatorValue) -> str:
    pen, label = context.pen, value.indicator.label
    if value.indicator.unpublished is not None:
        en, fr = value.indicator.unpublished.en.rstrip("."), value.indicator.unpublished.fr.rstrip(".")
    elif value.status == "secret":
        en, fr = "withheld by the producer (secrecy)", "retenu par le producteur (secret statistique)"
    else:
        en, fr = "no value for this territory in the data", "pas de valeur pour ce territoire dans les données"
    return pen.say(f"{label.en}: {en}.", f"{label.fr} : {fr}.")


def write_portrait_geopackage(diagnosis: Diagnosis, shapes: Shapes, path: Path, language: Language) -> None:
    """Write the communes of a territory with their indicators as a GeoPackage; the same portrait gives the same bytes.

    Layers: communes (outlines; an empty geometry where none is known), centres (a point inside each outline) and
    indicators, a table without geometry that says in `language` what each field is, and its value for the whole
    territory beside its comparison group.
    """
    context = PortraitContext(diagnosis, shapes, Pen(language))
    write_layers(build_portrait_layers(context), path, f"Ancrage {__version__}, {diagnosis.name}")


def build_portrait_layers(context: PortraitContext) -> tuple[Layer, ...]:
    """Return the layers communes, centres and indicators."""
    frame = context.diagnosis.communes
    numeric = [v.indicator.id for v in _list_commune_indicators(context) if frame[v.indicator.id].dtype.is_numeric()]
    fields: tuple[tuple[str, FieldKind], ...] = (
        ("code", "text"),
        ("name", "text"),
        ("population", "integer"),
        *((key, "real") for key in numeric),
    )
    rows = tuple(frame.select([name for name, _ in fields]).iter_rows())
    outlines = tuple(_keep_polygons(context.shapes.by_code.get(str(row[0]))) for row in rows)
    known = [(row, outline) for row, outline in zip(rows, outlines, strict=True) if not outline.is_empty]
    centres = tuple(outline.representative_point() for _, outline in known)
    return (
        Layer("communes", "MultiPolygon", fields, rows, outlines),
        Layer("centres", "Point", fields, tuple(row for row, _ in known), centres),
        _build_indicator_layer(context),
    )


def _keep_polygons(outline: Any) -> Any:
    parts = [] if outline is None else [p for p in shapely.get_parts(outline) if p.geom_type == "Polygon"]
    return shapely.MultiPolygon(parts)


def _build_indicator_layer(context: PortraitContext) -> Layer:
    pen = context.pen
    fields: tuple[tuple[str, FieldKind], ...] = (
        *((name, "text") for name in ("id", "family", "label", "unit")),
        *((name, "real") for name in ("value", "group_median", "group_p10", "group_p90", "percentile")),
        *((name, "integer") for name in ("rank", "group_size")),
        *((name, "text") for name in ("status", "vintage", "sources", "reading")),
    )
    rows = tuple(
        (
            v.indicator.id,
            pen.text(FAMILIES[v.indicator.family]),
            pen.text(v.indicator.label),
            pen.unit(v.indicator.unit),
            v.value,
            v.group_median,
            v.group_p10,
            v.group_p90,
            v.percentile,
            v.rank,
            v.group_size,
            v.status,
            v.vintage,
            ", ".join(v.sources),
            pen.text(v.indicator.reading),
        )
        for v in context.diagnosis.values
    )
    return Layer("indicators", "None", fields, rows, ())
