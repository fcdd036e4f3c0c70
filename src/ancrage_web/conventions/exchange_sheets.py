"""The sheets of a spreadsheet of a convention: what the template, the import and the export have in common."""

from __future__ import annotations

from collections.abc import Mapping

from ancrage.conventions import ledger, life, requests
from ancrage.conventions.residual import UNIT_NAMES
from ancrage.language import Text
from ancrage_web.conventions.enums import (
    ACTION_NAMES,
    COMMITTEE_NAMES,
    CONTRACT_NAMES,
    FUNDER_NATURE_NAMES,
    OUTCOME_NAMES,
    PARTY_NAMES,
)
from ancrage_web.conventions.exchange_columns import (
    Column,
    Sheet,
    build_action,
    build_choice,
    build_commune,
    build_date,
    build_long,
    build_money,
    build_piece,
    build_request,
    build_whole,
    build_yes,
)
from ancrage_web.conventions.rules import ACTION_FIELDS, CONTRACTUAL

INSOLVENCY_NAMES: dict[str, Text] = {
    "none": Text("none", "aucune"),
    "redressement": Text("receivership (redressement)", "redressement judiciaire"),
    "liquidation": Text("liquidation", "liquidation judiciaire"),
}
OPINION_NAMES: dict[str, Text] = {"CODEFI": Text("CODEFI", "CODEFI"), "CIRI": Text("CIRI", "CIRI")}


_KNOWN: Mapping[str, Text] = {str(key): name for key, name in life.STATUS_NAMES.items()}

CONVENTION = Sheet(
    "convention",
    Text("Convention", "Convention"),
    Text("The convention itself: one field by line.", "La convention elle-même : un champ par ligne."),
    (
        Column("name", Text("Name of the convention", "Nom de la convention"), needed=True),
        build_choice("way", "Way", "Voie", {str(k): v for k, v in life.WAY_NAMES.items()}, default="local"),
        build_choice("status", "Status", "Statut", _KNOWN, default="in_preparation"),
        build_whole("employees", "Employees of the company", "Effectif de l'entreprise"),
        build_whole("group_employees", "Employees of the group", "Effectif du groupe", default=0),
        build_choice("insolvency", "Insolvency proceedings", "Procédure collective", INSOLVENCY_NAMES, default="none"),
        build_yes(
            "affects_basin",
            "The basin is affected (prefect)",
            "Atteinte à l'équilibre du bassin (préfet)",
            Text("empty while the prefect has not said", "vide tant que le préfet ne s'est pas prononcé"),
            default=None,
        ),
        build_whole("dismissed", "Dismissals", "Licenciements"),
        build_whole("redeployed_in_basin", "Redeployed in the basin", "Reclassés dans le bassin", default=0),
        build_whole("redeployed_elsewhere", "Redeployed elsewhere", "Reclassés hors du bassin", default=0),
        build_whole("refilled", "Jobs filled again", "Postes repourvus", default=0),
        build_yes("rcc", "Collective mutual termination (RCC)", "Rupture conventionnelle collective (RCC)"),
        build_whole("departements", "Number of departements", "Nombre de départements", default=1),
        build_date("notified_on", "Project notified on", "Projet notifié le"),
        build_date("decided_on", "Validated or approved on", "Validé ou homologué le"),
        build_date("owed_since", "Decision of the prefect on", "Décision du préfet le"),
        build_date("option_on", "Choice of the company on", "Option de l'entreprise le"),
        build_date("reference_on", "Day of the minimum wage", "Date du SMIC de référence"),
        Column(
            "multiple",
            Text("Monthly minimum wages per job", "Nombre de SMIC mensuels par emploi"),
            "decimal",
            default=None,
            decimals=3,
            highest=999,
        ),
        build_money("amount", "Contribution [EUR]", "Contribution [€]"),
        build_yes("unable", "Cannot bear the floor", "Ne peut supporter le plancher"),
        build_choice("opinion", "Opinion", "Avis", OPINION_NAMES, default=""),
        build_long("reduction_ground", "Ground of the reduction", "Motif de la réduction"),
        build_money("agreement_commitments", "Commitments of the agreement [EUR]", "Engagements de l'accord [€]"),
        build_date("agreement_requested_on", "Agreement submitted on", "Accord déposé le"),
        build_date("framework_signed_on", "Framework signed on", "Convention-cadre signée le"),
        build_date("signed_on", "Signed on", "Signée le"),
        build_date("starts_on", "First day", "Premier jour"),
        build_date("ends_on", "Last day", "Dernier jour"),
        build_yes("special_circumstances", "Special circumstances", "Circonstances particulières"),
        build_long("follow_up", "Follow-up written in the convention", "Suivi prévu par la convention"),
        build_whole("jobs_target", "Jobs aimed at", "Objectif d'emplois"),
        build_long("notes", "Notes", "Notes"),
    ),
    upright=True,
)
PARTIES = Sheet(
    "parties",
    Text("Parties", "Parties"),
    Text("Who signs, pays or carries out; bodies.", "Qui signe, paie ou met en œuvre ; des organismes."),
    (
        build_choice("kind", "Part", "Qualité", PARTY_NAMES),
        Column("name", Text("Name", "Nom"), needed=True),
        Column("siret", Text("SIREN or SIRET", "SIREN ou SIRET"), "siret", longest=14),
        build_commune(),
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
        build_choice("kind", "Kind", "Nature", ACTION_NAMES),
        build_money("budget", "Budget of the convention [EUR]", "Budget de la convention [€]"),
        build_date("deadline", "Deadline", "Échéance"),
        build_whole("jobs_target", "Jobs aimed at", "Objectif d'emplois"),
        Column("operator", Text("Operator", "Opérateur")),
        build_long("terms", "Terms", "Modalités"),
        build_date("started_on", "Started on", "Démarrée le"),
        build_yes("framework_document", "Provided for by the framework", "Prévue par la convention-cadre"),
        build_money("lent", "Lent [EUR]", "Montant prêté [€]"),
        build_money("loan_cost", "Cost of the loans [EUR]", "Coût des prêts [€]"),
        build_money("market_value", "Market value [EUR]", "Valeur vénale [€]"),
        build_money("sale_price", "Sale price [EUR]", "Prix de cession [€]"),
        build_yes("open_to_requests", "Open to requests", "Ouverte aux demandes"),
    ),
    unique=("name",),
)
FUNDERS = Sheet(
    "funders",
    Text("Funders", "Financeurs"),
    Text("Who brings money, and of which nature.", "Qui apporte l'argent, et de quelle nature."),
    (
        Column("name", Text("Funder", "Financeur"), needed=True),
        build_choice("nature", "Nature", "Nature", FUNDER_NATURE_NAMES),
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
        build_commune(),
        Column("activity", Text("Activity", "Activité")),
        build_whole("employees", "Employees", "Effectif"),
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
        build_date("granted_on", "Granted on", "Accordée le", needed=True),
        build_money("amount", "Amount [EUR]", "Montant [€]", needed=True),
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
        build_action(),
        Column("beneficiary", Text("SIREN", "SIREN"), "siren", longest=9, refers="beneficiaries"),
        build_choice("status", "Status", "Statut", {str(k): v for k, v in requests.STATUS_NAMES.items()}),
        build_choice(
            "nature", "Nature", "Nature", {str(k): v for k, v in requests.NATURE_NAMES.items()}, default="grant"
        ),
        build_commune(),
        build_money("project_cost", "Cost of the project [EUR]", "Coût du projet [€]"),
        build_money("amount_asked", "Asked [EUR]", "Demandé [€]"),
        build_money("amount_granted", "Granted [EUR]", "Accordé [€]"),
        build_whole("jobs_created", "Jobs to create", "Emplois à créer", default=0),
        build_whole("jobs_maintained", "Jobs to maintain", "Emplois à maintenir", default=0),
        build_yes("de_minimis", "De minimis", "De minimis", default=True),
        Column("other_basis", Text("Other legal basis", "Autre base juridique"), longest=400),
        build_money("grant_equivalent", "Grant equivalent [EUR]", "Équivalent-subvention [€]"),
        build_date("submitted_on", "Submitted on", "Déposée le"),
        build_date("decided_on", "Decided on", "Décidée le"),
        build_date("agreed_on", "Agreement on", "Convention d'aide le"),
        build_date("ended_on", "Ended on", "Soldée le"),
        build_long("description", "Project", "Projet"),
        build_long("decision_note", "Note of the decision", "Note de la décision"),
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
        build_date("on", "Day", "Date", needed=True),
        build_choice("kind", "Movement", "Mouvement", {str(k): v for k, v in ledger.KIND_NAMES.items()}),
        Column("funder", Text("Funder", "Financeur"), needed=True, refers="funders"),
        build_action(),
        build_request(),
        build_money("amount", "Amount [EUR]", "Montant [€]", needed=True),
        Column("label", Text("Label", "Libellé"), longest=200),
        Column(
            "reverses",
            Text("Reverses No", "Contre-passe le n°"),
            "whole",
            default=None,
            highest=1_000_000,
            note=Text("number of the entry that this one undoes", "numéro de l'écriture que celle-ci annule"),
        ),
        build_piece(
            Text(
                "for your memory: the imported spreadsheet is kept as the document of each entry",
                "pour mémoire : le tableur importé est conservé comme pièce de chaque écriture",
            )
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
        build_request(),
        build_action(),
        build_yes("kept", "Maintained job", "Emploi maintenu"),
        build_choice("contract", "Contract", "Contrat", CONTRACT_NAMES, default=""),
        Column("fte", Text("FTE", "ETP"), "decimal", default=1, highest=1),
        Column("sector", Text("Sector", "Secteur")),
        build_commune(),
        build_date("programmed_on", "Programmed on", "Programmé le"),
        build_date("committed_on", "Committed on", "Engagé le"),
        build_date("hired_on", "Hired or proved on", "Embauche ou maintien prouvé le"),
        build_date("left_on", "Left on", "Départ le"),
        build_yes("present_6", "There at 6 months", "Présent à 6 mois", default=None),
        build_yes("present_12", "There at 12 months", "Présent à 12 mois", default=None),
        build_yes("present_24", "There at 24 months", "Présent à 24 mois", default=None),
        build_piece(),
    ),
)
COMMITTEES = Sheet(
    "committees",
    Text("Committees", "Comités"),
    Text("Committees held or planned.", "Comités tenus ou prévus."),
    (
        build_date("day", "Day", "Date", needed=True),
        build_choice("kind", "Kind", "Nature", COMMITTEE_NAMES, default="follow_up"),
        build_date("report_sent_on", "Report sent on", "Bilan transmis le"),
        build_yes("held", "Held", "Tenu"),
        build_long("agenda", "Agenda", "Ordre du jour"),
        build_long("minutes", "Minutes", "Relevé de décisions"),
        build_long("residual_note", "What becomes of the money left", "Devenir du reliquat"),
        build_piece(),
    ),
    unique=("day",),
)
DECISIONS = Sheet(
    "decisions",
    Text("Decisions", "Décisions"),
    Text("What committees said of requests.", "Ce que les comités ont dit des demandes."),
    (
        Column("committee", Text("Committee of", "Comité du"), "date", needed=True, default=None, refers="committees"),
        build_request(needed=True),
        build_choice("outcome", "Decision", "Décision", OUTCOME_NAMES),
        build_money("amount", "Amount [EUR]", "Montant [€]"),
        build_long("conditions", "Conditions", "Conditions"),
    ),
    unique=("committee", "request"),
)
ENGINEERING = Sheet(
    "engineering",
    Text("Engineering", "Ingénierie"),
    Text("Person-days of providers.", "Jours-personnes des prestataires."),
    (
        Column("provider", Text("Provider", "Prestataire"), needed=True),
        build_date("on", "Day", "Date", needed=True),
        Column("days", Text("Days", "Jours"), "decimal", needed=True, highest=9999),
        build_money("amount", "Amount [EUR]", "Montant [€]", needed=True),
        Column("label", Text("Work", "Travail"), needed=True, longest=200),
        build_action(),
        build_piece(),
    ),
)

NOTES = Sheet(
    "notes",
    Text("Comments", "Commentaires"),
    Text("What the file of a committee says of an action.", "Ce que le dossier d'un comité dit d'une action."),
    (
        Column("committee", Text("Committee of", "Comité du"), "date", needed=True, default=None, refers="committees"),
        build_action(needed=True),
        build_long("text", "Comment", "Commentaire", needed=True),
    ),
    unique=("committee", "action"),
)
USES = Sheet(
    "uses",
    Text("Uses of the residual", "Usages du reliquat"),
    Text("What the money left could pay.", "Ce que le reliquat pourrait payer."),
    (
        Column("name", Text("Use", "Usage"), needed=True),
        build_choice("kind", "Kind", "Nature", ACTION_NAMES),
        build_commune(),
        build_money("cost", "Cost for the convention [EUR]", "Coût pour la convention [€]", needed=True),
        Column(
            "value",
            Text("Value a year", "Valeur par an"),
            "decimal",
            needed=True,
            default=None,
            decimals=6,
        ),
        build_choice("unit", "Unit of the value", "Unité de la valeur", UNIT_NAMES),
        build_date("ready_by", "Ready by", "Prêt le"),
        Column("ground", Text("Where the value comes from", "Origine de la valeur"), needed=True, longest=300),
        build_date("computed_on", "Computed on", "Calculée le"),
    ),
)
# Fields that an amendment changes: where their values stand in the workbook tells how to read them.
AMENDED: dict[str, Column] = {
    **{column.key: column for column in CONVENTION.columns if column.key in CONTRACTUAL},
    "basins": BASINS.columns[1],
    **{column.key: column for column in ACTIONS.columns if column.key in ACTION_FIELDS},
}
_CHANGED = Text(
    "as in its own sheet; basins: one by line, NAME: CODES",
    "comme dans sa propre feuille ; bassins : un par ligne, NOM : CODES",
)
AMENDMENTS = Sheet(
    "amendments",
    Text("Amendments", "Avenants"),
    Text(
        "One line for each value that a signed amendment changed; the other sheets hold the values in force.",
        "Une ligne par valeur changée par un avenant signé ; les autres feuilles portent les valeurs en vigueur.",
    ),
    (
        Column("number", Text("No", "N°"), "whole", needed=True, highest=1_000),
        build_date("signed_on", "Signed on", "Signé le", needed=True),
        build_date("effective_on", "In force from", "Effet au", needed=True),
        build_choice(
            "field",
            "Field",
            "Champ",
            {
                key: BASINS.name if key == "basins" else Text(column.header.en, column.header.fr)
                for key, column in AMENDED.items()
            },
        ),
        build_action(
            Text(
                "for the terms, deadline or budget of an action",
                "pour les modalités, l'échéance ou le budget d'une action",
            )
        ),
        Column("before", Text("Before", "Avant"), "any", default=None, longest=20_000, note=_CHANGED),
        Column("after", Text("After", "Après"), "any", default=None, longest=20_000, note=_CHANGED),
        build_long("reason", "Reason", "Motif", needed=True),
        build_piece(),
    ),
    unique=("number", "field", "action"),
)
REMARKS = Sheet(
    "remarks",
    Text("Remarks", "Remarques"),
    Text("What partners wrote to one another.", "Ce que les partenaires se sont écrit."),
    (
        build_date("day", "Day", "Date", needed=True),
        Column("organisation", Text("Organisation", "Organisation"), needed=True),
        build_request(),
        build_long("text", "Remark", "Remarque", needed=True),
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
    NOTES,
    ENGINEERING,
    USES,
    AMENDMENTS,
    REMARKS,
)
# What the workbooks hold besides, for people: an import leaves them alone.
READ_ME = Text("Read me", "Lisez-moi")
HISTORY: dict[str, Text] = {
    "statuses": Text("Statuses", "Statuts"),
    "partners": Text("Partners", "Partenaires"),
    "documents": Text("Documents", "Documents"),
    "trail": Text("Trail", "Journal"),
}
