"""The fictional territory, written once, for the tests that need a whole store."""

from __future__ import annotations

from pathlib import Path

import pytest

from ancrage.opendata.demo import write_demo_store


@pytest.fixture(scope="session")
def demo_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the fictional territory (EPCI 000000001); tests read it and never write into it."""
    folder = tmp_path_factory.mktemp("demo") / "data"
    write_demo_store(folder, 1)
    return folder
