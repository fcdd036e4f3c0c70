"""Parts of addresses; anything else stands at no address."""

from __future__ import annotations

from django.urls.converters import StringConverter


class EpciConverter(StringConverter):
    """SIREN of an EPCI."""

    regex = "[0-9A-Z]{9}"


class InseeConverter(StringConverter):
    """INSEE code of a commune."""

    regex = "[0-9A-Z]{5}"


class FileConverter(StringConverter):
    """Name of a file of a result."""

    regex = r"[a-z]+\.[a-z]+"


class LanguageConverter(StringConverter):
    """Language of a file."""

    regex = "(?:fr|en)"
