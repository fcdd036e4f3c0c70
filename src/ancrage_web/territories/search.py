"""Search of EPCI and communes by what people type: accents, hyphens, abbreviations and typing errors forgiven."""

from __future__ import annotations

import re
import threading
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import accumulate, islice
from typing import Literal

from rapidfuzz import fuzz, process

Kind = Literal["epci", "commune"]

_SHORT = {
    "st": "saint",
    "ste": "sainte",
    "sts": "saints",
    "stes": "saintes",
    "s": "sur",
    "ss": "sous",
    "ccom": "cc",
    "agglo": "ca",
}
# Long forms of the nature of an EPCI become the initials of official names.
_NATURES = (
    ("communaute de communes", "cc"),
    ("communaute d agglomeration", "ca"),
    ("communaute urbaine", "cu"),
    ("com com", "cc"),
)
# Words that open an official name and that nobody types.
_OPENING = re.compile(
    r"^(?:(?:cc|ca|cu|metropole|intercommunalite|commune) )?(?:(?:de la|de l|des|du|de|d|la|le|les|l) )?"
)
_BRACKETS = re.compile(r"\([^)]*\)")
_CODE = re.compile(r"\d{9}|(?:\d\d|2[ab])\d{3}")
# Below this likeness (0..100) a name is not what was meant.
_LIKE = 78.0
_LIKE_PART = 85.0
_SHORTEST_FUZZY, _SHORTEST_PART = 4, 6


@dataclass(frozen=True, slots=True)
class Entry:
    """A name of the index: the row it stands for, and its population, which breaks ties."""

    kind: Kind
    code: str
    name: str
    slug: str
    population: int
    more: str
    departement: str


@dataclass(frozen=True)
class Index:
    """Every name, ready to be searched; rows are in the order of populations, the highest first.

    Attributes
    ----------
    entries : the names; bare : their keys without the words that open an official name.
    by_code, by_key, by_bare : rows of a code, of a key, of a bare key.
    openings, rows : keys and bare keys in alphabetical order, and the row of each.
    shortest, shortest_rows : bare keys from the shortest to the longest, and the row of each.
    text : all keys, each on a line after a space; offsets : where each line starts.
    """

    entries: Sequence[Entry]
    bare: Sequence[str]
    by_code: Mapping[str, int]
    by_key: Mapping[str, Sequence[int]]
    by_bare: Mapping[str, Sequence[int]]
    openings: Sequence[str]
    rows: Sequence[int]
    shortest: Sequence[str]
    shortest_rows: Sequence[int]
    text: str
    offsets: Sequence[int]


def build_key(text: str) -> str:
    """Return `text` in lower case without accents, signs as one space, abbreviations written out."""
    plain = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("Œ", "oe").replace("æ", "ae"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).casefold()
    words = re.sub(r"[^0-9a-z]+", " ", plain).split()
    key = " ".join(_SHORT.get(word, word) for word in words)
    for long, short in _NATURES:
        key = re.sub(rf"\b{long}\b", short, key)
    return key


def drop_opening(key: str) -> str:
    """Return a key without the words that open an official name ("cc des", "la"); as it is if nothing is left."""
    return _OPENING.sub("", key + " ", count=1).strip() or key


def build_index(entries: Sequence[Entry]) -> Index:
    """Return the index of these names."""
    ordered = sorted(entries, key=lambda entry: (-entry.population, entry.code))
    keys = [build_key(entry.name) for entry in ordered]
    # What an official name says between brackets is an acronym or a remark: nobody types it with the rest.
    bare = [
        drop_opening(build_key(_BRACKETS.sub(" ", entry.name)) or key) for entry, key in zip(ordered, keys, strict=True)
    ]
    # The same text is kept once: most names open with nothing.
    bare = [key if key == short else short for key, short in zip(keys, bare, strict=True)]
    by_key: dict[str, list[int]] = {}
    by_bare: dict[str, list[int]] = {}
    for row, (key, short) in enumerate(zip(keys, bare, strict=True)):
        by_key.setdefault(key, []).append(row)
        by_bare.setdefault(short, []).append(row)
    starts = sorted({*zip(keys, range(len(keys)), strict=True), *zip(bare, range(len(bare)), strict=True)})
    by_length = sorted(range(len(bare)), key=lambda row: len(bare[row]))
    return Index(
        entries=ordered,
        bare=bare,
        by_code={entry.code.casefold(): row for row, entry in enumerate(ordered)},
        by_key=by_key,
        by_bare=by_bare,
        openings=[key for key, _ in starts],
        rows=[row for _, row in starts],
        shortest=[bare[row] for row in by_length],
        shortest_rows=by_length,
        text="".join(f" {key}\n" for key in keys),
        offsets=list(accumulate((len(key) + 2 for key in keys), initial=0)),
    )


def find_entries(index: Index, text: str, limit: int) -> list[Entry]:
    """Return the names nearest to what was typed: exact, then opening with it, then holding it; else those like it.

    Parameters
    ----------
    limit : at most this many.
    """
    asked = text.strip().casefold().replace(" ", "")
    if _CODE.fullmatch(asked):
        row = index.by_code.get(asked)
        return [] if row is None else [index.entries[row]]
    wanted = build_key(text[:100])
    if not wanted:
        return []
    bare = drop_opening(wanted)
    found = dict.fromkeys(islice(_list_distinct(_list_rows(index, wanted, bare, limit)), limit))
    # Someone who typed a name rightly wants no look-alikes.
    if not found and len(bare) >= _SHORTEST_FUZZY:
        found = dict.fromkeys(islice(_list_distinct(_list_like(index, bare, limit)), limit))
    return [index.entries[row] for row in found]


def _list_distinct(rows: Iterable[int]) -> Iterator[int]:
    seen: set[int] = set()
    for row in rows:
        if row not in seen:
            seen.add(row)
            yield row


def _list_rows(index: Index, wanted: str, bare: str, limit: int) -> Iterator[int]:
    yield from index.by_key.get(wanted, ())
    yield from sorted({*index.by_bare.get(wanted, ()), *index.by_bare.get(bare, ())})
    # Twice as many: a name may open with it both as it is and without its first words.
    yield from nsmallest(2 * limit, {*_list_opening(index, wanted), *_list_opening(index, bare)})
    yield from _list_holding(index, f" {bare}")
    words = bare.split()
    if len(words) > 1:
        # Every word typed opens a word of the name, in any order.
        longest = max(words, key=len)
        for row in _list_holding(index, f" {longest}"):
            line = index.text[index.offsets[row] : index.offsets[row + 1]]
            if all(f" {word}" in line for word in words):
                yield row


def _list_opening(index: Index, wanted: str) -> Sequence[int]:
    first = bisect_left(index.openings, wanted)
    # The sign comes after every letter that a key holds.
    return index.rows[first : bisect_left(index.openings, wanted + "~", first)]


def _list_holding(index: Index, part: str) -> Iterator[int]:
    place = index.text.find(part)
    while place >= 0:
        row = bisect_right(index.offsets, place) - 1
        yield row
        place = index.text.find(part, index.offsets[row + 1])


def _list_like(index: Index, wanted: str, limit: int) -> Iterator[int]:
    """Yield the rows whose name is like `wanted`, then those of which a part is; the most alike first.

    The most populated comes first among equals.
    """
    near = process.extract(wanted, index.bare, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=4 * limit)
    yield from (row for _, _, row in sorted(near, key=lambda found: (-round(found[1]), found[2])))
    if len(wanted) >= _SHORTEST_PART:
        first = bisect_right(index.shortest, len(wanted), key=len)
        longer = index.shortest[first:]
        parts = process.extract(wanted, longer, scorer=fuzz.partial_ratio, score_cutoff=_LIKE_PART, limit=4 * limit)
        rows = ((-round(score), index.shortest_rows[first + place]) for _, score, place in parts)
        yield from (row for _, row in sorted(rows))


_lock = threading.Lock()
_held: dict[Hashable, Index] = {}


def get_index(mark: Hashable, read: Callable[[], Sequence[Entry]]) -> Index:
    """Return the index of a store, built once per process.

    Parameters
    ----------
    mark : tells the load that the names come from.
    read : called without argument when the index must be built; returns the entries.
    """
    index = _held.get(mark)
    if index is None:
        with _lock:
            index = _held.get(mark)
            if index is None:
                index = build_index(read())
                _held.clear()
                _held[mark] = index
    return index
