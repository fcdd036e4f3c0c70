"""How long to search, what to tell meanwhile and when to stop: the options that every objective shares."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from ancrage.errors import InputError
from ancrage.siting.problem import SearchState


class Search(TypedDict, total=False):
    """How to search, the same for every objective; all may be left out.

    deadline : seconds allowed, counted by `clock`; without it the search goes to the proof.
    clock : returns seconds, such as time.perf_counter; without it no time is measured.
    seed : of the search for good plans; the result is the same for a seed when the search ends by itself.
    progress : called now and then with the best value, the bound and the gap so far; for a set covering, with those of
        the coverage by the number of sites being tried.
    cancelled : asked now and then; once it answers True the best plan so far is returned.
    gap : relative gap at which the search may stop, 0 for the proof; not used by a set covering.
    """

    deadline: float | None
    clock: Callable[[], float] | None
    seed: int
    progress: Callable[[SearchState], None] | None
    cancelled: Callable[[], bool] | None
    gap: float


def check_clock(deadline: float | None, clock: Callable[[], float] | None) -> None:
    """Raise InputError for a deadline without a clock."""
    if deadline is not None and clock is None:
        raise InputError(
            f"A deadline of {deadline} s was given without a clock. Give clock=time.perf_counter as well.",
            f"Un délai de {deadline} s est donné sans horloge. Donnez aussi clock=time.perf_counter.",
        )


class Watch:
    """The time left of a deadline, and the search options to pass on with it."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.clock = search.get("clock")
        self.deadline = search.get("deadline")
        check_clock(self.deadline, self.clock)
        self.start = self.clock() if self.clock else 0.0

    def read_seconds(self) -> float:
        """Return the seconds since the start, 0 without a clock."""
        return self.clock() - self.start if self.clock else 0.0

    def is_over(self, seconds: float | None = None) -> bool:
        """Return whether the search must end, now or at the seconds just read."""
        cancelled = self.search.get("cancelled")
        late = self.deadline is not None and (self.read_seconds() if seconds is None else seconds) >= self.deadline
        return late or (cancelled is not None and cancelled())

    def list_options(self) -> Search:
        """Return the search options with the time that is left."""
        left = self.search.copy()
        if self.deadline is not None:
            left["deadline"] = max(0.0, self.deadline - self.read_seconds())
        return left


def compute_gap(value: float, bound: float) -> float:
    """Return |value - bound| / |value|, 0 where they are equal."""
    return 0.0 if value == bound else abs(value - bound) / max(abs(value), 1e-300)
