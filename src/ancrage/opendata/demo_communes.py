"""Tables of the demo territory about communes: geography, population, housing, mobility, labour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from ancrage.opendata.demo_names import EPCI_PLANS, SUFFIX
from ancrage.opendata.demo_region import DemoRegion, Draws
from ancrage.opendata.demo_work import DemoWork
from ancrage.territory.model import CLASSES, Mode

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A commune is in the attraction area of a pole where at least this share of its employed residents work:
# INSEE, "aires d'attraction des villes 2020".
ATTRACTION_SHARE = 0.15
# Median share of private dwellings vacant for more than two years by density level: design choice.
_VACANCY_PCT = {"1": 1.5, "2": 3.0, "3": 3.4, "4": 2.3, "5": 4.2, "6": 5.6, "7": 8.0}
DENSITY_7 = {
    "1": ("1", "Urbain dense", "Grands centres urbains"),
    "2": ("2", "Urbain intermédiaire", "Centres urbains intermédiaires"),
    "3": ("2", "Urbain intermédiaire", "Petites villes"),
    "4": ("2", "Urbain intermédiaire", "Ceintures urbaines"),
    "5": ("3", "Rural", "Bourgs ruraux"),
    "6": ("3", "Rural", "Rural à habitat dispersé"),
    "7": ("3", "Rural", "Rural à habitat très dispersé"),
}
_RURALITY = {
    "industrial": "Les ruralités productives ouvrières",
    "farming": "Les ruralités productives agricoles",
    "residential": "Les ruralités résidentielles mixtes",
    "urban": "Les ruralités résidentielles aisées",
}
_ATTRACTION_NAMES = {
    "11": "Commune-Centre",
    "12": "Autre commune du pôle principal",
    "20": "Commune de la couronne",
    "30": "Commune hors attraction des villes",
}
_LABOUR_COLUMNS = (
    "active_cs1_farmers",
    "active_cs2_self_employed",
    "active_cs3_executives",
    "active_cs4_intermediate",
    "active_cs5_clerical",
    "active_cs6_workers",
)
# The studied EPCI and a neighbour share a programme for industrial territories.
INDUSTRY_EPCI = (0, 3)
# What the census reveals of a median income: not below this number of households.
_MIN_HOUSEHOLDS = 50
# A share is withheld where it stands for fewer vacant dwellings than this.
_MIN_VACANT = 11


@dataclass(frozen=True)
class DemoZones:
    """What follows from the sizes and the flows of communes.

    Attributes
    ----------
    density_7 : level of the density grid of each commune, "1" to "7".
    attraction : row of the town that attracts the commune, -1 outside any attraction area.
    attraction_category : "11" centre, "12" pole, "20" ring, "30" none.
    employment_town, living_town : row of the nearest town of 6,000 inhabitants or more, and of any town.
    """

    density_7: list[str]
    attraction: IntArray
    attraction_category: list[str]
    employment_town: IntArray
    living_town: IntArray


def build_zones(region: DemoRegion, work: DemoWork) -> DemoZones:
    """Build the density levels and the zones of every commune."""
    city = int(np.flatnonzero((region.epci == 1) & (region.town_rank == 0))[0])
    km = np.hypot(region.x[:, None] - region.x, region.y[:, None] - region.y)
    density = region.population / region.area_km2
    levels = [
        _choose_density(int(people), float(per_km2), bool(epci == 1), float(distance))
        for people, per_km2, epci, distance in zip(region.population, density, region.epci, km[city], strict=True)
    ]
    towns = np.flatnonzero(region.town_rank >= 0)
    poles = towns[region.population[towns] >= 8_000]
    centres = towns[region.population[towns] >= 6_000]
    in_pole = np.full(len(region), -1, dtype=np.int64)
    in_pole[poles] = poles
    in_pole[(region.epci == 1) & (density >= 400)] = city
    shares = np.stack(
        [work.compute_sums(work.origin, in_pole[work.destination] == pole) for pole in poles], axis=1
    ) / work.compute_sums(work.origin)[:, None]  # fmt: skip
    attraction = np.where(shares.max(axis=1) >= ATTRACTION_SHARE, poles[shares.argmax(axis=1)], -1)
    attraction = np.where(in_pole >= 0, in_pole, attraction)
    category = [
        "11" if pole == i else "12" if pole >= 0 else "20" if area >= 0 else "30"
        for i, (pole, area) in enumerate(zip(in_pole, attraction, strict=True))
    ]
    return DemoZones(
        density_7=levels,
        attraction=attraction,
        attraction_category=category,
        employment_town=centres[km[:, centres].argmin(axis=1)],
        living_town=towns[km[:, towns].argmin(axis=1)],
    )


def _choose_density(people: int, per_km2: float, metropolitan: bool, city_km: float) -> str:
    """Choose a level that reads like the official grid; the official one is computed from 200 m squares."""
    if metropolitan:
        return "1" if per_km2 >= 800 else "4"
    if people >= 10_000:
        return "2"
    if people >= 5_000:
        return "3"
    if people >= 1_500 and city_km < 12:
        return "4"
    if people >= 1_100:
        return "5"
    return "6" if per_km2 >= 26 else "7"


def build_commune_tables(region: DemoRegion, work: DemoWork, zones: DemoZones, seed: int) -> dict[str, pl.DataFrame]:
    """Build the tables that hold one row by commune, or by commune and year."""
    draws = Draws(seed, 3)
    return {
        "communes": _build_communes(region, zones),
        "commune_polygons": build_polygons("code", region.code, region.polygon),
        "population_2013_2022": _build_population(region, draws),
        "housing_vacancy_communes_2021": _build_vacancy(region, zones, draws),
        "commune_mobility_income_2021": _build_mobility(region, work, draws),
        "labour_csp_communes_2000plus_2018": _build_labour(region, work, draws),
        "petites_villes_de_demain": _build_small_towns(region),
    }


def _list_names(region: DemoRegion, rows: IntArray, missing: str) -> list[str]:
    return [region.name[i] if i >= 0 else missing for i in rows]


def _build_communes(region: DemoRegion, zones: DemoZones) -> pl.DataFrame:
    n = len(region)
    centre = shapely.get_coordinates(shapely.centroid(region.polygon))
    epci_code = region.list_epci_codes()
    level = [DENSITY_7[d] for d in zones.density_7]
    town = region.town_rank >= 0
    code = region.code
    size_class = ["3" if region.population[i] > 100_000 else "1" if i >= 0 else "0" for i in zones.attraction]
    services = iter(range(1, n + 1))
    centrality = np.select(
        [region.population >= 100_000, region.population >= 9_000, town, region.population >= 1_200],
        ["Centre majeur", "Centre structurant", "Centre intermédiaire", "Centre local"],
        default="",
    )
    characters = region.list_characters()
    nothing = pl.Series([None] * n, dtype=pl.String)
    return pl.DataFrame(
        {
            "code": code,
            "name": region.name,
            "epci_code": epci_code,
            "epci_name": [f"{EPCI_PLANS[k].name} {SUFFIX}" for k in region.epci],
            "departement": ["00"] * n,
            "departement_name": ["Département fictif"] * n,
            "region": ["00"] * n,
            "region_name": ["Région fictive"] * n,
            "zone_emploi_2020": [f"F{i + 1:03d}" for i in zones.employment_town],
            "zone_emploi_2020_name": [f"{region.name[i]} {SUFFIX}" for i in zones.employment_town],
            "unite_urbaine_2020": [f"F{code[i]}" if d in "1234" else "F00000" for i, d in enumerate(zones.density_7)],
            "aav2020": [f"F{i + 1:03d}" if i >= 0 else "000" for i in zones.attraction],
            "aav2020_name": _list_names(region, zones.attraction, _ATTRACTION_NAMES["30"]),
            "aav2020_size_class": size_class,
            "aav2020_category": zones.attraction_category,
            "aav2020_category_name": [_ATTRACTION_NAMES[c] for c in zones.attraction_category],
            "bassin_vie_2022": [code[i] for i in zones.living_town],
            "bassin_vie_2022_name": _list_names(region, zones.living_town, ""),
            "lon": region.lon,
            "lat": region.lat,
            "centroid_lon": np.round(centre[:, 0], 5),
            "centroid_lat": np.round(centre[:, 1], 5),
            "area_km2": region.area_km2,
            "density_3": [d3 for d3, _, _ in level],
            "density_3_name": [name for _, name, _ in level],
            "density_7": zones.density_7,
            "density_7_name": [name for _, _, name in level],
            "population_2022": region.population,
            "petite_ville_de_demain_id": [
                _build_small_town_id(region, i) if _is_small_town(region, i) else None for i in range(n)
            ],
            "territoire_industrie_id": ["ti-0001" if k in INDUSTRY_EPCI else None for k in region.epci],
            "crte_id": [f"crte-00-00-{k + 1}" for k in region.epci],
            "action_coeur_de_ville_id": [
                "acv-000" if 9_000 <= people <= 100_000 else None for people in region.population
            ],
            "village_avenir_id": nothing,
            "france_services_id": [f"F{next(services)}" if is_town else None for is_town in town],
            "fabrique_prospective_id": nothing,
            "ami_id": nothing,
            "site_cle_en_main_id": nothing,
            "frr_2025": ["FRR socle" if c in ("industrial", "farming") else "Non classée" for c in characters],
            "rurality_type": [
                "Hors champ : DOM ou commune urbaine"
                if d in "1234"
                else "Les petites polarités industrielles et artisanales"
                if is_town and c == "industrial"
                else "Les petites polarités mixtes"
                if is_town
                else _RURALITY[c]
                for d, is_town, c in zip(zones.density_7, town, characters, strict=True)
            ],
            "centrality_level": [
                f"{c} d'équipements et de services" if c else "Communes non centre" for c in centrality
            ],
        },
        schema_overrides={"petite_ville_de_demain_id": pl.String, "action_coeur_de_ville_id": pl.String},
    )


def _is_small_town(region: DemoRegion, i: int) -> bool:
    """Tell the small towns of the programme: all the main towns of CC, and the second one of the studied EPCI."""
    rank, epci = int(region.town_rank[i]), int(region.epci[i])
    return EPCI_PLANS[epci].nature == "CC" and (rank == 0 or (rank == 1 and epci == 0))


def _build_small_town_id(region: DemoRegion, i: int) -> str:
    return f"pvd-00-00-{int(region.code[i])}"


def _build_small_towns(region: DemoRegion) -> pl.DataFrame:
    rows = [i for i in range(len(region)) if _is_small_town(region, i)]
    return pl.DataFrame(
        {
            "pvd_id": [_build_small_town_id(region, i) for i in rows],
            "name": [f"{region.name[i]} (commune fictive)" for i in rows],
            "date_signature": ["2021-06-01"] * len(rows),
            "commune": [region.code[i] for i in rows],
            "members": [f"{region.name[i]} ({region.code[i]})" for i in rows],
        }
    )


def build_polygons(key: str, codes: list[str], polygons: NDArray[np.object_]) -> pl.DataFrame:
    """Build a table of polygons as WKB, little-endian on every machine."""
    return pl.DataFrame({key: codes, "geometry": pl.Series(shapely.to_wkb(polygons, byte_order=1), dtype=pl.Binary)})


def _build_population(region: DemoRegion, draws: Draws) -> pl.DataFrame:
    """Build the population of each commune from 2013 to 2022, backwards from that of 2022."""
    n = len(region)
    trend = np.array([plan.trend for plan in EPCI_PLANS])[region.epci] + 0.25 * draws.draw_noise(n)
    # The factory town loses people faster than its neighbours.
    trend = np.where((region.epci == 0) & (region.town_rank == 1), -1.2, trend) / 100
    years = np.arange(2013, 2023)
    wobble = 0.003 * draws.draw_noise(n * len(years)).reshape(n, len(years))
    wobble[:, -1] = 0.0
    people = region.population[:, None] * (1 + trend[:, None] * (years - 2022)) * (1 + wobble)
    return pl.DataFrame(
        {
            "code": np.repeat(region.code, len(years)),
            "year": pl.Series(np.tile(years, n), dtype=pl.Int16),
            "population": pl.Series(np.round(people).astype(np.int32).ravel(), dtype=pl.Int32),
        }
    )


def _build_vacancy(region: DemoRegion, zones: DemoZones, draws: Draws) -> pl.DataFrame:
    n = len(region)
    dwellings = np.round(region.population * (0.52 + 0.02 * draws.draw_noise(n)))
    share = np.array([_VACANCY_PCT[d] for d in zones.density_7]) * (1 + 0.25 * draws.draw_noise(n)).clip(0.4)
    share[region.epci == 0] *= 1.15
    share[(region.epci == 0) & (region.town_rank == 1)] = 9.4
    share = np.round(share, 1)
    told = share / 100 * dwellings >= _MIN_VACANT
    return pl.DataFrame(
        {
            "code": region.code,
            "name": region.name,
            "private_dwellings_2022": dwellings,
            "vacant_2y_share_pct": pl.Series(share).zip_with(pl.Series(told), pl.Series([None] * n, dtype=pl.Float64)),
        }
    )  # fmt: skip


def _build_mobility(region: DemoRegion, work: DemoWork, draws: Draws) -> pl.DataFrame:
    n = len(region)
    total = work.compute_sums(work.origin)
    pct = {mode: 100 * work.compute_sums(work.origin, work.mode == mode) / total for mode in Mode}
    executives = work.compute_sums(work.origin, work.csp == 3) / total
    manual = work.compute_sums(work.origin, work.csp == 6) / total
    households = np.round(region.population / 2.25)
    income = 21_800 + 14_000 * (executives - 0.11) - 6_000 * (manual - 0.26) + 400 * draws.draw_noise(n)
    return pl.DataFrame(
        {
            "code": region.code,
            "name": region.name,
            "commute_public_transport_pct": np.round(pct[Mode.PUBLIC_TRANSPORT], 1),
            "households_with_car_pct": np.round(70 + 0.28 * pct[Mode.CAR], 1),
            "commute_car_pct": np.round(pct[Mode.CAR], 1),
            "commute_bike_pct": np.round(0.15 * pct[Mode.WALK_BIKE], 1),
            "fiscal_households": households,
            "median_living_standard_eur": [
                float(round(value, -1)) if count >= _MIN_HOUSEHOLDS else None
                for value, count in zip(income.tolist(), households, strict=True)
            ],
        }
    )


def _build_labour(region: DemoRegion, work: DemoWork, draws: Draws) -> pl.DataFrame:
    """Build the active population by class of communes of 2,000 inhabitants or more, as the source does."""
    rows = np.flatnonzero(region.population >= 2_000)
    people = region.population[rows].astype(np.float64)
    active = work.employed / (1 - work.unemployment)
    by_class = np.stack([work.compute_sums(work.origin, work.csp == c) for c in CLASSES], axis=1)
    by_class *= (active / by_class.sum(axis=1))[:, None]
    manual = by_class[rows, 5] / active[rows]
    adults = 0.70 * people
    homes = people / 2.25
    diploma = np.stack([0.13 + 0.35 * manual, 0.18 + 0.35 * manual, np.full(len(rows), 0.18)], axis=1)
    diploma *= 1 + 0.03 * draws.draw_noise(diploma.size).reshape(diploma.shape)
    amounts = {
        "population": people,
        "active_15plus": active[rows],
        "unemployed_15plus": active[rows] - work.employed[rows],
        **{name: by_class[rows, c] for c, name in enumerate(_LABOUR_COLUMNS)},
        "dipl_none": adults * diploma[:, 0],
        "dipl_cap_bep": adults * diploma[:, 1],
        "dipl_bac": adults * diploma[:, 2],
        "dipl_higher": adults * (1 - diploma.sum(axis=1)),
        "non_student_15plus": adults,
        "main_homes": homes,
        "owner_homes": homes * np.where(people > 20_000, 0.40, 0.62),
        "social_homes": homes * np.where(people > 20_000, 0.20, 0.09),
        "second_homes": homes * 0.05,
    }
    return pl.DataFrame(
        {
            "code": [region.code[i] for i in rows],
            "name": [region.name[i] for i in rows],
            **{name: np.round(values, 1) for name, values in amounts.items()},
        }
    )
