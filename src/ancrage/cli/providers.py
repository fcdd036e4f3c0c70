"""The travel-time provider that a command was asked for."""

from __future__ import annotations

from pathlib import Path

from ancrage.cli import session
from ancrage.errors import InputError, MissingDataError
from ancrage.opendata.travel_points import read_points
from ancrage.territory.tables import Tables
from ancrage.territory.travel import TravelProvider


def build_provider(tables: Tables, folder: Path, name: str) -> TravelProvider:
    """Return the estimate, or the routing built in the data folder.

    Parameters
    ----------
    name : "estimate", "osrm" (the only network built), or "osrm:NAME".

    Raises
    ------
    InputError
        If the name is unknown, or several networks answer to it.
    MissingDataError
        If no such network was built.
    """
    kind, _, wanted = name.partition(":")
    if kind == "estimate" and not wanted:
        from ancrage.territory.travel_estimate import build_estimate

        return build_estimate(read_points(tables))
    if kind != "osrm":
        raise InputError(
            f"Unknown travel provider '{name}': use 'estimate', 'osrm' or 'osrm:NAME'.",
            f"Source de temps de trajet « {name} » inconnue : « estimate », « osrm » ou « osrm:NOM ».",
        )
    from ancrage.opendata.travel_cache import CachedProvider
    from ancrage.opendata.travel_routing import build_routing, list_datasets

    built = [dataset for dataset in list_datasets(folder) if not wanted or wanted in dataset.folder.name]
    if not built:
        raise MissingDataError(
            f"No road network {wanted or ''} in '{folder}': build one with 'ancrage travel build EXTRACT.osm.pbf'.",
            f"Aucun réseau routier {wanted or ''} dans « {folder} » : construisez-en un avec "
            "« ancrage travel build EXTRAIT.osm.pbf ».",
        )
    if len(built) > 1:
        listed = ", ".join(dataset.folder.name for dataset in built)
        raise InputError(
            f"Several road networks are in '{folder}': {listed}. Name one with osrm:NAME.",
            f"Plusieurs réseaux routiers sont dans « {folder} » : {listed}. Nommez-en un avec osrm:NOM.",
        )
    provider = build_routing(built[0].folder)
    return CachedProvider(provider, folder, lambda text: session.notes.print(session.say(text), style="yellow"))
