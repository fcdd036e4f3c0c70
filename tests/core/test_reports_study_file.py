"""The study file: written, read back, and refused with a sentence that names the field."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.errors import InputError
from ancrage.reports.study_file import (
    StudyFile,
    read_study_file,
    render_study_file,
    validate_settings,
    write_study_file,
)
from ancrage.study.settings import CoefficientOverride, StudySettings

numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.text(alphabet=string.ascii_lowercase + "_é. ", min_size=1, max_size=12)
settings = st.builds(
    StudySettings,
    epci=st.lists(st.text(min_size=1), min_size=1, max_size=3).map(tuple),
    budget=st.floats(min_value=0.01, max_value=1e12),
    places=st.none() | st.integers(1, 500),
    objective=st.sampled_from(["km", "hours", "co2", "value"]),
    preset=st.sampled_from(["observed", "central", "ambition"]),
    parameters=st.dictionaries(
        names, numbers | st.builds(CoefficientOverride, low=numbers, value=numbers, high=numbers), max_size=3
    ),
    keep=st.lists(st.text(), max_size=3).map(tuple),
    keep_existing=st.booleans(),
    draws=st.integers(0, 100_000),
    seed=st.integers(0, 2**40),
)


@given(settings=settings, produced=st.dictionaries(names, st.text(), max_size=2))
def test_study_file_reads_back_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, settings: StudySettings, produced: dict[str, str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "study.toml"
    written = StudyFile(settings, produced, {"flows": "a" * 64})
    write_study_file(written, path)
    assert read_study_file(path) == written


def test_study_file_has_one_line_per_setting_and_no_empty_table() -> None:
    lines = render_study_file(StudyFile(StudySettings(epci=("200072544",), budget=150_000))).splitlines()
    assert 'epci = ["200072544"]' in lines
    assert "budget = 150000.0" in lines
    assert not any(line.startswith(("places", "[study.parameters]", "[produced]", "[inputs]")) for line in lines)


@pytest.mark.parametrize(
    ("text", "en", "fr"),
    [
        (
            '[study]\nepci = ["1"]\nbudget = -5\n',
            "Field 'budget' (line 3): -5 must be greater than 0.",
            "Champ « budget » (ligne 3) : -5 doit être supérieur à 0.",
        ),
        (
            '[study]\nepci = ["1"]\nbudget = "a lot"\n',
            "Field 'budget' (line 3): 'a lot' is not a number.",
            "Champ « budget » (ligne 3) : 'a lot' n'est pas un nombre.",
        ),
        (
            '[study]\nepci = ["1"]\nplaces = 1\nbudjet = 5\n',
            "Field 'budjet' (line 4) is unknown. Known: epci, budget,",
            "Champ « budjet » (ligne 4) : inconnu. Connus : epci, budget,",
        ),
        (
            '[study]\nepci = ["1"]\nplaces = 1\nobjective = "money"\n',
            "Field 'objective' (line 4): 'money' is not one of 'km', 'hours', 'co2' or 'value'.",
            "Champ « objective » (ligne 4) : 'money' n'est pas parmi 'km', 'hours', 'co2' ou 'value'.",
        ),
        ("[study]\nplaces = 1\n", "Field 'epci' is missing: add it.", "Champ « epci » : absent, ajoutez-le."),
        (
            "[study]\nepci = []\nplaces = 1\n",
            "Field 'epci' (line 2) is empty: give at least one value.",
            "Champ « epci » (ligne 2) : vide, donnez au moins une valeur.",
        ),
        (
            '[study]\nepci = ["1"]\n',
            "There is neither 'budget' nor 'places'",
            "Il n'y a ni « budget » ni « places »",
        ),
        (
            '[study]\nepci = ["1"]\nplaces = 1\n[study.parameters]\nprice_day = "dear"\n',
            "Field 'parameters.price_day' (line 5): 'dear' is not a number, nor { low, value, high }.",
            "Champ « parameters.price_day » (ligne 5) : 'dear' n'est pas un nombre, ni { low, value, high }.",
        ),
        (
            '[study]\nepci = ["1"]\nplaces = 1\n[study.parameters]\nprice_day = { low = 1, value = 2 }\n',
            "Field 'parameters.price_day.high' (line 5) is missing: add it.",
            "Champ « parameters.price_day.high » (ligne 5) : absent, ajoutez-le.",
        ),
        (
            '[study]\nepci = ["1"]\nplaces = 1\ndraws = 1e9\n',
            "Field 'draws' (line 4): 1000000000.0 must be at most 100000.",
            "Champ « draws » (ligne 4) : 1000000000.0 doit être au plus égal à 100000.",
        ),
        ("places = 1\n", "has no table [study]", "n'a pas de table [study]"),
        ('study = "x"\n', "has no table [study]", "n'a pas de table [study]"),
        ("[study]\nepci = [\n", "is not valid TOML", "n'est pas du TOML valide"),
        ("[study]\nplaces = = 3\n", "(line 2, column 10", "(ligne 2, colonne 10)"),
        (
            '[study]\nepci = ["1"]\nplaces = 1\n[inputs]\nflows = 3\n',
            "[inputs] must hold names and texts only",
            "[inputs] ne doit contenir que des noms et des textes",
        ),
    ],
)
def test_study_file_refusal_names_the_field(text: str, en: str, fr: str, tmp_path: Path) -> None:
    path = tmp_path / "étude.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_study_file(path)
    assert en in refused.value.text.en
    assert fr in refused.value.text.fr
    assert "étude.toml" in refused.value.text.en
    assert "étude.toml" in refused.value.text.fr


def test_study_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes("[study]\n# été\n".encode("latin-1"))
    with pytest.raises(InputError, match="not in UTF-8"):
        read_study_file(path)


def test_absent_study_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_study_file(tmp_path / "absent.toml")


def test_settings_of_the_command_line_are_refused_without_a_file_name() -> None:
    with pytest.raises(InputError) as refused:
        validate_settings({"epci": ("1",), "budget": -1.0})
    assert refused.value.text.en == "These settings cannot be used. Field 'budget': -1.0 must be greater than 0."
    assert refused.value.text.fr == (
        "Ces réglages ne peuvent pas être utilisés. Champ « budget » : -1.0 doit être supérieur à 0."
    )
