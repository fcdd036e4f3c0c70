"""Published figures and their sources: no figure travels without where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from ancrage.language import Text


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from.

    Attributes
    ----------
    table : name of the table in the territory store.
    title, producer, licence : as the producer states them.
    vintage : year, date or period of what the table describes (not of its download).
    url : official page or address; empty when unknown.
    checksum : SHA-256 of the stored file; empty when not computed.
    """

    table: str
    title: Text
    producer: str
    vintage: str
    licence: str
    url: str = ""
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure.

    Attributes
    ----------
    value : central value (P50 where it comes from draws), in `unit`.
    low, high : P10 and P90 of the draws, or None where no interval applies.
    unit : written out ("km/year", "EUR/year", "%").
    formula : identifier of the page under docs/method that explains it.
    sources : names of the tables it rests on.
    assumptions : names of the parameters it rests on.
    """

    value: float
    unit: str
    formula: str
    low: float | None = None
    high: float | None = None
    sources: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
