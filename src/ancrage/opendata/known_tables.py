"""The built-in catalogue of tables: what is known of a table whose folder has no manifest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from ancrage.figures import Source
from ancrage.language import Text


@dataclass(frozen=True)
class KnownTable:
    """A table of the catalogue.

    Attributes
    ----------
    source : title, producer, vintage and licence.
    role : what the table is for ("flows", "geography", "labour"...).
    columns : columns without which it cannot be used.
    """

    source: Source
    role: str
    columns: tuple[str, ...]


@cache
def read_known_tables() -> dict[str, KnownTable]:
    """Return the tables of the built-in catalogue (tables.yaml) by name."""
    text = resources.files("ancrage.opendata").joinpath("tables.yaml").read_text(encoding="utf-8")
    return {
        name: KnownTable(
            Source(
                name,
                Text(entry["title"]["en"], entry["title"]["fr"]),
                producer=entry["producer"],
                vintage=entry["vintage"],
                licence=entry["licence"],
                url=entry.get("url", ""),
            ),
            role=entry["role"],
            columns=tuple(entry["columns"]),
        )
        for name, entry in yaml.safe_load(text).items()
    }


def build_source(table: str) -> Source:
    """Return the source of `table` from the catalogue, or an empty one that only names the table."""
    known = read_known_tables().get(table)
    return known.source if known else Source(table, Text(table, table), producer="", vintage="", licence="")
