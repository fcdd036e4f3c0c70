"""`ancrage travel`, run as a user runs it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ancrage.cli import main
from ancrage.errors import InputError
from ancrage.territory.travel_errors import compute_travel_errors


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `ancrage` with arguments; return the exit code, standard output and standard error."""
    monkeypatch.delenv("ANCRAGE_LANG", raising=False)

    def run_command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ancrage", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main.run()
        captured = capsys.readouterr()
        return int(caught.value.code or 0), captured.out, " ".join(captured.err.split())

    return run_command


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a folder with four communes in a row, 11 km apart, the last without coordinates."""
    folder = tmp_path / "data"
    folder.mkdir()
    pl.DataFrame(
        {
            "code": ["01001", "01002", "01003", "01004"],
            "lon": [5.0, 5.0, 5.0, None],
            "lat": [45.0, 45.1, 45.2, None],
            "area_km2": [20.0, 20.0, None, 20.0],
            "population_2022": [2000, 4000, 100, 100],
        }
    ).write_parquet(folder / "communes.parquet")
    return folder


def write_pairs(folder: Path, **columns: list) -> Path:
    path = folder / "pairs.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_errors_are_the_percentiles_of_the_difference() -> None:
    errors = compute_travel_errors(np.array([10.0, 12.0, np.nan, 7.0, 30.0]), np.array([10.0, 10.0, 5.0, 8.0, 20.0]))
    assert (errors.pairs, errors.unreachable) == (4, 1)
    assert errors.mae_minutes == pytest.approx((0 + 2 + 1 + 10) / 4)
    assert errors.bias_minutes == pytest.approx(1.0)
    assert errors.p50_minutes == pytest.approx(1.5)
    assert errors.p90_minutes == pytest.approx(2 + 0.7 * 8)


def test_errors_of_nothing_reached_are_refused() -> None:
    with pytest.raises(InputError, match="None of the 2 pairs"):
        compute_travel_errors(np.array([np.nan, np.nan]), np.array([1.0, 2.0]))


def test_check_takes_coordinates_from_the_store_and_counts_what_it_drops(run, store, tmp_path) -> None:
    pairs = write_pairs(
        tmp_path,
        origin=["01001", "01001", "01001", "75101", "01002", "01001"],
        destination=["01002", "01003", "01004", "01001", "01002", "01002"],
        minutes=[20.0, 25.0, 9.0, 9.0, 1.0, None],
    )
    code, out, err = run("travel", "check", pairs, "--data", store, "--max-km", 15, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert {key: answer[key] for key in ("pairs", "dropped", "beyond", "unreachable", "max_km", "provider")} == {
        "pairs": 1,
        "dropped": 4,
        "beyond": 1,
        "unreachable": 0,
        "max_km": 15.0,
        "provider": "estimate",
    }
    assert answer["mae_minutes"] == answer["p50_minutes"] == answer["p90_minutes"] == answer["p95_minutes"]
    assert abs(answer["bias_minutes"]) == answer["mae_minutes"] < 3


def test_check_prefers_the_coordinates_of_the_file_and_reads_numeric_codes(run, store, tmp_path) -> None:
    pairs = write_pairs(
        tmp_path,
        origin=[1001],
        destination=[99999],
        minutes=[15],
        origin_lon=[5.001],
        origin_lat=[45.0],
        destination_lon=[5.05],
        destination_lat=[45.05],
    )
    code, out, _ = run("--lang", "en", "travel", "check", pairs, "--data", store)
    assert code == 0
    assert "1 pairs compared" in out
    assert "mean absolute error" in out


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"origin": ["01001"], "destination": ["01002"]}, "lacks the columns minutes"),
        ({"origin": [], "destination": [], "minutes": []}, "holds no pair"),
        ({"origin": ["01001"], "destination": ["01002"], "minutes": ["ten"]}, "must hold numbers: minutes"),
        ({"origin": ["75101"], "destination": ["01002"], "minutes": [9.0]}, "None of the 1 pairs"),
        ({"origin": ["01001"], "destination": ["01002"], "minutes": [9.0]}, "raise --max-km"),
    ],
)
def test_check_refuses_pairs_it_cannot_use(run, store, tmp_path, columns, said) -> None:
    pairs = write_pairs(tmp_path, **columns)
    code, out, err = run("--lang", "en", "travel", "check", pairs, "--data", store, "--max-km", 5)
    assert (code, out) == (1, "")
    assert said in err


@pytest.mark.parametrize(("name", "said"), [("absent.parquet", "does not exist"), ("text.parquet", "not a Parquet")])
def test_check_refuses_a_file_it_cannot_read(run, store, tmp_path, name, said) -> None:
    (tmp_path / "text.parquet").write_text("origin,destination,minutes")
    code, _, err = run("--lang", "en", "travel", "check", tmp_path / name, "--data", store)
    assert code == 1
    assert said in err


@pytest.mark.parametrize("kilometres", ["0", "-3", "nan"])
def test_check_refuses_a_distance_that_is_not_positive(run, store, tmp_path, kilometres) -> None:
    pairs = write_pairs(tmp_path, origin=["01001"], destination=["01002"], minutes=[9.0])
    code, _, err = run("--lang", "en", "travel", "check", pairs, "--data", store, f"--max-km={kilometres}")
    assert code == 1
    assert "--max-km" in err


def test_check_without_coordinates_in_the_store_says_so(run, store, tmp_path) -> None:
    pl.DataFrame({"code": ["01001"]}).write_parquet(store / "communes.parquet")
    pairs = write_pairs(tmp_path, origin=["01001"], destination=["01002"], minutes=[9.0])
    code, _, err = run("travel", "check", pairs, "--data", store)
    assert code == 1
    assert "lon, lat" in err


def test_list_without_network_says_how_to_build_one(run, store) -> None:
    code, out, err = run("travel", "list", "--data", store)
    assert (code, out) == (0, "")
    assert "ancrage travel build" in err
    assert json.loads(run("travel", "list", "--data", store, "--json")[1]) == []
