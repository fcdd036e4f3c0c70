"""Reading of committees, and of every figure that the file of a committee freezes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, Prefetch, Q, QuerySet
from django.http import Http404

from ancrage.conventions import committee as frozen
from ancrage.conventions import delays, jobs, ledger, requests, valuation
from ancrage.conventions.check import check_convention
from ancrage.conventions.life import STATUS_NAMES, WAY_NAMES
from ancrage.conventions.model import Finding
from ancrage.language import Text
from ancrage.parameters import load_parameters
from ancrage_web.conventions.deadlines import list_convention_deadlines
from ancrage_web.conventions.enums import (
    ACTION_NAMES,
    COMMITTEE_NAMES,
    CONTRACT_NAMES,
    FUNDER_NATURE_NAMES,
    PARTY_NAMES,
    CommitteeKind,
)
from ancrage_web.conventions.facts import build_facts
from ancrage_web.conventions.models import (
    Action,
    Committee,
    CommitteeFile,
    Convention,
    Decision,
    Entry,
    Funder,
    Job,
    Request,
)
from ancrage_web.conventions.queries.aid import check_request
from ancrage_web.conventions.queries.engineering import read_engineering
from ancrage_web.conventions.queries.jobs import build_record, list_jobs
from ancrage_web.conventions.queries.money import Balances, read_balances

# Rules that say what was owed, in the order of the computation.
_OWED = ("R7", "R8", "R9", "R10", "R16")
_COUNTING = ("R5", "R7")
_UNKNOWN = Text("not known", "non renseigné")


def list_committees(convention: Convention) -> QuerySet[Committee]:
    """Return the committees of a convention, the latest first, with their files (without contents) and decisions."""
    files = CommitteeFile.objects.defer("content").order_by("number")
    return (
        Committee.objects.filter(convention=convention)
        .annotate(
            granted=Count("decisions", filter=Q(decisions__outcome="granted"), distinct=True),
            decided=Count("decisions", distinct=True),
        )
        .prefetch_related(Prefetch("files", queryset=files))
        .order_by("-day")
    )


def get_committee(convention: Convention, key: UUID) -> Committee:
    """Return a committee of a convention.

    Raises
    ------
    Http404
        If it is not one of the convention.
    """
    found = Committee.objects.filter(convention=convention, pk=key).select_related("minutes_document").first()
    if found is None:
        raise Http404
    return found


def list_files(committee: Committee) -> list[CommitteeFile]:
    """Return the frozen files of a committee, the latest first, without their contents."""
    return list(
        CommitteeFile.objects.filter(committee=committee)
        .defer("content")
        .select_related("frozen_by")
        .order_by("-number")
    )


def get_file(committee: Committee, number: int | None = None) -> CommitteeFile:
    """Return a frozen file of a committee with its content: the one of this number, or the latest.

    Raises
    ------
    Http404
        If there is none.
    """
    files = CommitteeFile.objects.filter(committee=committee)
    found = files.order_by("-number").first() if number is None else files.filter(number=number).first()
    if found is None:
        raise Http404
    return found


def find_former_file(committee: Committee) -> CommitteeFile | None:
    """Return the latest frozen file of the committee before this one, or None for the first."""
    return (
        CommitteeFile.objects.filter(committee__convention=committee.convention_id, committee__day__lt=committee.day)
        .select_related("committee")
        .order_by("-committee__day", "-number")
        .first()
    )


def find_last_frozen_day(convention: Convention) -> date | None:
    """Return the day of the last figures frozen for a committee, or None; one query."""
    days = CommitteeFile.objects.filter(committee__convention=convention).values_list("frozen_on", flat=True)
    return days.order_by("-frozen_on").first()


def find_compared_file(file: CommitteeFile) -> CommitteeFile | None:
    """Return the frozen file that this one names as the former one."""
    former = file.content["former"]
    return None if former is None else CommitteeFile.objects.filter(pk=former["file"]).first()


def list_decisions(committee: Committee) -> list[Decision]:
    """Return what a committee decided, by number of request."""
    return list(
        Decision.objects.filter(committee=committee)
        .select_related("request__beneficiary", "request__action")
        .order_by("request__number")
    )


def list_open_requests(convention: Convention) -> list[Request]:
    """Return the requests that a committee can decide, by number."""
    return list(
        Request.objects.filter(convention=convention, status="instructed")
        .select_related("beneficiary", "action")
        .order_by("number")
    )


def check_committee_rule(convention: Convention, on: date) -> tuple[Finding, ...]:
    """Return what R15 says of the committees of a convention, held or planned; nothing before its signature."""
    if convention.signed_on is None:
        return ()
    meetings = [
        delays.Meeting(day, sent)
        for day, sent in Committee.objects.filter(convention=convention).values_list("day", "report_sent_on")
    ]
    closed = convention.ends_on if convention.ends_on is not None and convention.ends_on <= on else None
    return delays.check_committees(convention.signed_on, meetings, on, load_parameters(), closed=closed)


def read_snapshot(committee: Committee, on: date) -> frozen.Snapshot:
    """Read everything that the file of a committee says, at the end of a day.

    Money and jobs are those of that day. Requests are listed with the status that their dates give on that day; those
    ready for the committee are to be decided whatever the day.
    """
    convention = committee.convention
    parameters = load_parameters()
    actions = list(Action.objects.filter(convention=convention).order_by("position", "name"))
    funders = list(Funder.objects.filter(convention=convention).order_by("name"))
    basins = list(convention.basins.order_by("name"))
    committees = list(Committee.objects.filter(convention=convention).order_by("day"))
    facts = build_facts(convention, actions=actions, committees=committees, basins=basins)
    findings = check_convention(facts, on, parameters)
    owed = tuple(f for f in findings if f.rule.id in _OWED)
    counted = next((f.value for f in findings if f.rule.id in _COUNTING and isinstance(f.value, int)), None)
    balances = read_balances(convention, on)
    rows = list(list_jobs(convention))
    records = [build_record(row) for row in rows]
    by_action = jobs.count_jobs_by(records, lambda record: record.action, on)
    counts = jobs.count_jobs(records, on)
    work = read_engineering(convention, on)
    numbered = list(
        Request.objects.filter(convention=convention)
        .exclude(Q(status="draft") | Q(public=True, submitted_on__isnull=True))
        .select_related("beneficiary", "action")
        .order_by("number")
    )
    former = find_former_file(committee)
    states = tuple(_build_action(a, committee, balances, by_action, convention) for a in actions)
    with_jobs = [state for state in states if state.jobs != jobs.JobCounts()]
    return frozen.Snapshot(
        on=on,
        fictional=bool(settings.DEMO),
        convention=_build_identity(convention, counted),
        committee=frozen.Meeting(
            committee.day,
            committee.kind,
            COMMITTEE_NAMES[committee.kind],
            committee.report_sent_on,
            committee.agenda,
            committee.residual_note,
        ),
        former=None
        if former is None
        else frozen.Former(str(former.pk), former.committee.day, former.frozen_on, int(former.content["last_number"])),
        owed=owed,
        totals=balances.total,
        actions=states,
        funders=tuple(
            frozen.FunderState(
                str(funder.pk),
                funder.name,
                funder.nature,
                FUNDER_NATURE_NAMES[funder.nature],
                balances.by_funder.get(funder.pk, ledger.Balance()),
            )
            for funder in funders
        ),
        requests=tuple(_build_requests(numbered, committee, balances, on)),
        entries=_read_entries(committee, former, on),
        last_number=_find_last_number(convention),
        jobs=counts,
        job_costs=jobs.compute_job_costs(
            counts,
            sum((state.balance.committed for state in with_jobs), Decimal(0)),
            sum((state.balance.paid for state in with_jobs), Decimal(0)),
        ),
        job_lines=tuple(_build_jobs(rows, records, on)),
        engineering=tuple(
            frozen.EngineeringLine(provider, effort.days, effort.amount) for provider, effort in work.by_provider
        ),
        engineering_share=work.total.amount / convention.amount if convention.amount else None,
        deadlines=tuple(list_convention_deadlines(convention, on)),
        findings=findings,
    )


def _build_identity(convention: Convention, jobs_removed: int | None) -> frozen.Identity:
    return frozen.Identity(
        name=convention.name,
        organisation=convention.organisation.name,
        way=_name(WAY_NAMES, convention.way),
        status=convention.status,
        status_name=_name(STATUS_NAMES, convention.status),
        signed_on=convention.signed_on,
        starts_on=convention.starts_on,
        ends_on=convention.ends_on,
        amount=convention.amount,
        jobs=jobs_removed,
        jobs_target=convention.jobs_target,
        parties=tuple(
            frozen.Party(PARTY_NAMES[party.kind], party.name, party.siret) for party in convention.parties.all()
        ),
        basins=tuple(frozen.Basin(basin.name, len(basin.communes)) for basin in convention.basins.all()),
        amendments=tuple(
            frozen.Amendment(each.number, each.signed_on, each.effective_on, each.reason)
            for each in convention.amendments.all()
        ),
    )


def _name(names: object, key: str) -> Text:
    # The keys of the library are literals, those of the database are texts.
    found: Text | None = names.get(key) if isinstance(names, dict) else None
    return found or _UNKNOWN


def _build_action(
    action: Action,
    committee: Committee,
    balances: Balances,
    by_action: dict[str, jobs.JobCounts],
    convention: Convention,
) -> frozen.ActionState:
    return frozen.ActionState(
        key=str(action.pk),
        name=action.name,
        kind=action.kind,
        kind_name=ACTION_NAMES[action.kind],
        terms=action.terms,
        operator=action.operator,
        deadline=action.deadline,
        budget=action.budget,
        jobs_target=action.jobs_target,
        balance=balances.by_action.get(action.pk, ledger.Balance()),
        jobs=by_action.get(str(action.pk), jobs.JobCounts()),
        comment=str(committee.notes.get(str(action.pk), "")),
        valuation=tuple(_value_action(action, convention)),
    )


def _value_action(action: Action, convention: Convention) -> Iterable[Finding]:
    parameters = load_parameters()
    if action.lent is not None and action.loan_cost is not None:
        yield valuation.value_loans(action.lent, action.loan_cost, parameters)
    if action.market_value is None or action.sale_price is None:
        return
    if convention.amount is not None and convention.signed_on is not None:
        yield valuation.value_property(
            action.market_value, action.sale_price, convention.amount, convention.signed_on, parameters
        )


def _build_requests(
    rows: Sequence[Request], committee: Committee, balances: Balances, on: date
) -> Iterable[frozen.RequestState]:
    for row in rows:
        to_decide = row.status == "instructed" and committee.held_at is None
        if not to_decide and row.submitted_on is not None and row.submitted_on > on:
            continue
        status = _find_status(row, on)
        balance = balances.by_request.get(row.pk, ledger.Balance())
        # What is proposed to the committee is what was set aside, at most what is asked.
        proposed = balance.reserved or row.amount_asked
        finding = check_request(row, proposed, committee.day) if to_decide and proposed else None
        yield frozen.RequestState(
            key=str(row.pk),
            number=row.number,
            title=row.title,
            description=row.description,
            beneficiary="" if row.beneficiary is None else row.beneficiary.name,
            siren="" if row.beneficiary is None else row.beneficiary.siren,
            commune=row.commune or ("" if row.beneficiary is None else row.beneficiary.commune),
            action="" if row.action_id is None else str(row.action_id),
            action_name="" if row.action is None else row.action.name,
            status=status,
            status_name=requests.STATUS_NAMES[status],
            nature_name=_name(requests.NATURE_NAMES, row.nature),
            cost=row.project_cost,
            asked=row.amount_asked,
            granted=row.amount_granted if status in requests.FUNDED else None,
            jobs_created=row.jobs_created,
            jobs_maintained=row.jobs_maintained,
            submitted_on=row.submitted_on,
            decided_on=_before(row.decided_on, on),
            agreed_on=_before(row.agreed_on, on),
            ended_on=_before(row.ended_on, on),
            balance=balance,
            to_decide=to_decide,
            de_minimis=finding,
        )


def _find_status(row: Request, on: date) -> requests.Status:
    """Return the status of a request on a day, as far as its dates tell."""
    status = next(key for key in requests.STATUS_NAMES if key == row.status)
    if status == "ended" and row.ended_on is not None and row.ended_on > on:
        status = "agreed"
    if status == "agreed" and row.agreed_on is not None and row.agreed_on > on:
        status = "granted"
    if status in ("granted", "refused") and row.decided_on is not None and row.decided_on > on:
        status = "instructed"
    return status


def _before(day: date | None, on: date) -> date | None:
    return day if day is not None and day <= on else None


def _read_entries(committee: Committee, former: CommitteeFile | None, on: date) -> tuple[frozen.EntryLine, ...]:
    """Return the entries that the former file did not count, or all of them for a final balance."""
    entries = Entry.objects.filter(convention=committee.convention_id, on__lte=on)
    if former is not None and committee.kind != CommitteeKind.FINAL:
        # An entry dated before, and written since, was not in the former file.
        entries = entries.filter(Q(on__gt=former.frozen_on) | Q(number__gt=former.content["last_number"]))
    rows = entries.select_related("funder", "action", "request", "document", "reverses").order_by("on", "number")
    return tuple(
        frozen.EntryLine(
            number=row.number,
            on=row.on,
            kind=row.kind,
            kind_name=_name(ledger.KIND_NAMES, row.kind),
            funder=row.funder.name,
            action="" if row.action is None else row.action.name,
            request=0 if row.request is None else row.request.number,
            amount=row.amount,
            document=row.document.name,
            label=row.label,
            reverses=0 if row.reverses is None else row.reverses.number,
        )
        for row in rows
    )


def _find_last_number(convention: Convention) -> int:
    return Entry.objects.filter(convention=convention).aggregate(last=Max("number"))["last"] or 0


def _build_jobs(rows: Sequence[Job], records: Sequence[jobs.JobRecord], on: date) -> Iterable[frozen.JobLine]:
    for row, record in zip(rows, records, strict=True):
        stage = jobs.find_stage(record, on)
        if stage is None:
            continue
        yield frozen.JobLine(
            label=row.label,
            action="" if row.action is None else row.action.name,
            request=0 if row.request is None else row.request.number,
            kept=row.kept,
            stage=stage,
            stage_name=jobs.STAGE_NAMES[stage],
            contract_name=CONTRACT_NAMES.get(row.contract, Text("", "")),
            fte=row.fte,
            sector=row.sector,
            commune=row.commune,
            hired_on=_before(row.hired_on, on),
            left_on=_before(row.left_on, on),
            present_6=_find_presence(record, 6, on),
            present_12=_find_presence(record, 12, on),
            present_24=_find_presence(record, 24, on),
            proof="" if row.proof is None else row.proof.name,
        )


def _find_presence(record: jobs.JobRecord, months: int, on: date) -> bool | None:
    if record.hired_on is None or jobs.compute_check_day(record.hired_on, months) > on:
        return None
    return jobs.find_presence(record, months)
