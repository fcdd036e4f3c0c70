"""Fixtures shared by every layer of tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real open data, or skip and say why."""
    folder = Path(os.environ.get("ANCRAGE_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "flows.parquet").exists():
        pytest.skip(f"real open data is not at {folder}: set ANCRAGE_REAL_DATA to a folder of tables")
    return folder
