"""Tables of programmes and of past grants: one way to check and import them; their templates; the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from ancrage.conventions.programme_sources import GRANT_COLUMNS, PROGRAMME_COLUMNS
from ancrage.conventions.programme_tables import (
    MOST_PROBLEMS,
    Table,
    read_grant_table,
    read_programme_table,
    write_table,
)
from ancrage.errors import InputError
from ancrage.language import Text, format_number
from ancrage_web.accounts.access import organisation_view
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.cofunding.forms_catalogue import FileForm
from ancrage_web.cofunding.models import Programme
from ancrage_web.cofunding.services import catalogue as services
from ancrage_web.design.words import say


@dataclass(frozen=True)
class Kind:
    """One kind of table: how it is read and stored, and what its page says.

    Attributes
    ----------
    done : what is said after the import, with {created} and {changed}; back : route of the list; template : route of
        the template, with its query.
    """

    title: Text
    replaces: Text
    open_data: Text
    columns: Sequence[str]
    read: Callable[[str], Table]
    save: Callable[[Actor, Table], services.Imported]
    done: Text
    back: str
    back_name: Text
    template: tuple[str, str]


_PROGRAMMES = Kind(
    Text("Import programmes", "Importer des programmes"),
    Text("A programme with the same key is replaced.", "Un programme qui a la même clé est remplacé."),
    Text(
        "The open table of aids to firms (Transition écologique des entreprises) is read as it is.",
        "La table ouverte des aides aux entreprises (Transition écologique des entreprises) se lit telle quelle.",
    ),
    PROGRAMME_COLUMNS,
    read_programme_table,
    services.import_programmes,
    Text("{created} programmes added, {changed} replaced.", "{created} programmes ajoutés, {changed} remplacés."),
    "programmes",
    Text("Aid programmes", "Programmes d’aide"),
    ("programmes-file", "?modele=1"),
)
_GRANTS = Kind(
    Text("Import past grants", "Importer des subventions passées"),
    Text(
        "Lines of the same source imported before are replaced. A grant without a point takes that of its commune.",
        "Les lignes d’une même source importées auparavant sont remplacées. Une subvention sans coordonnées prend "
        "celles de sa commune.",
    ),
    Text(
        "The State publishes its investment grants (DETR, DSIL, DSID) and those of the Fonds vert: “ancrage convention "
        "table” writes them in these columns.",
        "L’État publie ses subventions d’investissement (DETR, DSIL, DSID) et celles du Fonds vert : "
        "«\u00a0ancrage convention table\u00a0» les écrit dans ces colonnes.",
    ),
    GRANT_COLUMNS,
    read_grant_table,
    services.import_grants,
    Text(
        "{created} past grants imported, {changed} replaced.",
        "{created} subventions passées importées, {changed} remplacées.",
    ),
    "past-grants",
    Text("Past grants", "Subventions passées"),
    ("past-grants-template", ""),
)


@organisation_view(Role.EDITOR)
def import_programmes(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Check a CSV of programmes, and import it when it is clean and asked for."""
    return _import(request, actor, _PROGRAMMES)


@organisation_view(Role.EDITOR)
def import_grants(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Check a CSV of past grants, and import it when it is clean and asked for."""
    return _import(request, actor, _GRANTS)


def _import(request: HttpRequest, actor: Actor, kind: Kind) -> HttpResponse:
    form = FileForm(request.POST if request.method == "POST" else None, request.FILES or None)
    table = None
    if request.method == "POST" and form.is_valid():
        table = kind.read(form.read_text())
        if request.POST.get("action") == "import" and not table.problems:
            try:
                done = kind.save(actor, table)
            except InputError as error:
                form.add_error("file", say(error.text))
                table = None
            else:
                said = Text(*(_count(text, done, lang) for text, lang in ((kind.done.en, "en"), (kind.done.fr, "fr"))))
                messages.success(request, say(said))
                return redirect(kind.back, organisation=actor.organisation.slug)
    route, query = kind.template
    context = {
        "form": form,
        "table": table,
        "title": kind.title,
        "replaces": kind.replaces,
        "open_data": kind.open_data,
        "columns": kind.columns,
        "most_problems": MOST_PROBLEMS,
        "back": reverse(kind.back, kwargs={"organisation": actor.organisation.slug}),
        "back_name": kind.back_name,
        "template": reverse(route, kwargs={"organisation": actor.organisation.slug}) + query,
    }
    wrong = bool(form.errors) or (table is not None and bool(table.problems))
    return render(request, "cofunding/import.html", context, status=400 if wrong else 200)


def _count(text: str, done: services.Imported, language: str) -> str:
    def write(number: int) -> str:
        return format_number(number, 0, "fr" if language == "fr" else "en")

    return text.format(created=write(done.created), changed=write(done.changed))


@organisation_view(Role.READER)
def send_programmes(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Send the catalogue in the form that the import reads; only its head as a template."""
    rows: Sequence[Programme] = []
    if request.GET.get("modele") != "1":
        rows = list(Programme.objects.filter(archived_at__isnull=True).order_by("name", "pk"))
    text = write_table(PROGRAMME_COLUMNS, ({name: getattr(row, name) for name in PROGRAMME_COLUMNS} for row in rows))
    return _send(text, "programmes.csv")


@organisation_view(Role.READER)
def send_grants_template(_request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Send the head of the CSV of past grants that the import reads."""
    return _send(write_table(GRANT_COLUMNS, []), "subventions.csv")


def _send(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
