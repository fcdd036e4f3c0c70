"""How far the times of a provider are from reference times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ancrage.errors import InputError


@dataclass(frozen=True, slots=True)
class TravelErrors:
    """Distribution of the error over pairs [minutes], provider minus reference.

    Attributes
    ----------
    pairs : pairs compared.
    unreachable : pairs for which the provider has no time; they are in no other figure.
    bias_minutes : median error.
    mae_minutes : mean absolute error.
    p50_minutes, p90_minutes, p95_minutes : percentiles of the absolute error.
    """

    pairs: int
    unreachable: int
    bias_minutes: float
    mae_minutes: float
    p50_minutes: float
    p90_minutes: float
    p95_minutes: float


def compute_travel_errors(minutes: NDArray[np.float64], reference: NDArray[np.float64]) -> TravelErrors:
    """Return the distribution of the error of `minutes` against `reference`, both (k,) [minutes].

    Raises
    ------
    InputError
        If no pair has a time on both sides.
    """
    error = (minutes - reference)[np.isfinite(minutes)]
    if not len(error):
        raise InputError(
            f"None of the {len(minutes)} pairs can be compared: the provider reaches none of them. Check that its "
            "network or its communes cover the places of the pairs.",
            f"Aucun des {len(minutes)} couples ne peut être comparé : aucun n'est atteint. Vérifiez que le réseau ou "
            "les communes couvrent les lieux des couples.",
        )
    away = np.abs(error)
    p50, p90, p95 = (float(value) for value in np.percentile(away, [50, 90, 95]))
    return TravelErrors(
        pairs=len(error),
        unreachable=len(minutes) - len(error),
        bias_minutes=float(np.median(error)),
        mae_minutes=float(away.mean()),
        p50_minutes=p50,
        p90_minutes=p90,
        p95_minutes=p95,
    )
