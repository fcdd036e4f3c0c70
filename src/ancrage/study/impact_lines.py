"""The effects of a network by beneficiary, with their intervals (method.md, section 7)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ancrage.figures import Figure
from ancrage.impact.costs import compute_break_even_occupancy
from ancrage.language import Text
from ancrage.parameters import Parameters
from ancrage.study.assumptions import list_assumptions
from ancrage.study.network import NetworkUse
from ancrage.study.results import ControlTotal, ImpactLine

FloatArray = NDArray[np.float64]
Coefficients = Mapping[str, FloatArray]

_FLOWS = ("flows",)


def build_figure(
    central: float, drawn: FloatArray | None, unit: str, formula: str, assumptions: tuple[str, ...] = ()
) -> Figure:
    """Return a figure with the P10 and P90 of its draws, or without interval when there is none.

    `assumptions` are by default the coefficients of the formula.
    """
    assumptions = assumptions or list_assumptions(formula)
    if drawn is None or not len(drawn):
        return Figure(central, unit, formula, sources=_FLOWS, assumptions=assumptions)
    low, high = np.quantile(drawn, (0.1, 0.9))
    return Figure(central, unit, formula, float(low), float(high), _FLOWS, assumptions)


def list_impact(
    central: NetworkUse,
    baseline: NetworkUse,
    drawn: NetworkUse | None,
    coefficients: Coefficients,
    draws: Coefficients | None,
    home_inside: NDArray[np.bool_],
) -> tuple[ImpactLine, ...]:
    """Return the effects by beneficiary.

    Parameters
    ----------
    central : the network at central coefficients (one draw); baseline : the existing places alone.
    drawn : the network under every draw, or None; coefficients, draws : the values behind them.
    home_inside : (n,) homes of the study area (the others are in its halo).
    """
    lines: list[ImpactLine] = []
    inside = home_inside[central.home]

    def add(
        key: str,
        beneficiary: str,
        label: Text,
        unit: str,
        name: str,
        factor: float = 1.0,
        note: Text | None = None,
    ) -> None:
        values = getattr(central.effects, name)[0] * factor
        before = float(getattr(baseline.effects, name)[0].sum() * factor)
        total = float(values.sum())
        spread = None if drawn is None else getattr(drawn.effects, name).sum(axis=1) * factor
        lines.append(
            ImpactLine(
                key,
                beneficiary,
                label,
                build_figure(total, spread, unit, f"impact.{key}"),
                total - before,
                float(values[inside].sum()),
                float(values[~inside].sum()),
                note=note,
            )
        )

    add("commuter_km", "commuters", Text("Kilometres avoided", "Kilomètres évités"), "km/year", "km")
    add(
        "commuter_car_km",
        "commuters",
        Text("Car kilometres avoided", "Kilomètres en voiture évités"),
        "km/year",
        "car_km",
    )
    add(
        "commuter_hours",
        "commuters",
        Text("Hours of travel saved", "Heures de trajet gagnées"),
        "hours/year",
        "hours",
    )
    add(
        "commuter_cost",
        "commuters",
        Text("Car expenses avoided (marginal cost)", "Dépenses de voiture évitées (coût marginal)"),
        "EUR/year",
        "car_cost",
    )
    add("co2_gross", "climate", Text("CO2 avoided, gross", "CO2 évité, brut"), "tCO2e/year", "co2_gross", 1e-3)
    add(
        "co2_rebound",
        "climate",
        Text("less rebound effect", "moins l'effet rebond"),
        "tCO2e/year",
        "co2_rebound",
        -1e-3,
    )
    add(
        "co2_building",
        "climate",
        Text("less energy of the places", "moins l'énergie des lieux"),
        "tCO2e/year",
        "co2_building",
        -1e-3,
    )
    add("co2_net", "climate", Text("CO2 avoided, net", "CO2 évité, net"), "tCO2e/year", "co2_net", 1e-3)

    def add_scalar(
        key: str,
        beneficiary: str,
        label: Text,
        unit: str,
        value: float,
        spread: FloatArray | None,
        added: float | None = None,
        *,
        ceiling: bool = False,
        note: Text | None = None,
    ) -> None:
        lines.append(
            ImpactLine(
                key,
                beneficiary,
                label,
                build_figure(value, spread, unit, f"impact.{key}"),
                added,
                None,
                None,
                ceiling,
                note,
            )
        )

    def carbon_value(network: NetworkUse, values: Coefficients) -> FloatArray:
        return network.effects.co2_net.sum(axis=1) * 1e-3 * values["carbon_value"]

    def spending(network: NetworkUse, values: Coefficients) -> FloatArray:
        return (
            network.effects.desk_days.sum(axis=1)
            * values["local_spend_per_day"]
            * values["spend_displacement"]
            * values["local_multiplier_income"]
        )

    value = float(carbon_value(central, coefficients)[0])
    add_scalar(
        "co2_value",
        "climate",
        Text("Value of the net CO2 avoided", "Valeur du CO2 net évité"),
        "EUR/year",
        value,
        None if drawn is None or draws is None else carbon_value(drawn, draws),
        value - float(carbon_value(baseline, coefficients)[0]),
    )
    spent = float(spending(central, coefficients)[0])
    spent_draws = None if drawn is None or draws is None else spending(drawn, draws)
    spent_added = spent - float(spending(baseline, coefficients)[0])
    add_scalar(
        "shop_spending",
        "shops",
        Text("Additional local spending", "Dépenses locales supplémentaires"),
        "EUR/year",
        spent,
        spent_draws,
        spent_added,
        note=Text(
            "Assumption: part of this spending is moved from elsewhere, and is left out.",
            "Hypothèse : une part de ces dépenses est seulement déplacée ; elle est retirée.",
        ),
    )
    lines.extend(_list_authority(central, drawn, coefficients, draws))
    jobs = spent / float(coefficients["turnover_per_job"][0])
    add_scalar(
        "jobs_ceiling",
        "jobs",
        Text("Local jobs supported, at most", "Emplois locaux soutenus, au plus"),
        "jobs",
        jobs,
        None if spent_draws is None or draws is None else spent_draws / draws["turnover_per_job"],
        spent_added / float(coefficients["turnover_per_job"][0]),
        ceiling=True,
        note=Text(
            "Ceiling: local spending divided by the turnover of one job in a third place; never a forecast.",
            "Plafond : dépenses locales divisées par le chiffre d'affaires d'un emploi de tiers-lieu ; jamais une "
            "prévision.",
        ),
    )
    return tuple(lines)


def _list_authority(
    central: NetworkUse, drawn: NetworkUse | None, coefficients: Coefficients, draws: Coefficients | None
) -> list[ImpactLine]:
    """Return the lines of the host authority; existing places are outside its new budget."""
    paying = central.gross_cost[0] > 0
    desks = float(central.desks[0][paying].sum())
    lines: list[ImpactLine] = []

    def add(
        key: str, label: Text, unit: str, value: float, spread: FloatArray | None, note: Text | None = None
    ) -> None:
        lines.append(
            ImpactLine(
                key,
                "authority",
                label,
                build_figure(value, spread, unit, f"impact.{key}"),
                value,
                None,
                None,
                note=note,
            )
        )

    def spread(name: str) -> FloatArray | None:
        return None if drawn is None else np.asarray(getattr(drawn, name).sum(axis=1))

    gross, income = float(central.gross_cost.sum()), float(central.income.sum())
    add(
        "authority_gross",
        Text("Cost of the new places", "Coût des nouveaux lieux"),
        "EUR/year",
        gross,
        spread("gross_cost"),
    )
    add(
        "authority_income",
        Text("Income from desks", "Recettes des postes"),
        "EUR/year",
        income,
        spread("income"),
    )
    net_spread = spread("net_cost")
    add("authority_net", Text("Net public cost", "Coût public net"), "EUR/year", gross - income, net_spread)
    if desks:
        per_desk = None
        if drawn is not None and net_spread is not None:
            per_desk = net_spread / np.maximum(drawn.desks[:, paying].sum(axis=1), 1.0)
        add(
            "authority_per_desk",
            Text("Subsidy per desk", "Subvention par poste"),
            "EUR/desk/year",
            (gross - income) / desks,
            per_desk,
        )
        average = desks / int(paying.sum())
        weeks, price = coefficients["weeks_per_year"], coefficients["price_day"]
        needed = float(compute_break_even_occupancy(central.place, average, weeks, price)[0])
        ramp = [float(coefficients[f"occupancy_y{year}"][0]) for year in (1, 2, 3)]
        year = next((rank for rank, rate in enumerate(ramp, start=1) if rate >= needed), None)
        needed_draws = None
        if draws is not None and drawn is not None:
            sizes = drawn.desks[:, paying].mean(axis=1)
            needed_draws = (
                100.0
                * (drawn.place.fixed + drawn.place.per_desk * sizes)
                / (5.0 * draws["weeks_per_year"] * draws["price_day"] * sizes)
            )
        shown = ", ".join(f"{rate:.0%}" for rate in ramp)
        if year is None:
            note = Text(
                f"Not reached in the first three years (assumed occupancy {shown}): the balance is a yearly subsidy.",
                f"Non atteint dans les trois premières années (occupation supposée {shown}) : l'équilibre suppose une "
                "subvention annuelle.",
            )
        else:
            note = Text(
                f"Reached in year {year} (assumed occupancy {shown}).",
                f"Atteint l'année {year} (occupation supposée {shown}).",
            )
        add(
            "authority_break_even",
            Text("Break-even occupancy (desk sales alone)", "Occupation d'équilibre (vente des postes seule)"),
            "%",
            100.0 * needed,
            needed_draws,
            note,
        )
    return lines


def list_controls(central: NetworkUse, coefficients: Coefficients, parameters: Parameters) -> tuple[ControlTotal, ...]:
    """Return published totals beside ours (parameters check_*): orders of magnitude and ceilings, never predictions."""
    weekly = float(central.served_days.sum())
    if weekly <= 0:
        return ()
    weeks = float(coefficients["weeks_per_year"][0])
    yearly = weekly * weeks
    effects = central.effects

    def build(label: Text, ours: float, unit: str, name: str) -> ControlTotal:
        published = parameters.get(name)
        return ControlTotal(label, ours, published.value, unit, published.source, published.source_fr)

    return (
        build(
            Text("Net CO2 per weekly desk-day", "CO2 net par jour-poste hebdomadaire"),
            float(effects.co2_net.sum()) / weekly,
            "kgCO2e/year",
            "check_saving_ademe",
        ),
        build(
            Text("Travel saved per desk-day", "Trajet gagné par jour-poste"),
            float(effects.hours.sum()) * 60.0 / yearly,
            "min/day",
            "check_time_saved",
        ),
        build(
            Text("Car expenses avoided, two days a week", "Dépenses de voiture évitées, deux jours par semaine"),
            float(effects.car_cost.sum()) / yearly * 2.0 * weeks / 12.0,
            "EUR/month",
            "check_purchasing_power",
        ),
    )
