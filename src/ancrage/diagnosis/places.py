"""Brownfields and existing third places: counts of what the inventories know, not of all there is."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.workspace import (
    build_count_rows,
    build_empty_rows,
    build_vintage,
    fold_arrondissements,
    has_column,
    read_communes,
)
from ancrage.language import Text
from ancrage.territory.tables import Tables

BROWNFIELDS = "brownfields_cartofriches"
THIRD_PLACES = "third_places"
# Sites checked by someone; "friche potentielle" is only suspected, "friche reconvertie" is one no more.
CONFIRMED = ("friche sans projet", "friche avec projet")


def _build_site_rows(tables: Tables, level: Level, table: str, rows: pl.LazyFrame, amount: pl.Expr) -> pl.DataFrame:
    """Return the sum of `amount` over the rows of an inventory; zero where it knows none."""
    column = "commune"
    if not has_column(tables, table, column):
        return build_empty_rows()
    sums = rows.group_by(fold_arrondissements(pl.col(column)).alias("code")).agg(amount.alias("numerator")).collect()
    atoms = read_communes(tables).select("code").join(sums, on="code", how="left")
    return build_count_rows(tables, level, atoms.select("code", pl.col("numerator").cast(pl.Float64).fill_null(0.0)))


def _scan_brownfields(tables: Tables, confirmed: bool) -> pl.LazyFrame:
    frame = tables.scan(BROWNFIELDS)
    status = pl.col("status").is_in(CONFIRMED) if confirmed else pl.col("status") == "friche potentielle"
    return frame.filter(status)


def compute_brownfields(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of confirmed brownfields, with or without a project."""
    if not has_column(tables, BROWNFIELDS, "status"):
        return build_empty_rows()
    return _build_site_rows(tables, level, BROWNFIELDS, _scan_brownfields(tables, confirmed=True), pl.len())


def compute_brownfield_surface(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the known surface of the confirmed brownfields [m2]; a site without surface adds nothing."""
    if not has_column(tables, BROWNFIELDS, "surface_m2"):
        return build_empty_rows()
    return _build_site_rows(
        tables, level, BROWNFIELDS, _scan_brownfields(tables, confirmed=True), pl.col("surface_m2").sum()
    )


def compute_potential_brownfields(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of sites suspected to be brownfields, which nobody has checked."""
    if not has_column(tables, BROWNFIELDS, "status"):
        return build_empty_rows()
    return _build_site_rows(tables, level, BROWNFIELDS, _scan_brownfields(tables, confirmed=False), pl.len())


def compute_third_places(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of third places in the lists of the store."""
    if not has_column(tables, THIRD_PLACES, "commune"):
        return build_empty_rows()
    return _build_site_rows(tables, level, THIRD_PLACES, tables.scan(THIRD_PLACES), pl.len())


INDICATORS = (
    Indicator(
        id="brownfields",
        family="brownfields",
        label=Text("Confirmed brownfields", "Friches avérées"),
        reading=Text(
            "Sites of the inventory, with or without a project.", "Sites de l'inventaire, avec ou sans projet."
        ),
        unit="sites",
        decimals=0,
        tables=(BROWNFIELDS, "communes", "epci"),
        vintage=build_vintage(BROWNFIELDS),
        compute=compute_brownfields,
    ),
    Indicator(
        id="brownfield_surface",
        family="brownfields",
        label=Text("Surface of confirmed brownfields", "Surface des friches avérées"),
        reading=Text("Sum of the surfaces known.", "Somme des surfaces connues."),
        unit="m2",
        decimals=0,
        tables=(BROWNFIELDS, "communes", "epci"),
        vintage=build_vintage(BROWNFIELDS),
        compute=compute_brownfield_surface,
    ),
    Indicator(
        id="potential_brownfields",
        family="brownfields",
        label=Text("Potential brownfields, unchecked", "Friches potentielles, non vérifiées"),
        reading=Text("Suspected from files; nobody has checked them.", "Repérées sur fichiers ; personne n'a vérifié."),
        unit="sites",
        decimals=0,
        tables=(BROWNFIELDS, "communes", "epci"),
        vintage=build_vintage(BROWNFIELDS),
        compute=compute_potential_brownfields,
    ),
    Indicator(
        id="third_places",
        family="places",
        label=Text("Third places already there", "Tiers-lieux existants"),
        reading=Text(
            "Those that the lists know: none listed does not mean none exists.",
            "Ceux que les listes connaissent : aucun listé ne veut pas dire aucun.",
        ),
        unit="places",
        decimals=0,
        tables=(THIRD_PLACES, "communes", "epci"),
        vintage=build_vintage(THIRD_PLACES),
        compute=compute_third_places,
        favourable="high",
    ),
)
