"""Opening a convention to other organisations, and closing it to them."""

from __future__ import annotations

from django.db import transaction

from ancrage.conventions.life import ROLE_NAMES
from ancrage.conventions.life import Role as Part
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import KIND_NAMES, Kind, Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Convention, Partner, ReminderSubscription
from ancrage_web.conventions.services import locks

# The parts that an organisation of each kind may play: only a State service changes statuses for the State.
PARTS: dict[str, tuple[Part, ...]] = {
    Kind.EPCI: ("epci",),
    Kind.CONSULTANCY: ("consultant",),
    Kind.STATE: ("state",),
    Kind.COMPANY: ("company",),
    Kind.OPERATOR: ("consultant", "company"),
}


def require_owner(access: Access) -> None:
    """Refuse to whoever is no editor of the organisation that owns the convention: it decides who sees it.

    Raises
    ------
    ForbiddenError
        Says who may.
    """
    access.actor.require(Role.EDITOR)
    if access.actor.organisation.pk != access.organisation.pk:
        raise ForbiddenError(
            f"Only {access.organisation}, which holds this convention, opens it to others: ask them.",
            f"Seule l'organisation {access.organisation}, qui tient cette convention, l'ouvre à d'autres : "
            "demandez-lui.",
        )


def lock_convention(access: Access) -> Convention:
    """Lock the row of the convention until the end of the transaction, and return it as it is now."""
    return locks.lock_convention(access.convention)


def open_to(access: Access, *, organisation_slug: str, part: str) -> Partner:
    """Open the convention to another organisation, with the part it plays.

    Parameters
    ----------
    organisation_slug : identifier of the organisation (the word of its address). An unknown one is refused with a
        sentence, so that a typing error opens nothing; the answer tells that an identifier exists and nothing else.
    part : key of `life.ROLE_NAMES`.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the organisation that owns the convention.
    InputError
        If no organisation has this identifier, it takes part already, or cannot play this part.
    """
    require_owner(access)
    slug = organisation_slug.strip().lower()
    found = Organisation.objects.filter(slug=slug).first()
    if found is None:
        raise InputError(
            f"No organisation has the identifier '{slug}' on this site. Ask its members for the identifier shown in "
            "the address of their pages.",
            f"Aucune organisation n'a l'identifiant « {slug} » sur ce site. Demandez à ses membres l'identifiant "
            "affiché dans l'adresse de leurs pages.",
        )
    if found.pk == access.organisation.pk:
        raise InputError(
            "This organisation holds the convention: name another one.",
            "Cette organisation tient déjà la convention : indiquez-en une autre.",
        )
    possible = PARTS[found.kind]
    if part not in possible:
        kind, names = KIND_NAMES[found.kind], [ROLE_NAMES[each] for each in possible]
        said = next((name for each, name in ROLE_NAMES.items() if each == part), Text(part, part))
        raise InputError(
            f"{found} is registered as '{kind.en}' and cannot take part as '{said.en}': choose "
            f"{' or '.join(name.en for name in names)}.",
            f"{found} est enregistrée comme « {kind.fr} » et ne peut pas participer au titre de « {said.fr} » : "
            f"choisissez {' ou '.join(name.fr for name in names)}.",
        )
    with transaction.atomic():
        convention = lock_convention(access)
        if Partner.objects.filter(convention=convention, organisation=found).exists():
            raise InputError(
                f"The convention is already open to {found}: close it first to change its part.",
                f"La convention est déjà ouverte à {found} : fermez-la d'abord pour changer son rôle.",
            )
        partner = Partner.objects.create(convention=convention, organisation=found, part=part)
        record(
            access, "convention.opened_to", "convention", convention.pk, after={"receiver": found.slug, "part": part}
        )
    return partner


def close_to(access: Access, partner: Partner) -> None:
    """Close the convention to a partner: its members see it no more; what they wrote stays.

    Raises
    ------
    ForbiddenError
        If the actor is no editor of the organisation that owns the convention.
    """
    require_owner(access)
    with transaction.atomic():
        convention = lock_convention(access)
        closed = Partner.objects.filter(convention=convention, pk=partner.pk).select_related("organisation").first()
        if closed is None:
            # Someone closed it meanwhile: there is nothing left to do, nor to tell.
            return
        ReminderSubscription.objects.filter(
            convention=convention, user__memberships__organisation=closed.organisation
        ).exclude(user__memberships__organisation=access.organisation).delete()
        before = {"receiver": closed.organisation.slug, "part": closed.part}
        closed.delete()
        record(access, "convention.closed_to", "convention", convention.pk, before=before)
