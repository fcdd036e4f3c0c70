"""The jobs register: each word has one definition, and figures that cannot contradict one another."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions.jobs import (
    CHECK_MONTHS,
    DEFINITIONS,
    NAMES,
    Count,
    JobCounts,
    JobRecord,
    Presence,
    check_record,
    compute_job_costs,
    count_jobs,
    count_jobs_by,
    find_stage,
    list_due_checks,
)
from ancrage.errors import InputError

START = date(2025, 1, 1)
_DAYS = st.integers(0, 1200).map(lambda n: START + timedelta(days=n))
_RECORDS = st.lists(
    st.builds(
        lambda fte, kept, days, stay, proved, present, names: JobRecord(
            Decimal(fte) / 100,
            kept,
            *sorted(days)[:3],
            left_on=None if stay is None else sorted(days)[2] + timedelta(days=stay),
            proved=proved,
            present=dict(zip(CHECK_MONTHS, present, strict=True)),
            action=names[0],
            request=names[1],
            contract="cdi",
        ),
        st.integers(1, 100),
        st.booleans(),
        st.tuples(_DAYS, _DAYS, _DAYS),
        st.none() | st.integers(0, 900),
        st.booleans(),
        st.tuples(*[st.none() | st.booleans()] * 3),
        st.tuples(st.sampled_from("ab"), st.sampled_from(["", "1", "2"])),
    ),
    max_size=8,
)


def test_words_have_one_name_and_one_definition() -> None:
    assert set(NAMES) == set(DEFINITIONS)


def test_posts_of_a_request_are_counted_word_by_word() -> None:
    submitted, decided, hired = date(2025, 3, 1), date(2025, 4, 1), date(2025, 6, 30)
    new = JobRecord(Decimal("0.50"), False, submitted, decided, hired, proved=True, contract="cdi")
    kept = JobRecord(Decimal(1), True, submitted, decided, hired, proved=True, contract="cdi")
    told = JobRecord(Decimal(1), False, submitted, decided, hired, contract="cdi")
    waiting = JobRecord(Decimal(1), False, submitted)
    counts = count_jobs([new, kept, told, waiting], date(2025, 12, 30))
    assert counts.programmed == Count(4, Decimal("3.50"))
    assert counts.programmed_kept == Count(1, Decimal(1))
    assert counts.committed == Count(3, Decimal("2.50"))
    assert counts.created == Count(1, Decimal("0.50"))
    assert counts.maintained == Count(1, Decimal(1))
    assert counts.declared == Count(1, Decimal(1))
    # 30 June and six months is 30 December: both are due that day, and nobody has looked.
    assert counts.present_6.due == Count(2, Decimal("1.50"))
    assert counts.present_6.unknown == Count(2, Decimal("1.50"))
    assert counts.present_6.shares == (0.0, 1.0)
    assert counts.present_12.shares is None
    assert count_jobs([new], date(2025, 3, 31)).committed == Count()


def test_posts_of_a_request_given_up_are_promised_until_that_day() -> None:
    submitted, decided, dropped = date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)
    refused = JobRecord(programmed_on=submitted, dropped_on=dropped)
    given_up = JobRecord(kept=True, programmed_on=submitted, committed_on=decided, dropped_on=dropped)
    started = JobRecord(
        programmed_on=submitted, committed_on=decided, dropped_on=dropped, hired_on=decided, proved=True, contract="cdi"
    )
    before, after = (count_jobs([refused, given_up, started], day) for day in (date(2025, 4, 30), dropped))
    assert (before.programmed.posts, before.programmed_kept.posts, before.committed.posts) == (3, 1, 2)
    assert (after.programmed.posts, after.programmed_kept.posts, after.committed.posts) == (0, 0, 0)
    # A contract that exists is a fact, whoever paid for it.
    assert (before.created.posts, after.created.posts) == (1, 1)
    assert [find_stage(job, dropped) for job in (refused, given_up, started)] == ["dropped", "dropped", "created"]
    assert find_stage(given_up, date(2025, 4, 30)) == "committed"


def test_presence_at_month_ends_is_due_on_the_last_day() -> None:
    job = JobRecord(hired_on=date(2025, 8, 31), proved=True, contract="cdi")
    assert list_due_checks(job, date(2026, 2, 27)) == ()
    assert list_due_checks(job, date(2026, 2, 28)) == (6,)
    assert list_due_checks(job, date(2027, 8, 31)) == (6, 12, 24)


def test_post_ended_before_a_check_is_absent_without_one() -> None:
    job = JobRecord(hired_on=date(2025, 1, 1), left_on=date(2025, 5, 1), proved=True, contract="cdi")
    counts = count_jobs([job], date(2025, 7, 1))
    assert counts.present_6 == Presence(Count(1, Decimal(1)), Count(), Count(1, Decimal(1)))
    assert counts.present_6.shares == (0.0, 0.0)
    assert (counts.created.posts, counts.left.posts) == (1, 1)
    assert list_due_checks(job, date(2027, 1, 1)) == ()


def test_post_ended_on_the_day_of_a_check_still_has_to_be_checked() -> None:
    job = JobRecord(hired_on=date(2025, 1, 1), left_on=date(2025, 7, 1), proved=True, contract="cdi")
    assert list_due_checks(job, date(2025, 7, 1)) == (6,)


@pytest.mark.parametrize(
    ("day", "stage"),
    [
        (date(2025, 1, 31), None),
        (date(2025, 2, 1), "programmed"),
        (date(2025, 3, 1), "committed"),
        (date(2025, 4, 1), "created"),
        (date(2025, 5, 1), "left"),
    ],
)
def test_stage_follows_the_days(day: date, stage: str | None) -> None:
    days = (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1))
    assert find_stage(JobRecord(Decimal(1), False, *days, proved=True), day) == stage


def test_cost_per_post_divides_what_was_committed_and_what_was_paid() -> None:
    day = date(2025, 1, 1)
    jobs = [JobRecord(committed_on=day), JobRecord(committed_on=day), JobRecord(committed_on=day)]
    jobs[0] = JobRecord(committed_on=day, hired_on=day, proved=True, contract="cdi")
    costs = compute_job_costs(count_jobs(jobs, day), Decimal(10000), Decimal("2500.50"))
    assert costs.per_committed == Decimal("3333.33")
    assert costs.per_realised == Decimal("2500.50")
    assert compute_job_costs(JobCounts(), Decimal(5), Decimal(5)).per_realised is None
    with pytest.raises(InputError, match="zero or more"):
        compute_job_costs(JobCounts(), Decimal(-1), Decimal(0))


@pytest.mark.parametrize(
    ("job", "said"),
    [
        (JobRecord(Decimal(0)), "full-time"),
        (JobRecord(Decimal("1.01")), "full-time"),
        (JobRecord(left_on=START), "not started"),
        (JobRecord(present={6: False}), "not started"),
        (JobRecord(hired_on=START), "contract"),
        (JobRecord(hired_on=START, left_on=date(2024, 12, 31), contract="cdi"), "before its start"),
        (JobRecord(hired_on=START, left_on=date(2025, 3, 1), contract="cdi", present={6: True}), "ended on"),
        (JobRecord(hired_on=START, contract="cdi", present={6: False, 12: True}), "absent at 6"),
    ],
)
def test_contradiction_is_refused(job: JobRecord, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_record(job)


@given(_RECORDS, _DAYS, st.integers(0, 900))
def test_time_only_adds_posts(jobs: list[JobRecord], day: date, later: int) -> None:
    before, after = count_jobs(jobs, day), count_jobs(jobs, day + timedelta(days=later))
    for name in ("programmed", "committed", "declared", "created", "maintained", "left"):
        assert getattr(before, name).posts <= getattr(after, name).posts
        assert getattr(before, name).fte <= getattr(after, name).fte
    for months in CHECK_MONTHS:
        assert getattr(before, f"present_{months}").due.posts <= getattr(after, f"present_{months}").due.posts


@given(_RECORDS, _DAYS)
def test_figures_keep_their_order(jobs: list[JobRecord], day: date) -> None:
    counts = count_jobs(jobs, day)
    assert counts.programmed_kept.posts <= counts.programmed.posts
    assert counts.realised.posts + counts.declared.posts <= len(jobs)
    assert counts.left.posts <= counts.realised.posts
    assert counts.present_24.due.posts <= counts.present_12.due.posts <= counts.present_6.due.posts
    assert counts.present_6.due.posts <= counts.realised.posts
    for months in CHECK_MONTHS:
        presence = getattr(counts, f"present_{months}")
        assert presence.unknown.posts >= 0
        assert presence.shares is None or 0 <= presence.shares[0] <= presence.shares[1] <= 1
    for name in ("programmed", "committed", "created", "maintained"):
        assert 0 <= getattr(counts, name).fte <= getattr(counts, name).posts


@given(_RECORDS, _DAYS)
def test_groups_add_up_to_the_whole(jobs: list[JobRecord], day: date) -> None:
    whole = count_jobs(jobs, day)
    for key in (lambda job: job.action, lambda job: job.request, lambda job: str(job.fte)):
        assert sum(count_jobs_by(jobs, key, day).values(), JobCounts()) == whole
