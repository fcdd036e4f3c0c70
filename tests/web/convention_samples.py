"""A convention for tests: rows made directly, as services would leave them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage.conventions.life import Role as Part
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.enums import ActionKind, DocumentKind, FunderNature, PartyKind
from ancrage_web.conventions.models import (
    Action,
    Basin,
    Beneficiary,
    Convention,
    Document,
    Funder,
    Job,
    Partner,
    Party,
    Request,
)

if TYPE_CHECKING:
    from web.conftest import World

# SIREN and SIRET that exist nowhere, with right control digits.
SIREN, SIRET = "999999998", "99999999800019"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


@dataclass(frozen=True)
class Sample:
    """A signed, running convention of 158 jobs with two actions, two funders, a document and two requests.

    Attributes
    ----------
    access : of the officer of the organisation that owns it.
    draft : a request that nobody submitted; request : a submitted one of 12,000 EUR on `action`.
    """

    convention: Convention
    access: Access
    action: Action
    engineering: Action
    funder: Funder
    pooled: Funder
    document: Document
    beneficiary: Beneficiary
    draft: Request
    request: Request


def build_convention(world: World, **fields: Any) -> Convention:
    """Create a convention that runs, its facts filled; `fields` replace some."""
    facts: dict[str, Any] = {
        "name": "Fonderie d'Essai 2025",
        "way": "local",
        "status": "running",
        "employees": 1500,
        "affects_basin": True,
        "dismissed": 180,
        "redeployed_in_basin": 22,
        "notified_on": date(2025, 1, 20),
        "decided_on": date(2025, 3, 10),
        "owed_since": date(2025, 4, 28),
        "option_on": date(2025, 5, 20),
        "reference_on": date(2025, 1, 20),
        "multiple": Decimal("2.000"),
        "amount": Decimal("569368.80"),
        "signed_on": date(2025, 7, 10),
        "starts_on": date(2025, 7, 10),
        "ends_on": date(2028, 7, 9),
        "follow_up": "Comité de suivi annuel et bilan final.",
    }
    with scope(organisation=world.organisation):
        convention = Convention.objects.create(organisation=world.organisation, **{**facts, **fields})
        Party.objects.create(convention=convention, kind=PartyKind.COMPANY, name="Fonderie d'Essai", siret=SIRET)
        Basin.objects.create(convention=convention, name="Bassin d'Essai", communes=["00001"])
    return convention


def build_document(
    convention: Convention, *, name: str = "preuve.pdf", request: Request | None = None, by_firm: bool = False
) -> Document:
    """Create a document of a convention with its file."""
    path = f"conventions/{convention.pk}/{hashlib.sha256(name.encode()).hexdigest()[:16]}.pdf"
    file = Path(settings.MEDIA_ROOT) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(PDF)
    with scope(organisation=convention.organisation):
        return Document.objects.create(
            convention=convention,
            request=request,
            kind=DocumentKind.PROOF,
            name=name,
            media_type="application/pdf",
            size=len(PDF),
            sha256=hashlib.sha256(PDF).hexdigest(),
            path=path,
            by_firm=by_firm,
        )


def build_sample(world: World, **fields: Any) -> Sample:
    """Create the sample convention."""
    convention = build_convention(world, **fields)
    access = find_access(world.get_actor("officer"), convention.pk)
    assert access is not None
    with scope(organisation=world.organisation):
        action = Action.objects.create(
            convention=convention,
            position=1,
            kind=ActionKind.JOBS_AID,
            name="Aide aux entreprises",
            terms="3 000 € par emploi créé en CDI.",
            deadline=date(2028, 1, 31),
            budget=Decimal("400000.00"),
            jobs_target=130,
            open_to_requests=True,
        )
        engineering = Action.objects.create(
            convention=convention,
            position=2,
            kind=ActionKind.ENGINEERING,
            name="Ingénierie",
            terms="Suivi par le cabinet.",
            deadline=date(2028, 7, 9),
            budget=Decimal("60000.00"),
        )
        funder = Funder.objects.create(convention=convention, name="Fonderie d'Essai", nature=FunderNature.PRIVATE)
        pooled = Funder.objects.create(convention=convention, name="Fonds d'Essai", nature=FunderNature.POOLED)
        beneficiary = Beneficiary.objects.create(
            organisation=world.organisation, siren=SIREN, name="Menuiserie d'Essai", commune="00001", employees=12
        )
        draft = Request.objects.create(convention=convention, number=1)
        request = Request.objects.create(
            convention=convention,
            number=2,
            action=action,
            beneficiary=beneficiary,
            status="submitted",
            title="Quatre postes d'atelier",
            project_cost=Decimal("40000.00"),
            amount_asked=Decimal("12000.00"),
            jobs_created=4,
            submitted_on=date(2025, 9, 1),
        )
    document = build_document(convention)
    return Sample(convention, access, action, engineering, funder, pooled, document, beneficiary, draft, request)


def open_to_partner(world: World, convention: Convention, part: Part, role: Role = Role.EDITOR) -> Access:
    """Open a convention to an organisation of its own, and return the access of a person of it."""
    from web.conftest import create_person

    kinds: dict[Part, Kind] = {
        "consultant": Kind.CONSULTANCY,
        "epci": Kind.EPCI,
        "state": Kind.STATE,
        "company": Kind.COMPANY,
    }
    number = Organisation.objects.count()
    organisation = Organisation.objects.create(
        name=f"Partenaire {number}", slug=f"partenaire-{number}", kind=kinds[part]
    )
    user = create_person(f"partenaire-{number}@example.org", "Pat Partenaire", organisation, role)
    with scope(organisation=convention.organisation):
        Partner.objects.create(convention=convention, organisation=organisation, part=part)
    access = find_access(Actor(organisation, role, user), convention.pk)
    assert access is not None
    return access


def fill_jobs(sample: Sample) -> None:
    """Write a post of each kind."""
    days = {"programmed_on": date(2025, 9, 1), "committed_on": date(2025, 11, 1)}
    hired = {"contract": "cdi", "hired_on": date(2026, 1, 5)}
    posts: tuple[dict[str, Any], ...] = (
        {"programmed_on": date(2025, 9, 1)},
        days,
        {**days, **hired, "proof": sample.document},
        {**days, **hired, "proof": sample.document, "kept": True},
        {**days, **hired},
        {**days, "contract": "cdi", "hired_on": date(2054, 4, 9), "proof": sample.document},
    )
    for number, fields in enumerate(posts):
        Job.objects.create(convention=sample.convention, action=sample.action, label=f"Poste {number}", **fields)


def read_page(client: Client, route: str, status: int = 200, query: str = "", **keys: Any) -> str:
    """Return the text of a page of the first organisation."""
    answered = client.get(reverse(route, kwargs={"organisation": "cc-vallee", **keys}) + query)
    assert answered.status_code == status
    return answered.content.decode().replace("\u202f", " ").replace("\xa0", " ")


def get_access(world: World, name: str, convention: Convention) -> Access:
    access = find_access(world.get_actor(name), convention.pk)
    assert access is not None
    return access


def sign_in(access: Access) -> Client:
    client = Client()
    assert access.user is not None
    client.force_login(access.user, backend="django.contrib.auth.backends.ModelBackend")
    return client
