"""Parts of a whole, as bars that the server draws: each part has its words, its amount and its pattern."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ancrage.conventions.jobs import DEFINITIONS, NAMES, JobCounts
from ancrage.conventions.ledger import Balance
from ancrage.language import Text

# Width of the drawing; its parts are in the same unit.
WIDTH = 1000.0


@dataclass(frozen=True)
class Part:
    """A part of a bar.

    Attributes
    ----------
    key : of its colour and pattern; start, width : in the drawing, 0 to `WIDTH`; share : of the whole, 0 to 1.
    """

    key: str
    label: Text
    help: Text
    amount: Decimal
    start: float
    width: float
    share: float

    @property
    def percent(self) -> float:
        """Share in percent."""
        return 100 * self.share


@dataclass(frozen=True)
class Bar:
    """A whole and its parts."""

    whole: Decimal
    parts: tuple[Part, ...]


def build_money_bar(balance: Balance, owed: Decimal | None) -> Bar:
    """Return where the money stands: parts that add up to what was brought, or to what is owed when it is more."""
    parts = (
        ("paid", Text("Paid", "Payé"), Text("on proof", "sur justificatif"), balance.paid),
        (
            "committed",
            Text("Committed, not paid", "Engagé, non payé"),
            Text("granted by a committee", "accordé par un comité"),
            balance.committed - balance.paid,
        ),
        (
            "reserved",
            Text("Reserved", "Réservé"),
            Text("for requests to be decided", "pour des demandes à décider"),
            balance.reserved,
        ),
        (
            "planned",
            Text("Planned and free", "Programmé et libre"),
            Text("in the budget of an action", "au budget d'une action"),
            balance.left,
        ),
        (
            "unplanned",
            Text("Brought, in no action", "Apporté, non programmé"),
            Text("to be given to an action", "à affecter à une action"),
            balance.unplanned,
        ),
        (
            "awaited",
            Text("Still to be brought", "Restant à apporter"),
            Text("owed, not yet contributed", "dû, pas encore apporté"),
            max((owed or Decimal(0)) - balance.contributed, Decimal(0)),
        ),
    )
    return _build_bar(parts)


def build_job_bar(counts: JobCounts, target: int | None) -> Bar:
    """Return the posts by word: not parts of a whole, but lengths to be compared with one another."""
    words = [
        (
            "target",
            Text("Aimed at", "Objectif"),
            Text("written in the convention", "inscrit dans la convention"),
            target or 0,
        ),
        *(
            (word, NAMES[word], DEFINITIONS[word], getattr(counts, word).posts)
            for word in ("programmed", "committed", "created", "maintained")
        ),
    ]
    most = max((number for *_, number in words), default=0) or 1
    parts = tuple(
        Part(key, label, text, Decimal(number), 0.0, round(WIDTH * number / most, 1), number / most)
        for key, label, text, number in words
        if key != "target" or number
    )
    return Bar(Decimal(most), parts)


def _build_bar(parts: tuple[tuple[str, Text, Text, Decimal], ...]) -> Bar:
    whole = sum((amount for *_, amount in parts), Decimal(0))
    if not whole:
        return Bar(whole, ())
    found, start = [], 0.0
    for key, label, text, amount in parts:
        share = float(amount / whole)
        if amount:
            found.append(Part(key, label, text, amount, round(start, 1), round(WIDTH * share, 1), share))
        start += WIDTH * share
    return Bar(whole, tuple(found))
