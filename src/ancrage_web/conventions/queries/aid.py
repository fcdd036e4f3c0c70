"""Readings of requests of aid, of their beneficiaries and of what counts as de minimis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.http import Http404

from ancrage.conventions import requests
from ancrage.conventions.aid import Aid, Window, check_de_minimis, compute_window
from ancrage.conventions.model import Finding
from ancrage.language import Text
from ancrage.parameters import load_parameters
from ancrage_web.conventions.enums import OUTCOME_NAMES
from ancrage_web.conventions.models import (
    Account,
    Action,
    Basin,
    Beneficiary,
    CallLink,
    Committee,
    Convention,
    Decision,
    DeclaredAid,
    Funder,
    Request,
)

_ZERO = Decimal(0)


@dataclass(frozen=True)
class Holding:
    """Where the money of a request stands with one funder [EUR]: what is in each stage, not beyond."""

    funder: Funder
    reserved: Decimal = _ZERO
    committed: Decimal = _ZERO
    paid: Decimal = _ZERO


@dataclass(frozen=True)
class Counting:
    """An aid that counts, and where it is known from; `request` is None for one declared from elsewhere."""

    beneficiary: Beneficiary
    aid: Aid
    source: str
    request: Request | None = None
    declared: DeclaredAid | None = None


def get_request(convention: Convention, key: UUID) -> Request:
    """Return a request of a convention, with its action and beneficiary.

    Raises
    ------
    Http404
        If it is not one of this convention, or a draft that its beneficiary has not submitted.
    """
    found = (
        list_shown(Request.objects.filter(convention=convention))
        .select_related("action", "beneficiary", "convention")
        .filter(pk=key)
        .first()
    )
    if found is None:
        raise Http404
    return found


def list_shown(rows: QuerySet[Request]) -> QuerySet[Request]:
    """Leave out what a beneficiary writes and has not submitted: it is theirs alone."""
    return rows.exclude(public=True, submitted_on__isnull=True)


def list_requests(
    convention: Convention,
    *,
    status: str = "",
    action: str = "",
    text: str = "",
    committee: str = "",
    beneficiary: str = "",
) -> QuerySet[Request]:
    """Return the requests of a convention that filters keep, the last numbers first.

    Parameters
    ----------
    status : one status, "open" for those that are not closed, empty for all.
    text : in the title, the name or the SIREN of the beneficiary, or a number.
    committee : identifier of a committee that decided of them; beneficiary : of who asks.
    """
    rows = list_shown(Request.objects.filter(convention=convention)).select_related("action", "beneficiary")
    if status == "open":
        rows = rows.exclude(status__in=requests.CLOSED)
    elif status:
        rows = rows.filter(status=status)
    if action:
        rows = rows.filter(action_id=action)
    if beneficiary:
        rows = rows.filter(beneficiary_id=beneficiary)
    if committee:
        rows = rows.filter(decisions__committee_id=committee)
    text = text.strip()
    if text:
        wanted = Q(title__icontains=text) | Q(beneficiary__name__icontains=text)
        wanted |= Q(beneficiary__siren__startswith="".join(text.split()))
        if text.isascii() and text.isdigit() and len(text) < 9:
            wanted |= Q(number=int(text))
        rows = rows.filter(wanted)
    return rows.order_by("-number")


def list_of_convention(convention: Convention) -> list[Beneficiary]:
    """Return those who ask for aid in a convention, by name; one query."""
    return list(Beneficiary.objects.filter(requests__convention=convention).distinct().order_by("name"))


def list_decisions(request: Request) -> list[tuple[Decision, Text]]:
    """Return what committees said of a request, with the name of each outcome, the first first; one query."""
    rows = Decision.objects.filter(request=request).select_related("committee").order_by("committee__day")
    return [(row, OUTCOME_NAMES[row.outcome]) for row in rows]


def find_next_committee(request: Request, on: date) -> Committee | None:
    """Return the committee that is to decide of a request: the next one, else the last whose minutes are missing."""
    if request.status != "instructed":
        return None
    rows = Committee.objects.filter(convention_id=request.convention_id, held_at__isnull=True)
    return rows.filter(day__gte=on).order_by("day").first() or rows.order_by("-day").first()


def read_totals(rows: QuerySet[Request]) -> dict[str, Decimal | int]:
    """Return the sums of a list of requests: asked, granted [EUR], jobs created and maintained; one query."""
    return rows.order_by().aggregate(
        count=Count("pk"),
        asked=Sum("amount_asked", default=_ZERO),
        granted=Sum("amount_granted", default=_ZERO),
        created=Sum("jobs_created", default=0),
        maintained=Sum("jobs_maintained", default=0),
    )


def list_life(request: Request) -> tuple[requests.Step, ...]:
    """Return the steps of a request and their days, for the beneficiary and those who manage it alike."""
    return requests.list_steps(
        request.status,  # type: ignore[arg-type]
        submitted=request.submitted_on,
        decided=request.decided_on,
        agreed=request.agreed_on,
        ended=request.ended_on,
    )


def read_paid(rows: Iterable[Request]) -> dict[UUID, Decimal]:
    """Return what was paid of each request [EUR]; one query."""
    keys = [row.pk for row in rows]
    sums = (
        Account.objects.filter(request__in=keys, stage="paid").order_by().values("request").annotate(sum=Sum("amount"))
    )
    return {each["request"]: each["sum"] for each in sums}


def count_hidden_drafts(convention: Convention) -> int:
    """Return how many requests beneficiaries have started and not submitted."""
    return Request.objects.filter(convention=convention, public=True, submitted_on__isnull=True, status="draft").count()


def read_holdings(request: Request) -> list[Holding]:
    """Return the money of a request by funder, by name of the funder; one query."""
    held: dict[UUID, dict[str, Decimal]] = {}
    funders: dict[UUID, Funder] = {}
    accounts = Account.objects.filter(request=request, stage__in=("reserved", "committed", "paid"))
    for account in accounts.select_related("funder").order_by("funder__name"):
        funders[account.funder_id] = account.funder
        stages = held.setdefault(account.funder_id, {})
        stages[account.stage] = stages.get(account.stage, _ZERO) + account.amount
    return [
        Holding(
            funders[key],
            stages.get("reserved", _ZERO),
            stages.get("committed", _ZERO),
            stages.get("paid", _ZERO),
        )
        for key, stages in held.items()
    ]


def read_free(action: Action) -> dict[UUID, Decimal]:
    """Return what is planned and free in an action, by funder [EUR]; one query."""
    accounts = Account.objects.filter(action=action, stage="planned")
    return {account.funder_id: account.amount for account in accounts}


def find_outside(request: Request) -> str:
    """Return the commune of a request that no basin of its convention holds; nothing where all is well or unknown."""
    commune = request.commune or (request.beneficiary.commune if request.beneficiary else "")
    basins = list(Basin.objects.filter(convention_id=request.convention_id))
    if not commune or not basins or any(commune in basin.communes for basin in basins):
        return ""
    return commune


def find_call(convention: Convention) -> CallLink | None:
    """Return the public address of a convention, open or closed, or None where there never was one."""
    return CallLink.objects.filter(convention=convention).first()


def get_beneficiary(key: UUID) -> Beneficiary:
    """Return a beneficiary of the scope.

    Raises
    ------
    Http404
        If there is none.
    """
    found = Beneficiary.objects.filter(pk=key).first()
    if found is None:
        raise Http404
    return found


def list_beneficiaries(*, text: str = "", undertaking: str = "") -> QuerySet[Beneficiary]:
    """Return the beneficiaries of the scope whose name, SIREN or undertaking holds a text, by name."""
    rows = Beneficiary.objects.annotate(
        requests_count=Count("requests", filter=~Q(requests__status="draft"), distinct=True)
    )
    text = text.strip()
    if text:
        wanted = Q(name__icontains=text) | Q(undertaking__icontains=text)
        rows = rows.filter(wanted | Q(siren__startswith="".join(text.split())))
    if undertaking:
        rows = rows.filter(undertaking=undertaking)
    return rows.order_by("name", "siren")


def list_undertakings() -> list[str]:
    """Return the names of single undertakings that the scope knows."""
    names = Beneficiary.objects.exclude(undertaking="").order_by("undertaking")
    return list(names.values_list("undertaking", flat=True).distinct())


def get_undertaking(beneficiary: Beneficiary) -> str:
    """Return what the ceiling is shared by: the name of the undertaking, or the SIREN of who stands alone."""
    return beneficiary.undertaking.strip().casefold() or beneficiary.siren


def list_linked(beneficiary: Beneficiary) -> list[Beneficiary]:
    """Return a beneficiary and those of the same undertaking; one query at most."""
    if not beneficiary.undertaking.strip():
        return [beneficiary]
    named = Beneficiary.objects.filter(organisation_id=beneficiary.organisation_id).exclude(undertaking="")
    shared = get_undertaking(beneficiary)
    # Compared here: databases do not fold the case of accented letters alike.
    return [other for other in named.order_by("name") if get_undertaking(other) == shared]


def list_counting(beneficiaries: Sequence[Beneficiary], besides: Request | None = None) -> list[Counting]:
    """Return every de minimis aid known of some beneficiaries, whatever its day; two queries.

    Those declared from elsewhere, and those granted by the conventions of the organisation. A draft or a refusal is
    no aid: the right to it was never given.
    """
    known = {beneficiary.pk: beneficiary for beneficiary in beneficiaries}
    counting = [
        Counting(
            known[row.beneficiary_id],
            Aid(get_undertaking(known[row.beneficiary_id]), row.amount, row.granted_on),
            row.source,
            declared=row,
        )
        for row in DeclaredAid.objects.filter(beneficiary__in=known)
    ]
    granted = Request.objects.filter(
        beneficiary__in=known, de_minimis=True, decided_on__isnull=False, status__in=requests.FUNDED
    ).select_related("convention")
    for row in granted:
        if row == besides or row.amount_granted is None or not requests.is_de_minimis(row.nature, de_minimis=True):
            continue
        assert row.decided_on is not None
        assert row.beneficiary_id is not None
        amount = requests.compute_counted_amount(row.nature, row.amount_granted, row.grant_equivalent)
        aid = Aid(get_undertaking(known[row.beneficiary_id]), amount, row.decided_on)
        counting.append(Counting(known[row.beneficiary_id], aid, row.convention.name, request=row))
    return sorted((each for each in counting if each.aid.amount > 0), key=lambda each: each.aid.granted)


def read_window(beneficiary: Beneficiary, on: date, *, besides: Request | None = None) -> Window:
    """Return what the undertaking of a beneficiary received over the three years that end on a day.

    Raises
    ------
    ParameterError
        For a day outside the regulation.
    """
    aids = [each.aid for each in list_counting(list_linked(beneficiary), besides)]
    return compute_window(get_undertaking(beneficiary), on, aids, load_parameters())


def read_windows(beneficiaries: Sequence[Beneficiary], on: date) -> dict[UUID, Window]:
    """Return the window of each of some beneficiaries; three queries whatever their number.

    Raises
    ------
    ParameterError
        For a day outside the regulation.
    """
    shared = {get_undertaking(each) for each in beneficiaries if each.undertaking.strip()}
    everyone = {each.pk: each for each in beneficiaries}
    if beneficiaries:
        for other in Beneficiary.objects.exclude(undertaking=""):
            if get_undertaking(other) in shared:
                everyone.setdefault(other.pk, other)
    aids = [each.aid for each in list_counting(list(everyone.values()))]
    parameters = load_parameters()
    return {each.pk: compute_window(get_undertaking(each), on, aids, parameters) for each in beneficiaries}


def check_aid(beneficiary: Beneficiary, amount: Decimal, on: date, *, besides: Request | None = None) -> Finding:
    """R17: whether an aid [EUR] to a beneficiary fits on a day, with those of its whole undertaking.

    Parameters
    ----------
    besides : a request that is left out of what was granted: the one that is looked at.

    Raises
    ------
    InputError
        If the amount is not positive. ParameterError for a day outside the regulation.
    """
    aids = [each.aid for each in list_counting(list_linked(beneficiary), besides)]
    return check_de_minimis(get_undertaking(beneficiary), amount, on, aids, load_parameters())


def check_request(request: Request, amount: Decimal, on: date) -> Finding | None:
    """R17 of a request, for an amount [EUR] it would be granted; None where it does not count as de minimis.

    Raises
    ------
    ParameterError
        For a day outside the regulation.
    """
    counted = requests.compute_counted_amount(request.nature, amount, request.grant_equivalent)
    if request.beneficiary is None or counted <= 0:
        return None
    if not requests.is_de_minimis(request.nature, de_minimis=request.de_minimis):
        return None
    return check_aid(request.beneficiary, counted, on, besides=request)
