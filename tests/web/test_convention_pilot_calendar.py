"""Deadlines of a convention, the calendars that show them, and the feed that agendas read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled

from ancrage.conventions import life
from ancrage.conventions.jobs import JobRecord
from ancrage_web.accounts.models import Membership
from ancrage_web.accounts.personal_data import build_export, erase_person
from ancrage_web.accounts.services import leave_organisation
from ancrage_web.conventions.deadlines import (
    ActionDates,
    Facts,
    Meeting,
    Posts,
    build_deadlines,
    choose_next,
    find_state,
    list_convention_deadlines,
    load_rules,
)
from ancrage_web.conventions.enums import COMMITTEE_NAMES
from ancrage_web.conventions.ical import Event, escape_text, fold_line, write_calendar
from ancrage_web.conventions.models import CalendarLink, Committee, Job, Partner, ReminderSubscription
from ancrage_web.conventions.services import calendar as services
from web.conftest import World
from web.convention_samples import build_convention, build_document, build_sample, open_to_partner

TODAY = date(2026, 11, 23)


def _build(on: date = TODAY, **facts: Any) -> dict[str, life.Deadline]:
    given = {"milestones": life.Milestones(), **facts}
    deadlines = build_deadlines(Facts(**given), on, load_rules())
    found = {deadline.key: deadline for deadline in deadlines}
    assert len(found) == len(deadlines)
    assert [deadline.day for deadline in deadlines] == sorted(deadline.day for deadline in deadlines)
    return found


def test_deadlines_of_the_rules_keep_their_finding() -> None:
    found = _build(milestones=life.Milestones(notified=date(2026, 1, 20), decided=date(2026, 3, 15)))

    assert found["signature"].day == date(2026, 7, 20)
    assert found["prefect"].day == date(2026, 5, 15)
    finding = found["prefect"].finding
    assert finding is not None
    assert finding.rule.id == "R2"
    assert find_state(found["prefect"], TODAY) == "late"


def test_deadlines_of_yearly_committees_have_a_key_each() -> None:
    held = (date(2026, 6, 1),)
    found = _build(milestones=life.Milestones(signed=date(2025, 7, 10), ends=date(2028, 7, 9), committees=held))

    assert (found["committee-1"].day, found["committee-1"].done) == (date(2026, 7, 10), date(2026, 6, 1))
    assert (found["committee-2"].day, found["committee-2"].done) == (date(2027, 6, 1), None)
    assert [find_state(found[key], TODAY) for key in ("committee-1", "committee-2")] == ["done", "coming"]


def test_committee_planned_is_not_done_yet() -> None:
    planned = (date(2027, 6, 1),)
    milestones = life.Milestones(signed=date(2026, 7, 10), ends=date(2028, 7, 9), committees=planned)

    assert _build(milestones=milestones)["committee-1"].done is None
    assert _build(date(2027, 6, 2), milestones=milestones)["committee-1"].done == date(2027, 6, 1)


def test_committee_asks_for_its_report_the_day_before() -> None:
    kind = COMMITTEE_NAMES["follow_up"]
    meetings = (
        Meeting("a", kind, date(2026, 12, 10)),
        Meeting("b", kind, date(2026, 6, 10), date(2026, 6, 12), date(2026, 6, 10)),
    )
    found = _build(meetings=meetings)

    assert (found["meet-a"].day, found["report-a"].day) == (date(2026, 12, 10), date(2026, 12, 9))
    assert find_state(found["report-a"], TODAY) == "coming"
    assert find_state(found["meet-b"], TODAY) == "done"
    assert find_state(found["report-b"], TODAY) == "done_late"


def test_actions_are_done_when_nothing_is_left_to_pay() -> None:
    found = _build(
        actions=(
            ActionDates("a", "Aides", date(2026, 10, 31)),
            ActionDates("b", "Prêts", date(2026, 10, 31), date(2026, 9, 1)),
        )
    )

    assert [find_state(found[key], TODAY) for key in ("action-a", "action-b")] == ["late", "done"]


def test_checks_of_presence_are_gathered_by_month() -> None:
    waiting = JobRecord(hired_on=date(2026, 1, 31), proved=True)
    checked = JobRecord(hired_on=date(2026, 1, 5), proved=True, present={6: True})
    unproved = JobRecord(hired_on=date(2026, 1, 5))
    found = _build(posts=(Posts(waiting, 3), Posts(checked, 2), Posts(unproved, 9)))

    assert set(found) == {
        f"checks-{months}-{day}" for months, day in ((6, "2026-07"), (12, "2027-01"), (24, "2028-01"))
    }
    six, twelve = found["checks-6-2026-07"], found["checks-12-2027-01"]
    assert (six.day, six.label.fr) == (date(2026, 7, 31), "Vérifier la présence à 6 mois de 3 emplois")
    assert twelve.label.en == "Check that 5 jobs are still there after 12 months"
    assert (find_state(six, TODAY), find_state(twelve, TODAY)) == ("late", "coming")


def test_checks_of_presence_that_were_all_made_are_done() -> None:
    left = JobRecord(hired_on=date(2026, 1, 5), left_on=date(2026, 3, 1), proved=True)
    found = _build(posts=(Posts(left, 1),))

    assert find_state(found["checks-6-2026-07"], TODAY) == "done"
    # It will be absent then too: nobody has to look.
    assert choose_next(found.values()) is None


def test_agreements_to_sign_run_until_the_end() -> None:
    ends = life.Milestones(ends=date(2027, 1, 31))

    assert _build(milestones=ends, unsigned=2)["agreements"].day == date(2027, 1, 31)
    assert "agreements" not in _build(milestones=ends)


def test_closed_convention_awaits_nothing() -> None:
    found = _build(
        milestones=life.Milestones(notified=date(2026, 1, 20), signed=date(2026, 6, 1)),
        actions=(ActionDates("a", "Aides", date(2026, 10, 31)),),
        closed=True,
    )

    assert set(found) == {"signature"}
    assert choose_next(found.values()) is None


def test_next_deadline_is_the_oldest_late_one() -> None:
    found = _build(
        actions=(ActionDates("a", "Aides", date(2026, 12, 31)), ActionDates("b", "Prêts", date(2026, 10, 31)))
    )

    chosen = choose_next(found.values())
    assert chosen is not None
    assert chosen.key == "action-b"


def test_deadlines_of_a_convention_are_read_from_all_it_holds(world: World) -> None:
    sample = build_sample(world)
    with scope(organisation=world.organisation):
        Committee.objects.create(convention=sample.convention, day=date(2026, 12, 10))
        Job.objects.create(
            convention=sample.convention,
            label="Poste",
            contract="cdi",
            hired_on=date(2026, 1, 5),
            proof=sample.document,
        )
        found = {deadline.key: deadline for deadline in list_convention_deadlines(sample.convention, TODAY)}

    assert found[f"action-{sample.action.pk.hex}"].day == date(2028, 1, 31)
    assert found["checks-6-2026-07"].done is None
    assert found["prefect"].done == date(2025, 4, 28)
    # The longest key, with the mark of a late reminder before it, fits in its column.
    assert max(len(key) for key in found) == 39


# The feed ------------------------------------------------------------------------------------------------------------


def read_calendar(data: bytes) -> list[dict[str, str]]:
    """Return the events of a calendar, each property by its name, read strictly as RFC 5545 says."""
    assert data.endswith(b"\r\n")
    lines = data[:-2].split(b"\r\n")
    assert all(b"\n" not in line and b"\r" not in line and 0 < len(line) <= 75 for line in lines)
    unfolded: list[str] = []
    # A fold may not cut a character: each physical line is UTF-8 by itself.
    for line in (piece.decode() for piece in lines):
        if line.startswith(" "):
            unfolded[-1] += line[1:]
        else:
            unfolded.append(line)
    assert unfolded[0] == "BEGIN:VCALENDAR"
    assert unfolded[-1] == "END:VCALENDAR"
    open_parts: list[str] = []
    events: list[dict[str, str]] = []
    head: dict[str, str] = {}
    for line in unfolded:
        name, colon, value = line.partition(":")
        assert colon, line
        if name == "BEGIN":
            allowed = {"": "VCALENDAR", "VCALENDAR": "VEVENT", "VEVENT": "VALARM"}
            assert allowed[open_parts[-1] if open_parts else ""] == value
            open_parts.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert open_parts.pop() == value
        else:
            assert re.fullmatch(r"[A-Z-]+(;[A-Z-]+=[A-Z0-9-]+)*", name), name
            kept = head if open_parts == ["VCALENDAR"] else events[-1]
            key = name if open_parts[-1] != "VALARM" else f"VALARM {name}"
            assert key not in kept, key
            kept[key] = value
    assert not open_parts
    assert head["VERSION"] == "2.0"
    assert head["PRODID"]
    for event in events:
        assert re.fullmatch(r"\d{8}T\d{6}Z", event["DTSTAMP"])
        start = datetime.strptime(event["DTSTART;VALUE=DATE"], "%Y%m%d").replace(tzinfo=UTC)
        end = datetime.strptime(event["DTEND;VALUE=DATE"], "%Y%m%d").replace(tzinfo=UTC)
        assert (end - start).days == 1
        if "VALARM TRIGGER" in event:
            assert event["VALARM ACTION"] == "DISPLAY"
            assert re.fullmatch(r"-P\d+D", event["VALARM TRIGGER"])
            assert event["VALARM DESCRIPTION"]
        for text in ("SUMMARY", "DESCRIPTION"):
            # Nothing special is left bare.
            assert re.fullmatch(r"(?:[^\\;,]|\\[\\;,n])*", event.get(text, "")), event[text]
    uids = [event["UID"] for event in events]
    assert len(set(uids)) == len(uids)
    return events


STAMP = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_calendar_is_written_as_the_standard_says() -> None:
    title = "Comité, 2e réunion ; ordre du jour\\notes\nlieu : " + "é" * 90
    events = [
        Event("a@x", date(2026, 12, 31), title, "Ligne 1\r\nLigne 2", "https://x.example/", 15),
        Event("b@x", date(2028, 2, 29), "Court"),
    ]
    first, second = read_calendar(write_calendar("Échéances, tout", events, STAMP))

    assert first["DTEND;VALUE=DATE"] == "20270101"
    assert re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], first["SUMMARY"]) == title
    assert first["DESCRIPTION"] == "Ligne 1\\nLigne 2"
    assert first["VALARM TRIGGER"] == "-P15D"
    assert second["DTEND;VALUE=DATE"] == "20280301"
    assert "VALARM TRIGGER" not in second


@pytest.mark.parametrize("length", [73, 74, 75, 76, 148, 149, 150, 300])
@pytest.mark.parametrize("character", ["a", "é", "€", "🏭"])
def test_long_lines_are_folded_and_read_back(length: int, character: str) -> None:
    line = "X:" + character * length
    folded = fold_line(line)

    pieces = folded[:-2].split(b"\r\n ")
    assert all(len(piece) + bool(index) <= 75 for index, piece in enumerate(pieces))
    assert "".join(piece.decode() for piece in pieces) == line
    # No more lines than needed: only a character that does not fit leaves room.
    assert all(len(piece) + bool(index) > 75 - 4 for index, piece in enumerate(pieces[:-1]))


def test_text_cannot_add_a_property_to_a_calendar() -> None:
    assert escape_text("a\r\nATTENDEE:x\x00\x0b\x7f") == "a\\nATTENDEE:x"


def test_feed_opens_to_who_holds_its_address(world: World, client: Client) -> None:
    sample = build_sample(world)
    reader = world.get_actor("reader")
    with scope(organisation=world.organisation):
        token = services.create_calendar_link(reader)
        stored = CalendarLink.objects.get()
    address = reverse("calendar-feed", kwargs={"token": token})
    answered = client.get(address)

    assert answered["Content-Type"] == "text/calendar; charset=utf-8"
    assert "no-store" in answered["Cache-Control"]
    assert token not in stored.token_hash
    events = read_calendar(answered.content)
    with scope(organisation=world.organisation):
        deadlines = list_convention_deadlines(sample.convention, timezone.localdate())
    assert [event["UID"].partition("@")[0] for event in events] == [
        f"{sample.convention.pk}-{deadline.key}" for deadline in deadlines
    ]
    # The same day, the same identifiers: an agenda moves its events.
    again = read_calendar(client.get(address).content)
    assert [event["UID"] for event in again] == [event["UID"] for event in events]
    assert "Fin de l'action : Ingénierie" in "".join(event["SUMMARY"] for event in events)
    assert "End of the action" in client.get(f"/en{address}").content.decode().replace("\r\n ", "")


def test_feed_holds_what_its_person_may_see_now(world: World, client: Client) -> None:
    convention = build_convention(world)
    build_convention(world, name="Rangée", archived_at=timezone.now())
    consultant = world.get_actor("consultant")
    with scope(organisation=world.other):
        address = reverse("calendar-feed", kwargs={"token": services.create_calendar_link(consultant)})
    assert read_calendar(client.get(address).content) == []

    with scope(organisation=world.organisation):
        partner = Partner.objects.create(convention=convention, organisation=world.other, part="consultant")
    assert read_calendar(client.get(address).content) != []

    with scope(organisation=world.organisation):
        partner.delete()
    assert read_calendar(client.get(address).content) == []


def test_feed_closes_when_it_is_revoked_made_again_or_its_person_leaves(world: World, client: Client) -> None:
    build_convention(world)
    reader = world.get_actor("reader")

    def make() -> str:
        with scope(organisation=world.organisation):
            return reverse("calendar-feed", kwargs={"token": services.create_calendar_link(reader)})

    first, second = make(), make()
    assert [client.get(where).status_code for where in (first, second)] == [404, 200]
    with scope(organisation=world.organisation):
        services.revoke_calendar_link(reader)
    assert client.get(second).status_code == 404

    third = make()
    leave_organisation(reader)
    assert client.get(third).status_code == 404
    with scope(organisation=world.organisation):
        assert not CalendarLink.objects.exists()
    assert client.get(reverse("calendar-feed", kwargs={"token": "x" * 43})).status_code == 404


def test_feed_closes_when_the_membership_went_without_a_word(world: World, client: Client) -> None:
    reader = world.get_actor("reader")
    with scope(organisation=world.organisation):
        address = reverse("calendar-feed", kwargs={"token": services.create_calendar_link(reader)})
        # As a restore or a command would: nothing tells the application.
        Membership.objects.filter(user=reader.user)._raw_delete("default")
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("count", [1, 3, 30])
def test_feed_asks_as_much_whatever_it_holds(
    count: int, world: World, client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        build_convention(world, name=f"Convention {number}")
    with scope(organisation=world.organisation):
        token = services.create_calendar_link(world.get_actor("reader"))
    with django_assert_num_queries(9):
        assert client.get(reverse("calendar-feed", kwargs={"token": token})).status_code == 200


# Pages ---------------------------------------------------------------------------------------------------------------


def test_calendar_says_what_is_late_in_words_and_by_which_rule(world: World) -> None:
    convention = build_convention(world, decided_on=date(2025, 3, 10), owed_since=date(2025, 6, 1))
    where = reverse("convention-calendar", kwargs={"organisation": "cc-vallee", "convention": convention.pk})
    page = world.sign_in("reader").get(where + "?annee=2025").content.decode()

    assert "Code du travail, D1233-38" in page
    assert "fait en retard" in page
    assert "texte à vérifier" in page
    assert "L’année 2025" in page
    assert page.count("<li") > 12
    english = world.sign_in("reader").get("/en" + where + "?annee=2025").content.decode()
    assert "done late" in english


def test_calendar_of_an_unknown_year_shows_the_nearest(world: World) -> None:
    convention = build_convention(world)
    where = reverse("convention-calendar", kwargs={"organisation": "cc-vallee", "convention": convention.pk})
    for asked in ("1850", "x", "²²²²"):
        page = world.sign_in("reader").get(where, {"annee": asked}).content.decode()
        assert f"L’année {timezone.localdate().year}" in page or "L’année 20" in page


def test_calendar_of_all_shows_what_partners_opened(world: World) -> None:
    convention = build_convention(world)
    state = open_to_partner(world, convention, "state")
    client = Client()
    assert state.user is not None
    client.force_login(state.user, backend="django.contrib.auth.backends.ModelBackend")
    where = reverse("conventions-calendar", kwargs={"organisation": state.actor.organisation.slug})
    page = client.get(where + "?annee=2028").content.decode()

    assert "Dernier jour de la convention" in page
    assert "Fonderie d&#x27;Essai 2025" in page
    assert (
        "Fonderie"
        not in world.sign_in("consultant")
        .get(reverse("conventions-calendar", kwargs={"organisation": "cabinet-rebond"}))
        .content.decode()
    )


def test_link_of_an_agenda_is_shown_once(world: World) -> None:
    build_convention(world)
    client = world.sign_in("reader")
    where = reverse("conventions-calendar-link", kwargs={"organisation": "cc-vallee"})
    page = client.post(where, {"action": "create"}).content.decode()

    found = re.search(r'value="(http[^"]+/aides/calendrier/[\w-]{43}\.ics)"', page)
    assert found is not None
    shown = client.get(reverse("conventions-calendar", kwargs={"organisation": "cc-vallee"})).content.decode()
    assert found[1] not in shown
    assert "Faire un autre lien" in shown


def test_file_of_one_convention_is_a_calendar(world: World) -> None:
    convention = build_convention(world)
    where = reverse("convention-calendar-file", kwargs={"organisation": "cc-vallee", "convention": convention.pk})
    answered = world.sign_in("reader").get(where)

    assert answered["Content-Disposition"] == 'attachment; filename="echeances.ics"'
    assert any("Signature de la convention" in event["SUMMARY"] for event in read_calendar(answered.content))


def test_erased_person_leaves_no_feed_nor_reminders(world: World) -> None:
    sample = build_sample(world)
    build_document(sample.convention, name="autre.pdf")
    reader = world.people["reader"]
    assert reader is not None
    with scope(organisation=world.organisation):
        services.create_calendar_link(world.get_actor("reader"))
        ReminderSubscription.objects.create(convention=sample.convention, user=reader)
    written = build_export(reader)["written"]
    assert written["conventions.CalendarLink"]["count"] == 1
    assert written["conventions.ReminderSubscription"]["count"] == 1

    erase_person(reader)
    with scopes_disabled():
        assert not CalendarLink.objects.exists()
        assert not ReminderSubscription.objects.exists()
