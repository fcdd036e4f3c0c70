"""Fit and measure the estimate of car times; prints the coefficients and writes build/bench/travel.json.

Usage: python -m benchmarks.bench_travel   (real tables: ANCRAGE_REAL_DATA, else ../shared/data)

The pairs are chosen by distance, never by time: keeping the short times only would truncate the answer. Communes
are split at random in two halves; the coefficients are fitted on the pairs inside one half and judged on the
pairs inside the other, then the halves change places.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pyproj
from scipy.optimize import minimize
from scipy.spatial import cKDTree

from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.travel import Points
from ancrage.territory.travel_estimate import (
    FITTED,
    EstimateCoefficients,
    TravelEstimate,
    build_estimate,
    compute_road_km,
)
from benchmarks.measure import REAL_DATA, write_result

BANDS_KM = ((0, 5), (5, 10), (10, 20), (20, 30), (30, 40), (40, 60), (60, 90))
LEAST_KM, FIT_KM = 0.3, 60.0
# Share of each region in the loss. Isere is the hardest and the most varied; Gironde comes from an older engine.
WEIGHTS = {"isere": 1.0, "grand_paris": 0.7, "gironde": 0.4}
SEED = 20250101


@dataclass(frozen=True)
class Reference:
    """Routed pairs of one region: places, rows of places, great-circle km, minutes, and a group for the split."""

    name: str
    estimate: TravelEstimate
    points: Points
    origins: np.ndarray
    destinations: np.ndarray
    crow_km: np.ndarray
    minutes: np.ndarray
    road_km: np.ndarray | None

    def choose(self, rows: np.ndarray) -> Reference:
        """Return the pairs `rows` only."""
        return replace(
            self,
            origins=self.origins[rows],
            destinations=self.destinations[rows],
            crow_km=self.crow_km[rows],
            minutes=self.minutes[rows],
            road_km=None if self.road_km is None else self.road_km[rows],
        )

    def compute(self, coefficients: EstimateCoefficients) -> np.ndarray:
        """Return the estimated minutes of every pair."""
        graph = build_estimate(self.all_points, coefficients=coefficients)
        return graph.compute_pairs(self.points, self.origins, self.destinations).minutes

    @property
    def all_points(self) -> Points:
        """Return the communes of the graph."""
        e = self.estimate
        return Points(e.code, e.lon, e.lat, 10.0**e.log_density, np.full(len(e.code), np.nan))


def read_communes(folder: Path) -> Points:
    """Return every commune of the store as points."""
    table = pl.read_parquet(folder / "communes.parquet")
    number = [table[name].cast(pl.Float64).to_numpy() for name in ("lon", "lat", "population_2022", "area_km2")]
    lon, lat, population, area = number
    return Points(table["code"].to_numpy().astype(str), lon, lat, population / area, area)


def build_reference(
    name: str, communes: Points, points: Points, pairs: tuple[np.ndarray, np.ndarray], minutes: np.ndarray
) -> Reference:
    """Return the pairs of one region with the graph around it."""
    origins, destinations = pairs
    margin = 0.6
    around = (
        points.lon.min() - margin,
        points.lat.min() - margin,
        points.lon.max() + margin,
        points.lat.max() + margin,
    )
    crow = compute_great_circle_km(
        points.lon[origins], points.lat[origins], points.lon[destinations], points.lat[destinations]
    )
    estimate = build_estimate(communes, around)
    return Reference(name, estimate, points, origins, destinations, crow, minutes, None)


def read_matrix(name: str, path: Path, communes: Points) -> Reference:
    """Return a commune-to-commune reference; codes that the store lacks are left out."""
    row = {code: i for i, code in enumerate(communes.code.tolist())}
    table = pl.read_parquet(path)
    table = table.filter(pl.col("origin").is_in(list(row)) & pl.col("destination").is_in(list(row)))
    used = sorted(set(table["origin"]) | set(table["destination"]))
    at = np.array([row[code] for code in used])
    place = {code: i for i, code in enumerate(used)}
    points = Points(*(getattr(communes, field.name)[at] for field in fields(Points)))
    pairs = tuple(np.array([place[code] for code in table[end]]) for end in ("origin", "destination"))
    return build_reference(name, communes, points, pairs, table["minutes"].cast(pl.Float64).to_numpy())


def read_gironde(path: Path, communes: Points) -> Reference:
    """Return the pairs of addresses of Gironde (Lambert 93), every address a place of its own."""
    table = pl.read_parquet(path)
    to_degrees = pyproj.Transformer.from_crs(2154, 4326, always_xy=True)
    x = np.r_[table["x1_l93"].to_numpy(), table["x2_l93"].to_numpy()]
    y = np.r_[table["y1_l93"].to_numpy(), table["y2_l93"].to_numpy()]
    lon, lat = to_degrees.transform(x, y)
    count = len(table)
    unknown = np.full(2 * count, np.nan)
    points = Points(np.array([f"place-{i}" for i in range(2 * count)]), lon, lat, unknown, unknown)
    pairs = (np.arange(count), np.arange(count, 2 * count))
    reference = build_reference("gironde", communes, points, pairs, table["osrm_minutes"].to_numpy())
    return replace(reference, road_km=table["osrm_km"].to_numpy())


def fit(references: list[Reference]) -> tuple[EstimateCoefficients, float]:
    """Return the coefficients with the least mean absolute error, and the pace of the old engine of Gironde.

    The pace of Gironde is fitted beside them and thrown away: that engine drives faster than today's on the same
    roads, so only the shape of its times counts.
    """
    names = [field.name for field in fields(EstimateCoefficients)]
    near = [r.choose(np.flatnonzero((r.crow_km > LEAST_KM) & (r.crow_km < FIT_KM))) for r in references]

    def compute_loss(values: np.ndarray) -> float:
        coefficients = EstimateCoefficients(**dict(zip(names, values, strict=False)))
        # `direct` only acts beyond the fitted distances: it is measured afterwards.
        coefficients = replace(coefficients, direct=FITTED.direct)
        loss = 0.0
        for r in near:
            minutes = r.compute(coefficients) * (values[-1] if r.name == "gironde" else 1.0)
            loss += WEIGHTS[r.name] * float(np.abs(minutes - r.minutes).mean())
        return loss

    start = [*(getattr(FITTED, name) for name in names[:5]), 0.7]
    simplex = np.vstack([start] + [np.array(start) + step for step in np.diag([0.05, 0.3, 0.3, 0.03, 0.03, 0.03])])
    options = {"maxfev": 180, "xatol": 2e-4, "fatol": 2e-4, "initial_simplex": simplex, "adaptive": True}
    result = minimize(compute_loss, start, method="Nelder-Mead", options=options)
    *values, pace = (round(float(value), 4) for value in result.x)
    fitted = EstimateCoefficients(*values, direct=FITTED.direct)
    return replace(fitted, direct=compute_direct(references, fitted)), pace


def compute_direct(references: list[Reference], coefficients: EstimateCoefficients) -> float:
    """Return the median ratio of the path to the great circle, 60 to 90 km apart, over Isere and Gironde."""
    ratios = []
    for r in references:
        far = r.choose(np.flatnonzero((r.crow_km > FIT_KM) & (r.crow_km < 90)))
        if len(far.crow_km) == 0:
            continue
        # With base 0, scale 1, exponent 1 and no density, the estimated minutes are the path itself.
        bare = replace(coefficients, base=0.0, scale=1.0, exponent=1.0, end_density=0.0)
        ratios.append(np.median(far.compute(bare) / far.crow_km))
    return round(float(np.mean(ratios)), 3)


def compute_errors(estimated: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Return the distribution of the error [minutes]."""
    error = estimated - reference
    away = np.abs(error)
    p50, p90, p95 = np.percentile(away, [50, 90, 95])
    values = {
        "bias_minutes": np.median(error),
        "mae_minutes": away.mean(),
        "p50_minutes": p50,
        "p90_minutes": p90,
        "p95_minutes": p95,
        "p50_share": np.median(away / reference),
    }
    return {"pairs": len(error)} | {name: round(float(value), 3) for name, value in values.items()}


def split_pairs(reference: Reference, half: int) -> tuple[Reference, Reference]:
    """Return the pairs inside one half of the communes, and those inside the other."""
    side = np.random.default_rng(SEED).permutation(len(reference.points.code)) % 2
    if reference.name == "gironde":  # each address serves once: the pairs themselves are split
        side = np.tile(side[: len(side) // 2], 2)
    first, second = side[reference.origins], side[reference.destinations]
    inside, outside = (first == half) & (second == half), (first != half) & (second != half)
    return reference.choose(np.flatnonzero(inside)), reference.choose(np.flatnonzero(outside))


def cross_validate(references: list[Reference]) -> list[dict[str, object]]:
    """Return the error of pairs of communes that took no part in the fit, by region and band of distance."""
    held: dict[str, list[tuple[np.ndarray, np.ndarray, np.ndarray]]] = {r.name: [] for r in references}
    for half in (0, 1):
        halves = [split_pairs(r, half) for r in references]
        coefficients, pace = fit([train for train, _ in halves])
        print(f"half {half}: {coefficients}, pace of Gironde {pace}", flush=True)
        for _, test in halves:
            minutes = test.compute(coefficients) * (pace if test.name == "gironde" else 1.0)
            held[test.name].append((minutes, test.minutes, test.crow_km))
    rows: list[dict[str, object]] = []
    for name, parts in held.items():
        estimated, reference, crow = (np.concatenate(column) for column in zip(*parts, strict=True))
        for low, high in (*BANDS_KM, (0, 40)):
            chosen = (crow >= max(low, LEAST_KM)) & (crow < high)
            if chosen.sum() >= 20:
                rows.append(
                    {"region": name, "band_km": f"{low}-{high}"} | compute_errors(estimated[chosen], reference[chosen])
                )
    return rows


def fit_power_law(references: list[Reference]) -> np.ndarray:
    """Return the power law of the great circle and the density, fitted in the same way, for comparison."""
    near = [r.choose(np.flatnonzero((r.crow_km > LEAST_KM) & (r.crow_km < FIT_KM))) for r in references]
    densities = [compute_mean_log_density(r) for r in near]

    def compute_loss(v: np.ndarray) -> float:
        loss = 0.0
        for r, density in zip(near, densities, strict=True):
            minutes = compute_power_law(v, r.crow_km, density) * (v[4] if r.name == "gironde" else 1.0)
            loss += WEIGHTS[r.name] * float(np.abs(minutes - r.minutes).mean())
        return loss

    options = {"maxfev": 3000, "maxiter": 3000, "adaptive": True}
    return minimize(compute_loss, [-0.27, 3.5, 0.75, -0.1, 0.7], method="Nelder-Mead", options=options).x


def compute_power_law(v: np.ndarray, crow_km: np.ndarray, log_density: np.ndarray) -> np.ndarray:
    """Return base + scale x distance ** exponent x exp(effect x (log density - 2)) [minutes]."""
    return v[0] + v[1] * crow_km ** v[2] * np.exp(v[3] * (log_density - 2))


def compute_mean_log_density(r: Reference) -> np.ndarray:
    """Return the mean log10 of the density of the nearest commune of both ends."""
    e = r.estimate
    nodes = np.column_stack([e.lon * np.cos(np.radians(e.lat.mean())), e.lat])
    places = np.column_stack([r.points.lon * np.cos(np.radians(e.lat.mean())), r.points.lat])
    near = e.log_density[cKDTree(nodes).query(places)[1]]
    return (near[r.origins] + near[r.destinations]) / 2


def cross_validate_power_law(references: list[Reference]) -> dict[str, dict[str, float]]:
    """Return the error of the power law within 40 km on pairs held out of its fit, by region."""
    held: dict[str, list[np.ndarray]] = {r.name: [] for r in references}
    for half in (0, 1):
        halves = [split_pairs(r, half) for r in references]
        v = fit_power_law([train for train, _ in halves])
        for _, test in halves:
            minutes = compute_power_law(v, test.crow_km, compute_mean_log_density(test))
            minutes = minutes * (v[4] if test.name == "gironde" else 1.0)
            near = (test.crow_km >= LEAST_KM) & (test.crow_km < 40)
            held[test.name].append(np.array([minutes[near], test.minutes[near]]))
    return {name: compute_errors(*np.hstack(parts)) for name, parts in held.items()}


def fit_road_km(gironde: Reference) -> dict[str, float]:
    """Return the power law of road kilometres with the least mean relative error, and that error."""
    assert gironde.road_km is not None
    chosen = gironde.crow_km > LEAST_KM
    crow, road = gironde.crow_km[chosen], gironde.road_km[chosen]
    result = minimize(
        lambda v: float(np.abs(v[0] * crow ** v[1] / road - 1).mean()), [1.45, 0.965], method="Nelder-Mead"
    )
    away = np.abs(compute_road_km(crow) / road - 1)
    p50, p90 = np.percentile(away, [50, 90])
    return {
        "scale": round(float(result.x[0]), 4),
        "exponent": round(float(result.x[1]), 4),
        "p50_share": round(float(p50), 4),
        "p90_share": round(float(p90), 4),
    }


def measure_speed(communes: Points) -> dict[str, float]:
    """Return seconds to build the national graph, and for 400 x 1,500 pairs around Jouy-sur-Morin."""
    start = time.perf_counter()
    estimate = build_estimate(communes)
    built = time.perf_counter() - start
    at = int(np.flatnonzero(communes.code == "77240")[0])
    away = compute_great_circle_km(
        communes.lon,
        communes.lat,
        np.full(len(communes.lon), communes.lon[at]),
        np.full(len(communes.lon), communes.lat[at]),
    )
    order = np.argsort(np.where(np.isfinite(away), away, np.inf))
    origins, destinations = np.repeat(order[:400], 1500), np.tile(order[:1500], 400)
    crow = compute_great_circle_km(
        communes.lon[origins], communes.lat[origins], communes.lon[destinations], communes.lat[destinations]
    )
    within = crow < 60
    start = time.perf_counter()
    estimate.compute_pairs(communes, origins[within], destinations[within])
    near = time.perf_counter() - start
    start = time.perf_counter()
    estimate.compute_pairs(communes, origins, destinations)
    return {
        "communes": len(communes.code),
        "build_seconds": round(built, 3),
        "pairs_within_60_km": int(within.sum()),
        "pairs_within_60_km_seconds": round(near, 3),
        "all_pairs": len(origins),
        "all_pairs_seconds": round(time.perf_counter() - start, 3),
    }


def run(folder: Path) -> None:
    """Fit, judge and write."""
    communes = read_communes(folder)
    references = [
        read_matrix("isere", folder / "car_minutes_isere_256.parquet", communes),
        read_matrix("grand_paris", folder / "car_minutes_grand_paris_150.parquet", communes),
        read_gironde(folder / "osrm_pairs_gironde.parquet", communes),
    ]
    rows = cross_validate(references)
    coefficients, pace = fit(references)
    print(f"all: {coefficients}, pace of Gironde {pace}")
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=140, tbl_hide_dataframe_shape=True):
        print(pl.DataFrame(rows))
    result = {
        "coefficients": asdict(coefficients),
        "in_code": asdict(FITTED),
        "gironde_pace": pace,
        "cross_validated": rows,
        "power_law_within_40_km": cross_validate_power_law(references),
        "road_km": fit_road_km(references[2]),
        "speed": measure_speed(communes),
    }
    print(json.dumps({name: value for name, value in result.items() if name != "cross_validated"}, indent=2))
    write_result("travel", result)


if __name__ == "__main__":
    run(REAL_DATA)
