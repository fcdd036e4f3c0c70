"""What a place costs and earns in a year (method.md, section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

COEFFICIENTS: tuple[str, ...] = (
    "capex_per_m2",
    "gross_m2_per_desk",
    "rent_province",
    "running_cost_m2",
    "facilitator_fte",
    "facilitator_cost_fte",
    "loan_rate",
    "loan_life",
    "price_day",
    "weeks_per_year",
    "peak_share",
    "occupancy_max",
)


@dataclass(frozen=True)
class PlaceCosts:
    """Yearly costs and income of a place.

    Attributes
    ----------
    fixed : [EUR/year] whatever its size (facilitator).
    per_desk : [EUR/desk/year] rent, running costs and annualised works.
    income : [EUR/year] per weekly desk-day sold.
    desks_per_day : desks needed per weekly desk-day.
    """

    fixed: FloatArray
    per_desk: FloatArray
    income: FloatArray
    desks_per_day: FloatArray


def compute_annuity(rate: FloatArray, years: FloatArray) -> FloatArray:
    """Return the constant yearly payment per euro borrowed: r / (1 - (1 + r) ** -n), or 1 / n at a null rate."""
    rate, years = np.broadcast_arrays(np.asarray(rate, dtype=np.float64), np.asarray(years, dtype=np.float64))
    null = rate == 0
    safe = np.where(null, 1.0, rate)
    return np.where(null, 1.0 / years, safe / (1.0 - (1.0 + safe) ** -years))


def compute_place_costs(coefficients: Mapping[str, FloatArray]) -> PlaceCosts:
    """Compute the yearly costs and income of a place for every draw, from every name of COEFFICIENTS."""
    c = coefficients
    per_m2 = (
        c["capex_per_m2"] * compute_annuity(c["loan_rate"], c["loan_life"]) + c["rent_province"] + c["running_cost_m2"]
    )
    return PlaceCosts(
        fixed=c["facilitator_fte"] * c["facilitator_cost_fte"],
        per_desk=c["gross_m2_per_desk"] * per_m2,
        income=c["weeks_per_year"] * c["price_day"],
        desks_per_day=c["peak_share"] / c["occupancy_max"],
    )


def compute_break_even_occupancy(costs: PlaceCosts, desks: float, weeks: FloatArray, price: FloatArray) -> FloatArray:
    """Return the share of open desk-days (5 a week) that must be sold for income to meet the gross cost.

    Above 1 the place never breaks even on desk sales alone. Infinite when nothing is sold.
    """
    sold = 5.0 * weeks * price * desks
    with np.errstate(divide="ignore"):
        return np.asarray((costs.fixed + costs.per_desk * desks) / sold)
