"""A whole convention against every rule that its facts allow (R1 to R18)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ancrage.conventions import aid, cofunding, delays, obligation, valuation
from ancrage.conventions.content import Action, Content, check_content
from ancrage.conventions.life import Way
from ancrage.conventions.model import Finding
from ancrage.parameters import Parameters

Euros = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
People = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CompanyFacts(_Part):
    """The company: employees, insolvency, and what the prefect says of the basin."""

    employees: People
    group_employees: People = 0
    insolvency: obligation.Insolvency = "none"
    affects_basin: bool | None = None


class ProjectFacts(_Part):
    """The redundancy project: its dates and numbers.

    Attributes
    ----------
    notified : day of the notification of the project (L1233-46); decided : validation or homologation of the plan;
        owed_since : day of the prefect's decision that a contribution is owed.
    """

    dismissed: People
    redeployed_in_basin: People = 0
    redeployed_elsewhere: People = 0
    refilled: People = 0
    rcc: bool = False
    departements: Annotated[int, Field(ge=1)] = 1
    notified: date | None = None
    decided: date | None = None
    owed_since: date | None = None


class ObligationFacts(_Part):
    """The contribution: day of reference of the minimum wage, amount or multiple, reduction and its ground."""

    reference: date
    amount: Euros | None = None
    multiple: Annotated[Decimal, Field(ge=0)] | None = None
    unable: bool = False
    opinion: Literal["", "CODEFI", "CIRI"] = ""
    agreement_commitments: Euros | None = None
    agreement_requested: date | None = None


class ActionFacts(_Part):
    """An action of the convention; a loan or a property sold is valued by its own rule."""

    name: str
    terms: str = ""
    deadline: date | None = None
    budget: Euros | None = None
    operator: str = ""
    lent: Euros | None = None
    loan_cost: Euros | None = None
    market_value: Euros | None = None
    sale_price: Euros | None = None
    started: date | None = None
    framework_document: bool = False


class ConventionFacts(_Part):
    """The convention itself.

    Attributes
    ----------
    way : a voluntary approach has no least contribution; a collective agreement has no mandatory content, duration
        or committee of its own.
    """

    name: str = ""
    way: Way = "local"
    framework: bool = False
    framework_signed: date | None = None
    basins: tuple[str, ...] = ()
    signed: date | None = None
    ends: date | None = None
    months: Annotated[int, Field(ge=0)] | None = None
    special_circumstances: bool = False
    follow_up: str = ""


class MeetingFacts(_Part):
    """A committee and the day its report was sent."""

    day: date
    report_sent: date | None = None


class AidFacts(_Part):
    """A de minimis aid, granted or (with `asked`) still to be decided."""

    undertaking: str
    amount: Euros
    day: date
    asked: bool = False


class SourceFacts(_Part):
    """Money of a project."""

    name: str
    origin: cofunding.Origin
    amount: Euros


class CofundingFacts(_Part):
    """A project and who pays for it; `detr` names the source that is a DETR grant, if any."""

    name: str
    cost: Euros
    sources: tuple[SourceFacts, ...] = ()
    detr: str = ""
    lead_authority: bool = False


class ConventionFile(_Part):
    """What `ancrage convention check` reads; every part but the project can be left out."""

    company: CompanyFacts | None = None
    project: ProjectFacts | None = None
    obligation: ObligationFacts | None = None
    convention: ConventionFacts | None = None
    actions: tuple[ActionFacts, ...] = ()
    committees: tuple[MeetingFacts, ...] = ()
    aids: tuple[AidFacts, ...] = ()
    cofunding: tuple[CofundingFacts, ...] = ()


def check_convention(facts: ConventionFile, on: date, parameters: Parameters) -> tuple[Finding, ...]:
    """Apply every rule that the facts allow, in the order of the rules' life; rules without facts are silent.

    Parameters
    ----------
    on : day of the check, for the committees that are due.

    Raises
    ------
    InputError, ParameterError
        For facts that contradict each other, or a day outside the known periods.
    """
    findings: list[Finding] = []
    # Who owes nothing, or takes part by common agreement, has neither these delays nor a floor.
    owed = facts.convention is None or facts.convention.way != "voluntary"
    if facts.company is not None:
        company = obligation.Company(facts.company.employees, facts.company.group_employees, facts.company.insolvency)
        scope = obligation.check_scope(company, parameters, affects_basin=facts.company.affects_basin)
        findings.append(scope)
        owed = owed and scope.value not in ("negotiated", "none")
    jobs = None
    if facts.project is not None:
        found = _check_project(facts.project, facts.convention, parameters, owed=owed)
        findings += found
        jobs = next(f.value for f in found if f.rule.id in ("R5", "R7") and isinstance(f.value, int))
    contribution = None
    if facts.obligation is not None and jobs is not None:
        contribution, found_obligation = _check_obligation(facts.obligation, jobs, parameters, owed=owed)
        findings += found_obligation
    if facts.convention is not None:
        findings += _check_convention(facts, facts.convention, contribution, jobs, on, parameters)
    findings += _check_actions(facts, contribution, parameters)
    findings += _check_aids(facts.aids, parameters)
    for project in facts.cofunding:
        findings += _check_cofunding(project, parameters)
    return tuple(findings)


def _check_project(
    project: ProjectFacts, convention: ConventionFacts | None, parameters: Parameters, *, owed: bool
) -> list[Finding]:
    framework = convention is not None and convention.framework
    findings = [delays.check_framework(project.departements, parameters)]
    if owed and project.decided is not None:
        findings.append(delays.compute_prefect_deadline(project.decided, parameters))
    if owed and project.owed_since is not None:
        findings.append(delays.compute_option_deadline(project.owed_since, parameters))
    start = project.decided if project.rcc else project.notified
    if owed and start is not None:
        signed = None if convention is None else convention.signed
        findings.append(delays.compute_signature_deadline(start, parameters, rcc=project.rcc, signed=signed))
    findings.append(
        obligation.compute_jobs(
            project.dismissed,
            project.redeployed_in_basin,
            redeployed_elsewhere=project.redeployed_elsewhere,
            refilled=project.refilled,
            framework=framework,
            rcc=project.rcc,
        )
    )
    return findings


def compute_contribution(facts: ObligationFacts, jobs: int, parameters: Parameters) -> Decimal | None:
    """Return the contribution [EUR]: as written, else the multiple for `jobs` removed, else None."""
    if facts.amount is not None or facts.multiple is None:
        return facts.amount
    return obligation.compute_multiple_amount(jobs, facts.multiple, facts.reference, parameters)


def _check_obligation(
    facts: ObligationFacts, jobs: int, parameters: Parameters, *, owed: bool
) -> tuple[Decimal | None, list[Finding]]:
    amount = compute_contribution(facts, jobs, parameters)
    if amount is None:
        findings = [obligation.compute_floor(jobs, facts.reference, parameters)] if owed else []
    else:
        floor, usual = obligation.check_contribution(
            amount, jobs, facts.reference, parameters, unable=facts.unable, opinion=facts.opinion
        )
        findings = [floor, usual] if owed else [usual]
    if owed:
        findings.append(obligation.compute_default_payment(jobs, facts.reference, parameters))
        if facts.agreement_commitments is not None:
            findings.append(obligation.check_agreement(facts.agreement_commitments, jobs, facts.reference, parameters))
        if facts.agreement_requested is not None:
            findings.append(delays.compute_opposition_deadline(facts.agreement_requested, parameters))
    return amount, findings


def _check_convention(
    facts: ConventionFile,
    convention: ConventionFacts,
    contribution: Decimal | None,
    jobs: int | None,
    on: date,
    parameters: Parameters,
) -> list[Finding]:
    months = convention.months
    if months is None and convention.signed is not None and convention.ends is not None:
        months = delays.count_months(convention.signed, convention.ends)
    findings: list[Finding] = []
    if convention.framework_signed is not None:
        findings.append(delays.compute_local_deadline(convention.framework_signed, parameters))
    if convention.way == "agreement":
        return findings
    if months is not None:
        findings.append(
            delays.check_duration(
                months, parameters, framework=convention.framework, special=convention.special_circumstances
            )
        )
    per_job = None if contribution is None or not jobs else (contribution / jobs).quantize(obligation.CENT)
    content = Content(
        basins=convention.basins,
        actions=tuple(Action(a.name, a.terms, a.deadline, a.budget, a.operator) for a in facts.actions),
        months=months,
        per_job=per_job,
        jobs=jobs,
        follow_up=convention.follow_up,
    )
    findings += check_content(content, contribution)
    if convention.signed is not None:
        meetings = [delays.Meeting(m.day, m.report_sent) for m in facts.committees]
        closed = convention.ends if convention.ends is not None and convention.ends <= on else None
        findings += delays.check_committees(convention.signed, meetings, on, parameters, closed=closed)
    return findings


def _check_actions(facts: ConventionFile, contribution: Decimal | None, parameters: Parameters) -> list[Finding]:
    findings = []
    signed = None if facts.convention is None else facts.convention.signed
    decided = None if facts.project is None else facts.project.decided
    for action in facts.actions:
        if action.lent is not None and action.loan_cost is not None:
            findings.append(valuation.value_loans(action.lent, action.loan_cost, parameters))
        priced = action.market_value is not None and action.sale_price is not None
        if priced and contribution is not None and signed is not None:
            assert action.market_value is not None
            assert action.sale_price is not None
            findings.append(
                valuation.value_property(action.market_value, action.sale_price, contribution, signed, parameters)
            )
        if action.started is not None and decided is not None and action.started < decided:
            findings.append(
                delays.check_voluntary(
                    action.started, decided, parameters, framework_document=action.framework_document
                )
            )
    return findings


def _check_aids(aids: tuple[AidFacts, ...], parameters: Parameters) -> list[Finding]:
    granted = [aid.Aid(a.undertaking, a.amount, a.day) for a in aids if not a.asked]
    # Several requests for one undertaking are looked at in the order of their days, each after the others.
    findings = []
    for asked in sorted((a for a in aids if a.asked), key=lambda a: a.day):
        findings.append(aid.check_de_minimis(asked.undertaking, asked.amount, asked.day, granted, parameters))
        granted.append(aid.Aid(asked.undertaking, asked.amount, asked.day))
    return findings


def _check_cofunding(project: CofundingFacts, parameters: Parameters) -> list[Finding]:
    sources = [cofunding.Source(s.name, s.origin, s.amount) for s in project.sources]
    findings = [cofunding.check_own_share(project.cost, sources, parameters, lead_authority=project.lead_authority)]
    grant = next((s for s in sources if s.name == project.detr and s.origin == "public"), None)
    if grant is not None:
        others = sum((s.amount for s in sources if s.origin == "public" and s is not grant), Decimal(0))
        findings.append(cofunding.check_detr(project.cost, grant.amount, others, parameters))
    return findings
