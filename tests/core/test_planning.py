"""Planning from a folder of data, as the command line and the site do it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace

import pytest

from ancrage.errors import InputError
from ancrage.language import Text
from ancrage.opendata.manifest import compute_checksum
from ancrage.planning import plan_network
from ancrage.reports.study_file import StudyFile
from ancrage.study.settings import StudySettings

CODE = "000000001"
HEAVY = ("polars", "altair", "geopandas", "typst", "numba", "numpy", "scipy", "shapely")


@pytest.fixture(scope="module")
def told() -> list[tuple[Text, float]]:
    return []


@pytest.fixture(scope="module")
def planned(demo_store, told):
    settings = StudySettings(epci=(CODE,), budget=150_000.0, draws=250)
    return plan_network(settings, demo_store, progress=lambda step, share: told.append((step, share)))


def test_plan_network_gives_result_diagnosis_checksums_and_outlines(planned, demo_store):
    assert planned.result.epci_codes == (CODE,)
    assert planned.result.plan.status == "optimal"
    assert planned.diagnosis.epci_code == CODE
    assert planned.checksums["communes"] == compute_checksum(demo_store / "communes.parquet")
    inside = set(planned.result.inside_codes)
    assert inside <= set(planned.shapes.by_code)
    assert planned.shapes is planned.shapes


def test_progress_goes_from_0_to_1_without_ever_falling_and_often_enough(planned, told):
    shares = [share for _, share in told]
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert shares == sorted(shares)
    assert max(after - before for before, after in itertools.pairwise(shares)) <= 0.15
    assert told[-1][0] == Text("Done", "Terminé")
    assert len({step for step, _ in told}) >= 8


def test_plan_network_accepts_a_name_and_leaves_the_diagnosis_out_when_not_asked(planned, demo_store):
    settings = StudySettings(epci=(planned.result.territory,), places=2, draws=0, alternatives=0)
    bare = plan_network(settings, demo_store, diagnose=False)
    assert bare.result.epci_codes == (CODE,)
    assert bare.diagnosis is None


def test_plan_network_refuses_the_study_file_of_other_data(planned, demo_store):
    settings = StudySettings(epci=(CODE,), places=2, draws=0, alternatives=0)
    same = StudyFile(settings, inputs=planned.checksums)
    assert plan_network(settings, demo_store, written=same, diagnose=False).checksums == planned.checksums
    other = replace(same, inputs={**planned.checksums, "communes": "0" * 64})
    with pytest.raises(InputError, match="communes changed or missing"):
        plan_network(settings, demo_store, written=other)


@pytest.mark.parametrize(
    "module",
    [
        "ancrage.language",
        "ancrage.errors",
        "ancrage.figures",
        "ancrage.planning",
        "ancrage.parameters",
        "ancrage.study.settings",
        "ancrage.reports",
        "ancrage.reports.study_file",
    ],
)
def test_what_a_web_page_imports_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout.split() == []


def test_reports_package_still_offers_its_names():
    import ancrage.reports

    assert all(getattr(ancrage.reports, name) for name in ancrage.reports.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        ancrage.reports.no_such_name  # noqa: B018
