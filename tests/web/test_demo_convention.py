"""The convention of the demonstration: a whole history by the real services, whatever the day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage_web.audit.services import check_trail
from ancrage_web.cofunding.models import Programme, Project
from ancrage_web.conventions.models import Committee, Convention, Document, Entry, Job, Request
from ancrage_web.conventions.services.ledger import check_ledger
from ancrage_web.demo.cofunding import PROGRAMMES, create_demo_cofunding
from ancrage_web.demo.conventions import SHEETS, compute_siren, create_demo_convention, render_pdf
from ancrage_web.demo.people import OFFICER, create_people, find_actor


def test_demonstration_holds_a_convention_with_its_history_once(territories: Any, settings: Any) -> None:
    settings.DEMO = True
    create_people()
    today = timezone.localdate()
    create_demo_convention(today)
    create_demo_convention(today)
    officer = find_actor(OFFICER)
    with scope(organisation=officer.organisation):
        convention = Convention.objects.get()
        assert convention.status == "running"
        reached = dict(Request.objects.values_list("number", "status"))
        assert reached == {number: sheet.end for number, sheet in enumerate(SHEETS, start=1)}
        assert check_ledger(convention).problems == ()
        assert Entry.objects.count() > 50
        assert Committee.objects.filter(held_at__isnull=False).count() == 2
        assert Committee.objects.filter(day__gt=today).count() == 1
        assert Job.objects.filter(hired_on__isnull=False).count() == sum(sheet.hired for sheet in SHEETS)
        assert convention.amendments.count() == 1
        assert convention.partners.count() == 3
        assert Document.objects.filter(media_type="application/pdf").count() == Document.objects.count()
    assert check_trail(officer.organisation).broken is None


def test_demonstration_holds_a_project_and_programmes_once(territories: Any, settings: Any) -> None:
    settings.DEMO = True
    create_people()
    today = timezone.localdate()
    create_demo_convention(today)
    create_demo_cofunding(today)
    create_demo_cofunding(today)
    officer = find_actor(OFFICER)
    with scope(organisation=officer.organisation):
        project = Project.objects.get()
        assert project.convention == Convention.objects.get().pk
        assert project.sources.count() == 4
        assert {p.name.endswith("(fictif)") for p in Programme.objects.all()} == {True}
        assert Programme.objects.count() == len(PROGRAMMES) == 8
    client = Client()
    client.force_login(officer.user, backend="django.contrib.auth.backends.ModelBackend")
    where = {"organisation": officer.organisation.slug}
    assert client.get(reverse("project", kwargs={**where, "project": project.pk})).status_code == 200
    assert client.get(reverse("programmes", kwargs=where)).status_code == 200


@pytest.mark.parametrize("number", [0, 7, 90, 999])
def test_fictional_siren_have_right_control_digits(number: int) -> None:
    from ancrage_web.accounts.rules import check_siren

    assert check_siren(compute_siren(number)) == compute_siren(number)


def test_document_of_the_demonstration_is_a_pdf_that_says_it_is_fictional() -> None:
    import io

    from pypdf import PdfReader

    page = PdfReader(io.BytesIO(render_pdf("Relevé (n° 1)", date(2026, 2, 3))), strict=True).pages[0].extract_text()
    assert page.splitlines()[:3] == ["Relevé (n° 1)", "03/02/2026", "DOCUMENT FICTIF"]
