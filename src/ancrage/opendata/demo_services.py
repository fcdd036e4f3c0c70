"""Tables of the demo territory about services: facilities, schools, third places, brownfields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from ancrage.opendata.demo_names import LABEL, SUFFIX
from ancrage.opendata.demo_region import DemoRegion, Draws
from ancrage.opendata.demo_work import JOBS_LOST


@dataclass(frozen=True)
class FacilityPlan:
    """A type of facility: its labels in the files of 2009 and 2013 (empty: absent that year).

    One is found for about `people` inhabitants of a commune, and `loss` of them closed between the two years.
    `centre` keeps the type out of communes below that many inhabitants.
    """

    label_2009: str
    label_2013: str
    people: int
    centre: int
    loss: float


def _plan(label: str, people: int, centre: int = 0, loss: float = 0.0) -> FacilityPlan:
    return FacilityPlan(label, label, people, centre, loss)


# Labels of the file of INSEE (BPE 2009 and 2013), with their change of spelling; the numbers are design choices.
FACILITIES: tuple[FacilityPlan, ...] = (
    _plan("Boulangerie", 1_300, 350, 0.12),
    _plan("Boucherie charcuterie", 2_600, 600, 0.18),
    FacilityPlan("Epicerie", "Épicerie", 2_400, 300, 0.20),
    _plan("Supérette", 6_000, 900),
    _plan("Supermarché", 6_500, 1_400),
    _plan("Hypermarché", 35_000, 9_000),
    _plan("Librairie papeterie journeaux", 3_600, 1_000, 0.15),
    _plan("Fleuriste", 3_300, 1_000),
    _plan("Droguerie quincaillerie bricolage", 7_000, 1_500, 0.10),
    _plan("Magasin de vêtements", 2_200, 2_000, 0.12),
    _plan("Magasin de chaussures", 6_500, 2_500, 0.12),
    _plan("Magasin d'équipements du foyer", 5_500, 2_000),
    _plan("Grande surface de bricolage", 14_000, 3_000),
    _plan("Station service", 6_500, 700),
    _plan("Restaurant", 700, 150),
    _plan("Coiffure", 850, 250),
    _plan("Soins de beauté", 2_200, 500, -0.4),
    _plan("Agence immobilière", 2_200, 1_200),
    _plan("Banque, Caisse d'Epargne", 2_300, 1_200, 0.06),
    _plan("Ecole de conduite", 4_600, 1_500),
    _plan("Taxi", 2_600, 250),
    _plan("Réparation automobile et de matériel agricole", 900, 100),
    _plan("Maçon", 700, 0),
    _plan("Plâtrier peintre", 750, 0),
    _plan("Menuisier, charpentier, serrurier", 800, 0),
    _plan("Plombier, couvreur, chauffagiste", 750, 0),
    FacilityPlan("Electricien", "Électricien", 950, 0, 0.0),
    _plan("Entreprise générale du bâtiment", 1_900, 0),
    _plan("Vétérinaire", 7_500, 1_200),
    _plan("Pompes funèbres", 7_500, 1_200),
    _plan("Bureau de poste", 4_500, 450, 0.30),
    FacilityPlan("", "Agence postale communale", 9_000, 250, 0.0),
    _plan("Gendarmerie", 16_000, 1_500, 0.05),
    FacilityPlan("Trésorerie", "", 15_000, 2_000, 0.0),
    FacilityPlan("Pôle emploi", "", 40_000, 5_000, 0.0),
    FacilityPlan("", "Agence de proximité pôle emploi", 45_000, 5_000, 0.0),
    _plan("Médecin omnipraticien", 1_050, 700, 0.12),
    _plan("Chirurgien dentiste", 1_800, 1_500, 0.08),
    _plan("Infirmier", 900, 500, -0.15),
    _plan("Masseur kinésithérapeute", 1_100, 1_000),
    _plan("Orthophoniste", 3_600, 1_800),
    _plan("Pharmacie", 2_700, 1_000, 0.04),
    _plan("Laboratoire d'analyses médicales", 15_000, 3_000),
    _plan("Ambulance", 8_500, 1_000),
    _plan("Personnes âgées : hébergement", 6_500, 900),
    _plan("Personnes âgées : services d'aide", 13_000, 1_200),
    _plan("Garde d'enfant d'âge préscolaire", 7_000, 1_500),
    _plan("Maternité", 120_000, 20_000, 0.2),
    _plan("Urgences", 95_000, 12_000),
    _plan("Spécialiste en ophtalmologie", 12_000, 8_000, 0.1),
    _plan("Spécialiste en pédiatrie", 22_000, 12_000, 0.1),
    _plan("Spécialiste en gynécologie médicale", 22_000, 12_000, 0.15),
    _plan("Collège", 8_500, 2_300),
    _plan("Lycée d'enseignement général et/ou technologique", 24_000, 5_500),
    _plan("Lycée d'enseignement professionnel", 38_000, 5_500),
    FacilityPlan("Ecole élémentaire", "École élémentaire", 2_100, 450, 0.06),
    FacilityPlan("Ecole maternelle", "École maternelle", 4_200, 2_000, 0.05),
    _plan("Boulodrome", 1_500, 150),
    _plan("Tennis", 1_900, 350),
    _plan("Terrains de grands jeux", 1_500, 250),
    _plan("Plateau extérieur ou salle multisports", 2_600, 400),
    _plan("Salle non spécialisé", 3_500, 400),
    _plan("Bassin de natation", 16_000, 2_500),
    _plan("Cinéma", 25_000, 3_500),
)
# The studied EPCI lost its services faster than the rest of the region.
_MAIN_LOSS = 2.2
# Above this size a commune has its own schools; below, it shares classes with its neighbours or has none.
_OWN_SCHOOL = 450
_SHARED_CLASS = 160
_PUPILS_PER_SCHOOL = 190
_KNOWN_BROWNFIELDS = 18


def build_service_tables(region: DemoRegion, seed: int) -> dict[str, pl.DataFrame]:
    """Build facilities, schools, third places and brownfields."""
    draws = Draws(seed, 5)
    schools = _build_schools(region, draws)
    return {
        "bpe_communes_2009_2013": _build_facilities(region, draws),
        "bpe_education_2018": _build_education(schools),
        "schools": schools.drop("bpe_type"),
        "third_places": _build_third_places(region),
        "brownfields_cartofriches": _build_brownfields(region, draws),
    }


def _build_facilities(region: DemoRegion, draws: Draws) -> pl.DataFrame:
    n = len(region)
    parts = []
    town_boost = np.where(region.town_rank >= 0, 1.35, 1.0)
    loss_boost = np.where(region.epci == 0, _MAIN_LOSS, 1.0)
    for plan in FACILITIES:
        expected = np.where(region.population >= plan.centre, region.population * town_boost / plan.people, 0.0)
        before = np.floor(expected + draws.draw(n))
        # Each facility closes with the same chance; a negative loss is a growth.
        rate = plan.loss * (loss_boost if plan.loss > 0 else 1.0)
        after = np.maximum(0, np.floor(before * (1 - rate) + draws.draw(n)))
        for year, label, count in ((2009, plan.label_2009, before), (2013, plan.label_2013, after)):
            if label:
                parts.append(
                    pl.DataFrame(
                        {
                            "commune": region.code,
                            "equipment": [label] * n,
                            "count": pl.Series(count.astype(np.int32), dtype=pl.Int32),
                            "year": pl.Series([year] * n, dtype=pl.Int16),
                        }
                    )
                )
    return pl.concat(parts).filter(pl.col("count") > 0).sort("year", "commune", "equipment")


def _build_schools(region: DemoRegion, draws: Draws) -> pl.DataFrame:
    """Build one row by school, with its type in the facilities file (shared classes, schools, secondary schools)."""
    rows: list[tuple[int, str, str, str, int, str | None, str | None]] = []
    for i, people in enumerate(region.population.tolist()):
        name, noise = region.name[i], float(draws.draw_noise(1)[0])
        pupils = 0.095 * people * (1 + 0.06 * noise)
        if people < _SHARED_CLASS:
            continue
        if people < _OWN_SCHOOL:
            # One village in three keeps a class shared with its neighbours.
            if noise > 0.43:
                rows.append((i, f"Ecole élémentaire {name}", "Ecole", "C105", round(pupils), "0.0", "1.0"))
            continue
        count = max(1, round(pupils / _PUPILS_PER_SCHOOL))
        for k in range(count):
            number = "" if count == 1 else f" n° {k + 1}"
            rows.append((i, f"Ecole primaire {name}{number}", "Ecole", "C104", round(pupils / count), "1.0", "1.0"))
        if people >= 2_300:
            rows += [
                (i, f"Collège {name} n° {k + 1}", "Collège", "C201", 430, None, None)
                for k in range(max(1, round(people / 9_000)))
            ]
        if people >= 5_500:
            rows += [
                (i, f"Lycée {name} n° {k + 1}", "Lycée", "C301", 760, None, None)
                for k in range(max(1, round(people / 24_000)))
            ]
    at = np.array([row[0] for row in rows])
    return pl.DataFrame(
        {
            "uai": [f"000{k + 1:04d}F" for k in range(len(rows))],
            "name": [f"{row[1]} (fictif)" for row in rows],
            "type": [row[2] for row in rows],
            "sector": ["Public"] * len(rows),
            "commune": [region.code[i] for i in at],
            "lon": np.round(region.lon[at] + 0.0015 * (draws.draw(len(at)) - 0.5), 6),
            "lat": np.round(region.lat[at] + 0.0010 * (draws.draw(len(at)) - 0.5), 6),
            "students": [float(row[4]) for row in rows],
            "has_nursery": [row[5] for row in rows],
            "has_elementary": [row[6] for row in rows],
            "bpe_type": [row[3] for row in rows],
        }
    )


def _build_education(schools: pl.DataFrame) -> pl.DataFrame:
    return (
        schools.group_by("commune", "bpe_type")
        .agg(pl.len().cast(pl.Int32).alias("count"))
        .with_columns(sector=pl.lit("public"))
        .select("commune", "bpe_type", "sector", "count")
        .sort("commune", "bpe_type")
    )


def _find_town(region: DemoRegion, epci: int, rank: int) -> int:
    return int(np.flatnonzero((region.epci == epci) & (region.town_rank == rank))[0])


def _build_third_places(region: DemoRegion) -> pl.DataFrame:
    """Build one place in the studied EPCI, and two in the metropolis and the middle town."""
    places = (
        (_find_town(region, 0, 2), "La Fabrique d'Aigremer", "coworking|tiers_lieu"),
        (_find_town(region, 1, 0), "Le Comptoir de Corvanne", "coworking|fablab|tiers_lieu"),
        (_find_town(region, 2, 0), "L'Établi de Tourvanne", "coworking|tiers_lieu"),
    )
    at = [i for i, _, _ in places]
    return pl.DataFrame(
        {
            "id": [f"demo-{k + 1}" for k in range(len(places))],
            "name": [f"{name} (lieu fictif)" for _, name, _ in places],
            "label": [label for _, _, label in places],
            "commune": [region.code[i] for i in at],
            "commune_name": [region.name[i] for i in at],
            "lon": region.lon[at],
            "lat": region.lat[at],
            "location_precision": ["commune"] * len(at),
            "source": [LABEL] * len(at),
        }
    )


def _build_brownfields(region: DemoRegion, draws: Draws) -> pl.DataFrame:
    """Build the site of the closed factory, and small brownfields in industrial EPCI and towns."""
    factory = _find_town(region, 0, 1)
    industrial = np.array([c == "industrial" for c in region.list_characters()])
    others = np.flatnonzero((industrial | (region.town_rank >= 0)) & (region.population >= 400))
    others = others[others != factory]
    pick = others[np.argsort(draws.draw(len(others)), kind="stable")[:_KNOWN_BROWNFIELDS]]
    at = np.concatenate([[factory], np.sort(pick)])
    n = len(at)
    surface = np.round(1_500 + 16_000 * draws.draw(n) ** 2)
    surface[0] = 58_400.0
    known = draws.draw(n) < 0.45
    known[0] = True
    former = "Fonderie et mécanique, fermée : {} emplois supprimés (fictif)"
    nothing = pl.Series([None] * n, dtype=pl.String)
    unknown = ["inconnu"] * n
    return pl.DataFrame(
        {
            "site_id": [f"{region.code[i]}_{k + 1}" for k, i in enumerate(at)],
            "name": [f"Ancienne fonderie de Fargecombe {SUFFIX}"]
            + [f"Ancien site d'activité de {region.name[i]} {SUFFIX}" for i in at[1:]],
            "type": ["friche industrielle"] * n,
            "status": ["friche sans projet" if is_known else "friche potentielle" for is_known in known],
            "occupation": ["totalement inoccupé", *unknown[1:]],
            "surface_m2": surface,
            "reconversion_type": nothing,
            "former_activity": [former.format(JOBS_LOST)] + [None] * (n - 1),
            "activity_end_year": ["2019"] + [None] * (n - 1),
            "commune": [region.code[i] for i in at],
            "commune_name": [region.name[i].upper() for i in at],
            "departement": ["00"] * n,
            "building_type": ["industriel", *unknown[1:]],
            "building_surface_m2": [21_500.0] + [None] * (n - 1),
            "building_vacancy": ["vacant", *unknown[1:]],
            "building_pollution": unknown,
            "soil_pollution": ["pollution supposée", *unknown[1:]],
            "land_unit_m2": surface,
            "planning_zone": ["U"] * n,
            "rail_distance": pl.Series([None] * n, dtype=pl.Int32),
            "owner_kind": ["personne morale"] * n,
            "date_created": [date(2021, 1, 1)] * n,
            "nature": ["observatoire local"] * n,
            "lon": np.round(region.lon[at] + 0.003 * (draws.draw(n) - 0.5), 6),
            "lat": np.round(region.lat[at] + 0.002 * (draws.draw(n) - 0.5), 6),
        }
    )
