"""The documents of a convention, and what each justifies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from django.db.models import Count, QuerySet

from ancrage.language import Text
from ancrage_web.conventions.models import (
    Amendment,
    Committee,
    Convention,
    Document,
    EngineeringDays,
    Entry,
    Job,
)


def list_shown_documents(convention: Convention) -> QuerySet[Document]:
    """Return the documents of a convention, without the files of requests that firms have not submitted yet."""
    return Document.objects.filter(convention=convention).exclude(
        request__public=True, request__submitted_on__isnull=True
    )


def list_documents(
    convention: Convention, *, kind: str = "", text: str = "", since: date | None = None, until: date | None = None
) -> QuerySet[Document]:
    """Return the documents of a convention, the last first."""
    found = list_shown_documents(convention).select_related("request", "uploaded_by")
    if kind:
        found = found.filter(kind=kind)
    if text:
        found = found.filter(name__icontains=text)
    if since is not None:
        found = found.filter(uploaded_at__date__gte=since)
    if until is not None:
        found = found.filter(uploaded_at__date__lte=until)
    return found.order_by("-uploaded_at", "name")


def list_uses(documents: Iterable[Document]) -> dict[UUID, list[Text]]:
    """Return by document what it justifies, in words; as many queries as kinds of things, for any number."""
    found = list(documents)
    keys = [document.pk for document in found]
    uses: dict[UUID, list[Text]] = {key: [] for key in keys}
    for document in found:
        if document.request is not None:
            number = document.request.number
            uses[document.pk].append(Text(f"request no. {number}", f"demande n° {number}"))

    counted = Entry.objects.filter(document__in=keys).order_by().values("document").annotate(n=Count("pk"))
    for row in counted:
        n = row["n"]
        uses[row["document"]].append(
            Text(f"{n} ledger entr{'y' if n == 1 else 'ies'}", f"{n} écriture{'' if n == 1 else 's'} du registre")
        )
    for key, number in Amendment.objects.filter(document__in=keys).values_list("document", "number"):
        uses[key].append(Text(f"amendment no. {number}", f"avenant n° {number}"))
    rows = Committee.objects.filter(minutes_document__in=keys).values_list("minutes_document", "day")
    for key, day in rows:
        uses[key].append(Text(f"committee of {day:%d/%m/%Y}", f"comité du {day:%d/%m/%Y}"))
    jobs = Job.objects.filter(proof__in=keys).order_by().values("proof").annotate(n=Count("pk"))
    for job in jobs:
        n = job["n"]
        uses[job["proof"]].append(Text(f"{n} job{'' if n == 1 else 's'}", f"{n} emploi{'' if n == 1 else 's'}"))
    days = EngineeringDays.objects.filter(document__in=keys).order_by().values("document").annotate(n=Count("pk"))
    for row in days:
        uses[row["document"]].append(Text("engineering days", "jours d'ingénierie"))
    return uses
