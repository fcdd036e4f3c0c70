"""What every section of a report is written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ancrage.diagnosis.model import Diagnosis
from ancrage.figures import Figure, Source
from ancrage.reports.maps import MapCommune, MapPlace, NetworkWords
from ancrage.reports.model import KeyFigure
from ancrage.reports.shapes import Shapes
from ancrage.reports.writing import Pen, compute_display_scale
from ancrage.study.results import PlaceResult, StudyResult

_MOST_CITED = 3


class DiagnosisContext(Protocol):
    """What the parts of a diagnosis are written from, whether it stands alone or in the report of a study."""

    @property
    def pen(self) -> Pen:
        """Return the pen that writes."""

    @property
    def shapes(self) -> Shapes:
        """Return the outlines of the communes, perhaps none."""

    def cite(self, tables: Iterable[str]) -> str:
        """Return the line of sources that goes below what rests on these tables."""

    def list_map_communes(self) -> tuple[MapCommune, ...]:
        """Return the communes to draw."""


def cite_sources(sources: Mapping[str, Source], tables: Iterable[str], pen: Pen) -> str:
    """Return "Sources: producer (vintage)" for the tables that are known, in that order; titles are at the end."""
    cited = []
    for table in dict.fromkeys(tables):
        source = sources.get(table)
        if source is not None:
            told = source.producer or pen.text(source.title)
            cited.append(f"{told} ({source.vintage})" if source.vintage else told)
    cited = list(dict.fromkeys(cited))
    if not cited:
        return ""
    if len(cited) > _MOST_CITED:
        return pen.say("Sources: see the table of data used.", "Sources : voir le tableau des données utilisées.")
    return pen.say("Sources: ", "Sources : ") + pen.say("; ", " ; ").join(cited) + "."


@dataclass(frozen=True)
class Context:
    """A study, the diagnosis of its territory (or None), outlines (perhaps none) and the pen that writes."""

    result: StudyResult
    diagnosis: Diagnosis | None
    shapes: Shapes
    pen: Pen

    @cached_property
    def objective_scale(self) -> tuple[float, str]:
        """Return the factor and the unit in which the objective is shown."""
        return compute_display_scale(self.result.value.unit)

    @cached_property
    def objective_label(self) -> str:
        """Return the name of the objective, starting with a capital letter."""
        label = self.pen.text(self.result.objective_label).replace("CO2", "CO₂")
        return label[:1].upper() + label[1:]

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the names of communes by code."""
        found = {c.code: c.name for c in self.result.communes}
        found.update({code: name for code, name, _ in self._list_shares()})
        found.update({c.code: c.name for c in self.result.constraints if c.code})
        found.update({p.code: p.name for p in self.result.places})
        return found

    def _list_shares(self) -> tuple[tuple[str, str, float], ...]:
        return () if self.result.robustness is None else self.result.robustness.site_share

    def name(self, code: str) -> str:
        """Return the name of a commune, or its code where the study does not name it."""
        return self.names.get(code, code)

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Return the sources of the study, then those of the diagnosis, by table."""
        found = {source.table: source for source in self.result.sources}
        if self.diagnosis is not None:
            for source in self.diagnosis.sources:
                found.setdefault(source.table, source)
        return found

    def cite(self, tables: Iterable[str]) -> str:
        """Return the line of sources that goes below what rests on these tables."""
        return cite_sources(self.sources, tables, self.pen)

    @cached_property
    def study_sources(self) -> str:
        """Return the line that goes below what the study computes."""
        # The flows are the table that every figure rests on; the others are listed in the annex.
        cited = self.cite(s.table for s in self.result.sources if s.table.startswith("flows"))
        own = self.pen.say("Ancrage's computation.", "Calculs Ancrage.")
        return f"{cited} {own}".strip()

    @cached_property
    def estimated(self) -> bool:
        """Return whether travel times come from an estimate: the provider's sentence says so."""
        return "estimate" in self.result.travel_label.en.lower()

    @cached_property
    def travel_note(self) -> str:
        """Return the few words that go beside every figure resting on estimated travel times, else nothing."""
        if not self.estimated:
            return ""
        return self.pen.say("Estimated travel times.", "Temps de trajet estimés.")

    def build_key_figure(
        self, key: str, label: str, figure: Figure, *, decimals: int | None = None, note: str = ""
    ) -> KeyFigure:
        """Return a figure in the unit in which it is shown."""
        factor, unit = compute_display_scale(figure.unit)
        return KeyFigure(
            id=key,
            label=label,
            value=figure.value * factor,
            unit=self.pen.unit(unit),
            low=None if figure.low is None else figure.low * factor,
            high=None if figure.high is None else figure.high * factor,
            decimals=decimals,
            note=note,
            formula=figure.formula,
            sources=figure.sources,
            assumptions=figure.assumptions,
        )

    def list_map_communes(self) -> tuple[MapCommune, ...]:
        """Return the communes of the study area and of its halo, as the maps want them."""
        served = {c.code: c for c in self.result.communes}
        rows = [MapCommune(c.code, c.lon, c.lat, c.zone == "inside", c.place) for c in self.result.communes]
        # A commune of the study area may have no flow: it still belongs on the map where its outline is known.
        for code in self.result.inside_codes:
            if code not in served and code in self.shapes.by_code:
                centre = self.shapes.by_code[code].representative_point()
                rows.append(MapCommune(code, centre.x, centre.y, inside=True, place=""))
        return tuple(rows)

    def list_map_places(self) -> tuple[MapPlace, ...]:
        """Return the places of the network with their labels."""
        return tuple(
            MapPlace(p.code, p.lon, p.lat, p.desks.value, p.kind == "existing", self.label_place(p))
            for p in self.result.places
        )

    def label_place(self, place: PlaceResult) -> str:
        """Return "Name · 8 desks"."""
        desks = self.pen.count(round(place.desks.value), ("desk", "desks"), ("poste", "postes"))
        return f"{place.name} · {desks}"

    @cached_property
    def network_words(self) -> NetworkWords:
        """Return the legend of the network maps."""
        say = self.pen.say
        return NetworkWords(
            new=say("New place (size: number of desks)", "Nouveau lieu (taille : nombre de postes)"),
            existing=say("Existing place", "Lieu existant"),
            catchment=say("Communes of one colour use the same place", "Communes d'une même couleur : même lieu"),
            halo=say("Around the territory (halo), lighter", "Hors du territoire (halo), plus clair"),
            unserved=say("No place within reach", "Aucun lieu à portée"),
        )
