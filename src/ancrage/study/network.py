"""A fixed network under every draw of the coefficients: who uses it, its desks, its costs and its effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ancrage.demand.desk_days import DeskDays
from ancrage.impact.costs import PlaceCosts, compute_place_costs
from ancrage.impact.effects import YearlyEffects
from ancrage.siting.evaluate import DESK_ROUNDING
from ancrage.study.inputs import StudyInputs, build_site_costs, compute_effects

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class NetworkUse:
    """A network under R draws; places are sized to the demand of the draw, between their smallest and largest size.

    Attributes
    ----------
    arcs : (a,) arcs used: the nearest open site of each home that has one; home, site : (a,) their ends.
    demand, served_days : (R, a) weekly desk-days asked, and those that find a desk.
    desks : (R, m); load : (R, m) weekly desk-days asked; served : (R, m) share that finds a desk.
    gross_cost, income : (R, m) [EUR/year].
    effects : (R, a) yearly effects of the people served.
    place : costs of a place, (R,) each.
    """

    arcs: IntArray
    home: IntArray
    site: IntArray
    demand: FloatArray
    served_days: FloatArray
    desks: FloatArray
    load: FloatArray
    served: FloatArray
    gross_cost: FloatArray
    income: FloatArray
    effects: YearlyEffects
    place: PlaceCosts

    @property
    def net_cost(self) -> FloatArray:
        """Return the net cost by draw and site [EUR/year], (R, m)."""
        return self.gross_cost - self.income


def choose_nearest(inputs: StudyInputs, is_open: BoolArray) -> IntArray:
    """Return the arc to the nearest open site of each home that has one within reach."""
    usable = np.flatnonzero(is_open[inputs.reach.site])
    homes, first = np.unique(inputs.reach.home[usable], return_index=True)
    del homes
    return usable[first]


def compute_network(
    inputs: StudyInputs,
    use: DeskDays,
    coefficients: Mapping[str, FloatArray],
    is_open: BoolArray,
) -> NetworkUse:
    """Follow the people of every home to their nearest open site, size the places and add up the effects.

    Parameters
    ----------
    use : desk-days of shape (R, k); coefficients : name -> (R,); is_open : (m,).
    """
    arcs = choose_nearest(inputs, is_open)
    home, site = inputs.reach.home[arcs], inputs.reach.site[arcs]
    demand = use.total[:, arcs]
    goes_to = np.zeros((len(arcs), len(is_open)))
    goes_to[np.arange(len(arcs)), site] = 1.0
    load = demand @ goes_to

    place = compute_place_costs(coefficients)
    existing = inputs.existing_desks
    smallest = np.where(existing > 0, existing, np.round(coefficients["desks_min"])[:, None])
    largest = np.where(existing > 0, existing, np.round(coefficients["desks_max"])[:, None])
    wanted = load * place.desks_per_day[:, None]
    desks = np.clip(np.ceil(wanted - DESK_ROUNDING), smallest, largest) * is_open
    served = np.minimum(1.0, np.divide(desks, wanted, out=np.ones_like(wanted), where=wanted > 0))

    fixed, per_desk, income = build_site_costs(inputs, place)
    full = compute_effects(inputs, use, coefficients, arcs)
    share = served[:, site]
    return NetworkUse(
        arcs=arcs,
        home=home,
        site=site,
        demand=demand,
        served_days=demand * share,
        desks=desks,
        load=load,
        served=served,
        gross_cost=(fixed + per_desk * desks) * is_open,
        income=income * load * served * is_open,
        effects=YearlyEffects(**{f.name: getattr(full, f.name) * share for f in fields(full)}),
        place=place,
    )
