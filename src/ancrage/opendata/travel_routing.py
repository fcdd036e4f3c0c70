"""Car times over a real road network: builds an OSRM dataset from an OpenStreetMap extract and questions it.

It needs the optional extra `routing` (osrm-bindings, Python 3.12 or later); everything else works without it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text
from ancrage.territory.travel import Points, TravelPairs
from ancrage.territory.travel_estimate import compute_inside_pairs

PROFILE = "car"
MANIFEST = "routing.json"
EXTENSIONS = (".osm.pbf", ".osm.bz2", ".osm")
# A point farther from any road than this is not served by the network.
FARTHEST_ROAD_KM = 2.0
# OSRM leaves a small disconnected network for a larger one nearby; farther than this, it changed place.
FARTHEST_MOVE_KM = 0.5
_ORIGINS_AT_ONCE = 256
_CELLS_AT_ONCE = 250_000
_LARGEST_TABLE = 1_000_000


@dataclass(frozen=True, slots=True)
class RoutingDataset:
    """A road network built for routing.

    Attributes
    ----------
    folder : where it is.
    name, extract, sha256 : of the OpenStreetMap extract it was made from.
    profile, engine : vehicle, and program with its version.
    """

    folder: Path
    name: str
    extract: str
    sha256: str
    profile: str
    engine: str


@dataclass(frozen=True)
class RoutingProvider:
    """Routed car travel; satisfies `TravelProvider`. Open it with `build_routing`."""

    dataset: RoutingDataset
    engine: Any

    @property
    def name(self) -> str:
        """Short identifier of the provider."""
        return "osrm"

    @property
    def version(self) -> str:
        """Engine, profile and extract."""
        d = self.dataset
        return f"{d.engine.removeprefix('osrm ')} {d.profile} {d.name}-{d.sha256[:8]}"

    @property
    def label(self) -> Text:
        """How the times were obtained."""
        d = self.dataset
        return Text(
            f"Car times routed by OSRM over OpenStreetMap ({d.extract}), free-flowing traffic.",
            f"Temps en voiture calculés par OSRM sur OpenStreetMap ({d.extract}), circulation fluide.",
        )

    def check_places(self, points: Points) -> NDArray[np.bool_]:
        """Return (n,) True where a car road lies within `FARTHEST_ROAD_KM` of the point."""
        return np.asarray(self._measure_access(points) <= FARTHEST_ROAD_KM * 1000)

    def compute_pairs(self, points: Points, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> TravelPairs:
        """Return routed car travel from points[origins[k]] to points[destinations[k]] for every k.

        A pair is NaN where a coordinate is unknown, a point is too far from any road, or no road leads there.
        Inside a commune (one point to itself) the formula of the estimate applies (method.md, section 3).

        Parameters
        ----------
        points : places, degrees WGS84.
        origins, destinations : (k,) rows of `points`.

        Returns
        -------
        TravelPairs
            (k,) minutes and kilometres along the roads, one way.
        """
        origins = np.asarray(origins, dtype=np.int64)
        destinations = np.asarray(destinations, dtype=np.int64)
        minutes, km = np.full(len(origins), np.nan), np.full(len(origins), np.nan)
        rows, inverse = np.unique(np.concatenate([origins, destinations]), return_inverse=True)
        used = Points(*(column[rows] for column in _list_columns(points)))
        access = self._measure_access(used)
        start, end = inverse[: len(origins)], inverse[len(origins) :]
        served = access <= FARTHEST_ROAD_KM * 1000
        wanted = np.flatnonzero((start != end) & served[start] & served[end])
        rank = _build_order(used.lon, used.lat)
        for pairs in _list_blocks(rank[start[wanted]], end[wanted]):
            chosen = wanted[pairs]
            minutes[chosen], km[chosen] = self._route(used, access, start[chosen], end[chosen])
        inside = np.flatnonzero((start == end) & np.isfinite(used.lon[start]) & np.isfinite(used.lat[start]))
        if len(inside):
            minutes[inside], km[inside] = compute_inside_pairs(used.area_km2[start[inside]])
        return TravelPairs(minutes, km, estimated=False)

    def _measure_access(self, points: Points) -> NDArray[np.float64]:
        """Return metres to the nearest car road, infinite where there is none or the place is unknown."""
        import osrm

        away = np.full(len(points.lon), np.inf)
        for i in np.flatnonzero(np.isfinite(points.lon) & np.isfinite(points.lat)).tolist():
            place = (float(points.lon[i]), float(points.lat[i]))
            try:
                found = self.engine.Nearest(osrm.NearestParameters(coordinates=[place], generate_hints=False))
            except RuntimeError as error:
                if "NoSegment" in str(error):
                    continue
                raise
            away[i] = found["waypoints"][0]["distance"]
        return away

    def _route(
        self,
        points: Points,
        access: NDArray[np.float64],
        start: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return minutes and kilometres of pairs, asked as one table of the places they use."""
        import osrm

        from_rows, from_index = np.unique(start, return_inverse=True)
        to_rows, to_index = np.unique(end, return_inverse=True)
        rows = np.concatenate([from_rows, to_rows])
        answer = self.engine.Table(
            osrm.TableParameters(
                coordinates=[(float(points.lon[i]), float(points.lat[i])) for i in rows],
                sources=list(range(len(from_rows))),
                destinations=list(range(len(from_rows), len(rows))),
                annotations=["duration", "distance"],
                generate_hints=False,
            )
        )
        moved = np.array(
            [place["distance"] for side in ("sources", "destinations") for place in answer[side]], dtype=np.float64
        )
        kept = (moved <= FARTHEST_ROAD_KM * 1000) & (moved - access[rows] <= FARTHEST_MOVE_KM * 1000)
        reachable = kept[: len(from_rows)][from_index] & kept[len(from_rows) :][to_index]
        # OSRM writes None where no road leads: NaN here, never zero.
        seconds = np.array([list(row) for row in answer["durations"]], dtype=np.float64)[from_index, to_index]
        metres = np.array([list(row) for row in answer["distances"]], dtype=np.float64)[from_index, to_index]
        reachable &= np.isfinite(seconds)
        return np.where(reachable, seconds / 60, np.nan), np.where(reachable, metres / 1000, np.nan)


def check_engine() -> None:
    """Check that OSRM is installed.

    Raises
    ------
    MissingDataError
        If it is not, saying what to install.
    """
    if importlib.util.find_spec("osrm") is not None:
        return
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info < (3, 12):
        raise MissingDataError(
            f"Real routing needs Python 3.12 or later, and this is Python {running}: OSRM is not published for "
            "it. Install Ancrage with a later Python as 'ancrage[routing]', or keep the estimate.",
            f"Le calcul sur le réseau routier demande Python 3.12 ou plus, et celui-ci est Python {running} : OSRM "
            "n'est pas publié pour lui. Installez Ancrage avec un Python plus récent (« ancrage[routing] »), ou "
            "gardez l'estimation.",
        )
    raise MissingDataError(
        "Real routing needs OSRM, which is not installed. Run: pip install 'ancrage[routing]'. Without it, the "
        "estimate is used.",
        "Le calcul sur le réseau routier demande OSRM, qui n'est pas installé. Lancez : "
        "pip install 'ancrage[routing]'. Sans lui, l'estimation est utilisée.",
    )


def build_dataset(
    extract: Path, data: Path, tell: Callable[[Text], None] = lambda _: None, profile: str = PROFILE
) -> RoutingDataset:
    """Build the routing dataset of an OpenStreetMap extract under `data`/routing; an existing one is kept.

    The work is done aside and renamed when whole, so that no broken dataset is ever left.

    Parameters
    ----------
    extract : file .osm.pbf, .osm.bz2 or .osm.
    data : data folder.
    tell : receives a sentence at each step.
    profile : vehicle of OSRM.

    Raises
    ------
    InputError
        If the extract is absent, broken, or holds no road; or if the folder cannot be written.
    MissingDataError
        If OSRM is not installed.
    """
    check_engine()
    ending = next((e for e in EXTENSIONS if extract.name.endswith(e)), None)
    if ending is None or not extract.is_file():
        raise InputError(
            f"'{extract}' is not an OpenStreetMap extract: give an existing file ending in {', '.join(EXTENSIONS)}.",
            f"« {extract} » n'est pas un extrait OpenStreetMap : donnez un fichier existant finissant par "
            f"{', '.join(EXTENSIONS)}.",
        )
    tell(Text("Checking the extract", "Contrôle de l'extrait"))
    with extract.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", extract.name.removesuffix(ending)).strip("-") or "extract"
    target = data / "routing" / f"{name}-{sha256[:8]}"
    if (target / MANIFEST).is_file():
        return read_dataset(target)
    dataset = RoutingDataset(target, name, extract.name, sha256, profile, f"osrm {_read_engine_version()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            aside = Path(scratch) / target.name
            aside.mkdir()
            source = aside / f"network{ending}"
            _place(extract, source)
            tell(Text("Reading the roads (1/2)", "Lecture des routes (1/2)"))
            _run_engine("extract", "-p", str(_find_profile(profile)), str(source), extract=extract)
            source.unlink()
            tell(Text("Preparing the routing (2/2)", "Préparation du calcul d'itinéraires (2/2)"))
            _run_engine("contract", str(aside / "network.osrm"), extract=extract)
            _write_manifest(aside / MANIFEST, dataset)
            if target.exists():  # left by another program, without a manifest: not a dataset
                shutil.rmtree(target)
            aside.rename(target)
    except OSError as error:
        raise InputError(
            f"The routing dataset cannot be written in '{target.parent}' ({error.strerror or error}). "
            "Choose a folder that can be written, with room for about ten times the extract.",
            f"Le jeu de calcul d'itinéraires ne peut pas être écrit dans « {target.parent} » "
            f"({error.strerror or error}). Choisissez un dossier accessible en écriture, avec la place d'environ "
            "dix fois l'extrait.",
        ) from error
    return dataset


def list_datasets(data: Path) -> list[RoutingDataset]:
    """Return the routing datasets built under the data folder, by name."""
    manifests = sorted((data / "routing").glob(f"[!.]*/{MANIFEST}"))
    return [read_dataset(manifest.parent) for manifest in manifests]


def read_dataset(folder: Path) -> RoutingDataset:
    """Return what a folder made by `build_dataset` says of itself.

    Raises
    ------
    MissingDataError
        If it is not such a folder.
    """
    try:
        written = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return RoutingDataset(
            folder, *(str(written[key]) for key in ("name", "extract", "sha256", "profile", "engine"))
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MissingDataError(
            f"'{folder}' holds no routing dataset that can be read: build it with "
            "'ancrage travel build EXTRACT.osm.pbf --data DIR'.",
            f"« {folder} » ne contient pas de jeu de calcul d'itinéraires lisible : construisez-le avec "
            "« ancrage travel build EXTRAIT.osm.pbf --data DOSSIER ».",
        ) from error


def build_routing(folder: Path) -> RoutingProvider:
    """Open the routing dataset of a folder.

    Raises
    ------
    MissingDataError
        If OSRM is not installed, or the folder holds no usable dataset.
    """
    check_engine()
    dataset = read_dataset(folder)
    import osrm

    try:
        engine = osrm.OSRM(
            storage_config=str(folder / "network.osrm"),
            algorithm="CH",
            use_shared_memory=False,
            max_locations_distance_table=_LARGEST_TABLE,
        )
    except RuntimeError as error:
        raise MissingDataError(
            f"OSRM cannot open the routing dataset '{folder}' ({error}): delete this folder and build it again "
            "with 'ancrage travel build'.",
            f"OSRM ne peut pas ouvrir le jeu « {folder} » ({error}) : supprimez ce dossier et reconstruisez-le "
            "avec « ancrage travel build ».",
        ) from error
    # The engine that answers may be newer than the one that built the dataset: the answers are its own.
    return RoutingProvider(replace(dataset, engine=f"osrm {_read_engine_version()}"), engine)


def _read_engine_version() -> str:
    return importlib.metadata.version("osrm-bindings")


def _find_profile(profile: str) -> Path:
    import osrm

    return Path(osrm.__file__).parent / "share" / "profiles" / f"{profile}.lua"


def _place(extract: Path, source: Path) -> None:
    """Make the extract appear as `source`, since OSRM writes beside what it reads."""
    try:
        source.symlink_to(extract.resolve())
    except OSError:  # no symbolic links on this system
        shutil.copyfile(extract, source)


def _run_engine(*arguments: str, extract: Path) -> None:
    """Run one step of OSRM; its last words go into the error."""
    command = [sys.executable, "-m", "osrm", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603
    if done.returncode == 0:
        return
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    last = said[-1].removeprefix("what():").strip() if said else f"exit {done.returncode}"
    raise InputError(
        f"OSRM could not use '{extract}' (step {arguments[0]}: {last}). The file may be cut or hold no road, or "
        "memory may be short (count about ten times the extract): download it again, or take a smaller extract.",
        f"OSRM n'a pas pu utiliser « {extract} » (étape {arguments[0]} : {last}). Le fichier est peut-être tronqué "
        "ou sans route, ou la mémoire trop courte (comptez environ dix fois l'extrait) : téléchargez-le de nouveau, "
        "ou prenez un extrait plus petit.",
    )


def _write_manifest(path: Path, dataset: RoutingDataset) -> None:
    names = ("name", "extract", "sha256", "profile", "engine")
    path.write_text(json.dumps({name: getattr(dataset, name) for name in names}, indent=2) + "\n", encoding="utf-8")


def _list_columns(points: Points) -> tuple[NDArray[Any], ...]:
    return points.code, points.lon, points.lat, points.density, points.area_km2


def _build_order(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rank of places along a Z-shaped curve, so that neighbours are asked together."""
    known = np.isfinite(lon) & np.isfinite(lat)
    key = np.zeros(len(lon), dtype=np.int64)
    for shift, degrees in ((0, lon), (1, lat)):
        cell = np.where(known, (np.nan_to_num(degrees) + 180) * 100, 0).astype(np.int64)
        for bit in range(16):
            key |= ((cell >> bit) & 1) << (2 * bit + shift)
    rank = np.empty(len(lon), dtype=np.int64)
    rank[np.argsort(key, kind="stable")] = np.arange(len(lon))
    return rank


def _list_blocks(rank: NDArray[np.int64], end: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Give pairs in blocks of neighbouring origins whose tables stay small."""
    order = np.argsort(rank, kind="stable")
    changes = np.flatnonzero(np.diff(rank[order])) + 1
    starts = np.concatenate([[0], changes])[::_ORIGINS_AT_ONCE]
    for block in np.split(order, starts[1:]) if len(order) else ():
        origins = len(np.unique(rank[block]))
        places = np.unique(end[block])
        for some in np.array_split(places, -(-origins * len(places) // _CELLS_AT_ONCE)):
            yield block[np.isin(end[block], some)]
