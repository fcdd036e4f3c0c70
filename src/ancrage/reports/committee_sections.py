"""The sections of the file of a committee, in the order in which an official reads them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ancrage.conventions.committee import list_to_decide
from ancrage.conventions.residual import OPTIONS
from ancrage.reports.committee_charts import build_action_chart, build_jobs_chart, build_money_chart
from ancrage.reports.committee_context import CommitteeContext, count_realised
from ancrage.reports.committee_follow_up import (
    build_action_changes_table,
    build_deadlines_table,
    build_engineering_table,
    build_findings_table,
    build_groups_table,
    build_job_changes_table,
    build_job_lines_table,
    build_jobs_table,
    build_money_changes_table,
    build_request_changes_table,
)
from ancrage.reports.committee_tables import (
    build_actions_table,
    build_entries_table,
    build_funders_table,
    build_owed_table,
    build_requests_table,
    build_totals_table,
    build_valuations_table,
)
from ancrage.reports.model import Block, Heading, Items, KeyFigure, KeyFigures, Note, Paragraph, Section

# Deadlines named on the first page.
_NEXT = 3


def build_summary_section(context: CommitteeContext, figures: tuple[KeyFigure, ...]) -> Section:
    """Build the page that is read in a minute: a sentence, figures, bars, what to decide, what is late."""
    pen, content = context.pen, context.content
    totals, jobs = content["totals"], content["jobs"]
    owed = content["convention"]["amount"]
    brought, paid = context.money(totals["contributed"]), context.money(totals["paid"])
    committed, realised = context.money(totals["committed"]), count_realised(jobs)
    posts = pen.count(realised, ("job", "jobs"), ("emploi", "emplois"))
    done = pen.say("is" if realised == 1 else "are", "est" if realised < 2 else "sont")
    ends = pen.say("created or maintained", "créé ou maintenu" if realised < 2 else "créés ou maintenus")
    start = (
        pen.say("No contribution is stated: ", "Aucune contribution n'est renseignée : ")
        if owed is None
        else pen.say(f"Of {context.money(owed)} owed, ", f"Sur {context.money(owed)} dus, ")
    )
    lead = start + pen.say(
        f"{brought} were brought, {committed} committed and {paid} paid; {posts} {done} {ends}, with proof.",
        f"{brought} sont apportés, {committed} engagés et {paid} payés ; {posts} {done} {ends}, pièces à l'appui.",
    )
    chart = build_jobs_chart(context)
    blocks: list[Block] = [Paragraph(lead, "lead"), KeyFigures(figures), Items(_list_points(context))]
    blocks.append(build_money_chart(context))
    if chart is not None:
        blocks.append(chart)
    return Section("summary", pen.say("In one minute", "L'essentiel"), tuple(blocks))


def _list_points(context: CommitteeContext) -> tuple[str, ...]:
    pen, content = context.pen, context.content
    asked = list_to_decide(content)
    total = sum((Decimal(request["asked"] or 0) for request in asked), Decimal(0))
    points = []
    if asked:
        points.append(
            pen.say("To decide: ", "À décider : ")
            + pen.count(len(asked), ("request", "requests"), ("demande", "demandes"))
            + pen.say(f", {context.money(total)} asked.", f", {context.money(total)} demandés.")
        )
    elif not context.is_final:
        points.append(pen.say("No request waits for a decision.", "Aucune demande n'attend de décision."))
    late = [line for line in content["deadlines"] if line["state"] == "late"]
    points += [
        pen.say("Late: ", "En retard : ") + f"{context.say(line['label'])}, {context.day(line['day'])}."
        for line in late[:_NEXT]
    ]
    coming = [line for line in content["deadlines"] if line["state"] == "coming"]
    points += [
        pen.say("Next: ", "À venir : ") + f"{context.say(line['label'])}, {context.day(line['day'])}."
        for line in coming[:_NEXT]
    ]
    errors = sum(finding["level"] == "error" for finding in content["findings"])
    if errors:
        points.append(
            pen.count(
                errors, ("rule is not met", "rules are not met"), ("règle non respectée", "règles non respectées")
            )
            + pen.say(": see “Deadlines and rules”.", " : voir « Échéances et règles ».")
        )
    return tuple(points)


def build_since_section(context: CommitteeContext) -> Section:
    """Build what changed since the former committee; without blocks for the first one."""
    pen, comparison = context.pen, context.comparison
    title = pen.say("Since last time", "Depuis le dernier comité")
    if comparison is None:
        return Section("since", title, ())
    before = context.day(comparison.before)
    committed = next(change for change in comparison.totals if change.key == "committed").difference
    paid = next(change for change in comparison.totals if change.key == "paid").difference
    lead = pen.say(
        f"Since {before}: {context.money(committed)} more committed, {context.money(paid)} more paid.",
        f"Depuis le {before} : {context.money(committed)} engagés et {context.money(paid)} payés de plus.",
    )
    blocks: list[Block] = [Paragraph(lead, "lead"), build_money_changes_table(context, comparison)]
    blocks += [build_action_changes_table(context, comparison), build_job_changes_table(context, comparison)]
    requests = build_request_changes_table(context, comparison)
    if requests is not None:
        blocks.append(requests)
    for name, lines in (
        (pen.say("Deadlines met since", "Échéances tenues depuis"), comparison.met),
        (pen.say("Deadlines missed since", "Échéances manquées depuis"), comparison.missed),
    ):
        if lines:
            blocks.append(Heading(name))
            blocks.append(Items(tuple(f"{context.say(line.label)}, {context.day(line.day)}" for line in lines)))
    return Section("since", title, tuple(blocks))


def build_agenda_section(context: CommitteeContext) -> Section:
    """Build the agenda: requests to decide with their sheets, and the other points."""
    pen, content = context.pen, context.content
    blocks: list[Block] = []
    requests = list_to_decide(content)
    if requests:
        blocks.append(build_requests_table(context, to_decide=True))
        for request in requests:
            blocks += _describe_request(context, request)
    agenda = content["committee"]["agenda"]
    if agenda:
        blocks.append(Heading(pen.say("Other points", "Autres points")))
        blocks += [Paragraph(line) for line in _split_lines(agenda)]
    return Section("agenda", pen.say("Agenda", "Ordre du jour"), tuple(blocks))


def _describe_request(context: CommitteeContext, request: Mapping[str, Any]) -> list[Block]:
    pen = context.pen
    number, asked = request["number"], context.money(request["asked"])
    blocks: list[Block] = [
        Heading(pen.say(f"Request no. {number}", f"Demande n° {number}") + f" – {request['beneficiary']}")
    ]
    cost = context.money(request["cost"])
    facts = [
        request["title"],
        pen.say(f"{asked} asked of a project of {cost}", f"{asked} demandés pour un projet de {cost}"),
        pen.say(
            f"jobs to create: {request['jobs_created']}, to keep: {request['jobs_maintained']}",
            f"emplois à créer : {request['jobs_created']}, à maintenir : {request['jobs_maintained']}",
        ),
        f"{context.say(request['nature_name'])}, {request['action_name']}",
        f"SIREN {request['siren']}" if request["siren"] else "",
        pen.say(f"commune {request['commune']} (INSEE)", f"commune {request['commune']} (INSEE)")
        if request["commune"]
        else "",
    ]
    blocks.append(Paragraph(" · ".join(fact for fact in facts if fact)))
    blocks += [Paragraph(line) for line in _split_lines(request["description"])]
    finding = request["de_minimis"]
    if finding is not None:
        said = f"{context.say(finding['title'])} : " if pen.language == "fr" else f"{context.say(finding['title'])}: "
        text = said + " ".join(filter(None, (context.say(finding["says"]), context.say(finding["todo"]))))
        blocks.append(Note(text, "info" if finding["level"] == "ok" else "warning"))
    return blocks


def build_actions_section(context: CommitteeContext) -> Section:
    """Build the state of the actions and of the funders."""
    pen = context.pen
    blocks: list[Block] = []
    if context.content["actions"]:
        blocks.append(build_actions_table(context))
        chart = build_action_chart(context)
        if chart is not None:
            blocks.append(chart)
    comments = [action for action in context.content["actions"] if action["comment"]]
    if comments:
        blocks.append(Heading(pen.say("Comments", "Commentaires")))
        blocks += [Paragraph(f"{action['name']} – {' '.join(_split_lines(action['comment']))}") for action in comments]
    if context.content["funders"]:
        blocks.append(build_funders_table(context))
    valuations = build_valuations_table(context)
    if valuations is not None:
        blocks.append(valuations)
    return Section("actions", pen.say("Actions and funders", "Actions et financeurs"), tuple(blocks))


def build_ledger_section(context: CommitteeContext) -> Section:
    """Build the ledger: totals with their meaning, entries with their documents, every request."""
    pen, content = context.pen, context.content
    blocks: list[Block] = []
    title = pen.say("Justification of the sums", "Justification des sommes")
    if context.is_final:
        blocks += _describe_gap(context)
    else:
        title = pen.say("Ledger", "Registre des fonds")
    blocks.append(build_totals_table(context))
    if content["requests"]:
        blocks.append(build_requests_table(context, to_decide=False))
    if content["entries"]:
        blocks.append(build_entries_table(context))
    else:
        blocks.append(Paragraph(pen.say("No entry since the former committee.", "Aucune écriture depuis.")))
    return Section("ledger", title, tuple(blocks))


def _describe_gap(context: CommitteeContext) -> list[Block]:
    """Say how what was brought and what was valued compare with what was owed."""
    pen, content = context.pen, context.content
    if content["convention"]["amount"] is None:
        return []
    owed, brought = Decimal(content["convention"]["amount"]), Decimal(content["totals"]["contributed"])
    valued = sum(
        (Decimal(f["value"]) for action in content["actions"] for f in action["valuation"] if f["value"] is not None),
        Decimal(0),
    )
    gap = owed - brought - valued
    said = pen.say(
        f"{context.money(owed)} owed; {context.money(brought)} brought in money; {context.money(valued)} counted for "
        "loans and property (R11, R12).",
        f"{context.money(owed)} dus ; {context.money(brought)} apportés en argent ; {context.money(valued)} comptés "
        "pour des prêts et des biens (R11, R12).",
    )
    blocks: list[Block] = [Paragraph(said, "lead")]
    if gap > 0:
        blocks.append(
            Note(
                pen.say(
                    f"{context.money(gap)} owed are justified neither by money nor by a valuation.",
                    f"{context.money(gap)} dus ne sont justifiés ni par de l'argent ni par une valorisation.",
                )
            )
        )
    return blocks


def build_jobs_section(context: CommitteeContext) -> Section:
    """Build the jobs: words with their definitions; for a final balance their nature, quality, cost and register."""
    pen, content = context.pen, context.content
    blocks: list[Block] = [build_jobs_table(context)]
    if context.is_final:
        for field, name, title in (
            ("contract_name", "contract", pen.say("Contract", "Contrat")),
            ("sector", "sector", pen.say("Branch", "Branche")),
        ):
            table = build_groups_table(context, field, name=name, title=title)
            if table is not None:
                blocks.append(table)
    costs = content["job_costs"]
    for key, en, fr in (
        ("per_committed", "Aid per job committed", "Aide par emploi engagé"),
        ("per_realised", "Aid per job created or maintained", "Aide par emploi créé ou maintenu"),
    ):
        if costs[key] is not None:
            amount, meaning = context.money(costs[key]), context.word("job_cost_definitions", key)
            blocks.append(Paragraph(pen.say(f"{en}: {amount}. {meaning}", f"{fr} : {amount}. {meaning}")))
    if content["job_lines"]:
        blocks.append(build_job_lines_table(context))
    title = pen.say("Effect on employment", "Effet sur l'emploi") if context.is_final else pen.say("Jobs", "Emplois")
    return Section("jobs", title, tuple(blocks))


def build_engineering_section(context: CommitteeContext) -> Section:
    """Build the work of the providers and its share of the contribution; without blocks where none is recorded."""
    pen, table = context.pen, build_engineering_table(context)
    title = pen.say("Engineering", "Ingénierie")
    if table is None:
        return Section("engineering", title, (), new_page=False)
    share = context.content["engineering_share"]
    blocks: list[Block] = [table]
    if share is not None:
        written = pen.share(float(Decimal(share)), 1)
        blocks.append(
            Paragraph(
                pen.say(
                    f"The providers' work is {written} of the contribution. No text sets a limit; the Cour des comptes "
                    "asked for a reference in 2015 (recommendation 5).",
                    f"Le travail des prestataires représente {written} de la contribution. Aucun texte ne fixe de "
                    "plafond ; la Cour des comptes a demandé un référentiel en 2015 (recommandation 5).",
                )
            )
        )
    return Section("engineering", title, tuple(blocks), new_page=False)


def build_residual_section(context: CommitteeContext) -> Section:
    """Build what is left, what becomes of it or what may be done with it."""
    pen, content = context.pen, context.content
    residual = content["totals"]["residual"]
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                f"{context.money(residual)} are neither reserved nor committed.",
                f"{context.money(residual)} ne sont ni réservés ni engagés.",
            ),
            "lead",
        )
    ]
    note = content["committee"]["residual_note"]
    if note:
        blocks.append(Heading(pen.say("What becomes of it", "Ce qu'il devient")))
        blocks += [Paragraph(line) for line in _split_lines(note)]
    elif Decimal(residual) > 0:
        blocks.append(Paragraph(pen.say("What may be done with it:", "Ce qui peut en être fait :")))
        blocks.append(Items(tuple(pen.text(option) for option in OPTIONS)))
    return Section("residual", pen.say("Money left", "Reliquat"), tuple(blocks), new_page=False)


def build_deadlines_section(context: CommitteeContext) -> Section:
    """Build the deadlines and the rules that are not in order."""
    pen = context.pen
    blocks: list[Block] = []
    if context.content["deadlines"]:
        blocks.append(build_deadlines_table(context))
    findings = build_findings_table(context)
    if findings is None:
        blocks.append(
            Paragraph(pen.say("Every rule checked is in order.", "Toutes les règles vérifiées sont respectées."))
        )
    else:
        blocks.append(findings)
    return Section("deadlines", pen.say("Deadlines and rules", "Échéances et règles"), tuple(blocks))


def build_convention_section(context: CommitteeContext) -> Section:
    """Build what the convention is: status, dates, parties, basins, amendments, and what was owed."""
    pen, convention = context.pen, context.content["convention"]
    dates = pen.say(
        f"Signed on {context.day(convention['signed_on'])}, from {context.day(convention['starts_on'])} to "
        f"{context.day(convention['ends_on'])}.",
        f"Signée le {context.day(convention['signed_on'])}, du {context.day(convention['starts_on'])} au "
        f"{context.day(convention['ends_on'])}.",
    )
    status = f"{context.say(convention['way'])} – {context.say(convention['status_name'])}"
    blocks: list[Block] = [Paragraph(f"{status[:1].upper()}{status[1:]}. {dates}")]
    parties = [
        f"{context.say(party['kind'])} : {party['name']}" + (f" ({party['siret']})" if party["siret"] else "")
        for party in convention["parties"]
    ]
    basins = [
        f"{basin['name']}, {pen.count(basin['communes'], ('commune', 'communes'), ('commune', 'communes'))}"
        for basin in convention["basins"]
    ]
    amendments = [
        pen.say(
            f"No. {each['number']}, signed on {context.day(each['signed_on'])}, effective on "
            f"{context.day(each['effective_on'])}: {each['reason']}",
            f"N° {each['number']}, signé le {context.day(each['signed_on'])}, effet au "
            f"{context.day(each['effective_on'])} : {each['reason']}",
        )
        for each in convention["amendments"]
    ]
    for name, lines in (
        (pen.say("Parties", "Parties"), parties),
        (pen.say("Employment basins", "Bassins d'emploi"), basins),
        (pen.say("Amendments", "Avenants"), amendments),
    ):
        if lines:
            blocks += [Heading(name), Items(tuple(lines))]
    owed = build_owed_table(context)
    if owed is not None:
        blocks.append(owed)
    return Section("convention", pen.say("The convention", "La convention"), tuple(blocks))


def build_definitions_section(context: CommitteeContext) -> Section:
    """Build where the figures come from and what they rest on."""
    pen, content = context.pen, context.content
    sent = content["committee"]["report_sent_on"]
    blocks: list[Block] = [
        Paragraph(
            pen.say(
                f"Figures frozen at {context.day(content['on'])} from the ledger, the register of jobs and the facts "
                "of the convention. Every amount of the ledger is justified by the document named beside it. The "
                f"ledger had {content['last_number']} entries.",
                f"Chiffres figés au {context.day(content['on'])} à partir du registre des fonds, du registre des "
                "emplois et des données de la convention. Chaque montant du registre est justifié par la pièce citée "
                f"en regard. Le registre comptait {content['last_number']} écritures.",
            )
        )
    ]
    if sent is not None:
        blocks.append(
            Paragraph(
                pen.say(
                    f"Report sent to the members of the committee on {context.day(sent)} (article D1233-42).",
                    f"Bilan envoyé aux membres du comité le {context.day(sent)} (article D1233-42).",
                )
            )
        )
    return Section("sources", pen.say("Sources", "Sources"), tuple(blocks), new_page=False)


def _split_lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
