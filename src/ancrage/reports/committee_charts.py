"""The charts of the file of a committee; the same figures are in its tables."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ancrage.reports.chart_style import ACCENT, INK, LINE, MUTED, build_spec
from ancrage.reports.charts import Bar, draw_bars
from ancrage.reports.committee_context import CommitteeContext, count_realised
from ancrage.reports.model import Chart

# Stages of the money of an action, from the most certain to the freest; dark to light, so that grey prints tell.
_STAGE_COLOURS = (ACCENT, "#4f9aa0", "#e0b27c", "#eef2f2")


def build_money_chart(context: CommitteeContext) -> Chart:
    """Build the bars of the whole convention: owed, brought, planned, committed, paid."""
    pen, content = context.pen, context.content
    totals = content["totals"]
    amounts: list[tuple[str, Decimal]] = []
    if content["convention"]["amount"] is not None:
        amounts.append((pen.say("Owed", "Dû"), Decimal(content["convention"]["amount"])))
    stages = ("contributed", "planned", "committed", "paid")
    amounts += [(context.word("balance", name), Decimal(totals[name])) for name in stages]
    bars = [
        Bar(name, float(amount), _write_euros(context, amount), strong=rank == len(amounts) - 1)
        for rank, (name, amount) in enumerate(amounts)
    ]
    said = " ; ".join(f"{name} {context.money(amount)}" for name, amount in amounts)
    return Chart(
        "committee_money",
        pen.say("Where the money stands", "Où en est l'argent"),
        draw_bars(bars, title=pen.say("Euros", "En euros")),
        alt=pen.say(f"Bars: {said}.", f"Barres : {said}."),
    )


def build_action_chart(context: CommitteeContext) -> Chart | None:
    """Build one stacked bar per action: paid, committed and not paid, reserved, free; None without money."""
    pen = context.pen
    actions = [a for a in context.content["actions"] if Decimal(a["balance"]["planned"]) > 0]
    if not actions:
        return None
    names = (
        pen.say("paid", "payé"),
        pen.say("committed, not paid", "engagé, non payé"),
        pen.say("reserved", "réservé"),
        pen.say("free", "libre"),
    )
    rows: list[dict[str, Any]] = []
    for action in actions:
        balance = {key: Decimal(value) for key, value in action["balance"].items()}
        parts = (balance["paid"], balance["committed"] - balance["paid"], balance["reserved"], balance["left"])
        rows += [
            {"action": action["name"], "stage": names[rank], "rank": rank, "amount": float(part)}
            for rank, part in enumerate(parts)
        ]
    return Chart(
        "committee_actions",
        pen.say("Each action, from what is paid to what is free", "Chaque action, du payé au libre"),
        _draw_stacks(rows, names, order=[a["name"] for a in actions], title=pen.say("Euros", "Euros")),
        alt=pen.say(
            f"Stacked bars of {len(actions)} actions: paid, committed and not paid, reserved, free. The table gives "
            "the amounts.",
            f"Barres empilées de {len(actions)} actions : payé, engagé et non payé, réservé, libre. Le tableau donne "
            "les montants.",
        ),
    )


def build_jobs_chart(context: CommitteeContext) -> Chart | None:
    """Build the bars of the jobs: target, programmed, committed, realised, still there at 12 months; None without."""
    pen, jobs = context.pen, context.content["jobs"]
    counts: list[tuple[str, int]] = []
    target = context.content["convention"]["jobs_target"]
    if target is not None:
        counts.append((pen.say("Target of the convention", "Objectif de la convention"), target))
    counts += [(context.word("jobs", word), jobs[word]["posts"]) for word in ("programmed", "committed")]
    counts.append((pen.say("Created or maintained", "Créés ou maintenus"), count_realised(jobs)))
    counts.append((context.word("jobs", "present_12"), jobs["present_12"]["present"]["posts"]))
    if not any(count for _, count in counts):
        return None
    strong = pen.say("Created or maintained", "Créés ou maintenus")
    bars = [Bar(name, float(count), pen.number(count), strong=name == strong) for name, count in counts]
    said = " ; ".join(f"{name} {pen.number(count)}" for name, count in counts)
    return Chart(
        "committee_jobs",
        pen.say("Where the jobs stand", "Où en sont les emplois"),
        draw_bars(bars, title=pen.say("Posts", "En postes")),
        alt=pen.say(f"Bars: {said}.", f"Barres : {said}."),
    )


def _write_euros(context: CommitteeContext, amount: Decimal) -> str:
    written = context.pen.number(float(amount))
    return f"{written}\u00a0€" if context.pen.language == "fr" else f"€{written}"


def _draw_stacks(
    rows: Sequence[dict[str, Any]], names: Sequence[str], *, order: Sequence[str], title: str
) -> dict[str, Any]:
    y = {
        "field": "action",
        "type": "nominal",
        "sort": list(order),
        "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 260},
    }
    x = {
        "field": "amount",
        "type": "quantitative",
        "stack": "zero",
        "axis": {"title": title, "format": ",.0f", "tickCount": 5, "labelColor": MUTED, "gridColor": LINE},
        "scale": {"nice": True},
    }
    return build_spec(
        {
            "data": {"values": list(rows)},
            "mark": {"type": "bar", "height": {"band": 0.62}, "stroke": INK, "strokeWidth": 0.6},
            "encoding": {
                "y": y,
                "x": x,
                "order": {"field": "rank", "type": "quantitative"},
                "color": {
                    "field": "stage",
                    "type": "nominal",
                    "scale": {"domain": list(names), "range": list(_STAGE_COLOURS)},
                    "legend": {"title": None, "orient": "top", "labelLimit": 300, "symbolStrokeColor": INK},
                },
            },
        },
        height=84 + 30 * len(order),
    )
