"""`ancrage siting solve` as a user runs it: every format, JSON alone on output, and errors that name the line."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
from contextlib import contextmanager

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from ancrage.cli.main import app
from ancrage.siting.facility import solve_median

MATRIX = "0,4,9\n3,0,5\n9,5,0\n8,4,1\n"
"""Four homes, three sites: with one place the best is site 1 (4 + 0 + 5 + 4 = 13), with two 0 and 2 (0 + 3 + 0 + 1)."""
GRAPH = """ 5 6 2
 1 2 3
 2 3 4
 3 4 9
 4 3 1
 4 5 2
 1 2 7
"""
"""A chain 1 -7- 2 -4- 3 -1- 4 -2- 5, as the last of the repeated edges counts, either way round."""


def run(*arguments):
    """Run the command in English and return what it printed and its exit code."""
    return CliRunner().invoke(app, ["siting", "solve", *map(str, arguments), "--lang", "en"])


def solve(*arguments):
    """Return the JSON of a command that succeeds."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def matrix(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text(MATRIX)
    return path


def write(tmp_path, text, name="file.csv"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_matrix_is_solved_with_column_numbers_from_zero(matrix):
    found = solve(matrix, "--format", "matrix", "--objective", "p-median", "--places", 1)
    assert set(found) == {
        "objective",
        "value",
        "bound",
        "gap",
        "proven",
        "sites",
        "places",
        "homes",
        "entries",
        "seconds",
        "compile_seconds",
    }
    assert (found["value"], found["bound"], found["gap"], found["proven"]) == (13, 13, 0.0, True)
    assert (found["sites"], found["places"], found["homes"]) == ([1], 1, 4)
    assert solve(matrix, "--format", "matrix", "--places", 2)["sites"] == [0, 2]


def test_orlib_graph_keeps_the_last_of_repeated_edges(tmp_path):
    found = solve(write(tmp_path, GRAPH, "pmed.txt"), "--format", "orlib")
    # p = 2 from the file. Vertices 1 and 3: 0 + 4 + 0 + 1 + 3; or 1 and 4: 0 + 5 + 1 + 0 + 2.
    assert (found["value"], found["places"], found["homes"], found["proven"]) == (8, 2, 5, True)
    assert found["sites"] in ([1, 3], [1, 4])
    assert solve(write(tmp_path, GRAPH, "pmed.txt"), "--format", "orlib", "--places", 1)["value"] == 19


def test_graph_and_matrix_of_one_instance_agree(tmp_path):
    draw = np.random.default_rng(3)
    n, edges = 40, 90
    ends = draw.integers(1, n + 1, (edges, 2)).tolist() + [[i, i + 1] for i in range(1, n)]
    lines = [f"{i} {j} {draw.integers(0, 30)}" for i, j in ends]
    graph = write(tmp_path, f"{n} {len(lines)} 6\n" + "\n".join(lines), "graph.txt")
    costs = np.where(np.eye(n) > 0, 0.0, np.inf)
    for line in lines:
        i, j, cost = map(int, line.split())
        if i != j:
            costs[i - 1, j - 1] = costs[j - 1, i - 1] = cost
    for k in range(n):
        costs = np.minimum(costs, costs[:, [k]] + costs[[k]])
    table = write(tmp_path, "\n".join(",".join(f"{c:g}" for c in row) for row in costs))
    from_graph = solve(graph, "--format", "orlib")
    from_matrix = solve(table, "--format", "matrix", "--places", 6)
    assert from_graph["value"] == from_matrix["value"] == solve_median(costs, 6).value
    assert from_graph["proven"]
    assert from_matrix["proven"]


def test_points_carry_weights_and_names(tmp_path):
    text = "name;x;y;weight;colour\n01;0;0;1;red\n02;3,0;4,0;10;red\n03;6;8;1;blue\n"
    points = write(tmp_path, b"\xef\xbb\xbf" + text.encode())
    done = run(points, "--format", "points", "--places", 1, "--json")
    assert json.loads(done.stdout) | {"seconds": 0, "compile_seconds": 0} == {
        "objective": "p-median",
        "value": 10,
        "bound": 10,
        "gap": 0.0,
        "proven": True,
        "sites": ["02"],
        "places": 1,
        "homes": 3,
        "entries": 5,
        "seconds": 0,
        "compile_seconds": 0,
    }
    assert "Columns not used: colour" in done.stderr


def test_points_in_degrees_are_measured_in_km(tmp_path):
    points = write(tmp_path, "lon,lat\n0,0\n1,0\n0,1\n")
    found = solve(points, "--format", "points", "--places", 1)
    assert found["sites"] == [0]
    assert found["value"] == pytest.approx(2 * np.pi * 6371.0088 / 180)
    covered = solve(points, "--format", "points", "--objective", "coverage", "--places", 1, "--radius", 112)
    assert (covered["value"], covered["sites"]) == (3, [0])


def test_floor_metric_rounds_distances_down(tmp_path):
    points = write(tmp_path, "x,y\n0,0\n1,1\n2,2\n")
    assert solve(points, "--format", "points", "--places", 1, "--metric", "floor")["value"] == 2
    assert solve(points, "--format", "points", "--places", 1)["value"] == pytest.approx(2 * 2**0.5)


def test_coverage_and_set_cover_read_minutes_and_share(matrix, tmp_path):
    weights = write(tmp_path, "1\n3\n3\n4\n", "weights.txt")
    options = ("--format", "matrix", "--minutes", 4, "--weights", weights)
    one = solve(matrix, "--objective", "coverage", "--places", 1, *options)
    assert (one["value"], one["sites"], one["proven"]) == (8, [1], True)
    every = solve(matrix, "--objective", "set-cover", *options)
    assert (every["value"], every["places"], every["proven"]) == (2, None, True)
    assert solve(matrix, "--objective", "set-cover", "--share", 0.7, *options)["value"] == 1


def test_benefits_keep_codes_as_text(tmp_path):
    pairs = write(tmp_path, "home,site,benefit,demand\n01001,0123,5,1\n01002,0123,1,1\n01002,2A004,4.5,1\n")
    found = solve(pairs, "--format", "benefits", "--places", 1)
    assert (found["objective"], found["sites"], found["value"], found["homes"]) == ("saving", ["0123"], 6, 2)
    parquet = tmp_path / "pairs.parquet"
    pl.read_csv(pairs, infer_schema=False).with_columns(pl.col("benefit").cast(pl.Float64)).write_parquet(parquet)
    assert solve(parquet, "--format", "benefits", "--places", 1)["sites"] == ["0123"]
    sites = write(tmp_path, "site,fixed_cost\n2A004,1\n0123,2\n9,0\n", "sites.csv")
    both = solve(pairs, "--format", "benefits", "--sites", sites)
    assert (both["value"], both["sites"]) == (6.5, ["0123", "2A004"])
    assert solve(pairs, "--format", "benefits", "--fixed-cost", 4)["sites"] == ["0123"]


def test_imposed_and_excluded_sites_are_named_as_in_the_file(matrix, tmp_path):
    base = ("--format", "matrix", "--places", 2)
    assert solve(matrix, *base, "--imposed", "1")["sites"] == [1, 2]
    assert solve(matrix, "--format", "matrix", "--places", 1, "--excluded", "0,1")["sites"] == [2]
    graph = write(tmp_path, GRAPH, "pmed.txt")
    assert 5 in solve(graph, "--format", "orlib", "--imposed", "5")["sites"]


def test_output_gives_the_site_of_each_home(matrix, tmp_path):
    output = tmp_path / "plan.csv"
    done = run(matrix, "--format", "matrix", "--places", 2, "--output", output)
    assert done.exit_code == 0, done.output
    assert list(csv.reader(output.read_text().splitlines())) == [
        ["home", "site", "value"],
        ["0", "0", "0"],
        ["1", "0", "3"],
        ["2", "2", "0"],
        ["3", "2", "1"],
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["costs.csv", "plan.csv"]


def test_summary_says_value_proof_and_sites(matrix):
    done = run(matrix, "--format", "matrix", "--places", 2)
    assert "total cost: 4" in done.stdout
    assert "Proven: no choice is better" in done.stdout
    french = CliRunner().invoke(
        app, ["siting", "solve", str(matrix), "--format", "matrix", "--places", "2", "--lang", "fr"]
    )
    assert "coût total : 4" in french.stdout
    assert "Prouvé" in french.stdout


@pytest.mark.parametrize(
    "text",
    [
        MATRIX.replace(",", ";"),
        MATRIX.replace(",", "\t"),
        MATRIX.replace(",", " "),
        "\ufeff" + MATRIX,
        MATRIX.encode("utf-16"),
        MATRIX.replace("\n", "\r\n") + "\r\n\r\n",
        MATRIX.replace(",", ";").replace("9", "9,0"),
        MATRIX.replace("9", '"9"'),
        MATRIX.replace("9", "inf"),
    ],
    ids=["semicolons", "tabs", "blanks", "mark", "utf16", "windows lines", "decimal commas", "quotes", "unreachable"],
)
def test_matrix_may_be_written_in_other_ways(tmp_path, text):
    found = solve(write(tmp_path, text), "--format", "matrix", "--places", 2)
    assert (found["value"], found["sites"]) == (4, [0, 2])


@pytest.mark.parametrize(
    ("form", "text", "options", "words"),
    [
        ("matrix", "0,4\n4\n", (), "line 2: fields: 1 instead of 2 as on line 1"),
        ("matrix", "a,b\n0,4\n", (), "line 1, field 1: 'a' is not a number.*no header"),
        ("matrix", "0,4\n\n4,x\n", (), "line 3, field 2: 'x' is not a number"),
        ("matrix", "0,4\n4,\n", (), "line 2, field 2: '' is not a number"),
        ("matrix", "0,nan\n4,0\n", (), "line 1, field 2: 'nan' is not a number"),
        ("matrix", "0,4\n-4,0\n", (), "row 1, column 0 .* the cost is -4"),
        ("matrix", "0;4,5\n4.5;0\n", (), "decimal comma on line 1 and a decimal point on line 2"),
        ("matrix", "", (), "is empty"),
        ("matrix", "PK\x03\x04\x00\x00", (), "is not a text file"),
        ("matrix", "0,4\n4,0\n", ("--places", "3"), "only 2 sites may open"),
        ("matrix", "0,4\n4,0\n", ("--places", "0"), "0 places are asked for"),
        ("matrix", "0,4\n4,0\n", ("--imposed", "7"), "--imposed: the file has no site '7'.* go from 0 to 1"),
        ("matrix", "inf,inf\n4,0\n", (), "Home 0 .*reaches no site"),
        ("matrix", "0,inf\ninf,0\n", (), "No choice of 1 sites"),
        ("matrix", "0,4\n4,0\n", ("--objective", "coverage"), "--minutes is missing"),
        ("matrix", "0,4\n4,0\n", ("--minutes", "3"), "--minutes means nothing with p-median"),
        ("matrix", "0,4\n4,0\n", ("--objective", "saving"), "--objective is 'saving' with --format matrix"),
        ("matrix", "0,4\n4,0\n", ("--metric", "floor"), "--metric means nothing"),
        ("matrix", "0,4\n4,0\n", ("--gap", "2"), "--gap is 2"),
        ("matrix", "0,4\n4,0\n", ("--deadline", "0"), "--deadline is 0"),
        ("orlib", "3 2\n1 2 4\n2 3 5\n", (), "line 1: '3 2' where three whole numbers"),
        ("orlib", "3 3 1\n1 2 4\n2 3 5\n", (), "announces 3 edges on line 1 and holds 2"),
        ("orlib", "3 2 1\n1 2 4\n2 4 5\n", (), "line 3: '2 4 5' is not an edge.* 1 to 3"),
        ("orlib", "3 2 1\n1 2 4\n2 3 -5\n", (), "line 3: '2 3 -5' is not an edge"),
        ("orlib", "3 2 1\n1 2 4\n2 3\n", (), "line 3: fields: 2 instead of 3"),
        ("orlib", "4 2 1\n1 2 4\n2 3 5\n", (), "No choice of 1 sites"),
        ("points", "a,b\n0,0\n", (), "the header is 'a,b'. It must name x and y"),
        ("points", "x,y\n0,0\n1\n", (), "line 3: fields: 1 where the header has 2"),
        ("points", "x,y\n0,zero\n", (), "line 2, field y: 'zero' is not a number"),
        ("points", "x,y,weight\n0,0,-1\n", (), "line 2, field weight: -1 is out of range"),
        ("points", "lon,lat\n0,95\n", (), "line 2, field lat: 95 is out of range"),
        ("points", "x,y,name\n0,0,a\n1,1,a\n", (), "lines 2 and 3: both are named 'a'"),
        ("points", "x,y\n", (), "has a header and no point"),
        ("points", "lon,lat\n0,0\n", ("--metric", "floor"), "--metric is 'floor' for points in lon,lat"),
        ("points", "x,y,weight\n0,0,0\n", (), "Every weight is zero"),
        ("benefits", "home,site\n1,2\n", (), "Needed: home, site, benefit .missing: benefit"),
        ("benefits", "home,site,benefit\n1,2,much\n", (), "line 2: '1, 2, much'"),
        ("benefits", "home,site,benefit\n1,,3\n", (), "line 2: '1, , 3'"),
        ("benefits", "home,site,benefit\n1,2,3\n\n1,3,3\n1,2,4\n", (), "lines 2 and 5: the pair 1, 2 comes twice"),
        ("benefits", "home,site,benefit\n1,2,3,4\n", (), "line 2: fields: 4 where the header has 3"),
        ("benefits", "home,site,benefit\n1,2,3\n", ("--objective", "p-median"), "use p-median, coverage or set-cover"),
        ("nonsense", "1\n", (), "--format is 'nonsense'"),
    ],
)
def test_bad_input_is_refused_with_its_line(tmp_path, form, text, options, words):
    needs = () if "--places" in options or form in ("orlib", "nonsense") else ("--places", "1")
    done = run(write(tmp_path, text), "--format", form, *needs, *options)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert re.search(words, done.stderr.replace("\n", " ")), done.stderr


def test_other_files_and_options_are_refused(matrix, tmp_path):
    places = ("--format", "matrix", "--places", 1)
    for arguments, words in (
        ((tmp_path / "none.csv", *places), "cannot be read"),
        ((matrix, "--format", "matrix"), "--places is missing"),
        ((matrix, *places, "--weights", write(tmp_path, "1\n2\n", "w.txt")), "2 weights for 4 homes"),
        ((matrix, *places, "--weights", write(tmp_path, "1\n2\n-1\n4\n", "v.txt")), "line 3: the weight is -1"),
        ((matrix, *places, "--output", tmp_path / "no" / "plan.csv"), "its folder does not exist"),
        ((matrix, *places, "--minutes", 1, "--radius", 1), "--radius means nothing with --minutes"),
        ((matrix, *places, "--fixed-cost", 1), "--fixed-cost means nothing with p-median"),
        ((matrix, *places, "--share", 0.5), "--share means nothing with p-median"),
        ((matrix, *places, "--sites", matrix), "--sites gives the fixed costs"),
        ((matrix, "--format", "matrix", "--objective", "set-cover", "--minutes", 1, "--places", 1), "finds the number"),
    ):
        done = run(*arguments)
        assert done.exit_code == 1, arguments
        assert words in done.stderr, done.stderr


def test_sites_table_must_hold_every_site_once(tmp_path):
    pairs = write(tmp_path, "home,site,benefit\n1,2,3\n1,3,3\n", "pairs.csv")
    for text, words in (
        ("site,fixed_cost\n2,1\n", "no line for the site 3"),
        ("site,fixed_cost\n2,1\n3,1\n3,2\n", "the site 3 comes twice"),
        ("site,fixed_cost\n2,1\n3,\n", "line 3: '3, '"),
    ):
        done = run(pairs, "--format", "benefits", "--sites", write(tmp_path, text, "sites.csv"))
        assert done.exit_code == 1
        assert words in done.stderr


def test_interrupt_prints_the_best_plan_so_far(tmp_path, monkeypatch):
    """Ctrl-C as soon as the search says how far it has come."""

    @contextmanager
    def press_at_first_word(_quiet):
        yield lambda _state: os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("ancrage.cli.siting.show_progress", press_at_first_word)
    costs = np.random.default_rng(1).integers(1, 1000, (300, 300))
    path = write(tmp_path, "\n".join(",".join(map(str, row)) for row in costs))
    before = signal.getsignal(signal.SIGINT)
    found = solve(path, "--format", "matrix", "--places", 12)
    assert found["proven"] is False
    assert found["bound"] < found["value"]
    assert len(found["sites"]) == 12
    assert signal.getsignal(signal.SIGINT) == before
