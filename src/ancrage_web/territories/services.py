"""Loading of a territory store: the only writer of these tables."""

from __future__ import annotations

import json
import tempfile
from base64 import b85decode, b85encode
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.db import transaction

from ancrage import __version__
from ancrage_web.territories.models import Commune, Epci, EpciMap, Store

_BATCH = 100
# Shares of the whole work, for the progress bar.
_READ, _COMPUTED = 0.1, 0.85


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
            line = {"epci": loaded.epci, "map": b85encode(loaded.map).decode(), "communes": loaded.communes}
            spool.write(json.dumps(line, ensure_ascii=False) + "\n")
            tell(_READ + (_COMPUTED - _READ) * done / len(opened.codes))
        alone = build_communes_alone(opened)
        spool.seek(0)
        with transaction.atomic():
            store = _replace_rows(
                Store(
                    folder=str(folder.resolve()),
                    checksum=opened.checksum,
                    version=__version__,
                    fictional=opened.fictional,
                    catalogue=opened.catalogue,
                ),
                spool,
                alone,
                lambda share: tell(_COMPUTED + (1 - _COMPUTED) * share * 0.95),
                len(opened.codes),
            )
    tell(1.0)
    return store


def _replace_rows(
    store: Store, spool: IO[str], alone: list[dict[str, Any]], tell: Callable[[float], None], count: int
) -> Store:
    # Children first: nothing is left to cascade, so that each is one statement.
    for model in (EpciMap, Commune, Epci, Store):
        model._default_manager.all().delete()
    store.save(force_insert=True)
    lines = (json.loads(line) for line in spool)
    done = 0
    for batch in _read_batches(lines):
        Epci.objects.bulk_create([Epci(store=store, **line["epci"]) for line in batch])
        EpciMap.objects.bulk_create(
            [EpciMap(epci_id=line["epci"]["code"], content=b85decode(line["map"])) for line in batch]
        )
        Commune.objects.bulk_create(
            [Commune(store=store, **commune) for line in batch for commune in line["communes"]], batch_size=2_000
        )
        done += len(batch)
        tell(done / count)
    Commune.objects.bulk_create([Commune(store=store, **commune) for commune in alone])
    return store


def _read_batches(lines: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(lines, _BATCH)):
        yield batch
