"""The tables of the money in the file of a committee: actions, funders, requests, entries, what was owed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ancrage.reports.committee_context import CommitteeContext, count_realised, read_balance, read_number
from ancrage.reports.model import Cell, Table

# Lines of the ledger that a follow-up file and a final balance print; the workbook holds them all. Beyond a thousand a
# document is read by nobody, and its making takes a machine's memory.
MOST_PRINTED, MOST_FINAL = 40, 1_000
_STAGES = ("contributed", "planned", "reserved", "committed", "paid", "given_back", "left", "unplanned", "residual")


def build_actions_table(context: CommitteeContext) -> Table:
    """Build the state of each action: budget, money by stage, jobs."""
    pen, content = context.pen, context.content
    rows: list[tuple[Cell, ...]] = [
        (
            action["name"],
            context.say(action["kind_name"]),
            action["operator"],
            context.short_day(action["deadline"]),
            read_number(action["budget"]),
            *read_balance(action["balance"], "planned", "reserved", "committed", "paid", "given_back", "left"),
            float(count_realised(action["jobs"])),
            read_number(action["jobs_target"]),
        )
        for action in content["actions"]
    ]
    budgets = [Decimal(action["budget"]) for action in content["actions"] if action["budget"] is not None]
    targets = [int(action["jobs_target"]) for action in content["actions"] if action["jobs_target"] is not None]
    rows.append(
        (
            pen.say("Total", "Total"),
            "",
            "",
            "",
            float(sum(budgets, Decimal(0))) if budgets else None,
            *read_balance(content["totals"], "planned", "reserved", "committed", "paid", "given_back", "left"),
            float(sum(count_realised(action["jobs"]) for action in content["actions"])),
            float(sum(targets)) if targets else None,
        )
    )
    return Table(
        "actions",
        pen.say("Actions", "Actions"),
        pen.say("State of each action", "État de chaque action"),
        (
            context.column("name", pen.say("Action", "Action"), width=2.1),
            context.column("kind", pen.say("Nature", "Nature"), printed=False),
            context.column("operator", pen.say("Operator", "Opérateur"), printed=False),
            context.column("deadline", pen.say("Deadline", "Échéance"), printed=False),
            context.money_column("budget", pen.say("Budget of the convention", "Budget de la convention")),
            context.money_column("planned", context.word("balance", "planned")),
            context.money_column("reserved", context.word("balance", "reserved")),
            context.money_column("committed", context.word("balance", "committed")),
            context.money_column("paid", context.word("balance", "paid")),
            context.money_column("given_back", context.word("balance", "given_back"), printed=False),
            context.money_column("left", pen.say("Free", "Libre")),
            context.count_column("realised", pen.say("Jobs", "Emplois"), width=0.85),
            context.count_column("jobs_target", pen.say("Target", "Objectif"), width=0.85),
        ),
        tuple(rows),
        note=pen.say(
            "Jobs: posts created or maintained, proved. Free: planned, neither reserved nor committed.",
            "Emplois : postes créés ou maintenus, justifiés. Libre : programmé, ni réservé ni engagé.",
        ),
    )


def build_funders_table(context: CommitteeContext) -> Table:
    """Build the money of each funder."""
    pen, content = context.pen, context.content
    stages = ("contributed", "planned", "committed", "paid", "residual")
    rows: list[tuple[Cell, ...]] = [
        (funder["name"], context.say(funder["nature_name"]), *read_balance(funder["balance"], *stages))
        for funder in content["funders"]
    ]
    rows.append((pen.say("Total", "Total"), "", *read_balance(content["totals"], *stages)))
    return Table(
        "funders",
        pen.say("Funders", "Financeurs"),
        pen.say("Money of each funder", "L'argent de chaque financeur"),
        (
            context.column("name", pen.say("Funder", "Financeur"), width=1.6),
            context.column("nature", pen.say("Nature", "Nature"), width=1.4),
            *(context.money_column(stage, context.word("balance", stage)) for stage in stages),
        ),
        tuple(rows),
    )


def build_totals_table(context: CommitteeContext) -> Table:
    """Build the amounts of the whole convention with what each word means."""
    pen = context.pen
    return Table(
        "totals",
        pen.say("Totals", "Totaux"),
        pen.say("The money of the convention", "L'argent de la convention"),
        (
            context.column("word", pen.say("Amount", "Montant"), width=1.2),
            context.money_column("amount", pen.say("Euros", "Euros"), width=1.0),
            context.column("meaning", pen.say("What it counts", "Ce qui est compté"), width=3.2),
        ),
        tuple(
            (
                context.word("balance", stage),
                read_number(context.content["totals"][stage]),
                context.word("balance_definitions", stage),
            )
            for stage in _STAGES
        ),
    )


def build_requests_table(context: CommitteeContext, *, to_decide: bool) -> Table:
    """Build the requests to decide, or every request with what became of it."""
    pen = context.pen
    rows = tuple(
        (
            float(request["number"]),
            request["beneficiary"],
            request["siren"],
            request["commune"],
            request["title"],
            request["action_name"],
            context.say(request["nature_name"]),
            context.say(request["status_name"]),
            float(request["jobs_created"]),
            float(request["jobs_maintained"]),
            read_number(request["cost"]),
            read_number(request["asked"]),
            read_number(request["balance"]["reserved"]),
            read_number(request["granted"]),
            read_number(request["balance"]["paid"]),
            context.short_day(request["submitted_on"]),
            context.short_day(request["decided_on"]),
            context.short_day(request["ended_on"]),
        )
        for request in context.content["requests"]
        if request["to_decide"] or not to_decide
    )
    return Table(
        "to_decide" if to_decide else "requests",
        pen.say("To decide", "À décider") if to_decide else pen.say("Requests", "Demandes"),
        pen.say("Requests to decide", "Demandes à décider")
        if to_decide
        else pen.say("Every request of aid", "Toutes les demandes d'aide"),
        (
            context.count_column("number", pen.say("No.", "N°"), width=0.4),
            context.column("beneficiary", pen.say("Beneficiary", "Bénéficiaire"), width=1.7),
            context.column("siren", "SIREN", printed=False),
            context.column("commune", pen.say("Commune (INSEE)", "Commune (INSEE)"), printed=False),
            context.column("title", pen.say("Project", "Projet"), width=1.9),
            context.column("action", pen.say("Action", "Action"), width=2.0, printed=to_decide),
            context.column("nature", pen.say("Nature", "Nature"), printed=False),
            context.column("status", pen.say("Status", "Statut"), width=1.8, printed=not to_decide),
            context.count_column("created", pen.say("Jobs to create", "Emplois à créer"), width=0.75),
            context.count_column(
                "maintained", pen.say("Jobs to keep", "Emplois à maintenir"), width=0.95, printed=to_decide
            ),
            context.money_column("cost", pen.say("Cost of the project", "Coût du projet"), printed=to_decide),
            context.money_column("asked", pen.say("Asked", "Demandé")),
            context.money_column("reserved", pen.say("Proposed", "Proposé"), printed=to_decide),
            context.money_column("granted", pen.say("Granted", "Accordé"), printed=not to_decide),
            context.money_column("paid", context.word("balance", "paid"), printed=not to_decide),
            context.column("submitted_on", pen.say("Submitted", "Déposée le"), printed=False),
            context.column("decided_on", pen.say("Decided", "Décidée le"), printed=False),
            context.column("ended_on", pen.say("Ended", "Soldée le"), printed=False),
        ),
        rows,
    )


def build_entries_table(context: CommitteeContext) -> Table:
    """Build the lines of the ledger: those since the former committee, or all of them for a final balance."""
    pen, entries = context.pen, context.content["entries"]
    since = context.content["former"] is not None and not context.is_final
    rows = tuple(
        (
            float(entry["number"]),
            context.short_day(entry["on"]),
            _name_entry(context, entry),
            entry["funder"],
            entry["action"],
            float(entry["request"]) if entry["request"] else None,
            read_number(entry["amount"] if not entry["reverses"] else f"-{entry['amount']}"),
            entry["document"],
            entry["label"],
        )
        for entry in entries
    )
    return Table(
        "entries",
        pen.say("Ledger", "Registre"),
        pen.say("Entries of the ledger since the former committee", "Écritures depuis le comité précédent")
        if since
        else pen.say("Every entry of the ledger, with its document", "Toutes les écritures, avec leur pièce"),
        (
            context.count_column("number", pen.say("No.", "N°"), width=0.45),
            context.column("on", pen.say("Day", "Date"), width=1.0),
            context.column("kind", pen.say("Entry", "Écriture"), width=1.55),
            context.column("funder", pen.say("Funder", "Financeur"), width=2.1),
            context.column("action", pen.say("Action", "Action"), width=2.1),
            context.count_column("request", pen.say("Request", "Demande"), width=0.8),
            context.money_column("amount", pen.say("Amount", "Montant")),
            context.column("document", pen.say("Document", "Pièce"), width=1.9),
            context.column("label", pen.say("Label", "Libellé"), printed=False),
        ),
        rows,
        note=pen.say(
            "An entry that reverses another one has a minus sign.",
            "Une écriture qui en contre-passe une autre porte le signe moins.",
        )
        if any(entry["reverses"] for entry in entries)
        else "",
        printed_rows=min(len(rows), MOST_FINAL if context.is_final else MOST_PRINTED),
    )


def _name_entry(context: CommitteeContext, entry: dict[str, Any]) -> str:
    name = context.say(entry["kind_name"])
    number = entry["reverses"]
    return context.pen.say(f"{name} (reverses no. {number})", f"{name} (contre-passe n° {number})") if number else name


def build_owed_table(context: CommitteeContext) -> Table | None:
    """Build what was owed, rule by rule, line by line; None where the rules have no fact to work on."""
    pen = context.pen
    rows: list[tuple[Cell, ...]] = []
    groups: dict[int, str] = {}
    for finding in context.content["owed"]:
        groups[len(rows)] = f"{context.say(finding['title'])} – {context.say(finding['article'])}"
        rows += [
            (context.say(line["label"]), _write_value(context, line["value"], line["unit"]))
            for line in finding["lines"]
        ]
        rows.append((context.say(finding["says"]), ""))
    if not rows:
        return None
    return Table(
        "owed",
        pen.say("Owed", "Dû"),
        pen.say("What was owed, line by line", "Ce qui était dû, ligne par ligne"),
        (
            context.column("line", pen.say("Line", "Ligne"), width=4),
            context.column("value", pen.say("Value", "Valeur"), width=1.3, right=True),
        ),
        tuple(rows),
        groups=groups,
        note=pen.say(
            "Texts read in older copies of the code: to be checked against Légifrance.",
            "Textes lus dans des copies anciennes du code : à vérifier sur Légifrance.",
        )
        if any(finding["to_check"] for finding in context.content["owed"])
        else "",
    )


def build_valuations_table(context: CommitteeContext) -> Table | None:
    """Build what loans and property count for (R11, R12), line by line; None without any."""
    pen = context.pen
    rows: list[tuple[Cell, ...]] = []
    groups: dict[int, str] = {}
    for action in context.content["actions"]:
        for finding in action["valuation"]:
            groups[len(rows)] = f"{action['name']} – {context.say(finding['title'])} ({finding['rule']})"
            rows += [
                (context.say(line["label"]), _write_value(context, line["value"], line["unit"]))
                for line in finding["lines"]
            ]
    if not rows:
        return None
    return Table(
        "valuations",
        pen.say("Valuations", "Valorisations"),
        pen.say("What loans and property count for", "Ce que comptent les prêts et les biens"),
        (
            context.column("line", pen.say("Line", "Ligne"), width=4),
            context.column("value", pen.say("Value", "Valeur"), width=1.3, right=True),
        ),
        tuple(rows),
        groups=groups,
    )


def _write_value(context: CommitteeContext, value: str | int | None, unit: str) -> str:
    if value is None:
        return ""
    if unit == "EUR":
        return context.money(str(value))
    text = str(value)
    if len(text) == 10 and text[4] == "-":
        return context.day(text)
    shown = text.replace(".", ",") if context.pen.language == "fr" else text
    return f"{shown} {context.pen.unit(unit)}" if unit else shown
