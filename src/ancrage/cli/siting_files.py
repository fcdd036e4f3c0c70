"""The files of `ancrage siting`: matrix of costs, OR-Library graph, points, benefits; every error names its line."""

from __future__ import annotations

import codecs
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from ancrage.errors import InputError
from ancrage.siting.problem import FloatArray, IntArray

FORMATS = ("matrix", "orlib", "points", "benefits")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Instance:
    """What a file says. Homes and sites are numbered from 0 here; `homes` and `sites` are how the user calls them.

    Attributes
    ----------
    homes, sites : names, (n,) and (m,).
    costs : (n, m), for a matrix or a graph. points : (n, 2), with their metric's axes in `axes` ("x,y" or "lon,lat").
    pairs : home, site and benefit of each pair, (k,) each. weight : (n,), where the file gives it.
    fixed : (m,) cost of an open site, where a file gives it. places : number of sites to open, where the file says it.
    ignored : columns that were not read. named : True where names are those of the file, False where they are counted.
    """

    homes: list[str]
    sites: list[str]
    costs: FloatArray | None = None
    points: FloatArray | None = None
    axes: str = ""
    pairs: tuple[IntArray, IntArray, FloatArray] | None = None
    weight: FloatArray | None = None
    fixed: FloatArray | None = None
    places: int | None = None
    ignored: tuple[str, ...] = ()
    named: bool = False


@dataclass(frozen=True)
class Lines:
    """The lines of a text file that are not blank, with their numbers, and what separates their fields.

    Attributes
    ----------
    separator : ";", "," or tab, or None for blanks. comma : True where it holds commas that do not separate.
    """

    path: Path
    numbers: list[int]
    texts: list[str]
    separator: str | None
    comma: bool


def read_instance(path: Path, form: str, sites_path: Path | None = None) -> Instance:
    """Return the instance of a file in one of FORMATS.

    Raises
    ------
    InputError
        If the file cannot be read or used as it is; the message names the line and the field.
    """
    if form == "matrix":
        costs = read_numbers(read_lines(path))
        _refuse_negative(path, costs)
        return Instance(_count(costs.shape[0], 0), _count(costs.shape[1], 0), costs=costs)
    if form == "orlib":
        return read_graph(read_lines(path))
    if form == "points":
        return read_points(path)
    return read_benefits(path, sites_path)


def read_lines(path: Path) -> Lines:
    """Return the lines of a text file: UTF-8 with or without mark, UTF-16 with its mark, else Windows-1252."""
    text = _decode(path)
    kept = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not kept:
        raise InputError(
            f"'{path}' is empty: give a file with one line at least.",
            f"« {path} » est vide : donnez un fichier d'au moins une ligne.",
        )
    first = kept[0][1]
    separator = next((sign for sign in (";", "\t", ",") if sign in first.strip()), None)
    comma = separator != "," and "," in text
    return Lines(path, [number for number, _ in kept], [line for _, line in kept], separator, comma)


def _decode(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"'{path}' cannot be read ({error.strerror}): check the path and your rights on the file.",
            f"« {path} » est illisible ({error.strerror}) : vérifiez le chemin et vos droits sur le fichier.",
        ) from error
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InputError(
            f"'{path}' is not a text file: export it as CSV.",
            f"« {path} » n'est pas un fichier de texte : exportez-le en CSV.",
        )
    return text


def read_numbers(lines: Lines, skip: int = 0, width: int | None = None) -> FloatArray:
    """Return the numbers of every line after the first `skip`, as many on each as on the first of them (or `width`)."""
    texts = lines.texts[skip:]
    if lines.comma:
        _refuse_mixed(lines)
        texts = [line.replace(",", ".") for line in texts]
    try:
        table = np.loadtxt(texts, delimiter=lines.separator, comments=None, ndmin=2)
    except ValueError:
        table = None
    if table is None or np.isnan(table).any() or (width is not None and table.shape[1] != width):
        # Read again slowly, to name the line and the field.
        table = _read_slowly(lines, skip, width)
    return table


def _refuse_mixed(lines: Lines) -> None:
    with_comma = next((number for number, line in zip(lines.numbers, lines.texts, strict=True) if "," in line), None)
    with_point = next((number for number, line in zip(lines.numbers, lines.texts, strict=True) if "." in line), None)
    if with_comma is not None and with_point is not None:
        raise InputError(
            f"'{lines.path}': a decimal comma on line {with_comma} and a decimal point on line {with_point}. Use one "
            "of the two in the whole file.",
            f"« {lines.path} » : une virgule décimale à la ligne {with_comma} et un point décimal à la ligne "
            f"{with_point}. Employez l'un des deux dans tout le fichier.",
        )


def _read_slowly(lines: Lines, skip: int, width: int | None) -> FloatArray:
    rows: list[list[float]] = []
    expected, since = width, 0
    for number, line in zip(lines.numbers[skip:], lines.texts[skip:], strict=True):
        fields = split_fields(line, lines.separator)
        if expected is None:
            expected, since = len(fields), number
        if len(fields) != expected:
            told_en = f" as on line {since}" if since else ""
            told_fr = f" comme à la ligne {since}" if since else ""
            raise InputError(
                f"'{lines.path}', line {number}: fields: {len(fields)} instead of {expected}{told_en}. Every "
                "line must have as many.",
                f"« {lines.path} », ligne {number} : champs : {len(fields)} au lieu de {expected}{told_fr}. Chaque "
                "ligne doit en avoir autant.",
            )
        rows.append([read_number(field, lines.path, number, f"{at}") for at, field in enumerate(fields, 1)])
    return np.array(rows, dtype=np.float64).reshape(len(rows), expected or 0)


def split_fields(line: str, separator: str | None) -> list[str]:
    """Return the fields of a line, quotes taken out; None separates at blanks."""
    if separator is None:
        return line.split()
    return [field.strip() for field in next(csv.reader([line], delimiter=separator))]


def read_number(field: str, path: Path, number: int, name: str) -> float:
    """Return the number of a field, with a decimal point or comma; inf is one, NaN is not."""
    try:
        value = float("no number" if "_" in field else field.replace(",", "."))
    except ValueError:
        value = float("nan")
    if value != value:
        hint_en = " The first line must be numbers too: no header." if number == 1 and name.isdigit() else ""
        hint_fr = " La première ligne aussi doit être en nombres : pas d'en-tête." if hint_en else ""
        raise InputError(
            f"'{path}', line {number}, field {name}: '{field}' is not a number. Write a number there.{hint_en}",
            f"« {path} », ligne {number}, champ {name} : « {field} » n'est pas un nombre. Écrivez-y un nombre."
            f"{hint_fr}",
        )
    return value


def _refuse_negative(path: Path, costs: FloatArray) -> None:
    wrong = np.argwhere(costs < 0)
    if wrong.size:
        i, s = wrong[0]
        raise InputError(
            f"'{path}', row {i}, column {s} (counted from 0): the cost is {costs[i, s]:g}. Costs must be >= 0.",
            f"« {path} », rang {i}, colonne {s} (comptés à partir de 0) : le coût vaut {costs[i, s]:g}. Les coûts "
            "doivent être >= 0.",
        )


def _count(size: int, first: int) -> list[str]:
    return [str(number) for number in range(first, first + size)]


def read_graph(lines: Lines) -> Instance:
    """Return all shortest paths of an OR-Library graph: "vertices edges p", then one "i j cost" per line.

    Edges go both ways; where one comes again, the last counts, as the OR-Library says. Vertices are homes and sites.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import shortest_path

    head = split_fields(lines.texts[0], lines.separator)
    numbers = [read_number(field, lines.path, lines.numbers[0], f"{at}") for at, field in enumerate(head, 1)]
    if len(numbers) != 3 or any(value != int(value) for value in numbers) or numbers[0] < 1 or numbers[1] < 0:
        raise InputError(
            f"'{lines.path}', line {lines.numbers[0]}: '{lines.texts[0].strip()}' where three whole numbers are "
            "expected: vertices, edges, p.",
            f"« {lines.path} », ligne {lines.numbers[0]} : « {lines.texts[0].strip()} » au lieu de trois nombres "
            "entiers : sommets, arêtes, p.",
        )
    n, count, places = (int(value) for value in numbers)
    edges = read_numbers(lines, 1, 3) if len(lines.texts) > 1 else np.zeros((0, 3))
    if len(edges) != count:
        raise InputError(
            f"'{lines.path}' announces {count} edges on line {lines.numbers[0]} and holds {len(edges)}: the file is "
            "cut or the number is wrong.",
            f"« {lines.path} » annonce {count} arêtes à la ligne {lines.numbers[0]} et en contient {len(edges)} : le "
            "fichier est coupé ou le nombre est faux.",
        )
    ends, cost = edges[:, :2], edges[:, 2]
    wrong = np.flatnonzero(
        ((ends != np.floor(ends)) | (ends < 1) | (ends > n)).any(axis=1) | (cost < 0) | ~np.isfinite(cost)
    )
    if wrong.size:
        at = int(wrong[0])
        said = lines.texts[at + 1].strip()
        raise InputError(
            f"'{lines.path}', line {lines.numbers[at + 1]}: '{said}' is not an edge. Write two vertices from 1 to {n} "
            "and a finite cost >= 0.",
            f"« {lines.path} », ligne {lines.numbers[at + 1]} : « {said} » n'est pas une arête. Écrivez deux sommets "
            f"de 1 à {n} et un coût fini >= 0.",
        )
    low, high = np.sort(ends.astype(np.int64) - 1, axis=1).T
    # np.unique keeps the first of each: the edges are taken backwards.
    _, last = np.unique((low * n + high)[::-1], return_index=True)
    kept = len(edges) - 1 - last
    kept = kept[low[kept] != high[kept]]
    graph = coo_array((cost[kept], (low[kept], high[kept])), shape=(n, n)).tocsr()
    costs = shortest_path(graph, directed=False)
    return Instance(_count(n, 1), _count(n, 1), costs=np.asarray(costs, dtype=np.float64), places=places)


def read_points(path: Path) -> Instance:
    """Return points from a CSV with a header: x and y, or lon and lat; weight and name where they are."""
    lines = read_lines(path)
    header = [name.lower() for name in split_fields(lines.texts[0], lines.separator)]
    axes = next((pair for pair in (("x", "y"), ("lon", "lat")) if set(pair) <= set(header)), None)
    if axes is None or ({"x", "y"} | {"lon", "lat"}) <= set(header) or len(set(header)) != len(header):
        raise InputError(
            f"'{path}', line {lines.numbers[0]}: the header is '{lines.texts[0].strip()}'. It must name x and y, or "
            "lon and lat, and each column once (weight and name if you have them).",
            f"« {path} », ligne {lines.numbers[0]} : l'en-tête est « {lines.texts[0].strip()} ». Il doit nommer x et "
            "y, ou lon et lat, et chaque colonne une fois (weight et name si vous les avez).",
        )
    wanted = [name for name in (*axes, "weight") if name in header]
    at = {name: header.index(name) for name in (*wanted, *(["name"] if "name" in header else []))}
    values, names = [], []
    known: dict[str, int] = {}
    for number, line in zip(lines.numbers[1:], lines.texts[1:], strict=True):
        fields = split_fields(line, lines.separator)
        if len(fields) != len(header):
            raise InputError(
                f"'{path}', line {number}: fields: {len(fields)} where the header has {len(header)}.",
                f"« {path} », ligne {number} : champs : {len(fields)} alors que l'en-tête en a {len(header)}.",
            )
        row = [read_number(fields[at[name]], path, number, name) for name in wanted]
        _check_point(row, wanted, path, number)
        values.append(row)
        if "name" in at:
            name = fields[at["name"]]
            if name in known:
                raise InputError(
                    f"'{path}', lines {known[name]} and {number}: both are named '{name}'. Names must differ.",
                    f"« {path} », lignes {known[name]} et {number} : toutes deux se nomment « {name} ». Les noms "
                    "doivent différer.",
                )
            known[name] = number
            names.append(name)
    if not values:
        raise InputError(
            f"'{path}' has a header and no point: give one line per point.",
            f"« {path} » a un en-tête et aucun point : donnez une ligne par point.",
        )
    table = np.array(values)
    return Instance(
        homes=names or _count(len(table), 0),
        sites=names or _count(len(table), 0),
        points=table[:, :2],
        axes=",".join(axes),
        weight=table[:, 2] if "weight" in wanted else None,
        ignored=tuple(name for name in header if name not in at),
        named=bool(names),
    )


def _check_point(row: list[float], names: list[str], path: Path, number: int) -> None:
    largest = {"lon": 180.0, "lat": 90.0}
    for value, name in zip(row, names, strict=True):
        if abs(value) > largest.get(name, 1e300) or (name == "weight" and value < 0):
            raise InputError(
                f"'{path}', line {number}, field {name}: {value:g} is out of range. Coordinates must be finite "
                "(degrees: lon within 180, lat within 90), weights >= 0.",
                f"« {path} », ligne {number}, champ {name} : {value:g} est hors limites. Les coordonnées doivent être "
                "finies (degrés : lon dans 180, lat dans 90), les poids >= 0.",
            )


def read_weights(path: Path, n: int) -> FloatArray:
    """Return the n weights of a file, one number per line."""
    lines = read_lines(path)
    weight = read_numbers(lines, width=1)[:, 0]
    if weight.size != n:
        raise InputError(
            f"'{path}' holds {weight.size} weights for {n} homes: give one number per line and per home.",
            f"« {path} » contient {weight.size} poids pour {n} foyers : donnez un nombre par ligne et par foyer.",
        )
    wrong = np.flatnonzero(~(np.isfinite(weight) & (weight >= 0)))
    if wrong.size:
        at = int(wrong[0])
        raise InputError(
            f"'{path}', line {lines.numbers[at]}: the weight is {weight[at]:g}. Weights must be finite and >= 0.",
            f"« {path} », ligne {lines.numbers[at]} : le poids vaut {weight[at]:g}. Les poids doivent être finis et "
            ">= 0.",
        )
    return weight


def read_benefits(path: Path, sites_path: Path | None) -> Instance:
    """Return pairs from a CSV or Parquet table with columns home, site, benefit; codes stay text.

    A second table with columns site, fixed_cost gives what each open site costs.
    """
    table, numbers = _read_table(path, ("home", "site"), "benefit")
    twice = table.select(pl.struct("home", "site").is_duplicated()).to_series()
    if twice.any():
        at = int(np.argmax(twice.to_numpy()))
        pair = table.row(at)[:2]
        again = [i for i, row in enumerate(table.iter_rows()) if row[:2] == pair][1]
        raise InputError(
            f"'{path}', lines {numbers[at]} and {numbers[again]}: the pair {pair[0]}, {pair[1]} comes twice. Keep one "
            "line per pair.",
            f"« {path} », lignes {numbers[at]} et {numbers[again]} : le couple {pair[0]}, {pair[1]} vient deux fois. "
            "Gardez une ligne par couple.",
        )
    homes = table["home"].unique().sort()
    sites = table["site"].unique().sort()
    fixed = None
    if sites_path is not None:
        costs, lines = _read_table(sites_path, ("site",), "fixed_cost")
        twice = costs["site"].is_duplicated()
        if twice.any():
            at = int(np.argmax(twice.to_numpy()))
            raise InputError(
                f"'{sites_path}', line {lines[at]}: the site {costs['site'][at]} comes twice. Keep one line per site.",
                f"« {sites_path} », ligne {lines[at]} : le site {costs['site'][at]} vient deux fois. Gardez une ligne "
                "par site.",
            )
        lost = sites.filter(~sites.is_in(costs["site"].implode()))
        if len(lost):
            raise InputError(
                f"'{sites_path}' has no line for the site {lost[0]} of '{path}' ({len(lost)} such sites): give the "
                "fixed cost of every site.",
                f"« {sites_path} » n'a pas de ligne pour le site {lost[0]} de « {path} » ({len(lost)} dans ce cas) : "
                "donnez le coût fixe de chaque site.",
            )
        costs = costs.sort("site")
        sites = costs["site"]
        fixed = costs["fixed_cost"].to_numpy().astype(np.float64)
    pairs = (
        table["home"].rank("dense").to_numpy().astype(np.int64) - 1,
        table["site"].replace_strict(sites, pl.Series(range(len(sites)), dtype=pl.Int64)).to_numpy(),
        table["benefit"].to_numpy(),
    )
    ignored = tuple(name for name in table.columns if name not in ("home", "site", "benefit"))
    return Instance(homes=homes.to_list(), sites=sites.to_list(), pairs=pairs, fixed=fixed, ignored=ignored, named=True)


def _read_table(path: Path, codes: tuple[str, ...], number: str) -> tuple[pl.DataFrame, list[int] | range]:
    """Return a table with `codes` as text and `number` as finite floats first, and the line of each row."""
    numbers: list[int] | range
    if path.suffix.lower() == ".parquet":
        try:
            table = pl.read_parquet(path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"'{path}' is not a readable Parquet file ({error}). Write it again, or give a CSV.",
                f"« {path} » n'est pas un fichier Parquet lisible ({error}). Réécrivez-le, ou donnez un CSV.",
            ) from error
        numbers = range(1, len(table) + 1)
    else:
        table, numbers = _read_csv(path)
    missing = [name for name in (*codes, number) if name not in table.columns]
    if missing or not len(table):
        said = ", ".join(missing) or "-"
        raise InputError(
            f"'{path}' has the columns {', '.join(table.columns)} and {len(table)} rows. Needed: "
            f"{', '.join((*codes, number))} (missing: {said}), and one row at least.",
            f"« {path} » a les colonnes {', '.join(table.columns)} et {len(table)} lignes. Il faut : "
            f"{', '.join((*codes, number))} (manquent : {said}), et au moins une ligne.",
        )
    fractions = [name for name in codes if table[name].dtype.is_float()]
    text = table.with_columns(pl.col(name).cast(pl.String) for name in codes)
    values = table[number].cast(pl.Float64, strict=False) if table[number].dtype != pl.Boolean else pl.Series([None])
    text = text.select(*codes, pl.lit(values).alias(number), pl.exclude(*codes, number))
    empty = [pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in codes]
    wrong = text.select(pl.any_horizontal(*empty, ~pl.col(number).is_finite().fill_null(value=False))).to_series()
    if fractions or wrong.any():
        at = int(np.argmax(wrong.to_numpy()))
        said = ", ".join(str(value) for value in table.select(*codes, number).row(at))
        raise InputError(
            f"'{path}', line {numbers[at]}: '{said}' where {', '.join(codes)} are codes written as text and {number} "
            "is a finite number.",
            f"« {path} », ligne {numbers[at]} : « {said} » alors que {', '.join(codes)} sont des codes écrits en "
            f"texte et {number} un nombre fini.",
        )
    return text, numbers


def _read_csv(path: Path) -> tuple[pl.DataFrame, list[int]]:
    lines = read_lines(path)
    header = [name.lower() for name in split_fields(lines.texts[0], lines.separator)]
    rows = [split_fields(line, lines.separator) for line in lines.texts[1:]]
    ragged = next((at for at, row in enumerate(rows) if len(row) != len(header)), None)
    if ragged is not None:
        raise InputError(
            f"'{path}', line {lines.numbers[ragged + 1]}: fields: {len(rows[ragged])} where the header has "
            f"{len(header)}.",
            f"« {path} », ligne {lines.numbers[ragged + 1]} : champs : {len(rows[ragged])} alors que l'en-tête en a "
            f"{len(header)}.",
        )
    if len(set(header)) != len(header):
        raise InputError(
            f"'{path}', line {lines.numbers[0]}: a column comes twice in '{lines.texts[0].strip()}'.",
            f"« {path} », ligne {lines.numbers[0]} : une colonne vient deux fois dans « {lines.texts[0].strip()} ».",
        )
    table = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    number = pl.col("^(benefit|fixed_cost)$")
    return (table.with_columns(number.str.replace(",", ".")) if lines.comma else table), lines.numbers[1:]
