"""What the page of a project shows: its bar, its findings, its combination, its cash, its business plan."""

from __future__ import annotations

from collections.abc import Sequence
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
_HEIGHT, _STEP = 100.0, 40.0


def build_project_page(project: Project, expenses: Sequence[Expense], sources: Sequence[Source]) -> dict[str, Any]:
    """Return the context of the page of a project."""
    checked = plans.check_plan(project, expenses, sources)
    context: dict[str, Any] = {
        "project": project,
        "checked": checked,
        "plan": checked.plan,
        "expenses": [(row, NATURE_NAMES[row.nature], write_quarter(row.quarter)) for row in expenses],  # type: ignore[index]
        "sources": [_build_source(row) for row in sources],
        "private": sum((_get_expected(row) for row in sources if row.origin == "private"), Decimal(0)),
        **_build_business(project),
    }
    if checked.plan is not None:
        context |= {
            "bar": _build_bar(checked.plan, sources),
            "findings": [build_finding(finding) for finding in checked.plan.findings],
            "legal": _build_legal(checked.plan, sources),
            "flow": [(quarter, write_quarter(quarter.start)) for quarter in checked.flow],
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


def _build_bar(plan: Plan, sources: Sequence[Source]) -> dict[str, Any]:
    """Build the stacked bar: certain, expected besides, missing; the widest of cost and money is its whole."""
    own = sum((_get_expected(row) for row in sources if row.origin == "own"), Decimal(0))
    granted = plan.certain - own
    parts = [
        ("own", Text("own funds", "fonds propres"), own),
        ("granted", Text("obtained", "obtenu"), granted),
        ("hoped", Text("asked or to be asked", "demandé ou à demander"), plan.expected - plan.certain),
        ("missing", Text("missing", "reste à trouver"), max(plan.gap, Decimal(0))),
    ]
    whole = max(plan.cost, plan.expected)
    shown, x = [], 0.0
    for name, label, amount in parts:
        width = float(100 * amount / whole) if whole else 0.0
        if amount > 0:
            shown.append(
                {"name": name, "label": label, "amount": amount, "x": f"{x:.2f}", "width": f"{width:.2f}",
                 "share": amount / whole}
            )  # fmt: skip
        x += width
    return {"parts": shown, "cost_x": f"{float(100 * plan.cost / whole):.2f}" if whole else "100"}


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


def _build_legal(plan: Plan, sources: Sequence[Source]) -> list[dict[str, Any]]:
    allowed = dict(plan.legal)
    return [
        {
            "name": row.name,
            "expected": _get_expected(row),
            "allowed": allowed[row.name],
            "difference": allowed[row.name] - _get_expected(row),
        }
        for row in sources
    ]


def _build_chart(flow: Sequence[Quarter]) -> dict[str, Any] | None:
    """Build the drawing of the balance at the end of each quarter: bars from the line of zero."""
    if not flow:
        return None
    most = max((*(q.balance for q in flow), Decimal(0)))
    least = min((*(q.balance for q in flow), Decimal(0)))
    span = float(most - least) or 1.0
    zero = float(most) / span * _HEIGHT
    bars = []
    for rank, quarter in enumerate(flow):
        height = abs(float(quarter.balance)) / span * _HEIGHT
        bars.append(
            {
                "x": f"{rank * _STEP + 6:.1f}",
                "middle": f"{rank * _STEP + _STEP / 2:.1f}",
                "y": f"{zero - height if quarter.balance > 0 else zero:.2f}",
                "height": f"{max(height, 0.4):.2f}",
                "below": quarter.balance < 0,
                "label": write_quarter(quarter.start),
            }
        )
    width = len(flow) * _STEP
    # Names of quarters side by side need room: with many, one in two, in three...
    every = -(-len(flow) // 12)
    for rank, bar in enumerate(bars):
        bar["named"] = rank % every == 0
    return {"bars": bars, "zero": f"{zero:.2f}", "width": f"{width:.0f}", "lowest": least}


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
