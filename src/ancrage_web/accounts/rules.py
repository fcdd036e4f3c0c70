"""Rules of organisations and of their members, without a database."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.text import slugify

from ancrage.errors import InputError

# Words of the addresses under /organisations/ that no organisation can take.
RESERVED_SLUGS = frozenset({"nouvelle", "invitation"})
SLUG_LENGTH = 80


def check_siren(text: str) -> str:
    """Return a SIREN as nine digits; nothing for nothing.

    Raises
    ------
    InputError
        If it is not made of nine digits, or if its control digit (Luhn) does not fit.
    """
    digits = "".join(text.split())
    if not digits:
        return ""
    if len(digits) != 9 or not digits.isascii() or not digits.isdigit():
        raise InputError(
            f"'{text}' is not a SIREN, which has nine digits: copy it from the Annuaire des entreprises, or leave the "
            "field empty.",
            f"« {text} » n'est pas un SIREN, qui compte neuf chiffres : recopiez-le depuis l'Annuaire des entreprises, "
            "ou laissez le champ vide.",
        )
    if not _fits_luhn(digits):
        raise InputError(
            f"The SIREN '{text}' has a wrong control digit: one of its digits is probably mistyped. Check it in the "
            "Annuaire des entreprises.",
            f"Le SIREN « {text} » a une clé de contrôle fausse : un de ses chiffres est sans doute mal recopié. "
            "Vérifiez-le dans l'Annuaire des entreprises.",
        )
    return digits


def check_siret(text: str) -> str:
    """Return a SIRET as fourteen digits; nothing for nothing.

    The establishments of La Poste follow another rule (the sum of their digits is a multiple of five), which is left
    out: only its head office has a SIRET that fits here.

    Raises
    ------
    InputError
        If it is not made of fourteen digits, or if a control digit (of the SIREN, or of the whole) does not fit.
    """
    digits = "".join(text.split())
    if not digits:
        return ""
    if len(digits) != 14 or not digits.isascii() or not digits.isdigit():
        raise InputError(
            f"'{text}' is not a SIRET, which has fourteen digits: copy it from the Annuaire des entreprises, or give "
            "the nine digits of the SIREN.",
            f"« {text} » n'est pas un SIRET, qui compte quatorze chiffres : recopiez-le depuis l'Annuaire des "
            "entreprises, ou donnez les neuf chiffres du SIREN.",
        )
    if not _fits_luhn(digits[:9]) or not _fits_luhn(digits):
        raise InputError(
            f"The SIRET '{text}' has a wrong control digit: one of its digits is probably mistyped. Check it in the "
            "Annuaire des entreprises (for an establishment of La Poste, give its SIREN).",
            f"Le SIRET « {text} » a une clé de contrôle fausse : un de ses chiffres est sans doute mal recopié. "
            "Vérifiez-le dans l'Annuaire des entreprises (pour un établissement de La Poste, donnez son SIREN).",
        )
    return digits


def _fits_luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def check_organisation_name(text: str) -> str:
    """Return a name without needless spaces.

    Raises
    ------
    InputError
        If it is empty, or longer than 160 characters.
    """
    name = " ".join(text.split())
    if not 2 <= len(name) <= 160:
        raise InputError(
            f"The name of an organisation has 2 to 160 characters, this one has {len(name)}: write the name that its "
            "partners know.",
            f"Le nom d'une organisation compte de 2 à 160 caractères, celui-ci en a {len(name)} : écrivez le nom que "
            "ses partenaires connaissent.",
        )
    return name


def build_slug(name: str, is_taken: Callable[[str], bool]) -> str:
    """Return the word of an organisation's address: from its name, numbered where another one has it."""
    base = slugify(name)[: SLUG_LENGTH - 4].strip("-") or "organisation"
    slug, number = base, 1
    while slug in RESERVED_SLUGS or is_taken(slug):
        number += 1
        slug = f"{base}-{number}"
    return slug
