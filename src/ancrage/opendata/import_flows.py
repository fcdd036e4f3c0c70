"""Importing INSEE's home-work flows: the commune-to-commune base and the detail file (FD_MOBPRO)."""

from __future__ import annotations

import csv
import math
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import coo_array

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.commune_codes import (
    ARRONDISSEMENTS,
    build_clean_code,
    build_code_number,
    build_codes,
    build_steps,
    choose_steps,
)
from ancrage.opendata.manifest import NewTable
from ancrage.opendata.text_file import Progress, TextFile, find_year, open_text

_COUNT = re.compile(r"NBFLUX_C(\d\d)_ACTOCC15P", re.IGNORECASE)
_BASE = ("CODGEO", "DCLT")
_DETAIL = ("COMMUNE", "DCLT", "IPONDI", "CS1", "TRANS")
# TRANS of the detail file; a motorbike (4) counts as a car. Until the 2016 census five values, without 6: bikes
# and motorbikes were one (3, kept with walking and biking), cars 4, public transport 5.
_MODES = {1: "home", 2: "walk_bike", 3: "walk_bike", 4: "car", 5: "car", 6: "public_transport"}
_OLD_MODES = {1: "home", 2: "walk_bike", 3: "walk_bike", 4: "car", 5: "public_transport"}
_MODE_NAMES = sorted(set(_MODES.values()))
_LAST_OLD_CENSUS = 2016
_ABSENT = 7  # place of a mode or class that the file does not give, after all others
_ROW_GROUP = 262_144
# Marks of UTF-8 text that was decoded as Latin-1, and of bytes that could not be decoded: in no French name.
_BROKEN = "Ã|Å“|Â[\u0080-\u00bf]|\ufffd"
_LICENCE = "Licence Ouverte 2.0"
_PRODUCER = "INSEE, Recensement de la population"


@dataclass(frozen=True)
class FlowFile:
    """An official flow file, recognised by its header.

    Attributes
    ----------
    name : as the user named it.
    frame : its lazy table, as text.
    columns : upper-case name -> name in the file.
    detail : True for the detail file, False for the commune-to-commune base.
    vintage : census year.
    text : how it is read, to find a faulty line; None for Parquet.
    """

    name: str
    frame: pl.LazyFrame
    columns: dict[str, str]
    detail: bool
    vintage: int
    text: TextFile | None


def open_flow_file(path: Path, aside: Path, vintage: int | None, progress: Progress) -> FlowFile | None:
    """Open an official flow file (CSV, zip or Parquet), or return None when a Parquet file is something else.

    Raises
    ------
    InputError
        If it is no such file, or its census year is neither given nor found.
    """
    text = None
    if path.suffix.lower() == ".parquet":
        name, parquet = path.name, path
    else:
        text = open_text(path, aside, progress)
        name, parquet = text.name, text.path
    if text is None:
        try:
            frame = pl.scan_parquet(parquet)
            names = frame.collect_schema().names()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise InputError(
                f"'{name}' is not a readable Parquet file ({_shorten(error)}). Download it again.",
                f"« {name} » n'est pas un fichier Parquet lisible ({_shorten(error)}). Téléchargez-le à nouveau.",
            ) from error
        frame = frame.with_columns(pl.all().cast(pl.String))
    else:
        names, frame = list(text.columns), text.scan()
    columns = {column.strip().upper(): column for column in names}
    counted = [match for column in columns if (match := _COUNT.fullmatch(column))]
    if counted and set(_BASE) <= set(columns):
        digits = int(counted[0][1])
        columns["WORKERS"] = columns[counted[0][0]]
        year = (2000 if digits < 60 else 1900) + digits
        return FlowFile(name, frame, columns, detail=False, vintage=year, text=text)
    if set(_DETAIL) <= set(columns):
        year_found = vintage or find_year(name) or find_year(path.name)
        if year_found is None:
            raise InputError(
                f"The name '{name}' gives no census year, and the file holds none. Add --vintage YEAR.",
                f"Le nom « {name} » ne donne pas d'année de recensement, et le fichier non plus. Ajoutez "
                "--vintage ANNÉE.",
            )
        columns["WORKERS"] = columns["IPONDI"]
        return FlowFile(name, frame, columns, detail=True, vintage=year_found, text=text)
    if text is None:
        return None
    seen = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    raise InputError(
        f"'{name}', line 1: the columns ({seen}) are those of no known file. Expected CODGEO, DCLT and "
        "NBFLUX_Cyy_ACTOCC15P (INSEE commune-to-commune base), or COMMUNE, DCLT, IPONDI, CS1 and TRANS "
        "(INSEE detail file).",
        f"« {name} », ligne 1 : les colonnes ({seen}) ne sont celles d'aucun fichier connu. Attendu : "
        "CODGEO, DCLT et NBFLUX_Cyy_ACTOCC15P (base de l'INSEE entre communes), ou COMMUNE, DCLT, IPONDI, "
        "CS1 et TRANS (fichier détail de l'INSEE).",
    )


def import_flow_file(file: FlowFile, code_map: pl.DataFrame | None, aside: Path, progress: Progress) -> NewTable:
    """Aggregate an official flow file into a finished Parquet table, still aside.

    The base becomes `flows_rpYYYY` (home x work); the detail file `flows_rpYYYY_csp_mode` (home x work x class x
    mode), read as a stream. Columns: origin_commune, destination_commune, origin_2025, destination_2025, [mode,
    csp,] workers, vintage. A class or mode that the file does not give is null.

    Raises
    ------
    InputError
        If a line has the wrong number of fields, an empty code, or workers that are not a number >= 0.
    """
    progress("aggregate", 0, 0)
    if file.text is not None and not file.text.regular and (fault := _find_faulty_line(file, file.text)):
        raise fault
    name = f"flows_rp{file.vintage}" + ("_csp_mode" if file.detail else "")
    people, odd = _read_people(file)
    if people.is_empty():
        raise InputError(
            f"'{file.name}' has a header and no line. Download it again.",
            f"« {file.name} » a un en-tête et aucune ligne. Téléchargez-le à nouveau.",
        )
    homes, works = (
        build_steps(build_codes(people[place].to_numpy(), odd), code_map, abroad=place == "work")
        for place in ("home", "work")
    )
    flows = _compute_flows(people, homes, works)
    summary = _build_summary(file, people.height, flows, homes, works)
    del people
    target = aside / f"{name}.parquet"
    progress("write", 0, 0)
    table = _build_table(file, flows, homes, works)
    # Row groups in order of home: a study of one EPCI reads only its own.
    table.write_parquet(target, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP)
    return NewTable(target, _build_source(name, file), table.height, summary)


def _read_people(file: FlowFile) -> tuple[pl.DataFrame, list[str]]:
    """Return home, work, mode, csp and workers of each line, as numbers, and the codes of an unusual form.

    The strict reading comes first; text, spaces, decimal commas and unusual codes only where it fails, for they
    cost more.

    Raises
    ------
    InputError
        If a line cannot be used even so.
    """
    modes = _MODES
    if file.detail and file.vintage <= _LAST_OLD_CENSUS:
        sixth = file.frame.select((pl.col(file.columns["TRANS"]).str.strip_chars() == "6").any())
        modes = _MODES if sixth.collect(engine="streaming").item() else _OLD_MODES
    if file.text is not None:
        types: dict[str, type[pl.DataType]] = {file.columns["WORKERS"]: pl.Float64}
        if file.detail:
            types |= {file.columns[c]: pl.Int8 for c in ("TRANS", "CS1")}
        with suppress(pl.exceptions.PolarsError):  # raised by a field that is no number
            people = _collect_people(file, file.text.scan(types), [], modes)
            if _is_usable(people):
                return people, []
    try:
        odd = _list_odd_codes(file)
        people = _collect_people(file, file.frame, odd, modes)
    except pl.exceptions.PolarsError as error:
        raise _find_fault(file, error) from error
    if not _is_usable(people):
        raise _find_fault(file)
    return people, odd


def _is_usable(people: pl.DataFrame) -> bool:
    if people["home"].has_nulls() or people["work"].has_nulls() or people["workers"].has_nulls():
        return False
    workers = people["workers"].to_numpy()
    return bool((workers >= 0).all() and (workers < math.inf).all())


def _list_places(file: FlowFile) -> list[str]:
    places = ("COMMUNE", "ARM", "DCLT") if file.detail else ("CODGEO", "DCLT")
    return [file.columns[c] for c in places if c in file.columns]


def _list_odd_codes(file: FlowFile) -> list[str]:
    """Return the codes that are not four or five letters and figures, cleaned, sorted."""
    codes = [
        file.frame.select(code=build_clean_code(pl.col(column)))
        .filter(build_code_number(pl.col("code")).is_null() & (pl.col("code") != ""))
        .unique()
        for column in _list_places(file)
    ]
    return pl.concat(codes).unique().sort("code").collect(engine="streaming")["code"].to_list()


def _collect_people(file: FlowFile, frame: pl.LazyFrame, odd: list[str], modes: dict[int, str]) -> pl.DataFrame:
    columns = file.columns
    careful = frame is file.frame
    workers = pl.col(columns["WORKERS"])
    number = {}
    for column in _list_places(file):
        number[column] = build_code_number(build_clean_code(pl.col(column)) if careful else pl.col(column), odd)
    if careful:
        workers = workers.str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
        # A blank line (often the last one) is no line.
        frame = frame.filter(pl.any_horizontal(pl.col(columns[c]).is_not_null() for c in ("DCLT", "WORKERS")))
    home = number[columns["COMMUNE" if file.detail else "CODGEO"]]
    fields = {"work": number[columns["DCLT"]], "workers": workers}
    if file.detail:
        if "ARM" in columns:
            arm = number[columns["ARM"]]
            home = pl.when(arm.is_in([int(code, 36) for code in ARRONDISSEMENTS])).then(arm).otherwise(home)
        fields |= {
            name: pl.col(columns[c]).cast(pl.Int8, strict=False).fill_null(0)
            for name, c in (("mode", "TRANS"), ("csp", "CS1"))
        }
    people = frame.select(home=home, **fields).collect(engine="streaming")
    if file.detail:
        places = np.full(256, _ABSENT, dtype=np.uint8)
        places[list(modes)] = [_MODE_NAMES.index(mode) for mode in modes.values()]
        classes = np.full(256, _ABSENT, dtype=np.uint8)
        classes[1:7] = range(1, 7)
        people = people.with_columns(
            mode=places[people["mode"].to_numpy().view(np.uint8)],
            csp=classes[people["csp"].to_numpy().view(np.uint8)],
        )
    return people


def _compute_flows(people: pl.DataFrame, homes: pl.DataFrame, works: pl.DataFrame) -> pl.DataFrame:
    """Return home and work (rows of `homes` and `works`), mode, csp and workers: one row per flow, in this order.

    They are added up as a sparse matrix, homes by (work, mode, csp): sorting by counting, several times faster than
    groups or sorts of a table.
    """
    workers = people["workers"].to_numpy()
    detail = np.zeros(people.height, dtype=np.uint8)
    if "mode" in people.columns:
        detail += people["mode"].to_numpy() * np.uint8(8) + people["csp"].to_numpy()
    home, times = choose_steps(people["home"].to_numpy(), homes)
    number = people["work"].to_numpy()
    if times is not None:
        number, detail, workers = (np.repeat(column, times) for column in (number, detail, workers))
        workers = workers * homes["weight"].to_numpy()[home]
    work, times = choose_steps(number, works)
    if times is not None:
        home, detail, workers = (np.repeat(column, times) for column in (home, detail, workers))
        workers = workers * works["weight"].to_numpy()[work]
    # Three bits for the mode and three for the class; in place, for new memory costs more than the sums.
    column = work if len(works) < 2**25 else work.astype(np.int64)
    column <<= 6
    column |= detail
    matrix = coo_array((workers, (home, column)), shape=(len(homes), len(works) << 6)).tocsr()
    return pl.DataFrame(
        {
            "home": np.repeat(np.arange(len(homes), dtype=np.uint32), np.diff(matrix.indptr)),
            "work": (matrix.indices >> 6).astype(np.uint32),
            "mode": (matrix.indices >> 3 & 7).astype(np.uint8),
            "csp": (matrix.indices & 7).astype(np.uint8),
            # The order in which lines are added is that of the file: the last digits are dropped, so that the same
            # lines in another order give the same table.
            "workers": matrix.data.round(9),
        }
    )


def _build_table(file: FlowFile, flows: pl.DataFrame, homes: pl.DataFrame, works: pl.DataFrame) -> pl.DataFrame:
    """Return the flows in the columns of the store."""
    columns = {
        "origin_commune": homes["code"].gather(flows["home"]),
        "destination_commune": works["code"].gather(flows["work"]),
        "origin_2025": homes["code_2025"].gather(flows["home"]),
        "destination_2025": works["code_2025"].gather(flows["work"]),
    }
    if file.detail:
        names = pl.Series([*_MODE_NAMES, *[None] * (8 - len(_MODE_NAMES))], dtype=pl.String)
        columns["mode"] = names.gather(flows["mode"])
        columns["csp"] = pl.Series([None, *range(1, 7), None], dtype=pl.Int8).gather(flows["csp"])
    return pl.DataFrame(columns | {"workers": flows["workers"]}).with_columns(vintage=pl.lit(file.vintage, pl.Int64))


def _find_faulty_line(file: FlowFile, text: TextFile) -> InputError | None:
    """Return the error of the first faulty line, reading the file line by line; None when there is none."""
    wanted = len(text.columns)
    home, work, count = (
        text.columns.index(file.columns[c]) for c in ("COMMUNE" if file.detail else "CODGEO", "DCLT", "WORKERS")
    )
    with text.path.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        reader = csv.reader(lines, delimiter=text.separator)
        next(reader)
        for row in reader:
            if not row:
                continue
            if len(row) != wanted:
                return InputError(
                    f"'{file.name}', line {reader.line_num}: {len(row)} fields where the header has "
                    f"{wanted}. Nothing was imported: correct the line, or download the file again.",
                    f"« {file.name} », ligne {reader.line_num} : {len(row)} champs alors que l'en-tête en a "
                    f"{wanted}. Rien n'a été importé : corrigez la ligne, ou téléchargez le fichier à "
                    "nouveau.",
                )
            for place in (home, work):
                if not row[place].strip():
                    return _build_field_error(file, reader.line_num, text.columns[place], row[place])
            if not _is_count(row[count]):
                return _build_field_error(file, reader.line_num, text.columns[count], row[count])
    return None


def _find_fault(file: FlowFile, error: Exception | None = None) -> InputError:
    """Return the error of a file that could not be aggregated, with its first faulty line where it has one."""
    if file.text is not None and (fault := _find_faulty_line(file, file.text)):
        return fault
    if error is not None:
        return InputError(
            f"'{file.name}' cannot be read as a table ({_shorten(error)}). Download it again.",
            f"« {file.name} » n'est pas lisible comme tableau ({_shorten(error)}). Téléchargez-le à nouveau.",
        )
    home, work, count = (file.columns[c] for c in ("COMMUNE" if file.detail else "CODGEO", "DCLT", "WORKERS"))
    workers = pl.col(count).str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    bad = {c: pl.col(c).str.strip_chars().fill_null("") == "" for c in (home, work)}
    bad[count] = ~workers.is_between(0, math.inf, closed="left").fill_null(value=False)
    first = file.frame.with_row_index("line", 1).filter(pl.any_horizontal(bad.values())).head(1).collect()
    field = next(column for column in bad if first.select(bad[column]).item())
    return _build_field_error(file, int(first["line"][0]), field, first[field][0])


def _is_count(value: str) -> bool:
    try:
        number = float(value.strip().replace(",", "."))
    except ValueError:
        return False
    return number >= 0 and math.isfinite(number)


def _build_field_error(file: FlowFile, line: int, field: str, value: str | None) -> InputError:
    kind_en = "a number of persons, zero or more" if field == file.columns["WORKERS"] else "a commune code"
    kind_fr = "un nombre de personnes, nul ou positif" if field == file.columns["WORKERS"] else "un code commune"
    shown = (value or "")[:40]
    return InputError(
        f"'{file.name}', line {line}, field {field}: '{shown}' is not {kind_en}. Nothing was imported: "
        "correct the line, or download the file again.",
        f"« {file.name} », ligne {line}, champ {field} : « {shown} » n'est pas {kind_fr}. Rien n'a été "
        "importé : corrigez la ligne, ou téléchargez le fichier à nouveau.",
    )


def _build_summary(
    file: FlowFile, rows: int, flows: pl.DataFrame, homes: pl.DataFrame, works: pl.DataFrame
) -> dict[str, Any]:
    workers = flows["workers"]

    def compute_workers(chosen: pl.Series) -> float:
        return round(float(workers.filter(chosen).sum()), 3)

    folded, unknown = (
        homes.select(flag).to_series().gather(flows["home"]) | works.select(flag).to_series().gather(flows["work"])
        for flag in (pl.col("folded"), pl.col("code_2025").is_null())
    )
    lost = flows.filter(unknown)
    # Where a commune was split, only the flow to its first successor stands for the line of the file.
    kept = homes["first"].gather(flows["home"]) & works["first"].gather(flows["work"])
    codes = (
        pl.concat(
            lost.group_by(side)
            .agg(pl.col("workers").sum())
            .join(steps.with_row_index(side).filter(pl.col("code_2025").is_null()), on=side)
            .select("code", "workers")
            for side, steps in (("home", homes), ("work", works))
        )
        .group_by("code")
        .agg(pl.col("workers").sum())
        .sort("workers", "code", descending=[True, False])
    )
    summary: dict[str, Any] = {
        "file": file.name,
        "vintage": file.vintage,
        "rows_read": rows,
        "rows_written": flows.height,
        "workers": round(float(workers.sum()), 3),
        "foreign_workers": compute_workers(works["foreign"].gather(flows["work"])),
        "folded_workers": compute_workers(folded),
        "duplicates_merged": 0 if file.detail else rows - int(kept.sum()),
        "unknown_communes": codes.height,
        "unknown_workers": round(float(lost["workers"].sum()), 3),
        "unknown_codes": codes["code"].head(10).to_list(),
    }
    if file.detail:
        summary["without_class"] = compute_workers(flows["csp"] == _ABSENT)
        summary["without_mode"] = compute_workers(flows["mode"] == _ABSENT)
    else:
        summary |= _count_names(file)
    return summary


def _count_names(file: FlowFile) -> dict[str, int]:
    """Count the distinct names whose encoding is broken; names are not stored, the store has its own."""
    columns = [file.columns[c] for c in ("LIBGEO", "L_DCLT") if c in file.columns]
    if not columns:
        return {"names_broken": 0, "names_repaired": 0}
    if file.text is not None and not file.text.suspicious:
        return {"names_broken": 0, "names_repaired": 0}
    transcoded = file.text is not None and file.text.transcoded
    pattern = "[^\\x00-\\x7f]" if transcoded else _BROKEN
    names = (
        pl.concat([file.frame.select(name=c) for c in columns])
        .filter(pl.col("name").str.contains(pattern))
        .unique()
        .collect(engine="streaming")["name"]
    )
    repaired = sum(1 for name in names if repair_name(name) != name)
    if transcoded:
        broken = sum("\ufffd" in name for name in names)
        return {"names_broken": broken, "names_repaired": len(names) - broken}
    return {"names_broken": len(names) - repaired, "names_repaired": repaired}


def repair_name(name: str) -> str:
    """Return a name whose UTF-8 bytes were decoded as Windows-1252, decoded well; any other as it is."""
    try:
        return name.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return name


def _build_source(name: str, file: FlowFile) -> Source:
    year = file.vintage
    title = (
        Text(
            f"Home-work flows between communes by occupation class and mode, census {year}",
            f"Flux domicile-travail entre communes par catégorie et mode, recensement {year}",
        )
        if file.detail
        else Text(
            f"Home-work flows between communes, census {year}",
            f"Flux domicile-travail entre communes, recensement {year}",
        )
    )
    return Source(name, title, producer=_PRODUCER, vintage=str(year), licence=_LICENCE)


def _shorten(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:120]
