"""What a rule returns: what it says, where it is written, how it was computed and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from ancrage.language import Text
from ancrage.parameters import Parameters

Level: TypeAlias = Literal["ok", "warning", "error", "human"]
Amount: TypeAlias = Decimal | date | int | str | None

LEVEL_NAMES: dict[Level, Text] = {
    "ok": Text("in order", "conforme"),
    "warning": Text("warning", "avertissement"),
    "error": Text("not allowed", "non conforme"),
    "human": Text("to be decided by a person", "à décider par une personne"),
}

NOTHING = Text("", "")

LABOUR = "https://www.legifrance.gouv.fr/codes/texte_lc/LEGITEXT000006072050/"
LOCAL = "https://www.legifrance.gouv.fr/codes/texte_lc/LEGITEXT000006070633/"
TAX = "https://www.legifrance.gouv.fr/codes/texte_lc/LEGITEXT000006069577/"


@dataclass(frozen=True)
class Rule:
    """A rule of law or of practice.

    Attributes
    ----------
    id : "R1" to "R24"; article : where it is written.
    to_check : the text was read in an old or indirect copy; the interface says so with `link`.
    link : the code on Légifrance, where the article is to be looked up; empty for a practice.
    since : first day the rule holds for as coded here, None when it is not known.
    """

    id: str
    title: Text
    article: Text
    to_check: bool
    link: str = ""
    since: date | None = None


@dataclass(frozen=True)
class Line:
    """One line of a computation: what, how much, in which unit ("EUR", "jobs", "", ...)."""

    label: Text
    value: Amount
    unit: str = ""


@dataclass(frozen=True)
class Finding:
    """What a rule says of a case.

    Attributes
    ----------
    value : the amount, date or number that the rule gives, None where it only allows or refuses.
    says : in one sentence; todo : what to do next, empty when nothing.
    lines : the computation, in order.
    until : last day the answer holds for, where the law or a parameter is known to change; None otherwise.
    about : "basins" or "actions" where the rule speaks of these, empty for the facts of the convention.
    """

    rule: Rule
    level: Level
    says: Text
    value: Amount = None
    lines: tuple[Line, ...] = ()
    todo: Text = NOTHING
    until: date | None = None
    about: str = ""


def read_exact(parameters: Parameters, name: str, on: date | None = None) -> Decimal:
    """Return a parameter as the exact decimal number written in its file (2, 0.3), never through binary arithmetic."""
    return Decimal(f"{parameters.get(name, on).value:.15g}")


def _labour(number: str, en: str, fr: str, article: str, *, to_check: bool = True, since: date | None = None) -> Rule:
    return Rule(
        number,
        Text(en, fr),
        Text(f"Code du travail, {article}", f"Code du travail, {article}"),
        to_check,
        LABOUR,
        since,
    )


RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        _labour(
            "R1", "Who owes a contribution", "Qui doit une contribution", "L1233-71, L1233-84, L1233-87, L1237-19-9"
        ),
        _labour("R2", "Time of the prefect", "Délai du préfet", "D1233-38"),
        _labour("R3", "Choice of the company", "Option de l'entreprise", "D1233-39"),
        _labour("R4", "Signature", "Signature", "L1233-85"),
        _labour("R5", "National framework", "Convention-cadre nationale", "L1233-90-1, L1237-19-14"),
        _labour("R6", "Duration", "Durée", "D1233-40, 3°"),
        _labour("R7", "Number of jobs removed", "Nombre d'emplois supprimés", "D1233-43"),
        _labour("R8", "Least contribution", "Contribution minimale", "L1233-86, D1233-43"),
        _labour("R9", "Contribution without a convention", "Contribution faute de convention", "L1233-86, D1233-44"),
        Rule(
            "R10",
            Text("Usual highest contribution", "Contribution haute d'usage"),
            Text("practice (Cour des comptes, 2015)", "pratique (Cour des comptes, 2015)"),
            to_check=False,
        ),
        _labour("R11", "Value of loans", "Valorisation des prêts", "D1233-41, I"),
        _labour("R12", "Value of property", "Valorisation d'un bien", "D1233-41"),
        _labour("R13", "Earlier voluntary measures", "Mesures volontaires antérieures", "D1233-41, II"),
        _labour("R14", "Mandatory content", "Contenu obligatoire", "D1233-40"),
        _labour("R15", "Follow-up committee", "Comité de suivi", "D1233-42"),
        _labour("R16", "Collective agreement instead", "Accord collectif à la place", "L1233-85, alinéa 2"),
        Rule(
            "R17",
            Text("De minimis aid", "Aides de minimis"),
            Text("Regulation (EU) 2023/2831, article 3", "Règlement (UE) 2023/2831, article 3"),
            to_check=False,
            since=date(2024, 1, 1),
        ),
        Rule(
            "R18",
            Text("Own share of the project owner", "Participation minimale du maître d'ouvrage"),
            Text("CGCT, L1111-10, III", "CGCT, L1111-10, III"),
            to_check=True,
            link=LOCAL,
        ),
        Rule(
            "R19",
            Text("DETR grant", "Subvention DETR"),
            Text("CGCT, R2334-27", "CGCT, R2334-27"),
            to_check=True,
            link=LOCAL,
        ),
        Rule(
            "R20",
            Text("Rural revitalisation zone (FRR)", "France ruralités revitalisation (FRR)"),
            Text("CGI, 44 quindecies A", "CGI, 44 quindecies A"),
            to_check=True,
            link=TAX,
            since=date(2024, 7, 1),
        ),
        Rule(
            "R21",
            Text("Telework of a public agent", "Télétravail d'un agent public"),
            Text("Décret 2016-151, article 3", "Décret 2016-151, article 3"),
            to_check=False,
        ),
        Rule(
            "R22",
            Text("Exempt telework allowance", "Allocation de télétravail exonérée"),
            Text("BOSS, URSSAF scale", "BOSS, barème URSSAF"),
            to_check=True,
        ),
        Rule(
            "R23",
            Text("Kilometre scale", "Barème kilométrique"),
            Text("CGI, 83, 3°", "CGI, 83, 3°"),
            to_check=True,
            link=TAX,
        ),
        Rule(
            "R24",
            Text("Keeping of personal data", "Conservation des données personnelles"),
            Text("GDPR; CNIL reference 2021-028, by analogy", "RGPD ; référentiel CNIL 2021-028, par analogie"),
            to_check=True,
        ),
    )
}
