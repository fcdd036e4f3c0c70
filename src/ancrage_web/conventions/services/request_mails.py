"""E-mails to the beneficiary of a request of aid, in the language it was written in."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django_scopes import scope

from ancrage.language import Language, Text
from ancrage_web.conventions.models import Request

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Mail:
    """An e-mail whose `{names}` are filled when it is written."""

    subject: Text
    body: Text


_WHERE = Text(
    "\n\nOpen your request with your personal link, received when you started it. If you have lost it, answer the "
    "organisation that runs the convention: it can send you a new one.",
    "\n\nOuvrez votre demande avec votre lien personnel, reçu à son ouverture. Si vous l'avez perdu, écrivez à "
    "l'organisme qui gère la convention : il peut vous en envoyer un nouveau.",
)
_LINK = Text(
    "\n\nYour personal link (keep it, whoever holds it can read and change your request):\n{link}\n\nIt works until "
    "{deadline}.",
    "\n\nVotre lien personnel (gardez-le : qui le détient peut lire et modifier votre demande) :\n{link}\n\nIl "
    "fonctionne jusqu'au {deadline}.",
)
_SIGNATURE = Text(
    "\n\n-- \n{organisation}, {convention}\n{instance}, {site_url}\nYour address is used for this request only. You "
    "can erase it from the page of your request.",
    "\n\n-- \n{organisation}, {convention}\n{instance}, {site_url}\nVotre adresse ne sert qu'à cette demande. Vous "
    "pouvez l'effacer depuis la page de votre demande.",
)


def _build(subject: Text, body: Text, way: Text) -> Mail:
    hello = Text("Hello,\n\n", "Bonjour,\n\n")
    parts = (hello, body, way, _SIGNATURE)
    return Mail(subject, Text("".join(part.en for part in parts), "".join(part.fr for part in parts)))


MAILS: dict[str, Mail] = {
    "started": _build(
        Text("Your request of aid: personal link", "Votre demande d'aide : lien personnel"),
        Text(
            "Someone, probably you, started a request of aid under “{convention}” with this address. If it was not "
            "you, ignore this e-mail: an unused draft is erased.",
            "Quelqu'un, sans doute vous, a ouvert une demande d'aide au titre de « {convention} » avec cette adresse. "
            "Si ce n'est pas vous, ignorez cet e-mail : un brouillon laissé sans suite est effacé.",
        ),
        _LINK,
    ),
    "resent": _build(
        Text("Your request of aid: new personal link", "Votre demande d'aide : nouveau lien personnel"),
        Text(
            "Here is a new link to your request of aid under “{convention}”. The former link no longer works.",
            "Voici un nouveau lien vers votre demande d'aide au titre de « {convention} ». L'ancien lien ne fonctionne "
            "plus.",
        ),
        _LINK,
    ),
    "submitted": _build(
        Text("Your request of aid no. {number} is submitted", "Votre demande d'aide n° {number} est déposée"),
        Text(
            "Your request of aid no. {number} under “{convention}” is submitted. It will be looked at, then presented "
            "to the committee of the convention.",
            "Votre demande d'aide n° {number} au titre de « {convention} » est déposée. Elle va être instruite, puis "
            "présentée au comité de la convention.",
        ),
        _WHERE,
    ),
    "returned": _build(
        Text("Your request of aid no. {number} must be completed", "Votre demande d'aide n° {number} est à compléter"),
        Text(
            "Your request of aid no. {number} under “{convention}” must be completed:\n\n{note}",
            "Votre demande d'aide n° {number} au titre de « {convention} » est à compléter :\n\n{note}",
        ),
        _WHERE,
    ),
    "granted": _build(
        Text("Decision on your request of aid no. {number}", "Décision sur votre demande d'aide n° {number}"),
        Text(
            "The committee of “{convention}” has granted your request of aid no. {number}. The amount and the "
            "conditions are on the page of your request. An agreement must be signed before any payment.",
            "Le comité de « {convention} » a accordé votre demande d'aide n° {number}. Le montant et les conditions "
            "sont sur la page de votre demande. Une convention d'aide doit être signée avant tout versement.",
        ),
        _WHERE,
    ),
    "refused": _build(
        Text("Decision on your request of aid no. {number}", "Décision sur votre demande d'aide n° {number}"),
        Text(
            "The committee of “{convention}” has not granted your request of aid no. {number}. Its reasons, where it "
            "gave some, are on the page of your request.",
            "Le comité de « {convention} » n'a pas accordé votre demande d'aide n° {number}. Ses motifs, s'il en a "
            "donné, sont sur la page de votre demande.",
        ),
        _WHERE,
    ),
}


def build_mail(request: Request, name: str, *, link: str = "", deadline: str = "") -> EmailMessage:
    """Return an e-mail of `MAILS` about a request, in the language of its beneficiary; French where it is not known."""
    language: Language = "en" if request.draft.get("language") == "en" else "fr"
    mail = MAILS[name]
    shown = {
        "number": request.number,
        "convention": request.convention.name,
        "organisation": request.convention.organisation.name,
        "note": request.decision_note,
        "link": link,
        "deadline": deadline,
        "instance": settings.INSTANCE_NAME,
        "site_url": settings.SITE_URL,
    }
    # A header holds one line, whatever a name holds.
    subject = " ".join(mail.subject.render(language).format_map(shown).split())
    body = mail.body.render(language).format_map(shown)
    return EmailMessage(subject, body, settings.DEFAULT_FROM_EMAIL, [request.contact_email])


def send_mail(request: Request, name: str, *, link: str = "", deadline: str = "") -> bool:
    """Send an e-mail about a request, and remember whether it left; the scope is open.

    Returns
    -------
    Whether it left; True where the beneficiary has no address, or erased it.
    """
    if not request.contact_email:
        return True
    try:
        build_mail(request, name, link=link, deadline=deadline).send()
    except (OSError, SMTPException):
        # Without the message of the server, which may quote the address.
        _LOGGER.warning("an e-mail to a beneficiary did not leave (request %s)", request.pk)
        sent = False
    else:
        sent = True
    Request.objects.filter(pk=request.pk).update(mail_failed=not sent)
    return sent


def queue_mail(request: Request, name: str) -> None:
    """Send an e-mail once what it tells is stored for good; a mail server that fails undoes nothing."""
    if not request.contact_email:
        return
    key, organisation = request.pk, request.convention.organisation

    def send() -> None:
        with scope(organisation=organisation):
            saved = Request.objects.select_related("convention__organisation").filter(pk=key).first()
            if saved is not None:
                send_mail(saved, name)

    transaction.on_commit(send, robust=True)
