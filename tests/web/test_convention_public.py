"""The public form of requests of aid, from the secret address to the erasure of the contact."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.models import Beneficiary, CallLink, DeclaredAid, Document, Request
from ancrage_web.conventions.services import public_requests as services
from ancrage_web.conventions.services.requests import return_request
from web.conftest import World
from web.convention_samples import PDF, Sample, build_document, build_sample

EMAIL = "boulangerie@example.org"
OTHER_SIREN = "111111118"


@pytest.fixture(autouse=True)
def _empty_cache() -> Any:
    """Count visits from zero in each test."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def sample(world: World) -> Any:
    """Return the sample, in the scope of its organisation."""
    built = build_sample(world)
    with scope(organisation=world.organisation):
        yield built


@pytest.fixture
def call(sample: Sample) -> str:
    """Return the secret of an open call."""
    return services.open_call(sample.access).rstrip("/").rpartition("/")[2]


def start(call: str, email: str = EMAIL) -> tuple[Request, str]:
    """Start a request, and return it with the secret of its e-mail."""
    answer = Client().post(reverse("aid-call", args=[call]), {"email": email})
    assert answer.status_code == 200
    secret = answer.context["token"]
    return Request.objects.get(public=True, contact_email=email, submitted_on=None), secret


def build_parts(sample: Sample) -> dict[str, dict[str, str]]:
    """Return what a bakery writes, part by part."""
    return {
        "projet": {
            "action": str(sample.action.pk),
            "title": "Un second four",
            "description": "Deux embauches.",
            "commune": "00001",
        },
        "entreprise": {"siren": "111 111 118", "name": "Boulangerie d'Essai", "employees": "6"},
        "emplois": {"jobs_created": "2"},
        "budget": {"project_cost": "45 000,50", "amount_asked": "6 000"},
        "minimis": {
            "granted_1": "2025-02-03",
            "amount_1": "3 000",
            "source_1": "Région",
            "complete": "on",
        },
    }


def write(client: Client, secret: str, parts: dict[str, dict[str, str]]) -> list[int]:
    """Write parts one after the other, and return the statuses of the answers."""
    return [
        client.post(reverse("aid-request-part", args=[secret, part]), values).status_code
        for part, values in parts.items()
    ]


def submit(client: Client, secret: str) -> int:
    """Submit, and return the status of the answer."""
    return client.post(reverse("aid-request-review", args=[secret])).status_code


def test_bakery_asks_leaves_comes_back_submits_completes_and_withdraws(
    sample: Sample, call: str, django_capture_on_commit_callbacks: Any
) -> None:
    request, secret = start(call)
    [sent] = mail.outbox
    assert sent.to == [EMAIL]
    assert reverse("aid-request", args=[secret]) in sent.body
    parts = build_parts(sample)
    first = Client()
    assert write(first, secret, {"projet": parts.pop("projet")}) == [302]
    assert submit(first, secret) == 400

    # Later, elsewhere: what was written is there.
    client = Client()
    assert "Un second four" in client.get(reverse("aid-request-part", args=[secret, "projet"])).content.decode()
    assert write(client, secret, parts) == [302] * 4
    page = client.get(reverse("aid-request-part", args=[secret, "budget"])).content.decode()
    assert 'value="45000,50"' in page
    upload = SimpleUploadedFile("devis.pdf", PDF, content_type="application/pdf")
    assert client.post(reverse("aid-request-documents", args=[secret]), {"upload": upload}).status_code == 302
    page = client.get(reverse("aid-request-review", args=[secret])).content.decode()
    for shown in ("45\u202f000,50\u00a0€", "3 février 2025", "Aide aux entreprises", "devis.pdf"):
        assert shown in page
    with django_capture_on_commit_callbacks(execute=True):
        assert submit(client, secret) == 302
    saved = Request.objects.get(pk=request.pk)
    assert (saved.status, saved.amount_asked, saved.commune) == ("submitted", Decimal(6000), "00001")
    assert saved.beneficiary == Beneficiary.objects.get(siren=OTHER_SIREN)
    assert DeclaredAid.objects.get().amount == Decimal(3000)
    assert mail.outbox[-1].subject == f"Votre demande d'aide n° {saved.number} est déposée"
    assert write(client, secret, {"emplois": {"jobs_created": "9"}}) == [302]
    assert Request.objects.get(pk=request.pk).jobs_created == 2

    with django_capture_on_commit_callbacks(execute=True):
        return_request(sample.access, saved, reason="Il manque le bail.")
    assert "Il manque le bail." in mail.outbox[-1].body
    assert "Il manque le bail." in client.get(reverse("aid-request", args=[secret])).content.decode()
    # The action takes no more requests: the one that is being completed goes on.
    sample.action.open_to_requests = False
    sample.action.save()
    assert write(client, secret, {"emplois": {"jobs_created": "3"}}) == [302]
    assert submit(client, secret) == 302
    saved = Request.objects.get(pk=request.pk)
    assert (saved.status, saved.jobs_created, DeclaredAid.objects.count()) == ("submitted", 3, 1)
    assert client.post(reverse("aid-request-withdraw", args=[secret])).status_code == 302
    assert Request.objects.get(pk=request.pk).status == "withdrawn"


def test_file_joined_by_mistake_goes_away_but_not_one_of_the_managers(sample: Sample, call: str) -> None:
    request, secret = start(call)
    client = Client()
    upload = SimpleUploadedFile("photo.pdf", PDF, content_type="application/pdf")
    client.post(reverse("aid-request-documents", args=[secret]), {"upload": upload})
    [own] = Document.objects.filter(request=request)
    theirs = build_document(sample.convention, name="note.pdf", request=sample.request)
    for key, status in ((theirs.pk, 404), (own.pk, 302)):
        address = reverse("aid-request-document-remove", args=[secret, key])
        assert client.post(address).status_code == status
    assert not Document.objects.filter(pk=own.pk).exists()
    assert Document.objects.filter(pk=theirs.pk).exists()


def test_files_and_words_of_a_draft_are_hidden_from_the_managers(sample: Sample, call: str, world: World) -> None:
    request, secret = start(call)
    client = Client()
    upload = SimpleUploadedFile("secret.pdf", PDF, content_type="application/pdf")
    client.post(reverse("aid-request-documents", args=[secret]), {"upload": upload})
    document = Document.objects.get(request=request)
    officer = world.sign_in("officer")
    keys = {"organisation": world.organisation.slug, "convention": sample.convention.pk}
    assert "secret.pdf" not in officer.get(reverse("convention-documents", kwargs=keys)).content.decode()
    assert officer.get(reverse("convention-document", kwargs={**keys, "document": document.pk})).status_code == 404
    assert officer.get(reverse("convention-request", kwargs={**keys, "aid": request.pk})).status_code == 404
    assert EMAIL not in officer.get(reverse("convention-call", kwargs=keys)).content.decode()


def test_wrong_expired_renewed_and_closed_links_give_the_same_answer(sample: Sample, call: str) -> None:
    request, secret = start(call)
    client = Client()
    wrong = client.get(reverse("aid-request", args=["x" * 43]))
    assert wrong.status_code == 404
    assert client.get(reverse("aid-request", args=[secret])).status_code == 200
    services.renew_link(sample.access, request)
    renewed = client.get(reverse("aid-request", args=[secret]))
    _, fresh = start(call, "autre@example.org")
    Request.objects.filter(contact_email="autre@example.org").update(token_expires_at=timezone.now())
    expired = client.get(reverse("aid-request", args=[fresh]))
    services.close_call(sample.access)
    closed = client.get(reverse("aid-call", args=[call]))
    pages = {answer.content.split(b"<main")[1] for answer in (wrong, renewed, expired, closed)}
    assert {answer.status_code for answer in (renewed, expired, closed)} == {404}
    assert len(pages) == 1
    for answer in (wrong, closed):
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert answer["Cache-Control"] == "private, no-store"


def test_call_of_a_closed_convention_opens_nothing(sample: Sample, call: str) -> None:
    _, secret = start(call)
    write(Client(), secret, build_parts(sample))
    sample.convention.status = "closed"
    sample.convention.save()
    assert Client().get(reverse("aid-call", args=[call])).status_code == 404
    assert submit(Client(), secret) == 400
    assert CallLink.objects.get().closed_at is None


def test_starting_is_limited_by_visitor(call: str, sample: Sample) -> None:
    client, address = Client(), reverse("aid-call", args=[call])
    statuses = [client.post(address, {"email": f"n{n}@example.org"}).status_code for n in range(12)]
    assert statuses == [200] * 10 + [429] * 2
    assert client.get(address).status_code == 200
    assert Request.objects.filter(convention=sample.convention, public=True).count() == 10


def test_mail_server_that_fails_is_told_to_both(
    call: str, sample: Sample, world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> int:
        raise OSError(f"no route for {EMAIL}")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", fail)
    with caplog.at_level(logging.DEBUG):
        page = Client().post(reverse("aid-call", args=[call]), {"email": EMAIL}).content.decode()
    assert "L’e-mail n’a pas pu partir" in page
    assert EMAIL not in caplog.text
    assert "did not leave" in caplog.text
    keys = {"organisation": world.organisation.slug, "convention": sample.convention.pk}
    assert "e-mail non parti" in world.sign_in("officer").get(reverse("convention-call", kwargs=keys)).content.decode()


def test_firm_takes_its_data_and_erases_its_draft(sample: Sample, call: str) -> None:
    request, secret = start(call)
    client = Client()
    write(client, secret, build_parts(sample))
    upload = SimpleUploadedFile("devis.pdf", PDF, content_type="application/pdf")
    client.post(reverse("aid-request-documents", args=[secret]), {"upload": upload})
    data = json.loads(client.get(reverse("aid-request-data", args=[secret])).content)
    assert (data["email"], data["written"]["projet"]["title"]) == (EMAIL, "Un second four")
    assert [each["name"] for each in data["documents"]] == ["devis.pdf"]
    assert client.post(reverse("aid-request-erase", args=[secret])).status_code == 200
    assert not Request.objects.filter(pk=request.pk).exists()
    assert client.get(reverse("aid-request", args=[secret])).status_code == 404


def test_trail_names_nobody(sample: Sample, call: str) -> None:
    _, secret = start(call)
    client = Client()
    write(client, secret, build_parts(sample))
    submit(client, secret)
    client.post(reverse("aid-request-erase", args=[secret]))
    with scopes_disabled():
        lines = list(AuditLine.objects.all())
    assert {"request.started", "request.submitted", "request.contact_erased"} <= {line.action for line in lines}
    for line in lines:
        told = json.dumps([line.before, line.after], default=str)
        assert EMAIL not in told
        assert secret not in told
        assert "four" not in told
    assert Request.objects.get(public=True).contact_email == ""


def test_contacts_go_24_months_after_the_end_and_drafts_with_their_link(
    sample: Sample, call: str, django_capture_on_commit_callbacks: Any
) -> None:
    draft, secret = start(call)
    upload = SimpleUploadedFile("devis.pdf", PDF, content_type="application/pdf")
    Client().post(reverse("aid-request-documents", args=[secret]), {"upload": upload})
    file = Path(settings.MEDIA_ROOT) / Document.objects.get(request=draft).path
    ended = {"status": "withdrawn", "ended_on": date(2024, 2, 29), "contact_email": EMAIL}
    Request.objects.filter(pk=sample.request.pk).update(**ended)
    assert services.purge_contacts(date(2026, 2, 28)) == (0, 0)
    assert services.purge_contacts(date(2026, 3, 1)) == (1, 0)
    assert Request.objects.get(pk=sample.request.pk).contact_email == ""
    assert services.purge_contacts(date(2026, 3, 1)) == (0, 0)
    Request.objects.filter(pk=draft.pk).update(token_expires_at=timezone.now() - timedelta(days=2))
    assert file.exists()
    with django_capture_on_commit_callbacks(execute=True):
        call_command("purge_contacts", verbosity=0)
    assert not Request.objects.filter(pk=draft.pk).exists()
    assert not file.exists()


@pytest.mark.parametrize("email", [EMAIL, ""])
def test_request_sent_back_without_an_answer_is_forgotten_with_its_link(sample: Sample, call: str, email: str) -> None:
    request, secret = start(call)
    written = datetime(2024, 2, 29, 12, tzinfo=UTC)
    Request.objects.filter(pk=request.pk).update(
        status="returned", submitted_on=date(2024, 1, 1), updated_at=written, contact_email=email, draft={"projet": {}}
    )
    page = reverse("aid-request", args=[secret])
    assert services.purge_contacts(date(2026, 2, 28)) == (0, 0)
    assert Client().get(page).status_code == 200
    assert services.purge_contacts(date(2026, 3, 1)) == (1, 0)
    kept = Request.objects.get(pk=request.pk)
    assert (kept.contact_email, kept.draft, kept.token_hash) == ("", {}, "")
    assert Client().get(page).status_code == 404


@pytest.mark.parametrize(("status", "draft"), [("withdrawn", {}), ("returned", {"projet": {}})])
def test_firm_that_erases_its_address_keeps_what_it_may_still_complete(
    sample: Sample, call: str, status: str, draft: dict[str, Any]
) -> None:
    request, secret = start(call)
    Request.objects.filter(pk=request.pk).update(
        status=status, submitted_on=date(2024, 1, 1), draft={"projet": {}}, contact_email=EMAIL
    )
    assert not services.erase_own(Request.objects.get(pk=request.pk))
    kept = Request.objects.get(pk=request.pk)
    assert (kept.contact_email, kept.draft) == ("", draft)
    assert Client().get(reverse("aid-request", args=[secret])).status_code == 200


@pytest.mark.usefixtures("territories")
def test_commune_is_found_by_its_name(sample: Sample, call: str) -> None:
    from ancrage_web.territories.models import Commune

    commune = Commune.objects.exclude(name__in=["", "-"]).order_by("-population")[0]
    request, secret = start(call)
    client = Client()
    values = build_parts(sample)["projet"]
    for written in (commune.name, commune.name.upper(), f"{commune.name} ({commune.code})", commune.code):
        assert write(client, secret, {"projet": {**values, "commune": written}}) == [302]
        assert Request.objects.get(pk=request.pk).draft["projet"]["commune"] == commune.code
    page = client.get(reverse("aid-request-part", args=[secret, "projet"])).content.decode()
    assert f"{commune.name} ({commune.code})" in page
    answer = client.post(reverse("aid-request-part", args=[secret, "projet"]), {**values, "commune": "Zzyzx"})
    assert answer.status_code == 400
    assert "Aucune commune ne s&#x27;appelle" in answer.content.decode()
