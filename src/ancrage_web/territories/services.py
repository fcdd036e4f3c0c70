"""Loading of a territory store: the only writer of these tables."""

from __future__ import annotations

import json
import tempfile
from base64 import b85decode, b85encode
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.db import transaction

from ancrage import __version__
from ancrage_web.territories.files import remove_former_files
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store

if TYPE_CHECKING:
    from ancrage_web.territories.loading import Loaded

_BATCH = 100
# Shares of the whole work, for the progress bar.
_READ, _COMPUTED, _WRITTEN = 0.1, 0.85, 0.99


def load_store(folder: Path, *, progress: Callable[[float], None] | None = None) -> Store:
    """Compute the portrait of every EPCI of a store and make them what the site shows.

    Everything is computed first, into a temporary file; then one short transaction replaces the former rows, so
    that pages never see a part and other writers wait little. A failure changes nothing. The same store loaded
    twice gives the same rows.

    Parameters
    ----------
    folder : a territory store. progress : told the share done, 0..1.

    Raises
    ------
    MissingDataError, InputError
        If the store cannot be opened or read (see `ancrage.opendata.store.open_store`).
    """
    # Imported here: pages must not load Polars.
    from ancrage_web.territories.loading import build_communes_alone, build_portraits, open_for_loading

    tell = progress or (lambda _share: None)
    tell(0.0)
    opened = open_for_loading(folder.resolve())
    tell(_READ)
    with tempfile.TemporaryFile("w+", encoding="utf-8") as spool:
        for done, loaded in enumerate(build_portraits(opened), start=1):
            spool.write(json.dumps(build_line(loaded), ensure_ascii=False) + "\n")
            tell(_READ + (_COMPUTED - _READ) * done / len(opened.codes))
        alone = build_communes_alone(opened)
        spool.seek(0)
        store = replace_portraits(
            build_store(folder.resolve(), opened.checksum, opened.catalogue, fictional=opened.fictional),
            (json.loads(line) for line in spool),
            alone,
            lambda done: tell(_COMPUTED + (_WRITTEN - _COMPUTED) * done / max(len(opened.codes), 1)),
        )
    remove_former_files(store)
    tell(1.0)
    return store


def build_line(loaded: Loaded) -> dict[str, Any]:
    """Return one EPCI with its map and its communes as plain values, for the temporary file."""
    return {"epci": loaded.epci, "map": b85encode(loaded.map).decode(), "communes": loaded.communes}


def build_store(folder: Path, checksum: str, catalogue: dict[str, Any], *, fictional: bool) -> Store:
    """Return the row of a store, not yet saved, with the version of this code."""
    return Store(folder=str(folder), checksum=checksum, version=__version__, fictional=fictional, catalogue=catalogue)


def replace_portraits(
    store: Store,
    lines: Iterable[Mapping[str, Any]],
    alone: Iterable[Mapping[str, Any]],
    tell: Callable[[int], None] = lambda _done: None,
) -> Store:
    """Replace everything that the site shows of territories, in one transaction.

    Parameters
    ----------
    lines : one per EPCI: epci, map (base 85) and communes, as `load_store` spools them.
    alone : communes without EPCI. tell : told the number of EPCI written.
    """
    with transaction.atomic():
        # Children first: nothing is left to cascade, so that each is one statement.
        for model in (EpciMap, Commune, Epci, Store):
            model._default_manager.all().delete()
        store.save(force_insert=True)
        done = 0
        rows = iter(lines)
        while batch := list(islice(rows, _BATCH)):
            Epci.objects.bulk_create([Epci(store=store, **line["epci"]) for line in batch])
            EpciMap.objects.bulk_create(
                [EpciMap(epci_id=line["epci"]["code"], content=b85decode(line["map"])) for line in batch]
            )
            Commune.objects.bulk_create(
                [Commune(store=store, **commune) for line in batch for commune in line["communes"]], batch_size=2_000
            )
            done += len(batch)
            tell(done)
        Commune.objects.bulk_create([Commune(store=store, **commune) for commune in alone])
    return store
