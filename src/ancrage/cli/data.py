"""`ancrage data`: import, fetch, list and check the tables of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from ancrage.cli import session
from ancrage.language import Text, format_number

if TYPE_CHECKING:
    from ancrage.opendata import check, text_file

app = typer.Typer(name="data", no_args_is_help=True, help="Import, fetch, list and check open data.")

_STAGES = {
    "read": Text("Reading", "Lecture"),
    "check": Text("Checking lines", "Vérification des lignes"),
    "unzip": Text("Unzipping", "Décompression"),
    "transcode": Text("Converting to UTF-8", "Conversion en UTF-8"),
    "aggregate": Text("Adding up workers", "Addition des actifs"),
    "write": Text("Writing", "Écriture"),
}
_LABELS = {
    "vintage": Text("vintage", "millésime"),
    "rows_read": Text("rows read", "lignes lues"),
    "rows_written": Text("rows written", "lignes écrites"),
    "workers": Text("workers", "actifs occupés"),
    "foreign_workers": Text("workers who work abroad", "actifs travaillant à l'étranger"),
    "folded_workers": Text(
        "workers of arrondissements, counted in their commune", "actifs d'arrondissements, comptés dans leur commune"
    ),
    "duplicates_merged": Text("duplicated pairs merged", "couples en double fusionnés"),
    "unknown_communes": Text("unknown communes", "communes inconnues"),
    "unknown_workers": Text("workers of unknown communes", "actifs de communes inconnues"),
    "unknown_inhabitants": Text("inhabitants of unknown communes", "habitants de communes inconnues"),
    "unknown_codes": Text("unknown codes (10 largest)", "codes inconnus (10 plus gros)"),
    "without_class": Text("workers without occupation class", "actifs sans catégorie"),
    "without_mode": Text("workers without mode", "actifs sans mode"),
    "arrondissements_left_out": Text("municipal arrondissements left out", "arrondissements municipaux écartés"),
    "folded_arrondissements": Text(
        "arrondissements, counted in their commune", "arrondissements, comptés dans leur commune"
    ),
    "other_types_left_out": Text(
        "delegated or associated communes and arrondissements left out",
        "communes déléguées ou associées et arrondissements écartés",
    ),
    "inhabitants": Text("inhabitants", "habitants"),
    "without_contour": Text("communes without a contour in the file", "communes sans contour dans le fichier"),
    "repaired_contours": Text("contours that crossed themselves, repaired", "contours qui se croisaient, réparés"),
    "without_position": Text("communes of the store without position", "communes du magasin sans position"),
    "without_epci": Text("communes of the store without EPCI", "communes du magasin sans EPCI"),
    "without_population": Text("communes of the store without population", "communes du magasin sans population"),
    "names_broken": Text("names that cannot be read", "noms illisibles"),
    "names_repaired": Text("names in a wrong encoding, repaired", "noms mal encodés, réparés"),
}


@app.command("import")
def import_data(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Official files (contours, EPCI, populations, list of communes; INSEE flow base or detail file), "
            "or a folder of Parquet tables.",
            show_default=False,
        ),
    ],
    data: session.DataOption = None,
    vintage: Annotated[
        int | None,
        typer.Option("--vintage", help="Year of the file, when its name does not give it.", show_default=False),
    ] = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Import files into the store: all of them, or none if one is refused."""
    session.choose_language(lang)
    from ancrage.opendata.importing import import_files

    folder = session.find_data_folder(data)
    with _open_progress() as progress:
        imported = import_files(files, folder, vintage, progress)
    if as_json:
        session.print_json(
            {
                "data": str(folder),
                "tables": [{"table": i.table, "rows": i.rows, "summary": dict(i.summary)} for i in imported],
            }
        )
        return
    for table in imported:
        _print_summary(table.table, table.rows, table.summary)
    _print(Text(f"In the store: {folder}", f"Dans le magasin : {folder}"))


@app.command("fetch")
def fetch_data(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME...]", help="Names of the catalogue; without any, the catalogue is listed."),
    ] = None,
    data: session.DataOption = None,
    as_json: session.JsonOption = False,
    lang: session.LangOption = None,
) -> None:
    """Download official files into DIR/downloads and import those that can be; alone, list the catalogue."""
    session.choose_language(lang)
    from ancrage.opendata.fetch import choose_address, fetch_file
    from ancrage.opendata.importing import import_files

    if not names:
        _print_catalogue(as_json=as_json)
        return
    folder = session.find_data_folder(data)
    addresses = [choose_address(name) for name in names]
    results: list[dict[str, Any]] = []
    for address in addresses:
        with _open_progress() as progress:
            fetched = fetch_file(address, folder / "downloads", progress)
            # The name of a file is not always dated; the catalogue is.
            year = int(address.vintage) if address.vintage.isdecimal() else None
            imported = import_files([fetched.path], folder, year, progress) if address.importable else ()
        results.append(
            {
                "name": address.name,
                "file": str(fetched.path),
                "size": fetched.size,
                "sha256": fetched.sha256,
                "resumed_from": fetched.resumed_from,
                "already_there": fetched.already_there,
                "tables": [i.table for i in imported],
            }
        )
        if as_json:
            continue
        state = Text("already there", "déjà là") if fetched.already_there else Text("downloaded", "téléchargé")
        _print(
            Text(
                f"{address.name}: {state.en}, {_count(fetched.size)} bytes, SHA-256 {fetched.sha256}",
                f"{address.name} : {state.fr}, {_count(fetched.size)} octets, SHA-256 {fetched.sha256}",
            )
        )
        for table in imported:
            _print_summary(table.table, table.rows, table.summary)
        if not address.importable:
            _print(
                Text(
                    f"  kept in {fetched.path}; no importer reads this file yet.",
                    f"  gardé dans {fetched.path} ; aucun importateur ne lit encore ce fichier.",
                )
            )
    if as_json:
        session.print_json(results)


@app.command("list")
def list_data(
    data: session.DataOption = None, as_json: session.JsonOption = False, lang: session.LangOption = None
) -> None:
    """List the tables of the store, with their source, vintage, licence and rows."""
    session.choose_language(lang)
    from ancrage.opendata.check import list_tables

    folder = session.find_data_folder(data)
    tables = list_tables(folder)
    if as_json:
        session.print_json(
            [
                {
                    "table": t.source.table,
                    "title": session.say(t.source.title),
                    "producer": t.source.producer,
                    "vintage": t.source.vintage,
                    "licence": t.source.licence,
                    "url": t.source.url,
                    "sha256": t.source.checksum,
                    "role": t.role,
                    "rows": t.rows,
                    "size": t.size,
                }
                for t in tables
            ]
        )
        return
    grid = _build_grid(
        Text("table", "table"),
        Text("what it is", "contenu"),
        Text("vintage", "millésime"),
        Text("licence", "licence"),
        Text("rows", "lignes"),
    )
    unknown = Text("unknown table", "table inconnue")
    for t in tables:
        title = session.say(unknown if t.role == "unknown" else t.source.title)
        rows = "?" if t.rows is None else _count(t.rows)
        grid.add_row(t.source.table, title, t.source.vintage or "?", t.source.licence or "?", rows)
    session.out.print(grid)


@app.command("check")
def check_data(
    data: session.DataOption = None, as_json: session.JsonOption = False, lang: session.LangOption = None
) -> None:
    """Check the store: files, columns, coverage of the flows and commune codes. Exit 1 when a problem is found."""
    session.choose_language(lang)
    from ancrage.opendata.check import check_store

    folder = session.find_data_folder(data)
    found = check_store(folder)
    if as_json:
        session.print_json(
            {
                "data": str(folder),
                "tables": len(found.tables),
                "unknown": [t.source.table for t in found.tables if t.role == "unknown"],
                "flows": [
                    {
                        "table": f.table,
                        "workers": round(f.workers, 3),
                        "homes": f.homes,
                        "communes": f.communes,
                        "lost_as_written": f.lost_as_written,
                        "lost": f.lost,
                        "passage": f.passage,
                    }
                    for f in found.flows
                ],
                "problems": [session.say(problem) for problem in found.problems],
            }
        )
    else:
        _print_check(found.flows, len(found.tables), found.problems)
    if found.problems:
        raise typer.Exit(1)


def _print_check(flows: tuple[check.FlowCheck, ...], tables: int, problems: tuple[Text, ...]) -> None:
    if flows:
        grid = _build_grid(
            Text("flow table", "table de flux"),
            Text("workers", "actifs occupés"),
            Text("communes with flows", "communes avec flux"),
            Text("lost, codes as written", "perdus, codes d'origine"),
            Text("lost, codes of the store", "perdus, codes du magasin"),
        )
        for f in flows:
            grid.add_row(
                f.table,
                _count(f.workers),
                f"{_count(f.homes)} / {_count(f.communes)}",
                _percent(f.lost_as_written),
                _percent(f.lost),
            )
        session.out.print(grid)
        if not flows[0].passage:
            _print(
                Text(
                    "No passage table in the store: codes that changed are only known if the file brought both.",
                    "Pas de table de passage dans le magasin : les codes qui ont changé ne sont connus que "
                    "si le fichier donne les deux.",
                )
            )
    for problem in problems:
        session.out.print(session.say(problem), style="red", markup=False)
    _print(Text(f"{tables} tables, {len(problems)} problem(s).", f"{tables} tables, {len(problems)} problème(s)."))


def _print_catalogue(*, as_json: bool) -> None:
    from ancrage.opendata.fetch import read_catalogue

    catalogue = read_catalogue()
    if as_json:
        session.print_json(
            [
                {
                    "name": a.name,
                    "title": session.say(a.title),
                    "producer": a.producer,
                    "vintage": a.vintage,
                    "licence": a.licence,
                    "page": a.page,
                    "url": a.url,
                    "sha256": a.sha256,
                    "verified_on": a.verified_on,
                    "import": a.importable,
                }
                for a in catalogue.values()
            ]
        )
        return
    grid = _build_grid(
        Text("name", "nom"),
        Text("what it is", "contenu"),
        Text("vintage", "millésime"),
        Text("imported", "importé"),
        Text("address checked on", "adresse vérifiée le"),
    )
    for a in catalogue.values():
        imported = Text("yes", "oui") if a.importable else Text("kept as it is", "gardé tel quel")
        checked = a.verified_on or session.say(Text("never checked", "jamais vérifiée"))
        grid.add_row(a.name, session.say(a.title), a.vintage, session.say(imported), checked)
    session.out.print(grid)
    _print(
        Text(
            "Download with 'ancrage data fetch NAME'. An address that was never checked may have moved.",
            "Téléchargez avec « ancrage data fetch NOM ». Une adresse jamais vérifiée peut avoir changé.",
        )
    )


def _print_summary(table: str, rows: int, summary: Mapping[str, Any]) -> None:
    noun = ("row", "ligne") if rows == 1 else ("rows", "lignes")
    _print(Text(f"{table}: {_count(rows)} {noun[0]}", f"{table} : {_count(rows)} {noun[1]}"))
    for key, label in _LABELS.items():
        value = summary.get(key)
        if value is None or value == [] or (key not in ("rows_read", "workers") and value == 0):
            continue
        text = str(value) if key == "vintage" else ""
        shown = ", ".join(value) if isinstance(value, list) else text or _count(value)
        _print(Text(f"  {label.en}: {shown}", f"  {label.fr} : {shown}"))


def _build_grid(*headings: Text) -> Table:
    grid = Table(box=None, pad_edge=False)
    for heading in headings:
        grid.add_column(session.say(heading), overflow="fold", no_wrap=heading is headings[0])
    return grid


def _print(text: Text) -> None:
    session.out.print(session.say(text), markup=False, soft_wrap=True)


def _count(value: float) -> str:
    return format_number(value, 0, session.get_language())


def _percent(share: float) -> str:
    return format_number(100 * share, 2, session.get_language()) + " %"


@contextmanager
def _open_progress() -> Iterator[text_file.Progress]:
    """Give a progress callback drawn on standard error, one bar per stage."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=session.notes,
        transient=True,
    ) as bars:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, size: int) -> None:
            if stage not in tasks:
                label = session.say(_STAGES[stage]) if stage in _STAGES else stage
                tasks[stage] = bars.add_task(label, total=size or None)
            bars.update(tasks[stage], completed=done, total=size or None)

        yield report
