"""What every part of a ranking is written from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from ancrage.figures import Source
from ancrage.language import Text
from ancrage.reports.writing import Pen
from ancrage.study.run import OBJECTIVE_LABELS
from ancrage.study.sweep import PLANNED, Status, SweepRow, SweepSettings, rank_rows
from ancrage.territory.tables import Tables

STATUS_NAMES: dict[Status, Text] = {
    "proven": Text("proven", "prouvé"),
    "feasible": Text("not proven", "sans preuve"),
    "infeasible": Text("limit too low", "limite trop basse"),
    "no_flows": Text("no flows", "sans flux"),
    "error": Text("in error", "en erreur"),
}


@dataclass(frozen=True)
class RankingContext:
    """A sweep and the pen that writes."""

    rows: tuple[SweepRow, ...]
    settings: SweepSettings
    tables: Tables
    pen: Pen

    @cached_property
    def ranked(self) -> tuple[SweepRow, ...]:
        """Return the EPCI whose new places bring something, best first."""
        return rank_rows(self.rows)

    @cached_property
    def planned(self) -> tuple[SweepRow, ...]:
        """Return the EPCI that have a plan, in the order of their codes."""
        return tuple(row for row in self.rows if row.status in PLANNED)

    @cached_property
    def unit(self) -> str:
        """Return the unit of the objective by year, as written in the code."""
        return next((row.unit for row in self.planned), "kgCO2e/year")

    @cached_property
    def ratio_unit(self) -> str:
        """Return what a value per 1,000 euros is written with: both are by year."""
        return self.pen.unit(self.unit.removesuffix("/year")) + self.pen.say(" per 1,000 €", " pour 1\u202f000 €")

    @cached_property
    def objective(self) -> str:
        """Return the name of the objective, starting with a capital letter."""
        label = self.pen.text(OBJECTIVE_LABELS[self.settings.objective]).replace("CO2", "CO₂")
        return label[:1].upper() + label[1:]

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        """Return the tables that the plans rest on."""
        names = dict.fromkeys(name for row in self.rows for name in row.source_tables)
        return tuple(
            self.tables.sources.get(name) or Source(name, Text(name, name), producer="", vintage="", licence="")
            for name in names
        )

    @cached_property
    def cited(self) -> str:
        """Return the line that goes below what the sweep computes: flows, their vintages, and our own part."""
        flows = [s for s in self.sources if s.table.startswith("flows")]
        told = dict.fromkeys(
            f"{s.producer or self.pen.text(s.title)}{f' ({s.vintage})' if s.vintage else ''}" for s in flows
        )
        own = self.pen.say("Ancrage's computation.", "Calculs Ancrage.")
        if not told:
            return own
        start = self.pen.say("Sources: ", "Sources : ")
        return f"{start}{self.pen.say('; ', ' ; ').join(told)}. {own}"
