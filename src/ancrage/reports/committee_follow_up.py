"""The tables of what is followed in the file of a committee: jobs, engineering, deadlines, rules, changes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ancrage.conventions.committee_comparison import Change, Comparison, RequestChange
from ancrage.reports.committee_context import CommitteeContext, read_number
from ancrage.reports.model import Cell, Column, Table

_WORDS = ("programmed", "committed", "declared", "created", "maintained", "left")


def build_jobs_table(context: CommitteeContext) -> Table:
    """Build the posts word by word, each with its one definition."""
    pen, jobs = context.pen, context.content["jobs"]
    rows: list[tuple[Cell, ...]] = [
        (
            context.word("jobs", word),
            float(jobs[word]["posts"]),
            read_number(jobs[word]["fte"]),
            None,
            None,
            context.word("job_definitions", word),
        )
        for word in _WORDS
    ]
    for word in ("present_6", "present_12", "present_24"):
        presence = jobs[word]
        unknown = presence["due"]["posts"] - presence["present"]["posts"] - presence["absent"]["posts"]
        rows.append(
            (
                context.word("jobs", word),
                float(presence["present"]["posts"]),
                read_number(presence["present"]["fte"]),
                float(presence["due"]["posts"]),
                float(unknown),
                context.word("job_definitions", word),
            )
        )
    return Table(
        "jobs",
        pen.say("Jobs", "Emplois"),
        pen.say("Jobs, word by word", "Les emplois, mot par mot"),
        (
            context.column("word", pen.say("Jobs", "Emplois"), width=1.3),
            context.count_column("posts", pen.say("Posts", "Postes"), width=0.6),
            context.count_column("fte", pen.say("Full-time equivalents", "Équivalents temps plein"), decimals=2),
            context.count_column("due", pen.say("Posts old enough", "Postes assez anciens"), width=0.7),
            context.count_column("unknown", pen.say("Not checked", "Non vérifiés"), width=0.75),
            context.column("definition", pen.say("Definition", "Définition"), width=3.2),
        ),
        tuple(rows),
        note=pen.say(
            "A line of the register is a post, never a person. Words are never added to one another.",
            "Une ligne du registre est un poste, jamais une personne. Les mots ne s'additionnent pas entre eux.",
        ),
    )


def build_job_lines_table(context: CommitteeContext) -> Table:
    """Build the register of jobs, post by post."""
    pen, lines = context.pen, context.content["job_lines"]
    rows = tuple(
        (
            line["label"],
            line["action"],
            float(line["request"]) if line["request"] else None,
            context.say(line["stage_name"]),
            context.answer(line["kept"]),
            context.say(line["contract_name"]),
            read_number(line["fte"]),
            line["sector"],
            line["commune"],
            context.short_day(line["hired_on"]),
            context.short_day(line["left_on"]),
            *(context.answer(line[f"present_{months}"]) for months in (6, 12, 24)),
            line["proof"],
        )
        for line in lines
    )
    return Table(
        "job_lines",
        pen.say("Register of jobs", "Registre des emplois"),
        pen.say("The register of jobs, post by post", "Le registre des emplois, poste par poste"),
        (
            context.column("label", pen.say("Post", "Poste"), width=1.8),
            context.column("action", pen.say("Action", "Action"), printed=False),
            context.count_column("request", pen.say("Request", "Demande"), width=0.85),
            context.column("stage", pen.say("Stage", "Étape"), width=1.1),
            context.column("kept", pen.say("Kept post", "Poste maintenu"), printed=False),
            context.column("contract", pen.say("Contract", "Contrat"), width=1.1),
            context.count_column("fte", pen.say("FTE", "ETP"), decimals=2, width=0.6),
            context.column("sector", pen.say("Branch", "Branche"), width=1.2),
            context.column("commune", pen.say("Commune (INSEE)", "Commune (INSEE)"), printed=False),
            context.column("hired_on", pen.say("Start", "Début"), width=1.0),
            context.column("left_on", pen.say("End", "Fin"), width=1.0),
            *(
                context.column(f"present_{months}", pen.say(f"At {months} m.", f"À {months} m."), width=0.65)
                for months in (6, 12, 24)
            ),
            context.column("proof", pen.say("Proof", "Justificatif"), printed=False),
        ),
        rows,
        printed_rows=None if context.is_final else 0,
    )


def build_groups_table(context: CommitteeContext, field: str, *, name: str, title: str) -> Table | None:
    """Build the posts created or maintained by contract or branch, with their equivalents; None without any."""
    pen = context.pen
    groups: dict[str, list[dict[str, Any]]] = {}
    for line in context.content["job_lines"]:
        if line["proof"] and line["hired_on"] is not None:
            value = line[field]
            key = context.say(value) if isinstance(value, dict) else value
            groups.setdefault(key or pen.say("not stated", "non précisé"), []).append(line)
    if not groups:
        return None
    rows = tuple(
        (
            key,
            float(len(lines)),
            float(sum((Decimal(line["fte"]) for line in lines), Decimal(0))),
            float(sum(line["left_on"] is not None for line in lines)),
        )
        for key, lines in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    )
    return Table(
        f"jobs_by_{name}",
        title[:28],
        title,
        (
            context.column("group", title, width=2.5),
            context.count_column("posts", pen.say("Posts created or maintained", "Postes créés ou maintenus")),
            context.count_column("fte", pen.say("Full-time equivalents", "Équivalents temps plein"), decimals=2),
            context.count_column("left", pen.say("Of which ended since", "Dont terminés depuis")),
        ),
        rows,
    )


def build_engineering_table(context: CommitteeContext) -> Table | None:
    """Build the person-days of each provider; None where none is recorded."""
    pen, lines = context.pen, context.content["engineering"]
    if not lines:
        return None
    days = sum((Decimal(line["days"]) for line in lines), Decimal(0))
    amount = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    rows = [(line["provider"], read_number(line["days"]), read_number(line["amount"])) for line in lines]
    return Table(
        "engineering",
        pen.say("Engineering", "Ingénierie"),
        pen.say("Work of the providers", "Travail des prestataires"),
        (
            context.column("provider", pen.say("Provider", "Prestataire"), width=3),
            context.count_column("days", pen.say("Person-days", "Jours-hommes"), decimals=2, width=1),
            context.money_column("amount", pen.say("Amount", "Montant"), width=1.2),
        ),
        (*rows, (pen.say("Total", "Total"), float(days), float(amount))),
    )


def build_deadlines_table(context: CommitteeContext) -> Table:
    """Build the deadlines, with where each stands."""
    pen = context.pen
    return Table(
        "deadlines",
        pen.say("Deadlines", "Échéances"),
        pen.say("Deadlines", "Échéances"),
        (
            context.column("day", pen.say("Day", "Date"), width=0.8),
            context.column("label", pen.say("What", "Objet"), width=2.8),
            context.column("state", pen.say("State", "État"), width=1.0),
            context.column("done", pen.say("Done", "Fait le"), width=0.8),
            context.column("article", pen.say("Text", "Texte"), width=1.8),
        ),
        tuple(
            (
                context.short_day(line["day"]),
                context.say(line["label"]),
                context.say(line["state_name"]),
                context.short_day(line["done"]),
                context.say(line["article"]),
            )
            for line in context.content["deadlines"]
        ),
    )


def build_findings_table(context: CommitteeContext) -> Table | None:
    """Build the rules that are not in order; None where all are."""
    pen, findings = context.pen, context.content["findings"]
    if not findings:
        return None
    ranks = {"error": 0, "human": 1, "warning": 2}
    return Table(
        "findings",
        pen.say("Rules", "Règles"),
        pen.say("Rules that are not in order", "Règles à régulariser ou à vérifier"),
        (
            context.column("rule", pen.say("Rule", "Règle"), width=1.5),
            context.column("level", pen.say("Level", "Niveau"), width=1.1),
            context.column("says", pen.say("What it says", "Constat"), width=2.8),
            context.column("todo", pen.say("What to do", "À faire"), width=2.4),
            context.column("article", pen.say("Text", "Texte"), printed=False),
        ),
        tuple(
            (
                f"{context.say(finding['title'])} ({finding['rule']})",
                context.say(finding["level_name"]),
                context.say(finding["says"]),
                context.say(finding["todo"]),
                context.say(finding["article"]),
            )
            for finding in sorted(findings, key=lambda each: ranks.get(each["level"], 3))
        ),
    )


def build_money_changes_table(context: CommitteeContext, comparison: Comparison) -> Table:
    """Build the amounts before and after."""
    pen = context.pen
    return Table(
        "money_changes",
        pen.say("Money since last time", "Argent depuis"),
        pen.say("The money, before and after", "L'argent, avant et après"),
        (
            context.column("name", pen.say("Amount", "Montant"), width=2.4),
            context.money_column("before", context.short_day(comparison.before)),
            context.money_column("after", context.short_day(comparison.after)),
            context.money_column("difference", pen.say("Difference", "Écart")),
        ),
        tuple((context.word("balance", change.key), *_list_sides(change)) for change in comparison.totals),
    )


def build_job_changes_table(context: CommitteeContext, comparison: Comparison) -> Table:
    """Build the posts and the person-days before and after."""
    pen = context.pen
    posts = [(context.word("jobs", change.key), change) for change in comparison.jobs]
    days = (pen.say("Person-days of the providers", "Jours-hommes des prestataires"), comparison.engineering_days)
    return Table(
        "job_changes",
        pen.say("Jobs since last time", "Emplois depuis"),
        pen.say("The jobs, before and after", "Les emplois, avant et après"),
        (
            context.column("name", pen.say("Posts", "Postes"), width=2.4),
            *(
                Column(key, title, kind="number", decimals="exact", width=1.15)
                for key, title in (
                    ("before", context.short_day(comparison.before)),
                    ("after", context.short_day(comparison.after)),
                    ("difference", pen.say("Difference", "Écart")),
                )
            ),
        ),
        tuple((name, *_list_sides(change)) for name, change in (*posts, days)),
    )


def build_action_changes_table(context: CommitteeContext, comparison: Comparison) -> Table:
    """Build what changed in each action."""
    pen = context.pen
    rows = tuple(
        (
            _name_action(context, change.name, is_new=change.is_new, is_gone=change.is_gone),
            *_list_changes(change.planned, change.committed, change.paid, change.left, change.realised),
        )
        for change in comparison.actions
    )
    return Table(
        "action_changes",
        pen.say("Changes by action", "Écarts par action"),
        pen.say("What changed in each action", "Ce qui a changé dans chaque action"),
        (
            context.column("name", pen.say("Action", "Action"), width=2.4),
            context.money_column("planned", context.word("balance", "planned")),
            context.money_column("committed", context.word("balance", "committed")),
            context.money_column("paid", context.word("balance", "paid")),
            context.money_column("left", pen.say("Free", "Libre")),
            context.count_column("realised", pen.say("Jobs", "Emplois")),
        ),
        rows,
        note=pen.say(
            "Differences only: what was added since the former committee, with a minus sign for what was taken away.",
            "Écarts seulement : ce qui s'est ajouté depuis le comité précédent, avec le signe moins pour ce qui a été "
            "retiré.",
        ),
    )


def build_request_changes_table(context: CommitteeContext, comparison: Comparison) -> Table | None:
    """Build what happened to requests; None where nothing did."""
    pen = context.pen
    lists: tuple[tuple[str, tuple[RequestChange, ...]], ...] = (
        (pen.say("Submitted", "Déposées"), comparison.submitted),
        (pen.say("Granted", "Accordées"), comparison.granted),
        (pen.say("Refused", "Refusées"), comparison.refused),
        (pen.say("Withdrawn", "Retirées"), comparison.withdrawn),
        (pen.say("Paid since", "Payées depuis"), comparison.paid),
        (pen.say("Ended", "Soldées"), comparison.ended),
    )
    rows: list[tuple[Cell, ...]] = []
    groups: dict[int, str] = {}
    for name, requests in lists:
        if requests:
            total = context.money(sum((request.amount for request in requests), Decimal(0)))
            groups[len(rows)] = f"{name} ({len(requests)}, {total})"
        rows += [(name, float(r.number), r.beneficiary, r.title, float(r.amount)) for r in requests]
    if not rows:
        return None
    return Table(
        "request_changes",
        pen.say("Requests since last time", "Demandes depuis"),
        pen.say("What happened to the requests", "Ce qui est arrivé aux demandes"),
        (
            context.column("event", pen.say("Event", "Événement"), printed=False),
            context.count_column("number", pen.say("No.", "N°"), width=0.5),
            context.column("beneficiary", pen.say("Beneficiary", "Bénéficiaire"), width=2),
            context.column("title", pen.say("Project", "Projet"), width=2.4),
            context.money_column("amount", pen.say("Amount", "Montant"), width=1.2),
        ),
        tuple(rows),
        groups=groups,
    )


def _name_action(context: CommitteeContext, name: str, *, is_new: bool, is_gone: bool) -> str:
    pen = context.pen
    if is_new:
        return pen.say(f"{name} (new)", f"{name} (nouvelle)")
    return pen.say(f"{name} (removed)", f"{name} (supprimée)") if is_gone else name


def _list_sides(change: Change) -> Iterable[Cell]:
    return (float(change.before), float(change.after), float(change.difference))


def _list_changes(*changes: Change) -> Iterable[Cell]:
    return (float(change.difference) for change in changes)
