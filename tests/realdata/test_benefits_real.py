"""The OR-Library's p-median instances (Beasley 1985): proven, at the published optimum."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ancrage.siting._benefits import build_benefits
from ancrage.siting.benefits import solve_benefits


@pytest.mark.realdata
def test_published_optima_are_proven(real_data: Path):
    listed = pl.read_csv(real_data / "siting" / "orlib_pmed.csv")
    proven = {}
    with np.load(real_data / "siting" / "orlib_pmed.npz") as triangles:
        for name, n, places, _ in listed.rows():
            distance = np.zeros((n, n))
            distance[np.triu_indices(n, 1)] = triangles[name]
            distance += distance.T
            farthest = distance.max(axis=1)
            benefits = build_benefits(
                np.arange(n + 1) * n,
                np.tile(np.arange(n), n),
                (farthest[:, None] - distance).ravel(),
                fixed=np.zeros(n),
                state=np.zeros(n, dtype=np.int8),
                places=places,
            )
            solution = solve_benefits(benefits)
            proven[name] = solution.proven, farthest.sum() - solution.bound
            assert distance[:, solution.open].min(axis=1).sum() == farthest.sum() - solution.value
    assert len(proven) == 20
    assert proven == {name: (True, optimum) for name, _, _, optimum in listed.rows()}
