"""Closed lists of the conventions that the library does not hold already."""

from __future__ import annotations

from django.db import models

from ancrage.language import Text


class PartyKind(models.TextChoices):
    """What a party is to the convention."""

    COMPANY = "company"
    GROUP = "group"
    ESTABLISHMENT = "establishment"
    PREFECT = "prefect"
    EPCI = "epci"
    OPERATOR = "operator"
    OTHER = "other"


class ActionKind(models.TextChoices):
    """What an action pays for."""

    JOBS_AID = "jobs_aid"
    LOANS = "loans"
    PROPERTY = "property"
    THIRD_PLACE = "third_place"
    COACHING = "coaching"
    ENGINEERING = "engineering"
    OTHER = "other"


class FunderNature(models.TextChoices):
    """Whose money it is: what decides of State aid and of the public base of a project."""

    PRIVATE = "private"
    POOLED = "pooled"
    PUBLIC = "public"


class DocumentKind(models.TextChoices):
    """What a document proves."""

    DECISION = "decision"
    CONVENTION = "convention"
    AMENDMENT = "amendment"
    OPINION = "opinion"
    TRANSFER = "transfer"
    AGREEMENT = "agreement"
    PROOF = "proof"
    MINUTES = "minutes"
    OTHER = "other"


class Contract(models.TextChoices):
    """The contract of a job of the register."""

    CDI = "cdi"
    CDD_LONG = "cdd_long"
    CDD_SHORT = "cdd_short"
    INTERIM = "interim"
    APPRENTICESHIP = "apprenticeship"
    SELF_EMPLOYED = "self_employed"


class CommitteeKind(models.TextChoices):
    """What a committee looks at."""

    FOLLOW_UP = "follow_up"
    FINAL = "final"


class Outcome(models.TextChoices):
    """What a committee says of a request."""

    GRANTED = "granted"
    REFUSED = "refused"
    POSTPONED = "postponed"


PARTY_NAMES: dict[str, Text] = {
    PartyKind.COMPANY: Text("company", "entreprise"),
    PartyKind.GROUP: Text("group", "groupe"),
    PartyKind.ESTABLISHMENT: Text("establishment", "établissement"),
    PartyKind.PREFECT: Text("prefect", "préfet"),
    PartyKind.EPCI: Text("EPCI", "EPCI"),
    PartyKind.OPERATOR: Text("operator", "opérateur"),
    PartyKind.OTHER: Text("other partner", "autre partenaire"),
}
ACTION_NAMES: dict[str, Text] = {
    ActionKind.JOBS_AID: Text("aid to firms that create jobs", "aide aux entreprises qui créent des emplois"),
    ActionKind.LOANS: Text("loans", "prêts"),
    ActionKind.PROPERTY: Text("property sold below its price", "cession immobilière sous sa valeur"),
    ActionKind.THIRD_PLACE: Text("third place", "tiers-lieu"),
    ActionKind.COACHING: Text("individual coaching", "accompagnement individuel"),
    ActionKind.ENGINEERING: Text("engineering and follow-up", "ingénierie et suivi"),
    ActionKind.OTHER: Text("other", "autre"),
}
FUNDER_NATURE_NAMES: dict[str, Text] = {
    FunderNature.PRIVATE: Text("private money of the company", "argent privé de l'entreprise"),
    FunderNature.POOLED: Text("pooled fund", "fonds mutualisé"),
    FunderNature.PUBLIC: Text("public money", "argent public"),
}
DOCUMENT_NAMES: dict[str, Text] = {
    DocumentKind.DECISION: Text("decision of the prefect", "décision du préfet"),
    DocumentKind.CONVENTION: Text("signed convention", "convention signée"),
    DocumentKind.AMENDMENT: Text("amendment (avenant)", "avenant"),
    DocumentKind.OPINION: Text("opinion (CODEFI, CIRI, DDFiP)", "avis (CODEFI, CIRI, DDFiP)"),
    DocumentKind.TRANSFER: Text("proof of a transfer of money", "preuve de versement"),
    DocumentKind.AGREEMENT: Text("agreement with a beneficiary", "convention d'aide"),
    DocumentKind.PROOF: Text("proof of an expense or of a job", "justificatif de dépense ou d'emploi"),
    DocumentKind.MINUTES: Text("minutes of a committee", "relevé de décisions du comité"),
    DocumentKind.OTHER: Text("other document", "autre pièce"),
}
CONTRACT_NAMES: dict[str, Text] = {
    Contract.CDI: Text("permanent contract (CDI)", "CDI"),
    Contract.CDD_LONG: Text("fixed-term contract over 6 months", "CDD de plus de 6 mois"),
    Contract.CDD_SHORT: Text("fixed-term contract of 6 months or less", "CDD de 6 mois ou moins"),
    Contract.INTERIM: Text("temporary work", "intérim"),
    Contract.APPRENTICESHIP: Text("apprenticeship", "apprentissage"),
    Contract.SELF_EMPLOYED: Text("self-employed", "indépendant"),
}
COMMITTEE_NAMES: dict[str, Text] = {
    CommitteeKind.FOLLOW_UP: Text("follow-up committee", "comité de suivi"),
    CommitteeKind.FINAL: Text("final committee", "comité final"),
}
OUTCOME_NAMES: dict[str, Text] = {
    Outcome.GRANTED: Text("granted", "accordée"),
    Outcome.REFUSED: Text("refused", "refusée"),
    Outcome.POSTPONED: Text("postponed", "reportée"),
}
