"""The child process that makes one file of a portrait: `python -m ancrage_web.territories.file_worker PATH`.

It reads the portrait on its standard input (territories/files.py) and needs no database: the libraries that draw and
write are heavy, and the process of the site never loads them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ancrage.language import Language
from ancrage_web.territories.content import unpack


def write_file(request: dict[str, Any], path: Path) -> None:
    """Write the file that is asked for.

    Parameters
    ----------
    request : kind ("xlsx", "pdf", "gpkg" or "png"), language, portrait and communes (territories/content.py), map
        (territories/outlines.py), name of the instance.
    """
    language: Language = "en" if request["language"] == "en" else "fr"
    if request["kind"] == "png":
        from ancrage_web.territories.share_card import write_card

        write_card(request["portrait"], request["map"], path, language, request["name"])
        return
    from ancrage.reports import portrait as portraits

    diagnosis = unpack(request["portrait"], request["communes"])
    shapes = read_map_shapes(request["map"])
    if request["kind"] == "gpkg":
        portraits.write_portrait_geopackage(diagnosis, shapes, path, language)
        return
    from ancrage.reports.pictures import render_pictures

    document = portraits.build_portrait(diagnosis, shapes, language)
    if request["kind"] == "xlsx":
        from ancrage.reports.workbook import write_xlsx

        write_xlsx(document, path)
    else:
        from ancrage.reports.pdf import write_pdf

        write_pdf(document, path, render_pictures(document))


def read_map_shapes(content: dict[str, Any] | None) -> Any:
    """Return the outlines of the communes of the EPCI, from the stored map; points are no outlines."""
    import shapely

    from ancrage.reports.shapes import Shapes

    features = [] if content is None else content["communes"]["features"]
    return Shapes(
        {
            feature["properties"]["code"]: shapely.make_valid(shapely.from_geojson(json.dumps(feature["geometry"])))
            for feature in features
            if feature["properties"]["inside"] and feature["geometry"]["type"] != "Point"
        }
    )


if __name__ == "__main__":
    write_file(json.load(sys.stdin.buffer), Path(sys.argv[1]))
