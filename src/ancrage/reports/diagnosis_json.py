"""The documented JSON form of a diagnosis (docs/method/diagnosis.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ancrage.language import Language, Text

if TYPE_CHECKING:
    import polars as pl

    from ancrage.diagnosis.model import Diagnosis, IndicatorValue

# Version of the form: raised when a key changes its meaning or goes away.
JSON_FORM = 1
_DIGITS = 6


def build_json(diagnosis: Diagnosis, language: Language) -> dict[str, Any]:
    """Return the JSON form of a diagnosis, its texts in `language`."""
    return build_form(diagnosis, language, lambda text: text.render(language))


def build_form(diagnosis: Diagnosis, language: str, say: Callable[[Text], Any]) -> dict[str, Any]:
    """Return the JSON form with texts written by `say`, which may keep both languages for later."""
    return {
        "form": JSON_FORM,
        "language": language,
        "epci": {"code": diagnosis.epci_code, "name": diagnosis.name},
        "fictional": diagnosis.fictional,
        "typology": say(diagnosis.typology),
        "typology_reason": say(diagnosis.typology_reason),
        "group": {"label": say(diagnosis.group), "size": diagnosis.group_size},
        "indicators": [_build_value(value, say) for value in diagnosis.values],
        "destinations": build_rows(diagnosis.destinations),
        "communes": build_rows(diagnosis.communes),
        "facts": [say(fact) for fact in diagnosis.facts],
        "warnings": [say(warning) for warning in diagnosis.warnings],
        "sources": [
            {
                "table": source.table,
                "title": say(source.title),
                "producer": source.producer,
                "vintage": source.vintage,
                "licence": source.licence,
                "url": source.url,
            }
            for source in diagnosis.sources
        ],
    }


def _build_value(value: IndicatorValue, say: Callable[[Text], Any]) -> dict[str, Any]:
    indicator = value.indicator
    return {
        "id": indicator.id,
        "family": indicator.family,
        "label": say(indicator.label),
        "reading": say(indicator.reading),
        "unit": indicator.unit,
        "decimals": indicator.decimals,
        "favourable": indicator.favourable,
        "value": _round(value.value),
        "numerator": _round(value.numerator),
        "denominator": _round(value.denominator),
        "status": value.status,
        "unpublished": say(indicator.unpublished) if indicator.unpublished else None,
        "vintage": value.vintage,
        "coverage": _round(value.coverage),
        "rank": value.rank,
        "percentile": _round(value.percentile),
        "group": say(value.group) if value.group else None,
        "group_size": value.group_size,
        "group_p10": _round(value.group_p10),
        "group_median": _round(value.group_median),
        "group_p90": _round(value.group_p90),
        "sources": list(value.sources),
    }


def build_rows(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table, numbers rounded below any meaning."""
    return [
        {key: _round(item) if isinstance(item, float) else item for key, item in row.items()}
        for row in frame.iter_rows(named=True)
    ]


def _round(value: float | None) -> float | None:
    """Round below any meaning, so that two runs print the same text."""
    return None if value is None or value != value else round(value, _DIGITS)
