"""Which programme suits a firm and why; which grants of the past look like a project; what tables say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions.programme_sources import (
    GRANT_COLUMNS,
    PROGRAMME_COLUMNS,
    choose_converter,
    convert_business_aid,
    convert_fonds_vert_grant,
    convert_state_grant,
)
from ancrage.conventions.programme_tables import read_grant_table, read_programme_table, write_table
from ancrage.conventions.programmes import (
    Conditions,
    Firm,
    PastGrant,
    compute_distance,
    compute_spread,
    find_similar_grants,
    match_programme,
    split_words,
)
from ancrage.errors import InputError

ON = date(2026, 11, 23)
FIRM = Firm(12, "25.11Z", ("77001", "77", "R11"), "growth")


def test_programme_that_meets_everything_is_likely() -> None:
    match = match_programme(
        FIRM, Conditions(1, 49, False, ("25.1",), ("R11",), ("growth", "idea"), date(2026, 11, 23)), ON
    )
    assert [criterion.answer for criterion in match.criteria] == ["meets"] * 5
    assert (match.verdict, match.score) == ("likely", 5)
    assert match.criteria[0].reason.fr == "12 salariés, pour les entreprises de 1 à 49 salariés."


def test_programme_that_says_nothing_is_possible_and_hides_nothing() -> None:
    match = match_programme(FIRM, Conditions(), ON)
    assert [criterion.answer for criterion in match.criteria] == ["unknown"] * 5
    assert (match.verdict, match.score) == ("possible", 0)


@pytest.mark.parametrize(
    ("conditions", "answer"),
    [
        (Conditions(employees_max=11), ("Effectif", "fails")),
        (Conditions(employees_min=12, employees_max=12), ("Effectif", "meets")),
        (Conditions(sizes_said=True), ("Effectif", "meets")),
        (Conditions(sectors=("26",)), ("Secteur", "fails")),
        (Conditions(sectors=()), ("Secteur", "meets")),
        (Conditions(places=("01", "69")), ("Lieu", "fails")),
        (Conditions(places=("77",)), ("Lieu", "meets")),
        (Conditions(stages=("takeover",)), ("Étape", "fails")),
        (Conditions(valid_until=date(2026, 11, 22)), ("Validité", "fails")),
    ],
)
def test_each_criterion_is_answered_alone(conditions: Conditions, answer: tuple[str, str]) -> None:
    answers = {criterion.name.fr: criterion.answer for criterion in match_programme(FIRM, conditions, ON).criteria}
    assert answers[answer[0]] == answer[1]
    assert sum(found == "unknown" for found in answers.values()) == 4


def test_what_is_not_known_of_the_firm_is_unknown_and_never_refused() -> None:
    conditions = Conditions(1, 49, False, ("25",), ("77",), ("idea",), date(2027, 1, 1))
    answers = [criterion.answer for criterion in match_programme(Firm(), conditions, ON).criteria]
    assert answers == ["unknown"] * 4 + ["meets"]


def test_words_are_compared_without_accents_plural_nor_endings() -> None:
    assert split_words("Rénovation énergétique des écoles de la commune") == {"renovat", "energet", "ecole"}
    assert split_words("Œuvres") == split_words("OEUVRE")


def build_grant(key: int, description: str, lon: float = 3.0, **fields: object) -> PastGrant[int]:
    facts: dict[str, object] = {"category": "", "amount": Decimal(30), "cost": Decimal(100), **fields}
    return PastGrant(key, description, point=(lon, 48.0), **facts)  # type: ignore[arg-type]


GRANTS = (
    build_grant(1, "Travaux de toiture"),
    build_grant(2, "Travaux de voirie"),
    build_grant(3, "Espace de coworking", lon=3.5),
    build_grant(4, "Travaux d'un espace de coworking", lon=4.5, cost=None),
)


def test_similar_grants_come_by_rare_words_then_by_distance() -> None:
    found = find_similar_grants("Travaux : coworking", GRANTS, point=(3.0, 48.0))
    assert [entry.grant.key for entry in found] == [4, 3, 1, 2]
    # ln(1 + 4/2) of coworking over itself and ln(1 + 4/3) of travaux, which three of the four have.
    assert found[1].likeness == pytest.approx(1.0986123 / (1.0986123 + 0.8472979))
    assert found[1].words == ("coworki",)
    assert (found[0].rate, found[1].rate) == (None, Decimal("0.3"))


def test_similar_grants_are_kept_within_a_radius_and_a_category() -> None:
    near = find_similar_grants("coworking", GRANTS, point=(3.0, 48.0), radius=50)
    assert [entry.grant.key for entry in near] == [3]
    assert near[0].distance == pytest.approx(37.2, abs=0.05)
    assert find_similar_grants("coworking", GRANTS, category="autre") == ()
    assert find_similar_grants("de la", GRANTS) == ()


def test_quartiles_need_four_rates() -> None:
    rates = [Decimal("0.2"), None, Decimal("0.3"), Decimal("0.4")]
    assert compute_spread(rates) is None
    spread = compute_spread([*rates, Decimal("0.5")])
    assert spread is not None
    assert (spread.count, spread.low, spread.median, spread.high) == pytest.approx((4, 0.275, 0.35, 0.425))


def test_distance_of_paris_and_lyon() -> None:
    assert compute_distance((2.3522, 48.8566), (4.8357, 45.7640)) == pytest.approx(391.5, abs=0.5)
    with pytest.raises(InputError):
        compute_distance((48.0, 200.0), (0, 0))


@given(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), st.tuples(st.floats(-180, 180), st.floats(-90, 90)))
def test_distance_is_the_same_both_ways_and_at_most_half_the_earth(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    distance = compute_distance(first, second)
    assert distance == pytest.approx(compute_distance(second, first))
    assert 0 <= distance <= 20_016


def test_programmes_are_read_in_the_numbers_of_both_languages() -> None:
    table = read_programme_table(
        "\ufeffkey;name;source;rate_max;ceiling;employees_min;sectors;valid_until;detr\n"
        "a;A;S;40 %;1 234,50 €;0;tous;31/01/2027;oui\n"
        "b;B;S;0.4;1234.5;;25|26;2027-01-31;non\n"
    )
    assert table.problems == []
    first, second = table.rows
    assert first["rate_max"] == second["rate_max"] == Decimal("0.4")
    assert first["ceiling"] == second["ceiling"] == Decimal("1234.50")
    assert first["valid_until"] == second["valid_until"] == date(2027, 1, 31)
    assert (first["sectors"], second["sectors"], first["places"]) == ([], ["25", "26"], None)
    assert (first["detr"], second["detr"], first["employees_min"]) == (True, False, 0)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("a;;S", "name"),
        ("a;A;", "source"),
        ("a;A;S;grande", "nature"),
        ("a;A;S;;1.2", "rate_max"),
        ("a;A;S;;;demain", "valid_until"),
        ("a;A;S;;;31/02/2027", "valid_until"),
        ("a;A;S;;;;javascript:x", "url"),
        ("a;A;S;;;;;idée fixe", "stages"),
        ("a;A;S;;;;;;10;5", "employees_max"),
        ("k;A;S", "key"),
    ],
)
def test_mistake_is_told_by_line_and_column(line: str, column: str) -> None:
    head = "key;name;source;nature;rate_max;valid_until;url;stages;employees_min;employees_max"
    table = read_programme_table(f"{head}\nk;K;S\n{line}\n")
    assert [(problem.line, problem.column) for problem in table.problems] == [(3, column)]
    assert table.problems[0].says.en
    assert table.problems[0].says.fr


@pytest.mark.parametrize(
    ("text", "column"),
    [("", ""), ("key;nom\n", "name"), ("key;name;autre\n", "autre"), ("key;name\na;b;c\n", "")],
)
def test_table_that_is_none_is_told(text: str, column: str) -> None:
    assert read_programme_table(text).problems[0].column == column


def test_cell_that_a_spreadsheet_would_run_is_written_as_text_and_read_back() -> None:
    written = write_table(
        PROGRAMME_COLUMNS, [{"key": "a", "name": "=1+1", "source": "S", "stages": [], "places": None}]
    )
    assert "'=1+1" in written
    (row,) = read_programme_table(written).rows
    assert (row["name"], row["stages"], row["places"]) == ("=1+1", [], None)


def test_past_grants_are_read_and_told() -> None:
    head = ";".join(GRANT_COLUMNS)
    good = read_grant_table(f"{head}\nDETR;2019;77001;77;X;Halle;C;100;30,5;3,1;48,8;S;LO\n")
    assert good.problems == []
    assert (good.rows[0]["amount"], good.rows[0]["lon"]) == (Decimal("30.50"), 3.1)
    wrong = read_grant_table(f"{head}\nDETR;19;77001;77;X;;C;-1;;200;48;S;\n")
    assert {problem.column for problem in wrong.problems} == {"year", "description", "cost", "amount", "lon"}


def test_open_tables_become_ours() -> None:
    aid = {
        "slug": "s",
        "title": "T",
        "operator": "ADEME",
        "nature": "financement",
        "amount": "50 %",
        "eligibility": '{"taille de l\'entreprise": ["Toutes tailles"], "secteur d\'activité": ["Industrie"], '
        '"secteur géographique": ["France et territoires d\'outre-mer"]}',
        "valid_until": "31/12/2026",
        "promise": "P",
        "description": "D",
        "url": "",
    }
    ours = convert_business_aid(aid)
    assert (ours["employees_min"], ours["sectors"], ours["places"]) == ("0", "", "tous")
    assert (ours["nature"], ours["valid_until"], ours["description"]) == ("grant", "2026-12-31", "P\nD")
    assert "secteur d'activité : Industrie" in ours["eligibility"]
    state = {
        "grant_scheme": "DETR", "territory_code": "77001", "level": "commune", "departement": "77",
        "territory_name": "X", "description": "Halle", "category": "2 - Economie et emploi", "total_cost_eur": 100.0,
        "grant_eur": 30.0, "lon": 3.0, "lat": 48.0,
    }  # fmt: skip
    found = convert_state_grant(state)
    assert found is not None
    assert (found["category"], found["commune"], found["amount"]) == ("Economie et emploi", "77001", "30.00")
    assert convert_state_grant({**state, "description": None}) is None
    vert = {"commune": "97105", "project": "Halle", "measure": "M", "beneficiary": "B", "amount_eur": 1.0}
    assert (convert_fonds_vert_grant(vert) or {})["departement"] == "971"
    assert choose_converter(aid) == (PROGRAMME_COLUMNS, convert_business_aid)
    assert choose_converter(state) == (GRANT_COLUMNS, convert_state_grant)
    assert choose_converter(vert) == (GRANT_COLUMNS, convert_fonds_vert_grant)
    assert choose_converter({"a"}) is None
