"""Reading of studies; inside the scope of the organisation, except where a docstring says so."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import TypeVar
from uuid import UUID

from django.db.models import Count, F, Model, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.http import Http404
from django.utils import timezone
from django_scopes import scopes_disabled

from ancrage_web.accounts.models import Organisation
from ancrage_web.accounts.secret_texts import compute_fingerprint
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Comment, HandOver, Result, Run, Scenario, ShareLink, Study
from ancrage_web.territories.models import Commune, Epci

T = TypeVar("T", bound=Model)

# A result weighs hundreds of kilobytes: lists and state pages leave out what they do not show.
_HEAVY = ("pages", "map")


def list_studies(*, archived: bool = False, text: str = "", epci: str = "") -> QuerySet[Study]:
    """Return the studies of the organisation, the last touched first.

    Each carries `scenarios_count`, `last_run_status` (or None), `last_run_at`, `touched_at`, and `last_summary`, the
    `Result.summary` of its last computed result (or None).

    Parameters
    ----------
    archived : the archived ones instead of the others.
    text : words of the name or the notes; epci : SIREN code of a studied EPCI.
    """
    runs = Run.objects.filter(scenario__study=OuterRef("pk")).order_by("-asked_at")
    results = (
        Run.objects.filter(scenario__study=OuterRef("pk"), status=Status.DONE)
        .order_by("-ended_at")
        .values("result__summary")
    )
    kept = (
        Scenario.objects.filter(study=OuterRef("pk"), result__isnull=False)
        .order_by("-updated_at")
        .values("result__summary")
    )
    scenarios = Scenario.objects.filter(study=OuterRef("pk")).order_by("-updated_at")
    studies = Study.objects.filter(archived_at__isnull=not archived).annotate(
        scenarios_count=Count("scenarios"),
        last_run_status=Subquery(runs.values("status")[:1]),
        last_run_at=Subquery(runs.values("asked_at")[:1]),
        # A copied study has results without runs of its own.
        last_summary=Coalesce(Subquery(results[:1]), Subquery(kept[:1])),
        touched_at=Greatest(
            F("updated_at"),
            Coalesce(Subquery(scenarios.values("updated_at")[:1]), F("updated_at")),
            Coalesce(Subquery(runs.values("asked_at")[:1]), F("updated_at")),
        ),
    )
    # Each word is a condition of the query: a database takes a limited number of them.
    for word in text[:200].split()[:10]:
        studies = studies.filter(Q(name__icontains=word) | Q(notes__icontains=word))
    if epci:
        # A JSON list of codes of nine digits: the text of one code is found in it on both databases.
        studies = studies.filter(epci__icontains=f'"{epci}"')
    return studies.order_by("-touched_at", "pk")


def get_study(study_id: UUID | str) -> Study:
    """Return a study of the organisation.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Study.objects.select_related("organisation", "created_by"), study_id)


def get_scenario(study_id: UUID | str, scenario_id: UUID | str) -> Scenario:
    """Return a scenario of a study, with its study and its result (without the pages and the map).

    Raises
    ------
    Http404
        If it is not one of the study.
    """
    return _get(_list_scenarios().filter(study_id=_read_id(study_id)), scenario_id)


def list_scenarios(study: Study) -> QuerySet[Scenario]:
    """Return the scenarios of a study, the first made first, with `last_run_status` and `last_run_id`."""
    runs = Run.objects.filter(scenario=OuterRef("pk")).order_by("-asked_at")
    return (
        _list_scenarios()
        .filter(study=study)
        .annotate(last_run_status=Subquery(runs.values("status")[:1]), last_run_id=Subquery(runs.values("id")[:1]))
        .order_by("created_at", "pk")
    )


def get_run(run_id: UUID | str) -> Run:
    """Return a run of the organisation, with its scenario and study.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Run.objects.select_related("scenario__study", "asked_by"), run_id)


def list_runs(scenario: Scenario) -> QuerySet[Run]:
    """Return the runs of a scenario, the last first."""
    return Run.objects.filter(scenario=scenario).select_related("asked_by")


def count_ahead(run: Run) -> int:
    """Return how many runs of the whole instance come before a waiting one; 0 when it does not wait.

    Only a number leaves the other organisations.
    """
    if run.status != Status.WAITING:
        return 0
    with scopes_disabled():
        return Run.objects.filter(
            Q(status=Status.RUNNING) | Q(status=Status.WAITING, asked_at__lt=run.asked_at)
        ).count()


def get_result(result_id: UUID | str) -> Result:
    """Return a result of the organisation, whole.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Result.objects.all(), result_id)


def get_light_result(result_id: UUID | str) -> Result:
    """Return a result of the organisation; its pages and its map are read when they are asked for.

    Raises
    ------
    Http404
        If it is not one of the organisation.
    """
    return _get(Result.objects.defer(*_HEAVY), result_id)


def list_results_of(study: Study) -> QuerySet[Result]:
    """Return the results that the scenarios of a study had or have, the last first, without pages and map."""
    return (
        Result.objects.filter(Q(runs__scenario__study=study) | Q(scenarios__study=study))
        .defer(*_HEAVY)
        .distinct()
        .order_by("-created_at", "pk")
    )


def list_comments(study: Study, scenario: Scenario | None = None) -> QuerySet[Comment]:
    """Return the comments of a study and of its scenarios, or of one scenario, the first written first."""
    comments = Comment.objects.filter(study=study).select_related("author", "scenario").order_by("created_at", "pk")
    return comments if scenario is None else comments.filter(scenario=scenario)


def list_share_links(study: Study) -> QuerySet[ShareLink]:
    """Return the share links of a study, the last made first; `is_open` says whether one still works."""
    now = timezone.now()
    return (
        ShareLink.objects.filter(study=study)
        .select_related("created_by")
        .annotate(is_open=Q(revoked_at__isnull=True, expires_at__gt=now))
        .order_by("-created_at", "pk")
    )


def get_share_link(study: Study, link_id: UUID | str) -> ShareLink:
    """Return a share link of a study.

    Raises
    ------
    Http404
        If it is not one of the study.
    """
    return _get(ShareLink.objects.filter(study=study), link_id)


def open_share(token: str) -> Study | None:
    """Return the study that a share link opens, or None when it opens none (wrong, expired, revoked, archived).

    The one look-up of a public page that cannot be scoped: the caller opens the scope of `study.organisation`.
    """
    wanted = compute_fingerprint(token)
    with scopes_disabled():
        link = ShareLink.objects.select_related("study__organisation").filter(token_hash=wanted).first()
    if link is None or not hmac.compare_digest(link.token_hash, wanted):
        return None
    is_open = link.revoked_at is None and link.expires_at > timezone.now() and link.study.archived_at is None
    return link.study if is_open else None


def find_open_offer(study: Study) -> HandOver | None:
    """Return the offer of a study that waits for its answer, or None."""
    return _list_open(HandOver.objects.filter(study=study)).select_related("receiver", "offered_by").first()


def list_received_offers(organisation: Organisation) -> QuerySet[HandOver]:
    """Return the offers that wait for the answer of `organisation`, the last first; needs no scope of the giver.

    Of the study only its name, its territory and its giver are for the eyes of the receiver.
    """
    with scopes_disabled():
        return _list_open(HandOver.objects.filter(receiver=organisation)).select_related("study", "giver")


def get_received_offer(organisation: Organisation, offer_id: UUID | str) -> HandOver:
    """Return an offer that waits for the answer of `organisation`.

    Raises
    ------
    Http404
        If there is none.
    """
    return _get(list_received_offers(organisation), offer_id)


def list_territories(studies: Iterable[Study]) -> dict[str, str]:
    """Return the names of the EPCI of some studies by code, in one query; one that left the store is absent."""
    codes = {code for study in studies for code in study.epci}
    return dict(Epci.objects.filter(code__in=codes).values_list("code", "name"))


def list_communes(study: Study) -> QuerySet[Commune]:
    """Return the communes of the territory of a study, by name."""
    return Commune.objects.filter(epci__in=study.epci).order_by("name", "code")


def _list_scenarios() -> QuerySet[Scenario]:
    light = Result.objects.defer(*_HEAVY)
    return Scenario.objects.select_related("study__organisation", "updated_by").prefetch_related(
        Prefetch("result", queryset=light)
    )


def _list_open(offers: QuerySet[HandOver]) -> QuerySet[HandOver]:
    return offers.filter(accepted_at__isnull=True, declined_at__isnull=True, withdrawn_at__isnull=True).order_by(
        "-offered_at", "pk"
    )


def _read_id(value: UUID | str) -> UUID:
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError as error:
        raise Http404 from error


def _get(rows: QuerySet[T], key: UUID | str) -> T:
    found = rows.filter(pk=_read_id(key)).first()
    if found is None:
        raise Http404
    return found
