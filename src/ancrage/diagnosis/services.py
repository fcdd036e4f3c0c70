"""Services: what an inhabitant finds in the commune, and what was lost between two comparable vintages."""

from __future__ import annotations

import unicodedata

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import (
    build_code_rows,
    build_count_rows,
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    compute_once,
    fold_arrondissements,
    has_column,
    read_communes,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables

_BPE = "bpe_communes_2009_2013"
_SCHOOLS = "schools"
_EDUCATION = "bpe_education_2018"

# Everyday services, by BPE labels (accents and case removed). A list of this project, not INSEE's "gamme de
# proximité", which is recomputed each year: types found in villages, with one meaning in both vintages. The
# post office is left out: the agencies that replace it are only counted from 2013 on. As INSEE does for its
# ranges, classes of a grouped school count as a school of that level.
EVERYDAY_SERVICES: dict[str, tuple[str, ...]] = {
    "bakery": ("boulangerie",),
    "butcher": ("boucherie charcuterie",),
    "grocery": ("epicerie", "superette"),
    "bank": ("banque, caisse d'epargne",),
    "hairdresser": ("coiffure",),
    "restaurant": ("restaurant",),
    "florist": ("fleuriste",),
    "bookshop": ("librairie papeterie journeaux",),
    "garage": ("reparation automobile et de materiel agricole",),
    "taxi": ("taxi",),
    "mason": ("macon",),
    "plumber": ("plombier, couvreur, chauffagiste",),
    "electrician": ("electricien",),
    "joiner": ("menuisier, charpentier, serrurier",),
    "nursery_school": ("ecole maternelle", "classe maternelle de regroupement pedagogique intercommunal (rpi"),
    "primary_school": ("ecole elementaire", "classe elementaire de regroupement pedagogique intercommunal (rp"),
    "pharmacy": ("pharmacie",),
    "doctor": ("medecin omnipraticien",),
    "nurse": ("infirmier",),
    "dentist": ("chirurgien dentiste",),
    "physiotherapist": ("masseur kinesitherapeute",),
}
FOOD_SHOPS = (
    "boulangerie",
    "boucherie charcuterie",
    "epicerie",
    "superette",
    "supermarche",
    "hypermarche",
    "poissonnerie",
    "produits surgeles",
)
# Nursery and primary schools, and the classes of grouped schools (BPE types).
_PRIMARY_TYPES = ("C101", "C102", "C104", "C105")


def build_label_key(label: str) -> str:
    """Return a BPE label without accents nor case, single-spaced: "Épicerie" and "Epicerie" are one label."""
    bare = unicodedata.normalize("NFKD", label)
    return " ".join("".join(c for c in bare if not unicodedata.combining(c)).casefold().split())


def list_common_labels(tables: Tables) -> tuple[int, int, dict[str, str]] | None:
    """Return the first and last years of the BPE table, and the labels they share: label as written -> key."""
    if not has_column(tables, _BPE, "equipment"):
        return None

    def read() -> tuple[int, int, dict[str, str]] | None:
        pairs = tables.scan(_BPE).select("equipment", "year").unique().collect()
        pairs = pairs.select(pl.col("equipment").cast(pl.String), pl.col("year").cast(pl.Int64))
        if not len(pairs):
            return None
        years = sorted(pairs["year"].unique().to_list())
        keys: dict[int, set[str]] = {year: set() for year in years}
        for label, year in pairs.iter_rows():
            keys[year].add(build_label_key(label))
        common = keys[years[0]] & keys[years[-1]]
        labels = {label: build_label_key(label) for label in pairs["equipment"].to_list()}
        return years[0], years[-1], {label: key for label, key in labels.items() if key in common}

    return compute_once(tables, "bpe_labels", read)


def read_facilities(tables: Tables) -> pl.DataFrame | None:
    """Return the common types present: code, key, year (first or last), one row each; None without the table."""
    found = list_common_labels(tables)
    if found is None:
        return None
    first, last, labels = found

    def read() -> pl.DataFrame:
        kinds = pl.Enum(sorted(set(labels.values())))
        return (
            tables.scan(_BPE)
            .filter(pl.col("count") > 0, pl.col("year").is_in([first, last]))
            .select(
                pl.col("commune").alias("code"),
                pl.col("equipment")
                .cast(pl.String)
                .replace_strict(labels, default=None, return_dtype=kinds)
                .alias("key"),
                pl.col("year").cast(pl.Int64),
            )
            .drop_nulls("key")
            .with_columns(fold_arrondissements(pl.col("code")))
            .collect()
        )

    return compute_once(tables, "facilities", read)


def _read_everyday(tables: Tables) -> pl.DataFrame | None:
    """Return code, before and after: everyday services present in the commune in the first and last years."""
    facilities = read_facilities(tables)
    labels = list_common_labels(tables)
    if facilities is None or labels is None:
        return None
    present = facilities["key"].dtype.categories.to_list()  # type: ignore[attr-defined]
    numbers = {key: i for i, keys in enumerate(EVERYDAY_SERVICES.values()) for key in keys if key in present}

    def read() -> pl.DataFrame:
        held = (
            facilities.lazy()
            .filter(pl.col("key").is_in(list(numbers)))
            .select("code", "year", pl.col("key").replace_strict(numbers, return_dtype=pl.Int8).alias("service"))
            .unique()
            .group_by("code")
            .agg(
                (pl.col("year") == labels[0]).sum().alias("before"),
                (pl.col("year") == labels[1]).sum().alias("after"),
            )
        )
        return (
            read_communes(tables)
            .lazy()
            .select("code", "population")
            .join(held, on="code", how="left", maintain_order="left")
            .with_columns(pl.col("before", "after").fill_null(0).cast(pl.Float64))
            .collect()
        )

    return compute_once(tables, "everyday", read)


def compute_everyday_rate(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x types of the everyday list present in the commune / types of the list, mean over inhabitants."""
    everyday = _read_everyday(tables)
    if everyday is None:
        return build_empty_rows()
    return build_ratio_rows(
        tables,
        level,
        everyday.select(
            "code",
            (pl.col("after") * pl.col("population")).alias("numerator"),
            (len(EVERYDAY_SERVICES) * pl.col("population")).alias("denominator"),
        ),
    )


def compute_everyday_change(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x (last - first) / first, summed over communes: (commune, everyday type) pairs present."""
    everyday = _read_everyday(tables)
    if everyday is None:
        return build_empty_rows()
    return build_ratio_rows(
        tables,
        level,
        everyday.select(
            "code", (pl.col("after") - pl.col("before")).alias("numerator"), pl.col("before").alias("denominator")
        ),
    )


def compute_service_types(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of types present in the territory in the last year, among the labels common to both."""
    facilities = read_facilities(tables)
    labels = list_common_labels(tables)
    if facilities is None or labels is None:
        return build_empty_rows()
    present = facilities.filter(pl.col("year") == labels[1])
    communes = read_communes(tables).select("code", "epci_code")
    unit = "code" if level == "commune" else "epci_code"
    counted = (
        present.join(communes, on="code").lazy().select(unit, "key").unique().group_by(unit).len("value").collect()
    )
    return build_code_rows(
        communes.select(unit)
        .drop_nulls()
        .unique(maintain_order=True)
        .join(counted, on=unit, how="left", maintain_order="left")
        .select(pl.col(unit).alias("code"), pl.col("value").fill_null(0))
    )


def _build_absence_rows(tables: Tables, level: Level, present: pl.DataFrame) -> pl.DataFrame:
    """Return 100 x communes that are not in `present` (column code) / communes."""
    held = present.select("code").unique().with_columns(pl.lit(0.0).alias("numerator"))
    atoms = (
        read_communes(tables)
        .select("code")
        .join(held, on="code", how="left")
        .select("code", pl.col("numerator").fill_null(1.0), pl.lit(1.0).alias("denominator"))
    )
    return build_ratio_rows(tables, level, atoms)


def compute_no_food_shop(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x communes without any food shop in the last year / communes."""
    facilities = read_facilities(tables)
    labels = list_common_labels(tables)
    if facilities is None or labels is None:
        return build_empty_rows()
    return _build_absence_rows(
        tables, level, facilities.filter(pl.col("year") == labels[1], pl.col("key").cast(pl.String).is_in(FOOD_SHOPS))
    )


def _read_schools(tables: Tables) -> pl.DataFrame | None:
    """Return code, schools: nursery and primary schools by commune; administrative services are not schools."""
    if not has_column(tables, _SCHOOLS, "type"):
        return None
    return (
        tables.scan(_SCHOOLS)
        .filter(pl.col("type") == "Ecole")
        .group_by(fold_arrondissements(pl.col("commune")).alias("code"))
        .agg(pl.len().cast(pl.Float64).alias("schools"))
        .collect()
    )


def compute_schools(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of nursery and primary schools, public and private."""
    schools = _read_schools(tables)
    if schools is None:
        return build_empty_rows()
    atoms = read_communes(tables).select("code").join(schools, on="code", how="left")
    return build_count_rows(tables, level, atoms.select("code", pl.col("schools").fill_null(0.0).alias("numerator")))


def compute_no_school(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x communes without a nursery or primary school (directory of schools) / communes."""
    schools = _read_schools(tables)
    return build_empty_rows() if schools is None else _build_absence_rows(tables, level, schools)


def compute_no_school_bpe(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the same from the BPE, where the classes of a grouped school count as a school."""
    if not has_column(tables, _EDUCATION, "bpe_type"):
        return build_empty_rows()
    present = (
        tables.scan(_EDUCATION)
        .filter(pl.col("bpe_type").is_in(_PRIMARY_TYPES), pl.col("count") > 0)
        .select(fold_arrondissements(pl.col("commune")).alias("code"))
        .collect()
    )
    return _build_absence_rows(tables, level, present)


def _name_last_year(tables: Tables) -> str:
    found = list_common_labels(tables)
    return str(found[1]) if found else "?"


def _name_both_years(tables: Tables) -> str:
    found = list_common_labels(tables)
    return f"{found[0]}-{found[1]}" if found else "?"


INDICATORS = (
    Indicator(
        id="everyday_services_rate",
        family="services",
        label=Text("Everyday services found in one's commune", "Services du quotidien présents dans sa commune"),
        reading=Text(
            "An inhabitant finds on average this share of 21 everyday services in the commune.",
            "Un habitant trouve en moyenne cette part de 21 services du quotidien dans sa commune.",
        ),
        unit="%",
        decimals=1,
        tables=(_BPE, "communes", "epci"),
        vintage=_name_last_year,
        compute=compute_everyday_rate,
        favourable="high",
    ),
    Indicator(
        id="everyday_services_change",
        family="services",
        label=Text("Change in everyday services", "Évolution des services du quotidien"),
        reading=Text(
            "Below zero, services closed faster than others opened (types present, commune by commune).",
            "Sous zéro, plus de services ont fermé qu'ouvert (types présents, commune par commune).",
        ),
        unit="%",
        decimals=1,
        tables=(_BPE, "communes", "epci"),
        vintage=_name_both_years,
        compute=compute_everyday_change,
        favourable="high",
    ),
    Indicator(
        id="service_types",
        family="services",
        label=Text("Types of facilities present", "Types d'équipements présents"),
        reading=Text(
            "Out of the types whose label is common to both vintages.",
            "Parmi les types dont l'intitulé est commun aux deux millésimes.",
        ),
        unit="types",
        decimals=0,
        tables=(_BPE, "communes", "epci"),
        vintage=_name_last_year,
        compute=compute_service_types,
        favourable="high",
    ),
    Indicator(
        id="communes_without_food_shop",
        family="services",
        label=Text("Communes without a food shop", "Communes sans commerce alimentaire"),
        reading=Text("Share of the communes.", "Part des communes."),
        unit="%",
        decimals=1,
        tables=(_BPE, "communes", "epci"),
        vintage=_name_last_year,
        compute=compute_no_food_shop,
        favourable="low",
    ),
    Indicator(
        id="schools",
        family="services",
        label=Text("Nursery and primary schools", "Écoles maternelles et élémentaires"),
        reading=Text("Public and private schools.", "Écoles publiques et privées."),
        unit="schools",
        decimals=0,
        tables=(_SCHOOLS, "communes", "epci"),
        vintage=build_vintage(_SCHOOLS),
        compute=compute_schools,
    ),
    Indicator(
        id="communes_without_school",
        family="services",
        label=Text("Communes without a school", "Communes sans école"),
        reading=Text("Share of the communes.", "Part des communes."),
        unit="%",
        decimals=1,
        tables=(_SCHOOLS, "communes", "epci"),
        vintage=build_vintage(_SCHOOLS),
        compute=compute_no_school,
        favourable="low",
    ),
    Indicator(
        id="communes_without_school_bpe",
        family="services",
        label=Text("Communes without a school or class (BPE)", "Communes sans école ni classe (BPE)"),
        reading=Text(
            "Share of the communes; classes of grouped schools count.",
            "Part des communes ; les classes de regroupements comptent.",
        ),
        unit="%",
        decimals=1,
        tables=(_EDUCATION, "communes", "epci"),
        vintage=build_vintage(_EDUCATION),
        compute=compute_no_school_bpe,
        favourable="low",
    ),
)
