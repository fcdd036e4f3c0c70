"""The log: one line per event on standard error, without personal data."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

REQUESTS = "ancrage.requests"
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_QUERY = re.compile(r"(/[^\s?\"']*)\?[^\s\"']*")
# A long run of letters and digits in an address is a token (invitation, reset, share): whoever reads the log must
# not be able to use it. An identifier (UUID) is not one.
_TOKEN = re.compile(r"(?<=/)(?=[\w:-]*\d)(?![0-9a-f]{8}-[0-9a-f]{4}-)[\w:-]{32,}")
_BARE = re.compile(r"[\w./:+-]+")


def hide_personal_data(text: str) -> str:
    """Return a text without e-mail addresses, tokens in addresses nor query strings."""
    return _TOKEN.sub("[...]", _QUERY.sub(r"\1?[...]", _EMAIL.sub("[e-mail]", text)))


class LineFormatter(logging.Formatter):
    """Writes `time=... level=... logger=... message="..."`, all of it on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; of a request, the name of its page rather than its address."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        parts: dict[str, Any] = {"time": at, "level": record.levelname, "logger": record.name}
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest):
            parts |= describe_request(request, getattr(record, "status_code", None))
            # Django's message holds the address: a token may be in it.
            parts["message"] = re.sub(r": /.*", "", record.getMessage())
        else:
            parts["message"] = record.getMessage()
        parts |= getattr(record, "parts", {})
        if record.exc_info:
            parts["exception"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={_write_value(value)}" for name, value in parts.items())


def _write_value(value: Any) -> str:
    text = hide_personal_data(str(value))
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def describe_request(request: HttpRequest, status: int | None) -> dict[str, Any]:
    """Return what may be logged of a request: its method, the name of its page and its status."""
    match = request.resolver_match
    page = (match.view_name or match.route) if match is not None else "unknown"
    return {"method": request.method, "page": page, "status": status or 500}


class RequestLog:
    """Logs each request when the instance asks for it (ANCRAGE_LOG_REQUESTS)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.logger = logging.getLogger(REQUESTS)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on and log how it ended."""
        start = time.perf_counter()
        response = self.get_response(request)
        parts = describe_request(request, response.status_code)
        parts["ms"] = round(1000 * (time.perf_counter() - start))
        if settings.LOG_ADDRESSES:
            parts["address"] = _find_address(request)
        self.logger.info("request", extra={"parts": parts})
        return response


def _find_address(request: HttpRequest) -> str:
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.BEHIND_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")


def build_logging(level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, one line per event."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "ancrage_web.config.logs.LineFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            # Both have handlers of their own otherwise: e-mails to administrators, lines with query strings.
            "django": {"handlers": [], "level": level.upper(), "propagate": True},
            "django.server": {"handlers": [], "level": "WARNING", "propagate": True},
            # The worker tells every second that it looks for a task.
            "django.db.backends": {"level": "WARNING"},
            # It writes the identifier of the passkey of each sign-in.
            "fido2": {"level": "WARNING"},
        },
    }
