"""Programmes of aid: which may suit a firm, and why; and grants of the past that look like a project."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from statistics import quantiles
from typing import Generic, Literal, TypeAlias, TypeVar

from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_number

Answer: TypeAlias = Literal["meets", "fails", "unknown"]
Verdict: TypeAlias = Literal["likely", "possible", "unlikely"]
Key = TypeVar("Key")

NATURE_NAMES: dict[str, Text] = {
    "grant": Text("grant", "subvention"),
    "loan": Text("loan", "prêt"),
    "study": Text("advice or study", "conseil ou étude"),
    "training": Text("training", "formation"),
    "tax": Text("tax relief", "avantage fiscal"),
    "other": Text("other", "autre"),
}
STAGE_NAMES: dict[str, Text] = {
    "idea": Text("idea", "idée"),
    "creation": Text("creation", "création"),
    "growth": Text("growth", "développement"),
    "investment": Text("investment", "investissement"),
    "takeover": Text("takeover", "reprise"),
    "difficulty": Text("difficulty", "difficulté"),
}
ANSWER_NAMES: dict[Answer, Text] = {
    "meets": Text("meets", "rempli"),
    "fails": Text("does not meet", "non rempli"),
    "unknown": Text("not said", "non précisé"),
}
VERDICT_NAMES: dict[Verdict, Text] = {
    "likely": Text("nothing against", "rien ne s'y oppose"),
    "possible": Text("to be checked", "à vérifier"),
    "unlikely": Text("a criterion is not met", "un critère n'est pas rempli"),
}
EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Firm:
    """What is known of a firm; None or nothing where it is not.

    Attributes
    ----------
    sector : NAF code, with or without its point; places : codes of its commune, EPCI, departement and region.
    stage : key of `STAGE_NAMES`.
    """

    employees: int | None = None
    sector: str = ""
    places: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True)
class Conditions:
    """Who a programme is for.

    Attributes
    ----------
    employees_min, employees_max : both included, None without a bound; sizes_said : the source says something of it,
        so that no bound means every size.
    sectors : beginnings of NAF codes; places : codes of regions ("R84"), departements, EPCI or communes; stages.
        None where the source does not say, () where it says that all are welcome.
    eligibility : the text of the source, that a person has to read; valid_until : last day, or None.
    """

    employees_min: int | None = None
    employees_max: int | None = None
    sizes_said: bool = False
    sectors: tuple[str, ...] | None = None
    places: tuple[str, ...] | None = None
    stages: tuple[str, ...] | None = None
    valid_until: date | None = None


@dataclass(frozen=True)
class Criterion:
    """One condition in front of one firm, with the reason."""

    name: Text
    answer: Answer
    reason: Text


@dataclass(frozen=True)
class Match:
    """A programme in front of a firm.

    Attributes
    ----------
    score : criteria met minus criteria not met, from -5 to 5; what is not said counts for nothing.
    """

    criteria: tuple[Criterion, ...]
    score: int

    @property
    def verdict(self) -> Verdict:
        """Return "unlikely" with a criterion not met, "likely" with all met, "possible" with something unknown."""
        answers = {criterion.answer for criterion in self.criteria}
        return "unlikely" if "fails" in answers else "possible" if "unknown" in answers else "likely"


def match_programme(firm: Firm, conditions: Conditions, on: date) -> Match:
    """Compare a firm with the conditions of a programme on a day: size, sector, place, stage and validity.

    Nothing is refused here: what either side does not say is "unknown", with what is missing.
    """
    criteria = (
        _check_size(firm, conditions),
        _check_sector(firm, conditions),
        _check_place(firm, conditions),
        _check_stage(firm, conditions),
        _check_validity(conditions, on),
    )
    answers = Counter(criterion.answer for criterion in criteria)
    return Match(criteria, answers["meets"] - answers["fails"])


_NOT_SAID = Text("The programme does not say.", "Le programme ne le précise pas.")


def _check_size(firm: Firm, conditions: Conditions) -> Criterion:
    name = Text("Size", "Effectif")
    least, most = conditions.employees_min, conditions.employees_max
    if least is None and most is None:
        if conditions.sizes_said:
            return Criterion(name, "meets", Text("Every size.", "Toutes tailles."))
        return Criterion(name, "unknown", _NOT_SAID)
    if most is None:
        bounds = Text(f"of {least} employees or more", f"de {least} salariés ou plus")
    elif not least:
        bounds = Text(f"of up to {most} employees", f"de {most} salariés au plus")
    else:
        bounds = Text(f"of {least} to {most} employees", f"de {least} à {most} salariés")
    if firm.employees is None:
        return Criterion(
            name,
            "unknown",
            Text(
                f"For firms {bounds.en}: the size of this one is not known.",
                f"Pour les entreprises {bounds.fr} : l'effectif de celle-ci n'est pas connu.",
            ),
        )
    fits = (least is None or firm.employees >= least) and (most is None or firm.employees <= most)
    return Criterion(
        name,
        "meets" if fits else "fails",
        Text(
            f"{firm.employees} employees, for firms {bounds.en}.",
            f"{firm.employees} salariés, pour les entreprises {bounds.fr}.",
        ),
    )


def _check_sector(firm: Firm, conditions: Conditions) -> Criterion:
    name = Text("Sector", "Secteur")
    if conditions.sectors is None:
        return Criterion(name, "unknown", _NOT_SAID)
    if not conditions.sectors:
        return Criterion(name, "meets", Text("Every sector.", "Tous secteurs."))
    listed = ", ".join(conditions.sectors)
    if not firm.sector:
        return Criterion(
            name,
            "unknown",
            Text(
                f"For NAF codes {listed}: that of the firm is not known.",
                f"Pour les codes NAF {listed} : celui de l'entreprise n'est pas connu.",
            ),
        )
    code = read_sector(firm.sector)
    fits = any(code.startswith(read_sector(start)) for start in conditions.sectors)
    return Criterion(
        name,
        "meets" if fits else "fails",
        Text(f"NAF {firm.sector}, for {listed}.", f"NAF {firm.sector}, pour {listed}."),
    )


def _check_place(firm: Firm, conditions: Conditions) -> Criterion:
    name = Text("Place", "Lieu")
    if conditions.places is None:
        return Criterion(name, "unknown", _NOT_SAID)
    if not conditions.places:
        return Criterion(name, "meets", Text("The whole country.", "Toute la France."))
    listed = ", ".join(conditions.places)
    if not firm.places:
        return Criterion(
            name,
            "unknown",
            Text(
                f"For {listed}: the place of the firm is not known.",
                f"Pour {listed} : le lieu de l'entreprise n'est pas connu.",
            ),
        )
    fits = bool(set(firm.places) & set(conditions.places))
    return Criterion(
        name,
        "meets" if fits else "fails",
        Text(f"{', '.join(firm.places)}, for {listed}.", f"{', '.join(firm.places)}, pour {listed}."),
    )


def _check_stage(firm: Firm, conditions: Conditions) -> Criterion:
    name = Text("Stage", "Étape")
    if conditions.stages is None:
        return Criterion(name, "unknown", _NOT_SAID)
    if not conditions.stages:
        return Criterion(name, "meets", Text("Every stage.", "Toutes étapes."))
    listed = Text(
        ", ".join(STAGE_NAMES[stage].en for stage in conditions.stages),
        ", ".join(STAGE_NAMES[stage].fr for stage in conditions.stages),
    )
    if not firm.stage:
        return Criterion(
            name,
            "unknown",
            Text(
                f"For: {listed.en}. The stage of the project is not said.",
                f"Pour : {listed.fr}. L'étape du projet n'est pas précisée.",
            ),
        )
    own = STAGE_NAMES[firm.stage]
    return Criterion(
        name,
        "meets" if firm.stage in conditions.stages else "fails",
        Text(f"{own.en}, for: {listed.en}.", f"{own.fr}, pour : {listed.fr}."),
    )


def _check_validity(conditions: Conditions, on: date) -> Criterion:
    name = Text("Validity", "Validité")
    until = conditions.valid_until
    if until is None:
        return Criterion(name, "unknown", Text("No end date is given.", "Aucune date de fin n'est donnée."))
    return Criterion(
        name,
        "meets" if on <= until else "fails",
        Text(f"Until {format_date(until, 'en')}.", f"Jusqu'au {format_date(until, 'fr')}."),
    )


def read_sector(code: str) -> str:
    """Return a NAF code, or its beginning, without points nor spaces, in capitals: "62.01Z" is "6201Z"."""
    return re.sub(r"[.\s]", "", code).upper()


@dataclass(frozen=True)
class PastGrant(Generic[Key]):
    """A grant of the past, as far as a comparison needs it.

    Attributes
    ----------
    cost : of the project [EUR], None where it was not published; point : (longitude, latitude) in degrees, or None.
    """

    key: Key
    description: str
    category: str
    amount: Decimal
    cost: Decimal | None = None
    point: tuple[float, float] | None = None


@dataclass(frozen=True)
class Similar(Generic[Key]):
    """A grant that looks like a project.

    Attributes
    ----------
    likeness : 0..1, weight of the words of the project that its description has; words : those words.
    distance : [km] as the crow flies, None without a point; rate : grant over cost, None without a cost.
    """

    grant: PastGrant[Key]
    likeness: float
    words: tuple[str, ...]
    distance: float | None
    rate: Decimal | None


@dataclass(frozen=True)
class Spread:
    """How the rates of some grants are spread: quartiles (0..1) of `count` of them."""

    count: int
    low: float
    median: float
    high: float


# Words that say nothing of a project, as read without accents.
# fmt: off
_STOP = frozenset(
    (
        "alors", "avec", "aux", "avoir", "bis", "ces", "cet", "cette", "chez", "dans", "des", "du", "elle",
        "ensemble", "entre", "est", "etc", "etre", "fait", "hors", "les", "leur", "mais", "mise", "nos", "notre",
        "nous", "ont", "ou", "par", "pas", "phase", "plus", "pour", "projet", "que", "qui", "rue", "sans", "ses",
        "son", "sous", "sur", "ter", "tous", "tout", "tranche", "une", "vers", "and", "for", "the", "with", "project",
        "commune", "communes", "communal", "communale", "communaux",
    )
)
# fmt: on
_STEM = 7


def split_words(text: str) -> frozenset[str]:
    """Return the words of a description that can be compared: lower case, without accents, plural nor endings.

    A word keeps its first 7 letters, so that "rénovation" and "rénover", or "énergétique" and "énergie", stay close
    without a dictionary; words of 1 or 2 letters, numbers and common words go.
    """
    plain = unicodedata.normalize("NFKD", text.lower().replace("œ", "oe"))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    words = (word for word in re.findall(r"[a-z]{3,}", letters) if word not in _STOP)
    return frozenset(word.rstrip("sx")[:_STEM] for word in words)


def find_similar_grants(
    text: str,
    grants: Iterable[PastGrant[Key]],
    *,
    point: tuple[float, float] | None = None,
    category: str = "",
    radius: float | None = None,
    least: float = 0.25,
    limit: int = 50,
) -> tuple[Similar[Key], ...]:
    """Return the grants whose description shares words with a text, the most alike first, then the nearest.

    Likeness is the share that the grant has of the words of the text found in at least one grant, each weighted by how
    rare it is among the n compared: log(1 + n / found in). A word that every grant has ("travaux") therefore counts for
    little and one that few have ("coworking") for much, which a comparison of letters cannot tell; and each result can
    be explained by its words.

    Parameters
    ----------
    text : name and description of the project; point : its (longitude, latitude), for distances.
    category : only this one; radius : [km], only those known to be nearer; least : smallest likeness kept.
    """
    wanted = split_words(text)
    kept = []
    found_in: Counter[str] = Counter()
    for grant in grants:
        if category and grant.category != category:
            continue
        distance = None if point is None or grant.point is None else compute_distance(point, grant.point)
        if radius is not None and (distance is None or distance > radius):
            continue
        common = wanted & split_words(grant.description)
        found_in.update(common)
        kept.append((grant, distance, common))
    if not wanted or not kept:
        return ()
    # A word that no grant has compares nothing: counted, it would lower every likeness alike.
    weights = {word: math.log(1 + len(kept) / found_in[word]) for word in sorted(wanted) if found_in[word]}
    whole = sum(weights.values())
    found = []
    for grant, distance, common in kept:
        # In a fixed order, so that the sum does not depend on the order of a set.
        words = tuple(sorted(common, key=lambda word: (-weights[word], word)))
        likeness = sum(weights[word] for word in words) / whole
        if words and likeness >= least:
            rate = grant.amount / grant.cost if grant.cost else None
            found.append(Similar(grant, likeness, words, distance, rate))
    found.sort(key=lambda similar: (-similar.likeness, math.inf if similar.distance is None else similar.distance))
    return tuple(found[:limit])


def compute_spread(rates: Sequence[Decimal | None]) -> Spread | None:
    """Return the quartiles of the known rates, or None when fewer than 4 are known: they would say nothing."""
    known = [float(rate) for rate in rates if rate is not None]
    if len(known) < 4:
        return None
    low, median, high = quantiles(known, n=4, method="inclusive")
    return Spread(len(known), low, median, high)


def compute_distance(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the great-circle distance [km] between two points (longitude, latitude) in degrees (haversine).

    Raises
    ------
    InputError
        If a latitude is not between -90 and 90.
    """
    for _, latitude in (first, second):
        if not -90 <= latitude <= 90:
            written = format_number(latitude, 3, "fr")
            raise InputError(
                f"Latitude {latitude:g} is not between -90 and 90: points are (longitude, latitude).",
                f"La latitude {written} n'est pas entre -90 et 90 : les points sont (longitude, latitude).",
            )
    lon1, lat1, lon2, lat2 = (math.radians(value) for value in (*first, *second))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(math.sqrt(min(1.0, half)))
