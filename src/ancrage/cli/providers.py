"""The travel-time provider that a command was asked for, its notices printed."""

from __future__ import annotations

from pathlib import Path

from ancrage import planning
from ancrage.cli import session
from ancrage.language import Text
from ancrage.territory.tables import Tables
from ancrage.territory.travel import TravelProvider


def build_provider(tables: Tables, folder: Path, name: str) -> TravelProvider:
    """Return the provider `name`, as `ancrage.planning.build_provider`."""
    return planning.build_provider(tables, folder, name, print_notice)


def print_notice(notice: Text) -> None:
    """Print on standard error what the user may like to know while a command works."""
    session.notes.print(session.say(notice), style="yellow", markup=False)
