"""A typology in words, with the figures behind each word; thresholds in `ancrage.diagnosis.thresholds`."""

from __future__ import annotations

from collections.abc import Mapping

from ancrage.diagnosis import thresholds
from ancrage.diagnosis.model import IndicatorValue
from ancrage.language import Text, format_number


def build_typology(values: Mapping[str, IndicatorValue]) -> tuple[Text, Text]:
    """Return the words ("dormitory and industrial") and the sentence that gives the figures behind them.

    Parameters
    ----------
    values : indicator id -> value of the EPCI.

    Notes
    -----
    dormitory: concentration below 70 jobs per 100 residents and at least half of the residents work outside.
    industrial: at least 30 % of employed residents are manual workers (flows; else active people of the census
    where it covers half of the population), or half of the people live in a Territoire
    d'industrie. isolated: at least half of the people live outside the attraction area of any town. None of
    them: balanced; but if flows are missing, the word can only be "undetermined".
    """
    concentration = _read_value(values, "employment_concentration")
    leaving = _read_value(values, "out_commuting_share")
    manual = _read_value(values, "workers_share_flows")
    if manual is None:
        manual = _read_value(values, "workers_share", thresholds.INDUSTRIAL_MIN_COVERAGE)
    label = _read_value(values, "industry_territory_share")
    outside = _read_value(values, "outside_attraction_share")
    words: list[Text] = []
    reasons: list[Text] = []
    if concentration is not None and leaving is not None:
        reasons.append(
            Text(
                f"{format_number(concentration, 1, 'en')} jobs per 100 employed residents, "
                f"{format_number(leaving, 0, 'en')}% of residents work outside",
                f"{format_number(concentration, 1, 'fr')} emplois pour 100 actifs occupés, "
                f"{format_number(leaving, 0, 'fr')} % des actifs travaillent dehors",
            )
        )
        if concentration < thresholds.DORMITORY_MAX_CONCENTRATION and leaving >= thresholds.DORMITORY_MIN_OUT_COMMUTING:
            words.append(Text("dormitory", "résidentiel (dortoir)"))
    else:
        reasons.append(Text("home-work flows not published", "flux domicile-travail non publiés"))
    if manual is not None:
        reasons.append(
            Text(
                f"{format_number(manual, 1, 'en')}% manual workers",
                f"{format_number(manual, 1, 'fr')} % d'ouvriers",
            )
        )
    if label is not None and label >= thresholds.INDUSTRIAL_MIN_LABEL:
        reasons.append(
            Text(
                f"{format_number(label, 0, 'en')}% of the people in a Territoire d'industrie",
                f"{format_number(label, 0, 'fr')} % des habitants en Territoire d'industrie",
            )
        )
    if (manual is not None and manual >= thresholds.INDUSTRIAL_MIN_WORKERS) or (
        label is not None and label >= thresholds.INDUSTRIAL_MIN_LABEL
    ):
        words.append(Text("industrial", "industriel"))
    if outside is not None:
        reasons.append(
            Text(
                f"{format_number(outside, 0, 'en')}% of the people outside the attraction of any town",
                f"{format_number(outside, 0, 'fr')} % des habitants hors de l'attraction d'une ville",
            )
        )
        if outside >= thresholds.ISOLATED_MIN_OUTSIDE:
            words.append(Text("isolated", "isolé"))
    if not words:
        known = concentration is not None and leaving is not None
        words.append(Text("balanced", "équilibré") if known else Text("undetermined", "indéterminé"))
    return (
        Text(" and ".join(w.en for w in words), " et ".join(w.fr for w in words)),
        Text("; ".join(r.en for r in reasons) + ".", " ; ".join(r.fr for r in reasons) + "."),
    )


def _read_value(values: Mapping[str, IndicatorValue], name: str, min_coverage: float = 0.0) -> float | None:
    found = values.get(name)
    if found is None or (found.coverage is not None and found.coverage < min_coverage):
        return None
    return found.value
