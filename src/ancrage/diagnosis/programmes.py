"""Public programmes: counts for comparison, and facts in words."""

from __future__ import annotations

import polars as pl

from ancrage.diagnosis.model import Indicator, Level
from ancrage.diagnosis.places import BROWNFIELDS, CONFIRMED, THIRD_PLACES
from ancrage.diagnosis.workspace import (
    build_count_rows,
    build_empty_rows,
    build_ratio_rows,
    build_vintage,
    compute_once,
    has_column,
    read_communes,
)
from ancrage.language import Text, format_number
from ancrage.territory.tables import Tables

_PVD = "petites_villes_de_demain"
_TI = "territoires_industrie_members"
_SITES_NAMED = 5  # the largest confirmed brownfields, named among the facts
_FRR_OUTSIDE = "Non classée"


def compute_pvd(tables: Tables, level: Level) -> pl.DataFrame:
    """Return the number of communes in the programme Petites villes de demain."""
    if not has_column(tables, "communes", "petite_ville_de_demain_id"):
        return build_empty_rows()
    return build_count_rows(
        tables,
        level,
        read_communes(tables).select(
            "code", pl.col("petite_ville_de_demain_id").is_not_null().cast(pl.Float64).alias("numerator")
        ),
    )


def compute_industry_share(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x inhabitants of communes in a Territoire d'industrie / inhabitants.

    A commune is in one when its own row says so or when its EPCI is a member.
    """
    members = _list_member_epci(tables)
    if not members and not has_column(tables, "communes", "territoire_industrie_id"):
        return build_empty_rows()
    inside = (pl.col("territoire_industrie_id").is_not_null() | pl.col("epci_code").is_in(sorted(members))).fill_null(
        value=False
    )
    return build_ratio_rows(
        tables,
        level,
        read_communes(tables).select(
            "code",
            pl.when(inside).then(pl.col("population")).otherwise(0.0).alias("numerator"),
            pl.col("population").alias("denominator"),
        ),
    )


def compute_frr_share(tables: Tables, level: Level) -> pl.DataFrame:
    """Return 100 x inhabitants of communes classed France Ruralités Revitalisation, even in part / inhabitants."""
    if not has_column(tables, "communes", "frr_2025"):
        return build_empty_rows()
    known = pl.col("frr_2025").is_not_null()
    return build_ratio_rows(
        tables,
        level,
        read_communes(tables).select(
            "code",
            pl.when(pl.col("frr_2025") != _FRR_OUTSIDE)
            .then(pl.col("population"))
            .otherwise(pl.when(known).then(0.0))
            .alias("numerator"),
            pl.when(known).then(pl.col("population")).alias("denominator"),
        ),
    )


def _list_member_epci(tables: Tables) -> dict[str, str]:
    """Return the EPCI members of a Territoire d'industrie: code -> name of the Territoire."""
    if not has_column(tables, _TI, "siren"):
        return {}
    columns = tables.scan(_TI).filter(pl.col("is_epci")).select("siren", "ti_name").sort("siren")
    return compute_once(tables, "industry_members", lambda: dict(columns.collect().iter_rows()))


def build_facts(tables: Tables, epci_code: str) -> tuple[Text, ...]:
    """Return what is true of an EPCI in words: programmes, confirmed brownfields, existing third places."""
    communes = read_communes(tables).filter(pl.col("epci_code") == epci_code)
    names = dict(communes.select("code", "name").iter_rows())
    facts: list[Text] = []
    towns = communes.filter(pl.col("petite_ville_de_demain_id").is_not_null()).sort("name")
    if len(towns):
        signed = _read_signatures(tables)
        listed = ", ".join(
            f"{name} ({signed[pvd]})" if signed.get(pvd) else str(name)
            for name, pvd in towns.select("name", "petite_ville_de_demain_id").iter_rows()
        )
        facts.append(
            Text(f"Petites villes de demain (signed): {listed}.", f"Petites villes de demain (signature) : {listed}.")
        )
    member = _list_member_epci(tables).get(epci_code)
    if member:
        facts.append(
            Text(f"Member of the Territoire d'industrie {member}.", f"Membre du Territoire d'industrie {member}.")
        )
    zones = communes.drop_nulls("frr_2025").filter(pl.col("frr_2025") != _FRR_OUTSIDE).group_by("frr_2025").len()
    if len(zones):
        en = "; ".join(f"{zone}: {count} communes" for zone, count in zones.sort("frr_2025").iter_rows())
        fr = " ; ".join(f"{zone} : {count} communes" for zone, count in zones.sort("frr_2025").iter_rows())
        facts.append(
            Text(f"France Ruralités Revitalisation 2025: {en}.", f"France Ruralités Revitalisation 2025 : {fr}.")
        )
    facts += _build_site_facts(tables, names)
    return tuple(facts)


def _read_signatures(tables: Tables) -> dict[str, str]:
    if not has_column(tables, _PVD, "date_signature"):
        return {}
    columns = tables.scan(_PVD).select("pvd_id", "date_signature").drop_nulls()
    return compute_once(tables, "signatures", lambda: dict(columns.collect().iter_rows()))


def _build_site_facts(tables: Tables, names: dict[str, str]) -> list[Text]:
    facts: list[Text] = []
    if has_column(tables, BROWNFIELDS, "status"):
        confirmed = (
            tables.scan(BROWNFIELDS).filter(pl.col("status").is_in(CONFIRMED)).select("name", "commune", "surface_m2")
        )
        sites = (
            compute_once(tables, "confirmed_brownfields", confirmed.collect)
            .filter(pl.col("commune").is_in(list(names)))
            .sort(["surface_m2", "name"], descending=[True, False], nulls_last=True)
            .head(_SITES_NAMED)
        )
        for name, commune, surface in sites.iter_rows():
            en = f", {format_number(surface, 0, 'en')} m2" if surface is not None else ", surface unknown"
            fr = f", {format_number(surface, 0, 'fr')} m²" if surface is not None else ", surface inconnue"
            label = name or "-"
            facts.append(
                Text(f"Brownfield: {label} ({names[commune]}{en}).", f"Friche : {label} ({names[commune]}{fr}).")
            )
    if has_column(tables, THIRD_PLACES, "commune"):
        places = (
            compute_once(tables, "third_places", tables.scan(THIRD_PLACES).select("name", "commune").collect)
            .filter(pl.col("commune").is_in(list(names)))
            .sort("commune", "name")
        )
        facts += [
            Text(f"Third place: {name} ({names[commune]}).", f"Tiers-lieu : {name} ({names[commune]}).")
            for name, commune in places.iter_rows()
        ]
    return facts


INDICATORS = (
    Indicator(
        id="pvd_communes",
        family="programmes",
        label=Text("Petites villes de demain", "Petites villes de demain"),
        reading=Text("Communes in the programme.", "Communes du programme."),
        unit="communes",
        decimals=0,
        tables=("communes", "epci"),
        vintage=build_vintage("communes"),
        compute=compute_pvd,
    ),
    Indicator(
        id="industry_territory_share",
        family="programmes",
        label=Text("Population in a Territoire d'industrie", "Population en Territoire d'industrie"),
        reading=Text("100: the EPCI is a member.", "100 : l'EPCI en est membre."),
        unit="%",
        decimals=1,
        tables=(_TI, "communes", "epci"),
        vintage=build_vintage(_TI, "communes"),
        compute=compute_industry_share,
    ),
    Indicator(
        id="frr_share",
        family="programmes",
        label=Text("Population in a FRR zone", "Population en zone FRR"),
        reading=Text(
            "France Ruralités Revitalisation: tax relief for firms of fragile rural communes.",
            "France Ruralités Revitalisation : exonérations pour les entreprises du rural fragile.",
        ),
        unit="%",
        decimals=1,
        tables=("communes", "epci"),
        vintage=build_vintage("communes"),
        compute=compute_frr_share,
    ),
)
