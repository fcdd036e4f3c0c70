"""What `ancrage sweep` shows while it runs, and says at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from ancrage.cli import session
from ancrage.cli.engines import Engine
from ancrage.language import Text, format_number
from ancrage.reports.writing import Pen, render_unit
from ancrage.study.sweep import Status, SweepRow, SweepSettings, count_statuses, rank_rows

STATUS_LABELS: Mapping[Status, Text] = {
    "proven": Text("proven optimum", "optimum prouvé"),
    "feasible": Text("planned, not proven", "planifié, sans preuve"),
    "infeasible": Text("limit too low", "limite trop basse"),
    "no_flows": Text("no flows", "sans flux"),
    "error": Text("in error", "en erreur"),
}
_STYLES: Mapping[Status, str] = {
    "proven": "green",
    "feasible": "yellow",
    "infeasible": "yellow",
    "no_flows": "dim",
    "error": "red",
}
# Without a terminal: one line each tenth of the work, or after so many seconds.
_LINES = 10
_LINE_SECONDS = 30.0
_SHOWN = 4
_TOP = 10


@contextmanager
def show_progress(
    engine: Engine, rows: Mapping[str, SweepRow], names: Mapping[str, str], total: int, *, quiet: bool
) -> Iterator[Callable[[SweepRow], None]]:
    """Show a live table on a terminal, plain lines elsewhere; yields what to call after each EPCI.

    Parameters
    ----------
    rows : done so far, filled by the caller; names : of the EPCI left to do, by code; quiet : say nothing.
    """
    board = _Board(engine, rows, names, total)
    if quiet:
        yield lambda _: None
    elif session.notes.is_terminal:
        from rich.live import Live

        with Live(get_renderable=board.build, console=session.notes, refresh_per_second=2):
            yield lambda _: None
    else:
        if board.before:
            session.notes.print(board.say_kept(), markup=False)
        yield board.print_line


class _Board:
    """Counts and speed of a sweep under way."""

    def __init__(self, engine: Engine, rows: Mapping[str, SweepRow], names: Mapping[str, str], total: int) -> None:
        self._engine = engine
        self._rows = rows
        self._names = names
        self._total = total
        self._start = time.perf_counter()
        self.before = len(rows)
        self._last_line = (self.before, self._start)

    def say_kept(self) -> str:
        """Return how many EPCI an earlier run left."""
        return session.say(
            Text(f"{self.before} EPCI already done are kept.", f"{self.before} EPCI déjà faits sont gardés.")
        )

    def build(self) -> RenderableType:
        """Return the live table."""
        say = session.say
        done = len(self._rows)
        table = Table(show_header=False, box=None, padding=(0, 2))
        table.add_row(
            say(Text("EPCI done", "EPCI faits")), f"{done} / {self._total}", ProgressBar(self._total, done, width=40)
        )
        for status, count in count_statuses(list(self._rows.values())).items():
            table.add_row(say(STATUS_LABELS[status]), f"[{_STYLES[status]}]{count}[/]", "")
        table.add_row(say(Text("speed", "vitesse")), self._say_speed(), self._say_left())
        running = [self._names.get(code, code) for code in self._engine.running]
        more = f" + {len(running) - _SHOWN}" if len(running) > _SHOWN else ""
        shown = Table(show_header=False, box=None, padding=(0, 2))
        shown.add_row(say(Text("under way", "en cours")), ", ".join(running[:_SHOWN]) + more)
        return Group(table, shown)

    def print_line(self, row: SweepRow) -> None:
        """Print one line now and then, and one for each EPCI in error."""
        done, now = len(self._rows), time.perf_counter()
        if row.status == "error":
            session.notes.print(f"! {row.code} {row.name}: {session.say(row.reason)}", markup=False, style="red")
        count, at = self._last_line
        step = max(1, (self._total - self.before) // _LINES)
        if done - count < step and now - at < _LINE_SECONDS and done < self._total:
            return
        self._last_line = (done, now)
        counts = ", ".join(
            f"{number} {session.say(STATUS_LABELS[status])}"
            for status, number in count_statuses(list(self._rows.values())).items()
            if number
        )
        line = f"{done}/{self._total} EPCI: {counts}; {self._say_speed()}; {self._say_left()}"
        session.notes.print(line, markup=False, soft_wrap=True)

    def _say_speed(self) -> str:
        speed = (len(self._rows) - self.before) / max(time.perf_counter() - self._start, 1e-9)
        return f"{format_number(60 * speed, 0, session.get_language())} EPCI/min"

    def _say_left(self) -> str:
        made = len(self._rows) - self.before
        if not made:
            return session.say(Text("time left: –", "temps restant : –"))
        left = (self._total - len(self._rows)) * (time.perf_counter() - self._start) / made
        minutes, seconds = divmod(round(left), 60)
        return session.say(
            Text(f"time left: {minutes} min {seconds:02d}", f"temps restant : {minutes} min {seconds:02d}")
        )


def build_summary(
    rows: Sequence[SweepRow], settings: SweepSettings, files: Sequence[Path], seconds: float
) -> dict[str, Any]:
    """Return what `--json` prints: counts, settings, ranking, what has no plan and why, files."""
    return {
        "epci": len(rows),
        "statuses": count_statuses(rows),
        "seconds": round(seconds, 3),
        "fictional": any(row.fictional for row in rows),
        "settings": settings.model_dump(mode="json"),
        "ranking": [
            {
                "rank": rank,
                "code": row.code,
                "name": row.name,
                "status": row.status,
                "value_added": row.value_added,
                "unit": row.unit,
                "cost": row.cost,
                "value_per_euro": row.value_per_euro,
                "communes": list(row.communes),
            }
            for rank, row in enumerate(rank_rows(rows), start=1)
        ],
        "not_planned": [
            {"code": row.code, "name": row.name, "status": row.status, "reason": session.say(row.reason)}
            for row in rows
            if row.status not in ("proven", "feasible")
        ],
        "files": [str(file) for file in files],
    }


def print_summary(rows: Sequence[SweepRow], settings: SweepSettings, files: Sequence[Path], seconds: float) -> None:
    """Print the counts, the head of the ranking, what failed and where the files are."""
    say, out, language = session.say, session.out, session.get_language()
    if any(row.fictional for row in rows):
        out.print(say(Text("FICTIONAL TERRITORY", "TERRITOIRE FICTIF")), style="bold yellow")
    counts = ", ".join(
        f"{number} {say(STATUS_LABELS[status])}" for status, number in count_statuses(rows).items() if number
    )
    pen = Pen(language)
    done = pen.count(len(rows), ("EPCI", "EPCI"), ("EPCI", "EPCI"))
    out.print(f"[bold]{done}[/bold] ({format_number(seconds, 0, language)} s): {counts}.")
    ranked = rank_rows(rows)
    if ranked:
        # Value and cost are both by year.
        unit = render_unit(ranked[0].unit.removesuffix("/year"), language)
        table = Table(title=say(Text("Where a euro saves most", "Où un euro rapporte le plus")), title_justify="left")
        table.add_column(say(Text("rank", "rang")), justify="right")
        table.add_column("EPCI")
        table.add_column(say(Text(f"{unit} per 1,000 EUR", f"{unit} pour 1 000 €")), justify="right")
        table.add_column(say(Text("EUR a year", "€ par an")), justify="right")
        table.add_column(say(Text("new places", "nouveaux lieux")), justify="right")
        for rank, row in enumerate(ranked[:_TOP], start=1):
            per = None if row.value_per_euro is None else 1000 * row.value_per_euro
            table.add_row(
                str(rank),
                row.name,
                format_number(per, 1, language),
                format_number(row.cost, 0, language),
                str(row.new_places),
            )
        out.print(table)
    if settings.euros_per_inhabitant is not None:
        amount = format_number(settings.euros_per_inhabitant, 2, language)
        out.print(
            say(
                Text(
                    f"Budget of each EPCI: {amount} EUR per inhabitant and per year (assumption).",
                    f"Budget de chaque EPCI : {amount} € par habitant et par an (hypothèse).",
                )
            ),
            style="dim",
        )
    for row in rows:
        if row.status == "error":
            out.print(f"! {row.code} {row.name}: {say(row.reason)}", style="red", markup=False)
    out.print(say(Text("Files:", "Fichiers :")))
    for file in files:
        out.print(f"  {file}", markup=False, soft_wrap=True)
