"""The stored forms: a diagnosis as plain values in both languages, a map as compressed JSON, and the way back."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ancrage.language import Language, Text

if TYPE_CHECKING:
    from ancrage.diagnosis.model import Diagnosis, IndicatorValue

# Keys of the documented form, in its order, which PostgreSQL does not keep. The site stores more beside them.
_KEYS = (
    "form",
    "language",
    "epci",
    "fictional",
    "typology",
    "typology_reason",
    "group",
    "indicators",
    "destinations",
    "communes",
    "facts",
    "warnings",
    "sources",
)


def pack(diagnosis: Diagnosis) -> dict[str, Any]:
    """Return a diagnosis in its documented JSON form, texts as {"fr": ..., "en": ...}, without its communes.

    The values of communes are kept by commune (`territories.models.Commune`).
    """
    from ancrage.reports.diagnosis_json import build_form

    form = build_form(diagnosis, "", lambda text: {"fr": text.fr, "en": text.en})
    del form["communes"], form["language"]
    return form


def build_commune_rows(
    communes: Sequence[Mapping[str, Any]], indicators: Sequence[str]
) -> list[dict[str, str | float | None]]:
    """Return the rows of the communes of a diagnosis, one key per indicator.

    Parameters
    ----------
    communes : code, name, population and values (by indicator), in the order of names.
    indicators : every indicator that exists for communes, in display order.
    """
    return [
        {
            "code": commune["code"],
            "name": commune["name"],
            "population": commune["population"],
            **{name: commune["values"].get(name) for name in indicators},
        }
        for commune in communes
    ]


def build_json(
    portrait: Mapping[str, Any], communes: Sequence[Mapping[str, Any]], language: Language
) -> dict[str, Any]:
    """Return the documented JSON form (docs/method/diagnosis.md) of a stored portrait, texts in `language`.

    Parameters
    ----------
    communes : rows of `build_commune_rows`.
    """
    given = {"language": language, "communes": [dict(row) for row in communes]}
    return {key: given[key] if key in given else say_all(portrait[key], language) for key in _KEYS}


def say_all(value: Any, language: Language) -> Any:
    """Return a stored value where every {"fr": ..., "en": ...} has become the text in `language`."""
    if isinstance(value, Mapping):
        if value.keys() == {"fr", "en"}:
            return value[language]
        return {key: say_all(item, language) for key, item in value.items()}
    if isinstance(value, list):
        return [say_all(item, language) for item in value]
    return value


def unpack(portrait: Mapping[str, Any], communes: Sequence[Mapping[str, Any]]) -> Diagnosis:
    """Return the diagnosis that was packed, so that its files can be written without the store.

    Its indicators can be read, not computed again. Imports Polars: for child processes and commands.

    Parameters
    ----------
    communes : rows of `build_commune_rows`.
    """
    import polars as pl

    from ancrage.diagnosis.model import Diagnosis
    from ancrage.figures import Source

    columns = list(communes[0]) if communes else ["code", "name", "population"]
    schema = {
        name: pl.String if name in ("code", "name") else pl.Int64 if name == "population" else pl.Float64
        for name in columns
    }
    destinations = {"code": pl.String, "name": pl.String, "workers": pl.Float64, "share_pct": pl.Float64}
    destinations |= {"crow_km": pl.Float64, "inside": pl.Boolean}
    return Diagnosis(
        epci_code=portrait["epci"]["code"],
        name=portrait["epci"]["name"],
        group=_read_text(portrait["group"]["label"]),
        group_size=portrait["group"]["size"],
        values=tuple(_unpack_value(value) for value in portrait["indicators"]),
        communes=pl.DataFrame(list(communes), schema=schema),
        destinations=pl.DataFrame(portrait["destinations"], schema=destinations),
        typology=_read_text(portrait["typology"]),
        typology_reason=_read_text(portrait["typology_reason"]),
        warnings=tuple(_read_text(text) for text in portrait["warnings"]),
        sources=tuple(
            Source(
                table=source["table"],
                title=_read_text(source["title"]),
                producer=source["producer"],
                vintage=source["vintage"],
                licence=source["licence"],
                url=source["url"],
            )
            for source in portrait["sources"]
        ),
        fictional=portrait["fictional"],
        facts=tuple(_read_text(text) for text in portrait["facts"]),
    )


def _read_text(stored: Mapping[str, str]) -> Text:
    return Text(stored["en"], stored["fr"])


def _unpack_value(stored: Mapping[str, Any]) -> IndicatorValue:
    from ancrage.diagnosis.model import Indicator, IndicatorValue
    from ancrage.diagnosis.unpublished import compute_none

    vintage = str(stored["vintage"])
    indicator = Indicator(
        id=stored["id"],
        family=stored["family"],
        label=_read_text(stored["label"]),
        reading=_read_text(stored["reading"]),
        unit=stored["unit"],
        decimals=stored["decimals"],
        tables=(),
        vintage=lambda _: vintage,
        compute=compute_none,
        favourable=stored["favourable"],
        unpublished=_read_text(stored["unpublished"]) if stored["unpublished"] else None,
    )
    return IndicatorValue(
        indicator=indicator,
        value=stored["value"],
        numerator=stored["numerator"],
        denominator=stored["denominator"],
        status=stored["status"],
        vintage=vintage,
        rank=stored["rank"],
        percentile=stored["percentile"],
        group_size=stored["group_size"],
        group_median=stored["group_median"],
        group_p10=stored["group_p10"],
        group_p90=stored["group_p90"],
        coverage=stored["coverage"],
        sources=tuple(stored["sources"]),
        group=_read_text(stored["group"]) if stored["group"] else None,
    )


def pack_map(content: Mapping[str, Any]) -> bytes:
    """Return the content of a map as compressed JSON, the same bytes for the same content."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def unpack_map(packed: bytes) -> dict[str, Any]:
    """Return the content of a map that `pack_map` packed."""
    content: dict[str, Any] = json.loads(gzip.decompress(packed))
    return content
