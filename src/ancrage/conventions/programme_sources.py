"""Columns of our tables of programmes and past grants, and open tables converted to them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

PROGRAMME_COLUMNS = (
    "key", "name", "operator", "nature", "origin", "rate_max", "ceiling", "investment_only", "detr", "employees_min",
    "employees_max", "sectors", "places", "stages", "description", "eligibility", "amount_text", "url", "valid_until",
    "source", "licence", "verified_on",
)  # fmt: skip
GRANT_COLUMNS = (
    "scheme", "year", "commune", "departement", "beneficiary", "description", "category", "cost", "amount", "lon",
    "lat", "source", "licence",
)  # fmt: skip
# Columns of the table of aids to firms of Transition écologique des entreprises, read as they are.
BUSINESS_COLUMNS = frozenset({"slug", "title", "operator", "nature", "amount", "eligibility", "valid_until"})
BUSINESS_SOURCE = "Transition écologique des entreprises, 2024-07-01"
STATE_SOURCE = "DGCL/ANCT, DETR-DSIL-DSID 2019"
FONDS_VERT_SOURCE = "Fonds vert 2023 (MTE)"
OPEN_LICENCE = "Licence Ouverte 2.0"
UNKNOWN_LICENCE = "non précisée par la source"
# In `sectors`, `places` and `stages`: an empty cell is "not said"; this word is "all are welcome".
EVERY = "tous"
_BUSINESS_NATURES = {
    "financement": "grant",
    "prêt": "loan",
    "accompagnement": "study",
    "formation": "training",
    "avantage fiscal": "tax",
}


def convert_business_aid(row: Mapping[str, Any]) -> dict[str, str]:
    """Return a row of aids to firms (Transition écologique des entreprises) in our columns.

    Only what the source says without a doubt becomes a condition (all sizes, all sectors, all France); the other
    words of its eligibility are kept as a text for a person to read, and stay "not said".
    """
    eligibility = _read_eligibility(str(row.get("eligibility") or ""))
    joined = {name: " ".join(values).lower() for name, values in eligibility.items()}
    size, sector = joined.get("taille de l'entreprise", ""), joined.get("secteur d'activité", "")
    place = joined.get("secteur géographique", "")
    until = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", str(row.get("valid_until") or "").strip())
    every_size = "toutes tailles" in size
    written = str(row.get("url") or "").strip()
    # Some cells give two addresses, or a word: the first address is kept, and the whole cell as a text.
    address = re.search(r"https?://[^\s<>\"]+", written)
    if written and (address is None or address[0] != written):
        eligibility = {**eligibility, "lien donné par la source": [written]}
    return {
        "key": str(row.get("slug") or ""),
        "name": str(row.get("title") or ""),
        "operator": str(row.get("operator") or ""),
        "nature": _BUSINESS_NATURES.get(str(row.get("nature") or "").strip(), "other"),
        "origin": "public",
        "employees_min": "0" if every_size else "",
        "sectors": EVERY if sector.startswith("tous secteurs") else "",
        "places": EVERY if place.startswith("france et territoires") else "",
        "description": "\n".join(str(part) for part in (row.get("promise"), row.get("description")) if part),
        "eligibility": "\n".join(f"{name} : {' ; '.join(values)}" for name, values in eligibility.items()),
        "amount_text": str(row.get("amount") or ""),
        "url": address[0] if address else "",
        "valid_until": f"{until[3]}-{until[2]}-{until[1]}" if until else "",
        "source": str(row.get("source") or BUSINESS_SOURCE),
        "licence": str(row.get("licence") or UNKNOWN_LICENCE),
    }


def convert_state_grant(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a row of State investment grants of 2019 in our columns, or None when it has no description."""
    if not (row.get("description") or "").strip():
        return None
    code = str(row["territory_code"])
    return {
        "scheme": row["grant_scheme"],
        "year": 2019,
        "commune": code if row["level"] == "commune" and len(code) == 5 else "",
        "departement": row["departement"],
        "beneficiary": str(row["territory_name"])[:200],
        "description": row["description"],
        # The source numbers its categories and writes one in two ways.
        "category": re.sub(r"^\d+\s*-\s*", "", row["category"]).strip()[:160],
        "cost": f"{row['total_cost_eur']:.2f}",
        "amount": f"{row['grant_eur']:.2f}",
        "lon": row["lon"],
        "lat": row["lat"],
        "source": STATE_SOURCE,
        "licence": OPEN_LICENCE,
    }


def convert_fonds_vert_grant(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a row of the Fonds vert of 2023 in our columns; its projects have no published cost."""
    if not (row.get("project") or "").strip():
        return None
    commune = row.get("commune") or ""
    departement = commune[:3] if commune[:2] in ("97", "98") else commune[:2]
    return {
        "scheme": "Fonds vert",
        "year": 2023,
        "commune": commune,
        "departement": departement,
        "beneficiary": str(row.get("beneficiary") or "")[:200],
        "description": row["project"],
        "category": str(row.get("measure") or "")[:160],
        "amount": f"{row['amount_eur']:.2f}",
        "source": FONDS_VERT_SOURCE,
        "licence": UNKNOWN_LICENCE,
    }


def choose_converter(columns: Iterable[str]) -> tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Any]] | None:
    """Return our columns and the function that converts a row of an open table known here, None for another."""
    names = set(columns)
    if names >= BUSINESS_COLUMNS:
        return PROGRAMME_COLUMNS, convert_business_aid
    if names >= {"grant_scheme", "grant_eur", "total_cost_eur", "territory_code"}:
        return GRANT_COLUMNS, convert_state_grant
    if names >= {"project", "measure", "amount_eur", "beneficiary"}:
        return GRANT_COLUMNS, convert_fonds_vert_grant
    return None


def _read_eligibility(text: str) -> dict[str, list[str]]:
    try:
        found = json.loads(text)
    except ValueError:
        return {"critères": [text]} if text.strip() else {}
    if not isinstance(found, dict):
        return {"critères": [text]}
    return {
        str(name): [str(v) for v in (values if isinstance(values, list) else [values])]
        for name, values in found.items()
    }
