"""What the page of a project shows: its bar, its findings, its combination, its cash, its business plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.conventions.model import LEVEL_NAMES, Finding
from ancrage.conventions.project import ANSWER_NAMES, NATURE_NAMES, ORIGIN_NAMES, SOURCE_KINDS, Plan, Quarter
from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money, format_number
from ancrage_web.cofunding import plans
from ancrage_web.cofunding.forms import write_payments
from ancrage_web.cofunding.models import Expense, Project, Source
from ancrage_web.design.words import get_site_language, say

_BADGES = {"ok": "good", "warning": "warn", "error": "bad", "human": "info"}
_ANSWER_BADGES = {"planned": "", "asked": "info", "obtained": "good", "refused": "bad"}
# Height of the drawing of the cash, in its own units.
_HEIGHT, _STEP, _BAR = 130.0, 60.0, 36.0
# Room above and below it for amounts and names of quarters; size on the screen of one of its units [px].
_MARGIN, _PIXELS = 18.0, 1.15
# Width [px] that a drawing fills beside its table, or above it when it has many quarters; how far it grows.
_WIDTH, _WHOLE_WIDTH, _MOST_PIXELS = 520.0, 1130.0, 1.5
# Quarters that still fit beside their table.
_NARROW = 8


def build_project_page(
    project: Project, expenses: Sequence[Expense], sources: Sequence[Source], today: date
) -> dict[str, Any]:
    """Return the context of the page of a project, its rules as of `today`."""
    checked = plans.check_plan(project, expenses, sources)
    context: dict[str, Any] = {
        "project": project,
        "checked": checked,
        "plan": checked.plan,
        "expenses": [(row, NATURE_NAMES[row.nature], write_quarter(row.quarter)) for row in expenses],  # type: ignore[index]
        "sources": [_build_source(row) for row in sources],
        "today": today,
        "cost": sum((row.amount for row in expenses), Decimal(0)),
        "asked": sum((row.asked for row in sources), Decimal(0)),
        "obtained": sum((row.obtained for row in sources if row.answer == "obtained"), Decimal(0)),
        "private": sum((_get_expected(row) for row in sources if row.origin == "private"), Decimal(0)),
        **_build_business(project),
    }
    if checked.plan is not None:
        context |= {
            "bars": _build_bars(checked.plan, expenses, sources),
            "findings": [build_finding(finding) for finding in checked.plan.findings],
            "broken": sum(f.level == "error" for f in checked.plan.findings) + len(checked.plan.limits),
            "incomplete": any(f.level == "warning" for f in checked.plan.findings),
            **_build_legal(checked.plan, sources),
            "flow": [(quarter, write_quarter(quarter.start)) for quarter in checked.flow],
            "at_end": -checked.flow[-1].balance if checked.flow else Decimal(0),
            "chart": _build_chart(checked.flow),
            "lowest": None
            if checked.lowest is None
            else (write_quarter(checked.lowest.start), -checked.lowest.balance),
        }
    return context


def write_quarter(start: Any) -> str:
    """Return the name of a quarter: "T2 2027", "Q2 2027"."""
    letter = "T" if get_site_language() == "fr" else "Q"
    return f"{letter}{(start.month + 2) // 3} {start.year}"


def _get_expected(row: Source) -> Decimal:
    if row.answer == "refused":
        return Decimal(0)
    return row.obtained if row.answer == "obtained" else row.asked


def _build_source(row: Source) -> dict[str, Any]:
    return {
        "row": row,
        "kind": SOURCE_KINDS[row.kind][0],
        "origin": ORIGIN_NAMES[row.origin],  # type: ignore[index]
        "answer": ANSWER_NAMES[row.answer],  # type: ignore[index]
        "badge": _ANSWER_BADGES[row.answer],
        "obtained": row.obtained if row.answer == "obtained" else None,
        "payments": write_payments(row.payments),
    }


def _build_bars(plan: Plan, expenses: Sequence[Expense], sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Build the expenses by nature above the money that pays for them, at one scale: the wider is the whole."""
    own = sum((_get_expected(row) for row in sources if row.origin == "own"), Decimal(0))
    spent = [
        (f"nature-{rank}", name, sum((row.amount for row in expenses if row.nature == nature), Decimal(0)))
        for rank, (nature, name) in enumerate(NATURE_NAMES.items(), 1)
    ]
    brought = [
        ("own", Text("own funds", "fonds propres"), own),
        ("granted", Text("obtained", "obtenu"), plan.certain - own),
        ("hoped", Text("asked or to be asked", "demandé ou à demander"), plan.expected - plan.certain),
        ("missing", Text("missing", "reste à trouver"), max(plan.gap, Decimal(0))),
    ]
    whole = max(plan.cost, plan.expected)
    return [
        {"title": Text("Expenses", "Dépenses"), "parts": _build_parts(spent, whole)},
        {"title": Text("Resources", "Ressources"), "parts": _build_parts(brought, whole)},
    ]


def _build_parts(parts: Sequence[tuple[str, Text, Decimal]], whole: Decimal) -> list[dict[str, Any]]:
    shown, x = [], 0.0
    for name, label, amount in parts:
        if amount > 0:
            width = float(100 * amount / whole)
            shown.append(
                {"name": name, "label": label, "amount": amount, "x": f"{x:.2f}", "width": f"{width:.2f}",
                 "share": amount / whole}
            )  # fmt: skip
            x += width
    return shown


def build_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as its part of template shows it."""
    return {
        "finding": finding,
        "badge": _BADGES[finding.level],
        "level": LEVEL_NAMES[finding.level],
        "lines": [(line.label, _write_value(line.value, line.unit)) for line in finding.lines],
    }


def _write_value(value: Any, unit: str) -> str:
    language = get_site_language()
    if unit == "EUR" and isinstance(value, Decimal | int):
        return format_money(Decimal(value), language)
    if isinstance(value, Decimal | int):
        return f"{format_number(float(value), 0, language)} {unit}".strip()
    return "—" if value is None else format_date(value, language) if hasattr(value, "year") else str(value)


_FILLS = Text("completes the plan", "complète le plan")
_LIMIT = Text("its rate or its ceiling", "son taux ou son plafond")
_RULES = Text("the rules above", "les règles ci-dessus")


def _build_legal(plan: Plan, sources: Sequence[Source]) -> dict[str, Any]:
    """Build the most that the rules allow together: each source that would change, and what the owner still adds."""
    allowed, limited = dict(plan.legal), {limit.name: limit.allowed for limit in plan.limits}
    rows: list[dict[str, Any]] = []
    for row in sources:
        amount, expected = allowed[row.name], _get_expected(row)
        if amount != expected:
            why = _FILLS if row.origin == "own" else _LIMIT if limited.get(row.name) == amount else _RULES
            rows.append(
                {"name": row.name, "expected": expected, "allowed": amount, "difference": amount - expected, "why": why}
            )
    articles = [finding.rule.article for finding in plan.findings]
    return {
        "legal": rows,
        "legal_rest": plan.cost - sum(allowed.values(), Decimal(0)),
        "articles": list(dict.fromkeys(articles)),
    }


def _build_chart(flow: Sequence[Quarter]) -> dict[str, Any] | None:
    """Build the drawing of the balance at the end of each quarter: bars from the line of zero, with their amounts."""
    if not flow:
        return None
    most = max((*(q.balance for q in flow), Decimal(0)))
    least = min((*(q.balance for q in flow), Decimal(0)))
    span = float(most - least) or 1.0
    zero = _MARGIN + float(most) / span * _HEIGHT
    # Names of quarters side by side need room: with many, one in two, in three...
    every = -(-len(flow) // 16)
    bars = []
    for rank, quarter in enumerate(flow):
        height = abs(float(quarter.balance)) / span * _HEIGHT
        below = quarter.balance < 0
        bars.append(
            {
                "x": f"{rank * _STEP + (_STEP - _BAR) / 2:.1f}",
                "middle": f"{rank * _STEP + _STEP / 2:.1f}",
                "y": f"{zero if below else zero - height:.2f}",
                "height": f"{max(height, 0.6):.2f}",
                "below": below,
                "amount": _write_thousands(quarter.balance),
                "amount_y": f"{zero + height + 11 if below else zero - height - 4:.2f}",
                "label": write_quarter(quarter.start),
                "named": rank % every == 0,
            }
        )
    wide = len(flow) > _NARROW
    width, height = len(flow) * _STEP, _HEIGHT + 2 * _MARGIN + 14
    return {
        "bars": bars,
        "bar": f"{_BAR:.0f}",
        "zero": f"{zero:.2f}",
        "foot": f"{height - 4:.0f}",
        "width": f"{width:.0f}",
        "height": f"{height:.0f}",
        "pixels": f"{width * min(max((_WHOLE_WIDTH if wide else _WIDTH) / width, _PIXELS), _MOST_PIXELS):.0f}",
        "wide": wide,
    }


def _write_thousands(amount: Decimal) -> str:
    language = get_site_language()
    written = format_number(float(amount) / 1000, 0, language)
    return f"{written}\u00a0k€" if language == "fr" else f"€{written}k".replace("€−", "−€").replace("€-", "-€")


def _build_business(project: Project) -> dict[str, Any]:
    if not project.business.get("desks"):
        return {"business": None}
    try:
        plan = plans.build_business(project.business)
    except InputError as error:
        return {"business": None, "business_problem": error.text}
    coefficients = plans.load_coefficients()
    language = get_site_language()
    return {
        "business": plan,
        "desks": project.business["desks"],
        "assumptions": [
            {
                "assumption": assumption,
                "source": coefficients.get(assumption.name).render_source(language),
                "verified_on": coefficients.get(assumption.name).verified_on,
                "letter_name": say(_LETTERS[assumption.letter]),
            }
            for assumption in plans.list_assumptions(project.business)
        ],
    }


_LETTERS = {
    "S": Text("sourced", "sourcé"),
    "D": Text("derived", "déduit"),
    "A": Text("assumption", "hypothèse"),
}
