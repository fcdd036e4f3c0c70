"""Studies of the demo territory with results that the library really computed, once by session."""

from __future__ import annotations

import copy
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_scopes import scope

from ancrage import __version__
from ancrage.study.settings import StudySettings
from ancrage_web.studies.computing import Content, compute_content
from ancrage_web.studies.enums import Status
from ancrage_web.studies.models import Result, Run, Scenario, Study
from ancrage_web.studies.results import compute_key, read_inputs
from ancrage_web.studies.rules import pack_settings

if TYPE_CHECKING:
    from web.conftest import World

DEMO_EPCI = "000000001"


@dataclass(frozen=True)
class Computed:
    """A plan of the demo territory: its settings, what a result freezes of it, and the folder of its files."""

    settings: StudySettings
    content: Content
    folder: Path


@dataclass(frozen=True)
class StudySample:
    """A study of the first organisation of the world, with one computed scenario."""

    study: Study
    scenario: Scenario
    run: Run
    result: Result


def compute_sample(settings: StudySettings, data: Path, folder: Path) -> Computed:
    """Plan the demo territory and write its reports into `folder`; without draws, about five seconds."""
    return Computed(settings, compute_content(settings, data, folder, lambda _step, _share: None), folder)


@pytest.fixture(scope="session")
def computed(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """Return a plan of the demo territory for 120 000 EUR a year, without draws."""
    settings = StudySettings(epci=(DEMO_EPCI,), budget=120_000, draws=0)
    return compute_sample(settings, demo_folder, tmp_path_factory.mktemp("computed"))


@pytest.fixture(scope="session")
def computed_larger(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Computed:
    """Return another plan of it, for 240 000 EUR a year and for the hours saved."""
    settings = StudySettings(epci=(DEMO_EPCI,), budget=240_000, objective="hours", draws=0)
    return compute_sample(settings, demo_folder, tmp_path_factory.mktemp("computed-larger"))


@pytest.fixture
def study_folders(settings: LazySettings, demo_folder: Path, tmp_path: Path) -> Path:
    """Give a test its own folder of files, and the demo store as data; returns the folder of files."""
    settings.DATA = demo_folder
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


def create_result(organisation: Any, computed: Computed, folder: Path) -> Result:
    """Store a computed plan as a result of an organisation, with its files under `folder`; the scope is open."""
    key = uuid.uuid4()
    # Links are as good as copies for files that never change.
    shutil.copytree(computed.folder, folder / "results" / str(key), copy_function=os.link)
    asked = computed.settings.model_dump(mode="json")
    inputs = read_inputs()
    return Result.objects.create(
        organisation=organisation,
        key=compute_key(asked, inputs),
        settings=asked,
        inputs=inputs,
        version=__version__,
        summary=copy.deepcopy(computed.content.summary),
        pages=copy.deepcopy(computed.content.pages),
        map=copy.deepcopy(computed.content.map),
        folder=f"results/{key}",
    )


def create_scenario(study: Study, name: str, result: Result, user: Any = None) -> tuple[Scenario, Run]:
    """Add a scenario that a result answers, and the run that gave it; the scope is open."""
    now = timezone.now()
    scenario = Scenario.objects.create(
        study=study,
        name=name,
        settings=pack_settings(StudySettings.model_validate(result.settings)),
        updated_by=user,
        result=result,
    )
    run = Run.objects.create(
        scenario=scenario,
        scenario_version=1,
        settings=result.settings,
        status=Status.DONE,
        progress=1.0,
        asked_by=user,
        started_at=now,
        heartbeat_at=now,
        ended_at=now,
        result=result,
    )
    return scenario, run


def create_sample(
    world: World, computed: Computed, folder: Path, *, name: str = "Tiers-lieux de la vallée"
) -> StudySample:
    """Store a study of the first organisation, with one computed scenario; its result is shared with its likes."""
    officer = world.people["officer"]
    with scope(organisation=world.organisation):
        study = Study.objects.create(
            organisation=world.organisation, name=name, epci=list(computed.settings.epci), created_by=officer
        )
        asked = computed.settings.model_dump(mode="json")
        result = Result.objects.filter(settings=asked).first() or create_result(world.organisation, computed, folder)
        scenario, run = create_scenario(study, "Budget de base", result, officer)
    return StudySample(study, scenario, run, result)


@pytest.fixture
def study_sample(world: World, territories: Any, computed: Computed, study_folders: Path) -> StudySample:
    """Return a study of the demo territory with one computed scenario."""
    return create_sample(world, computed, study_folders)
