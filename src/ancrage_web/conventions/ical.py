"""Writing of a calendar that agendas subscribe to (RFC 5545): whole days, one event for each deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

MEDIA_TYPE = "text/calendar; charset=utf-8"
# Longest line, in bytes without its end (RFC 5545, 3.1).
LINE = 75


@dataclass(frozen=True)
class Event:
    """A whole day of an agenda.

    Attributes
    ----------
    uid : the same at each reading, so that an agenda moves the event instead of doubling it.
    alarm : days before at which the agenda reminds, or None for no alarm.
    """

    uid: str
    day: date
    title: str
    description: str = ""
    url: str = ""
    alarm: int | None = None


def write_calendar(name: str, events: Iterable[Event], stamp: datetime) -> bytes:
    """Return a calendar.

    Parameters
    ----------
    name : shown by the agenda; stamp : when it is written, with its time zone.
    """
    title = escape_text(name)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Ancrage//Conventions//FR",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        # The name of RFC 7986, and the one that older agendas read.
        f"NAME:{title}",
        f"X-WR-CALNAME:{title}",
        "REFRESH-INTERVAL;VALUE=DURATION:P1D",
        "X-PUBLISHED-TTL:P1D",
    ]
    written = stamp.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    for event in events:
        lines += _list_event_lines(event, written)
    lines.append("END:VCALENDAR")
    return b"".join(fold_line(line) for line in lines)


def escape_text(text: str) -> str:
    """Return a text as a value: backslash, semicolon, comma and ends of lines are escaped, other controls dropped."""
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c for c in unified if c == "\n" or (ord(c) >= 0x20 and ord(c) != 0x7F))
    for special, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        kept = kept.replace(special, written)
    return kept


def fold_line(line: str) -> bytes:
    """Return a line with its end, cut into pieces of at most 75 bytes, never inside a character."""
    pieces: list[bytes] = []
    held = b""
    for character in line:
        encoded = character.encode()
        # The space that starts each following piece counts among its bytes.
        if len(held) + len(encoded) > (LINE if not pieces else LINE - 1):
            pieces.append(held)
            held = b""
        held += encoded
    pieces.append(held)
    return b"\r\n ".join(pieces) + b"\r\n"


def _list_event_lines(event: Event, stamp: str) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{escape_text(event.uid)}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{event.day:%Y%m%d}",
        # The end of a whole day is the day after, excluded.
        f"DTEND;VALUE=DATE:{event.day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{escape_text(event.title)}",
        "TRANSP:TRANSPARENT",
    ]
    if event.description:
        lines.append(f"DESCRIPTION:{escape_text(event.description)}")
    if event.url:
        lines.append(f"URL:{event.url}")
    if event.alarm is not None:
        lines += [
            "BEGIN:VALARM",
            "ACTION:DISPLAY",
            f"DESCRIPTION:{escape_text(event.title)}",
            f"TRIGGER:-P{event.alarm}D",
            "END:VALARM",
        ]
    lines.append("END:VEVENT")
    return lines
