"""Business plan of a third place: income as it fills up, costs, subsidy, and the year it breaks even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ancrage.conventions.obligation import CENT
from ancrage.errors import InputError
from ancrage.parameters import Parameters

_ZERO = Decimal(0)
# Opening days of a desk in a week, as in the cost of a place (docs/method/costs.md).
_OPEN_DAYS = 5
_RAMP = ("occupancy_y1", "occupancy_y2", "occupancy_y3")


@dataclass(frozen=True)
class Year:
    """One year of the place [EUR].

    Attributes
    ----------
    number : 1 is the first year; occupancy : share of the open desk-days that are sold.
    result : income + subsidy - cost; total : results of all years so far.
    """

    number: int
    occupancy: float
    income: Decimal
    cost: Decimal
    subsidy: Decimal
    result: Decimal
    total: Decimal


@dataclass(frozen=True)
class BusinessPlan:
    """The years of a place.

    Attributes
    ----------
    break_even : first year whose income pays the cost without any subsidy, None if none of the years does.
    balanced : first year whose result is not negative, subsidy included; None if none is.
    """

    years: tuple[Year, ...]
    break_even: int | None
    balanced: int | None


def build_business_plan(
    desks: int,
    yearly_cost: Decimal,
    parameters: Parameters,
    *,
    subsidies: Sequence[Decimal] = (),
    other_income: Decimal = _ZERO,
    years: int = 5,
) -> BusinessPlan:
    """Build the plan of a place of some desks over some years.

    Income of a year = desks x 5 days x weeks a year x occupancy of the year x price of a day. The occupancy is that of
    the first, second and third year (coefficients occupancy_y1 to y3, assumptions), then stays.

    Parameters
    ----------
    yearly_cost : gross [EUR/year], for example that of a study; other_income : rooms, events... [EUR/year].
    subsidies : by year [EUR]; none after the last given.

    Raises
    ------
    InputError
        If there is no desk or no year, or an amount is negative.
    """
    if desks < 1 or years < 1:
        raise InputError(
            f"{desks} desks over {years} years: give at least one of each.",
            f"{desks} postes sur {years} ans : donnez-en au moins un.",
        )
    for amount in (yearly_cost, other_income, *subsidies):
        if amount < 0:
            raise InputError(
                f"{amount} is negative: give zero or more euros.", f"{amount} est négatif : donnez zéro euro ou plus."
            )
    price = parameters.get("price_day").money
    weeks = Decimal(repr(parameters.get("weeks_per_year").value))
    found = []
    total = _ZERO
    for number in range(1, years + 1):
        occupancy = parameters.get(_RAMP[min(number, len(_RAMP)) - 1]).value
        sold = desks * _OPEN_DAYS * weeks * Decimal(repr(occupancy)) * price
        income = (sold + other_income).quantize(CENT, ROUND_HALF_UP)
        subsidy = subsidies[number - 1] if number <= len(subsidies) else _ZERO
        result = income + subsidy - yearly_cost
        total += result
        found.append(Year(number, occupancy, income, yearly_cost, subsidy, result, total))
    return BusinessPlan(
        tuple(found),
        break_even=next((y.number for y in found if y.income >= y.cost), None),
        balanced=next((y.number for y in found if y.result >= 0), None),
    )
