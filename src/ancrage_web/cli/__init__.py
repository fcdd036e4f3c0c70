"""Commands of the site: `ancrage serve` and `ancrage site ...`, found by the command line as an entry point.

Nothing here imports Django before a command runs: `ancrage --help` stays quick, and works without the extra "site".
"""

from __future__ import annotations

import typer

from ancrage_web.cli import serving, site


def register(app: typer.Typer) -> None:
    """Add the commands of the site to the application."""
    app.command("serve")(serving.serve)
    app.add_typer(site.app)
