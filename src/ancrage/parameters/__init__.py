"""Dated and sourced parameters: legal values and coefficients, with interval, letter and source."""

from ancrage.parameters.collection import Parameters
from ancrage.parameters.loading import load_parameters, read_parameters
from ancrage.parameters.model import (
    LETTERS,
    TELE_SHARE_BY_CLASS,
    UNITS,
    Coefficient,
    Letter,
    Override,
    Preset,
    Unit,
    check_interval,
)

__all__ = [
    "LETTERS",
    "TELE_SHARE_BY_CLASS",
    "UNITS",
    "Coefficient",
    "Letter",
    "Override",
    "Parameters",
    "Preset",
    "Unit",
    "check_interval",
    "load_parameters",
    "read_parameters",
]
