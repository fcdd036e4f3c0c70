"""A convention as the file of a committee sees it: a snapshot at a day, whose figures agree with a small ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.conventions import committee, jobs, ledger, life, valuation
from ancrage.conventions.aid import Aid, check_de_minimis
from ancrage.conventions.check import (
    CompanyFacts,
    ConventionFacts,
    ConventionFile,
    ObligationFacts,
    ProjectFacts,
    check_convention,
)
from ancrage.conventions.requests import NATURE_NAMES, STATUS_NAMES
from ancrage.language import Text
from ancrage.parameters import load_parameters

COMPANY, FUND = "Fonderie d'Essai", "Fonds d'Essai"
FIRMS, PLACE, WORK = "Aide aux entreprises", "Tiers-lieu de Belleroche", "Ingénierie"


def build_entries() -> list[ledger.Entry]:
    """Return a ledger of two funders, three actions and three requests."""
    lines: Sequence[tuple[date, ledger.Kind, str, str, str, str]] = (
        (date(2025, 9, 1), "contribute", COMPANY, "", "", "569368.80"),
        (date(2025, 9, 1), "contribute", FUND, "", "", "80000.00"),
        (date(2025, 9, 2), "plan", COMPANY, FIRMS, "", "400000.00"),
        (date(2025, 9, 2), "plan", FUND, PLACE, "", "80000.00"),
        (date(2025, 9, 2), "plan", COMPANY, WORK, "", "60000.00"),
        (date(2025, 10, 1), "reserve", COMPANY, FIRMS, "1", "24000.00"),
        (date(2025, 11, 3), "commit", COMPANY, FIRMS, "1", "18000.00"),
        (date(2025, 11, 3), "release", COMPANY, FIRMS, "1", "6000.00"),
        (date(2026, 2, 2), "pay", COMPANY, FIRMS, "1", "9000.00"),
        (date(2026, 4, 1), "reserve", FUND, PLACE, "2", "45000.50"),
        (date(2026, 5, 4), "commit", FUND, PLACE, "2", "45000.50"),
        (date(2026, 6, 1), "pay", COMPANY, FIRMS, "1", "9000.00"),
        (date(2026, 6, 15), "reserve", COMPANY, FIRMS, "3", "12000.00"),
        (date(2026, 6, 20), "give_back", COMPANY, FIRMS, "1", "1500.00"),
    )
    return [
        ledger.Entry(str(n), day, kind, funder, Decimal(amount), f"piece-{n}.pdf", action, request)
        for n, (day, kind, funder, action, request, amount) in enumerate(lines, start=1)
    ]


def build_records() -> list[jobs.JobRecord]:
    """Return a register of eight posts."""
    hired = jobs.JobRecord(
        programmed_on=date(2025, 9, 15),
        committed_on=date(2025, 11, 3),
        hired_on=date(2025, 12, 1),
        proved=True,
        action=FIRMS,
        request="1",
        contract="cdi",
    )
    return [
        replace(hired, present={6: True}),
        replace(hired, present={6: True}, fte=Decimal("0.80")),
        replace(hired, left_on=date(2026, 3, 31)),
        replace(hired, kept=True, contract="cdd_long"),
        replace(hired, hired_on=None, proved=False, contract=""),
        replace(hired, hired_on=date(2026, 6, 1), proved=False),
        jobs.JobRecord(programmed_on=date(2026, 6, 10), action=FIRMS, request="3"),
        jobs.JobRecord(programmed_on=date(2026, 6, 10), action=FIRMS, request="3"),
    ]


def build_snapshot(on: date, **changes: Any) -> committee.Snapshot:
    """Return the snapshot of the convention at the end of a day; `changes` replace some of its fields."""
    parameters = load_parameters()
    entries, records = build_entries(), build_records()
    facts = ConventionFile(
        company=CompanyFacts(employees=1500, affects_basin=True),
        project=ProjectFacts(dismissed=180, redeployed_in_basin=22, notified=date(2025, 1, 20)),
        obligation=ObligationFacts(reference=date(2025, 1, 20), amount=Decimal("569368.80")),
        convention=ConventionFacts(
            basins=("Bassin d'Essai",), signed=date(2025, 7, 10), ends=date(2028, 7, 9), follow_up="Comité annuel."
        ),
    )
    findings = check_convention(facts, on, parameters)
    counts = jobs.count_jobs(records, on)
    by_action = jobs.count_jobs_by(records, lambda record: record.action, on)

    def balance(**of: str) -> ledger.Balance:
        return ledger.compute_balance(entries, on=on, **of)

    def action(name: str, kind: str, kind_name: Text, budget: str, **more: Any) -> committee.ActionState:
        return committee.ActionState(
            key=name,
            name=name,
            kind=kind,
            kind_name=kind_name,
            terms="3 000 € par emploi créé en CDI.",
            operator="",
            deadline=date(2028, 1, 31),
            budget=Decimal(budget),
            jobs_target=more.pop("jobs_target", None),
            balance=balance(action=name),
            jobs=by_action.get(name, jobs.JobCounts()),
            **{"comment": "", **more},
        )

    firms = balance(action=FIRMS)
    snapshot = committee.Snapshot(
        on=on,
        fictional=True,
        convention=committee.Identity(
            name="Fonderie d'Essai 2025",
            organisation="CC de la Vallée",
            way=life.WAY_NAMES["local"],
            status="running",
            status_name=life.STATUS_NAMES["running"],
            signed_on=date(2025, 7, 10),
            starts_on=date(2025, 7, 10),
            ends_on=date(2028, 7, 9),
            amount=Decimal("569368.80"),
            jobs=158,
            jobs_target=130,
            parties=(
                committee.Party(Text("company", "entreprise"), COMPANY, "99999999800015"),
                committee.Party(Text("prefect", "préfet"), "Préfecture d'Essai", ""),
            ),
            basins=(committee.Basin("Bassin d'Essai", 24),),
            amendments=(
                committee.Amendment(1, date(2026, 3, 2), date(2026, 3, 15), "Nouvelle échéance du tiers-lieu."),
            ),
        ),
        committee=committee.Meeting(
            day=on,
            kind="follow_up",
            kind_name=Text("follow-up committee", "comité de suivi"),
            report_sent_on=None,
            agenda="Point sur le tiers-lieu.\nCalendrier de 2027.",
            residual_note="",
        ),
        former=None,
        owed=tuple(finding for finding in findings if finding.rule.id in ("R7", "R8", "R9", "R10")),
        totals=balance(),
        actions=(
            action(FIRMS, "jobs_aid", Text("aid to firms", "aide aux entreprises"), "400000.00", jobs_target=130),
            action(
                PLACE,
                "third_place",
                Text("third place", "tiers-lieu"),
                "80000.00",
                comment="Travaux commencés en mars ; ouverture prévue à l'automne.",
                valuation=(
                    valuation.value_property(
                        Decimal(900000), Decimal(400000), Decimal("569368.80"), date(2025, 7, 10), parameters
                    ),
                ),
            ),
            action(WORK, "engineering", Text("engineering", "ingénierie et suivi"), "60000.00"),
        ),
        funders=(
            committee.FunderState(
                COMPANY,
                COMPANY,
                "private",
                Text("private money of the company", "argent privé de l'entreprise"),
                balance(funder=COMPANY),
            ),
            committee.FunderState(FUND, FUND, "pooled", Text("pooled fund", "fonds mutualisé"), balance(funder=FUND)),
        ),
        requests=tuple(_build_requests(entries, on)),
        entries=tuple(_build_line(entry) for entry in entries if entry.on <= on),
        last_number=sum(entry.on <= on for entry in entries),
        jobs=counts,
        job_costs=jobs.compute_job_costs(counts, firms.committed, firms.paid),
        job_lines=tuple(
            committee.JobLine(
                label=f"Poste {number}",
                action=record.action,
                request=int(record.request),
                kept=record.kept,
                stage=stage,
                stage_name=jobs.STAGE_NAMES[stage],
                contract_name={"cdi": Text("permanent", "CDI")}.get(
                    record.contract, Text("fixed-term", "CDD de plus de 6 mois")
                ),
                fte=record.fte,
                sector="Menuiserie",
                commune="00001",
                hired_on=record.hired_on,
                left_on=record.left_on,
                present_6=jobs.find_presence(record, 6),
                present_12=None,
                present_24=None,
                proof="contrat.pdf" if record.proved else "",
            )
            for number, record in enumerate(records, start=1)
            if (stage := jobs.find_stage(record, on)) is not None
        ),
        engineering=(committee.EngineeringLine("Cabinet Rebond", Decimal("12.50"), Decimal("9375.00")),),
        engineering_share=Decimal("9375.00") / Decimal("569368.80"),
        deadlines=(
            life.Deadline(
                "signature", Text("The convention is signed", "Signature"), date(2025, 7, 20), None, date(2025, 7, 10)
            ),
            life.Deadline("committee", Text("Follow-up committee", "Comité de suivi"), date(2026, 7, 10)),
            life.Deadline("action", Text("End of works", "Fin des travaux"), date(2026, 3, 15)),
        ),
        findings=findings,
    )
    return replace(snapshot, **changes)


def _build_requests(entries: Sequence[ledger.Entry], on: date) -> list[committee.RequestState]:
    parameters = load_parameters()
    rows = (
        ("1", "Quatre postes d'atelier", FIRMS, date(2025, 9, 15), date(2025, 11, 3), "24000.00", "18000.00"),
        ("2", "Aménagement de la halle", PLACE, date(2026, 3, 1), date(2026, 5, 4), "45000.50", "45000.50"),
        ("3", "Deux postes de <soudure> & contrôle", FIRMS, date(2026, 6, 10), None, "12000.00", None),
    )
    found = []
    for key, title, action, submitted, decided, asked, granted in rows:
        if submitted > on:
            continue
        is_decided = decided is not None and decided <= on
        status = "agreed" if is_decided else "instructed"
        finding = check_de_minimis(
            "Menuiserie d'Essai",
            Decimal(asked),
            on,
            [Aid("Menuiserie d'Essai", Decimal(290000), date(2025, 1, 1))],
            parameters,
        )
        found.append(
            committee.RequestState(
                key=key,
                number=int(key),
                title=title,
                description="Achat de deux machines et embauche de deux soudeurs.",
                beneficiary="Menuiserie d'Essai",
                siren="999999998",
                commune="00001",
                action=action,
                action_name=action,
                status=status,
                status_name=STATUS_NAMES["agreed" if is_decided else "instructed"],
                nature_name=NATURE_NAMES["grant"],
                cost=Decimal("40000.00"),
                asked=Decimal(asked),
                granted=Decimal(granted) if granted is not None and is_decided else None,
                jobs_created=4,
                jobs_maintained=0,
                submitted_on=submitted,
                decided_on=decided if is_decided else None,
                agreed_on=None,
                ended_on=None,
                balance=ledger.compute_balance(entries, on=on, request=key),
                to_decide=not is_decided,
                de_minimis=None if is_decided else finding,
            )
        )
    return found


def _build_line(entry: ledger.Entry) -> committee.EntryLine:
    return committee.EntryLine(
        number=int(entry.id),
        on=entry.on,
        kind=entry.kind,
        kind_name=ledger.KIND_NAMES[entry.kind],
        funder=entry.funder,
        action=entry.action,
        request=int(entry.request or 0),
        amount=entry.amount,
        document=entry.document,
        label="",
        reverses=0,
    )
