"""The files of `ancrage siting`: matrix of costs, OR-Library graph, points, benefits; every error names its line."""

from __future__ import annotations

import codecs
import csv
import io
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
    ignored : columns that were not read.
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


@dataclass(frozen=True)
class Lines:
    """The lines of a text file that are not blank, with their numbers, and what separates their fields.

    Attributes
    ----------
    separator : ";", "," or tab, or None for blanks. comma : True where commas are decimal.
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
    if comma and "." in text:
        at = next((number, line) for number, line in kept if "," in line)
        raise InputError(
            f"'{path}', line {at[0]}: a decimal comma, where other numbers of the file have a point. Use one of the "
            "two in the whole file.",
            f"« {path} », ligne {at[0]} : une virgule décimale, alors que d'autres nombres du fichier ont un point. "
            "Employez l'un des deux dans tout le fichier.",
        )
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
    texts = [line.replace(",", ".") for line in lines.texts[skip:]] if lines.comma else lines.texts[skip:]
    try:
        table = np.loadtxt(texts, delimiter=lines.separator, comments=None, ndmin=2)
    except ValueError:
        table = None
    if table is None or np.isnan(table).any() or (width is not None and table.shape[1] != width):
        # Read again slowly, to name the line and the field.
        table = _read_slowly(lines, skip, width)
    return table


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
                f"'{lines.path}', line {number}: {len(fields)} fields where {expected} are expected{told_en}. Every "
                "line must have as many.",
                f"« {lines.path} », ligne {number} : {len(fields)} champs au lieu de {expected}{told_fr}. Chaque ligne "
                "doit en avoir autant.",
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
            f"'{lines.path}', line {lines.numbers[0]}: '{lines.texts[0].strip()}' where three whole numbers are expected: "
            "vertices, edges, p.",
            f"« {lines.path} », ligne {lines.numbers[0]} : « {lines.texts[0].strip()} » au lieu de trois nombres entiers : "
            "sommets, arêtes, p.",
        )
    n, count, places = (int(value) for value in numbers)
    edges = read_numbers(lines, 1, 3) if len(lines.texts) > 1 else np.zeros((0, 3))
    if len(edges) != count:
        raise InputError(
            f"'{lines.path}' announces {count} edges on line {lines.numbers[0]} and holds {len(edges)}: the file is cut "
            "or the number is wrong.",
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
            f"'{lines.path}', line {lines.numbers[at + 1]}: '{said}' is not an edge. Write two vertices from 1 to {n} and "
            "a finite cost >= 0.",
            f"« {lines.path} », ligne {lines.numbers[at + 1]} : « {said} » n'est pas une arête. Écrivez deux sommets de "
            f"1 à {n} et un coût fini >= 0.",
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
            f"'{path}', line {lines.numbers[0]}: the header is '{lines.texts[0].strip()}'. It must name x and y, or lon and "
            "lat, and each column once (weight and name if you have them).",
            f"« {path} », ligne {lines.numbers[0]} : l'en-tête est « {lines.texts[0].strip()} ». Il doit nommer x et y, ou "
            "lon et lat, et chaque colonne une fois (weight et name si vous les avez).",
        )
    wanted = [name for name in (*axes, "weight") if name in header]
    at = {name: header.index(name) for name in (*wanted, *(["name"] if "name" in header else []))}
    values, names = [], []
    known: dict[str, int] = {}
    for number, line in zip(lines.numbers[1:], lines.texts[1:], strict=True):
        fields = split_fields(line, lines.separator)
        if len(fields) != len(header):
            raise InputError(
                f"'{path}', line {number}: {len(fields)} fields where the header has {len(header)}.",
                f"« {path} », ligne {number} : {len(fields)} champs alors que l'en-tête en a {len(header)}.",
            )
        row = [read_number(fields[at[name]], path, number, name) for name in wanted]
        _check_point(row, wanted, path, number)
        values.append(row)
        if "name" in at:
            name = fields[at["name"]]
            if name in known:
                raise InputError(
                    f"'{path}', lines {known[name]} and {number}: both are named '{name}'. Names must differ.",
                    f"« {path} », lignes {known[name]} et {number} : toutes deux se nomment « {name} ». Les noms doivent "
                    "différer.",
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
    )


def _check_point(row: list[float], names: list[str], path: Path, number: int) -> None:
    largest = {"lon": 180.0, "lat": 90.0}
    for value, name in zip(row, names, strict=True):
        if abs(value) > largest.get(name, 1e300) or (name == "weight" and value < 0):
            raise InputError(
                f"'{path}', line {number}, field {name}: {value:g} is out of range. Coordinates must be finite (degrees: "
                "lon within 180, lat within 90), weights >= 0.",
                f"« {path} », ligne {number}, champ {name} : {value:g} est hors limites. Les coordonnées doivent être finies "
                "(degrés : lon dans 180, lat dans 90), les poids >= 0.",
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
            f"« {path} », ligne {lines.numbers[at]} : le poids vaut {weight[at]:g}. Les poids doivent être finis et >= 0.",
        )
    return weight
