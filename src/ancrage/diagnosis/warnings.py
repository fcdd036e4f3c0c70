"""What a reader must know beside the figures of a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from ancrage.diagnosis.flows import list_flow_names, read_flows
from ancrage.diagnosis.model import IndicatorValue
from ancrage.diagnosis.thresholds import COVERAGE_WARNING, EDGE_KM, EDGE_OPEN_SHARE
from ancrage.diagnosis.workspace import read_communes
from ancrage.language import Text, format_number
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.tables import Tables


def build_warnings(tables: Tables, epci_code: str, values: Sequence[IndicatorValue]) -> tuple[Text, ...]:
    """Return the warnings of one EPCI: fictional data, missing or cut flows, low coverage, wider groups."""
    warnings: list[Text] = []
    if tables.fictional:
        warnings.append(
            Text(
                "Fictional territory: these figures describe no real place.",
                "Territoire fictif : ces chiffres ne décrivent aucun lieu réel.",
            )
        )
    warnings += _build_flow_warnings(tables, epci_code)
    thin = [v for v in values if v.value is not None and v.coverage is not None and v.coverage < COVERAGE_WARNING]
    if thin:
        en = "; ".join(f"{v.indicator.label.en} {format_number(100 * (v.coverage or 0), 0, 'en')}%" for v in thin)
        fr = " ; ".join(f"{v.indicator.label.fr} {format_number(100 * (v.coverage or 0), 0, 'fr')} %" for v in thin)
        warnings.append(Text(f"Low coverage: {en}.", f"Couverture partielle : {fr}."))
    unranked = [v for v in values if v.value is not None and v.group is None]
    if unranked:
        warnings.append(
            Text(
                "No rank, for want of ten comparable EPCI with a value: "
                f"{', '.join(v.indicator.label.en for v in unranked)}.",
                "Sans rang, faute de dix EPCI comparables avec une valeur : "
                f"{', '.join(v.indicator.label.fr for v in unranked)}.",
            )
        )
    return tuple(warnings)


def _build_flow_warnings(tables: Tables, epci_code: str) -> list[Text]:
    flows = read_flows(tables)
    if flows is None:
        return [
            Text(
                "The store has no home-work flows: employment and commuting are not published. Import the INSEE "
                "file with 'ancrage data import'.",
                "Le magasin n'a pas de flux domicile-travail : emploi et déplacements ne sont pas publiés. Importez "
                "le fichier de l'Insee avec « ancrage data import ».",
            )
        ]
    chosen = flows.chosen.filter(pl.col("epci_code") == epci_code)
    if not len(chosen):
        names = ", ".join(list_flow_names(tables))
        return [
            Text(
                f"The flow tables ({names}) do not describe the residents of this EPCI: employment and commuting "
                "are not published.",
                f"Les tables de flux ({names}) ne décrivent pas les habitants de cet EPCI : emploi et déplacements "
                "ne sont pas publiés.",
            )
        ]
    cut = list_cut_neighbours(tables, epci_code)
    if not cut:
        return []
    listed = ", ".join(cut[:3]) + (", ..." if len(cut) > 3 else "")
    return [
        Text(
            f"Edge of the flow file: {len(cut)} communes within {EDGE_KM:.0f} km ({listed}) are neither homes nor "
            "work places in it. Outflows are under-counted, jobs too.",
            f"Bord du fichier de flux : {len(cut)} communes à moins de {EDGE_KM:.0f} km ({listed}) n'y sont ni "
            "domiciles ni lieux de travail. Les sorties sont sous-comptées, les emplois aussi.",
        )
    ]


def list_cut_neighbours(tables: Tables, epci_code: str) -> tuple[str, ...]:
    """Return the names of the communes near an EPCI, of EPCI without flows, where none of its residents works.

    Near: chef-lieu within `EDGE_KM` of a chef-lieu of the EPCI. Sorted by distance. None when the file does
    cross the border (see `EDGE_OPEN_SHARE`), as an extract of all the flows of one EPCI does.
    """
    flows = read_flows(tables)
    if flows is None:
        return ()
    communes = read_communes(tables).drop_nulls(["lon", "lat"])
    own = communes.filter(pl.col("epci_code") == epci_code)
    if not len(own):
        return ()
    covered = flows.chosen["epci_code"].to_list()
    rows = flows.residents.filter(pl.col("home_epci") == epci_code)
    beyond = float(rows.filter((~pl.col("work_epci").is_in(covered)).fill_null(value=False))["workers"].sum())
    if beyond >= EDGE_OPEN_SHARE * float(rows["workers"].sum()):
        return ()
    works = rows["work"].drop_nulls().unique()
    margin_lat = EDGE_KM / 110.0
    lat = own["lat"].to_numpy()
    margin_lon = margin_lat / float(np.cos(np.radians(np.abs(lat).max())))
    lon = own["lon"].to_numpy()
    others = communes.filter(
        pl.col("lat").is_between(lat.min() - margin_lat, lat.max() + margin_lat),
        pl.col("lon").is_between(lon.min() - margin_lon, lon.max() + margin_lon),
        pl.col("epci_code") != epci_code,
        ~pl.col("epci_code").is_in(covered),
        ~pl.col("code").is_in(works.to_list()),
    )
    if not len(others):
        return ()
    km = compute_great_circle_km(
        others["lon"].to_numpy()[:, None], others["lat"].to_numpy()[:, None], lon[None, :], lat[None, :]
    ).min(axis=1)
    near = others.with_columns(pl.Series("km", km)).filter(pl.col("km") <= EDGE_KM).sort("km", "code")
    return tuple(near["name"].to_list())
