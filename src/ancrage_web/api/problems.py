"""Every error of the interface as problem details (RFC 9457), in the language of the request."""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404
from django.urls import reverse
from rest_framework import exceptions
from rest_framework.response import Response

from ancrage.errors import AncrageError
from ancrage.language import Text
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.design.words import say
from ancrage_web.studies.rules import SettingsError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)

# What happened, and what to do next, by status.
TITLES: dict[int, tuple[str, Text, Text]] = {
    400: (
        "invalid",
        Text("Refused input", "Saisie refusée"),
        Text("Something sent is refused: see `errors`.", "Un élément envoyé est refusé : voir `errors`."),
    ),
    401: (
        "unauthenticated",
        Text("A token is needed", "Un jeton est nécessaire"),
        Text(
            "No valid token came with the request: send `Authorization: Bearer anc_…` with a token that an "
            "administrator of the organisation made, neither expired nor withdrawn.",
            "Aucun jeton valable n'accompagne la requête : envoyez `Authorization: Bearer anc_…` avec un jeton créé "
            "par un administrateur de l'organisation, ni expiré ni révoqué.",
        ),
    ),
    403: (
        "forbidden",
        Text("Not allowed", "Non autorisé"),
        Text(
            "The token does not open this: ask an administrator of the organisation for one with the right scope.",
            "Le jeton ne permet pas cela : demandez à un administrateur de l'organisation un jeton qui en a le droit.",
        ),
    ),
    404: (
        "not-found",
        Text("Not found", "Introuvable"),
        Text(
            "Nothing stands at this address: check the identifier, or list the resources first.",
            "Rien ne se trouve à cette adresse : vérifiez l'identifiant, ou listez d'abord les ressources.",
        ),
    ),
    405: (
        "method-not-allowed",
        Text("Method not allowed", "Méthode non autorisée"),
        Text(
            "This address does not answer that method: use one of those of the Allow header.",
            "Cette adresse ne répond pas à cette méthode : utilisez l'une de celles de l'en-tête Allow.",
        ),
    ),
    406: (
        "not-acceptable",
        Text("No such format", "Format indisponible"),
        Text(
            "The interface answers JSON: send `Accept: application/json`, or no Accept header.",
            "L'interface répond en JSON : envoyez `Accept: application/json`, ou pas d'en-tête Accept.",
        ),
    ),
    409: (
        "conflict",
        Text("Not possible in this state", "Impossible dans cet état"),
        Text("The state of the resource does not allow it.", "L'état de la ressource ne le permet pas."),
    ),
    412: (
        "changed-meanwhile",
        Text("Changed meanwhile", "Modifié entre-temps"),
        Text(
            "Someone saved meanwhile: compare `saved` and `changes` with your values, then send again with its "
            "version.",
            "Quelqu'un a enregistré entre-temps : comparez `saved` et `changes` à vos valeurs, puis renvoyez avec sa "
            "version.",
        ),
    ),
    413: (
        "too-large",
        Text("Too large", "Trop volumineux"),
        Text(
            "The body of the request is too large: shorten it.", "Le corps de la requête est trop gros : réduisez-le."
        ),
    ),
    415: (
        "unsupported-media-type",
        Text("Format not read", "Format non lu"),
        Text(
            "The interface reads JSON: send `Content-Type: application/json`.",
            "L'interface lit du JSON : envoyez `Content-Type: application/json`.",
        ),
    ),
    428: (
        "version-needed",
        Text("A version is needed", "Une version est nécessaire"),
        Text(
            "Say which version you change, so that nobody's work is lost: send the ETag of your last reading in "
            "If-Match.",
            "Dites quelle version vous modifiez, pour que le travail de personne ne soit perdu : envoyez dans "
            "If-Match l'ETag de votre dernière lecture.",
        ),
    ),
    429: (
        "too-many-requests",
        Text("Too many requests", "Trop de requêtes"),
        Text(
            "Too many requests in a minute: wait as many seconds as the Retry-After header says.",
            "Trop de requêtes en une minute : attendez le nombre de secondes de l'en-tête Retry-After.",
        ),
    ),
    500: (
        "internal",
        Text("Unexpected error", "Erreur inattendue"),
        Text(
            "The site failed; nothing was half done. Try again, then give the number in `incident` to whoever runs "
            "this site.",
            "Le site a échoué ; rien n'a été fait à moitié. Réessayez, puis donnez le numéro `incident` à la personne "
            "qui exploite ce site.",
        ),
    ),
}


class VersionNeededError(exceptions.APIException):
    """A change that does not say which version it starts from."""

    status_code = 428


class ChangedMeanwhileError(exceptions.APIException):
    """A change that starts from an older version than the saved one.

    Attributes
    ----------
    etag : of the saved resource; content : its fields and what differs.
    """

    status_code = 412

    def __init__(self, etag: str, content: Mapping[str, Any], text: Text | None = None) -> None:
        super().__init__()
        self.etag, self.content, self.text = etag, dict(content), text


def build_problem(status: int, detail: str | None = None, **extra: Any) -> dict[str, Any]:
    """Return the members of a problem: type, title, status, detail, and others such as `errors`."""
    name, title, usual = TITLES[status]
    return {
        "type": f"{settings.SITE_URL}{reverse('api-reference')}#problem-{name}",
        "title": say(title),
        "status": status,
        "detail": say(usual) if detail is None else detail,
        **extra,
    }


def answer_problem(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the answer to an error raised in a view of the interface (REST framework's EXCEPTION_HANDLER)."""
    headers: dict[str, str] = {}
    match error:
        case ChangedMeanwhileError():
            headers["ETag"] = error.etag
            problem = build_problem(412, None if error.text is None else say(error.text), **error.content)
        case exceptions.ValidationError():
            problem = build_problem(400, errors=_list_errors(error.detail))
        case exceptions.ParseError():
            text = Text("The body is not valid JSON: {}", "Le corps n'est pas du JSON valable : {}")
            problem = build_problem(400, say(text).format(error.detail))
        case exceptions.APIException():
            problem = build_problem(error.status_code if error.status_code in TITLES else 400)
            if told := getattr(error, "auth_header", None):
                headers["WWW-Authenticate"] = told
            if wait := getattr(error, "wait", None):
                headers["Retry-After"] = str(math.ceil(wait))
        case ForbiddenError():
            problem = build_problem(403, say(error.text))
        case SettingsError():
            fields = {f"settings/{name.replace('.', '/')}": say(text) for name, text in error.fields.items()}
            problem = build_problem(400, say(error.text), errors=_list_errors(fields))
        case AncrageError():
            problem = build_problem(400, say(error.text))
        case Http404():
            problem = build_problem(404)
        case PermissionDenied():
            problem = build_problem(403)
        case RequestDataTooBig():
            problem = build_problem(413)
        case SuspiciousOperation():
            problem = build_problem(400)
        case _:
            incident = uuid.uuid4().hex[:12]
            _log.error("Incident %s in the API", incident, exc_info=error)
            got_request_exception.send(sender=type(context["view"]), request=context["request"]._request)
            problem = build_problem(500, incident=incident)
    return Response(problem, status=problem["status"], content_type=MEDIA_TYPE, headers=headers)


def _list_errors(detail: Any, pointer: str = "#") -> list[dict[str, str]]:
    """Return refused fields as {"pointer", "detail"}, whatever the nesting."""
    if isinstance(detail, Mapping):
        return [
            one
            for name, inner in detail.items()
            for one in _list_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{name}")
        ]
    if isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        return [one for rank, inner in enumerate(detail) for one in _list_errors(inner, f"{pointer}/{rank}")]
    texts = detail if isinstance(detail, list) else [detail]
    return [{"pointer": pointer, "detail": str(text)} for text in texts]
