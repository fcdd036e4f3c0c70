"""What a report is made of, in one language, before any file format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeAlias

from ancrage.figures import Source
from ancrage.language import Language, Text
from ancrage.parameters import Coefficient
from ancrage.reports.study_file import StudyFile

Interval: TypeAlias = tuple[float, float]
Cell: TypeAlias = str | float | Interval | None

FICTIONAL_TERRITORY = Text("FICTIONAL TERRITORY", "TERRITOIRE FICTIF")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    key : stable name, used by the JSON output and never translated.
    kind : "text", "number", "interval" (two numbers, P10 and P90) or "share" (0..1, shown as a percentage).
    unit : written in the language of the report; empty for texts and for columns whose rows carry their own unit.
    decimals : digits after the decimal mark; None rounds to three significant digits.
        "exact" writes a coefficient as it was given.
    width : share of the width of the page taken by the column, relative to the others.
    printed : the column is in the PDF; the workbook and the JSON hold every column.
    right : a text set to the right, such as a number with its own unit.
    """

    key: str
    title: str
    kind: Literal["text", "number", "interval", "share"] = "text"
    unit: str = ""
    decimals: int | Literal["exact"] | None = 0
    width: float = 1.0
    printed: bool = True
    right: bool = False


@dataclass(frozen=True)
class Table:
    """A table; a row has one cell per column, None where nothing is published.

    Attributes
    ----------
    id : stable name, the key of the JSON output; sheet : short name of the sheet of the workbook.
    groups : heading printed above a row, by row number.
    printed_rows : rows shown in the PDF (the workbook holds them all), None for all, 0 for none.
    """

    id: str
    sheet: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    sources: str = ""
    groups: Mapping[int, str] | None = None
    printed_rows: int | None = None


@dataclass(frozen=True)
class KeyFigure:
    """A figure set large, with its interval and its unit.

    Attributes
    ----------
    id : stable key; value, low, high : as computed, in `unit`; low and high are P10 and P90 or None.
    decimals : digits after the decimal mark; None rounds to three significant digits.
    formula, sources, assumptions : as in `ancrage.figures.Figure`.
    """

    id: str
    label: str
    value: float | None
    unit: str
    low: float | None = None
    high: float | None = None
    decimals: int | None = None
    note: str = ""
    formula: str = ""
    sources: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeyFigures:
    """Figures shown side by side."""

    figures: tuple[KeyFigure, ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; "lead" is the one sentence to remember, "small" is for details."""

    text: str
    style: Literal["body", "lead", "small"] = "body"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Heading:
    """A heading inside a section."""

    text: str


@dataclass(frozen=True)
class Note:
    """A sentence set apart: something to know beside the figures."""

    text: str
    tone: Literal["warning", "info"] = "warning"


@dataclass(frozen=True)
class Chart:
    """A chart or a map, as a Vega-Lite specification that any renderer can draw.

    Attributes
    ----------
    id : stable name; alt : what it shows, for those who cannot see it.
    width : share of the text width, 0..1.
    fills : the chart takes the room left on its page.
    """

    id: str
    title: str
    spec: Mapping[str, Any]
    alt: str
    sources: str = ""
    width: float = 1.0
    fills: bool = False


Block: TypeAlias = Paragraph | Items | Heading | Note | KeyFigures | Table | Chart


@dataclass(frozen=True)
class Section:
    """A part of the report; it starts on a new page where `new_page`."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    new_page: bool = True


@dataclass(frozen=True)
class Layer:
    """A map layer in longitude and latitude (WGS84).

    Attributes
    ----------
    fields : names and kinds of the attributes; rows : their values.
    geometry : shapely geometries, one per row; none at all where the type is "None".
    geometry_type : "Point", "MultiPoint", "MultiPolygon", or "None" for a table that goes with the layers.
    """

    name: str
    geometry_type: Literal["Point", "MultiPoint", "MultiPolygon", "None"]
    fields: tuple[tuple[str, Literal["text", "real", "integer"]], ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]
    geometry: tuple[Any, ...]


@dataclass(frozen=True)
class Document:
    """A document in one language, as the PDF and the workbook want it.

    Attributes
    ----------
    territory : name of the area; title, subtitle : of the document.
    on : date written on the document, None to leave it out.
    cover : map of the first page.
    figures : every key figure, whether or not a section shows it.
    facts : settings and facts of the run, by stable key; "travel" and "warnings" are written beside the figures.
    banner : written large when `fictional`.
    """

    language: Language
    territory: str
    title: str
    subtitle: str
    fictional: bool
    version: str
    on: date | None
    cover: Chart
    sections: tuple[Section, ...]
    figures: tuple[KeyFigure, ...]
    facts: Mapping[str, Any]
    banner: Text = field(default=FICTIONAL_TERRITORY, kw_only=True)

    def list_tables(self) -> tuple[Table, ...]:
        """Return every table, in reading order."""
        return tuple(b for s in self.sections for b in s.blocks if isinstance(b, Table))

    def list_charts(self) -> tuple[Chart, ...]:
        """Return every chart once, in reading order, the cover's map first."""
        charts = {self.cover.id: self.cover}
        charts.update({b.id: b for s in self.sections for b in s.blocks if isinstance(b, Chart)})
        return tuple(charts.values())


@dataclass(frozen=True)
class Report(Document):
    """The report of a study; every output is written from it, so that all show the same figures.

    Attributes
    ----------
    cited : every table it rests on; coefficients : every coefficient used, as used.
    """

    layers: tuple[Layer, ...]
    study_file: StudyFile
    cited: tuple[Source, ...]
    coefficients: tuple[Coefficient, ...]
