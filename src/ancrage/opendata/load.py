"""From the tables of a store to the study area in memory (method.md, sections 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ancrage.errors import InputError, NoFlowsError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.flow_tables import FlowTable, choose_flows, list_flow_tables
from ancrage.opendata.mixes import LABOUR, MOBILITY, OBSERVED, compute_filled_flows
from ancrage.opendata.national_mix import NATIONAL_SOURCES
from ancrage.territory.geography import compute_great_circle_km
from ancrage.territory.model import MODE_NAMES, Communes, ExistingPlace, Flows, Territory
from ancrage.territory.search import choose_epci
from ancrage.territory.tables import Tables, scan_communes
from ancrage.territory.travel import Points, TravelProvider

# No car goes further than this as the crow flies in one minute (72 km/h): pairs beyond are not asked for.
CROW_KM_PER_MINUTE = 1.2
# Below this share of employed residents explained by the flows, a warning goes beside the figures.
COVERAGE_WARNING = 0.9
# Columns of `communes` without which no study can start.
_COMMUNE_COLUMNS = ("code", "name", "epci_code", "epci_name", "departement", "region", "lon", "lat", "area_km2")


def load_territory(
    tables: Tables, epci_codes: Sequence[str], provider: TravelProvider, max_minutes: float
) -> Territory:
    """Return the study area of one or several EPCI, with its halo, flows, existing places and coverage.

    Parameters
    ----------
    tables : an open store.
    epci_codes : EPCI codes (SIREN, nine digits); a name is accepted too (`territory.search.choose_epci`).
    provider : gives the minutes that decide of the halo.
    max_minutes : longest access to a place [min]; the halo is every commune outside the EPCI from which a
        commune of the study area can be reached within it.

    Raises
    ------
    InputError
        If an EPCI is unknown (the nearest names are offered), or a table holds unusable values.
    MissingDataError
        If the store has no `communes` table; NoFlowsError where it has no flows for these EPCI.
    """
    communes = _read_communes(tables)
    codes = _choose_epci_codes(tables, communes, epci_codes)
    inside_codes = communes.filter(pl.col("epci_code").is_in(codes))["code"].to_list()
    halo_codes = _choose_halo(communes, inside_codes, provider, max_minutes)
    named = {code: str(name) for code, name in communes.select("epci_code", "epci_name").iter_rows() if name}
    name = " + ".join(named.get(code, code) for code in codes)

    flow_tables = list_flow_tables(tables)
    chosen = choose_flows(flow_tables, [*inside_codes, *halo_codes])
    studied = chosen.filter(pl.col("home").is_in(inside_codes))
    if studied.is_empty():
        raise _build_no_flows_error(name, flow_tables)
    split, class_level, class_tables = compute_filled_flows(tables, flow_tables, chosen, communes, "csp")
    split, mode_level, mode_tables = compute_filled_flows(tables, flow_tables, split, communes, "mode")

    rows = _build_communes(communes, inside_codes, halo_codes, split)
    inside = np.isin(rows.code, inside_codes)
    halo = np.isin(rows.code, halo_codes)
    vintages = studied.group_by("vintage").agg(pl.col("workers").sum()).sort("workers", "vintage")
    flows = _build_flows(rows, split, int(vintages["vintage"][-1]), class_level, mode_level)

    coverage = _compute_coverage(tables, studied, inside_codes)
    warnings = [
        *_list_vintage_warnings(chosen, flows.vintage),
        *_list_coverage_warnings(coverage, _compute_coverage(tables, chosen, halo_codes)),
        *_list_edge_warnings(communes, flow_tables, chosen, inside_codes, halo_codes),
        *_list_position_warnings(tables, inside_codes),
        *_list_mix_warnings(class_level, class_tables, mode_level, mode_tables),
    ]
    existing = _read_existing(tables, inside_codes)
    used = ["communes", *chosen["table"].unique().sort(), *class_tables, *mode_tables]
    used += [LABOUR] if coverage is not None else []
    used += ["third_places"] if existing else []
    return Territory(
        epci_codes=codes,
        name=name,
        communes=rows,
        inside=inside,
        halo=halo,
        flows=flows,
        existing=existing,
        coverage=coverage,
        sources=tuple(_get_source(tables, table) for table in dict.fromkeys(used)),
        warnings=tuple(warnings),
        fictional=tables.fictional,
    )


def _get_source(tables: Tables, name: str) -> Source:
    return (
        tables.sources.get(name)
        or NATIONAL_SOURCES.get(name)
        or Source(name, Text(name, name), producer="", vintage="", licence="")
    )


def _read_communes(tables: Tables) -> pl.DataFrame:
    """Return code, name, EPCI, departement, region, lon, lat, area_km2 and population, sorted by code."""
    frame, population = scan_communes(tables, _COMMUNE_COLUMNS)
    columns = set(frame.collect_schema().names())
    fallback = {"centroid_lon", "centroid_lat"} <= columns
    lon, lat = (
        (pl.coalesce("lon", "centroid_lon"), pl.coalesce("lat", "centroid_lat"))
        if fallback
        else (pl.col("lon"), pl.col("lat"))
    )
    return (
        frame.select(
            "code",
            "name",
            pl.col("epci_code").fill_null(""),
            "epci_name",
            "departement",
            "region",
            lon=lon,
            lat=lat,
            area_km2=pl.col("area_km2").cast(pl.Float64).fill_null(float("nan")),
            population=pl.col(population).cast(pl.Int64).fill_null(0),
        )
        .sort("code")
        .collect()
    )


def _choose_epci_codes(tables: Tables, communes: pl.DataFrame, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the codes of the EPCI asked for by code or by name, each once, in the order asked."""
    if not asked:
        raise InputError(
            "No EPCI was given: give at least one code, such as 200072544.",
            "Aucune intercommunalité (EPCI) n'a été donnée : donnez au moins un code, par exemple 200072544.",
        )
    known = set(communes["epci_code"])
    if "epci" not in tables:
        epci = communes.filter(pl.col("epci_code") != "").select("epci_code", pl.col("epci_name").alias("name"))
        tables = Tables({**tables.frames, "epci": epci.unique().lazy()}, tables.sources)
    codes = (text.strip() if text.strip() in known - {""} else choose_epci(tables, text) for text in asked)
    return tuple(dict.fromkeys(codes))


def _choose_halo(
    communes: pl.DataFrame, inside_codes: Sequence[str], provider: TravelProvider, max_minutes: float
) -> list[str]:
    """Return the communes outside the study area from which one of its communes is within `max_minutes`."""
    if not (np.isfinite(max_minutes) and max_minutes >= 0):
        raise InputError(
            f"The longest access time is {max_minutes}: give a number of minutes, zero or more.",
            f"Le temps d'accès maximal vaut {max_minutes} : donnez un nombre de minutes, nul ou positif.",
        )
    located = communes.filter(pl.col("lon").is_not_null() & pl.col("lat").is_not_null())
    lon, lat = located["lon"].to_numpy(), located["lat"].to_numpy()
    is_inside = located["code"].is_in(list(inside_codes)).to_numpy()
    targets = np.flatnonzero(is_inside)
    if not len(targets):
        return []
    reach_km = CROW_KM_PER_MINUTE * max_minutes
    # One degree of latitude is 111 km: a box first, so that distances are computed for the neighbourhood
    # only.
    margin_lat = reach_km / 110.0
    margin_lon = margin_lat / max(0.05, float(np.cos(np.radians(np.abs(lat[targets]).max() + margin_lat))))
    near = np.flatnonzero(
        ~is_inside
        & (lon >= lon[targets].min() - margin_lon)
        & (lon <= lon[targets].max() + margin_lon)
        & (lat >= lat[targets].min() - margin_lat)
        & (lat <= lat[targets].max() + margin_lat)
    )
    origins, destinations = (grid.ravel() for grid in np.meshgrid(near, targets, indexing="ij"))
    crow = compute_great_circle_km(lon[origins], lat[origins], lon[destinations], lat[destinations])
    kept = crow <= reach_km
    origins, destinations = origins[kept], destinations[kept]
    if not len(origins):
        return []
    rows, positions = np.unique(np.concatenate([origins, destinations]), return_inverse=True)
    part = located[rows]
    area = part["area_km2"].to_numpy()
    density = np.full(len(area), np.nan)
    np.divide(part["population"].to_numpy(), area, out=density, where=area > 0)
    points = Points(_to_text(part["code"]), lon[rows], lat[rows], density, area)
    pairs = provider.compute_pairs(points, positions[: len(origins)], positions[len(origins) :])
    # NaN (not reachable) compares False.
    reached = np.unique(origins[pairs.minutes <= max_minutes])
    return located["code"][reached].to_list()


def _to_text(column: pl.Series) -> NDArray[np.str_]:
    return np.asarray(column.fill_null("").to_list(), dtype=np.str_)


def _build_communes(
    communes: pl.DataFrame, inside_codes: Sequence[str], halo_codes: Sequence[str], flows: pl.DataFrame
) -> Communes:
    wanted = pl.concat([pl.Series([*inside_codes, *halo_codes], dtype=pl.String), flows["work"]]).unique()
    rows = communes.filter(pl.col("code").is_in(wanted.implode()))
    return Communes(
        code=_to_text(rows["code"]),
        name=_to_text(rows["name"]),
        epci_code=_to_text(rows["epci_code"]),
        departement=_to_text(rows["departement"]),
        lon=rows["lon"].fill_null(float("nan")).to_numpy(),
        lat=rows["lat"].fill_null(float("nan")).to_numpy(),
        area_km2=rows["area_km2"].to_numpy(),
        population=rows["population"].to_numpy(),
    )


def _build_flows(communes: Communes, flows: pl.DataFrame, vintage: int, class_level: str, mode_level: str) -> Flows:
    position = pl.DataFrame({"code": communes.code.tolist(), "row": np.arange(len(communes), dtype=np.int64)})
    cells = (
        flows.with_columns(mode=pl.col("mode").replace_strict(MODE_NAMES, return_dtype=pl.Int8))
        .group_by("home", "work", "csp", "mode")
        .agg(pl.col("workers").sum())
        .filter(pl.col("workers") > 0)
        .join(position.rename({"code": "home", "row": "home_row"}), on="home")
        .join(position.rename({"code": "work", "row": "work_row"}), on="work", how="left")
        .with_columns(pl.col("work_row").fill_null(-1))
        # Cells whose work place is unknown merge into one, and the order never depends on the file's.
        .group_by("home_row", "work_row", "csp", "mode")
        .agg(pl.col("workers").sort().sum())
        .sort("home_row", "work_row", "csp", "mode")
    )
    return Flows(
        home=cells["home_row"].to_numpy(),
        work=cells["work_row"].to_numpy(),
        occupation=cells["csp"].to_numpy(),
        mode=cells["mode"].to_numpy(),
        workers=cells["workers"].to_numpy(),
        vintage=vintage,
        class_level=class_level,
        mode_level=mode_level,
    )


def _read_existing(tables: Tables, inside_codes: Sequence[str]) -> tuple[ExistingPlace, ...]:
    if "third_places" not in tables:
        return ()
    rows = (
        tables.scan("third_places")
        .filter(pl.col("commune").is_in(list(inside_codes)))
        .select("commune", "name", "label", "source")
        .sort("commune", "name")
        .collect()
    )
    return tuple(
        ExistingPlace(commune, name or "", label or "", source or "")
        for commune, name, label, source in rows.iter_rows()
    )


def _compute_coverage(tables: Tables, flows: pl.DataFrame, codes: Sequence[str]) -> float | None:
    """Return workers of the flows over employed residents, for the communes where both are known."""
    if LABOUR not in tables or not codes:
        return None
    employed = (
        tables.scan(LABOUR)
        .filter(pl.col("code").is_in(list(codes)))
        .select("code", employed=pl.col("active_15plus") - pl.col("unemployed_15plus"))
        .filter(pl.col("employed") > 0)
        .collect()
    )
    if employed.is_empty():
        return None
    explained = flows.join(employed, left_on="home", right_on="code", how="semi")["workers"].sum()
    return float(explained) / float(employed["employed"].sum())


def _list_vintage_warnings(flows: pl.DataFrame, vintage: int) -> list[Text]:
    others = flows.filter(pl.col("vintage") != vintage)
    if others.is_empty():
        return []
    years = ", ".join(str(year) for year in others["vintage"].unique().sort())
    homes = others["home"].n_unique()
    return [
        Text(
            f"The flows of {homes} home communes are of another census ({years}) than the others ({vintage}).",
            f"Les flux de {homes} communes de résidence viennent d'un autre recensement ({years}) que les "
            "autres "
            f"({vintage}).",
        )
    ]


def _list_coverage_warnings(inside: float | None, halo: float | None) -> list[Text]:
    found = []
    for share, where_en, where_fr in (
        (inside, "the study area", "du territoire étudié"),
        (halo, "the halo around it", "du halo qui l'entoure"),
    ):
        if share is not None and share < COVERAGE_WARNING:
            percent = f"{100 * share:.0f}"
            found.append(
                Text(
                    f"The flow file explains {percent} % of the employed residents of {where_en} (communes "
                    "of "
                    "2,000 inhabitants and over): figures that rest on it are under-counted.",
                    f"Le fichier de flux explique {percent} % des actifs occupés {where_fr} (communes de 2 "
                    "000 "
                    "habitants et plus) : les chiffres qui en dépendent sont sous-estimés.",
                )
            )
    return found


def _list_edge_warnings(
    communes: pl.DataFrame,
    flow_tables: Sequence[FlowTable],
    chosen: pl.DataFrame,
    inside_codes: Sequence[str],
    halo_codes: Sequence[str],
) -> list[Text]:
    """Warn when neighbours lie in a region where the flow file of the study area has no work place at all."""
    of_study = chosen.filter(pl.col("home").is_in(inside_codes)).select("table", "vintage").unique()
    frames = {table.name: table.frame for table in flow_tables}
    works = pl.concat(
        [
            frames[name].filter(pl.col("vintage") == vintage).select("work").unique().collect()
            for name, vintage in of_study.iter_rows()
        ]
    ).unique()
    reached = communes.join(works, left_on="code", right_on="work", how="semi")["region"].unique()
    cut = communes.filter(pl.col("code").is_in(halo_codes) & ~pl.col("region").is_in(reached.implode()))
    if cut.is_empty():
        return []
    regions = ", ".join(str(region) for region in cut["region"].unique().sort())
    return [
        Text(
            f"The study area touches the edge of the flow file: {cut.height} neighbouring communes are in "
            "regions "
            f"(codes {regions}) where the file has no work place. Trips to them and from them are not "
            "counted.",
            f"Le territoire touche le bord du fichier de flux : {cut.height} communes voisines sont dans des "
            f"régions (codes {regions}) où le fichier n'a aucun lieu de travail. Les trajets vers elles et "
            "depuis "
            "elles ne sont pas comptés.",
        )
    ]


def _list_position_warnings(tables: Tables, inside_codes: Sequence[str]) -> list[Text]:
    frame = tables.scan("communes")
    if "point_kind" not in frame.collect_schema().names():
        return []
    rough = frame.filter(pl.col("code").is_in(list(inside_codes)), pl.col("point_kind") == "representative")
    if rough.select(pl.len()).collect().item() == 0:
        return []
    return [
        Text(
            "Communes are placed at a point inside their contour, not at their town hall: travel times to and from "
            "large communes are rougher.",
            "Les communes sont placées en un point intérieur à leur contour, et non à leur mairie : les temps de "
            "trajet depuis et vers les grandes communes sont moins précis.",
        )
    ]


def _list_mix_warnings(
    class_level: str, class_tables: Sequence[str], mode_level: str, mode_tables: Sequence[str]
) -> list[Text]:
    found = []
    # With a built-in mix every commune is given that of France: the reader is told what would be better.
    better = Text(
        " For that of the territory, import the INSEE detail file (FD_MOBPRO).",
        " Pour celle du territoire, importez le fichier détail de l'INSEE (FD_MOBPRO).",
    )
    nothing = Text("", "")
    if class_level != OBSERVED:
        advice = better if set(class_tables) & set(NATIONAL_SOURCES) else nothing
        found.append(
            Text(
                f"Occupation classes mixed at level '{class_level}' (from {', '.join(class_tables)}): the "
                "flow file "
                f"does not give them.{advice.en}",
                f"Catégories socioprofessionnelles réparties au niveau « {class_level} » (d'après "
                f"{', '.join(class_tables)}) : le fichier de flux ne les donne pas.{advice.fr}",
            )
        )
    if mode_level != OBSERVED:
        advice = better if set(mode_tables) & set(NATIONAL_SOURCES) else nothing
        rest_en = " Home and walk or bike are told apart by an assumption." if MOBILITY in mode_tables else ""
        rest_fr = " Domicile et marche ou vélo sont départagés par hypothèse." if MOBILITY in mode_tables else ""
        found.append(
            Text(
                f"Modes of travel mixed at level '{mode_level}' (from {', '.join(mode_tables)}): the flow "
                "file "
                f"does not give them.{rest_en}{advice.en}",
                f"Modes de transport répartis au niveau « {mode_level} » (d'après {', '.join(mode_tables)}) "
                ": le "
                f"fichier de flux ne les donne pas.{rest_fr}{advice.fr}",
            )
        )
    return found


def _build_no_flows_error(name: str, flow_tables: Sequence[FlowTable]) -> NoFlowsError:
    held = ", ".join(table.name for table in flow_tables) or "-"
    return NoFlowsError(
        f"No home-work flows for {name} (flow tables of the store: {held}). Import the INSEE base "
        "(base-flux-mobilite-domicile-lieu-travail-YYYY.csv) or detail file (FD_MOBPRO_YYYY) with "
        "'ancrage data import FILE --data DIR'.",
        f"Aucun flux domicile-travail pour {name} (tables de flux du magasin : {held}). Importez la base de "
        "l'INSEE (base-flux-mobilite-domicile-lieu-travail-AAAA.csv) ou le fichier détail (FD_MOBPRO_AAAA) "
        "avec "
        "« ancrage data import FICHIER --data DOSSIER ».",
    )
