"""The network: its map, its places and the communes that use them."""

from __future__ import annotations

from ancrage.reports.context import Context
from ancrage.reports.maps import draw_network_map
from ancrage.reports.model import Block, Chart, Column, Note, Paragraph, Section, Table
from ancrage.reports.sections.summary import describe_map
from ancrage.study.results import PlaceResult


def build_network(context: Context) -> Section:
    """Build the section on the network."""
    result, pen = context.result, context.pen
    blocks: list[Block] = [Paragraph(_describe_people(context))]
    if context.shapes or result.communes:
        spec = draw_network_map(
            context.list_map_communes(),
            context.list_map_places(),
            context.shapes,
            context.network_words,
            max_height=450,
        )
        title = pen.say("Places, desks and catchments", "Lieux, postes et bassins d'usagers")
        blocks.append(Chart("network_map", title, spec, describe_map(context), context.study_sources))
    if not result.places:
        blocks.append(Note(pen.say("The plan opens no place.", "Le plan n'ouvre aucun lieu.")))
    blocks.append(_build_places(context))
    blocks.append(_build_communes(context))
    return Section("network", pen.say("The network proposed", "Le réseau proposé"), tuple(blocks))


def _describe_people(context: Context) -> str:
    result, pen = context.result, context.pen
    workers, eligible = pen.number(result.residents_workers), pen.number(result.eligible_workers)
    share = pen.share(result.eligible_workers / result.residents_workers if result.residents_workers else None)
    return pen.say(
        f"{workers} employed residents are in the flows; {eligible} ({share}) have a commute that a place would "
        "shorten enough to be worth the trip.",
        f"{workers} actifs occupés du territoire figurent dans les flux ; {eligible} ({share}) ont un trajet qu'un "
        "lieu raccourcirait assez pour valoir le déplacement.",
    )


def _build_places(context: Context) -> Table:
    result, pen = context.result, context.pen
    factor, unit = context.objective_scale
    columns = (
        Column("code", pen.say("Code", "Code"), printed=False),
        Column("name", pen.say("Commune", "Commune"), width=2.5),
        Column("kind", pen.say("Kind", "Nature"), width=2.0),
        Column("desks", pen.say("Desks", "Postes"), "number", pen.unit("desks"), width=1.0),
        Column("desks_interval", "P10–P90", "interval", pen.unit("desks"), 0, 1.3),
        Column("users", pen.say("Users", "Usagers"), "number", pen.unit("people"), None, 1.1),
        Column("users_interval", pen.say("Users P10–P90", "Usagers P10–P90"), "interval", pen.unit("people"), None,
               printed=False),
        Column("desk_days", pen.say("Use", "Fréquentation"), "number", pen.unit("desk-days/week"), None, printed=False),
        Column("desk_days_interval", pen.say("Use P10–P90", "Fréquentation P10–P90"), "interval",
               pen.unit("desk-days/week"), None, printed=False),
        Column("served", pen.say("Served", "Demande servie"), "share", "%", 0, 1.1),
        Column("cost", pen.say("Net cost", "Coût net"), "number", pen.unit("EUR/year"), None, 1.3),
        Column("cost_interval", pen.say("Net cost P10–P90", "Coût net P10–P90"), "interval", pen.unit("EUR/year"), None,
               printed=False),
        Column("loss", pen.say("Lost without it", "Perte sans lui"), "number", pen.unit(unit), None, 1.5),
        Column("site_share", pen.say("In best network", "Dans le meilleur réseau"), "share",
               pen.say("% of simulations", "% des simulations"), 0, 1.5),
        Column("communes", pen.say("Communes", "Communes"), "number", "", 0, printed=False),
        Column("catchment", pen.say("Catchment", "Bassin d'usagers"), printed=False),
    )  # fmt: skip
    rows = tuple(
        (
            p.code,
            p.name,
            describe_kind(context, p),
            p.desks.value,
            _pair(p.desks.low, p.desks.high),
            p.users.value,
            _pair(p.users.low, p.users.high),
            p.desk_days.value,
            _pair(p.desk_days.low, p.desk_days.high),
            p.served,
            p.cost.value,
            _pair(p.cost.low, p.cost.high),
            p.loss * factor,
            p.site_share,
            float(len(p.catchment)),
            ", ".join(context.name(code) for code in p.catchment),
        )
        for p in result.places
    )
    return Table(
        "places",
        pen.say("Places", "Lieux"),
        pen.say("The places of the network", "Les lieux du réseau"),
        columns,
        rows,
        note=pen.say(
            "P10–P90: interval over the simulations. Served: share of the demand that finds a desk. Lost without it: "
            "objective lost if this place alone closes. An existing place is outside the budget.",
            "P10–P90 : intervalle sur les simulations. Demande servie : part qui trouve un poste. Perte sans lui : ce "
            "que perd l'objectif si ce lieu seul ferme. Un lieu existant est hors budget.",
        ),
        sources=f"{context.study_sources} {context.travel_note}".strip(),
    )


def describe_kind(context: Context, place: PlaceResult) -> str:
    """Return the nature of a place, with its name where it exists already."""
    pen = context.pen
    words = {
        "existing": pen.say("existing", "existant"),
        "kept": pen.say("imposed by the study", "imposé par l'étude"),
        "chosen": pen.say("new", "nouveau"),
    }
    kind = words[place.kind]
    return f"{kind} ({place.label})" if place.label else kind


def _pair(low: float | None, high: float | None) -> tuple[float, float] | None:
    return None if low is None or high is None else (low, high)


def _build_communes(context: Context) -> Table:
    result, pen = context.result, context.pen
    columns = (
        Column("code", pen.say("Code", "Code")),
        Column("name", pen.say("Commune", "Commune"), width=2.5),
        Column("zone", pen.say("Zone", "Zone")),
        Column("workers", pen.say("Employed residents", "Actifs occupés"), "number", pen.unit("people"), 0),
        Column("place", pen.say("Code of the place", "Code du lieu")),
        Column("place_name", pen.say("Place used", "Lieu utilisé"), width=2.5),
        Column("minutes", pen.say("Drive", "Trajet"), "number", pen.unit("min"), 1),
        Column("km", pen.say("Distance", "Distance"), "number", pen.unit("km"), 1),
        Column("desk_days", pen.say("Use", "Fréquentation"), "number", pen.unit("desk-days/week"), 2),
    )
    zones = {
        "inside": pen.say("territory", "territoire"),
        "halo": pen.say("halo", "halo"),
    }
    rows = tuple(
        (
            c.code,
            c.name,
            zones[c.zone],
            c.workers,
            c.place,
            context.name(c.place) if c.place else "",
            c.minutes,
            c.km,
            c.desk_days,
        )
        for c in result.communes
    )
    return Table(
        "communes",
        pen.say("Communes", "Communes"),
        pen.say("Which place each commune uses", "Le lieu utilisé par chaque commune"),
        columns,
        rows,
        note=pen.text(result.travel_label),
        sources=context.study_sources,
        printed_rows=0,
    )
