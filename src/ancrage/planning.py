"""The main job from a folder of data to a planned network, for the command line and for the site alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text

if TYPE_CHECKING:
    from ancrage.diagnosis.model import Diagnosis
    from ancrage.reports.shapes import Shapes
    from ancrage.reports.study_file import StudyFile
    from ancrage.study.results import StudyResult
    from ancrage.study.settings import StudySettings
    from ancrage.territory.tables import Tables
    from ancrage.territory.travel import TravelProvider

Progress = Callable[[Text, float], None]
Notify = Callable[[Text], None]

# Shares of the whole that the first and the last step take; the study takes the rest.
_DATA_SHARE, _DIAGNOSIS_SHARE = 0.05, 0.1


def _ignore_progress(step: Text, share: float) -> None:
    del step, share


def _ignore_notice(notice: Text) -> None:
    del notice


@dataclass(frozen=True)
class Planned:
    """A planned network and what its reports are written from.

    Attributes
    ----------
    result : the study; diagnosis : of its territory, None for several EPCI or when it was not asked for.
    tables : the store it was read from; checksums : SHA-256 of the input tables by name.
    """

    result: StudyResult
    diagnosis: Diagnosis | None
    tables: Tables
    checksums: Mapping[str, str]

    @cached_property
    def shapes(self) -> Shapes:
        """Return the outlines of the communes of the study, read at the first call; empty where the store has none.

        Raises
        ------
        InputError
            If the table of outlines cannot be read.
        """
        from ancrage.reports.shapes import list_codes, read_shapes

        return read_shapes(self.tables, list_codes(self.result))


def plan_network(
    settings: StudySettings,
    folder: Path,
    *,
    travel: str = "estimate",
    time_limit: float | None = 30.0,
    progress: Progress = _ignore_progress,
    written: StudyFile | None = None,
    notify: Notify = _ignore_notice,
    diagnose: bool = True,
) -> Planned:
    """Read the data, plan the network and diagnose its territory; nothing is written but the cache of travel times.

    Parameters
    ----------
    settings : what is asked; EPCI may be named by code or by name.
    folder : territory store.
    travel : "estimate", "osrm" or "osrm:NAME".
    time_limit : seconds that each optimisation may take; None to go to the proofs.
    progress : called with the step and the share done, 0..1, which never falls.
    written : the study file that the settings come from: its data must be the same. None accepts any data.
    notify : called with what a user may like to know meanwhile.
    diagnose : also build the diagnosis of the territory, where the study is about one EPCI.

    Raises
    ------
    AncrageError
        If the data, the settings or the travel times do not allow the study, in one sentence.
    """
    from ancrage.diagnosis import build_diagnosis
    from ancrage.opendata.load import load_territory
    from ancrage.opendata.store import open_store
    from ancrage.parameters import load_parameters
    from ancrage.study.inputs import compute_widest_access
    from ancrage.study.run import choose_parameters, run_study
    from ancrage.territory.search import choose_epci

    reading = Text("Reading the data", "Lecture des données")
    progress(reading, 0.0)
    tables = open_store(folder)
    settings = settings.model_copy(update={"epci": tuple(choose_epci(tables, text) for text in settings.epci)})
    parameters = load_parameters()
    widest = compute_widest_access(settings, choose_parameters(settings, parameters))
    provider = build_provider(tables, folder, travel, notify)
    territory = load_territory(tables, settings.epci, provider, widest)
    progress(reading, _DATA_SHARE / 2)
    checksums = compute_checksums(folder, (source.table for source in territory.sources))
    if written is not None:
        check_inputs(written, checksums)
    diagnose = diagnose and len(settings.epci) == 1
    end = 1.0 - _DIAGNOSIS_SHARE if diagnose else 1.0

    def follow(step: Text, share: float) -> None:
        # The study is done, but not what follows it.
        if share < 1.0:
            progress(step, _DATA_SHARE + (end - _DATA_SHARE) * share)

    result = run_study(
        settings,
        territory,
        parameters,
        provider,
        progress=follow,
        deadline=time_limit,
        clock=time.perf_counter,
    )
    diagnosis = None
    if diagnose:
        progress(Text("Diagnosis of the territory", "Diagnostic du territoire"), end)
        diagnosis = build_diagnosis(tables, settings.epci[0])
    progress(Text("Done", "Terminé"), 1.0)
    return Planned(result, diagnosis, tables, checksums)


def compute_checksums(folder: Path, tables: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of the tables of a study, by name; built-in sources are no table of the folder."""
    from ancrage.opendata.manifest import compute_checksum

    files = {name: folder / f"{name}.parquet" for name in sorted(set(tables))}
    return {name: compute_checksum(path) for name, path in files.items() if path.exists()}


def check_inputs(written: StudyFile, checksums: Mapping[str, str]) -> None:
    """Refuse to rerun a study on other data than those it was made with.

    Raises
    ------
    InputError
        If a table of the study file is missing or has changed.
    """
    changed = sorted(name for name, checksum in written.inputs.items() if checksums.get(name) != checksum)
    if changed:
        listed = ", ".join(changed)
        raise InputError(
            f"The data is not the one this study was made with: {listed} changed or missing. Use the original data, or "
            "accept other figures with --allow-changed-data.",
            f"Les données ne sont pas celles de cette étude : {listed} modifiées ou absentes. Reprenez les données "
            "d'origine, ou acceptez d'autres chiffres avec --allow-changed-data.",
        )


def build_provider(tables: Tables, folder: Path, name: str, notify: Notify = _ignore_notice) -> TravelProvider:
    """Return the travel times asked for: the estimate, or the routing built in the data folder.

    Parameters
    ----------
    name : "estimate", "osrm" (the only network built), or "osrm:NAME".
    notify : called with what the cache of routed times has to say.

    Raises
    ------
    InputError
        If the name is unknown, or several networks answer to it.
    MissingDataError
        If no such network was built.
    """
    kind, _, wanted = name.partition(":")
    if kind == "estimate" and not wanted:
        from ancrage.opendata.travel_points import read_points
        from ancrage.territory.travel_estimate import build_estimate

        return build_estimate(read_points(tables))
    if kind != "osrm":
        raise InputError(
            f"Unknown travel provider '{name}': use 'estimate', 'osrm' or 'osrm:NAME'.",
            f"Source de temps de trajet « {name} » inconnue : « estimate », « osrm » ou « osrm:NOM ».",
        )
    from ancrage.opendata.travel_cache import CachedProvider
    from ancrage.opendata.travel_routing import build_routing, list_datasets

    built = [dataset for dataset in list_datasets(folder) if not wanted or wanted in dataset.folder.name]
    if not built:
        raise MissingDataError(
            f"No road network {wanted or ''} in '{folder}': build one with 'ancrage travel build EXTRACT.osm.pbf'.",
            f"Aucun réseau routier {wanted or ''} dans « {folder} » : construisez-en un avec "
            "« ancrage travel build EXTRAIT.osm.pbf ».",
        )
    if len(built) > 1:
        listed = ", ".join(dataset.folder.name for dataset in built)
        raise InputError(
            f"Several road networks are in '{folder}': {listed}. Name one with osrm:NAME.",
            f"Plusieurs réseaux routiers sont dans « {folder} » : {listed}. Nommez-en un avec osrm:NOM.",
        )
    return CachedProvider(build_routing(built[0].folder), folder, notify)
