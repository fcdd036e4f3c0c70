"""How the plan stands when the uncertain coefficients move."""

from __future__ import annotations

import math

import numpy as np

from ancrage.reports.charts import Bar, draw_bars, draw_histogram
from ancrage.reports.context import Context
from ancrage.reports.model import Block, Chart, Column, KeyFigure, KeyFigures, Paragraph, Section, Table
from ancrage.study.results import RobustnessResult

_MOST_BARS = 15


def build_robustness(context: Context) -> Section:
    """Build the section on robustness; without simulations it says that there were none."""
    pen = context.pen
    title = pen.say("Robustness", "Robustesse")
    found = context.result.robustness
    if found is None:
        text = pen.say(
            "No simulation was run: the figures have no interval, and nothing says how much the network depends on the "
            "assumptions. Run the study again with draws.",
            "Aucune simulation n'a été faite : les chiffres n'ont pas d'intervalle, et rien ne dit combien le réseau "
            "dépend des hypothèses. Relancer l'étude avec des tirages.",
        )
        return Section("robustness", title, (Paragraph(text),), new_page=False)
    draws = pen.number(found.draws)
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                f"{draws} simulations draw every uncertain coefficient between its low and high values, together. The "
                "best network of each is found again, and compared with the plan kept as it is.",
                f"{draws} simulations tirent ensemble chaque coefficient incertain entre sa valeur basse et sa valeur "
                "haute. Le meilleur réseau de chacune est recherché, puis comparé au plan gardé tel quel.",
            )
        ),
        KeyFigures(_list_figures(context, found)),
        _build_shares_chart(context, found),
        _build_histogram(context, found),
        _build_shares(context, found),
    ]
    return Section("robustness", title, tuple(blocks))


def _list_figures(context: Context, found: RobustnessResult) -> tuple[KeyFigure, ...]:
    pen = context.pen
    percent = pen.unit("%")
    limited = context.result.settings.budget is not None
    figures = []
    # Not a number when the plan overspends in every simulation: there is then nothing to compare.
    if not math.isnan(found.regret_median):
        label = pen.say("Value lost by keeping the plan (median)", "Valeur perdue en gardant le plan (médiane)")
        label += pen.say(", within the budget", ", dans le budget") if limited else ""
        worst = pen.share(found.regret_p90, 1)
        note = pen.say(f"9 simulations out of 10 lose at most {worst}", f"9 simulations sur 10 perdent au plus {worst}")
        figures.append(KeyFigure("regret_median", label, 100 * found.regret_median, percent, decimals=1, note=note))
    if limited:
        label = pen.say("Simulations over the budget", "Simulations au-delà du budget")
        figures.append(KeyFigure("over_budget", label, 100 * found.over_budget, percent, decimals=0))
    label = pen.say("Simulations proven optimal", "Simulations à l'optimum prouvé")
    figures.append(KeyFigure("proven", label, 100 * found.proven, percent, decimals=0))
    return tuple(figures)


def _build_shares_chart(context: Context, found: RobustnessResult) -> Chart:
    pen = context.pen
    planned = {p.code for p in context.result.places}
    bars = [
        Bar(name, 100 * share, pen.share(share), strong=code in planned)
        for code, name, share in found.site_share[:_MOST_BARS]
    ]
    spec = draw_bars(
        bars,
        title=pen.say("Share of simulations (dark: in the plan)", "Part des simulations (foncé : dans le plan)"),
        maximum=100,
    )
    alt = pen.say("Share of simulations: ", "Part des simulations : ") + ", ".join(f"{b.name} {b.shown}" for b in bars)
    return Chart(
        "site_share",
        pen.say(
            "How often each commune belongs to the best network",
            "Présence de chaque commune dans le meilleur réseau",
        ),
        spec,
        alt,
        context.study_sources,
        width=0.9,
    )


def _build_histogram(context: Context, found: RobustnessResult) -> Chart:
    pen = context.pen
    factor, unit = context.objective_scale
    values = np.asarray(found.values, dtype=np.float64) * factor
    low, high = (float(q) for q in np.quantile(values, (0.1, 0.9)))
    spec = draw_histogram(
        values,
        title=f"{context.objective_label} ({pen.unit(unit)})",
        low=low,
        high=high,
        low_label=f"P10 {pen.number(low, None)}",
        high_label=f"P90 {pen.number(high, None)}",
    )
    alt = pen.say(
        f"Spread of the value of the plan over the simulations: P10 {pen.number(low, None)}, P90 "
        f"{pen.number(high, None)} {pen.unit(unit)}.",
        f"Répartition de la valeur du plan sur les simulations : P10 {pen.number(low, None)}, P90 "
        f"{pen.number(high, None)} {pen.unit(unit)}.",
    )
    return Chart(
        "value_histogram",
        pen.say("Value of the plan over the simulations", "Valeur du plan selon les simulations"),
        spec,
        alt,
        context.study_sources,
        width=0.9,
    )


def _build_shares(context: Context, found: RobustnessResult) -> Table:
    pen = context.pen
    planned = {p.code for p in context.result.places}
    columns = (
        Column("code", pen.say("Code", "Code")),
        Column("name", pen.say("Commune", "Commune"), width=3),
        Column("share", pen.say("In the best network", "Dans le meilleur réseau"), "share",
               pen.say("% of simulations", "% des simulations"), 1),
        Column("planned", pen.say("In the plan", "Dans le plan")),
    )  # fmt: skip
    yes, no = pen.say("yes", "oui"), pen.say("no", "non")
    rows = tuple((code, name, share, yes if code in planned else no) for code, name, share in found.site_share)
    return Table(
        "site_share",
        pen.say("Robustness", "Robustesse"),
        pen.say(
            "How often each commune belongs to the best network",
            "Présence de chaque commune dans le meilleur réseau",
        ),
        columns,
        rows,
        sources=context.study_sources,
        printed_rows=0,
    )
