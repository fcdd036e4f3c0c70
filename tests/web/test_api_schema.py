"""The description of the API: committed, true to the code, and kept by every answer."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from django.test import Client
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ancrage_web.api.throttling import ClientThrottle
from ancrage_web.territories.models import Commune
from web.api_samples import make_token
from web.conftest import World
from web.study_samples import DEMO_EPCI, StudySample

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.yaml"
COMMAND = "python -m ancrage_web spectacular --lang en --file docs/reference/openapi.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Requests tried by operation, with a token and without, within the schema and outside of it.
EXAMPLES = 5


def test_committed_schema_is_the_generated_one(tmp_path: Path) -> None:
    call_command("spectacular", lang="en", file=str(tmp_path / "openapi.yaml"), validate=True, fail_on_warn=True)
    assert COMMITTED.read_text() == (tmp_path / "openapi.yaml").read_text(), f"The schema changed: run '{COMMAND}'."


def test_served_schema_is_the_committed_one_in_english(db: Any) -> None:
    answered = Client().get("/api/v1/schema/", headers={"accept-language": "en"})
    assert answered.headers["Content-Type"] == "application/yaml; charset=utf-8"
    assert answered.content.decode() == COMMITTED.read_text()
    again = Client().get(
        "/api/v1/schema/", headers={"accept-language": "en", "if-none-match": answered.headers["ETag"]}
    )
    assert again.status_code == 304


def test_served_schema_speaks_french_first(db: Any) -> None:
    answered = Client().get("/api/v1/schema/")
    assert answered.headers["Content-Language"] == "fr"
    assert "summary: Lister les EPCI" in answered.content.decode()


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """Keep the connection of the test, which a server would close around each request."""
    for moment in (request_started, request_finished):
        moment.disconnect(close_old_connections)
    yield
    for moment in (request_started, request_finished):
        moment.connect(close_old_connections)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("signed", [True, False], ids=["token", "no token"])
def test_every_answer_is_within_the_schema(
    world: World,
    study_sample: StudySample,
    signed: bool,
    mode: schemathesis.GenerationMode,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ClientThrottle, "THROTTLE_RATES", {"anonymous": None, "token": None})
    headers = {"Authorization": f"Bearer {make_token(world.organisation)[1]}"} if signed else {}
    # Identifiers that exist, else nearly every generated one would be answered by 404.
    known = {
        "study": str(study_sample.study.pk),
        "scenario": str(study_sample.scenario.pk),
        "run": str(study_sample.run.pk),
        "result": str(study_sample.result.pk),
        "code": DEMO_EPCI,
        "commune": Commune.objects.filter(epci=DEMO_EPCI).values_list("code", flat=True)[0],
        "language": "fr",
        "name": "report.json",
    }
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", read_to_the_end(get_wsgi_application()))
    statuses: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        statuses[operation.label] = try_operation(operation, mode, headers, known)
    assert len(statuses) == 30
    if mode is schemathesis.GenerationMode.POSITIVE:
        for label, reached in statuses.items():
            public = not schema[label.split(" ")[1]][label.split(" ")[0]].definition.raw["security"][0]
            assert (401 not in reached) if signed or public else (reached == {401}), label


def read_to_the_end(application: Callable[..., Any]) -> Callable[..., list[bytes]]:
    """Return an application whose answers are read and closed, as a server does and the client of schemathesis not."""

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        answered = application(environ, start_response)
        try:
            return [b"".join(answered)]
        finally:
            answered.close()

    return answer


def try_operation(
    operation: Any, mode: schemathesis.GenerationMode, headers: dict[str, str], known: dict[str, str]
) -> set[int]:
    """Send generated requests to an operation, check each answer, and return the statuses seen."""
    chance = random.Random(operation.label)
    known = {**known, "code": known["commune"]} if "/communes/{code}/" in operation.label else known
    reached: set[int] = set()

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def try_case(case: schemathesis.Case) -> None:
        if chance.random() < 0.6:
            case.path_parameters.update({name: known[name] for name in case.path_parameters})
        # What a request writes is undone: the next one finds the same data.
        with transaction.atomic():
            answered: Response = case.call(headers=headers)
            transaction.set_rollback(True)
        reached.add(answered.status_code)
        case.validate_response(answered, checks=CHECKS)

    # Without parameter nor body there is nothing to write wrongly.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        try_case()
    return reached
