"""Use cases of organisations and of their members."""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.translation import override
from django_scopes import scope

from ancrage.errors import InputError
from ancrage.language import LANGUAGES
from ancrage_web.accounts.actors import Actor, ForbiddenError
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Membership, Organisation, User
from ancrage_web.accounts.queries import count_administrators
from ancrage_web.accounts.rules import build_slug, check_organisation_name, check_siren
from ancrage_web.audit.services import record


def create_administrator(email: str, name: str = "", password: str | None = None) -> User:
    """Create someone who runs the instance: may create organisations; the address is taken as verified.

    Without a password, the person sets one with "forgotten password".

    Raises
    ------
    InputError
        If the address is not one or is already an account's, or if the password is too weak.
    """
    address = check_address(email)
    user = User(email=address, name=name.strip(), is_staff=True)
    if password is not None:
        check_password(password, user)
    with transaction.atomic():
        if User.objects.filter(email__iexact=address).exists():
            raise InputError(
                f"'{address}' already has an account: give another address.",
                f"« {address} » a déjà un compte : donnez une autre adresse.",
            )
        user.set_password(password)
        user.save()
        EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)
    return user


def can_create_organisation(user: User) -> bool:
    """Say whether a person may create an organisation: anyone where sign-up is open, else those who run the site."""
    return user.is_staff or settings.SIGNUP == "open"


def create_organisation(name: str, kind: str, siren: str = "", *, administrator: User) -> Organisation:
    """Create an organisation and make someone its administrator.

    Raises
    ------
    ForbiddenError
        If only those who run the instance may create organisations.
    InputError
        If the name, the kind or the SIREN cannot be.
    """
    if not can_create_organisation(administrator):
        raise ForbiddenError(
            "On this instance, organisations are created by those who run it: write to them.",
            "Sur cette instance, les organisations sont créées par ceux qui la gèrent : écrivez-leur.",
        )
    name, kind, siren = check_organisation_name(name), check_kind(kind), check_siren(siren)
    with transaction.atomic():
        organisation = _store_organisation(name, kind, siren)
        with scope(organisation=organisation):
            Membership.objects.create(organisation=organisation, user=administrator, role=Role.ADMINISTRATOR)
        actor = Actor(organisation, Role.ADMINISTRATOR, administrator)
        record(
            actor,
            "organisation.created",
            "organisation",
            organisation.pk,
            after={"name": name, "kind": kind, "siren": siren},
        )
        record(actor, "member.added", "member", administrator.pk, after={"role": Role.ADMINISTRATOR.value})
    return organisation


def _store_organisation(name: str, kind: str, siren: str) -> Organisation:
    while True:
        slug = build_slug(name, lambda word: Organisation.objects.filter(slug=word).exists())
        try:
            with transaction.atomic():
                return Organisation.objects.create(name=name, slug=slug, kind=kind, siren=siren)
        except IntegrityError:
            # Someone took this address at the same moment: the next one is tried.
            if not Organisation.objects.filter(slug=slug).exists():
                raise


def change_organisation(actor: Actor, name: str, kind: str, siren: str = "") -> Organisation:
    """Change the name, the kind or the SIREN of an organisation; its address stays.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If the name, the kind or the SIREN cannot be.
    """
    actor.require(Role.ADMINISTRATOR)
    wanted = {"name": check_organisation_name(name), "kind": check_kind(kind), "siren": check_siren(siren)}
    with transaction.atomic():
        organisation = lock_organisation(actor.organisation)
        changed = [field for field, value in wanted.items() if getattr(organisation, field) != value]
        if changed:
            before = {field: getattr(organisation, field) for field in changed}
            for field in changed:
                setattr(organisation, field, wanted[field])
            organisation.save(update_fields=changed)
            record(
                actor,
                "organisation.changed",
                "organisation",
                organisation.pk,
                before=before,
                after={field: wanted[field] for field in changed},
            )
    return organisation


def change_role(actor: Actor, person: UUID, role: str) -> Membership:
    """Give a member another role.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If the role is unknown, the person is not a member, or the organisation would have no administrator left.
    """
    actor.require(Role.ADMINISTRATOR)
    wanted = check_role(role)
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        membership = find_member(person)
        before = membership.role
        if before != wanted:
            if before == Role.ADMINISTRATOR:
                check_another_administrator(actor.organisation)
            membership.role = wanted
            membership.save(update_fields=["role"])
            record(actor, "member.role_changed", "member", person, before={"role": before}, after={"role": wanted})
    return membership


def remove_member(actor: Actor, person: UUID) -> None:
    """Take a member out of the organisation; what they made stays.

    Raises
    ------
    ForbiddenError
        If the actor is not an administrator.
    InputError
        If the person is not a member, or is the last administrator.
    """
    actor.require(Role.ADMINISTRATOR)
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        membership = find_member(person)
        if membership.role == Role.ADMINISTRATOR:
            check_another_administrator(actor.organisation)
        membership.delete()
        record(actor, "member.removed", "member", person, before={"role": membership.role})


def leave_organisation(actor: Actor) -> None:
    """Leave the organisation.

    Raises
    ------
    InputError
        If the person is its last administrator.
    """
    if actor.user is None:
        raise ForbiddenError(
            "A token is not a member: it cannot leave the organisation.",
            "Un jeton n'est pas un membre : il ne peut pas quitter l'organisation.",
        )
    with transaction.atomic(), scope(organisation=actor.organisation):
        lock_organisation(actor.organisation)
        membership = find_member(actor.user.pk)
        if membership.role == Role.ADMINISTRATOR:
            check_another_administrator(actor.organisation)
        membership.delete()
        record(actor, "member.left", "member", actor.user.pk, before={"role": membership.role})


def change_name(user: User, name: str) -> None:
    """Change the name that the members of one's organisations see.

    Raises
    ------
    InputError
        If it is longer than 120 characters.
    """
    cleaned = " ".join(name.split())
    if len(cleaned) > 120:
        raise InputError(
            f"This name has {len(cleaned)} characters, 120 at most: shorten it.",
            f"Ce nom compte {len(cleaned)} caractères, 120 au plus : raccourcissez-le.",
        )
    user.name = cleaned
    user.save(update_fields=["name"])


def lock_organisation(organisation: Organisation) -> Organisation:
    """Return an organisation read again, locked until the end of the transaction (SQLite has one writer)."""
    return Organisation.objects.select_for_update(of=("self",), no_key=True).get(pk=organisation.pk)


def find_member(person: UUID) -> Membership:
    """Return a member of the organisation of the scope.

    Raises
    ------
    InputError
        If the person is not one, or no longer.
    """
    membership = Membership.objects.select_related("user").filter(user_id=person).first()
    if membership is None:
        raise InputError(
            "This person is not a member of the organisation, or no longer: read the list of the members again.",
            "Cette personne n'est pas membre de l'organisation, ou ne l'est plus : relisez la liste des membres.",
        )
    return membership


def check_another_administrator(organisation: Organisation) -> None:
    """Refuse to lose the last administrator.

    Raises
    ------
    InputError
        If the organisation has only one.
    """
    if count_administrators(organisation) < 2:
        raise InputError(
            f"'{organisation}' would have no administrator left: make another member an administrator first.",
            f"« {organisation} » n'aurait plus d'administrateur : donnez d'abord ce rôle à un autre membre.",
        )


def check_kind(kind: str) -> str:
    """Return a kind of organisation.

    Raises
    ------
    InputError
        If it is unknown.
    """
    return _check_word(kind, Kind.values, "kind of organisation", "type d'organisation")


def check_role(role: str) -> str:
    """Return a role.

    Raises
    ------
    InputError
        If it is unknown.
    """
    return _check_word(role, Role.values, "role", "rôle")


def check_address(email: str) -> str:
    """Return an e-mail address in lower case.

    Raises
    ------
    InputError
        If it is not one.
    """
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InputError(
            f"'{email}' is not an e-mail address: write it like name@example.org.",
            f"« {email} » n'est pas une adresse e-mail : écrivez-la comme nom@exemple.fr.",
        ) from error
    return address


def check_password(password: str, user: User) -> None:
    """Refuse a weak password.

    Raises
    ------
    InputError
        With the reasons, in both languages.
    """
    reasons: dict[str, str] = {}
    for language in LANGUAGES:
        with override(language):
            try:
                validate_password(password, user)
            except ValidationError as error:
                reasons[language] = " ".join(error.messages)
    if reasons:
        raise InputError(
            f"The password is refused: {reasons['en']} Choose a longer one, for example four words.",
            f"Le mot de passe est refusé : {reasons['fr']} Choisissez-en un plus long, par exemple quatre mots.",
        )


def _check_word(word: str, known: list[str], en: str, fr: str) -> str:
    if word not in known:
        choices = ", ".join(known)
        raise InputError(
            f"'{word}' is not a {en}: choose one of {choices}.",
            f"« {word} » n'est pas un {fr} : choisissez parmi {choices}.",
        )
    return word
