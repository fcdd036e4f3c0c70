"""Reading the contours of communes (GeoJSON): outlines, positions and areas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from ancrage.errors import InputError
from ancrage.opendata.commune_codes import ARRONDISSEMENTS
from ancrage.opendata.import_geography import Geography, build_code_error, check_codes, choose_vintage, read_code

# WGS84 ellipsoid: semi-major axis [km] and flattening.
_AXIS_KM = 6378.137
_ECCENTRICITY = math.sqrt((2 - 1 / 298.257223563) / 298.257223563)
_PROPERTIES = {"nom": "name", "departement": "departement", "region": "region", "epci": "epci_code"}


def read_contours(path: Path, vintage: int | None) -> Geography:
    """Read a GeoJSON file of communes (properties code, nom, departement, region, epci), gzipped or not.

    Municipal arrondissements are left out: their commune is in the file. `lon` and `lat` are a point inside the
    contour, not the chef-lieu: `point_kind` says "representative". A contour that crosses itself is repaired first.

    Raises
    ------
    InputError
        If it is not such a file, a code is no commune code or is there twice, or the coordinates are not degrees.
    """
    year = choose_vintage(path, path.name, vintage)
    fields, wkb = _read_features(path)
    _check_properties(path, fields)
    codes = []
    for number, value in enumerate(fields["code"], 1):
        written = None if value is None else str(value)
        if (read := read_code(written)) is None:
            raise build_code_error(path.name, (f"feature {number}", f"objet n° {number}"), "code", written)
        codes.append(read)
    kept = np.array([code not in ARRONDISSEMENTS for code in codes], dtype=bool)
    code = pl.Series("code", codes, dtype=pl.String).filter(pl.Series(kept))
    check_codes(path.name, "code", code)
    outlines = shapely.from_wkb(wkb[kept])
    drawn = ~(shapely.is_missing(outlines) | shapely.is_empty(outlines))
    _check_outlines(path, code, outlines, drawn)
    crossed = drawn & ~shapely.is_valid(outlines)
    outlines[crossed] = shapely.make_valid(outlines[crossed])
    texts = {
        name: pl.Series([None if v is None else str(v).strip() or None for v in fields[source][kept]], dtype=pl.String)
        for source, name in _PROPERTIES.items()
        if source in fields
    }
    communes = pl.DataFrame({"code": code, **texts, **_build_places(outlines, drawn)}).sort("code")
    polygons = pl.DataFrame(
        {"code": code, "geometry": pl.Series(shapely.to_wkb(outlines, byte_order=1), dtype=pl.Binary)}
    )
    return Geography(
        kind="contours",
        file=path.name,
        vintage=year,
        producer="IGN (ADMIN EXPRESS), Etalab",
        licence="ODbL 1.0",
        communes=communes,
        polygons=polygons.filter(pl.Series(drawn)).sort("code"),
        summary={
            "rows_read": len(codes),
            "arrondissements_left_out": int((~kept).sum()),
            "without_contour": int((~drawn).sum()),
            "repaired_contours": int(crossed.sum()),
        },
    )


def _read_features(path: Path) -> tuple[dict[str, NDArray[Any]], NDArray[Any]]:
    import pyogrio

    source = f"/vsigzip/{path.resolve()}" if path.suffix.lower() == ".gz" else str(path.resolve())
    try:
        meta, _, wkb, values = pyogrio.raw.read(source)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, OSError) as error:
        cause = str(error).strip().split("\n", 1)[0][:160]
        raise InputError(
            f"'{path.name}' is not a readable GeoJSON file ({cause}). It may be truncated: download it again.",
            f"« {path.name} » n'est pas un fichier GeoJSON lisible ({cause}). Il est peut-être tronqué : "
            "téléchargez-le à nouveau.",
        ) from error
    if wkb is None:
        wkb = np.full(len(values[0]) if values else 0, None, dtype=object)
    return dict(zip(meta["fields"].tolist(), values, strict=True)), wkb


def _check_properties(path: Path, fields: dict[str, NDArray[Any]]) -> None:
    missing = ", ".join(name for name in ("code", "nom") if name not in fields)
    if missing:
        held = ", ".join(list(fields)[:8]) or "-"
        raise InputError(
            f"'{path.name}': its features lack the properties {missing} (they have: {held}). Expected the contours of "
            "communes with code, nom, departement, region and epci (contours administratifs, data.gouv.fr).",
            f"« {path.name} » : ses objets n'ont pas les propriétés {missing} (ils ont : {held}). Attendu : les "
            "contours des communes avec code, nom, departement, region et epci (contours administratifs, "
            "data.gouv.fr).",
        )


def _check_outlines(path: Path, code: pl.Series, outlines: NDArray[Any], drawn: NDArray[np.bool_]) -> None:
    areal = np.isin(shapely.get_type_id(outlines), (3, 6))
    flat = np.flatnonzero(drawn & ~areal)
    if len(flat):
        raise InputError(
            f"'{path.name}', commune {code[int(flat[0])]}, geometry: a {outlines[flat[0]].geom_type}, not a contour "
            "(Polygon or MultiPolygon). Give the file of contours.",
            f"« {path.name} », commune {code[int(flat[0])]}, géométrie : un {outlines[flat[0]].geom_type}, pas un "
            "contour (Polygon ou MultiPolygon). Donnez le fichier des contours.",
        )
    west, south, east, north = shapely.bounds(outlines).T
    with np.errstate(invalid="ignore"):
        outside = np.flatnonzero(drawn & ~((west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)))
    if len(outside):
        raise InputError(
            f"'{path.name}', commune {code[int(outside[0])]}: its coordinates are not degrees of longitude and "
            "latitude (WGS84). Give the GeoJSON file as the producer publishes it.",
            f"« {path.name} », commune {code[int(outside[0])]} : ses coordonnées ne sont pas des degrés de longitude "
            "et de latitude (WGS84). Donnez le fichier GeoJSON tel que le publie le producteur.",
        )


def _build_places(outlines: NDArray[Any], drawn: NDArray[np.bool_]) -> dict[str, pl.Series]:
    """Return lon, lat, point_kind, centroid_lon, centroid_lat [degrees] and area_km2, null where nothing is drawn."""
    points = np.full((len(outlines), 5), np.nan)
    shapes = outlines[drawn]
    points[drawn, :2] = shapely.get_coordinates(shapely.point_on_surface(shapes))
    points[drawn, 2:4] = shapely.get_coordinates(shapely.centroid(shapes))
    points[drawn, 4] = compute_areas(shapes)
    names = ("lon", "lat", "centroid_lon", "centroid_lat", "area_km2")
    places = {
        name: pl.Series(np.round(points[:, i], 4 if i == 4 else 6)).fill_nan(None) for i, name in enumerate(names)
    }
    kinds = pl.Series(["representative" if known else None for known in drawn.tolist()], dtype=pl.String)
    return places | {"point_kind": kinds}


def compute_areas(outlines: NDArray[Any]) -> NDArray[np.float64]:
    """Return the areas [km2] of outlines in degrees (WGS84), on the ellipsoid.

    The outlines are projected with the cylindrical equal-area projection of the ellipsoid (Snyder, Map Projections: A
    Working Manual, 1987, equations 10-14, 10-15 and 3-12, true scale at the equator):

        x = a lon        y = a q / 2
        q = (1 - e2) (sin(lat) / (1 - e2 sin2(lat)) - ln((1 - e sin(lat)) / (1 + e sin(lat))) / (2 e))
    """

    def project(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        lon, sine = np.radians(lonlat[:, 0]), np.sin(np.radians(lonlat[:, 1]))
        e = _ECCENTRICITY
        q = (1 - e**2) * (sine / (1 - (e * sine) ** 2) - np.log((1 - e * sine) / (1 + e * sine)) / (2 * e))
        return np.column_stack([_AXIS_KM * lon, _AXIS_KM * q / 2])

    return np.asarray(shapely.area(shapely.transform(outlines, project)), dtype=np.float64)
