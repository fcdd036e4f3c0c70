"""`ancrage travel`: build a road network, list those built, and measure travel times against a reference."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.table import Table

from ancrage.cli import session
from ancrage.errors import InputError
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from ancrage.territory.travel import TravelProvider
    from ancrage.territory.travel_errors import TravelErrors

app = typer.Typer(name="travel", no_args_is_help=True, help="Build road networks and measure travel times.")

_LABELS = {
    "mae_minutes": Text("mean absolute error", "erreur absolue moyenne"),
    "p50_minutes": Text("half of the pairs are within", "la moitié des couples est à moins de"),
    "p90_minutes": Text("90 % of the pairs are within", "90 % des couples sont à moins de"),
    "p95_minutes": Text("95 % of the pairs are within", "95 % des couples sont à moins de"),
    "bias_minutes": Text("median error (bias)", "erreur médiane (biais)"),
}


@app.command("build")
def build_network(
    extract: Annotated[
        Path, typer.Argument(metavar="EXTRACT", help="OpenStreetMap extract (.osm.pbf).", show_default=False)
    ],
    data: session.DataOption = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Build the routing dataset of an OpenStreetMap extract in the data folder (needs the extra 'routing')."""
    session.choose_language(lang)
    from ancrage.opendata.travel_routing import build_dataset

    waiting = session.say(Text("Building the road network", "Construction du réseau routier"))
    with session.notes.status(waiting) as status:
        dataset = build_dataset(
            extract, session.find_data_folder(data), tell=lambda text: status.update(session.say(text))
        )
    if as_json:
        session.print_json(asdict(dataset) | {"folder": str(dataset.folder)})
        return
    done = Text(f"Road network ready: {dataset.folder}", f"Réseau routier prêt : {dataset.folder}")
    session.out.print(session.say(done), markup=False, soft_wrap=True)


@app.command("list")
def list_networks(
    data: session.DataOption = None, as_json: session.JsonOption = False, lang: session.LangOption = None
) -> None:
    """List the road networks built in the data folder."""
    session.choose_language(lang)
    from ancrage.opendata.travel_routing import list_datasets

    folder = session.find_data_folder(data)
    datasets = list_datasets(folder)
    if as_json:
        session.print_json([asdict(dataset) | {"folder": str(dataset.folder)} for dataset in datasets])
        return
    if not datasets:
        none = Text(
            f"No road network in '{folder}': times are estimated. Build one with 'ancrage travel build'.",
            f"Aucun réseau routier dans « {folder} » : les temps sont estimés. Construisez-en un avec "
            "« ancrage travel build ».",
        )
        session.notes.print(session.say(none), markup=False)
        return
    table = Table()
    for heading in (
        Text("Network", "Réseau"),
        Text("Extract", "Extrait"),
        Text("Vehicle", "Véhicule"),
        Text("Engine", "Moteur"),
    ):
        table.add_column(session.say(heading), overflow="fold")
    for dataset in datasets:
        table.add_row(dataset.folder.name, dataset.extract, dataset.profile, dataset.engine)
    session.out.print(table)


@app.command("check")
def check_times(
    pairs: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS",
            help="Parquet table: origin, destination, minutes, and origin_lon, origin_lat, destination_lon, "
            "destination_lat where known.",
            show_default=False,
        ),
    ],
    max_km: Annotated[
        float, typer.Option("--max-km", help="Compare only pairs at most so far apart, as the crow flies.")
    ] = 40.0,
    provider: Annotated[
        str, typer.Option("--provider", help="Times to measure: 'estimate', 'osrm', or 'osrm:NETWORK'.")
    ] = "estimate",
    data: session.DataOption = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Compare travel times with reference minutes: error by pair, in minutes."""
    session.choose_language(lang)
    from ancrage.cli.providers import build_provider
    from ancrage.opendata.store import open_store
    from ancrage.opendata.travel_pairs import read_reference
    from ancrage.opendata.travel_points import read_points
    from ancrage.territory.geography import compute_great_circle_km
    from ancrage.territory.travel_errors import compute_travel_errors

    if not max_km > 0:
        raise InputError(
            f"--max-km is {max_km}: give a distance above zero.",
            f"--max-km vaut {max_km} : donnez une distance supérieure à zéro.",
        )
    folder = session.find_data_folder(data)
    tables = open_store(folder)
    reference = read_reference(pairs, read_points(tables))
    points, origins, destinations = reference.points, reference.origins, reference.destinations
    crow = compute_great_circle_km(
        points.lon[origins], points.lat[origins], points.lon[destinations], points.lat[destinations]
    )
    near = crow <= max_km
    if not near.any():
        nearest = f"{float(np.min(crow)):.1f} km"
        raise InputError(
            f"No pair of '{pairs}' is within {max_km:g} km (the nearest is {nearest} apart): raise --max-km.",
            f"Aucun couple de « {pairs} » n'est à moins de {max_km:g} km (le plus proche : {nearest}) : "
            "augmentez --max-km.",
        )
    source = build_provider(tables, folder, provider)
    travel = source.compute_pairs(points, origins[near], destinations[near])
    errors = compute_travel_errors(travel.minutes, reference.minutes[near])
    if as_json:
        session.print_json(
            {name: round(value, 4) for name, value in asdict(errors).items()}
            | {"dropped": reference.dropped, "beyond": int((~near).sum()), "max_km": max_km}
            | {"provider": source.name, "version": source.version}
        )
        return
    session.out.print(draw_errors(errors, source, max_km))
    draw_counts(errors, reference.dropped, int((~near).sum()), max_km)


def draw_errors(errors: TravelErrors, provider: TravelProvider, max_km: float) -> Table:
    """Return the table of errors for the terminal."""
    title = Text(
        f"{provider.name} {provider.version}, pairs within {max_km:g} km",
        f"{provider.name} {provider.version}, couples à moins de {max_km:g} km",
    )
    table = Table(title=session.say(title), title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, label in _LABELS.items():
        value = format_number(getattr(errors, name), 2, session.get_language())
        table.add_row(session.say(label), f"{value} min")
    return table


def draw_counts(errors: TravelErrors, dropped: int, beyond: int, max_km: float) -> None:
    """Print how many pairs were compared, and why the others were not."""
    language = session.get_language()

    def write(count: int) -> str:
        return format_number(count, 0, language)

    lines = [Text(f"{write(errors.pairs)} pairs compared", f"{write(errors.pairs)} couples comparés")]
    if beyond:
        lines.append(Text(f"{write(beyond)} beyond {max_km:g} km", f"{write(beyond)} au-delà de {max_km:g} km"))
    if dropped:
        lines.append(
            Text(
                f"{write(dropped)} dropped: commune not in the store, no usable time, or a place to itself",
                f"{write(dropped)} écartés : commune absente du magasin, temps inutilisable, ou lieu vers lui-même",
            )
        )
    if errors.unreachable:
        lines.append(
            Text(
                f"{write(errors.unreachable)} unreachable: no road leads there, or none within 2 km",
                f"{write(errors.unreachable)} inaccessibles : aucune route n'y mène, ou aucune à moins de 2 km",
            )
        )
    for line in lines:
        session.out.print(session.say(line), markup=False)
