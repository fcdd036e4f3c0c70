"""What changed between the frozen files of two committees: money, jobs, requests, deadlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ancrage.conventions.committee import BALANCE_NAMES, FORM, Content
from ancrage.conventions.jobs import NAMES
from ancrage.conventions.requests import FUNDED
from ancrage.errors import InputError

# Words of the jobs that are compared; presence is compared through the posts that are still there.
JOB_WORDS = ("programmed", "committed", "declared", "created", "maintained", "left")
PRESENCE_WORDS = ("present_6", "present_12", "present_24")


@dataclass(frozen=True)
class Change:
    """An amount [EUR] or a number of posts, before and after."""

    key: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """Return what was added (or taken away)."""
        return self.after - self.before


@dataclass(frozen=True)
class ActionChange:
    """An action: planned, committed, paid, free money and jobs realised (created or maintained), before and after.

    Attributes
    ----------
    is_new, is_gone : the action is in one of the two files only.
    """

    key: str
    name: str
    planned: Change
    committed: Change
    paid: Change
    left: Change
    realised: Change
    is_new: bool = False
    is_gone: bool = False


@dataclass(frozen=True)
class RequestChange:
    """A request to which something happened, and how much money it was about [EUR]."""

    number: int
    title: str
    beneficiary: str
    amount: Decimal


@dataclass(frozen=True)
class DeadlineChange:
    """A deadline met or missed between the two days; `label` is a packed text, `day` and `done` ISO days."""

    label: Mapping[str, str]
    day: str
    done: str | None


@dataclass(frozen=True)
class Comparison:
    """What happened between two frozen files.

    Attributes
    ----------
    before, after : days of the figures (ISO).
    submitted, granted, refused, withdrawn, ended : requests by what happened to them; paid : with what was paid since.
    met, missed : deadlines of before that were met since, or whose day passed without it.
    engineering_days : of the providers, before and after.
    """

    before: str
    after: str
    totals: tuple[Change, ...]
    actions: tuple[ActionChange, ...]
    jobs: tuple[Change, ...]
    engineering_days: Change
    submitted: tuple[RequestChange, ...]
    granted: tuple[RequestChange, ...]
    refused: tuple[RequestChange, ...]
    withdrawn: tuple[RequestChange, ...]
    paid: tuple[RequestChange, ...]
    ended: tuple[RequestChange, ...]
    met: tuple[DeadlineChange, ...]
    missed: tuple[DeadlineChange, ...]


def compare_contents(before: Content, after: Content) -> Comparison:
    """Compare two frozen contents of one convention.

    Raises
    ------
    InputError
        If one of them was written in a form that this version does not read.
    """
    for content in (before, after):
        if content.get("form") != FORM:
            raise InputError(
                f"The frozen file has the form {content.get('form')}, and this version reads the form {FORM}: the two "
                "files cannot be compared. Their PDF, DOCX and XLSX files remain.",
                f"Le dossier figé est au format {content.get('form')}, et cette version lit le format {FORM} : les "
                "deux dossiers ne se comparent pas. Leurs fichiers PDF, DOCX et XLSX restent.",
            )
    requests = _Requests(before, after)
    return Comparison(
        before=before["on"],
        after=after["on"],
        totals=tuple(
            Change(name, _read(before["totals"], name), _read(after["totals"], name)) for name in BALANCE_NAMES
        ),
        actions=_compare_actions(before, after),
        jobs=tuple(
            Change(word, _count(before["jobs"], word), _count(after["jobs"], word))
            for word in NAMES
            if word in (*JOB_WORDS, *PRESENCE_WORDS)
        ),
        engineering_days=Change("days", _sum_days(before), _sum_days(after)),
        submitted=requests.list_reached(("submitted", "returned", "instructed", *FUNDED, "refused"), "asked"),
        granted=requests.list_reached(tuple(FUNDED), "granted"),
        refused=requests.list_reached(("refused",), "asked"),
        withdrawn=requests.list_reached(("withdrawn",), "asked"),
        paid=requests.list_paid(),
        ended=requests.list_reached(("ended",), "granted"),
        met=_list_deadlines(before, after, ("done", "done_late")),
        missed=_list_deadlines(before, after, ("late",)),
    )


class _Requests:
    """The requests of two contents, by key."""

    def __init__(self, before: Content, after: Content) -> None:
        self._before = {request["key"]: request for request in before["requests"]}
        self._after = after["requests"]

    def list_reached(self, statuses: tuple[str, ...], amount: str) -> tuple[RequestChange, ...]:
        """Return the requests that have one of these statuses now and had none of them before."""
        return tuple(
            _build_request(request, Decimal(request[amount] or 0))
            for request in self._after
            if request["status"] in statuses and self._find_status(request["key"]) not in statuses
        )

    def list_paid(self) -> tuple[RequestChange, ...]:
        """Return the requests whose paid amount changed, with the difference (negative: money given back)."""
        found = []
        for request in self._after:
            former = self._before.get(request["key"])
            paid = _read(request["balance"], "paid")
            change = paid - (Decimal(0) if former is None else _read(former["balance"], "paid"))
            if change:
                found.append(_build_request(request, change))
        return tuple(found)

    def _find_status(self, key: str) -> str:
        return self._before[key]["status"] if key in self._before else ""


def _build_request(request: Mapping[str, Any], amount: Decimal) -> RequestChange:
    return RequestChange(request["number"], request["title"], request["beneficiary"], amount)


def _compare_actions(before: Content, after: Content) -> tuple[ActionChange, ...]:
    former = {action["key"]: action for action in before["actions"]}
    current = {action["key"]: action for action in after["actions"]}
    return tuple(
        _compare_action(key, former.get(key), current.get(key))
        for key in (*current, *(key for key in former if key not in current))
    )


def _compare_action(key: str, former: Mapping[str, Any] | None, current: Mapping[str, Any] | None) -> ActionChange:
    def change(name: str) -> Change:
        return Change(
            name,
            Decimal(0) if former is None else _read(former["balance"], name),
            Decimal(0) if current is None else _read(current["balance"], name),
        )

    shown = current or former
    assert shown is not None
    realised = Change(
        "realised",
        Decimal(0) if former is None else _count_realised(former["jobs"]),
        Decimal(0) if current is None else _count_realised(current["jobs"]),
    )
    return ActionChange(
        key,
        shown["name"],
        change("planned"),
        change("committed"),
        change("paid"),
        change("left"),
        realised,
        is_new=former is None,
        is_gone=current is None,
    )


def _list_deadlines(before: Content, after: Content, states: tuple[str, ...]) -> tuple[DeadlineChange, ...]:
    """Return the deadlines that reached one of these states between the two days."""
    former = {(line["key"], line["day"]): line["state"] for line in before["deadlines"]}
    return tuple(
        DeadlineChange(line["label"], line["day"], line["done"])
        for line in after["deadlines"]
        if line["state"] in states
        and former.get((line["key"], line["day"])) not in states
        # A deadline that was over before the first of the two days, and is only known since, did not happen between.
        and (line["done"] or line["day"]) > before["on"]
    )


def _read(balance: Mapping[str, str], name: str) -> Decimal:
    return Decimal(balance[name])


def _count(jobs: Mapping[str, Any], word: str) -> Decimal:
    counted = jobs[word]["present"] if word in PRESENCE_WORDS else jobs[word]
    return Decimal(counted["posts"])


def _count_realised(jobs: Mapping[str, Any]) -> Decimal:
    return _count(jobs, "created") + _count(jobs, "maintained")


def _sum_days(content: Content) -> Decimal:
    return sum((Decimal(line["days"]) for line in content["engineering"]), Decimal(0))
