"""Rural revitalisation zones, by their plain criterion (R20)."""

from __future__ import annotations

from decimal import Decimal

from ancrage.conventions.model import RULES, Finding, Line, read_exact
from ancrage.language import Text
from ancrage.parameters import Parameters


def check_frr(population: int, density: Decimal, income: Decimal, parameters: Parameters) -> Finding:
    """R20: whether a commune meets the plain criterion of France ruralités revitalisation.

    Parameters
    ----------
    population : of the commune; density [people/km2] and income [EUR/year per consumption unit, median] of its EPCI.

    Returns
    -------
    The value is "yes" or "no". The criteria by mountain, bassin de vie or département are not looked at: a "no" is
    not the last word, and the official list is that of the arrêté.
    """
    limits = {name: read_exact(parameters, f"frr_{name}_max") for name in ("population", "density", "income")}
    meets = population < limits["population"] and density <= limits["density"] and income <= limits["income"]
    lines = (
        Line(Text("Population", "Population"), population),
        Line(Text("Under", "Moins de"), limits["population"]),
        Line(Text("Density of the EPCI", "Densité de l'EPCI"), density, "people/km2"),
        Line(Text("At most", "Au plus"), limits["density"], "people/km2"),
        Line(Text("Median income of the EPCI", "Revenu médian de l'EPCI"), income, "EUR"),
        Line(Text("At most", "Au plus"), limits["income"], "EUR"),
    )
    if meets:
        return Finding(
            RULES["R20"],
            "ok",
            Text("The commune meets the plain FRR criterion.", "La commune remplit le critère général FRR."),
            value="yes",
            lines=lines,
        )
    return Finding(
        RULES["R20"],
        "ok",
        Text(
            "The commune does not meet the plain FRR criterion; it may be listed by another one.",
            "La commune ne remplit pas le critère général FRR ; elle peut être classée à un autre titre.",
        ),
        value="no",
        lines=lines,
        todo=Text("Look at the official list.", "Consultez la liste officielle."),
    )
