"""What the map of a convention draws: where its aid and its jobs are, its basins, the third places considered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.conventions.jobs import count_jobs_by
from ancrage_web.conventions.models import Basin, Candidate, Convention, Request
from ancrage_web.conventions.queries.jobs import read_job_records
from ancrage_web.conventions.queries.money import read_balances
from ancrage_web.territories.models import Commune
from ancrage_web.territories.queries import read_map


@dataclass(frozen=True)
class Spot:
    """A commune and what the convention does there.

    Attributes
    ----------
    name : of the commune, or its code where the store does not know it; lon, lat : None then.
    committed : [EUR]; requests : funded; jobs : posts created or maintained, proved; inside : of a basin.
    """

    code: str
    name: str
    lon: float | None
    lat: float | None
    committed: Decimal
    requests: int
    jobs_committed: int
    jobs: int
    inside: bool


@dataclass(frozen=True)
class ConventionMap:
    """What the map and its table show; unplaced : committed without a known commune [EUR]."""

    spots: tuple[Spot, ...]
    places: tuple[dict[str, Any], ...]
    communes: tuple[tuple[str, str, str], ...]
    unplaced: Decimal


def build_convention_map(convention: Convention, on: date) -> ConventionMap:
    """Return what a convention does commune by commune, the largest commitment first; seven queries at most."""
    balances = read_balances(convention, on).by_request
    committed: dict[str, Decimal] = {}
    funded: dict[str, int] = {}
    unplaced = Decimal(0)
    for key, commune, seat in Request.objects.filter(convention=convention).values_list(
        "pk", "commune", "beneficiary__commune"
    ):
        amount = balances[key].committed if key in balances else Decimal(0)
        if not amount:
            continue
        where = commune or seat or ""
        if not where:
            unplaced += amount
            continue
        committed[where] = committed.get(where, Decimal(0)) + amount
        funded[where] = funded.get(where, 0) + 1
    jobs = count_jobs_by(read_job_records(convention), lambda record: record.commune, on)
    basins = list(Basin.objects.filter(convention=convention))
    inside = {code for basin in basins for code in basin.communes}
    places = list(Candidate.objects.filter(convention=convention, kind="third_place"))
    wanted = {*committed, *jobs, *inside, *(place.commune for place in places)} - {""}
    known = {commune.code: commune for commune in Commune.objects.filter(code__in=wanted).defer("values")}
    spots = []
    for code in sorted({*committed, *jobs} - {""}):
        commune_row = known.get(code)
        counts = jobs.get(code)
        spot = Spot(
            code,
            code if commune_row is None else commune_row.name,
            None if commune_row is None else commune_row.lon,
            None if commune_row is None else commune_row.lat,
            committed.get(code, Decimal(0)),
            funded.get(code, 0),
            0 if counts is None else counts.committed.posts,
            0 if counts is None else counts.realised.posts,
            code in inside,
        )
        if spot.committed or spot.jobs or spot.jobs_committed:
            spots.append(spot)
    return ConventionMap(
        tuple(sorted(spots, key=lambda spot: (-spot.committed, -spot.jobs, spot.name))),
        tuple(
            {"name": place.name, "lon": known[place.commune].lon, "lat": known[place.commune].lat}
            for place in places
            if place.commune in known and known[place.commune].lon is not None
        ),
        tuple(
            (basin.name, code, known[code].name if code in known else code)
            for basin in basins
            for code in basin.communes
        ),
        unplaced,
    )


def build_map_data(found: ConventionMap) -> dict[str, Any]:
    """Return the map as plain values: circles, third places, outlines of the communes of the basins, bounds."""
    codes = {code for _, code, _ in found.communes}
    epci = sorted(
        set(Commune.objects.filter(code__in=codes, epci__isnull=False).values_list("epci_id", flat=True).distinct())
    )
    features = []
    for code in epci:
        content = read_map(str(code))
        if content is not None:
            features += [
                {
                    "type": "Feature",
                    "properties": {name: each["properties"][name] for name in ("code", "name")},
                    "geometry": each["geometry"],
                }
                for each in content["communes"]["features"]
                if each["properties"]["code"] in codes and each["geometry"]["type"] != "Point"
            ]
    unique = {each["properties"]["code"]: each for each in features}
    points = [
        *[(spot.lon, spot.lat) for spot in found.spots if spot.lon is not None and spot.lat is not None],
        *[(place["lon"], place["lat"]) for place in found.places],
        *[point for each in unique.values() for point in _list_points(each["geometry"]["coordinates"])],
    ]
    return {
        "bounds": _compute_bounds(points),
        "basins": {"type": "FeatureCollection", "features": list(unique.values())},
        "spots": [
            {
                "code": spot.code,
                "name": spot.name,
                "lon": spot.lon,
                "lat": spot.lat,
                "committed": float(spot.committed),
                "jobs": spot.jobs,
                "jobs_committed": spot.jobs_committed,
            }
            for spot in found.spots
            if spot.lon is not None
        ],
        "places": list(found.places),
    }


def _list_points(coordinates: Any) -> list[tuple[float, float]]:
    if isinstance(coordinates[0], (int, float)):
        return [(float(coordinates[0]), float(coordinates[1]))]
    return [point for part in coordinates for point in _list_points(part)]


def _compute_bounds(points: list[tuple[Any, Any]]) -> list[float] | None:
    if not points:
        return None
    margin = 0.02
    lons, lats = [float(lon) for lon, _ in points], [float(lat) for _, lat in points]
    return [min(lons) - margin, min(lats) - margin, max(lons) + margin, max(lats) + margin]
