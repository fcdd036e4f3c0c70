"""The jobs of a convention: one definition of each word, counted at any day, in posts and in full-time equivalents.

"Number of jobs created" has no common definition (Cour des comptes, 2015): each word below has one, and a report that
uses it shows it. A line of the register is a post, never a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias

from ancrage.conventions.delays import add_months
from ancrage.errors import InputError
from ancrage.language import Text

Word: TypeAlias = Literal[
    "programmed", "committed", "declared", "created", "maintained", "left", "present_6", "present_12", "present_24"
]
Stage: TypeAlias = Literal["programmed", "committed", "declared", "created", "maintained", "left", "dropped"]

# Months after the hire at which a post is looked at again.
CHECK_MONTHS: tuple[int, ...] = (6, 12, 24)

NAMES: dict[Word, Text] = {
    "programmed": Text("Programmed", "Programmés"),
    "committed": Text("Committed", "Engagés"),
    "declared": Text("Declared, not proved", "Déclarés, non justifiés"),
    "created": Text("Created", "Créés"),
    "maintained": Text("Maintained", "Maintenus"),
    "left": Text("Ended since", "Terminés depuis"),
    "present_6": Text("Still there at 6 months", "Présents à 6 mois"),
    "present_12": Text("Still there at 12 months", "Présents à 12 mois"),
    "present_24": Text("Still there at 24 months", "Présents à 24 mois"),
}
# The one definition of each word, shown wherever the word has a figure.
DEFINITIONS: dict[Word, Text] = {
    "programmed": Text(
        "Posts written in a submitted project sheet, new or to be maintained; those of a request refused or withdrawn "
        "leave the count on that day.",
        "Postes inscrits dans une fiche projet déposée, à créer ou à maintenir ; ceux d'une demande refusée ou retirée "
        "sortent du compte ce jour-là.",
    ),
    "committed": Text(
        "Posts promised in an aid that the committee granted, new or to be maintained, realised since or not; those of "
        "an aid given up before its agreement leave the count on that day.",
        "Postes promis dans une aide accordée par le comité, à créer ou à maintenir, réalisés depuis ou non ; ceux "
        "d'une aide abandonnée avant sa convention sortent du compte ce jour-là.",
    ),
    "declared": Text(
        "Posts whose start is written down without a document that proves it: counted neither as created nor as "
        "maintained.",
        "Postes dont le démarrage est noté sans pièce qui le prouve : ils ne comptent ni comme créés, ni comme "
        "maintenus.",
    ),
    "created": Text(
        "New posts whose contract has started, proved by a document; a post that ended since stays counted.",
        "Postes nouveaux dont le contrat a commencé, pièce à l'appui ; un poste terminé depuis reste compté.",
    ),
    "maintained": Text(
        "Existing posts that were threatened and are kept, proved by a document; a post that ended since still counts.",
        "Postes existants, menacés et conservés, pièce à l'appui ; un poste terminé depuis reste compté.",
    ),
    "left": Text(
        "Posts created or maintained that have ended since.", "Postes créés ou maintenus qui ont pris fin depuis."
    ),
    "present_6": Text(
        "Of the posts created or maintained at least 6 months ago: those checked as still there at 6 months.",
        "Parmi les postes créés ou maintenus depuis au moins 6 mois : ceux dont la présence à 6 mois a été vérifiée.",
    ),
    "present_12": Text(
        "Of the posts created or maintained at least 12 months ago: those checked as still there at 12 months.",
        "Parmi les postes créés ou maintenus depuis au moins 12 mois : ceux dont la présence à 12 mois a été vérifiée.",
    ),
    "present_24": Text(
        "Of the posts created or maintained at least 24 months ago: those checked as still there at 24 months.",
        "Parmi les postes créés ou maintenus depuis au moins 24 mois : ceux dont la présence à 24 mois a été vérifiée.",
    ),
}
STAGE_NAMES: dict[Stage, Text] = {
    "programmed": Text("programmed", "programmé"),
    "committed": Text("committed", "engagé"),
    "declared": Text("declared, not proved", "déclaré, non justifié"),
    "created": Text("created", "créé"),
    "maintained": Text("maintained", "maintenu"),
    "left": Text("ended", "terminé"),
    "dropped": Text("given up (request refused or withdrawn)", "abandonné (demande refusée ou retirée)"),
}
COST_DEFINITIONS: dict[str, Text] = {
    "per_committed": Text(
        "Aid committed on the actions that have posts in the register, divided by the posts committed.",
        "Aide engagée sur les actions qui ont des postes au registre, divisée par le nombre de postes engagés.",
    ),
    "per_realised": Text(
        "Aid paid on the actions that have posts in the register, divided by the posts created or maintained and "
        "proved. Low while payments wait, high while proofs do.",
        "Aide payée sur les actions qui ont des postes au registre, divisée par le nombre de postes créés ou maintenus "
        "et justifiés. Bas tant que des paiements restent à faire, haut tant que des justificatifs manquent.",
    ),
}
_CENT = Decimal("0.01")


@dataclass(frozen=True)
class JobRecord:
    """One post of the register.

    Attributes
    ----------
    fte : full-time equivalent, above 0 and at most 1.
    kept : an existing post that is maintained, instead of a new one.
    programmed_on : of the project sheet; committed_on : of the decision; hired_on : start of the contract (or day from
        which the post is proved to be maintained); left_on : its end.
    dropped_on : day on which the request was refused or withdrawn: nothing is promised any more, what has started
        stays counted as such.
    proved : a document proves the start.
    present : by number of months (6, 12, 24), whether the post was still there; absent or None while not checked.
    action, request, commune, contract : what it can be counted by, empty where it is not known.
    """

    fte: Decimal = Decimal(1)
    kept: bool = False
    programmed_on: date | None = None
    committed_on: date | None = None
    hired_on: date | None = None
    left_on: date | None = None
    dropped_on: date | None = None
    proved: bool = False
    present: Mapping[int, bool | None] = field(default_factory=dict)
    action: str = ""
    request: str = ""
    commune: str = ""
    contract: str = ""


@dataclass(frozen=True)
class Count:
    """A number of posts, and the same posts in full-time equivalents; the two are never added to one another."""

    posts: int = 0
    fte: Decimal = Decimal(0)

    def __add__(self, other: Count) -> Count:
        """Add posts to posts and equivalents to equivalents."""
        return Count(self.posts + other.posts, self.fte + other.fte)


@dataclass(frozen=True)
class Presence:
    """Posts still there so many months after their start.

    Attributes
    ----------
    due : old enough to be looked at; present, absent : known to be there, or not; unknown : due and not checked.
    """

    due: Count = Count()
    present: Count = Count()
    absent: Count = Count()

    def __add__(self, other: Presence) -> Presence:
        """Add two groups of posts."""
        return Presence(self.due + other.due, self.present + other.present, self.absent + other.absent)

    @property
    def unknown(self) -> Count:
        """Posts that are due and of which nothing is known."""
        return Count(
            self.due.posts - self.present.posts - self.absent.posts, self.due.fte - self.present.fte - self.absent.fte
        )

    @property
    def shares(self) -> tuple[float, float] | None:
        """Least and largest share of the posts due that are still there (0 to 1); equal when all were checked.

        None while no post is due: no share is given of posts that are too young.
        """
        if self.due.posts == 0:
            return None
        least = self.present.posts / self.due.posts
        return least, (self.present.posts + self.unknown.posts) / self.due.posts


@dataclass(frozen=True)
class JobCounts:
    """The register at the end of a day; each word as `DEFINITIONS` says.

    Attributes
    ----------
    programmed_kept, committed_kept : those of `programmed` and `committed` that are existing posts to be maintained.
    """

    programmed: Count = Count()
    programmed_kept: Count = Count()
    committed: Count = Count()
    committed_kept: Count = Count()
    declared: Count = Count()
    created: Count = Count()
    maintained: Count = Count()
    left: Count = Count()
    present_6: Presence = Presence()
    present_12: Presence = Presence()
    present_24: Presence = Presence()

    def __add__(self, other: JobCounts) -> JobCounts:
        """Add two groups of posts, word by word."""
        return JobCounts(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    @property
    def realised(self) -> Count:
        """Posts created or maintained, proved."""
        return self.created + self.maintained


@dataclass(frozen=True)
class JobCosts:
    """What a post costs [EUR], as `COST_DEFINITIONS` says; None where there is no post to divide by."""

    per_committed: Decimal | None
    per_realised: Decimal | None


def compute_check_day(hired_on: date, months: int) -> date:
    """Return the day on which a post can be looked at again."""
    return add_months(hired_on, months)


def find_presence(record: JobRecord, months: int) -> bool | None:
    """Return whether a post was still there after so many months, or None when nothing says it.

    A post that ended before that day was not there, whether someone checked or not.
    """
    if record.hired_on is None:
        return None
    if record.left_on is not None and record.left_on < compute_check_day(record.hired_on, months):
        return False
    return record.present.get(months)


def list_due_checks(record: JobRecord, on: date) -> tuple[int, ...]:
    """Return the numbers of months at which a proved post is due to be looked at on a day and was not."""
    if record.hired_on is None or not record.proved:
        return ()
    return tuple(
        months
        for months in CHECK_MONTHS
        if compute_check_day(record.hired_on, months) <= on and find_presence(record, months) is None
    )


def find_stage(record: JobRecord, on: date) -> Stage | None:
    """Return how far a post has come on a day, or None for one that did not exist yet."""
    if _is_past(record.hired_on, on):
        if _is_past(record.left_on, on):
            return "left"
        if not record.proved:
            return "declared"
        return "maintained" if record.kept else "created"
    if _is_past(record.dropped_on, on):
        return "dropped"
    if _is_past(record.committed_on, on):
        return "committed"
    return "programmed" if _is_past(record.programmed_on, on) else None


def count_jobs(records: Iterable[JobRecord], on: date) -> JobCounts:
    """Count posts at the end of a day.

    Only the dates of the posts are of that day: a proof or a check recorded since counts, as it tells what was true.
    """
    found: dict[str, list[Decimal]] = {}

    def add(word: str, fte: Decimal) -> None:
        line = found.setdefault(word, [Decimal(0), Decimal(0)])
        line[0] += 1
        line[1] += fte

    for record in records:
        for word in _list_words(record, on):
            add(word, record.fte)
    counts = {word: Count(int(posts), fte) for word, (posts, fte) in found.items()}
    simple = {name: counts.get(name, Count()) for name in _SIMPLE}

    def build_presence(months: int) -> Presence:
        return Presence(*(counts.get(f"{word}_{months}", Count()) for word in ("due", "there", "gone")))

    return JobCounts(
        **simple, present_6=build_presence(6), present_12=build_presence(12), present_24=build_presence(24)
    )


def count_jobs_by(records: Iterable[JobRecord], key: Callable[[JobRecord], str], on: date) -> dict[str, JobCounts]:
    """Count posts group by group; the groups add up to the whole."""
    groups: dict[str, list[JobRecord]] = {}
    for record in records:
        groups.setdefault(key(record), []).append(record)
    return {name: count_jobs(group, on) for name, group in groups.items()}


def compute_job_costs(counts: JobCounts, committed: Decimal, paid: Decimal) -> JobCosts:
    """Compute the aid per post, to the cent.

    Parameters
    ----------
    committed, paid : of the actions that have posts in the register [EUR].

    Raises
    ------
    InputError
        If an amount is negative.
    """
    if committed < 0 or paid < 0:
        raise InputError(
            f"Committed {committed}, paid {paid}: give amounts of zero or more.",
            f"Engagé {committed}, payé {paid} : donnez des montants nuls ou positifs.",
        )
    return JobCosts(_divide(committed, counts.committed.posts), _divide(paid, counts.realised.posts))


def check_record(record: JobRecord) -> None:
    """Refuse a post whose dates or checks contradict one another.

    Raises
    ------
    InputError
        Says which two, and what to correct.
    """
    if not 0 < record.fte <= 1:
        raise InputError(
            f"The full-time equivalent is {record.fte}: give a share above 0 and at most 1 for each post.",
            f"L'équivalent temps plein est {record.fte} : donnez une part supérieure à 0 et d'au plus 1 par poste.",
        )
    if record.hired_on is None:
        if record.left_on is not None or any(value is not None for value in record.present.values()):
            raise InputError(
                "A post that has not started has neither an end nor a check of presence: give the day of its start.",
                "Un poste qui n'a pas commencé n'a ni fin ni vérification de présence : donnez le jour de son début.",
            )
        return
    if not record.contract:
        raise InputError(
            "The post has started and its contract is not known: choose the contract.",
            "Le poste a commencé et son contrat n'est pas connu : choisissez le contrat.",
        )
    if record.left_on is not None and record.left_on < record.hired_on:
        raise InputError(
            f"The end of the post ({record.left_on}) is before its start ({record.hired_on}): correct one of the two.",
            f"La fin du poste ({record.left_on}) précède son début ({record.hired_on}) : corrigez une des deux dates.",
        )
    _check_presence(record, record.hired_on)


def _check_presence(record: JobRecord, hired_on: date) -> None:
    for months in CHECK_MONTHS:
        day, present = compute_check_day(hired_on, months), record.present.get(months)
        if present is None:
            continue
        ended_before = record.left_on is not None and record.left_on < day
        if present and ended_before:
            raise InputError(
                f"The post ended on {record.left_on}: it cannot be there at {months} months ({day}). Correct the end "
                "or the check.",
                f"Le poste a pris fin le {record.left_on} : il ne peut pas être présent à {months} mois ({day}). "
                "Corrigez la fin ou la vérification.",
            )
        later = next((m for m in CHECK_MONTHS if m > months and record.present.get(m)), None)
        if not present and later is not None:
            raise InputError(
                f"The post is said absent at {months} months and there at {later}: correct one of the two checks.",
                f"Le poste est dit absent à {months} mois et présent à {later} : corrigez une de ces vérifications.",
            )


# The words that are plain counts, in the order of the fields of `JobCounts`.
_SIMPLE = (
    "programmed",
    "programmed_kept",
    "committed",
    "committed_kept",
    "declared",
    "created",
    "maintained",
    "left",
)


def _list_words(record: JobRecord, on: date) -> Iterable[str]:
    promised = not _is_past(record.dropped_on, on)
    if promised and _is_past(record.programmed_on, on):
        yield "programmed"
        if record.kept:
            yield "programmed_kept"
    if promised and _is_past(record.committed_on, on):
        yield "committed"
        if record.kept:
            yield "committed_kept"
    if record.hired_on is None or record.hired_on > on:
        return
    if not record.proved:
        yield "declared"
        return
    yield "maintained" if record.kept else "created"
    if _is_past(record.left_on, on):
        yield "left"
    for months in CHECK_MONTHS:
        if compute_check_day(record.hired_on, months) > on:
            continue
        yield f"due_{months}"
        present = find_presence(record, months)
        if present is not None:
            yield f"there_{months}" if present else f"gone_{months}"


def _is_past(day: date | None, on: date) -> bool:
    return day is not None and day <= on


def _divide(amount: Decimal, posts: int) -> Decimal | None:
    return (amount / posts).quantize(_CENT, ROUND_HALF_UP) if posts else None
