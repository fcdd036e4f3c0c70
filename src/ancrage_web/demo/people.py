"""Organisations and accounts of the demonstration; every name is invented, and .example exists nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django_scopes import scope

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Membership, Organisation, User
from ancrage_web.accounts.services import create_administrator, create_organisation
from ancrage_web.audit.services import record

# Public: the demonstration alone accepts it.
PASSWORD = "ombreval-demo-2026"  # noqa: S105


@dataclass(frozen=True)
class Account:
    """Someone of the demonstration, and what they are there to show."""

    email: str
    name: str
    shows: Text


EPCI, CONSULTANCY, STATE = "CC des Vallées d'Ombreval (fictive)", "Cabinet Rebond (fictif)", "DDT d'Ombreval (fictive)"
COMPANY = "Fonderies de Fargecombe (fictives)"
ADMINISTRATOR = Account(
    "admin@ombreval.example",
    "Alix Fournel",
    Text("administrator of the EPCI, may create organisations", "administre l'EPCI, peut créer des organisations"),
)
OFFICER = Account(
    "agent@ombreval.example",
    "Dominique Sauret",
    Text("editor of the EPCI: builds and runs studies", "éditeur de l'EPCI : bâtit et calcule les études"),
)
ELECTED = Account(
    "elue@ombreval.example",
    "Maud Lessieux",
    Text("reader of the EPCI: looks at results", "lectrice de l'EPCI : consulte les résultats"),
)
CONSULTANT = Account(
    "conseil@rebond.example",
    "Camille Orvat",
    Text(
        "administrator of the consultancy, editor of the EPCI",
        "administre le cabinet, éditeur de l'EPCI",
    ),
)
OFFICIAL = Account(
    "etat@ddt.example",
    "Noé Garrel",
    Text("administrator of the State service", "administre le service de l'État"),
)
DIRECTOR = Account(
    "rh@fonderies.example",
    "Sacha Vernier",
    Text("administrator of the company that owes a convention", "administre l'entreprise assujettie"),
)
ACCOUNTS = (ADMINISTRATOR, OFFICER, ELECTED, CONSULTANT, OFFICIAL, DIRECTOR)


def create_people() -> None:
    """Create the organisations and the accounts in one go; nothing when they are there.

    Raises
    ------
    InputError
        Outside of the demonstration, or in a database that holds other people.
    """
    if not settings.DEMO:
        raise InputError(
            "The accounts of the demonstration have a public password: they are made by 'ancrage serve --demo' only.",
            "Les comptes de démonstration ont un mot de passe public : seul « ancrage serve --demo » les crée.",
        )
    if User.objects.filter(email=ADMINISTRATOR.email).exists():
        return
    if User.objects.exists():
        raise InputError(
            "This database holds real accounts: the demonstration is not mixed with them. Choose another folder with "
            "--folder, and remove ANCRAGE_DATABASE_URL.",
            "Cette base contient de vrais comptes : la démonstration ne s'y mêle pas. Choisissez un autre dossier avec "
            "--folder, et retirez ANCRAGE_DATABASE_URL.",
        )
    with transaction.atomic():
        administrator = create_administrator(ADMINISTRATOR.email, ADMINISTRATOR.name, PASSWORD)
        epci = create_organisation(EPCI, Kind.EPCI, administrator=administrator)
        actor = Actor(epci, Role.ADMINISTRATOR, administrator)
        _add_member(actor, _create_person(OFFICER), Role.EDITOR)
        _add_member(actor, _create_person(ELECTED), Role.READER)
        consultant = create_administrator(CONSULTANT.email, CONSULTANT.name, PASSWORD)
        create_organisation(CONSULTANCY, Kind.CONSULTANCY, administrator=consultant)
        _add_member(actor, consultant, Role.EDITOR)
        official = create_administrator(OFFICIAL.email, OFFICIAL.name, PASSWORD)
        create_organisation(STATE, Kind.STATE, administrator=official)
        director = create_administrator(DIRECTOR.email, DIRECTOR.name, PASSWORD)
        create_organisation(COMPANY, Kind.COMPANY, administrator=director)
        # Only one person of the demonstration runs the instance.
        User.objects.filter(pk__in=(consultant.pk, official.pk, director.pk)).update(is_staff=False)


def _create_person(account: Account) -> User:
    user = User.objects.create_user(account.email, PASSWORD, name=account.name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def _add_member(actor: Actor, user: User, role: Role) -> None:
    """Make someone a member without an invitation: nobody reads e-mails here."""
    with scope(organisation=actor.organisation):
        Membership.objects.create(organisation=actor.organisation, user=user, role=role)
    record(actor, "member.added", "member", user.pk, after={"role": role.value})


def find_actor(account: Account) -> Actor:
    """Return someone of the demonstration, acting for the EPCI."""
    organisation = Organisation.objects.get(name=EPCI)
    user = User.objects.get(email=account.email)
    with scope(organisation=organisation):
        return Actor(organisation, Role(Membership.objects.get(user=user).role), user)
