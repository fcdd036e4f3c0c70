"""The catalogue and the past grants of the real open data: converted, read without a mistake, compared."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest

from ancrage.conventions.programme_tables import read_grant_table, read_programme_table
from ancrage.conventions.programmes import PastGrant, compute_spread, find_similar_grants

pytestmark = pytest.mark.realdata


def convert(path):
    command = [sys.executable, "-m", "ancrage.cli.main", "convention", "table", str(path)]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def test_aid_programmes_are_read_without_a_mistake_and_keep_what_is_not_said(real_data):
    table = read_programme_table(convert(real_data / "aid_programmes_business_tee.parquet"))
    assert (len(table.rows), table.problems) == (106, [])
    by_key = {row["key"]: row for row in table.rows}
    audit = by_key["audit-energetique-en-industrie"]
    assert (audit["sectors"], audit["places"], audit["employees_min"]) == (None, [], 0)
    assert (audit["nature"], audit["valid_until"]) == ("grant", date(2024, 12, 31))
    assert "secteur d'activité : Industrie" in audit["eligibility"]
    assert {row["verified_on"] for row in table.rows} == {None}
    assert sum("lien donné par la source" in row["eligibility"] for row in table.rows) == 4


def test_state_grants_are_read_whole_and_similar_ones_are_found_nearby(real_data):
    table = read_grant_table(convert(real_data / "state_investment_grants_2019.parquet"))
    # 11 of the 24,811 have no description.
    assert (len(table.rows), table.problems) == (24_800, [])
    assert sum(row["amount"] for row in table.rows) == Decimal("1706947392.52")
    grants = (
        PastGrant(rank, row["description"], row["category"], row["amount"], row["cost"], (row["lon"], row["lat"]))
        for rank, row in enumerate(table.rows)
    )
    found = find_similar_grants("Création d'un espace de coworking, tiers-lieu", grants, point=(3.2, 48.8), radius=200)
    assert found
    assert "coworki" in found[0].words or "tier" in found[0].words
    assert all(entry.distance <= 200 for entry in found)
    spread = compute_spread([entry.rate for entry in found])
    assert 0 < spread.low <= spread.median <= spread.high <= 1


def test_fonds_vert_is_read_with_its_missing_costs(real_data):
    table = read_grant_table(convert(real_data / "fonds_vert_2023_grants.parquet"))
    assert (len(table.rows), table.problems) == (10_782, [])
    assert {row["cost"] for row in table.rows} == {None}
