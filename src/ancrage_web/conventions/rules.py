"""Rules of the facts of a convention that need no database: which fields, which are fixed, what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from ancrage.errors import InputError
from ancrage.language import Text, format_money

if TYPE_CHECKING:
    from ancrage.parameters import Parameters

# Longest texts, as the model has them; those without a limit there are kept readable.
TEXT_LENGTH = 20_000
# Statuses in which the text of the convention is signed: what it says changes by an amendment only.
SIGNED = frozenset({"signed", "running", "closing", "closed"})
AMENDABLE = frozenset({"signed", "running", "closing"})

FIELD_NAMES: dict[str, Text] = {
    "name": Text("Name of the convention", "Nom de la convention"),
    "way": Text("Way", "Voie choisie"),
    "notes": Text("Notes", "Notes"),
    "employees": Text("Employees of the company", "Effectif de l'entreprise"),
    "group_employees": Text("Employees of the group", "Effectif du groupe"),
    "insolvency": Text("Insolvency proceedings", "Procédure collective"),
    "affects_basin": Text("Effect on the balance of the basin", "Effet sur l'équilibre du bassin"),
    "dismissed": Text("Employees dismissed", "Salariés licenciés"),
    "redeployed_in_basin": Text("Redeployed in the basin", "Reclassés dans le bassin"),
    "redeployed_elsewhere": Text("Redeployed elsewhere", "Reclassés ailleurs"),
    "refilled": Text("Posts refilled", "Postes remplacés"),
    "rcc": Text("Rupture conventionnelle collective", "Rupture conventionnelle collective"),
    "departements": Text("Départements where jobs are cut", "Départements où des emplois sont supprimés"),
    "notified_on": Text("Notification of the redundancy project", "Notification du projet de licenciement"),
    "decided_on": Text("Validation or homologation of the plan", "Validation ou homologation du plan"),
    "owed_since": Text("Decision of the prefect", "Décision d'assujettissement du préfet"),
    "option_on": Text("Choice of the company", "Option de l'entreprise"),
    "reference_on": Text("Day of reference of the minimum wage", "Date de référence du SMIC"),
    "multiple": Text("Monthly minimum wages per job", "Nombre de SMIC mensuels par emploi"),
    "amount": Text("Contribution", "Contribution"),
    "unable": Text("Company unable to bear the least contribution", "Entreprise hors d'état d'assumer le minimum"),
    "opinion": Text("Opinion received", "Avis recueilli"),
    "reduction_ground": Text("Ground of the reduction", "Motif de la réduction"),
    "agreement_commitments": Text("Commitments of the collective agreement", "Engagements de l'accord collectif"),
    "agreement_requested_on": Text("Agreement asked for instead", "Demande de substitution de l'accord"),
    "framework_signed_on": Text("Signature of the national framework", "Signature de la convention-cadre nationale"),
    "signed_on": Text("Signature of the convention", "Signature de la convention"),
    "starts_on": Text("First day", "Premier jour"),
    "ends_on": Text("Last day", "Dernier jour"),
    "special_circumstances": Text("Special circumstances", "Circonstances particulières"),
    "follow_up": Text("Follow-up and evaluation", "Modalités de suivi et d'évaluation"),
    "jobs_target": Text("Jobs aimed at", "Objectif d'emplois"),
    "basins": Text("Employment basins", "Bassins d'emploi"),
}
# What the signed text says (D1233-40): changed by an amendment once it is signed.
CONTRACTUAL: tuple[str, ...] = (
    "dismissed",
    "redeployed_in_basin",
    "redeployed_elsewhere",
    "refilled",
    "reference_on",
    "multiple",
    "amount",
    "unable",
    "opinion",
    "reduction_ground",
    "starts_on",
    "ends_on",
    "special_circumstances",
    "follow_up",
    "jobs_target",
)
ACTION_FIELDS: dict[str, Text] = {
    "terms": Text("terms", "modalités"),
    "deadline": Text("deadline", "échéance"),
    "budget": Text("budget", "budget"),
}
# The trail keeps that these changed, not what they say.
FREE_TEXTS = frozenset({"name", "notes", "reduction_ground", "follow_up"})
OPEN_WHEN_CLOSED = frozenset({"name", "notes"})
FACTS: tuple[str, ...] = tuple(name for name in FIELD_NAMES if name != "basins")
INSOLVENCY_NAMES: dict[str, Text] = {
    "none": Text("none", "aucune"),
    "redressement": Text("redressement judiciaire", "redressement judiciaire"),
    "liquidation": Text("liquidation judiciaire", "liquidation judiciaire"),
}
_ORDERED: tuple[tuple[str, str], ...] = (
    ("notified_on", "decided_on"),
    ("owed_since", "option_on"),
    ("starts_on", "ends_on"),
    ("signed_on", "ends_on"),
)


@dataclass(frozen=True)
class Change:
    """A field that two people left with different values: the saved one, and the one that was refused."""

    field: str
    theirs: Any
    yours: Any


class ConflictError(InputError):
    """Someone saved meanwhile: nothing was written, and both values of each field are told.

    Attributes
    ----------
    saved : the convention as it is stored now; changes : the fields that differ.
    """

    def __init__(self, saved: Any, changes: Sequence[Change]) -> None:
        en = ", ".join(FIELD_NAMES[change.field].en.lower() for change in changes)
        fr = ", ".join(FIELD_NAMES[change.field].fr.lower() for change in changes)
        super().__init__(
            f"Someone saved this convention while you were changing it. Your version differs on: {en}. Nothing was "
            "overwritten: choose what to keep, then save again.",
            "Quelqu'un a enregistré cette convention pendant que vous la modifiiez. Votre version diffère sur : "
            f"{fr}. Rien n'a été écrasé : choisissez ce que vous gardez, puis enregistrez à nouveau.",
        )
        self.saved = saved
        self.changes = tuple(changes)


class FactsError(InputError):
    """Facts that cannot be stored.

    Attributes
    ----------
    fields : the sentence about each field refused, by its name.
    """

    def __init__(self, fields: Mapping[str, Text]) -> None:
        super().__init__(
            " ".join(f"{FIELD_NAMES[name].en}: {text.en}" for name, text in fields.items()),
            " ".join(f"{FIELD_NAMES[name].fr} : {text.fr}" for name, text in fields.items()),
        )
        self.fields = dict(fields)


def check_consistent(facts: Any) -> None:
    """Refuse facts that contradict each other.

    Parameters
    ----------
    facts : a convention, or anything with its fields.

    Raises
    ------
    FactsError
        Says which field, and what to correct.
    """
    problems: dict[str, Text] = {}
    if not facts.name.strip():
        problems["name"] = Text("it is empty. Write one.", "vide. Écrivez-le.")
    for before, after in _ORDERED:
        first, last = getattr(facts, before), getattr(facts, after)
        if first is not None and last is not None and last < first:
            problems[after] = Text(
                f"{last} comes before {first} ({FIELD_NAMES[before].en.lower()}). Correct one of the two days.",
                f"le {last:%d/%m/%Y} précède le {first:%d/%m/%Y} ({FIELD_NAMES[before].fr.lower()}). Corrigez l'une "
                "des deux dates.",
            )
    kept = facts.redeployed_in_basin + facts.redeployed_elsewhere
    if facts.way == "framework" and facts.rcc:
        kept += facts.refilled
    if facts.dismissed is not None and kept > facts.dismissed:
        problems["dismissed"] = Text(
            f"{facts.dismissed} people are dismissed, but {kept} are redeployed or replaced. Correct one of the "
            "numbers.",
            f"{facts.dismissed} salariés sont licenciés, mais {kept} sont reclassés ou remplacés. Corrigez l'un des "
            "nombres.",
        )
    if facts.departements < 1:
        problems["departements"] = Text("at least 1. Count that of the site.", "au moins 1. Comptez celui du site.")
    if facts.status in SIGNED and facts.signed_on is None:
        problems["signed_on"] = Text(
            "the convention is signed: its day cannot be emptied.",
            "la convention est signée : sa date ne peut pas être effacée.",
        )
    if problems:
        raise FactsError(problems)


def list_locked(status: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fields whose change the status refuses.

    Once the convention is signed, what it says is changed by an amendment; what was never filled in can still be.
    Once it is closed, only its name and its notes are.
    """
    changed = [name for name in after if before.get(name) != after[name]]
    if status == "closed":
        return tuple(name for name in changed if name not in OPEN_WHEN_CLOSED)
    if status in SIGNED:
        # "Way" is decided before the signature, and is no field of an amendment.
        fixed = {*CONTRACTUAL, "way"}
        return tuple(name for name in changed if name in fixed and before.get(name) not in (None, ""))
    return ()


def list_obstacles(
    *,
    open_requests: int,
    reserved: Decimal,
    committed: Decimal,
    final_held: bool,
    final_frozen: bool,
    final_current: bool,
) -> tuple[Text, ...]:
    """Return what stands in the way of closing a convention, a sentence each; nothing when it can be closed.

    Parameters
    ----------
    open_requests : requests of aid that are neither refused, ended nor withdrawn.
    reserved, committed : money set aside for a request, or committed and not paid [EUR].
    final_held : the final committee was held; final_frozen : its final balance is frozen (D1233-42);
        final_current : its amounts are still those of the ledger.
    """
    found = []
    if open_requests:
        found.append(
            Text(
                f"{open_requests} request(s) of aid are still open: end, refuse or withdraw each of them.",
                f"{open_requests} demande(s) d'aide ne sont pas closes : soldez, refusez ou retirez chacune.",
            )
        )
    if reserved > 0:
        found.append(
            Text(
                f"{format_money(reserved, 'en')} are still reserved for requests: release them, or take them to the "
                "committee.",
                f"{format_money(reserved, 'fr')} sont encore réservés à des demandes : levez les réservations, ou "
                "présentez les demandes au comité.",
            )
        )
    if committed > 0:
        found.append(
            Text(
                f"{format_money(committed, 'en')} are committed and not paid: pay them, or take the commitment back.",
                f"{format_money(committed, 'fr')} sont engagés et non payés : payez-les, ou dégagez-les.",
            )
        )
    if not final_frozen:
        found.append(
            Text(
                "The final balance is not frozen: freeze the file of the final committee.",
                "Le bilan final n'est pas figé : figez le dossier du comité final.",
            )
        )
    elif not final_current:
        found.append(
            Text(
                "The ledger changed since the final balance was frozen: freeze it again, for another final committee "
                "if the minutes of the former one are recorded.",
                "Le registre a changé depuis que le bilan final a été figé : figez-le à nouveau, pour un autre comité "
                "final si les décisions du précédent sont enregistrées.",
            )
        )
    if not final_held:
        found.append(
            Text(
                "The final committee was not held: record its minutes.",
                "Le comité final n'a pas été tenu : enregistrez son relevé de décisions.",
            )
        )
    return tuple(found)


def pack_value(value: Any) -> Any:
    """Return a value as JSON stores it: days and amounts as text."""
    return str(value) if isinstance(value, date | Decimal) else value


@cache
def get_parameters() -> Parameters:
    """Return the dated parameters of the rules, read once by process."""
    from ancrage.parameters import load_parameters

    return load_parameters()
