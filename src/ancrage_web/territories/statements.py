"""The sentences of the first screen of a portrait: what a resident reads before any table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ancrage.language import Language, Text, format_number
from ancrage_web.territories.words import write_value

Stored = Mapping[str, Any]
# As many as stand side by side; the first ones known are shown.
_MOST = 4


@dataclass(frozen=True)
class Statement:
    """A question, the figure that answers it with what it counts, and a sentence to understand it."""

    question: Text
    figure: str
    unit: Text
    sentence: Text


@dataclass(frozen=True)
class _Known:
    """What a portrait knows, by indicator."""

    values: Mapping[str, Stored]

    def get(self, name: str) -> float | None:
        """Return a value, None where it is not published."""
        found: float | None = self.values[name]["value"] if name in self.values else None
        return found

    def year(self, name: str) -> str:
        """Return the vintage of an indicator."""
        return str(self.values[name]["vintage"])


def build_statements(portrait: Stored, language: Language) -> list[Statement]:
    """Return what a resident reads first: who lives here, who works here, who leaves, how far; only what is known.

    Services and housing take the place of what flows would tell.
    """
    known = _Known({stored["id"]: stored for stored in portrait["indicators"]})
    told = (
        _tell_people(known, language),
        _tell_jobs(known, language),
        _tell_leaving(known, portrait["destinations"], language),
        _tell_distance(known, language),
        _tell_services(known, language),
        _tell_housing(known, language),
    )
    return [statement for statement in told if statement is not None][:_MOST]


def find_leaving(portrait: Stored, language: Language) -> Statement | None:
    """Return the sentence on those who leave the territory to work; None where the portrait does not know."""
    known = _Known({stored["id"]: stored for stored in portrait["indicators"]})
    return _tell_leaving(known, portrait["destinations"], language)


def _both(value: float, decimals: int = 0) -> tuple[str, str]:
    return format_number(value, decimals, "en"), format_number(value, decimals, "fr")


def _tell_people(known: _Known, language: Language) -> Statement | None:
    people = known.get("population")
    if people is None:
        return None
    growth = known.get("population_growth")
    census = known.year("population")
    sentence = Text(f"Census population, {census}.", f"Population municipale {census}.")
    if growth is not None:
        en, fr = _both(abs(growth), 1)
        if float(f"{abs(growth):.1f}") == 0:
            en_words, fr_words = "stable", "stable"
        elif growth > 0:
            en_words, fr_words = f"growing by {en}% a year", f"en hausse de {fr}\u202f% par an"
        else:
            en_words, fr_words = f"falling by {en}% a year", f"en baisse de {fr}\u202f% par an"
        span = known.year("population_growth")
        sentence = Text(
            f"Census population {census}, {en_words} ({span}).",
            f"Population municipale {census}, {fr_words} ({span}).",
        )
    return Statement(
        Text("Who lives here?", "Qui vit ici ?"),
        format_number(people, 0, language),
        Text("inhabitants", "habitants"),
        sentence,
    )


def _tell_jobs(known: _Known, language: Language) -> Statement | None:
    jobs, workers, ratio = known.get("jobs"), known.get("employed_residents"), known.get("employment_concentration")
    if jobs is None or workers is None or ratio is None:
        return None
    en, fr = _both(workers)
    ratio_en, ratio_fr = _both(ratio)
    return Statement(
        Text("Who works here?", "Qui travaille ici ?"),
        format_number(jobs, 0, language),
        Text("jobs", "emplois"),
        Text(
            f"For {en} residents in work: {ratio_en} jobs per 100 of them ({known.year('jobs')}).",
            f"Pour {fr} habitants qui ont un emploi : {ratio_fr} emplois pour 100 d'entre eux ({known.year('jobs')}).",
        ),
    )


def _tell_leaving(known: _Known, destinations: Sequence[Stored], language: Language) -> Statement | None:
    share, workers = known.get("out_commuting_share"), known.get("employed_residents")
    if share is None or workers is None:
        return None
    en, fr = _both(workers * share / 100)
    outside = [row for row in destinations if row["inside"] is False][:3]
    where_en = where_fr = ""
    if outside:
        named = [(row["name"] or row["code"], *_both(row["workers"])) for row in outside]
        where_en = "; first to " + ", ".join(f"{name} ({number})" for name, number, _ in named)
        where_fr = ", d'abord à " + ", ".join(f"{name} ({number})" for name, _, number in named)
    return Statement(
        Text("Who leaves to work?", "Qui part travailler ailleurs ?"),
        write_value(share, "%", 0, language),
        Text("work outside the territory", "travaillent hors du territoire"),
        Text(
            f"{en} people among the residents in work{where_en} ({known.year('out_commuting_share')}).",
            f"{fr} personnes parmi les habitants en emploi{where_fr} ({known.year('out_commuting_share')}).",
        ),
    )


def _tell_distance(known: _Known, language: Language) -> Statement | None:
    far, workers = known.get("long_commute_share"), known.get("employed_residents")
    women, men = known.get("median_commute_women"), known.get("median_commute_men")
    time_en = time_fr = ""
    if women is not None and men is not None:
        women_en, women_fr = _both(women)
        men_en, men_fr = _both(men)
        time_en = (
            f"Half of the women need more than {women_en} minutes to get to work, half of the men more than {men_en} "
            f"({known.year('median_commute_women')})."
        )
        time_fr = (
            f"La moitié des femmes met plus de {women_fr} minutes pour aller au travail, la moitié des hommes plus de "
            f"{men_fr} ({known.year('median_commute_women')})."
        )
    question = Text("How far?", "À quelle distance ?")
    if far is not None and workers is not None:
        en, fr = _both(workers * far / 100)
        return Statement(
            question,
            write_value(far, "%", 0, language),
            Text("work more than 20 km away", "travaillent à plus de 20 km"),
            Text(
                f"{en} people, as the crow flies ({known.year('long_commute_share')}). {time_en}".strip(),
                f"{fr} personnes, à vol d'oiseau ({known.year('long_commute_share')}). {time_fr}".strip(),
            ),
        )
    if not time_en:
        return None
    return Statement(
        question,
        write_value(women, "minutes", 0, language),
        Text("to work, for half of the women", "pour aller au travail, pour la moitié des femmes"),
        Text(time_en, time_fr),
    )


def _tell_services(known: _Known, language: Language) -> Statement | None:
    rate, shops = known.get("everyday_services_rate"), known.get("communes_without_food_shop")
    if rate is None:
        return None
    en = fr = ""
    if shops is not None:
        shops_en, shops_fr = _both(shops)
        en = f" {shops_en}% of the communes have no food shop."
        fr = f" {shops_fr}\u202f% des communes n'ont pas de commerce alimentaire."
    span = known.year("everyday_services_rate")
    return Statement(
        Text("Which services remain?", "Quels services sur place ?"),
        write_value(rate, "%", 0, language),
        Text("of everyday services in one's commune", "des services du quotidien dans sa commune"),
        Text(
            f"On average for an inhabitant, out of 21 services ({span}).{en}",
            f"En moyenne pour un habitant, sur 21 services ({span}).{fr}",
        ),
    )


def _tell_housing(known: _Known, language: Language) -> Statement | None:
    share = known.get("long_vacancy_share")
    if share is None:
        return None
    span = known.year("long_vacancy_share")
    return Statement(
        Text("How many empty dwellings?", "Combien de logements vides ?"),
        write_value(share, "%", 1, language),
        Text("of private dwellings", "des logements privés"),
        Text(
            f"Empty for more than two years, over the communes where the figure is published ({span}).",
            f"Vacants depuis plus de deux ans, sur les communes où le chiffre est publié ({span}).",
        ),
    )
