"""The main job on CC des Deux Morin, from real open data, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

EPCI = "200072544"


def plan(real_data, *arguments):
    command = [sys.executable, "-m", "ancrage.cli.main", "plan", EPCI, "--data", str(real_data), "--json"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def read_figure(found, key):
    return next(row for row in found["figures"] if row["id"] == key)


@pytest.mark.realdata
def test_plan_of_deux_morin_is_proven_within_its_budget(real_data):
    found = plan(real_data, "--budget", "150000", "--draws", "50")
    assert found["fictional"] is False
    assert found["facts"]["status"] == "optimal"
    assert round(found["facts"]["employed_residents"]) == 10_884
    assert read_figure(found, "cost")["value"] <= 150_000
    places = {row["code"]: row for row in found["tables"]["places"]["rows"]}
    assert places["77162"]["cost"] == 0.0
    alternatives = found["tables"]["alternatives"]["rows"]
    assert len(alternatives) == 4
    assert alternatives[0]["codes"].split() == sorted(places)
    assert len({row["codes"] for row in alternatives}) == 4


@pytest.mark.realdata
def test_more_places_never_lower_the_value(real_data):
    found = [plan(real_data, "--places", str(places), "--draws", "0") for places in (2, 3, 5)]
    values = [read_figure(one, "value")["value"] for one in found]
    assert values == sorted(values)
