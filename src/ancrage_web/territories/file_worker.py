"""The child process that makes one file of a portrait: `python -m ancrage_web.territories.file_worker PATH`.

It reads the portrait on its standard input (territories/files.py) and needs no database: the libraries that draw and
write are heavy, and the process of the site never loads them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ancrage import __version__
from ancrage.language import Language
from ancrage_web.territories.content import unpack

if TYPE_CHECKING:
    from ancrage.reports.model import Layer


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
        from ancrage.reports.geofiles import write_layers
        from ancrage.reports.writing import Pen

        context = portraits.PortraitContext(diagnosis, shapes, Pen(language))
        layers = (*portraits.build_portrait_layers(context), build_site_layer(request["portrait"]["sites"]))
        write_layers(layers, path, f"Ancrage {__version__}, {diagnosis.name}")
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


def build_site_layer(sites: Sequence[Mapping[str, Any]]) -> Layer:
    """Return the known third places and brownfields as a layer of points."""
    import shapely

    from ancrage.reports.model import Layer

    placed = [site for site in sites if site["lon"] is not None and site["lat"] is not None]
    return Layer(
        "sites",
        "Point",
        (("kind", "text"), ("name", "text"), ("commune", "text"), ("surface_m2", "real")),
        tuple((s["kind"], s["name"], s["commune"], s.get("surface_m2")) for s in placed),
        tuple(shapely.Point(s["lon"], s["lat"]) for s in placed),
    )


if __name__ == "__main__":
    write_file(json.load(sys.stdin.buffer), Path(sys.argv[1]))
