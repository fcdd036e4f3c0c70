"""Bodies of requests: JSON that every database can store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from ancrage.language import Text
from ancrage_web.design.words import say


class StorableParser(JSONParser):
    """Refuse texts that hold a null character or half of a surrogate pair, which databases do not store alike."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the parsed body.

        Raises
        ------
        ParseError
            If it is not JSON, or holds such a text.
        """
        try:
            content = super().parse(stream, media_type, parser_context)
            storable = is_storable(content)
        except RecursionError as error:
            raise ParseError(say(Text("it is nested too deeply.", "il est trop imbriqué."))) from error
        if not storable:
            raise ParseError(
                say(
                    Text(
                        "a text holds a null character or half of a surrogate pair; remove it.",
                        "un texte contient un caractère nul ou une moitié de paire ; retirez-le.",
                    )
                )
            )
        return content


def is_storable(content: Any) -> bool:
    """Say whether every text of a parsed JSON can be stored."""
    match content:
        case str():
            return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in content)
        case dict():
            return all(is_storable(key) and is_storable(value) for key, value in content.items())
        case list():
            return all(is_storable(item) for item in content)
        case _:
            return True
