"""The law, case by case: tests/cases/conventions/*.yaml are read by jurists, this module only hands them over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ancrage.conventions import aid, cofunding, delays, obligation, telework, valuation, zoning
from ancrage.conventions.model import RULES, Finding
from ancrage.errors import AncrageError, InputError
from ancrage.parameters import load_parameters

PARAMETERS = load_parameters()
FOLDER = Path(__file__).resolve().parent.parent / "cases" / "conventions"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]


def read_amounts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts with numbers between quotes as decimals; "day" is `on`, which YAML would read as "yes"."""
    read = {}
    for key, value in (("on" if name == "day" else name, value) for name, value in facts.items()):
        try:
            read[key] = Decimal(value) if isinstance(value, str) else value
        except ArithmeticError:
            read[key] = value
    return read


def check_contribution(**facts: Any) -> tuple[Finding, ...]:
    multiple = facts.pop("multiple", None)
    if multiple is not None:
        facts["amount"] = obligation.compute_multiple_amount(facts["jobs"], multiple, facts["reference"], PARAMETERS)
    return obligation.check_contribution(parameters=PARAMETERS, **facts)


def check_scope(**facts: Any) -> Finding:
    affects = facts.pop("affects_basin", None)
    return obligation.check_scope(obligation.Company(**facts), PARAMETERS, affects_basin=affects)


def check_committees(*, signed: date, held: list[date], on: date) -> tuple[Finding, ...]:
    meetings = [delays.Meeting(day, day - timedelta(days=15)) for day in held]
    return delays.check_committees(signed, meetings, on, PARAMETERS)


def check_de_minimis(*, undertaking: str, asked: Decimal, on: date, aids: list[list[Any]]) -> Finding:
    held = [aid.Aid(name, Decimal(amount), granted) for name, amount, granted in aids]
    return aid.check_de_minimis(undertaking, asked, on, held, PARAMETERS)


def check_own_share(*, cost: Decimal, sources: list[list[Any]], lead_authority: bool = False) -> Finding:
    given_sources = [cofunding.Source(name, origin, Decimal(amount)) for name, origin, amount in sources]
    return cofunding.check_own_share(cost, given_sources, PARAMETERS, lead_authority=lead_authority)


def with_parameters(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda **facts: rule(parameters=PARAMETERS, **facts)


DISPATCH: dict[str, Callable[..., Any]] = {
    "jobs": obligation.compute_jobs,
    "floor": with_parameters(obligation.compute_floor),
    "multiple": with_parameters(obligation.compute_multiple_amount),
    "default": with_parameters(obligation.compute_default_payment),
    "contribution": check_contribution,
    "scope": check_scope,
    "agreement": with_parameters(obligation.check_agreement),
    "prefect": with_parameters(delays.compute_prefect_deadline),
    "option": with_parameters(delays.compute_option_deadline),
    "signature": with_parameters(delays.compute_signature_deadline),
    "duration": with_parameters(delays.check_duration),
    "framework": with_parameters(delays.check_framework),
    "local": with_parameters(delays.compute_local_deadline),
    "voluntary": with_parameters(delays.check_voluntary),
    "committees": check_committees,
    "opposition": with_parameters(delays.compute_opposition_deadline),
    "erasure": with_parameters(delays.compute_erasure_date),
    "loans": with_parameters(valuation.value_loans),
    "property": with_parameters(valuation.value_property),
    "de_minimis": check_de_minimis,
    "own_share": check_own_share,
    "detr": with_parameters(cofunding.check_detr),
    "frr": with_parameters(zoning.check_frr),
    "public_telework": lambda days, monthly: telework.check_public_telework(
        [Decimal(d) for d in days], PARAMETERS, monthly=monthly
    ),
    "allowance": with_parameters(telework.compute_allowance),
    "kilometres": with_parameters(telework.compute_kilometre_cost),
}


@pytest.mark.parametrize("case", CASES)
def test_case_of_law_is_answered_as_written(case: dict[str, Any]) -> None:
    expected = dict(case["expected"])
    rule, facts = DISPATCH[case["rule"]], read_amounts(case["given"])
    if expected.pop("refused", False):
        with pytest.raises(AncrageError) as refused:
            rule(**facts)
        assert refused.value.text.fr
        assert not expected
        return
    answer = rule(**facts)
    findings = answer if isinstance(answer, tuple) else (answer,)
    if "value" in expected:
        wanted = expected.pop("value")
        found = answer.value if isinstance(answer, Finding) else answer
        assert found == (Decimal(wanted) if isinstance(found, Decimal) else wanted)
    if "level" in expected:
        assert answer.level == expected.pop("level")
    if "levels" in expected:
        levels = {finding.rule.id: finding.level for finding in findings}
        assert {rule_id: levels[rule_id] for rule_id in expected["levels"]} == expected.pop("levels")
    if "late" in expected:
        assert [f.value for f in findings if isinstance(f.value, int)] == expected.pop("late")
        assert findings[-1].value == expected.pop("next")
    assert not expected, "the case asks for something this test does not look at"


def test_rules_are_numbered_without_a_gap() -> None:
    assert list(RULES) == [f"R{number}" for number in range(1, 25)]


def test_rules_read_in_an_old_copy_say_where_to_check_them() -> None:
    for rule in RULES.values():
        assert rule.article.fr
        if rule.to_check and rule.article.fr.startswith(("Code", "CGCT", "CGI")):
            assert rule.link.startswith("https://www.legifrance.gouv.fr/")


days = st.dates(min_value=date(2008, 5, 1), max_value=date(2026, 12, 31))
amounts = st.decimals(min_value=0, max_value=10**9, places=2)


@given(days, st.integers(min_value=0, max_value=120))
def test_months_added_keep_the_day_or_fall_on_the_last_of_the_month(day: date, months: int) -> None:
    reached = delays.add_months(day, months)
    assert (reached.year * 12 + reached.month) - (day.year * 12 + day.month) == months
    if reached.day != day.day:
        assert reached.day < day.day
        assert (reached + timedelta(days=1)).day == 1


@given(days, st.integers(min_value=0, max_value=120))
def test_months_counted_give_back_the_months_added(day: date, months: int) -> None:
    # From the 29th on, several starts reach the same last day of a month: the count may be lower, never higher.
    counted = delays.count_months(day, delays.add_months(day, months))
    assert counted == months


@given(st.integers(min_value=0, max_value=5000), days)
def test_default_payment_is_twice_the_floor_to_the_cent(jobs: int, day: date) -> None:
    floor = obligation.compute_floor(jobs, day, PARAMETERS).value
    assert obligation.compute_default_payment(jobs, day, PARAMETERS).value == 2 * floor
    assert isinstance(floor, Decimal)
    assert floor == floor.quantize(Decimal("0.01"))


@given(amounts, amounts, amounts, days)
def test_property_counts_for_no_more_than_what_was_given(
    market: Decimal, sale: Decimal, contribution: Decimal, signed: date
) -> None:
    value = valuation.value_property(market, sale, contribution, signed, PARAMETERS).value
    assert isinstance(value, Decimal)
    assert 0 <= value <= max(market - sale, Decimal(0))


@given(st.lists(st.tuples(amounts, st.dates(date(2023, 1, 1), date(2026, 11, 22))), max_size=8), amounts.filter(bool))
def test_de_minimis_room_and_aids_never_exceed_the_ceiling(held: list[tuple[Decimal, date]], asked: Decimal) -> None:
    on = date(2026, 11, 23)
    aids = [aid.Aid("A", amount, granted) for amount, granted in held]
    found = aid.check_de_minimis("A", asked, on, aids, PARAMETERS)
    counted = sum((a.amount for a in aids if a.granted >= date(2023, 11, 23)), Decimal(0))
    assert isinstance(found.value, Decimal)
    assert found.value == max(Decimal(300_000) - counted, Decimal(0))
    assert (found.level == "ok") == (counted + asked <= 300_000)


@given(amounts, amounts)
def test_own_share_and_the_rest_make_the_public_base(cost: Decimal, private: Decimal) -> None:
    sources = [cofunding.Source("c", "private", private)]
    if private > cost:
        with pytest.raises(InputError):
            cofunding.check_own_share(cost, sources, PARAMETERS)
        return
    finding = cofunding.check_own_share(cost, sources, PARAMETERS)
    lines = {line.label.en: line.value for line in finding.lines}
    assert lines["Least own share"] + lines["Most from other public persons"] == cost - private


def test_jobs_refuse_more_redeployed_than_dismissed() -> None:
    with pytest.raises(InputError) as refused:
        obligation.compute_jobs(10, 11)
    assert "11" in refused.value.text.en
    assert "10" in refused.value.text.fr


def test_refilled_posts_count_only_in_a_framework_for_an_rcc() -> None:
    assert obligation.compute_jobs(100, 0, refilled=10, rcc=True).value == 100
    assert obligation.compute_jobs(100, 0, refilled=10, framework=True).value == 100
    assert obligation.compute_jobs(100, 0, refilled=10, framework=True, rcc=True).value == 90


def test_committee_without_a_report_sent_before_is_told() -> None:
    found = delays.check_committees(
        date(2025, 1, 1), [delays.Meeting(date(2025, 6, 1), date(2025, 6, 1))], date(2025, 7, 1), PARAMETERS
    )
    assert [f.level for f in found] == ["warning", "ok"]


def test_committee_planned_too_late_is_told_before_it_meets() -> None:
    meetings = [delays.Meeting(date(2026, 1, 11), None)]
    late, after = delays.check_committees(date(2025, 1, 1), meetings, date(2025, 7, 1), PARAMETERS)
    assert late.says.fr == "Le comité du 11 janvier 2026 se réunira 10 jours après l'échéance d'un an."
    assert late.says.en == "The committee of 11 January 2026 will meet 10 days after the year is over."
    assert late.lines[1].label.fr == "Prévu"
    assert after.says.fr == (
        "Après le comité prévu le 11 janvier 2026, le suivant se réunit au plus tard le 11 janvier 2027."
    )


def test_committees_of_a_closed_convention_ask_for_no_other() -> None:
    meetings = [delays.Meeting(date(2025, 6, 1), date(2025, 5, 1))]
    found = delays.check_committees(date(2025, 1, 1), meetings, date(2027, 1, 1), PARAMETERS, closed=date(2026, 3, 1))
    assert [f.level for f in found] == ["ok"]
    assert found[0].value is None
