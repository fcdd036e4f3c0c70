"""A frozen content, as the sections of the file of a committee read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from ancrage.conventions.committee import Content
from ancrage.conventions.committee_comparison import Comparison, compare_contents
from ancrage.language import Text, format_money
from ancrage.reports.model import Cell, Column
from ancrage.reports.writing import Pen

NOTHING = "—"


@dataclass(frozen=True)
class CommitteeContext:
    """Frozen figures, those of the committee before (or None), and the pen that writes."""

    content: Content
    former: Content | None
    pen: Pen

    @cached_property
    def comparison(self) -> Comparison | None:
        """Return what changed since the former committee, or None for the first."""
        return None if self.former is None else compare_contents(self.former, self.content)

    @property
    def is_final(self) -> bool:
        """Whether this is the final balance."""
        return bool(self.content["committee"]["kind"] == "final")

    def say(self, packed: Mapping[str, str] | None) -> str:
        """Return a packed text in the language; nothing for None."""
        return "" if packed is None else self.pen.text(Text(packed["en"], packed["fr"]))

    def word(self, group: str, key: str) -> str:
        """Return a word of the content ("balance", "jobs"...)."""
        return self.say(self.content["words"][group][key])

    def money(self, amount: str | Decimal | None) -> str:
        """Return an amount to the cent, a dash for None."""
        return NOTHING if amount is None else format_money(Decimal(amount), self.pen.language)

    def day(self, text: str | None) -> str:
        """Return an ISO day in words, a dash for None."""
        return NOTHING if text is None else self.pen.day(date.fromisoformat(text))

    def short_day(self, text: str | None) -> str:
        """Return an ISO day as a table writes it: 01/03/2026."""
        return "" if text is None else date.fromisoformat(text).strftime("%d/%m/%Y")

    def answer(self, value: bool | None) -> str:
        """Return yes, no, or a dash where nothing is known yet."""
        if value is None:
            return NOTHING
        return self.pen.say("yes", "oui") if value else self.pen.say("no", "non")

    def column(self, key: str, title: str, **options: Any) -> Column:
        """Return a column of texts."""
        return Column(key, title, **options)

    def money_column(self, key: str, title: str, *, width: float = 1.15, printed: bool = True) -> Column:
        """Return a column of amounts in euros, to the cent."""
        return Column(key, title, kind="number", unit="€", decimals=2, width=width, printed=printed)

    def count_column(
        self, key: str, title: str, *, decimals: int = 0, width: float = 0.8, printed: bool = True
    ) -> Column:
        """Return a column of numbers."""
        return Column(key, title, kind="number", decimals=decimals, width=width, printed=printed)


def read_number(text: str | int | None) -> float | None:
    """Return a frozen amount or count as the workbook stores it; None stays None."""
    return None if text is None else float(Decimal(text))


def read_balance(balance: Mapping[str, str], *names: str) -> tuple[Cell, ...]:
    """Return amounts of a frozen balance, in order."""
    return tuple(read_number(balance[name]) for name in names)


def count_realised(jobs: Mapping[str, Any]) -> int:
    """Return the posts created or maintained of frozen counts."""
    return int(jobs["created"]["posts"]) + int(jobs["maintained"]["posts"])
