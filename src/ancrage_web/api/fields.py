"""Fields that only translate what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ancrage.language import Text
from ancrage_web.design.words import say


@extend_schema_field({"type": "string"})
class SaidField(serializers.Field[Any, Any, str, Any]):
    """A stored or built text, in the language of the request."""

    def __init__(self, **options: Any) -> None:
        super().__init__(read_only=True, **options)

    def to_representation(self, value: Text | Mapping[str, str]) -> str:
        """Return the text said; an empty one where a stored text is still missing."""
        return say(value) if value else ""
