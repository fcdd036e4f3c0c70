"""Search of EPCI and communes by what people type: accents, hyphens, abbreviations and typing errors forgiven."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
_CODE = re.compile(r"\d{9}|(?:\d\d|2[ab])\d{3}")
# Below this likeness (0..100) a name is not what was meant.
_LIKE = 78.0
_SHORTEST_FUZZY = 4


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
    """Every name, ready to be searched.

    Attributes
    ----------
    entries : the names; keys : each as `build_key` writes it; bare : without the words that open it.
    by_code : row of a code.
    """

    entries: Sequence[Entry]
    keys: Sequence[str]
    bare: Sequence[str]
    by_code: dict[str, int]


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
    """Return the index of these names; the most populated come first, so that ties need no sort."""
    ordered = sorted(entries, key=lambda entry: (-entry.population, entry.code))
    keys = [build_key(entry.name) for entry in ordered]
    bare = [drop_opening(key) for key in keys]
    return Index(
        ordered,
        keys,
        # The same text is kept once: most names open with nothing.
        [key if key == short else short for key, short in zip(keys, bare, strict=True)],
        {entry.code.casefold(): row for row, entry in enumerate(ordered)},
    )


def find_entries(index: Index, text: str, limit: int) -> list[Entry]:
    """Return the names nearest to what was typed: exact, then opening with it, then holding it, then close to it.

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
    found: dict[int, None] = {}
    bare = drop_opening(wanted)
    for row in _list_rows(index, wanted, bare):
        found.setdefault(row)
        if len(found) >= limit:
            break
    # Someone who typed a name rightly wants no look-alikes.
    if not found and len(bare) >= _SHORTEST_FUZZY:
        found = dict.fromkeys(_list_like(index, bare, limit))
    return [index.entries[row] for row in found][:limit]


def _list_rows(index: Index, wanted: str, bare: str) -> Iterator[int]:
    keys, shorts = index.keys, index.bare
    yield from (row for row, key in enumerate(keys) if key == wanted)
    yield from (row for row, key in enumerate(shorts) if key in (wanted, bare))
    yield from (row for row, key in enumerate(keys) if key.startswith(wanted) or shorts[row].startswith(bare))
    inner = f" {bare}"
    yield from (row for row, key in enumerate(keys) if inner in key)
    words = bare.split()
    if len(words) > 1:
        # Every word typed opens a word of the name, in any order.
        yield from (
            row for row, key in enumerate(keys) if words[0] in key and all(f" {word}" in f" {key}" for word in words)
        )


def _list_like(index: Index, wanted: str, limit: int) -> Iterator[int]:
    """Yield the rows whose name is like `wanted`, the most alike first; the most populated among equals."""
    near = process.extract(wanted, index.bare, scorer=fuzz.ratio, score_cutoff=_LIKE, limit=4 * limit)
    yield from (row for _, _, row in sorted(near, key=lambda found: (-round(found[1] / 4), found[2])))


_lock = threading.Lock()
_held: dict[int, Index] = {}


def get_index(store_id: int, read: Callable[[], Sequence[Entry]]) -> Index:
    """Return the index of a store, built once per process.

    Parameters
    ----------
    read : called without argument when the index must be built; returns the entries.
    """
    index = _held.get(store_id)
    if index is None:
        with _lock:
            index = _held.get(store_id)
            if index is None:
                index = build_index(read())
                _held.clear()
                _held[store_id] = index
    return index
