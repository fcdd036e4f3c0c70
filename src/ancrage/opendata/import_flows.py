"""Importing INSEE's home-work flows: the commune-to-commune base and the detail file (FD_MOBPRO)."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ancrage.errors import InputError
from ancrage.figures import Source
from ancrage.language import Text
from ancrage.opendata.commune_codes import ARRONDISSEMENTS, FOREIGN, compute_current_codes
from ancrage.opendata.manifest import NewTable
from ancrage.opendata.text_file import Progress, TextFile, find_year, open_text

_COUNT = re.compile(r"NBFLUX_C(\d\d)_ACTOCC15P", re.IGNORECASE)
_BASE = ("CODGEO", "DCLT")
_DETAIL = ("COMMUNE", "DCLT", "IPONDI", "CS1", "TRANS")
# TRANS of the detail file; a motorbike (4) counts as a car. Until the 2016 census five values, without 6: bikes
# and motorbikes were one (3, kept with walking and biking), cars 4, public transport 5.
_MODES = {1: "home", 2: "walk_bike", 3: "walk_bike", 4: "car", 5: "car", 6: "public_transport"}
_OLD_MODES = {1: "home", 2: "walk_bike", 3: "walk_bike", 4: "car", 5: "public_transport"}
_MODE_NAMES = pl.Series(sorted(set(_MODES.values())))
_LAST_OLD_CENSUS = 2016
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
    raw = _read_groups(file)
    if raw.is_empty():
        raise InputError(
            f"'{file.name}' has a header and no line. Download it again.",
            f"« {file.name} » a un en-tête et aucune ligne. Téléchargez-le à nouveau.",
        )
    codes, groups = _compute_clean_groups(file, raw)
    rows = int(raw["rows"].sum())
    merged = 0 if file.detail else rows - groups.height
    flows, codes = compute_current_codes(groups, codes, code_map)
    keys = ["origin_2025", "destination_2025", "origin_commune", "destination_commune"]
    details = ["mode", "csp"] if file.detail else []
    flows = flows.sort([*keys, *details], nulls_last=True).select(
        *(pl.col(key) for key in (*keys[2:], *keys[:2], *details)),
        # The order in which lines are summed is not that of the file: the last digits are dropped, so that
        # the same lines in another order give the same table.
        pl.col("workers").round(9),
        pl.lit(file.vintage, pl.Int64).alias("vintage"),
    )
    flows = flows.with_columns(codes.gather(flows[key]).alias(key) for key in keys)
    if file.detail:
        flows = flows.with_columns(mode=_MODE_NAMES.gather(flows["mode"]))
    summary = _build_summary(file, flows, rows, merged)
    target = aside / f"{name}.parquet"
    progress("write", 0, 0)
    # Small row groups in order of home: a study of one EPCI reads only its own.
    flows.write_parquet(target, compression="zstd", compression_level=1, row_group_size=65_536)
    return NewTable(target, _build_source(name, file), flows.height, summary)


def _build_sorted(flows: pl.DataFrame) -> pl.DataFrame:
    """Return the flows in order of current codes, then of codes as written, mode and class; null codes last.

    Two sorts by one integer each are ten times faster than one sort by six columns.
    """
    absent = pl.lit(2**32 - 1, pl.UInt64)
    current, written = (
        pl.col(f"origin_{kind}").cast(pl.UInt64).fill_null(absent) * 2**shift
        + pl.col(f"destination_{kind}").cast(pl.UInt64).fill_null(absent)
        for kind, shift in (("2025", 32), ("commune", 24))
    )
    if "mode" in flows.columns:
        mode, csp = (pl.col(key).cast(pl.UInt64).fill_null(15) for key in ("mode", "csp"))
        written = written * 256 + mode * 16 + csp
    return (
        flows.with_columns(current=current, written=written)
        .sort("written")
        .sort("current", maintain_order=True)
        .drop("current", "written")
    )


def _read_groups(file: FlowFile) -> pl.DataFrame:
    """Return home, arm, work, mode, csp as written, with workers and rows, one row per group of the file.

    Codes are categories and not text: groups of integers are several times faster to make.
    """
    raw = pl.col(file.columns["WORKERS"])
    # The strict reading first; spaces and decimal commas only where it fails, for it costs more.
    for workers in (
        raw.cast(pl.Float64, strict=False),
        raw.str.strip_chars().str.replace(",", ".", literal=True).cast(pl.Float64, strict=False),
    ):
        groups = _collect_groups(file, workers)
        if not groups["bad"].sum():
            return groups
    raise _find_fault(file)


def _collect_groups(file: FlowFile, workers: pl.Expr) -> pl.DataFrame:
    column = file.columns
    fields = {
        "home": pl.col(column["COMMUNE" if file.detail else "CODGEO"]).cast(pl.Categorical),
        "work": pl.col(column["DCLT"]).cast(pl.Categorical),
    }
    if file.detail:
        if "ARM" in column:
            fields["arm"] = pl.col(column["ARM"]).cast(pl.Categorical)
        fields["mode"] = pl.col(column["TRANS"]).cast(pl.UInt8, strict=False)
        fields["csp"] = pl.col(column["CS1"]).cast(pl.Int8, strict=False)
    usable = (workers.is_finite() & (workers >= 0)).fill_null(value=False)
    try:
        return (
            file.frame
            # A blank line (often the last one) is no line.
            .filter(pl.any_horizontal(pl.col(column[c]).is_not_null() for c in ("DCLT", "WORKERS")))
            .select(**fields, workers=workers, bad=~usable)
            .group_by(list(fields))
            .agg(pl.col("workers").sum(), rows=pl.len().cast(pl.Int64), bad=pl.col("bad").sum())
            .collect(engine="streaming")
        )
    except pl.exceptions.PolarsError as error:
        raise _find_fault(file, error) from error


def _compute_clean_groups(file: FlowFile, raw: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Return the sorted codes of the file, and its groups with the position of their codes among them.

    Columns of the groups: origin_commune, destination_commune (positions), [mode (position), csp,] workers.

    Raises
    ------
    InputError
        If a home or work code is empty.
    """
    places = ["home", "arm"] if "arm" in raw.columns else ["home"]
    homes = raw.select(places).unique().with_columns(_build_clean_code(pl.col("home")).alias("origin"))
    if len(places) == 2:
        arm = _build_clean_code(pl.col("arm"))
        homes = homes.with_columns(origin=pl.when(arm.is_in(list(ARRONDISSEMENTS))).then(arm).otherwise("origin"))
    works = raw.select("work").unique().with_columns(_build_clean_code(pl.col("work")).alias("destination"))
    codes = pl.concat([homes["origin"], works["destination"].rename("origin")]).unique().sort()
    if codes.null_count() or (codes == "").any():
        raise _find_fault(file)
    position = pl.DataFrame({"code": codes, "position": pl.arange(len(codes), dtype=pl.UInt32, eager=True)})
    homes = homes.join(position, left_on="origin", right_on="code").rename({"position": "origin_commune"})
    works = works.join(position, left_on="destination", right_on="code").rename({"position": "destination_commune"})
    groups = raw.join(homes.drop("origin"), on=places, nulls_equal=True).join(works.drop("destination"), on="work")
    keys = ["origin_commune", "destination_commune"]
    if file.detail:
        old = file.vintage <= _LAST_OLD_CENSUS and not (raw["mode"] == 6).any()
        modes = {key: _MODE_NAMES.to_list().index(mode) for key, mode in (_OLD_MODES if old else _MODES).items()}
        groups = groups.with_columns(
            mode=pl.col("mode").replace_strict(modes, default=None, return_dtype=pl.UInt8),
            csp=pl.when(pl.col("csp").is_between(1, 6)).then("csp"),
        )
        keys += ["mode", "csp"]
    return codes, groups.group_by(keys).agg(pl.col("workers").sum())


def _build_clean_code(code: pl.Expr) -> pl.Expr:
    """Return a code without spaces, in capitals, with the leading zero that spreadsheets drop."""
    clean = code.cast(pl.String).str.strip_chars().str.to_uppercase()
    return pl.when(clean.str.len_bytes() == 4).then("0" + clean).otherwise(clean)


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
    faulty = file.frame.with_row_index("line").filter(
        ~pl.col(file.columns["WORKERS"]).cast(pl.Float64, strict=False).ge(0).fill_null(value=False)
    )
    first = faulty.head(1).collect()
    line, value = (int(first["line"][0]) + 1, first[file.columns["WORKERS"]][0]) if first.height else (0, None)
    return _build_field_error(file, line, file.columns["WORKERS"], value)


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


def _build_summary(file: FlowFile, flows: pl.DataFrame, rows: int, merged: int) -> dict[str, Any]:
    foreign = pl.col("destination_commune").str.contains(FOREIGN)
    folded = pl.any_horizontal(
        pl.col(f"{side}_commune").is_in(list(ARRONDISSEMENTS)) & (pl.col(f"{side}_commune") != pl.col(f"{side}_2025"))
        for side in ("origin", "destination")
    )
    unknown = pl.concat(
        [
            flows.filter(pl.col(f"{side}_2025").is_null()).select(code=f"{side}_commune", workers="workers")
            for side in ("origin", "destination")
        ]
    )
    codes = unknown.group_by("code").agg(pl.col("workers").sum()).sort("workers", "code", descending=[True, False])
    lost = flows.filter(pl.any_horizontal(pl.col("origin_2025", "destination_2025").is_null()))
    summary: dict[str, Any] = {
        "file": file.name,
        "vintage": file.vintage,
        "rows_read": rows,
        "rows_written": flows.height,
        "workers": round(float(flows["workers"].sum()), 3),
        "foreign_workers": round(float(flows.filter(foreign)["workers"].sum()), 3),
        "folded_workers": round(float(flows.filter(folded)["workers"].sum()), 3),
        "duplicates_merged": merged,
        "unknown_communes": codes.height,
        "unknown_workers": round(float(lost["workers"].sum()), 3),
        "unknown_codes": codes["code"].head(10).to_list(),
    }
    if file.detail:
        summary["without_class"] = round(float(flows.filter(pl.col("csp").is_null())["workers"].sum()), 3)
        summary["without_mode"] = round(float(flows.filter(pl.col("mode").is_null())["workers"].sum()), 3)
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
