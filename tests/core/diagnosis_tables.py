"""A hand-made store of three communes and two EPCI, with sums that can be checked by hand."""

from __future__ import annotations

import polars as pl

from ancrage.figures import Source
from ancrage.language import Text
from ancrage.territory.tables import Tables

RURAL, METROPOLIS = "200000001", "200000002"
# Facilities of Aubourg in the two vintages; one label of each is not in the other.
BEFORE = ("Boulangerie", "Epicerie", "Trésorerie")
AFTER = ("Boulangerie", "Épicerie", "Station service")
VINTAGES = {"flows": "2020", "labour_csp_communes_2000plus_2018": "2018", "housing_vacancy_communes_2021": "2021"}


def build_frames() -> dict[str, pl.DataFrame]:
    """Return the tables by name: communes A and B in a rural EPCI, M in a métropole 110 km away."""
    return {
        "epci": pl.DataFrame(
            {
                "epci_code": [RURAL, METROPOLIS],
                "name": ["CC du Val d'Été", "Métropole du Môle"],
                "nature": ["CC", "ME"],
                "density_3": ["3", "1"],
            }
        ),
        "communes": pl.DataFrame(
            {
                "code": ["01001", "01002", "01003"],
                "name": ["Aubourg", "Bellac", "Môle"],
                "epci_code": [RURAL, RURAL, METROPOLIS],
                "lon": [0.0, 0.1, 1.5],
                "lat": [45.0, 45.0, 45.0],
                "population_2022": [1000, 500, 3000],
                "aav2020": ["010", "000", "010"],
                "aav2020_category": ["20", "30", "11"],
                "rurality_type": ["mixed", "farming", "urban"],
                "petite_ville_de_demain_id": ["pvd-1", None, None],
                "territoire_industrie_id": ["ti-1", None, None],
                "frr_2025": ["Non classée", "FRR socle", "Non classée"],
            }
        ),
        "flows": pl.DataFrame(
            {
                "origin_commune": ["01001", "01001", "01001", "01002", "01002", "01003"],
                "destination_commune": ["01001", "01002", "01003", "01003", "99100", "01001"],
                "workers": [100.0, 50.0, 150.0, 100.0, 100.0, 75.0],
                "vintage": [2020] * 6,
            }
        ),
        "flows_detail": pl.DataFrame(
            {
                "origin_commune": ["01001", "01001", "01002"],
                "destination_commune": ["01001", "01003", "01003"],
                "mode": ["car", "car", "home"],
                "csp": [3, 6, 6],
                "workers": [100.0, 200.0, 200.0],
                "vintage": [2019] * 3,
            }
        ),
        "labour_csp_communes_2000plus_2018": pl.DataFrame(
            {
                "code": ["01001"],
                "active_15plus": [110.0],
                "unemployed_15plus": [10.0],
                "active_cs1_farmers": [0.0],
                "active_cs2_self_employed": [0.0],
                "active_cs3_executives": [50.0],
                "active_cs4_intermediate": [0.0],
                "active_cs5_clerical": [0.0],
                "active_cs6_workers": [50.0],
            }
        ),
        "commune_mobility_income_2021": pl.DataFrame(
            {
                "code": ["01001", "01002", "01003"],
                "commute_car_pct": [80.0, 50.0, 20.0],
                "commute_public_transport_pct": [5.0, 20.0, 60.0],
                "median_living_standard_eur": [20000.0, None, None],
            }
        ),
        "commute_time_epci_2018": pl.DataFrame(
            {
                "epci_code": [RURAL, RURAL],
                "sex": ["women", "men"],
                "median_commute_minutes": [24, 34],
                "mean_commute_minutes": [9999.0, 9999.0],
            }
        ),
        "housing_vacancy_communes_2021": pl.DataFrame(
            {
                "code": ["01001", "01003"],
                "private_dwellings_2022": [500.0, None],
                "vacant_2y_share_pct": [4.0, None],
            }
        ),
        "population_2013_2022": pl.DataFrame(
            {
                "code": ["01001"] * 3 + ["01002"] * 3,
                "year": [2010, 2011, 2012] * 2,
                "population": [1000, 1100, 1210, 100, 100, 500],
            }
        ),
        "bpe_communes_2009_2013": pl.DataFrame(
            {
                "commune": ["01001"] * 3 + ["01001"] * 3 + ["01002"] * 2 + ["01002", "01003"],
                "equipment": [*BEFORE, *AFTER, "Boulangerie", "Coiffure", "Boulangerie", "Coiffure"],
                "count": [2, 1, 1, 1, 1, 1, 1, 1, 1, 3],
                "year": [2009] * 3 + [2013] * 3 + [2009] * 2 + [2013] * 2,
            }
        ),
        "bpe_education_2018": pl.DataFrame(
            {"commune": ["01001", "01002"], "bpe_type": ["C104", "C201"], "count": [1, 1]}
        ),
        "schools": pl.DataFrame(
            {
                "type": ["Ecole", "Ecole", "Service Administratif", "Ecole"],
                "commune": ["01001", "01001", "01002", "01003"],
            }
        ),
        "brownfields_cartofriches": pl.DataFrame(
            {
                "name": ["Old mill", "Yard", "Depot"],
                "status": ["friche sans projet", "friche avec projet", "friche potentielle"],
                "surface_m2": [5000.0, None, 900.0],
                "commune": ["01001", "01001", "01002"],
            }
        ),
        "third_places": pl.DataFrame({"name": ["The Loom"], "commune": ["01002"]}),
        "petites_villes_de_demain": pl.DataFrame({"pvd_id": ["pvd-1"], "date_signature": ["2021-06-23"]}),
    }


def build_tables(**replaced: pl.DataFrame | None) -> Tables:
    """Return the store, with some tables replaced (or removed, when None)."""
    frames = build_frames() | {name: frame for name, frame in replaced.items() if frame is not None}
    for name, frame in replaced.items():
        if frame is None:
            del frames[name]
    sources = {name: Source(name, Text(name, name), "test", VINTAGES.get(name, "2025"), "test") for name in frames}
    return Tables({name: frame.lazy() for name, frame in frames.items()}, sources)


def build_many(count: int, split: int, nature: str = "CC") -> Tables:
    """Return `count` EPCI of one commune each, of population 100, 200, ...; the first `split` of another rurality."""
    codes = [f"3000000{i:02d}" for i in range(count)]
    return Tables(
        {
            "epci": pl.DataFrame(
                {"epci_code": codes, "name": [f"EPCI {i}" for i in range(count)], "nature": nature, "density_3": "3"}
            ).lazy(),
            "communes": pl.DataFrame(
                {
                    "code": [f"020{i:02d}" for i in range(count)],
                    "name": [f"Commune {i}" for i in range(count)],
                    "epci_code": codes,
                    "lon": 0.0,
                    "lat": 45.0,
                    "population_2022": [100 * (i + 1) for i in range(count)],
                    "rurality_type": ["mixed"] * split + ["farming"] * (count - split),
                }
            ).lazy(),
        }
    )
