"""What the open data says of a territory, beside comparable ones (method.md, section 8)."""

from ancrage.diagnosis.building import build_diagnosis
from ancrage.diagnosis.indicators import FAMILIES, UNITS, compute_indicators, list_indicators
from ancrage.diagnosis.workspace import build_workspace

__all__ = ["FAMILIES", "UNITS", "build_diagnosis", "build_workspace", "compute_indicators", "list_indicators"]
