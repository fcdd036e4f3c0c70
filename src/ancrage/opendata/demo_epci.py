"""Tables of the demo territory about EPCI."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.opendata.demo_communes import DENSITY_7, INDUSTRY_EPCI, DemoZones, build_polygons
from ancrage.opendata.demo_names import EPCI_PLANS, LABEL, SUFFIX
from ancrage.opendata.demo_region import DemoRegion, Draws, build_epci_code
from ancrage.opendata.demo_work import DETOUR, DemoWork
from ancrage.territory.model import Mode

FloatArray = NDArray[np.float64]


def build_epci_tables(region: DemoRegion, work: DemoWork, zones: DemoZones, seed: int) -> dict[str, pl.DataFrame]:
    """Build the tables that hold rows by EPCI."""
    draws = Draws(seed, 4)
    members = [EPCI_PLANS[k] for k in INDUSTRY_EPCI]
    return {
        "epci": _build_epci(region, zones),
        "epci_polygons": build_polygons(
            "epci_code", [build_epci_code(k) for k in range(len(EPCI_PLANS))], region.epci_polygon
        ),
        "commute_time_epci_2018": _build_commute_time(region, work),
        "labour_epci_indicators_2017": _build_labour_indicators(region, work, draws),
        "territoires_industrie_members": pl.DataFrame(
            {
                "ti_id": ["ti-0001"] * len(members),
                "ti_name": [f"Ombreval - Haut Valorge {SUFFIX}"] * len(members),
                "siren": [build_epci_code(k) for k in INDUSTRY_EPCI],
                "member_name": [f"{plan.name} {SUFFIX}" for plan in members],
                "is_epci": [True] * len(members),
            }
        ),
    }


def _build_epci(region: DemoRegion, zones: DemoZones) -> pl.DataFrame:
    rows = len(EPCI_PLANS)
    population = np.bincount(region.epci, weights=region.population, minlength=rows)
    level = np.array([DENSITY_7[d][0] for d in zones.density_7])
    share = {
        d: 100 * np.bincount(region.epci, weights=region.population * (level == d), minlength=rows) / population
        for d in "123"
    }
    return pl.DataFrame(
        {
            "epci_code": [build_epci_code(k) for k in range(rows)],
            "name": [f"{plan.name} {SUFFIX}" for plan in EPCI_PLANS],
            "n_communes": np.bincount(region.epci, minlength=rows),
            "population_2022": population.astype(np.int64),
            "area_km2": np.round(np.bincount(region.epci, weights=region.area_km2, minlength=rows), 2),
            "nature": [plan.nature for plan in EPCI_PLANS],
            "departement_siege": ["00"] * rows,
            "departements": ["00"] * rows,
            "regions": ["00"] * rows,
            "density_3": [
                "1" if dense >= 50 else "3" if rural > 50 else "2"
                for dense, rural in zip(share["1"], share["3"], strict=True)
            ],
            "pop_share_dense_pct": np.round(share["1"], 2),
            "pop_share_intermediate_pct": np.round(share["2"], 2),
            "pop_share_rural_pct": np.round(share["3"], 2),
        }
    )


def _compute_minutes(crow_km: FloatArray) -> FloatArray:
    """Return plausible car minutes: slow near home, faster on long trips. They fill one table only."""
    road = DETOUR * crow_km
    return np.asarray(4 + road / (32 + 38 * (1 - np.exp(-road / 20))) * 60)


def _build_commute_time(region: DemoRegion, work: DemoWork) -> pl.DataFrame:
    minutes = _compute_minutes(work.crow_km)[work.origin, work.destination]
    rows = []
    for k in range(len(EPCI_PLANS)):
        mine = np.flatnonzero((region.epci[work.origin] == k) & (work.mode != Mode.HOME))
        order = mine[np.argsort(minutes[mine], kind="stable")]
        running = np.cumsum(work.workers[order])
        median = minutes[order[np.searchsorted(running, running[-1] / 2)]]
        mean = (minutes[order] * work.workers[order]).sum() / running[-1]
        # Men travel further than women: an assumption of the demo, since its flows have no sex.
        for sex, factor in (("men", 1.12), ("women", 0.88)):
            rows.append(
                (
                    build_epci_code(k),
                    sex,
                    round(float(median) * factor),
                    round(float(mean) * factor, 1),
                    round(float(np.max(minutes[mine])) * factor),
                )
            )
    return pl.DataFrame(
        rows,
        schema={
            "epci_code": pl.String,
            "sex": pl.String,
            "median_commute_minutes": pl.Int64,
            "mean_commute_minutes": pl.Float64,
            "max_commute_minutes": pl.Int64,
        },
        orient="row",
    )


def _build_labour_indicators(region: DemoRegion, work: DemoWork, draws: Draws) -> pl.DataFrame:
    """Build a few indicators; the national value is left empty: there is no France around this region."""
    rows = len(EPCI_PLANS)
    active = work.employed / (1 - work.unemployment)
    unemployed = 100 * np.bincount(region.epci, weights=active - work.employed, minlength=rows)
    rate = unemployed / np.bincount(region.epci, weights=active, minlength=rows)
    noise = draws.draw_noise(5 * rows).reshape(5, rows)
    precarious = "Part des résidents salariés en contrat précaire (hors apprentissage et stages rémunérés)"
    idle = "Part des 15-24 ans ni en emploi, ni en études, ni en formation"
    indicators = (
        ("emp1", "men", "Taux de chômage", rate * 0.94),
        ("emp1", "women", "Taux de chômage", rate * 1.07),
        ("emp3", "men", "Part des résidents travaillant à temps partiel", 7.4 + noise[0]),
        ("emp3", "women", "Part des résidents travaillant à temps partiel", 28.5 + 1.5 * noise[1]),
        ("emp4", "men", precarious, 11.7 + noise[2]),
        ("emp4", "women", precarious, 14.8 + noise[2]),
        ("for3", "men", idle, rate + 5 + noise[3]),
        ("for3", "women", idle, rate + 5 + noise[4]),
    )
    return pl.DataFrame(
        [
            (build_epci_code(k), sex, name, label, round(float(values[k]), 2), None, LABEL)
            for k in range(rows)
            for name, sex, label, values in indicators
        ],
        schema={
            "epci_code": pl.String,
            "sex": pl.String,
            "indicator": pl.String,
            "label": pl.String,
            "value": pl.Float64,
            "france": pl.Float64,
            "source": pl.String,
        },
        orient="row",
    )
