"""The pages of the log."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.http import HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone

from ancrage_web.accounts import services
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.personal_data import erase_person
from ancrage_web.audit.models import AuditLine
from ancrage_web.audit.services import record
from web.conftest import World


def read_page(world: World, language: str = "fr", **query: str) -> str:
    """Return the page of the log, as the administrator sees it."""
    address = reverse("trail", kwargs={"organisation": "cc-vallee"})
    prefix = "" if language == "fr" else "/en"
    return world.sign_in("administrator").get(prefix + address, query).content.decode()


def read_file(answered: HttpResponseBase) -> str:
    """Return the whole of a file sent by parts."""
    assert isinstance(answered, StreamingHttpResponse)
    return b"".join(answered.streaming_content).decode()  # type: ignore[arg-type]


def test_log_shows_who_did_what_before_and_after(world: World) -> None:
    reader = world.people["reader"]
    assert reader is not None
    services.change_role(world.get_actor("administrator"), reader.pk, "editor")
    page = read_page(world)
    assert "Alex Admin" in page
    assert "Rôle d&#x27;un membre modifié" in page
    assert "«\u00a0Lou Lecture\u00a0»" in page
    assert "<del>Lecteur</del> → <ins>Éditeur</ins>" in page
    assert "Role of a member changed" in read_page(world, "en")


def test_erased_person_stays_in_the_log_without_a_name(world: World) -> None:
    officer = world.people["officer"]
    assert officer is not None
    record(world.get_actor("officer"), "study.changed", "study", "x")
    erase_person(officer)
    page = read_page(world)
    assert "Personne effacée" in page
    assert "Dominique" not in page
    assert "Erased person" in read_page(world, "en")


def test_token_and_site_are_named_where_no_person_acted(world: World) -> None:
    record(Actor(world.organisation, Role.EDITOR, token="ab12"), "run.asked", "run", "x")
    record(Actor(world.organisation, Role.EDITOR), "result.frozen", "result", "x")
    page = read_page(world)
    assert "Jeton ab12" in page
    assert ">Site<" in page


def test_filters_choose_a_person_an_action_and_days(world: World, monkeypatch: Any) -> None:
    paris = ZoneInfo("Europe/Paris")
    days = {
        "officer": datetime(2026, 3, 1, 0, 30, tzinfo=paris),
        "administrator": datetime(2026, 3, 2, 12, tzinfo=paris),
    }
    for name, at in days.items():
        monkeypatch.setattr(timezone, "now", lambda at=at: at)
        record(world.get_actor(name), f"study.{'created' if name == 'officer' else 'archived'}", "study", name)
    monkeypatch.undo()
    officer = world.people["officer"]
    assert officer is not None
    for query in (
        {"person": str(officer.pk)},
        {"action": "study.created"},
        {"until": "2026-03-01"},
        {"since": "2026-03-01", "until": "2026-03-01"},
    ):
        page = read_page(world, **query)
        assert "<caption>1 ligne</caption>" in page, query
        assert "1 mars 2026" in page, query
    assert "<caption>1 ligne</caption>" in read_page(world, since="2026-03-02")
    assert "Aucune ligne ne correspond" in read_page(world, since="2026-03-03")


def test_filter_that_cannot_be_is_said_and_left_aside(world: World) -> None:
    record(world.get_actor("officer"), "study.created", "study", "x")
    page = read_page(world, person="someone", since="yesterday")
    assert "À corriger" in page
    assert "<caption>1 ligne</caption>" in page


def test_lines_of_another_organisation_are_not_shown(world: World) -> None:
    record(world.get_actor("consultant"), "study.created", "study", "x")
    page = read_page(world)
    assert "Le journal est encore vide" in page
    assert "Camille" not in page


def test_long_log_comes_by_pages(world: World) -> None:
    for number in range(51):
        record(world.get_actor("officer"), "study.changed", "study", number)
    first, second = read_page(world), read_page(world, page="2")
    assert "Page 1 sur 2" in first
    assert first.count('scope="row"') == 50
    assert second.count('scope="row"') == 1
    assert read_page(world, page="99").count('scope="row"') == 1


@pytest.mark.parametrize("count", [1, 3])
def test_page_costs_the_same_whatever_its_lines(world: World, count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        services.change_organisation(world.get_actor("administrator"), f"CC {number}", "epci")
    browser = world.sign_in("administrator")
    # The session, the person, the membership; the people, the actions, the count, the lines, the name of the object.
    with django_assert_num_queries(8):
        page = browser.get(reverse("trail", kwargs={"organisation": "cc-vallee"}))
    assert page.content.decode().count('scope="row"') == count


def test_csv_opens_in_a_spreadsheet_and_holds_no_formula(world: World) -> None:
    record(world.get_actor("officer"), "study.changed", "study", "=1+1", after={"days": 3})
    browser = world.sign_in("administrator")
    officer = world.people["officer"]
    assert officer is not None
    officer.name = "@SUM(A1)"
    officer.save()
    answered = browser.get(reverse("trail_csv", kwargs={"organisation": "cc-vallee"}))
    text = read_file(answered)
    assert text.startswith("\ufeffNuméro;Date;Personne;")
    rows = list(csv.reader(io.StringIO(text[1:]), delimiter=";"))
    # The download is a line of the log itself.
    assert [row[3] for row in rows[1:]] == ["Étude modifiée", "Journal téléchargé"]
    assert (rows[1][2], rows[1][5], rows[1][7]) == ("'@SUM(A1)", "'=1+1", '{"days": 3}')
    day = timezone.localdate()
    assert answered["Content-Disposition"] == f'attachment; filename="journal-cc-vallee-{day:%Y-%m-%d}.csv"'
    english = read_file(browser.get("/en" + reverse("trail_csv", kwargs={"organisation": "cc-vallee"})))
    assert english.startswith("\ufeffNumber,Date,Person,")


def test_json_lines_let_anyone_check_the_chain(world: World) -> None:
    record(world.get_actor("officer"), "study.changed", "study", "x", after={"é": 1.5})
    record(world.get_actor("officer"), "study.archived", "study", "x")
    address = reverse("trail_json_lines", kwargs={"organisation": "cc-vallee"})
    lines = [json.loads(line) for line in read_file(world.sign_in("administrator").get(address)).splitlines()]
    assert [line["action"] for line in lines] == ["study.changed", "study.archived", "trail.exported"]
    previous = "0" * 64
    for line in lines:
        stored, _name = line.pop("hash"), line.pop("name")
        assert line["previous_hash"] == previous
        content = json.dumps(line, sort_keys=True, ensure_ascii=False).encode()
        previous = hashlib.sha256(content).hexdigest()
        assert stored == previous


def test_check_page_tells_the_last_hash(world: World) -> None:
    line = record(world.get_actor("officer"), "study.changed", "study", "x")
    page = world.sign_in("administrator").get(reverse("trail_check", kwargs={"organisation": "cc-vallee"}))
    assert "Le journal est intact" in page.content.decode()
    assert line.hash in page.content.decode()


def test_lines_are_dated_when_they_are_written(world: World) -> None:
    line: AuditLine = record(world.get_actor("officer"), "study.changed", "study", "x")
    assert timezone.now() - line.at < timedelta(minutes=1)
