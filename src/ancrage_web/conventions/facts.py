"""A convention of the site as the rules of the library read it; pure on the values given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal, cast

from ancrage.conventions import delays, life
from ancrage.conventions.check import (
    ActionFacts,
    CompanyFacts,
    ConventionFacts,
    ConventionFile,
    MeetingFacts,
    ObligationFacts,
    ProjectFacts,
)
from ancrage.conventions.obligation import Insolvency
from ancrage_web.conventions.enums import CommitteeKind
from ancrage_web.conventions.models import Action, Basin, Committee, Convention


def build_facts(
    convention: Convention, *, actions: Iterable[Action], committees: Iterable[Committee], basins: Iterable[Basin]
) -> ConventionFile:
    """Return what the rules check; a part of which the first fact is missing is left out.

    Raises
    ------
    InputError
        If the convention ends before it starts.
    """
    return ConventionFile(
        company=_build_company(convention),
        project=_build_project(convention),
        obligation=_build_obligation(convention),
        convention=ConventionFacts(
            name=convention.name,
            way=cast(life.Way, convention.way),
            framework=convention.way == "framework",
            framework_signed=convention.framework_signed_on,
            basins=tuple(basin.name for basin in basins if basin.communes),
            signed=convention.signed_on,
            ends=convention.ends_on,
            months=count_duration(convention.starts_on, convention.ends_on),
            special_circumstances=convention.special_circumstances,
            follow_up=convention.follow_up,
        ),
        actions=tuple(_build_action(action) for action in actions),
        committees=tuple(MeetingFacts(day=c.day, report_sent=c.report_sent_on) for c in committees),
    )


def build_milestones(convention: Convention, committees: Iterable[Committee]) -> life.Milestones:
    """Return the dates that the statuses and the deadlines need.

    A voluntary approach answers to no notified obligation: the delays of the prefect, of the option and of the
    signature do not run.
    """
    days = sorted((committee.day, committee.kind) for committee in committees)
    finals = [day for day, kind in days if kind == CommitteeKind.FINAL]
    owed = convention.way != "voluntary"
    return life.Milestones(
        notified=convention.notified_on if owed else None,
        decided=convention.decided_on if owed else None,
        owed_since=convention.owed_since,
        option=convention.option_on,
        agreement_requested=convention.agreement_requested_on,
        framework_signed=convention.framework_signed_on,
        signed=convention.signed_on,
        started=convention.starts_on,
        ends=convention.ends_on,
        final_committee=finals[-1] if finals else None,
        committees=tuple(day for day, _ in days),
        rcc=convention.rcc,
    )


def count_duration(starts_on: date | None, ends_on: date | None) -> int | None:
    """Return the months of a convention between its first and last day, or None while one of them is missing.

    From 10 July 2025 to 9 July 2028, as to 10 July 2028, is 36 months.

    Raises
    ------
    InputError
        If it ends before it starts.
    """
    return None if starts_on is None or ends_on is None else delays.count_months(starts_on, ends_on)


def _build_company(convention: Convention) -> CompanyFacts | None:
    if convention.employees is None:
        return None
    return CompanyFacts(
        employees=convention.employees,
        group_employees=convention.group_employees,
        insolvency=cast(Insolvency, convention.insolvency),
        affects_basin=convention.affects_basin,
    )


def _build_project(convention: Convention) -> ProjectFacts | None:
    if convention.dismissed is None:
        return None
    return ProjectFacts(
        dismissed=convention.dismissed,
        redeployed_in_basin=convention.redeployed_in_basin,
        redeployed_elsewhere=convention.redeployed_elsewhere,
        refilled=convention.refilled,
        rcc=convention.rcc,
        departements=max(1, convention.departements),
        notified=convention.notified_on,
        decided=convention.decided_on,
        owed_since=convention.owed_since,
    )


def _build_obligation(convention: Convention) -> ObligationFacts | None:
    if convention.reference_on is None:
        return None
    return ObligationFacts(
        reference=convention.reference_on,
        amount=convention.amount,
        multiple=convention.multiple,
        unable=convention.unable,
        opinion=cast(Literal["", "CODEFI", "CIRI"], convention.opinion),
        agreement_commitments=convention.agreement_commitments,
        agreement_requested=convention.agreement_requested_on,
    )


def _build_action(action: Action) -> ActionFacts:
    return ActionFacts(
        name=action.name,
        terms=action.terms,
        deadline=action.deadline,
        budget=action.budget,
        operator=action.operator,
        lent=action.lent,
        loan_cost=action.loan_cost,
        market_value=action.market_value,
        sale_price=action.sale_price,
        started=action.started_on,
        framework_document=action.framework_document,
    )
