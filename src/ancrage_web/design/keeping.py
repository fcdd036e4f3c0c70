"""Rendered parts of pages, kept in memory: a portrait changes only with its store, and a result never does.

A template marks with `{% kept "name" %}...{% endkept %}` what everyone who may open the page reads alike. The rest
(menus, forms, messages, links of one organisation) is rendered for each request, so that nothing of one person is shown
to another. Rights are checked by the view before anything is read here.
"""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ancrage_web.design.words import get_site_language

# Memory that the parts may take in a process, compressed [bytes]: some 400 portraits, of the 15 MB left under 300.
LIMIT = 8 * 1024 * 1024
# What an entry weighs beside its texts: keys, lists [bytes].
_OVERHEAD = 1_000
_OK = 200


class Parts:
    """The parts of one page: all of them are held, or they are noted while the page is rendered.

    Attributes
    ----------
    full : all are held; the view then needs not prepare what only they show.
    """

    def __init__(self, held: Mapping[str, bytes] | None = None) -> None:
        self.full = held is not None
        self.packed = dict(held or {})

    def read(self, name: str, build: Callable[[], str]) -> str:
        """Return a part, built where it is not held.

        Raises
        ------
        LookupError
            If the page was rendered before without this part: the view has prepared nothing for it.
        """
        packed = self.packed.get(name)
        if packed is not None:
            return zlib.decompress(packed).decode()
        if self.full:
            raise LookupError(f"the part '{name}' is not among those kept: {sorted(self.packed)}")
        text = build()
        # Fast rather than small: HTML becomes a sixth of its size at this level already.
        self.packed[name] = zlib.compress(text.encode(), 1)
        return text


class Keeper:
    """Parts of pages by key, those read longest ago given up first.

    Parameters
    ----------
    limit : bytes that they may weigh together.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.weight = 0
        self._entries: OrderedDict[Hashable, Mapping[str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, key: Hashable) -> Parts:
        """Return the parts of a page; empty ones where none are held."""
        with self._lock:
            held = self._entries.get(key)
            if held is not None:
                self._entries.move_to_end(key)
        return Parts(held)

    def keep(self, key: Hashable, parts: Parts) -> None:
        """Hold the parts of a page; a page heavier than the eighth of all is not held."""
        weight = _weigh(parts.packed)
        with self._lock:
            if key in self._entries or weight > self.limit / 8:
                return
            self._entries[key] = parts.packed
            self.weight += weight
            while self.weight > self.limit:
                _, dropped = self._entries.popitem(last=False)
                self.weight -= _weigh(dropped)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.weight = 0


def _weigh(packed: Mapping[str, bytes]) -> int:
    return _OVERHEAD + sum(len(part) for part in packed.values())


keeper = Keeper(LIMIT)


def render_kept(
    request: HttpRequest,
    template: str,
    key: tuple[Hashable, ...],
    build: Callable[[], Mapping[str, Any]],
    context: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """Render a page, with its kept parts as they were rendered before where they are held.

    Parameters
    ----------
    key : everything that the kept parts depend on, but the language and the code.
    build : returns what they show; called only where they are not held.
    context : what the rest of the page shows.
    """
    key = (template, get_site_language(), *key)
    parts = Parts() if settings.DEBUG else keeper.open(key)
    shown = {**({} if parts.full else build()), **(context or {}), "kept_parts": parts}
    response = render(request, template, shown)
    if response.status_code == _OK and not parts.full and not settings.DEBUG:
        keeper.keep(key, parts)
    return response
