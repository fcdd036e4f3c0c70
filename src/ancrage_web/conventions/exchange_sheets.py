"""The sheets of a spreadsheet of a convention: what the template, the import and the export have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ancrage.conventions import ledger, life, requests
from ancrage.language import Text
from ancrage_web.conventions.enums import (
    ACTION_NAMES,
    COMMITTEE_NAMES,
    CONTRACT_NAMES,
    FUNDER_NATURE_NAMES,
    OUTCOME_NAMES,
    PARTY_NAMES,
)

Format: TypeAlias = Literal[
    "text", "long", "date", "money", "decimal", "whole", "yes_no", "choice", "siren", "siret", "commune", "communes"
]

NOTHING = Text("", "")
INSOLVENCY_NAMES: dict[str, Text] = {
    "none": Text("none", "aucune"),
    "redressement": Text("receivership (redressement)", "redressement judiciaire"),
    "liquidation": Text("liquidation", "liquidation judiciaire"),
}
OPINION_NAMES: dict[str, Text] = {"CODEFI": Text("CODEFI", "CODEFI"), "CIRI": Text("CIRI", "CIRI")}


@dataclass(frozen=True)
class Column:
    """A column of a sheet, or a line of the sheet of the convention itself.

    Attributes
    ----------
    key : field of the model that it fills, or a name of the import's own.
    needed : an empty cell is an error; default : what an empty cell means.
    choices : what is allowed, with its names; longest : characters of a text.
    decimals, highest : of a number; refers : sheet whose rows it names.
    """

    key: str
    header: Text
    format: Format = "text"
    needed: bool = False
    default: object = ""
    choices: Mapping[str, Text] = field(default_factory=dict)
    longest: int = 160
    decimals: int = 2
    highest: int = 2_000_000_000
    refers: str = ""
    note: Text = NOTHING


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns, what it holds.

    Attributes
    ----------
    upright : one field by line (the convention itself) instead of one by column.
    unique : keys of the columns that, together, name a row once.
    """

    key: str
    name: Text
    about: Text
    columns: tuple[Column, ...]
    upright: bool = False
    unique: tuple[str, ...] = ()


def _date(key: str, en: str, fr: str, note: Text = NOTHING, *, needed: bool = False) -> Column:
    return Column(key, Text(en, fr), "date", needed=needed, default=None, note=note)


def _money(key: str, en: str, fr: str, note: Text = NOTHING, *, needed: bool = False) -> Column:
    return Column(key, Text(en, fr), "money", needed=needed, default=None, note=note)


def _whole(key: str, en: str, fr: str, note: Text = NOTHING, *, default: int | None = None) -> Column:
    return Column(key, Text(en, fr), "whole", default=default, note=note)


def _yes(key: str, en: str, fr: str, note: Text = NOTHING, *, default: bool | None = False) -> Column:
    return Column(key, Text(en, fr), "yes_no", default=default, note=note)


def _long(key: str, en: str, fr: str, note: Text = NOTHING) -> Column:
    return Column(key, Text(en, fr), "long", longest=20_000, note=note)


def _commune(key: str = "commune") -> Column:
    note = Text("INSEE code, five characters: 01004, 2A004", "code INSEE, cinq caractères : 01004, 2A004")
    return Column(key, Text("Commune (INSEE code)", "Commune (code INSEE)"), "commune", longest=5, note=note)


def _action(*, needed: bool = False) -> Column:
    note = Text("name of an action of the sheet Actions", "nom d'une action de la feuille Actions")
    return Column("action", Text("Action", "Action"), needed=needed, refers="actions", note=note)


def _request(*, needed: bool = False) -> Column:
    note = Text("number of the sheet Requests", "numéro de la feuille Demandes")
    return Column(
        "request",
        Text("Request No", "N° de demande"),
        "whole",
        needed=needed,
        default=None,
        refers="requests",
        note=note,
    )


def _choice(key: str, en: str, fr: str, choices: Mapping[str, Text], *, default: object = None) -> Column:
    needed = default is None
    return Column(key, Text(en, fr), "choice", needed=needed, default=default, choices=choices)


_KNOWN: Mapping[str, Text] = {str(key): name for key, name in life.STATUS_NAMES.items()}

CONVENTION = Sheet(
    "convention",
    Text("Convention", "Convention"),
    Text("The convention itself: one field by line.", "La convention elle-même : un champ par ligne."),
    (
        Column("name", Text("Name of the convention", "Nom de la convention"), needed=True),
        _choice("way", "Way", "Voie", {str(k): v for k, v in life.WAY_NAMES.items()}, default="local"),
        _choice("status", "Status", "Statut", _KNOWN, default="in_preparation"),
        _whole("employees", "Employees of the company", "Effectif de l'entreprise"),
        _whole("group_employees", "Employees of the group", "Effectif du groupe", default=0),
        _choice("insolvency", "Insolvency proceedings", "Procédure collective", INSOLVENCY_NAMES, default="none"),
        _yes(
            "affects_basin",
            "The basin is affected (prefect)",
            "Atteinte à l'équilibre du bassin (préfet)",
            Text("empty while the prefect has not said", "vide tant que le préfet ne s'est pas prononcé"),
            default=None,
        ),
        _whole("dismissed", "Dismissals", "Licenciements"),
        _whole("redeployed_in_basin", "Redeployed in the basin", "Reclassés dans le bassin", default=0),
        _whole("redeployed_elsewhere", "Redeployed elsewhere", "Reclassés hors du bassin", default=0),
        _whole("refilled", "Jobs filled again", "Postes repourvus", default=0),
        _yes("rcc", "Collective mutual termination (RCC)", "Rupture conventionnelle collective (RCC)"),
        _whole("departements", "Number of departements", "Nombre de départements", default=1),
        _date("notified_on", "Project notified on", "Projet notifié le"),
        _date("decided_on", "Validated or approved on", "Validé ou homologué le"),
        _date("owed_since", "Decision of the prefect on", "Décision du préfet le"),
        _date("option_on", "Choice of the company on", "Option de l'entreprise le"),
        _date("reference_on", "Day of the minimum wage", "Date du SMIC de référence"),
        Column(
            "multiple",
            Text("Monthly minimum wages per job", "Nombre de SMIC mensuels par emploi"),
            "decimal",
            default=None,
            decimals=3,
            highest=999,
        ),
        _money("amount", "Contribution [EUR]", "Contribution [€]"),
        _yes("unable", "Cannot bear the floor", "Ne peut supporter le plancher"),
        _choice("opinion", "Opinion", "Avis", OPINION_NAMES, default=""),
        _long("reduction_ground", "Ground of the reduction", "Motif de la réduction"),
        _money("agreement_commitments", "Commitments of the agreement [EUR]", "Engagements de l'accord [€]"),
        _date("agreement_requested_on", "Agreement submitted on", "Accord déposé le"),
        _date("framework_signed_on", "Framework signed on", "Convention-cadre signée le"),
        _date("signed_on", "Signed on", "Signée le"),
        _date("starts_on", "First day", "Premier jour"),
        _date("ends_on", "Last day", "Dernier jour"),
        _yes("special_circumstances", "Special circumstances", "Circonstances particulières"),
        _long("follow_up", "Follow-up written in the convention", "Suivi prévu par la convention"),
        _whole("jobs_target", "Jobs aimed at", "Objectif d'emplois"),
        _long("notes", "Notes", "Notes"),
    ),
    upright=True,
)
PARTIES = Sheet(
    "parties",
    Text("Parties", "Parties"),
    Text("Who signs, pays or carries out; bodies.", "Qui signe, paie ou met en œuvre ; des organismes."),
    (
        _choice("kind", "Part", "Qualité", PARTY_NAMES),
        Column("name", Text("Name", "Nom"), needed=True),
        Column("siret", Text("SIREN or SIRET", "SIREN ou SIRET"), "siret", longest=14),
        _commune(),
    ),
    unique=("kind", "name"),
)
BASINS = Sheet(
    "basins",
    Text("Basins", "Bassins"),
    Text("Employment basins and their communes.", "Bassins d'emploi et leurs communes."),
    (
        Column("name", Text("Basin", "Bassin"), needed=True),
        Column(
            "communes",
            Text("Communes (INSEE codes)", "Communes (codes INSEE)"),
            "communes",
            needed=True,
            longest=20_000,
            note=Text("five characters each, separated by spaces", "cinq caractères chacun, séparés par des espaces"),
        ),
    ),
    unique=("name",),
)
ACTIONS = Sheet(
    "actions",
    Text("Actions", "Actions"),
    Text("Measures of the convention, in order.", "Actions de la convention, dans l'ordre."),
    (
        Column("name", Text("Action", "Action"), needed=True),
        _choice("kind", "Kind", "Nature", ACTION_NAMES),
        _money("budget", "Budget of the convention [EUR]", "Budget de la convention [€]"),
        _date("deadline", "Deadline", "Échéance"),
        _whole("jobs_target", "Jobs aimed at", "Objectif d'emplois"),
        Column("operator", Text("Operator", "Opérateur")),
        _long("terms", "Terms", "Modalités"),
        _date("started_on", "Started on", "Démarrée le"),
        _yes("framework_document", "Provided for by the framework", "Prévue par la convention-cadre"),
        _money("lent", "Lent [EUR]", "Montant prêté [€]"),
        _money("loan_cost", "Cost of the loans [EUR]", "Coût des prêts [€]"),
        _money("market_value", "Market value [EUR]", "Valeur vénale [€]"),
        _money("sale_price", "Sale price [EUR]", "Prix de cession [€]"),
        _yes("open_to_requests", "Open to requests", "Ouverte aux demandes"),
    ),
    unique=("name",),
)
FUNDERS = Sheet(
    "funders",
    Text("Funders", "Financeurs"),
    Text("Who brings money, and of which nature.", "Qui apporte l'argent, et de quelle nature."),
    (
        Column("name", Text("Funder", "Financeur"), needed=True),
        _choice("nature", "Nature", "Nature", FUNDER_NATURE_NAMES),
    ),
    unique=("name",),
)
BENEFICIARIES = Sheet(
    "beneficiaries",
    Text("Beneficiaries", "Bénéficiaires"),
    Text("Firms and associations that are helped.", "Entreprises et associations aidées."),
    (
        Column("siren", Text("SIREN", "SIREN"), "siren", needed=True, longest=9),
        Column("name", Text("Name", "Nom"), needed=True),
        _commune(),
        Column("activity", Text("Activity", "Activité")),
        _whole("employees", "Employees", "Effectif"),
        Column(
            "undertaking",
            Text("Single undertaking", "Entreprise unique"),
            note=Text("same words for linked companies", "mêmes mots pour des sociétés liées"),
        ),
    ),
    unique=("siren",),
)
DECLARED = Sheet(
    "declared_aids",
    Text("Declared aids", "Aides déclarées"),
    Text("De minimis aids granted elsewhere.", "Aides de minimis accordées ailleurs."),
    (
        Column("beneficiary", Text("SIREN", "SIREN"), "siren", needed=True, longest=9, refers="beneficiaries"),
        _date("granted_on", "Granted on", "Accordée le", needed=True),
        _money("amount", "Amount [EUR]", "Montant [€]", needed=True),
        Column("source", Text("Granted by", "Accordée par"), needed=True),
    ),
)
REQUESTS = Sheet(
    "requests",
    Text("Requests", "Demandes"),
    Text("Requests of aid, from the sheet to the end.", "Demandes d'aide, de la fiche au solde."),
    (
        Column("number", Text("No", "N°"), "whole", needed=True, highest=1_000_000),
        Column("title", Text("Title", "Intitulé"), longest=200),
        _action(),
        Column("beneficiary", Text("SIREN", "SIREN"), "siren", longest=9, refers="beneficiaries"),
        _choice("status", "Status", "Statut", {str(k): v for k, v in requests.STATUS_NAMES.items()}),
        _choice("nature", "Nature", "Nature", {str(k): v for k, v in requests.NATURE_NAMES.items()}, default="grant"),
        _commune(),
        _money("project_cost", "Cost of the project [EUR]", "Coût du projet [€]"),
        _money("amount_asked", "Asked [EUR]", "Demandé [€]"),
        _money("amount_granted", "Granted [EUR]", "Accordé [€]"),
        _whole("jobs_created", "Jobs to create", "Emplois à créer", default=0),
        _whole("jobs_maintained", "Jobs to maintain", "Emplois à maintenir", default=0),
        _yes("de_minimis", "De minimis", "De minimis", default=True),
        Column("other_basis", Text("Other legal basis", "Autre base juridique"), longest=400),
        _money("grant_equivalent", "Grant equivalent [EUR]", "Équivalent-subvention [€]"),
        _date("submitted_on", "Submitted on", "Déposée le"),
        _date("decided_on", "Decided on", "Décidée le"),
        _date("agreed_on", "Agreement on", "Convention d'aide le"),
        _date("ended_on", "Ended on", "Soldée le"),
        _long("description", "Project", "Projet"),
        _long("decision_note", "Note of the decision", "Note de la décision"),
        Column("contact_email", Text("E-mail", "Courriel"), longest=254),
    ),
    unique=("number",),
)
LEDGER = Sheet(
    "ledger",
    Text("Ledger", "Écritures"),
    Text("Every movement of money, oldest first.", "Tous les mouvements d'argent, du plus ancien au plus récent."),
    (
        Column("number", Text("No", "N°"), "whole", needed=True, highest=1_000_000),
        _date("on", "Day", "Date", needed=True),
        _choice("kind", "Movement", "Mouvement", {str(k): v for k, v in ledger.KIND_NAMES.items()}),
        Column("funder", Text("Funder", "Financeur"), needed=True, refers="funders"),
        _action(),
        _request(),
        _money("amount", "Amount [EUR]", "Montant [€]", needed=True),
        Column("label", Text("Label", "Libellé"), longest=200),
        Column(
            "reverses",
            Text("Reverses No", "Contre-passe le n°"),
            "whole",
            default=None,
            highest=1_000_000,
            note=Text("number of the entry that this one undoes", "numéro de l'écriture que celle-ci annule"),
        ),
        Column(
            "piece",
            Text("Document", "Pièce"),
            longest=200,
            note=Text(
                "for your memory: the imported spreadsheet is kept as the document of each entry",
                "pour mémoire : le tableur importé est conservé comme pièce de chaque écriture",
            ),
        ),
    ),
    unique=("number",),
)
JOBS = Sheet(
    "jobs",
    Text("Jobs", "Emplois"),
    Text("One line for each post, never a person.", "Une ligne par poste, jamais une personne."),
    (
        Column("label", Text("Post", "Poste"), needed=True),
        _request(),
        _action(),
        _yes("kept", "Maintained job", "Emploi maintenu"),
        _choice("contract", "Contract", "Contrat", CONTRACT_NAMES, default=""),
        Column("fte", Text("FTE", "ETP"), "decimal", default=1, highest=1),
        Column("sector", Text("Sector", "Secteur")),
        _commune(),
        _date("programmed_on", "Programmed on", "Programmé le"),
        _date("committed_on", "Committed on", "Engagé le"),
        _date("hired_on", "Hired or proved on", "Embauche ou maintien prouvé le"),
        _date("left_on", "Left on", "Départ le"),
        _yes("present_6", "There at 6 months", "Présent à 6 mois", default=None),
        _yes("present_12", "There at 12 months", "Présent à 12 mois", default=None),
        _yes("present_24", "There at 24 months", "Présent à 24 mois", default=None),
    ),
)
COMMITTEES = Sheet(
    "committees",
    Text("Committees", "Comités"),
    Text("Committees held or planned.", "Comités tenus ou prévus."),
    (
        _date("day", "Day", "Date", needed=True),
        _choice("kind", "Kind", "Nature", COMMITTEE_NAMES, default="follow_up"),
        _date("report_sent_on", "Report sent on", "Bilan transmis le"),
        _yes("held", "Held", "Tenu"),
        _long("agenda", "Agenda", "Ordre du jour"),
        _long("minutes", "Minutes", "Relevé de décisions"),
    ),
    unique=("day",),
)
DECISIONS = Sheet(
    "decisions",
    Text("Decisions", "Décisions"),
    Text("What committees said of requests.", "Ce que les comités ont dit des demandes."),
    (
        Column("committee", Text("Committee of", "Comité du"), "date", needed=True, default=None, refers="committees"),
        _request(needed=True),
        _choice("outcome", "Decision", "Décision", OUTCOME_NAMES),
        _money("amount", "Amount [EUR]", "Montant [€]"),
        _long("conditions", "Conditions", "Conditions"),
    ),
    unique=("committee", "request"),
)
ENGINEERING = Sheet(
    "engineering",
    Text("Engineering", "Ingénierie"),
    Text("Person-days of providers.", "Jours-personnes des prestataires."),
    (
        Column("provider", Text("Provider", "Prestataire"), needed=True),
        _date("on", "Day", "Date", needed=True),
        Column("days", Text("Days", "Jours"), "decimal", needed=True, highest=9999),
        _money("amount", "Amount [EUR]", "Montant [€]", needed=True),
        Column("label", Text("Work", "Travail"), needed=True, longest=200),
        _action(),
    ),
)

SHEETS: tuple[Sheet, ...] = (
    CONVENTION,
    PARTIES,
    BASINS,
    ACTIONS,
    FUNDERS,
    BENEFICIARIES,
    DECLARED,
    REQUESTS,
    LEDGER,
    JOBS,
    COMMITTEES,
    DECISIONS,
    ENGINEERING,
)
# What the workbooks hold besides, for people: an import leaves them alone.
READ_ME = Text("Read me", "Lisez-moi")
HISTORY: dict[str, Text] = {
    "amendments": Text("Amendments", "Avenants"),
    "statuses": Text("Statuses", "Statuts"),
    "remarks": Text("Remarks", "Remarques"),
    "documents": Text("Documents", "Documents"),
    "trail": Text("Trail", "Journal"),
}
