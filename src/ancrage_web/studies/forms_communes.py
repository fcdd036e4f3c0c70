"""Communes of a study as form controls: free, kept or excluded; zones with a floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ancrage.language import Text
from ancrage_web.design.words import say
from ancrage_web.studies.forms import read_number, write_number

CHOICES = ("free", "keep", "exclude")
CHOICE_NAMES: dict[str, Text] = {
    "free": Text("Free", "Libre"),
    "keep": Text("Kept", "Gardée"),
    "exclude": Text("Excluded", "Exclue"),
}
MOST_FLOORS = 8


@dataclass
class CommuneRow:
    """One commune of the study area.

    Attributes
    ----------
    existing : names of the places already there; choice : "free", "keep" or "exclude".
    """

    code: str
    name: str
    epci: str
    population: int
    existing: tuple[str, ...] = ()
    choice: str = "free"


@dataclass
class FloorRow:
    """One zone in which a share of the workers must be served; texts as typed."""

    number: int
    name: str = ""
    share: str = ""
    communes: tuple[str, ...] = ()
    errors: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Return whether nothing was typed."""
        return not (self.name or self.share or self.communes)


def find_code(asked: str, communes: Sequence[CommuneRow]) -> str | None:
    """Return the code of a commune that settings give by code or by name."""
    for row in communes:
        if asked == row.code or asked.casefold() == row.name.casefold():
            return row.code
    return None


def mark_choices(communes: Sequence[CommuneRow], settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Set the choice of each commune from settings; return the asked communes that are not of the study area."""
    by_code = {row.code: row for row in communes}
    unknown = []
    for choice, key in (("keep", "keep"), ("exclude", "exclude")):
        for asked in settings.get(key, ()):
            code = find_code(asked, communes)
            if code is None:
                unknown.append(asked)
            else:
                by_code[code].choice = choice
    return tuple(unknown)


def read_choices(communes: Sequence[CommuneRow], data: Mapping[str, Any]) -> None:
    """Set the choice of each commune from what was posted."""
    for row in communes:
        choice = str(data.get(f"commune-{row.code}", "free"))
        row.choice = choice if choice in CHOICES else "free"


def list_chosen(communes: Sequence[CommuneRow], choice: str) -> list[str]:
    """Return the codes of the communes with this choice."""
    return [row.code for row in communes if row.choice == choice]


def build_floors(floors: Sequence[Mapping[str, Any]], communes: Sequence[CommuneRow]) -> list[FloorRow]:
    """Build the rows of stored floors, communes by their codes."""
    in_epci: dict[str, list[str]] = {}
    for row in communes:
        in_epci.setdefault(row.epci, []).append(row.code)
    rows = []
    for number, floor in enumerate(floors):
        codes: list[str] = []
        for asked in floor["communes"]:
            code = find_code(asked, communes)
            # A zone may be given as a whole EPCI.
            codes += in_epci.get(asked, []) if code is None else [code]
        rows.append(FloorRow(number, floor["name"], write_number(100 * floor["share"]), tuple(codes)))
    return rows


def read_floors(data: Any) -> list[FloorRow]:
    """Return the rows of zones that were posted."""
    try:
        count = min(int(data.get("floors", 0)), MOST_FLOORS)
    except ValueError:
        count = 0
    return [
        FloorRow(
            number,
            str(data.get(f"floor-{number}-name", "")).strip(),
            str(data.get(f"floor-{number}-share", "")).strip(),
            tuple(data.getlist(f"floor-{number}-communes")),
        )
        for number in range(count)
    ]


def check_floors(rows: Sequence[FloorRow], communes: Sequence[CommuneRow]) -> list[dict[str, Any]]:
    """Return the floors as settings; what is wrong is written into the rows. Empty rows are left out."""
    known = {row.code for row in communes}
    floors: list[dict[str, Any]] = []
    names: set[str] = set()
    for row in rows:
        if row.empty:
            continue
        share = read_number(row.share) if row.share else None
        if not row.name:
            row.errors.append(say(Text("The zone has no name: give one.", "La zone n'a pas de nom : donnez-en un.")))
        elif row.name.casefold() in names:
            row.errors.append(
                say(
                    Text(
                        f"Two zones are named “{row.name}”: rename one of them.",
                        f"Deux zones s'appellent « {row.name} » : renommez l'une d'elles.",
                    )
                )
            )
        if share is None or not 0 < share <= 100:
            row.errors.append(
                say(
                    Text(
                        f"The share “{row.share}” is not a percentage: give a number above 0, 100 at most.",
                        f"La part « {row.share} » n'est pas un pourcentage : donnez un nombre supérieur à 0, 100 au "
                        "plus.",
                    )
                )
            )
        chosen = [code for code in row.communes if code in known]
        if not chosen:
            row.errors.append(
                say(Text("The zone has no commune: tick at least one.", "La zone n'a aucune commune : cochez-en une."))
            )
        names.add(row.name.casefold())
        if not row.errors and share is not None:
            floors.append({"name": row.name, "communes": chosen, "share": share / 100})
    return floors
