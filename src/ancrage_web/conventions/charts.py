"""Charts drawn by the server: bars told apart by their pattern and their words, never by a colour alone.

Each chart is a picture (`svg`, hidden from screen readers) with the rows that say the same: a page shows both with
`{% include "conventions/parts/chart.html" %}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from ancrage.conventions.jobs import NAMES, JobCounts
from ancrage.conventions.ledger import Balance
from ancrage.conventions.residual import Proposal
from ancrage.language import Text, format_money, format_number
from ancrage_web.design.words import get_site_language, say

WIDTH, BAR, GAP = 100.0, 5.0, 2.5
# Of the parts of a whole, in their order: colour of the theme and pattern.
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("var(--accent)", ""),
    ("var(--accent)", "lines"),
    ("var(--accent)", "dots"),
    ("var(--line-strong)", "lines"),
    ("var(--line-strong)", ""),
)


@dataclass(frozen=True)
class Row:
    """One line of a chart in words: what, how much, and its swatch (the pattern of the picture) where there is one."""

    label: str
    value: str
    note: str = ""
    swatch: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture and the rows that say the same; title : what they are about; head : name of the two columns."""

    key: str
    title: str
    head: tuple[str, str]
    svg: SafeString
    rows: tuple[Row, ...]


def draw_money_bar(balance: Balance, key: str = "money") -> Chart:
    """Draw where the money of a convention, an action or a funder stands, as one stacked bar."""
    language = get_site_language()
    # In the balance of one action, what it was given shows as below zero where money waits for an action.
    parts = (
        (Text("Paid", "Payé"), balance.paid),
        (Text("Committed, not paid", "Engagé, non payé"), balance.committed - balance.paid),
        (Text("Reserved", "Réservé"), balance.reserved),
        (Text("Planned and free", "Programmé et libre"), balance.left),
        (Text("Not given to an action", "Non programmé"), max(balance.unplanned, Decimal(0))),
    )
    whole = sum((amount for _, amount in parts), Decimal(0))
    drawn, at = [], 0.0
    for number, (_, amount) in enumerate(parts):
        width = WIDTH * float(amount / whole) if whole else 0.0
        if width:
            drawn.append(_draw_rect(key, number, at, 0.0, width, BAR * 1.6))
        at += width
    rows = tuple(
        Row(
            say(name),
            format_money(amount, language),
            f"{format_number(100 * float(amount / whole), 0, language)} %" if whole else "",
            _draw_swatch(key, number),
        )
        for number, (name, amount) in enumerate(parts)
    )
    title = Text("Where the money stands", "Où en est l'argent")
    return Chart(key, say(title), _head("Stage", "Étape", "Amount", "Montant"), _frame(key, drawn, BAR * 1.6), rows)


def draw_jobs_bars(counts: JobCounts, target: int | None = None, key: str = "jobs") -> Chart:
    """Draw the jobs programmed, committed, created and maintained, with the target of the convention as a line."""
    language = get_site_language()
    words = (("programmed", 2), ("committed", 1), ("created", 0), ("maintained", 3))
    most = max([1, target or 0, *(getattr(counts, word).posts for word, _ in words)])
    drawn, rows = [], []
    for line, (word, pattern) in enumerate(words):
        count = getattr(counts, word)
        width = WIDTH * count.posts / most
        if width:
            drawn.append(_draw_rect(key, pattern, 0.0, line * (BAR + GAP), width, BAR))
        equivalents = format_number(float(count.fte), 2, language)
        rows.append(
            Row(
                say(NAMES[word]),  # type: ignore[index]
                format_number(count.posts, 0, language),
                say(Text(f"{equivalents} FTE", f"{equivalents} ETP")),
                _draw_swatch(key, pattern),
            )
        )
    height = len(words) * (BAR + GAP) - GAP
    if target:
        drawn.append(_draw_line(WIDTH * target / most, 0.0, height))
        rows.append(Row(say(Text("Target of the convention (line)", "Objectif de la convention (trait)")), str(target)))
    title = Text("Jobs, in posts", "Emplois, en postes")
    return Chart(key, say(title), _head("Word", "Notion", "Posts", "Postes"), _frame(key, drawn, height), tuple(rows))


def draw_values(proposal: Proposal, key: str = "values") -> Chart:
    """Draw the value per 1,000 euros of each candidate, in the order of the proposal; hatched when it is not paid."""
    language = get_site_language()
    most = max([choice.per_euro for choice in proposal.choices] or [0.0]) or 1.0
    drawn, rows = [], []
    for line, choice in enumerate(proposal.choices):
        pattern = 0 if choice.paid else 3
        width = WIDTH * choice.per_euro / most
        if width:
            drawn.append(_draw_rect(key, pattern, 0.0, line * (BAR + GAP), width, BAR))
        said = format_number(1000 * choice.per_euro, 1, language)
        state = Text("paid", "payé") if choice.paid else Text("not paid", "non payé")
        rows.append(
            Row(choice.candidate.name, f"{said} {choice.candidate.unit}", say(state), _draw_swatch(key, pattern))
        )
    height = max(BAR, len(proposal.choices) * (BAR + GAP) - GAP)
    return Chart(
        key,
        say(Text("Yearly value for 1,000 €", "Valeur annuelle pour 1\u202f000 €")),
        _head("Use", "Usage", "Value for 1,000 €", "Valeur pour 1\u202f000 €"),
        _frame(key, drawn, height),
        tuple(rows),
    )


def _head(en: str, fr: str, value_en: str, value_fr: str) -> tuple[str, str]:
    return say(Text(en, fr)), say(Text(value_en, value_fr))


def _frame(key: str, drawn: Sequence[SafeString], height: float) -> SafeString:
    return format_html(
        '<svg class="bars-drawn" viewBox="0 0 100 {}" width="100%" aria-hidden="true" focusable="false">{}{}</svg>',
        f"{height:.1f}",
        _draw_patterns(key),
        format_html_join("", "{}", ((each,) for each in drawn)),
    )


def _draw_patterns(key: str) -> SafeString:
    # Every picture has its own patterns: an identifier is unique in a page.
    defined = []
    for number, (colour, pattern) in enumerate(_PATTERNS):
        if pattern == "lines":
            mark = format_html('<path d="M0 0V2" stroke="{}" stroke-width="1.2"/>', colour)
            turn = mark_safe(' patternTransform="rotate(45)"')
        elif pattern == "dots":
            mark, turn = format_html('<circle cx="1" cy="1" r="0.55" fill="{}"/>', colour), mark_safe("")
        else:
            continue
        defined.append(
            format_html(
                '<pattern id="{}-{}" width="2" height="2" patternUnits="userSpaceOnUse"{}>{}</pattern>',
                key,
                number,
                turn,
                mark,
            )
        )
    return format_html("<defs>{}</defs>", format_html_join("", "{}", ((each,) for each in defined)))


def _draw_rect(key: str, number: int, x: float, y: float, width: float, height: float) -> SafeString:
    colour, pattern = _PATTERNS[number]
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}" stroke="{}" stroke-width="0.3"/>',
        f"{x:.2f}",
        f"{y:.2f}",
        f"{width:.2f}",
        f"{height:.2f}",
        f"url(#{key}-{number})" if pattern else colour,
        colour,
    )


def _draw_line(x: float, top: float, bottom: float) -> SafeString:
    return format_html(
        '<line x1="{0}" y1="{1}" x2="{0}" y2="{2}" stroke="currentColor" stroke-width="0.6"/>',
        f"{min(x, 99.7):.2f}",
        f"{top:.1f}",
        f"{bottom:.1f}",
    )


def _draw_swatch(key: str, number: int) -> SafeString:
    return format_html(
        '<svg class="swatch" viewBox="0 0 6 4" width="18" height="12" aria-hidden="true" focusable="false">{}</svg>',
        _draw_rect(key, number, 0.2, 0.2, 5.6, 3.6),
    )
