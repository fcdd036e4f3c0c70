"""The e-mails of accounts, in both languages: who sends, why, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage

from ancrage.errors import AncrageError
from ancrage.language import Language, Text
from ancrage_web.design.words import get_site_language


class MailNotSentError(AncrageError):
    """What was asked is stored, but its e-mail did not leave."""


@dataclass(frozen=True)
class Mail:
    """An e-mail whose `{names}` are filled when it is written."""

    subject: Text
    body: Text


_CHANGED = Text(
    "\n\nThe change was made on {timestamp}. If it was not you, choose another password at once "
    "({site_url}) and tell the person who runs this instance.",
    "\n\nLe changement date du {timestamp}. S'il ne vient pas de vous, changez tout de suite votre mot de passe "
    "({site_url}) et prévenez la personne qui gère cette instance.",
)
_NOT_YOU = Text(
    "\n\nIf it was not you, ignore this e-mail: nothing changes.",
    "\n\nSi la demande ne vient pas de vous, ignorez cet e-mail : rien ne change.",
)
_SIGNATURE = Text(
    "\n\n-- \n{instance}, {site_url}\nThis e-mail was sent automatically to {to}.",
    "\n\n-- \n{instance}, {site_url}\nCet e-mail a été envoyé automatiquement à {to}.",
)


def _join(*texts: Text) -> Text:
    return Text("".join(text.en for text in texts), "".join(text.fr for text in texts))


def _tell_change(subject: Text, body: Text) -> Mail:
    return Mail(subject, _join(Text("Hello,\n\n", "Bonjour,\n\n"), body, _CHANGED, _SIGNATURE))


def _answer_request(subject: Text, body: Text) -> Mail:
    return Mail(subject, _join(Text("Hello,\n\n", "Bonjour,\n\n"), body, _NOT_YOU, _SIGNATURE))


_CONFIRM = _answer_request(
    Text("Confirm your e-mail address", "Confirmez votre adresse e-mail"),
    Text(
        "Someone, probably you, gave this address for an account on {instance}. To confirm that it is yours, open "
        "this link within three days:\n\n{activate_url}",
        "Quelqu'un, sans doute vous, a donné cette adresse pour un compte sur {instance}. Pour confirmer qu'elle est "
        "bien la vôtre, ouvrez ce lien dans les trois jours :\n\n{activate_url}",
    ),
)

# By the names that allauth gives, then ours.
MAILS: dict[str, Mail] = {
    "account/email/email_confirmation": _CONFIRM,
    "account/email/email_confirmation_signup": _CONFIRM,
    "account/email/password_reset_key": _answer_request(
        Text("Choose a new password", "Choisissez un nouveau mot de passe"),
        Text(
            "Someone, probably you, asked to choose a new password for the account of this address on {instance}. "
            "Open this link:\n\n{password_reset_url}",
            "Quelqu'un, sans doute vous, a demandé à choisir un nouveau mot de passe pour le compte de cette adresse "
            "sur {instance}. Ouvrez ce lien :\n\n{password_reset_url}",
        ),
    ),
    "account/email/unknown_account": _answer_request(
        Text("No account with this address", "Aucun compte à cette adresse"),
        Text(
            "Someone, probably you, asked for a new password on {instance} with the address {to}, but no account has "
            "it. Perhaps you signed up with another address?",
            "Quelqu'un, sans doute vous, a demandé un nouveau mot de passe sur {instance} avec l'adresse {to}, mais "
            "aucun compte ne la porte. Peut-être votre compte a-t-il une autre adresse ?",
        ),
    ),
    "account/email/account_already_exists": _answer_request(
        Text("You already have an account", "Vous avez déjà un compte"),
        Text(
            "Someone, probably you, tried to create an account on {instance} with this address, which already has "
            "one. If you forgot its password, choose a new one here:\n\n{password_reset_url}",
            "Quelqu'un, sans doute vous, a voulu créer un compte sur {instance} avec cette adresse, qui en a déjà un. "
            "Si vous avez oublié son mot de passe, choisissez-en un nouveau ici :\n\n{password_reset_url}",
        ),
    ),
    "account/email/email_changed": _tell_change(
        Text("Your e-mail address has changed", "Votre adresse e-mail a changé"),
        Text(
            "The address of your account on {instance} was changed from {from_email} to {to_email}.",
            "L'adresse de votre compte sur {instance} est passée de {from_email} à {to_email}.",
        ),
    ),
    "account/email/email_confirm": _tell_change(
        Text("Your e-mail address is confirmed", "Votre adresse e-mail est confirmée"),
        Text(
            "The address {to} is now confirmed for your account on {instance}.",
            "L'adresse {to} est maintenant confirmée pour votre compte sur {instance}.",
        ),
    ),
    "account/email/email_deleted": _tell_change(
        Text("An e-mail address was removed", "Une adresse e-mail a été retirée"),
        Text(
            "The address {deleted_email} was removed from your account on {instance}.",
            "L'adresse {deleted_email} a été retirée de votre compte sur {instance}.",
        ),
    ),
    "account/email/password_changed": _tell_change(
        Text("Your password has changed", "Votre mot de passe a changé"),
        Text(
            "The password of your account on {instance} was changed.",
            "Le mot de passe de votre compte sur {instance} a été changé.",
        ),
    ),
    "account/email/password_reset": _tell_change(
        Text("Your password was chosen again", "Votre mot de passe a été renouvelé"),
        Text(
            "A new password was chosen for your account on {instance}, after a request for a forgotten password.",
            "Un nouveau mot de passe a été choisi pour votre compte sur {instance}, après une demande pour mot de "
            "passe oublié.",
        ),
    ),
    "account/email/password_set": _tell_change(
        Text("Your account has a password", "Votre compte a un mot de passe"),
        Text(
            "A password was added to your account on {instance}.",
            "Un mot de passe a été ajouté à votre compte sur {instance}.",
        ),
    ),
    "mfa/email/totp_activated": _tell_change(
        Text("Sign-in codes are on", "Les codes de connexion sont activés"),
        Text(
            "An application now gives a code for each sign-in to your account on {instance}.",
            "Une application donne désormais un code pour chaque connexion à votre compte sur {instance}.",
        ),
    ),
    "mfa/email/totp_deactivated": _tell_change(
        Text("Sign-in codes are off", "Les codes de connexion sont désactivés"),
        Text(
            "Signing in to your account on {instance} no longer asks for the code of an application.",
            "La connexion à votre compte sur {instance} ne demande plus le code d'une application.",
        ),
    ),
    "mfa/email/recovery_codes_generated": _tell_change(
        Text("New recovery codes", "Nouveaux codes de secours"),
        Text(
            "New recovery codes were made for your account on {instance}; the former ones no longer work.",
            "De nouveaux codes de secours ont été créés pour votre compte sur {instance} ; les anciens ne fonctionnent "
            "plus.",
        ),
    ),
    "mfa/email/webauthn_added": _tell_change(
        Text("A passkey was added", "Une clé d'accès a été ajoutée"),
        Text(
            "A passkey was added to your account on {instance}.",
            "Une clé d'accès a été ajoutée à votre compte sur {instance}.",
        ),
    ),
    "mfa/email/webauthn_removed": _tell_change(
        Text("A passkey was removed", "Une clé d'accès a été retirée"),
        Text(
            "A passkey was removed from your account on {instance}.",
            "Une clé d'accès a été retirée de votre compte sur {instance}.",
        ),
    ),
    "socialaccount/email/account_connected": _tell_change(
        Text("A way to sign in was added", "Un moyen de connexion a été ajouté"),
        Text(
            "Your account on {instance} can now be opened with {provider}.",
            "Votre compte sur {instance} peut désormais s'ouvrir avec {provider}.",
        ),
    ),
    "socialaccount/email/account_disconnected": _tell_change(
        Text("A way to sign in was removed", "Un moyen de connexion a été retiré"),
        Text(
            "Your account on {instance} can no longer be opened with {provider}.",
            "Votre compte sur {instance} ne peut plus s'ouvrir avec {provider}.",
        ),
    ),
    "invitation": Mail(
        Text("{inviter} invites you to {organisation}", "{inviter} vous invite dans {organisation}"),
        _join(
            Text(
                "Hello,\n\n{inviter} invites you to work with {organisation} on {instance}, with the role "
                "“{role}”. {instance} helps territories to plan networks of third places.\n\nTo accept, open this "
                "link before {deadline}; it works once, for the address {to} only:\n\n{link}\n\nIf you do not know "
                "this person, ignore this e-mail: no account is created without you.",
                "Bonjour,\n\n{inviter} vous invite à travailler avec {organisation} sur {instance}, avec le rôle "
                "« {role} ». {instance} aide les territoires à préparer des réseaux de tiers-lieux.\n\nPour accepter, "
                "ouvrez ce lien avant le {deadline} ; il sert une seule fois, pour l'adresse {to} seulement :\n\n"
                "{link}\n\nSi vous ne connaissez pas cette personne, ignorez cet e-mail : aucun compte n'est créé sans "
                "vous.",
            ),
            _SIGNATURE,
        ),
    ),
    "convention_reminder": Mail(
        Text("Deadlines of “{convention}”", "Échéances de « {convention} »"),
        _join(
            Text(
                "Hello,\n\nYou asked to be reminded of the deadlines of the convention “{convention}”:\n\n"
                "{deadlines}\n\nThe rule and the article of each, and the way to stop these e-mails, are on its "
                "calendar:\n\n{link}",
                "Bonjour,\n\nVous avez demandé à être prévenu des échéances de la convention « {convention} » :\n\n"
                "{deadlines}\n\nLa règle et l'article de chacune, et le moyen d'arrêter ces e-mails, sont sur son "
                "calendrier :\n\n{link}",
            ),
            _SIGNATURE,
        ),
    ),
    "account_erased": Mail(
        Text("Your account is erased", "Votre compte est effacé"),
        _join(
            Text(
                "Hello,\n\nAs you asked, your account on {instance} is erased: your name, your address and your ways "
                "to sign in are no longer stored. The studies and the audit trail of the organisations keep what was "
                "done, without your name.\n\nThis e-mail is the last one.",
                "Bonjour,\n\nComme vous l'avez demandé, votre compte sur {instance} est effacé : votre nom, votre "
                "adresse et vos moyens de connexion ne sont plus conservés. Les études et le journal des organisations "
                "gardent ce qui a été fait, sans votre nom.\n\nCet e-mail est le dernier.",
            ),
            _SIGNATURE,
        ),
    ),
}


def build_mail(
    name: str, to: str, values: Mapping[str, Any] | None = None, language: Language | None = None
) -> EmailMessage:
    """Return an e-mail of `MAILS`, ready to be sent, in the language of the page unless said otherwise.

    Raises
    ------
    KeyError
        If no e-mail has this name, or if a value that it shows is missing.
    """
    mail = MAILS[name]
    language = language or get_site_language()
    shown = {**(values or {}), "instance": settings.INSTANCE_NAME, "site_url": settings.SITE_URL, "to": to}
    # A header holds one line, whatever a name holds.
    subject = " ".join(mail.subject.render(language).format_map(shown).split())
    body = mail.body.render(language).format_map(shown)
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [to])
