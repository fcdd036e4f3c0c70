"""Quality and time of siting against a preselection and an exact integer programme, on the same benefits.

The compared method is that of Mastio, Hörl, Balac and Loubière (2023, doi 10.1016/j.procs.2023.03.041), written
again from its description: keep the 50 communes of best potential, then choose exactly n of them by an exact
integer programme (here HiGHS). Benefits come from the census flows of Île-de-France by car (classes 3 to 5), with
estimated times. Run: python -m benchmarks.bench_siting [--places 2,5,10,20] [--areas 77,idf] [--seconds 10].
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import highspy
import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.siting.evaluate import check_plan
from ancrage.siting.problem import SitingProblem
from ancrage.siting.solve import solve, warm_up
from benchmarks.measure import REAL_DATA, write_result

ACCESS_MINUTES, SAVED_MINUTES, CANDIDATES = 15.0, 10.0, 50
EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Comparison:
    """One number of places on one area: values [km saved per day, one way, as the crow flies] and seconds."""

    area: str
    homes: int
    arcs: int
    places: int
    value: float
    gap: float
    status: str
    seconds: float
    peer_value: float
    peer_status: str
    peer_seconds: float


def compute_minutes(km: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return estimated car minutes from km as the crow flies, within Île-de-France."""
    return np.where(km > 0, np.maximum(0.0, -0.27 + 2.8335 * km**0.785), 0.0)


def build_benefits(folder: Path, departement: str | None) -> SitingProblem:
    """Return the siting problem of an area: every commune is a home and a candidate, nothing costs anything.

    benefit(home, site) = sum over the flows of the home of workers x (km to work - km to the site), where the site
    is within ACCESS_MINUTES and saves at least SAVED_MINUTES.
    """
    communes = pl.read_parquet(folder / "communes.parquet").filter(
        (pl.col("region") == "11") & pl.col("lon").is_not_null()
    )
    flows = (
        pl.read_parquet(folder / "flows_idf_2014_csp_mode.parquet")
        .filter((pl.col("mode") == "car") & pl.col("csp").cast(pl.String).is_in(["3", "4", "5"]))
        .group_by("origin_2025", "destination_2025")
        .agg(pl.col("workers").sum())
        .sort("origin_2025", "destination_2025")
    )
    code = communes["code"].to_list()
    position = {c: i for i, c in enumerate(code)}
    lon, lat = (np.radians(communes[x].to_numpy()) for x in ("lon", "lat"))
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat[:, None]) * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    km = 2 * EARTH_KM * np.arcsin(np.sqrt(half))
    minutes = compute_minutes(km)
    area = np.array([departement in (None, d) for d in communes["departement"].to_list()])
    rows: dict[int, tuple[list[int], list[float]]] = {}
    for origin, destination, workers in flows.iter_rows():
        if origin in position and destination in position and area[position[origin]]:
            works = rows.setdefault(position[origin], ([], []))
            works[0].append(position[destination])
            works[1].append(workers)
    sites = np.flatnonzero(area)
    rank = np.full(len(code), -1)
    rank[sites] = np.arange(sites.size)
    row, site, value = [0], [], []
    for i in sites:
        work, workers = (np.array(x) for x in rows.get(i, ([], [])))
        near = sites[minutes[i, sites] <= ACCESS_MINUTES]
        near = near[np.argsort(minutes[i, near], kind="stable")]
        if work.size:
            saves = minutes[i, work][None] - minutes[i, near][:, None] >= SAVED_MINUTES
            gain = np.sum(np.where(saves, workers * (km[i, work][None] - km[i, near][:, None]), 0.0), axis=1)
            site.append(rank[near[gain > 0]])
            value.append(gain[gain > 0])
            row.append(row[-1] + site[-1].size)
        else:
            row.append(row[-1])
    m, k = sites.size, row[-1]
    codes = np.array(code)[sites]
    nothing, closed = np.zeros(m), np.zeros(m, dtype=np.bool_)
    return SitingProblem(
        home_code=codes,
        site_code=codes,
        row=np.array(row),
        site=np.concatenate(site),
        value=np.concatenate(value),
        demand=np.zeros(k),
        fixed_cost=nothing,
        desk_cost=nothing,
        income=nothing,
        desks_per_day=1.0,
        desks_min=np.zeros(m, dtype=np.int64),
        desks_max=np.ones(m, dtype=np.int64),
        imposed=closed,
        excluded=closed,
        budget=None,
        max_places=1,
        unit="km/day",
    )


def solve_preselected(problem: SitingProblem, places: int, limit: float) -> tuple[float, str, float]:
    """Return value, status and seconds of the compared method: best CANDIDATES sites, exactly `places` of them."""
    start = time.perf_counter()
    potential = np.bincount(problem.site, problem.value, problem.site_code.size)
    kept = np.argsort(-potential, kind="stable")[:CANDIDATES]
    rank = np.full(problem.site_code.size, -1)
    rank[kept] = np.arange(kept.size)
    home = np.repeat(np.arange(problem.home_code.size), np.diff(problem.row))
    arcs = np.flatnonzero(rank[problem.site] >= 0)
    k, m, n = arcs.size, kept.size, problem.home_code.size
    # Columns: m openings then k uses. Rows: a home once (n), use only what is open (k), exactly `places` (1).
    model = highspy.Highs()
    model.silent()
    model.setOptionValue("threads", 1)
    model.setOptionValue("time_limit", limit)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = m + k, n + k + 1
    lp.col_cost_ = np.concatenate([np.zeros(m), -problem.value[arcs]])
    lp.col_lower_, lp.col_upper_ = np.zeros(m + k), np.ones(m + k)
    lp.row_lower_ = np.concatenate([np.full(n + k, -highspy.kHighsInf), [places]])
    lp.row_upper_ = np.concatenate([np.ones(n), np.zeros(k), [places]])
    lp.integrality_ = [highspy.HighsVarType.kInteger] * m + [highspy.HighsVarType.kContinuous] * k
    column = np.concatenate([rank[problem.site[arcs]], np.arange(m), m + np.arange(k), m + np.arange(k)])
    line = np.concatenate([n + np.arange(k), np.full(m, n + k), home[arcs], n + np.arange(k)])
    number = np.concatenate([-np.ones(k), np.ones(m), np.ones(k), np.ones(k)])
    order = np.argsort(column, kind="stable")
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(np.bincount(column, minlength=m + k))])
    lp.a_matrix_.index_, lp.a_matrix_.value_ = line[order], number[order]
    model.passModel(lp)
    model.run()
    status = model.modelStatusToString(model.getModelStatus())
    return -model.getInfo().objective_function_value, status, time.perf_counter() - start


def compare(problem: SitingProblem, area: str, places: int, seconds: float) -> Comparison:
    """Solve one number of places both ways."""
    limited = SitingProblem(**{**problem.__dict__, "max_places": places})
    plan = solve(limited, deadline=seconds, clock=time.perf_counter)
    check_plan(limited, plan)
    peer_value, peer_status, peer_seconds = solve_preselected(problem, places, 60.0)
    return Comparison(
        area,
        problem.home_code.size,
        problem.site.size,
        places,
        plan.evaluation.value,
        plan.gap,
        plan.status,
        plan.seconds,
        peer_value,
        peer_status,
        peer_seconds,
    )


def run(places: list[int], areas: list[str], seconds: float) -> None:
    """Print the table and write it."""
    warm_up()
    results = []
    print("area  homes    arcs  n       value     gap  seconds  peer value  peer seconds  better  faster")
    for area in areas:
        problem = build_benefits(REAL_DATA, None if area == "idf" else area)
        for n in places:
            c = compare(problem, area, n, seconds)
            results.append(c.__dict__)
            print(
                f"{c.area:4} {c.homes:6} {c.arcs:7} {c.places:2} {c.value:11.0f} {c.gap:7.3%} {c.seconds:8.2f}"
                f" {c.peer_value:11.0f} {c.peer_seconds:9.2f}{'' if c.peer_status == 'Optimal' else '*':4}"
                f" {c.value / c.peer_value - 1:7.2%} {c.peer_seconds / c.seconds:7.1f}",
                flush=True,
            )
    write_result("siting", {"rows": results})
    print("* = the compared method stopped at its time limit")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--places", default=",".join(str(n) for n in range(2, 21)))
    parser.add_argument("--areas", default="77,idf")
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    run([int(n) for n in options.places.split(",")], options.areas.split(","), options.seconds)
