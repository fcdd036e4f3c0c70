"""Weekly desk-days of each home at each site (method.md, section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ancrage.demand.reach import Commutes, Reach
from ancrage.parameters import TELE_SHARE_BY_CLASS
from ancrage.territory.model import CLASSES

FloatArray = NDArray[np.float64]

COEFFICIENTS: tuple[str, ...] = (
    *TELE_SHARE_BY_CLASS.values(),
    "takeup_if_teleworkable",
    "days_per_week",
    "share_telework_days_in_tl",
    "max_access_time_tl",
    "min_time_saved",
    "half_time",
    "indep_adoption",
    "indep_days",
)


@dataclass(frozen=True)
class DeskDays:
    """Weekly desk-days by draw (R) and arc (k), with what they carry.

    Attributes
    ----------
    employees : (R, k) desk-days of people who commute.
    office_km, office_minutes : (R, k) desk-days x one-way km, or minutes, to their work place.
    car : (R, k) desk-days of car users among them; car_office_km : the same x km to work.
    independents : (R, k) desk-days of self-employed people who work at home.
    """

    employees: FloatArray
    office_km: FloatArray
    office_minutes: FloatArray
    car: FloatArray
    car_office_km: FloatArray
    independents: FloatArray

    @property
    def total(self) -> FloatArray:
        """Return all weekly desk-days, (R, k)."""
        return self.employees + self.independents


def compute_acceptance(minutes: FloatArray, half_time: float) -> FloatArray:
    """Return accept(t) = 2 ** (-t / half_time): 1 at the door, 1/2 at half_time [min] (method.md, section 4)."""
    return np.exp2(-minutes / half_time)


def compute_desk_days(reach: Reach, commutes: Commutes, coefficients: Mapping[str, FloatArray]) -> DeskDays:
    """Compute the desk-days of every arc for every draw of the coefficients.

    Parameters
    ----------
    coefficients : name -> (R,) for every name of COEFFICIENTS.

    Notes
    -----
    An employee flow is eligible when t(home, site) <= max_access_time_tl and
    t(home, work) - t(home, site) >= min_time_saved; its desk-days are
    workers x tele_share[class] x takeup x days x share in a place x accept(t).
    """
    draws = len(coefficients["takeup_if_teleworkable"])
    arcs = len(reach.home)
    result = np.zeros((6, draws, arcs))
    tele_share = np.stack([coefficients[TELE_SHARE_BY_CLASS[c]] for c in CLASSES], axis=1)
    # Rows of a home are sorted by decreasing minutes: one ascending key over all homes makes the threshold
    # look-up a single binary search.
    span = 1e6
    home_of_row = np.repeat(np.arange(len(reach.homes)), np.diff(commutes.start))
    key = home_of_row * span - np.minimum(commutes.minutes, span / 4)
    arc_key = reach.home * span
    independents = commutes.independents[reach.home]
    for r in range(draws):
        weighted = commutes.sums @ tele_share[r]
        threshold = reach.minutes + coefficients["min_time_saved"][r]
        last = np.searchsorted(key, arc_key - threshold, side="right") - 1
        reached = reach.minutes <= coefficients["max_access_time_tl"][r]
        accepted = compute_acceptance(reach.minutes, coefficients["half_time"][r]) * reached
        days = (
            coefficients["takeup_if_teleworkable"][r]
            * coefficients["days_per_week"][r]
            * coefficients["share_telework_days_in_tl"][r]
        )
        result[:5, r] = weighted[last].T * (accepted * days)
        result[5, r] = independents * coefficients["indep_adoption"][r] * coefficients["indep_days"][r] * accepted
    return DeskDays(*result)
