"""The report as an editable text document (Word): real headings, tables, captions and pictures with their text."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ancrage.reports.fonts import clean_text
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
    Table,
)
from ancrage.reports.pictures import render_pictures, render_png
from ancrage.reports.writing import Pen

# Every word processor has it, or one of the same widths.
FONT = "Arial"
_INK, _ACCENT, _MUTED, _WARM = "1D2A2E", "0F5C63", "56666C", "A84A0C"
_HEADER_FILL, _WARNING_FILL, _INFO_FILL = "E6F1F0", "FBEFE6", "EEF2F2"
_LOCALES = {"fr": "fr-FR", "en": "en-GB"}
# A4 with these margins [cm].
_PAGE_WIDTH, _PAGE_HEIGHT, _MARGIN = 21.0, 29.7, 2.0
_TEXT_WIDTH = _PAGE_WIDTH - 2 * _MARGIN
_TALLEST_PICTURE = 21.0
_CELL_STYLE = "Table text"
_EPOCH = (2000, 1, 1, 0, 0, 0)
# XML has no place for these, whatever the font can show.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_docx(document: Document, path: Path, pictures: Mapping[str, str] | None = None) -> None:
    """Write a document as DOCX, to be edited; the same document gives the same bytes.

    Tables show the rows and columns of the PDF: the workbook holds them all.

    Parameters
    ----------
    pictures : SVG of each chart by identifier, when they are drawn already.
    """
    drawn = render_pictures(document) if pictures is None else pictures
    writer = _Writer(document, drawn)
    writer.write_cover()
    for section in document.sections:
        writer.write_heading(section.title, 1, new_page=section.new_page)
        for block in section.blocks:
            writer.write_block(block)
    buffer = io.BytesIO()
    writer.word.save(buffer)
    path.write_bytes(_freeze_archive(buffer.getvalue()))


def _freeze_archive(content: bytes) -> bytes:
    """Return the same archive with one date in place of the hour at which it was written."""
    frozen = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(frozen, "w", zipfile.ZIP_DEFLATED) as kept:
        for name in given.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            kept.writestr(entry, given.read(name))
    return frozen.getvalue()


class _Writer:
    """Writes blocks one after the other into one Word document, and numbers its captions."""

    def __init__(self, document: Document, pictures: Mapping[str, str]) -> None:
        # Loaded when a document is written only: commands that write none start faster.
        import docx

        self.word: Any = docx.Document()
        self._document = document
        self._pictures = pictures
        self._pen = Pen(document.language)
        self._drawn: dict[str, bytes] = {}
        self._numbers = {"table": 0, "figure": 0}
        self._set_properties()
        self._set_page()
        self._set_styles()

    def _set_properties(self) -> None:
        document, properties = self._document, self.word.core_properties
        on = document.on
        day = datetime(*_EPOCH) if on is None else datetime(on.year, on.month, on.day)  # noqa: DTZ001 - a day, no hour
        properties.title = _clean(f"{document.title} – {document.territory}")
        properties.subject = _clean(document.subtitle)
        properties.author = properties.last_modified_by = f"Ancrage {document.version}"
        properties.language = _LOCALES[document.language]
        properties.created = properties.modified = day
        properties.comments = properties.keywords = ""
        # The empty document that the library starts from comes with a miniature of itself.
        package = self.word.part.package
        for key, relation in list(package.rels.items()):
            if relation.reltype.endswith("/thumbnail"):
                del package.rels[key]

    def _set_page(self) -> None:
        from docx.enum.text import WD_TAB_ALIGNMENT
        from docx.shared import Cm

        section = self.word.sections[0]
        section.page_width, section.page_height = Cm(_PAGE_WIDTH), Cm(_PAGE_HEIGHT)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(_MARGIN)
        section.footer_distance = Cm(1.0)
        footer = section.footer.paragraphs[0]
        footer.paragraph_format.tab_stops.clear_all()
        footer.paragraph_format.tab_stops.add_tab_stop(Cm(_TEXT_WIDTH), alignment=WD_TAB_ALIGNMENT.RIGHT)
        footer.add_run(_clean(f"{self._document.title} – {self._document.territory}\t"))
        footer.add_run(self._pen.say("page ", "page "))
        _add_field(footer, "PAGE", "1")
        footer.add_run(" / ")
        _add_field(footer, "NUMPAGES", "1")

    def _set_styles(self) -> None:
        from docx.enum.style import WD_STYLE_TYPE

        styles = self.word.styles
        _set_language(styles, _LOCALES[self._document.language])
        looks: Sequence[tuple[str, float, str, bool, float, float]] = (
            # name, size, colour, bold, space before and after [pt]
            ("Normal", 10.5, _INK, False, 0, 6),
            ("Title", 28, _ACCENT, True, 60, 6),
            ("Subtitle", 15, _MUTED, False, 0, 12),
            ("Heading 1", 18, _ACCENT, True, 18, 8),
            ("Heading 2", 13, _ACCENT, True, 14, 4),
            ("Caption", 10, _INK, True, 12, 4),
            ("List Bullet", 10.5, _INK, False, 0, 3),
            ("Footer", 8.5, _MUTED, False, 0, 0),
        )
        for name, size, colour, bold, before, after in looks:
            _set_style(styles[name], size, colour, bold=bold, before=before, after=after)
        for name, size, colour in (("Lead", 13.0, _ACCENT), ("Small", 9.0, _MUTED), (_CELL_STYLE, 8.5, _INK)):
            style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = styles["Normal"]
            _set_style(style, size, colour, bold=False, before=0, after=0 if name == _CELL_STYLE else 6)
            style.quick_style = True
        styles["Caption"].paragraph_format.keep_with_next = True
        styles["Normal"].paragraph_format.line_spacing = 1.1
        styles[_CELL_STYLE].paragraph_format.line_spacing = 1.0
        self._cell_style = styles[_CELL_STYLE].style_id
        _drop_border(styles["Title"])

    def write_cover(self) -> None:
        """Write the first page: what the document is, about which territory, when, and its map."""
        document, pen = self._document, self._pen
        if document.fictional:
            banner = self._add(document.banner.render(document.language), "Lead")
            banner.runs[0].bold = True
            _shade(banner, _WARNING_FILL)
        self._add(document.title, "Title")
        self._add(document.subtitle, "Subtitle")
        self._add(document.territory, "Lead").runs[0].bold = True
        written = [] if document.on is None else [pen.day(document.on)]
        self._add(" · ".join([*written, f"Ancrage {document.version}"]), "Small")
        self._add_picture(document.cover)

    def write_heading(self, text: str, level: int, *, new_page: bool = False) -> None:
        """Write a heading; a first-level one may start a page."""
        heading = self.word.add_heading(_clean(text), level)
        heading.paragraph_format.page_break_before = new_page

    def write_block(self, block: Block) -> None:
        """Write one block of a section."""
        match block:
            case Paragraph():
                self._add(block.text, {"body": "Normal", "lead": "Lead", "small": "Small"}[block.style])
            case Heading():
                self.write_heading(block.text, 2)
            case Items():
                for item in block.items:
                    self._add(item, "List Bullet")
            case Note():
                self._write_note(block)
            case KeyFigures():
                self._write_figures(block.figures)
            case Chart():
                self._write_chart(block)
            case Table():
                if block.printed_rows != 0:
                    self._write_table(block)

    def _add(self, text: str, style: str) -> Any:
        return self.word.add_paragraph(_clean(text), style)

    def _write_note(self, note: Note) -> None:
        warning = note.tone == "warning"
        start = self._pen.say("Warning: ", "Attention : ") if warning else self._pen.say("Note: ", "À noter : ")
        paragraph = self.word.add_paragraph(style="Normal")
        run = paragraph.add_run(start)
        run.bold = True
        paragraph.add_run(_clean(note.text))
        _shade(paragraph, _WARNING_FILL if warning else _INFO_FILL)

    def _write_figures(self, figures: Sequence[KeyFigure]) -> None:
        pen = self._pen
        told = any(figure.note for figure in figures)
        header = [pen.say("Figure", "Chiffre"), pen.say("Value", "Valeur"), "P10–P90"]
        rows = []
        for figure in figures:
            value = f"{pen.number(figure.value, figure.decimals)} {figure.unit}".strip()
            row = [figure.label, value, pen.interval(figure.low, figure.high, figure.decimals) or "–"]
            rows.append([*row, figure.note] if told else row)
        widths = [3.0, 2.0, 2.0, 3.0] if told else [3.0, 2.0, 2.0]
        self._caption("table", pen.say("Key figures", "Chiffres clés"))
        self._add_table([*header, pen.say("Note", "Remarque")] if told else header, rows, widths, {1, 2}, {})
        self._add("", "Small")

    def _write_table(self, table: Table) -> None:
        pen = self._pen
        columns = [(k, column) for k, column in enumerate(table.columns) if column.printed]
        shown = table.rows if table.printed_rows is None else table.rows[: table.printed_rows]
        rows = [[pen.cell(row[k], column) for k, column in columns] for row in shown]
        right = {rank for rank, (_, column) in enumerate(columns) if column.right or column.kind != "text"}
        self._caption("table", table.title)
        widths = [column.width for _, column in columns]
        self._add_table([_write_header(column) for _, column in columns], rows, widths, right, table.groups or {})
        cut = pen.say("The whole table is in the workbook.", "Le tableau complet est dans le classeur.")
        below = [table.note, table.sources, cut if len(shown) < len(table.rows) else ""]
        self._add(" ".join(text for text in below if text), "Small")

    def _add_table(
        self,
        header: Sequence[str],
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        right: set[int],
        groups: Mapping[int, str],
    ) -> None:
        table = self.word.add_table(1 + len(rows) + len(groups), len(header), style="Table Grid")
        table.autofit = False
        total = sum(widths)
        sizes = [round(_TEXT_WIDTH * width / total * 567) for width in widths]
        for column, size in zip(table._tbl.tblGrid.gridCol_lst, sizes, strict=True):
            column.set(_name("w"), str(size))
        lines: list[tuple[Sequence[str], str]] = [(header, "header")]
        for number, row in enumerate(rows):
            if number in groups:
                lines.append(([groups[number]], "group"))
            lines.append((row, "row"))
        for element, (cells, kind) in zip(table._tbl.tr_lst, lines, strict=True):
            _fill_row(table, element, cells, kind, sizes, right, self._cell_style)
        _set_borders(table)

    def _write_chart(self, chart: Chart) -> None:
        self._add_picture(chart)
        self._caption("figure", chart.title)
        if chart.sources:
            self._add(chart.sources, "Small")

    def _add_picture(self, chart: Chart) -> None:
        from docx.shared import Cm

        drawn = self._pictures[chart.id]
        picture = self._drawn[drawn] = self._drawn.get(drawn) or render_png(drawn)
        # Width and height of a PNG are in its header.
        across, down = (int.from_bytes(picture[k : k + 4], "big") for k in (16, 20))
        width = min(_TEXT_WIDTH * chart.width, _TALLEST_PICTURE * across / down)
        paragraph = self.word.add_paragraph(style="Normal")
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(io.BytesIO(picture), width=Cm(width))
        properties = shape._inline.docPr
        properties.set("descr", _clean(chart.alt))
        properties.set("title", _clean(chart.title))
        properties.set("name", chart.id)

    def _caption(self, kind: str, text: str) -> None:
        pen = self._pen
        self._numbers[kind] += 1
        label = pen.say("Table", "Tableau") if kind == "table" else pen.say("Figure", "Figure")
        paragraph = self.word.add_paragraph(style="Caption")
        paragraph.add_run(f"{label} ")
        # A field, so that the numbers follow when the reader adds a table.
        _add_field(paragraph, f"SEQ {label} \\* ARABIC", str(self._numbers[kind]))
        paragraph.add_run(_clean(f" – {text}"))
        if kind == "figure":
            paragraph.paragraph_format.keep_with_next = False


def _clean(text: str) -> str:
    return clean_text(_CONTROLS.sub("?", text))


def _write_header(column: Column) -> str:
    return f"{column.title} ({column.unit})" if column.unit and column.kind != "share" else column.title


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{tag}"))


def _build_element(tag: str, **attributes: str) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(f"w:{tag}")
    for key, value in attributes.items():
        element.set(_name(key), value)
    return element


def _fill_row(
    parent: Any, element: Any, cells: Sequence[str], kind: str, sizes: Sequence[int], right: set[int], style: str
) -> None:
    """Write one row, straight in its elements: the library looks each cell and each style up from the start."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.text.paragraph import Paragraph as Line

    properties = element.get_or_add_trPr()
    properties.append(_build_element("cantSplit"))
    if kind == "header":
        properties.append(_build_element("tblHeader"))
    boxes = element.tc_lst
    if kind == "group":
        for box in boxes[1:]:
            element.remove(box)
        boxes = boxes[:1]
        boxes[0].get_or_add_tcPr().append(_build_element("gridSpan", val=str(len(sizes))))
    for rank, (box, text) in enumerate(zip(boxes, cells, strict=True)):
        width = sum(sizes) if kind == "group" else sizes[rank]
        box.get_or_add_tcPr().get_or_add_tcW().set(_name("w"), str(width))
        line = Line(box.p_lst[0], parent)
        line._p.get_or_add_pPr().get_or_add_pStyle().set(_name("val"), style)
        run = line.add_run(_clean(text))
        if kind != "row":
            box.tcPr.append(_build_element("shd", val="clear", color="auto", fill=_HEADER_FILL))
            run.bold = True
            line.paragraph_format.keep_with_next = True
        if kind != "group" and rank in right:
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _set_borders(table: Any) -> None:
    """Leave thin horizontal lines only, and some room in the cells."""
    properties = table._tbl.tblPr
    borders = _build_element("tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        drawn = side in ("top", "bottom", "insideH")
        look = {"val": "single", "sz": "4", "space": "0", "color": "D5DCDE"} if drawn else {"val": "nil"}
        borders.append(_build_element(side, **look))
    margins = _build_element("tblCellMar")
    for side, size in (("top", "30"), ("left", "70"), ("bottom", "30"), ("right", "70")):
        margins.append(_build_element(side, w=size, type="dxa"))
    # The schema wants the borders and the margins between the width and the look of a table.
    look_element = properties.find(_name("tblLook"))
    for element in (borders, properties.find(_name("tblLayout")), margins):
        if element is not None:
            look_element.addprevious(element)


def _add_field(paragraph: Any, instruction: str, shown: str) -> None:
    """Add a field that the word processor computes, with what it shows until then."""
    for kind in ("begin", "separate", "end"):
        if kind == "separate":
            text = _build_element("instrText")
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
            text.text = f" {instruction} "
            paragraph.add_run()._r.append(text)
        paragraph.add_run()._r.append(_build_element("fldChar", fldCharType=kind))
        if kind == "separate":
            paragraph.add_run(shown)


def _shade(paragraph: Any, fill: str) -> None:
    properties = paragraph._p.get_or_add_pPr()
    properties.insert_element_before(
        _build_element("shd", val="clear", color="auto", fill=fill), "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def _set_style(style: Any, size: float, colour: str, *, bold: bool, before: float, after: float) -> None:
    from docx.shared import Pt, RGBColor

    style.font.size, style.font.bold, style.font.italic = Pt(size), bold, False
    style.font.color.rgb = RGBColor.from_string(colour)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    fonts.attrib.clear()
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(_name(script), FONT)
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)


def _drop_border(style: Any) -> None:
    properties = style.element.get_or_add_pPr()
    for border in properties.findall(_name("pBdr")):
        properties.remove(border)


def _set_language(styles: Any, locale: str) -> None:
    """Write the language of the text, so that the spelling is checked in it and screens read it so."""
    for language in styles.element.iter(_name("lang")):
        language.set(_name("val"), locale)
        language.set(_name("eastAsia"), locale)
