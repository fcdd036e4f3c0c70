"""The tables of home-work flows of a store: their common form, and which one speaks for which home."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from ancrage.errors import InputError
from ancrage.territory.model import CLASSES, MODE_NAMES
from ancrage.territory.tables import Tables

# A table that gives less than this share of the workers another one gives to the same home commune is an
# extract made around other communes (all flows *to* a town, say): it does not speak for that home.
EXTRACT_BELOW = 0.5

# Finer modes that some tables name, and the mode of the model that holds them (a motorbike counts as a car).
_FINER_MODES = {"none_home": "home", "walk": "walk_bike", "bike": "walk_bike", "two_wheeler": "car"}

_YEAR = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True)
class FlowTable:
    """A flow table in the common form.

     Attributes
     ----------
     name : its name in the store.
     frame : home, work (commune codes), vintage (census year), csp (1..6 or null), mode (name or null),
    workers.
     has_class, has_mode : False where the column is absent, and null in `frame`.
    """

    name: str
    frame: pl.LazyFrame
    has_class: bool
    has_mode: bool

    @property
    def detail(self) -> int:
        """Rank of the table within one vintage: class and mode, then class, then mode, then totals."""
        return 2 * self.has_class + self.has_mode


def list_flow_tables(tables: Tables) -> tuple[FlowTable, ...]:
    """Return the flow tables of a store: named `flows...`, with an origin, a destination and workers.

    Raises
    ------
    InputError
        If a flow table has neither a vintage column nor a year in its source or its name.
    """
    found = []
    for name in sorted(tables.frames):
        if not name.startswith("flows"):
            continue
        frame = tables.scan(name)
        columns = frame.collect_schema().names()
        suffix = "_2025" if {"origin_2025", "destination_2025"} <= set(columns) else "_commune"
        if not {f"origin{suffix}", f"destination{suffix}", "workers"} <= set(columns):
            continue
        found.append(
            FlowTable(
                name,
                frame.select(
                    home=pl.col(f"origin{suffix}").cast(pl.String),
                    work=pl.col(f"destination{suffix}").cast(pl.String),
                    vintage=pl.col("vintage").cast(pl.Int64)
                    if "vintage" in columns
                    else pl.lit(_find_vintage(tables, name), pl.Int64),
                    csp=pl.col("csp").cast(pl.Int8) if "csp" in columns else pl.lit(None, pl.Int8),
                    mode=pl.col("mode").cast(pl.String).replace(_FINER_MODES)
                    if "mode" in columns
                    else pl.lit(None, pl.String),
                    workers=pl.col("workers").cast(pl.Float64),
                ),
                has_class="csp" in columns,
                has_mode="mode" in columns,
            )
        )
    return tuple(found)


def _find_vintage(tables: Tables, name: str) -> int:
    stated = tables.sources[name].vintage if name in tables.sources else ""
    years = _YEAR.findall(stated) or _YEAR.findall(name)
    if not years:
        raise InputError(
            f"The flow table '{name}' has no 'vintage' column, and neither its source ('{stated}') nor its "
            "name "
            "gives a year: its figures could not be dated. Add the column, or the vintage in the manifest.",
            f"La table de flux « {name} » n'a pas de colonne « vintage », et ni sa source (« {stated} ») ni "
            "son "
            "nom ne donnent d'année : ses chiffres ne seraient pas datés. Ajoutez la colonne, ou le "
            "millésime "
            "dans le manifeste.",
        )
    return max(int(year) for year in years)


def choose_flows(flow_tables: Sequence[FlowTable], homes: Sequence[str]) -> pl.DataFrame:
    """Return the flows of the home communes, each home from one table and one vintage.

    Per home: the newest vintage, then the most detailed table; extracts (see `EXTRACT_BELOW`) are set aside.

    Returns
    -------
    table, home, work, vintage, csp, mode, workers; no row for a home that no table knows.

    Raises
    ------
    InputError
        If a chosen table holds a class or a mode that is not in the documentation, or negative workers.
    """
    empty = pl.DataFrame(
        schema={
            "table": pl.String,
            "home": pl.String,
            "work": pl.String,
            "vintage": pl.Int64,
            "csp": pl.Int8,
            "mode": pl.String,
            "workers": pl.Float64,
        }
    )
    if not flow_tables:
        return empty
    wanted = pl.lit(pl.Series(list(homes), dtype=pl.String).implode())
    rows = pl.concat(
        [
            table.frame.filter(pl.col("home").is_in(wanted))
            .with_columns(table=pl.lit(table.name), detail=pl.lit(table.detail))
            .collect()
            for table in flow_tables
        ]
    )
    chosen = (
        rows.group_by("home", "vintage", "table", "detail")
        .agg(pl.col("workers").sum())
        .filter(pl.col("workers") > 0, pl.col("workers") >= EXTRACT_BELOW * pl.col("workers").max().over("home"))
        .sort("home", "vintage", "detail", "table", descending=[False, True, True, False])
        .unique("home", keep="first", maintain_order=True)
        .select("home", "vintage", "table")
    )
    flows = rows.join(chosen, on=["home", "vintage", "table"]).select(empty.columns)
    _check_values(flows)
    return flows


def _check_values(flows: pl.DataFrame) -> None:
    for column, known in (("csp", CLASSES), ("mode", tuple(MODE_NAMES))):
        strange = flows.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known))
        if strange.height:
            table, value = strange["table"][0], strange[column][0]
            listed = ", ".join(str(k) for k in known)
            raise InputError(
                f"Table '{table}', column '{column}': '{value}' is not one of {listed}. Correct the table.",
                f"Table « {table} », colonne « {column} » : « {value} » n'est pas parmi {listed}. Corrigez la table.",
            )
    refused = flows.filter(pl.col("workers").is_null() | pl.col("workers").is_nan() | (pl.col("workers") < 0))
    if refused.height:
        table, home, work, value = refused.select("table", "home", "work", "workers").row(0)
        raise InputError(
            f"Table '{table}', column 'workers': '{value}' from {home} to {work} is not a number of persons. "
            "Correct the table, or import the official file again.",
            f"Table « {table} », colonne « workers » : « {value} » de {home} vers {work} n'est pas un nombre "
            "de "
            "personnes. Corrigez la table, ou réimportez le fichier officiel.",
        )
