"""A stored portrait in the words and shapes of its page; no database here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ancrage.language import Language, Text, format_number
from ancrage_web.territories.layers import MAPPED, choose_classes
from ancrage_web.territories.words import split_value, write_unit, write_value

Stored = Mapping[str, Any]
# Room on both sides of a strip, in hundredths of its width.
_MARGIN = 6.0
_PERCENT_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Strip:
    """Where a value stands between P10 and P90 of its group, in hundredths of the width of the drawing.

    Attributes
    ----------
    low, width, middle, value : positions of P10, length up to P90, median and value, written for SVG.
    sentence : the same for those who cannot see it.
    """

    low: str
    width: str
    middle: str
    value: str
    sentence: Text


@dataclass(frozen=True)
class Reading:
    """One indicator as the page shows it.

    Attributes
    ----------
    number, unit : the value and its unit, written; absent : why there is none.
    calculation : the two sums of a ratio, written; rank : in the group; wider : a group other than that of the page.
    sources : stored sources, complete.
    """

    id: str
    label: Stored
    reading: Stored
    number: str
    unit: str
    absent: Text | None
    vintage: str
    median: str
    rank: Text | None
    group: Stored | None
    group_size: int
    wider: bool
    strip: Strip | None
    calculation: str
    coverage: float | None
    sources: Sequence[Stored]


@dataclass(frozen=True)
class Family:
    """Indicators of one family."""

    id: str
    label: Stored
    readings: Sequence[Reading]

    @property
    def published(self) -> list[Reading]:
        """Those with a value."""
        return [reading for reading in self.readings if reading.absent is None]

    @property
    def missing(self) -> list[Reading]:
        """Those without, each with the reason."""
        return [reading for reading in self.readings if reading.absent is not None]


_REASONS = {
    "secret": Text("Withheld by the producer (statistical secrecy).", "Retenu par le producteur (secret statistique)."),
    "not_published": Text(
        "The data loaded here hold no value for this territory.",
        "Les données chargées ici n'ont pas de valeur pour ce territoire.",
    ),
}


def build_families(portrait: Stored, catalogue: Stored, language: Language) -> list[Family]:
    """Return the indicators of a portrait by family, in display order."""
    sources = {source["table"]: source for source in portrait["sources"]}
    readings: dict[str, list[Reading]] = {}
    for stored in portrait["indicators"]:
        readings.setdefault(stored["family"], []).append(_build_reading(stored, portrait, sources, language))
    return [
        Family(family["id"], family["label"], readings[family["id"]])
        for family in catalogue["families"]
        if family["id"] in readings
    ]


def _build_reading(stored: Stored, portrait: Stored, sources: Mapping[str, Stored], language: Language) -> Reading:
    value, decimals = stored["value"], stored["decimals"]
    absent = None
    if value is None:
        why = stored["unpublished"]
        absent = Text(why["en"], why["fr"]) if why else _REASONS[stored["status"]]
    number, unit = split_value(value, stored["unit"], decimals, language)
    return Reading(
        id=stored["id"],
        label=stored["label"],
        reading=stored["reading"],
        number=number,
        unit=unit,
        absent=absent,
        vintage=stored["vintage"],
        median=write_value(stored["group_median"], stored["unit"], decimals, language),
        rank=_build_rank(stored),
        group=stored["group"],
        group_size=stored["group_size"],
        wider=stored["group"] is not None and stored["group"] != portrait["group"]["label"],
        strip=_build_strip(stored),
        calculation=_write_calculation(stored, language),
        coverage=None if stored["coverage"] is None else 100 * stored["coverage"],
        sources=[sources[name] for name in stored["sources"] if name in sources],
    )


def _build_rank(stored: Stored) -> Text | None:
    rank, size = stored["rank"], stored["group_size"]
    if rank is None:
        return None
    ending = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return Text(f"{rank}{ending} highest of {size}", f"{rank}{'re' if rank == 1 else 'e'} valeur sur {size}")


def _build_strip(stored: Stored) -> Strip | None:
    value, low, middle, high = (stored[key] for key in ("value", "group_p10", "group_median", "group_p90"))
    if value is None or low is None:
        return None
    first, last = min(value, low), max(value, high)
    if first == last:
        return None

    scale = (100 - 2 * _MARGIN) / (last - first)

    def place(number: float) -> str:
        return f"{_MARGIN + scale * (number - first):.2f}"

    written = {
        language: [
            write_value(number, stored["unit"], stored["decimals"], language) for number in (low, middle, high, value)
        ]
        for language in ("en", "fr")
    }
    en, fr = written["en"], written["fr"]
    return Strip(
        place(low),
        f"{scale * (high - low):.2f}",
        place(middle),
        place(value),
        Text(
            f"In the group: one in ten below {en[0]}, half below {en[1]}, one in ten above {en[2]}; here {en[3]}.",
            f"Dans le groupe : un sur dix sous {fr[0]}, la moitié sous {fr[1]}, un sur dix au-dessus de {fr[2]} ; "
            f"ici {fr[3]}.",
        ),
    )


def _write_calculation(stored: Stored, language: Language) -> str:
    """Return the two sums of a ratio as one writes them, or nothing."""
    value, top, bottom = stored["value"], stored["numerator"], stored["denominator"]
    if value is None or top is None or not bottom:
        return ""

    def write(number: float) -> str:
        return format_number(number, 0 if abs(number) >= 100 or number == round(number) else 1, language)

    written = f"{write(top)} ÷ {write(bottom)}"
    if abs(100 * top / bottom - value) < _PERCENT_TOLERANCE:
        return f"100 × {written} = {format_number(value, stored['decimals'], language)}"
    return written if abs(top / bottom - value) < _PERCENT_TOLERANCE else ""


@dataclass(frozen=True)
class End:
    """A commune at the other end of trips to work; `width` is its bar, in hundredths of the longest, for SVG."""

    code: str
    name: str
    workers: float
    share: str
    distance: str
    inside: bool | None
    width: str


def build_ends(rows: Sequence[Stored], language: Language) -> list[End]:
    """Return destinations or origins as bars; the row "other" has no bar, its sum being of another kind."""
    longest = max((row["workers"] for row in rows if row["code"] != "other"), default=0.0)
    return [
        End(
            row["code"],
            "" if row["code"] == "other" else row["name"] or row["code"],
            row["workers"],
            write_value(row["share_pct"], "%", 1, language),
            write_value(row["crow_km"], "km", 0, language),
            row["inside"],
            "" if row["code"] == "other" or not longest else f"{100 * row['workers'] / longest:.2f}",
        )
        for row in rows
    ]


def list_sites(portrait: Stored, kind: str, language: Language, commune: str | None = None) -> list[dict[str, Any]]:
    """Return the known sites of a kind, of one commune or of all, with their surface written."""
    return [
        {**site, "surface": write_value(site.get("surface_m2"), "m2", 0, language)}
        for site in portrait["sites"]
        if site["kind"] == kind and commune in (None, site["commune"])
    ]


def list_map_indicators(
    portrait: Stored, communes: Sequence[Mapping[str, Any]], language: Language
) -> list[dict[str, Any]]:
    """Return the indicators that a map of this EPCI can colour, for its script.

    Parameters
    ----------
    communes : rows with one key per indicator.

    Returns
    -------
    id, label, unit, decimals, breaks (limits of classes) and source (producer, title and vintage) of each.
    """
    values = {stored["id"]: stored for stored in portrait["indicators"]}
    sources = {source["table"]: source for source in portrait["sources"]}
    listed = []
    for name in MAPPED:
        stored = values.get(name)
        if stored is None:
            continue
        numbers = [row[name] for row in communes if row.get(name) is not None]
        classes = choose_classes(numbers, stored["decimals"])
        if classes is None:
            continue
        named = [sources[table] for table in stored["sources"] if table in sources]
        listed.append(
            {
                "id": name,
                "label": stored["label"][language],
                "unit": write_unit(stored["unit"], language),
                "decimals": stored["decimals"],
                "breaks": list(classes.breaks),
                "source": write_sources(named, language),
            }
        )
    return listed


def list_map_sources(portrait: Stored, language: Language) -> dict[str, str]:
    """Return the sources of the layers of a map that are not indicators: trips to work, and known sites."""
    values = {stored["id"]: stored["sources"] for stored in portrait["indicators"]}
    sources = {source["table"]: source for source in portrait["sources"]}

    def write(*names: str) -> str:
        tables = dict.fromkeys(table for name in names for table in values.get(name, ()))
        return write_sources([sources[table] for table in tables if table in sources], language)

    return {
        "destinations": write("out_commuting_share"),
        "origins": write("jobs"),
        "sites": write("third_places", "brownfields"),
    }


def write_sources(sources: Sequence[Stored], language: Language) -> str:
    """Return sources on one line: producer, title and vintage of each."""
    return "; ".join(
        ", ".join(part for part in (source["producer"], source["title"][language], source["vintage"]) if part)
        for source in sources
    ).replace("; ", " ; " if language == "fr" else "; ")


# Columns of the table of communes: all that the maps colour, so that the table says the same; the files hold more.
SHOWN_COLUMNS = ("employed_residents", "jobs", *MAPPED)


def sort_rows(rows: Sequence[dict[str, Any]], column: str, *, descending: bool) -> list[dict[str, Any]]:
    """Return rows in the order of a column, those without a value last."""
    known = [row for row in rows if row[column] is not None]
    missing = [row for row in rows if row[column] is None]
    return sorted(known, key=lambda row: row[column], reverse=descending) + missing


@dataclass(frozen=True)
class CommuneReading:
    """One indicator of a commune beside its EPCI; `absent` where the commune has no value."""

    id: str
    label: Stored
    reading: Stored
    written: str
    absent: bool
    whole: str
    vintage: str
    tables: Sequence[str]


def build_commune_families(
    values: Mapping[str, float],
    indicators: Sequence[Stored],
    catalogue: Stored,
    whole: Mapping[str, Stored],
    language: Language,
) -> list[tuple[Stored, list[CommuneReading]]]:
    """Return the indicators of a commune by family, each beside the value of its EPCI.

    Parameters
    ----------
    values : of the commune, by indicator; indicators : definitions, in display order.
    whole : indicators of the portrait of the EPCI, by identifier; empty for a commune without EPCI.
    """
    families = []
    for family in catalogue["families"]:
        readings = []
        for definition in indicators:
            if definition["family"] != family["id"]:
                continue
            beside = whole.get(definition["id"])
            value = values.get(definition["id"])
            readings.append(
                CommuneReading(
                    id=definition["id"],
                    label=definition["label"],
                    reading=definition["reading"],
                    written=write_value(value, definition["unit"], definition["decimals"], language),
                    absent=value is None,
                    whole=write_value(
                        beside["value"] if beside else None, definition["unit"], definition["decimals"], language
                    ),
                    vintage=beside["vintage"] if beside else "",
                    tables=beside["sources"] if beside else [t for t in definition["tables"] if t not in _COMMON],
                )
            )
        if any(not reading.absent for reading in readings):
            families.append((family, readings))
    return families


# Tables that place every figure and are the source of few.
_COMMON = ("communes", "epci")


def list_used_sources(families: Sequence[tuple[Stored, Sequence[CommuneReading]]], catalogue: Stored) -> list[Stored]:
    """Return the sources of the figures shown, each once, in the order of their tables."""
    used = {table for _, readings in families for reading in readings if not reading.absent for table in reading.tables}
    return [source for source in catalogue["sources"] if source["table"] in used]
