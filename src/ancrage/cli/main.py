"""The command line: it only translates between a terminal and the library."""

from __future__ import annotations

import sys
from importlib.metadata import entry_points
from typing import Annotated

import typer

from ancrage import __version__
from ancrage.cli import convention, data, demo, diagnose, parameters, plan, session, siting, sweep, travel
from ancrage.errors import AncrageError

app = typer.Typer(
    name="ancrage",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From open data to a sited, sized, costed and evaluated network of third places.",
)
demo.register(app)
app.add_typer(data.app)
diagnose.register(app)
plan.register(app)
sweep.register(app)
app.add_typer(parameters.app)
app.add_typer(travel.app)
app.add_typer(siting.app)
app.add_typer(convention.app)
# What is built on the library adds its commands here; the library knows nothing of it.
for _point in sorted(entry_points(group="ancrage.commands"), key=lambda point: point.name):
    _point.load()(app)


def _print_version(asked: bool) -> None:
    if asked:
        session.out.print(f"ancrage {__version__}")
        raise typer.Exit


@app.callback()
def start(
    lang: Annotated[
        str | None,
        typer.Option("--lang", help="Language of messages: fr (default) or en. Also ANCRAGE_LANG.", show_default=False),
    ] = None,
    version: Annotated[  # noqa: ARG001 (handled by its callback)
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Set what every command shares."""
    session.set_language(lang)


def run() -> None:
    """Run the command line: exit 2 for wrong usage, 1 for a refused input, 0 otherwise; no traceback reaches a user."""
    try:
        app()
    except AncrageError as error:
        session.notes.print(session.say(error.text), style="red", markup=False)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of a pipe (head, less) went away: nothing more to say.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    run()
