"""`ancrage site init`: the database, the first organisation and its administrator."""

from __future__ import annotations

import os
import sys
from getpass import getpass

from django.db import transaction

from ancrage.cli import session
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.accounts.enums import KIND_NAMES
from ancrage_web.accounts.models import Organisation, User
from ancrage_web.accounts.services import create_administrator, create_organisation
from ancrage_web.cli.opening import migrate
from ancrage_web.config.environment import Environment

# Typing errors are corrected on the spot, but not for ever: a script that answers nothing must end.
ATTEMPTS = 3


def begin(email: str | None, name: str | None, organisation: str | None, kind: str | None) -> None:
    """Create the instance from what is given, asking for the rest.

    Raises
    ------
    InputError
        If the instance already has people, if an answer is refused, or if there is nobody to answer.
    """
    migrate()
    if User.objects.exists() or Organisation.objects.exists():
        raise InputError(
            "This instance already has accounts: it is created once. Invite people from the pages of the site.",
            "Cette instance a déjà des comptes : elle ne se crée qu'une fois. Invitez les personnes depuis les pages "
            "du site.",
        )
    chosen_email = email or ask(Text("E-mail address of the administrator", "Adresse électronique de l'administrateur"))
    chosen_name = name or ask(Text("Name of the administrator", "Nom de l'administrateur"))
    chosen_organisation = organisation or ask(Text("Name of the organisation", "Nom de l'organisation"))
    chosen_kind = kind or ask_kind()
    password = read_password()
    with transaction.atomic():
        administrator = create_administrator(chosen_email, chosen_name, password)
        created = create_organisation(chosen_organisation, chosen_kind, administrator=administrator)
    session.out.print(
        session.say(
            Text(
                f"Created: {created.name} and its administrator {administrator.email}.\n"
                "Next: 'ancrage site load FOLDER' publishes portraits, 'ancrage serve' starts the site.",
                f"Créés : {created.name} et son administrateur {administrator.email}.\n"
                "Ensuite : « ancrage site load DOSSIER » publie les portraits, « ancrage serve » démarre le site.",
            )
        ),
        markup=False,
        soft_wrap=True,
    )


def ask(question: Text) -> str:
    """Return what the person types, which is not empty.

    Raises
    ------
    InputError
        If nobody answers.
    """
    for _ in range(ATTEMPTS):
        if not sys.stdin.isatty():
            break
        answer = input(f"{session.say(question)} : ").strip()
        if answer:
            return answer
    raise InputError(
        f"No answer to '{question.en}'. Give it as an option: see 'ancrage site init --help'.",
        f"Pas de réponse à « {question.fr} ». Donnez-la en option : voir « ancrage site init --help ».",
    )


def ask_kind() -> str:
    """Return the kind of organisation chosen in a numbered list.

    Raises
    ------
    InputError
        If no kind of the list is chosen.
    """
    kinds = list(KIND_NAMES)
    for number, kind in enumerate(kinds, start=1):
        session.notes.print(f"  {number}. {session.say(KIND_NAMES[kind])}", markup=False)
    answer = ask(Text("Number of its kind", "Numéro de sa nature"))
    if answer in kinds:
        return answer
    if answer.isdigit() and 1 <= int(answer) <= len(kinds):
        return str(kinds[int(answer) - 1])
    raise InputError(
        f"'{answer}' is not a number from 1 to {len(kinds)}.",
        f"« {answer} » n'est pas un numéro de 1 à {len(kinds)}.",
    )


def read_password() -> str:
    """Return the password of the administrator, from its file or typed twice.

    Raises
    ------
    InputError
        If nobody types it, or if both differ.
    """
    given = Environment(os.environ).read_secret("ANCRAGE_ADMIN_PASSWORD")
    if given:
        return given
    if not sys.stdin.isatty():
        raise InputError(
            "The password of the administrator cannot be asked without a terminal: name a file that holds it with "
            "ANCRAGE_ADMIN_PASSWORD_FILE.",
            "Le mot de passe de l'administrateur ne peut pas être demandé sans terminal : nommez un fichier qui le "
            "contient avec ANCRAGE_ADMIN_PASSWORD_FILE.",
        )
    first = getpass(session.say(Text("Password (12 characters or more): ", "Mot de passe (12 caractères ou plus) : ")))
    if getpass(session.say(Text("The same again: ", "Le même encore : "))) != first:
        raise InputError("The two passwords differ: start again.", "Les deux mots de passe diffèrent : recommencez.")
    return first
