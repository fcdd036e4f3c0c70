"""Small files in the forms that INSEE and data.gouv.fr publish, for the tests of their importers."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

EPCI = "200000001"


def build_square(lon: float, lat: float, side: float = 0.1) -> dict[str, Any]:
    """Return a square of `side` degrees whose south-west corner is given, as GeoJSON."""
    corners = [[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
    return {"type": "Polygon", "coordinates": [corners]}


def write_contours(path: Path, features: Sequence[tuple[dict[str, Any], dict[str, Any] | None]]) -> Path:
    """Write a GeoJSON file of (properties, geometry), gzipped when its name says so."""
    items = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    text = json.dumps({"type": "FeatureCollection", "features": items})
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_workbook(path: Path, members: Sequence[Sequence[object]], listed: Sequence[Sequence[object]]) -> Path:
    """Write a workbook of EPCI in INSEE's form: titles, labels, then the headings."""
    book = xlsxwriter.Workbook(str(path))
    for name, headings, rows in (
        ("EPCI", ("EPCI", "LIBEPCI", "NATURE_EPCI", "NB_COM"), listed),
        ("Composition_communale", ("CODGEO", "LIBGEO", "EPCI", "LIBEPCI", "DEP", "REG"), members),
    ):
        sheet = book.add_worksheet(name)
        sheet.write(0, 0, "Les intercommunalités au 1er janvier 2025")
        sheet.write(4, 0, "Code")
        for number, row in enumerate((headings, *rows)):
            sheet.write_row(5 + number, 0, row)
    book.close()
    return path


def write_text(path: Path, *lines: str) -> Path:
    """Write lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
