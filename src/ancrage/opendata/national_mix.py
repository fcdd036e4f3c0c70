"""The mix of occupation classes and modes of France, for a store that knows no other (method.md, section 2).

Class (letter S): employed people by occupation class, census of 2018, as INSEE publishes them in the Saphir series.

Mode (letter D): means of the census percentages of communes (2021), weighted by their population of 2022; 34,838
communes. The source gives car and public transport. The rest is home, walk, bike and two-wheelers together, and goes to
walk_bike (assumption).
"""

from __future__ import annotations

from typing import Literal

import polars as pl

from ancrage.figures import Source
from ancrage.language import Text

_PERSONS = {1: 416_620, 2: 1_812_436, 3: 4_975_407, 4: 7_035_758, 5: 7_413_783, 6: 5_387_992}
_PERCENT = {"car": 70.6, "public_transport": 14.4, "walk_bike": 15.0}
_LICENCE = "Licence Ouverte 2.0"

NATIONAL_SOURCES = {
    "national_class_mix": Source(
        "national_class_mix",
        Text("Employed people of France by occupation class", "Actifs occupés de France par catégorie"),
        producer="INSEE (Saphir)",
        vintage="2018",
        licence=_LICENCE,
    ),
    "national_mode_mix": Source(
        "national_mode_mix",
        Text("Modes of travel to work in France", "Modes de transport domicile-travail en France"),
        producer="INSEE",
        vintage="2021",
        licence=_LICENCE,
    ),
}


def build_national_mix(kind: Literal["csp", "mode"]) -> tuple[pl.DataFrame, str]:
    """Return the class (`csp`) or `mode` and its share (sums to 1), and the name of the source."""
    if kind == "csp":
        mix = pl.DataFrame({"csp": list(_PERSONS), "share": list(_PERSONS.values())}, schema_overrides={"csp": pl.Int8})
        return mix.with_columns(pl.col("share") / pl.col("share").sum()), "national_class_mix"
    mix = pl.DataFrame({"mode": list(_PERCENT), "share": list(_PERCENT.values())})
    return mix.with_columns(pl.col("share") / pl.col("share").sum()), "national_mode_mix"
