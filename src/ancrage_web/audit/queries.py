"""Readings of the trail of one organisation, in its scope."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import timezone
from django_scopes import scope

from ancrage.language import Text
from ancrage_web.audit.actions import OBJECTS, get_action_name, get_field_name, get_object_name
from ancrage_web.audit.models import AuditLine
from ancrage_web.design.words import say

CHUNK = 1000
SYSTEM = Text("Site", "Site")
# No line is outside of these days, and the calendar of a computer does not go much further.
_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True)
class Filters:
    """What is read of a trail; None for everything.

    Attributes
    ----------
    person : identifier of who acted; since, until : days, both included.
    """

    person: UUID | None = None
    action: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Change:
    """A field before and after; empty where it was not, or is no longer."""

    field: Text
    before: str
    after: str


@dataclass(frozen=True)
class ShownLine:
    """A line as a reader sees it."""

    line: AuditLine
    who: str
    action: Text
    object: Text
    object_name: str
    changes: list[Change]


def list_lines(filters: Filters) -> QuerySet[AuditLine]:
    """Return the lines of the scope, the last first, with who acted."""
    lines = AuditLine.objects.select_related("actor").order_by("-sequence")
    if filters.person is not None:
        lines = lines.filter(actor_id=filters.person)
    if filters.action is not None:
        lines = lines.filter(action=filters.action)
    if filters.since is not None:
        lines = lines.filter(at__gte=_start(filters.since))
    if filters.until is not None:
        lines = lines.filter(at__lt=_start(min(filters.until, _LAST) + timedelta(days=1)))
    return lines


def _start(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(max(day, _FIRST), time.min))


def list_people() -> list[Any]:
    """Return the people who acted in the scope, by name; one query."""
    users = AuditLine._meta.get_field("actor").related_model
    assert isinstance(users, type)
    ids = AuditLine.objects.filter(actor__isnull=False).order_by().values("actor_id").distinct()
    people = list(users._base_manager.filter(pk__in=ids))
    return sorted(people, key=lambda person: person.get_full_name().casefold())


def list_actions() -> list[str]:
    """Return the actions that the scope knows."""
    return list(AuditLine.objects.order_by("action").values_list("action", flat=True).distinct())


def describe_lines(lines: Iterable[AuditLine], words: Mapping[str, Mapping[str, Text]]) -> list[ShownLine]:
    """Return lines with the names of now: of who acted, and of what still exists.

    Parameters
    ----------
    words : by field, the names of its stored values ({"role": {"reader": ...}}).
    """
    lines = list(lines)
    names = find_names(lines)
    return [
        ShownLine(
            line,
            describe_author(line),
            get_action_name(line.action),
            get_object_name(line.object_type),
            names.get((line.object_type, line.object_id), ""),
            list_changes(line.before, line.after, words),
        )
        for line in lines
    ]


def describe_author(line: AuditLine) -> str:
    """Return who acted, in the language of the page: a person, a token, or the site itself."""
    if line.actor is not None:
        return str(line.actor.get_full_name())
    return say(Text(f"Token {line.token}", f"Jeton {line.token}") if line.token else SYSTEM)


def find_names(lines: Iterable[AuditLine]) -> dict[tuple[str, str], str]:
    """Return the present names of what lines tell of, by type and identifier; one query per type at most."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        if line.object_type in OBJECTS and OBJECTS[line.object_type][1] is not None:
            wanted[line.object_type].add(line.object_id)
    names: dict[tuple[str, str], str] = {}
    for object_type, ids in wanted.items():
        label = OBJECTS[object_type][1]
        assert label is not None
        model = apps.get_model(label)
        # The scoped manager: what another organisation received is not named here.
        found = model.objects.filter(pk__in=[key for key in ids if is_key(model, key)])
        names |= {(object_type, str(thing.pk)): str(thing) for thing in found}
    return names


def is_key(model: type[Model], text: str) -> bool:
    """Say whether an identifier of the trail can be one of a model: it may have been another's when it was written."""
    try:
        model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return True


def list_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], words: Mapping[str, Mapping[str, Text]]
) -> list[Change]:
    """Return what changed, field by field."""
    return [
        Change(
            get_field_name(field),
            _write(before.get(field), words.get(field, {})),
            _write(after.get(field), words.get(field, {})),
        )
        for field in dict.fromkeys([*before, *after])
    ]


def _write(value: Any, words: Mapping[str, Text]) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value in words:
        return say(words[value])
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def read_chunks(organisation: Any, filters: Filters) -> Iterator[list[AuditLine]]:
    """Yield the lines of an organisation from the first, by parts, so that a long trail is never held whole."""
    last = 0
    while True:
        # The answer is sent after the view: the scope is opened for each part.
        with scope(organisation=organisation):
            part = list(list_lines(filters).filter(sequence__gt=last).order_by("sequence")[:CHUNK])
        if not part:
            return
        yield part
        last = part[-1].sequence
