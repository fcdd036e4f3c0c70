"""Errors of the API: problem details (RFC 9457) in the language of the request, whatever went wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.settings import api_settings

from ancrage_web.api.throttling import ClientThrottle
from web.api_samples import Program, connect
from web.conftest import World

BASE = "/api/v1/"


def read_problem(answered: Any, status: int) -> dict[str, Any]:
    """Check that an answer is a problem of this status, and return it."""
    assert answered.status_code == status
    assert answered.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(answered.content)
    assert problem["status"] == status
    assert problem["type"].startswith("http://localhost:8000/api/v1/#problem-")
    assert problem["title"]
    return problem


def test_unknown_address_is_a_problem(db: Any) -> None:
    problem = read_problem(Program().get(f"{BASE}nowhere"), 404)
    assert problem["title"] == "Not found"
    assert problem["type"].endswith("#problem-not-found")


def test_problem_speaks_the_language_of_the_request(db: Any) -> None:
    problem = read_problem(Program(language="fr").get(f"{BASE}territories/999999999/"), 404)
    assert problem["title"] == "Introuvable"


def test_unknown_method_names_the_known_ones(db: Any) -> None:
    answered = Program().post(f"{BASE}territories/", {})
    assert read_problem(answered, 405)["title"] == "Method not allowed"
    assert answered.headers["Allow"] == "GET, HEAD"


def test_missing_token_is_told_what_to_send(db: Any) -> None:
    answered = Program().get(f"{BASE}studies/")
    assert "Authorization: Bearer anc_" in read_problem(answered, 401)["detail"]
    assert answered.headers["WWW-Authenticate"] == 'Bearer realm="ancrage"'


@pytest.mark.parametrize("header", ["Bearer", "Bearer anc_00000000_", "Basic YTpi", "anc_00000000"])
def test_header_without_a_valid_token_is_refused_even_where_none_is_needed(db: Any, header: str) -> None:
    read_problem(Client().get(f"{BASE}territories/", headers={"authorization": header}), 401)


def test_session_of_a_person_opens_nothing(world: World) -> None:
    read_problem(world.sign_in("administrator").get(f"{BASE}studies/"), 401)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"page": "0"}, "#/page"),
        ({"page": "deux"}, "#/page"),
        ({"page_size": "101"}, "#/page_size"),
        ({"has_flows": "peut-être"}, "#/has_flows"),
        ({"region": "trop long"}, "#/region"),
        ({"text": "a\0b"}, "#/text"),
    ],
)
def test_refused_query_names_its_parameter(db: Any, query: dict[str, str], pointer: str) -> None:
    problem = read_problem(Program().get(f"{BASE}territories/", query), 400)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_page_after_the_last_is_not_found(db: Any) -> None:
    read_problem(Program().get(f"{BASE}territories/", {"page": "2"}), 404)


def test_refused_body_names_its_fields_in_the_language_of_the_request(world: World) -> None:
    program = connect(world.organisation, language="fr")
    problem = read_problem(program.post(f"{BASE}studies/", {"epci": "x"}, content_type="application/json"), 400)
    assert {error["pointer"]: error["detail"] for error in problem["errors"]} == {
        "#/name": "Ce champ est obligatoire.",
        "#/epci": "Attendait une liste d'éléments mais a reçu «\xa0str\xa0».",
    }


@pytest.mark.parametrize("body", ["{", '{"name": NaN}', '{"name": "\\u0000"}', '{"name": "\\ud800"}', "[" * 100_000])
def test_body_that_is_not_storable_json_is_refused(world: World, body: str) -> None:
    answered = connect(world.organisation).post(f"{BASE}studies/", body, content_type="application/json")
    assert read_problem(answered, 400)["detail"].startswith("The body is not valid JSON: ")


def test_other_format_of_a_body_is_refused(world: World) -> None:
    read_problem(connect(world.organisation).post(f"{BASE}studies/", {"name": "x"}), 415)


def test_other_format_of_an_answer_is_refused(db: Any) -> None:
    read_problem(Program().get(f"{BASE}territories/", headers={"accept": "text/csv"}), 406)


def test_body_too_large_is_refused(world: World, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answered = connect(world.organisation).post(
        f"{BASE}studies/", {"name": "x" * 200, "epci": ["000000001"]}, content_type="application/json"
    )
    read_problem(answered, 413)


def test_library_error_is_a_problem_with_its_own_words(world: World) -> None:
    program = connect(world.organisation)
    answered = program.post(f"{BASE}studies/", {"name": "x", "epci": ["999999999"]}, content_type="application/json")
    assert read_problem(answered, 400)["detail"].startswith("No EPCI has the code '999999999'")


def test_unexpected_failure_gives_a_number_and_no_detail(
    db: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret of the machine")

    monkeypatch.setattr("ancrage_web.api.territories.read_catalogue", fail)
    program = Program(raise_request_exception=False)
    problem = read_problem(program.get(f"{BASE}indicators/"), 500)
    assert "secret" not in json.dumps(problem)
    assert problem["incident"] in caplog.text


def test_too_many_requests_say_when_to_come_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientThrottle, "THROTTLE_RATES", {"anonymous": "2/min", "token": "3/min"})
    cache.clear()
    try:
        assert [Program().get(f"{BASE}sources/").status_code for _ in range(2)] == [200, 200]
        refused = Program().get(f"{BASE}sources/")
        read_problem(refused, 429)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        # A wrong token is counted with the address that shows it.
        read_problem(Program("anc_00000000_x").get(f"{BASE}studies/"), 429)
        other = Program(REMOTE_ADDR="192.0.2.7")
        assert other.get(f"{BASE}sources/").status_code == 200
        for organisation in (world.organisation, world.other):
            program = connect(organisation)
            statuses = [program.get(f"{BASE}studies/").status_code for _ in range(4)]
            assert statuses == [200, 200, 200, 429]
    finally:
        cache.clear()


def test_address_behind_a_proxy_is_the_one_it_gives(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ClientThrottle, "THROTTLE_RATES", {"anonymous": "1/min", "token": "1/min"})
    monkeypatch.setattr(api_settings, "NUM_PROXIES", 1)
    cache.clear()
    try:
        forged = [{"x-forwarded-for": f"192.0.2.{rank}, 198.51.100.7"} for rank in range(2)]
        assert [Program().get(f"{BASE}sources/", headers=headers).status_code for headers in forged] == [200, 429]
        other = Program().get(f"{BASE}sources/", headers={"x-forwarded-for": "198.51.100.8"})
        assert other.status_code == 200
    finally:
        cache.clear()


def test_no_other_site_may_read_an_answer(db: Any) -> None:
    asked = Program().options(f"{BASE}sources/", headers={"origin": "https://example.org"})
    read_problem(asked, 405)
    answered = Program().get(f"{BASE}sources/", headers={"origin": "https://example.org"})
    assert "Access-Control-Allow-Origin" not in answered.headers


def test_reference_shows_every_operation_in_both_languages(db: Any) -> None:
    for language, word in (("fr", "Référence de l’API"), ("en", "Reference of the API")):
        page = Client().get(BASE, headers={"accept-language": language})
        assert page.headers["Content-Language"] == language
        text = page.content.decode()
        assert f"<h1>{word}</h1>" in text
        assert "POST /api/v1/studies/{study}/scenarios/{scenario}/runs/" in text.replace("<wbr>", "")
    asked = Client().get(f"{BASE}?lang=en", headers={"accept-language": "fr"})
    assert asked.headers["Content-Language"] == "en"
