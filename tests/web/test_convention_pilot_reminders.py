"""Reminders by e-mail: who gets them, once, and again when a mail did not leave."""

from __future__ import annotations

import time
from datetime import date
from smtplib import SMTPException
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.accounts.services import leave_organisation
from ancrage_web.config import supervisor
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.models import Action, Convention, Partner, ReminderSent, ReminderSubscription
from ancrage_web.conventions.services.archiving import archive_convention
from ancrage_web.conventions.services.calendar import subscribe, unsubscribe
from ancrage_web.conventions.services.partners import close_to
from ancrage_web.conventions.services.reminders import Sent, send_reminders
from web.conftest import World
from web.convention_samples import build_convention, open_to_partner

BEFORE, DAY, AFTER = date(2027, 12, 1), date(2028, 1, 31), date(2028, 2, 1)


def get_access(world: World, name: str, convention: Convention) -> Access:
    access = find_access(world.get_actor(name), convention.pk)
    assert access is not None
    return access


@pytest.fixture
def convention(world: World) -> Convention:
    # Nothing but one deadline, that of an action.
    convention = build_convention(
        world,
        way="voluntary",
        status="negotiated",
        signed_on=None,
        starts_on=None,
        ends_on=None,
        owed_since=None,
        option_on=None,
    )
    with scope(organisation=world.organisation):
        Action.objects.create(convention=convention, kind="jobs_aid", name="Aides", deadline=DAY)
        subscribe(get_access(world, "reader", convention), days_before=30)
    return convention


def test_reminder_is_sent_once_within_its_notice(convention: Convention) -> None:
    assert send_reminders(BEFORE) == Sent(0, 0)
    assert send_reminders(date(2028, 1, 2)) == Sent(1, 0)
    assert send_reminders(date(2028, 1, 2)) == Sent(0, 0)
    assert send_reminders(date(2028, 1, 20)) == Sent(0, 0)

    sent = mail.outbox[0]
    assert sent.to == ["reader@example.org"]
    assert sent.subject == "Échéances de « Fonderie d'Essai 2025 »"
    assert "31 janvier 2028 (dans 29 jours) : Fin de l'action : Aides" in sent.body
    assert reverse("convention-calendar", args=["cc-vallee", convention.pk]) in sent.body
    # Nobody else is named.
    assert "Dominique" not in sent.body
    assert "officer@" not in sent.body


def test_late_deadline_is_told_once_more(convention: Convention) -> None:
    send_reminders(date(2028, 1, 2))
    assert send_reminders(DAY) == Sent(0, 0)
    assert send_reminders(AFTER) == Sent(1, 0)
    assert send_reminders(date(2028, 3, 1)) == Sent(0, 0)
    assert "(en retard de 1 jour)" in mail.outbox[1].body


def test_deadline_that_moves_is_told_again(world: World, convention: Convention) -> None:
    send_reminders(date(2028, 1, 2))
    with scope(organisation=world.organisation):
        Action.objects.update(deadline=date(2028, 1, 25))
    assert send_reminders(date(2028, 1, 3)) == Sent(1, 0)
    assert "25 janvier 2028 (dans 22 jours)" in mail.outbox[1].body


def test_reminder_that_did_not_leave_is_sent_again(
    world: World, convention: Convention, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> int:
        raise SMTPException("no")

    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", refuse)
        assert send_reminders(date(2028, 1, 2)) == Sent(0, 1)
    with scope(organisation=world.organisation):
        assert not ReminderSent.objects.exists()
    assert send_reminders(date(2028, 1, 3)) == Sent(1, 0)


def test_command_says_what_it_sent_and_exits_1_when_a_mail_did_not_leave(
    world: World, convention: Convention, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with scope(organisation=world.organisation):
        Action.objects.update(deadline=timezone.localdate())
    with monkeypatch.context() as patch:
        patch.setattr(EmailMessage, "send", lambda *_args, **_kwargs: (_ for _ in ()).throw(OSError("no")))
        with pytest.raises(SystemExit) as ended:
            call_command("send_reminders")
    assert ended.value.code == 1
    call_command("send_reminders")
    assert capsys.readouterr().out.splitlines() == [
        "rappels : 0 envoyés, 1 non envoyés",
        "rappels : 1 envoyés, 0 non envoyés",
    ]


def test_reminders_stop_when_asked_archived_or_left(world: World, convention: Convention) -> None:
    with scope(organisation=world.organisation):
        officer = get_access(world, "officer", convention)
        subscribe(officer, days_before=30)
        unsubscribe(officer)
        archive_convention(officer)
    assert send_reminders(AFTER) == Sent(0, 0)
    with scope(organisation=world.organisation):
        Convention.objects.update(archived_at=None)
    leave_organisation(world.get_actor("reader"))
    assert send_reminders(AFTER) == Sent(0, 0)
    with scope(organisation=world.organisation):
        assert not ReminderSubscription.objects.exists()


def test_reminders_of_a_partner_stop_when_the_convention_closes_to_it(world: World, convention: Convention) -> None:
    partner = open_to_partner(world, convention, "state")
    with scope(organisation=world.organisation):
        ReminderSubscription.objects.all().delete()
        subscribe(partner, days_before=30)
    assert send_reminders(AFTER) == Sent(1, 0)
    assert partner.actor.organisation.slug in mail.outbox[0].body
    with scope(organisation=world.organisation):
        opened = Partner.objects.get(organisation=partner.actor.organisation)
        close_to(get_access(world, "officer", convention), opened)
        assert not ReminderSubscription.objects.exists()


def test_notice_is_changed_in_its_bounds(world: World, convention: Convention) -> None:
    access = get_access(world, "reader", convention)
    with scope(organisation=world.organisation):
        subscribe(access, days_before=7)
        assert [s.days_before for s in ReminderSubscription.objects.all()] == [7]
        for days in (0, 181):
            with pytest.raises(InputError, match="from 1 to 180"):
                subscribe(access, days_before=days)


def test_reminders_are_asked_and_stopped_from_the_calendar(world: World, convention: Convention) -> None:
    client = world.sign_in("officer")
    where = reverse("convention-reminders", args=["cc-vallee", convention.pk])
    calendar = reverse("convention-calendar", args=["cc-vallee", convention.pk])

    wrong = client.post(where, {"days_before": "999", "action": "save"})
    assert wrong.status_code == 400
    assert "Choisissez de 1 à 180 jours" in wrong.content.decode()
    assert client.post(where, {"days_before": "20", "action": "save"}).url == calendar  # type: ignore[attr-defined]
    assert "20 jours avant chaque échéance" in client.get(calendar).content.decode()
    client.post(where, {"action": "stop"})
    assert "M’envoyer des rappels" in client.get(calendar).content.decode()


def test_reminders_run_once_a_day_and_again_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    codes = iter((1, 0, 0))
    started: list[int] = []

    class Ended:
        """A child that has ended when it is looked at."""

        def poll(self) -> int:
            return next(codes)

    def start(_command: list[str]) -> Ended:
        started.append(1)
        return Ended()

    monkeypatch.setattr(supervisor, "start_process", start)
    daily = supervisor.Daily(["command"], due=60.0)

    def watch(now: float, day: int, hour: int) -> int:
        daily.watch(now, time.struct_time((2026, 11, day, hour, 0, 0, 0, 1, 0)))
        return len(started)

    # Not before its time after the start, nor before the hour; then once.
    assert [watch(0, 23, 9), watch(60, 23, 5), watch(61, 23, 6)] == [0, 0, 1]
    # It failed: nothing before an hour.
    assert [watch(62, 23, 6), watch(63, 23, 6), watch(3662, 23, 7)] == [1, 1, 2]
    # It succeeded: nothing more until the next day.
    assert [watch(3663, 23, 7), watch(9999, 23, 9), watch(90000, 24, 5), watch(93600, 24, 6)] == [2, 2, 2, 3]
