"""The log of an organisation: read, filtered, downloaded by its administrators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ancrage.language import Language, Text
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import KIND_NAMES, ROLE_NAMES, Role
from ancrage_web.audit.actions import get_action_name, get_object_name
from ancrage_web.audit.models import AuditLine
from ancrage_web.audit.queries import (
    Filters,
    describe_author,
    describe_lines,
    list_actions,
    list_lines,
    list_people,
    read_chunks,
)
from ancrage_web.audit.services import build_content, check_trail, record
from ancrage_web.design.spreadsheets import MARK, write_rows
from ancrage_web.design.words import get_site_language, say

PAGE = 50
# The names of stored values.
WORDS = {"role": ROLE_NAMES, "kind": KIND_NAMES}


class TrailForm(forms.Form):
    """What is read of the log."""

    person = forms.TypedChoiceField(required=False)
    action = forms.ChoiceField(required=False)
    since = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))

    def __init__(self, data: Any, people: list[Any], actions: list[str]) -> None:
        super().__init__(data)
        anyone = say(Text("Everyone", "Tout le monde"))
        anything = say(Text("Every action", "Toutes les actions"))
        named = sorted(((action, say(get_action_name(action))) for action in actions), key=lambda pair: pair[1])
        labels = {
            "person": Text("Person", "Personne"),
            "action": Text("Action", "Action"),
            "since": Text("From", "Du"),
            "until": Text("To", "Au"),
        }
        for name, label in labels.items():
            self.fields[name].label = say(label)
        for name, choices in (
            ("person", [("", anyone), *((str(person.pk), person.get_full_name()) for person in people)]),
            ("action", [("", anything), *named]),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices

    def build_filters(self) -> Filters:
        """Return what was chosen; a choice that cannot be is left aside, and its field says so."""
        chosen = self.cleaned_data if self.is_valid() else getattr(self, "cleaned_data", {})
        return Filters(
            chosen.get("person") or None, chosen.get("action") or None, chosen.get("since"), chosen.get("until")
        )


@never_cache
@require_safe
@organisation_view(Role.ADMINISTRATOR)
def show_trail(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Show the log, the last line first."""
    form = TrailForm(request.GET, list_people(), list_actions())
    lines = list_lines(form.build_filters())
    page = Paginator(lines, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "lines": describe_lines(page.object_list, WORDS),
        "query": query.urlencode(),
        "filtered": any(query.values()),
    }
    return render(request, "accounts/trail.html", context)


@never_cache
@require_safe
@organisation_view(Role.ADMINISTRATOR)
def show_check(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Read the whole chain again and say whether it holds."""
    return render(request, "accounts/trail_check.html", {"checked": check_trail(actor.organisation)})


@never_cache
@require_safe
@organisation_view(Role.ADMINISTRATOR)
def download_csv(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Hand over the log as a table for spreadsheets."""
    filters = TrailForm(request.GET, list_people(), list_actions()).build_filters()
    record(actor, "trail.exported", "trail", actor.organisation.pk, after={"format": "csv"})
    return _attach(actor, write_csv(actor, filters, get_site_language()), "csv", "text/csv; charset=utf-8")


@never_cache
@require_safe
@organisation_view(Role.ADMINISTRATOR)
def download_json_lines(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """Hand over the log as it is stored, hashes included: whoever holds the file can check the chain."""
    filters = TrailForm(request.GET, list_people(), list_actions()).build_filters()
    record(actor, "trail.exported", "trail", actor.organisation.pk, after={"format": "jsonl"})
    return _attach(
        actor, write_json_lines(actor, filters, get_site_language()), "jsonl", "application/jsonl; charset=utf-8"
    )


def _attach(actor: Actor, parts: Iterator[str], suffix: str, content_type: str) -> StreamingHttpResponse:
    word = say(Text("audit-trail", "journal"))
    name = f"{word}-{actor.organisation.slug}-{timezone.localdate():%Y-%m-%d}.{suffix}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(parts, content_type=content_type, headers=headers)


def write_csv(actor: Actor, filters: Filters, language: Language) -> Iterator[str]:
    """Yield the table by parts: a byte-order mark for Excel, the separator of the language, no formula."""
    titles = [
        Text("Number", "Numéro"),
        Text("Date", "Date"),
        Text("Person", "Personne"),
        Text("Action", "Action"),
        Text("Object", "Objet"),
        Text("Identifier", "Identifiant"),
        Text("Before", "Avant"),
        Text("After", "Après"),
        Text("Hash", "Empreinte"),
    ]
    # The parts are sent after the view: the language is said again for each.
    with override(language):
        head = write_rows([[say(title) for title in titles]], language)
    yield MARK + head
    for part in read_chunks(actor.organisation, filters):
        with override(language):
            text = write_rows([list_cells(line) for line in part], language)
        yield text


def list_cells(line: AuditLine) -> list[str]:
    """Return the cells of a line."""
    return [
        str(line.sequence),
        timezone.localtime(line.at).isoformat(sep=" ", timespec="seconds"),
        describe_author(line),
        say(get_action_name(line.action)),
        say(get_object_name(line.object_type)),
        line.object_id,
        write_json(line.before) if line.before else "",
        write_json(line.after) if line.after else "",
        line.hash,
    ]


def write_json_lines(actor: Actor, filters: Filters, language: Language) -> Iterator[str]:
    """Yield the lines as they are stored, by parts, with the present name of who acted."""
    for part in read_chunks(actor.organisation, filters):
        with override(language):
            text = "".join(write_json(describe_stored(line)) + "\n" for line in part)
        yield text


def describe_stored(line: AuditLine) -> dict[str, Any]:
    """Return what the hash of a line covers, the hash, and the present name of who acted."""
    return {**build_content(line), "hash": line.hash, "name": describe_author(line)}


def write_json(value: Any) -> str:
    """Return a value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
