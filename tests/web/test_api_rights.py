"""What each token opens: that of the organisation, of another one, without the right, expired, revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage_web.api.models import ApiToken
from ancrage_web.api.services import revoke_token
from web.api_samples import ALL, Program, connect, make_token
from web.conftest import World
from web.study_samples import StudySample

# (route, method, right needed, status with it, body)
OPERATIONS: tuple[tuple[str, str, str, int, Any], ...] = (
    ("api-studies", "get", "studies:read", 200, None),
    ("api-studies", "post", "studies:write", 201, {"name": "Autre", "epci": ["000000001"]}),
    ("api-study", "get", "studies:read", 200, None),
    ("api-study", "patch", "studies:write", 200, {"notes": "n"}),
    ("api-study-archive", "post", "studies:write", 200, None),
    ("api-study-restore", "post", "studies:write", 200, None),
    ("api-scenarios", "get", "studies:read", 200, None),
    ("api-scenarios", "post", "studies:write", 201, {"name": "Autre", "settings": {"places": 2}}),
    ("api-scenario", "get", "studies:read", 200, None),
    ("api-scenario", "put", "studies:write", 200, {"name": "Autre", "settings": {"places": 2}}),
    ("api-scenario", "delete", "studies:write", 204, None),
    ("api-runs", "get", "studies:read", 200, None),
    ("api-runs", "post", "runs:write", 202, None),
    ("api-comments", "get", "studies:read", 200, None),
    ("api-comments", "post", "studies:write", 201, {"text": "Bien."}),
    ("api-results", "get", "studies:read", 200, None),
    ("api-run", "get", "studies:read", 200, None),
    ("api-run-cancel", "post", "runs:write", 200, None),
    ("api-result", "get", "studies:read", 200, None),
    ("api-places", "get", "studies:read", 200, None),
    ("api-tables", "get", "studies:read", 200, None),
    ("api-result-file", "get", "studies:read", 200, None),
)
CASES = [pytest.param(*operation, id=" ".join(operation[:2])) for operation in OPERATIONS]
# Lists and creations at the top: another organisation has its own.
OWN = {"api-studies"}


def send(program: Program, sample: StudySample, route: str, method: str, body: Any) -> Any:
    """Send a request about the objects of a sample."""
    parts: dict[str, dict[str, Any]] = {
        "api-studies": {},
        "api-scenario": {"study": sample.study.pk, "scenario": sample.scenario.pk},
        "api-runs": {"study": sample.study.pk, "scenario": sample.scenario.pk},
        "api-run": {"run": sample.run.pk},
        "api-run-cancel": {"run": sample.run.pk},
        "api-result": {"result": sample.result.pk},
        "api-places": {"result": sample.result.pk},
        "api-tables": {"result": sample.result.pk},
        "api-result-file": {"result": sample.result.pk, "language": "fr", "name": "study.toml"},
    }
    address = reverse(route, kwargs=parts.get(route, {"study": sample.study.pk}))
    headers = {"if-match": "*"} if method in ("patch", "put") else {}
    if body is None:
        return getattr(program, method)(address, headers=headers)
    return getattr(program, method)(address, body, content_type="application/json", headers=headers)


def test_every_operation_with_a_token_is_listed() -> None:
    from ancrage_web.api import urls

    found = set()
    for pattern in urls.urlpatterns:
        view = getattr(pattern.callback, "view_class", None)
        found |= {(str(pattern.name), method.lower()) for method in getattr(view, "scopes", ())}
    assert found == {(route, method) for route, method, *_ in OPERATIONS}


@pytest.mark.parametrize(("route", "method", "right", "status", "body"), CASES)
def test_operation_needs_the_right_of_its_own_organisation(
    world: World, study_sample: StudySample, route: str, method: str, right: str, status: int, body: Any
) -> None:
    others = [scope for scope in ALL if scope != right]
    without = send(connect(world.organisation, others), study_sample, route, method, body)
    assert without.status_code == 403
    assert right in without.json()["detail"]
    stranger = send(connect(world.other), study_sample, route, method, body)
    assert stranger.status_code == (status if route in OWN else 404)
    expired, expired_text = make_token(world.organisation)
    revoked, revoked_text = make_token(world.organisation)
    with scope(organisation=world.organisation):
        made = timezone.now() - timedelta(days=2)
        ApiToken.objects.filter(pk=expired.pk).update(created_at=made, expires_at=made + timedelta(days=1))
        revoke_token(world.get_actor("administrator"), revoked)
    for text in (expired_text, revoked_text):
        assert send(Program(text), study_sample, route, method, body).status_code == 401
    answered = send(connect(world.organisation, [right]), study_sample, route, method, body)
    assert answered.status_code == status
    # A file that is not read to its end.
    answered.close()


def test_studies_of_another_organisation_are_in_no_list(world: World, study_sample: StudySample) -> None:
    assert connect(world.organisation).get("/api/v1/studies/").json()["count"] == 1
    assert connect(world.other).get("/api/v1/studies/").json()["count"] == 0
