"""Routed travel kept on disk, so that the next study of the same places does not ask the network again."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.language import Text
from ancrage.territory.travel import Points, TravelPairs, TravelProvider

_COLUMNS = {"origin": pl.String, "destination": pl.String, "minutes": pl.Float64, "km": pl.Float64}


class CachedProvider:
    """A provider whose answers are kept under `folder`/.cache/travel, by its name and version.

    A place is its code with its coordinates, so that an address that moved is asked again. Unreachable pairs are
    kept as such. Meant for routing: the estimate is faster than a file. A folder that cannot be written, or a
    file that cannot be read, is told once and the answers come from the provider.

    Parameters
    ----------
    provider : gives what the cache lacks.
    folder : data folder.
    tell : receives what the reader must know, once each.
    """

    def __init__(self, provider: TravelProvider, folder: Path, tell: Callable[[Text], None]) -> None:
        self.provider = provider
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", f"{provider.name}-{provider.version}").strip("-")
        self.path = folder / ".cache" / "travel" / f"{slug}.parquet"
        self._tell = tell
        self._told: set[str] = set()

    @property
    def name(self) -> str:
        """Name of the provider."""
        return self.provider.name

    @property
    def version(self) -> str:
        """Version of the provider."""
        return self.provider.version

    @property
    def label(self) -> Text:
        """Label of the provider."""
        return self.provider.label

    def compute_pairs(self, points: Points, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> TravelPairs:
        """Return car travel from points[origins[k]] to points[destinations[k]], from the cache where it has it."""
        places = _build_keys(points)
        wanted = pl.DataFrame(
            {"origin": places[origins], "destination": places[destinations]},
            schema_overrides={"origin": pl.String, "destination": pl.String},
        )
        kept = self._read()
        found = wanted.join(
            kept.with_columns(known=True), on=["origin", "destination"], how="left", maintain_order="left"
        )
        # A trip inside a place depends on its area too, and costs nothing to compute: never kept.
        missing = np.flatnonzero(
            found["known"].is_null().to_numpy() | (np.asarray(origins) == np.asarray(destinations))
        )
        minutes = found["minutes"].fill_null(np.nan).to_numpy(writable=True)
        km = found["km"].fill_null(np.nan).to_numpy(writable=True)
        if not len(missing):
            return TravelPairs(minutes, km, estimated=False)
        fresh = self.provider.compute_pairs(points, origins[missing], destinations[missing])
        minutes[missing], km[missing] = fresh.minutes, fresh.km
        between = origins[missing] != destinations[missing]
        if between.any():
            rows = wanted[missing].with_columns(minutes=pl.Series(fresh.minutes), km=pl.Series(fresh.km))
            self._write(
                pl.concat([kept, rows.filter(pl.Series(between))]).unique(["origin", "destination"], keep="last")
            )
        return TravelPairs(minutes, km, fresh.estimated)

    def _read(self) -> pl.DataFrame:
        """Return what is kept; nothing, and a sentence, when the file cannot be used."""
        empty = pl.DataFrame(schema=_COLUMNS)
        if not self.path.exists():
            return empty
        try:
            kept = pl.read_parquet(self.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        else:
            if kept.schema == pl.Schema(_COLUMNS):
                return kept
            reason = f"columns {', '.join(kept.columns)}"
        self._say_once(
            "unreadable",
            Text(
                f"The travel cache '{self.path}' cannot be read ({reason}): it is ignored and made again.",
                f"Le cache des trajets « {self.path} » est illisible ({reason}) : il est ignoré et refait.",
            ),
        )
        return empty

    def _write(self, table: pl.DataFrame) -> None:
        """Write aside, then rename: a reader never sees half a file."""
        scratch = ""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle, scratch = tempfile.mkstemp(prefix=".", suffix=".parquet", dir=self.path.parent)
            os.close(handle)
            table.write_parquet(scratch)
            Path(scratch).replace(self.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            if scratch:
                Path(scratch).unlink(missing_ok=True)
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self._say_once(
                "unwritable",
                Text(
                    f"Travel times cannot be cached in '{self.path.parent}' ({reason}): they will be computed "
                    "each time.",
                    f"Les temps de trajet ne peuvent pas être gardés dans « {self.path.parent} » ({reason}) : ils "
                    "seront recalculés à chaque fois.",
                ),
            )

    def _say_once(self, kind: str, text: Text) -> None:
        if kind not in self._told:
            self._told.add(kind)
            self._tell(text)


def _build_keys(points: Points) -> NDArray[np.object_]:
    """Return one key per place: its code and its coordinates to about a metre."""
    places = zip(points.code.tolist(), points.lon.tolist(), points.lat.tolist(), strict=True)
    return np.array([f"{code}@{lon:.5f},{lat:.5f}" for code, lon, lat in places], dtype=np.object_)
