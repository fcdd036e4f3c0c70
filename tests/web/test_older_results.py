"""Results that an older version wrote: shown where their form is still read, else told with a sentence."""

from __future__ import annotations

import pytest
from django.db.models import JSONField, Value
from django.urls import reverse
from django_scopes import scope

from ancrage.errors import InputError
from ancrage_web.studies import services
from ancrage_web.studies.models import Result, Run
from ancrage_web.studies.rules import MOST_EPCI, MOST_OPEN_RUNS
from ancrage_web.studies.services import runs
from web.conftest import World
from web.study_samples import StudySample

WORDS = "dans une forme que la version"


@pytest.mark.parametrize("route", ["result", "result-detail"])
@pytest.mark.parametrize("missing", ["facts", "figures", "sections", "sources"])
def test_result_of_an_older_form_is_told_with_a_sentence(
    route: str, missing: str, world: World, study_sample: StudySample
) -> None:
    sample = study_sample
    pages = {
        language: {name: part for name, part in content.items() if name != missing}
        for language, content in sample.result.pages.items()
    }
    with scope(organisation=world.organisation):
        Result.objects.filter(pk=sample.result.pk).update(version="0.0.1", pages=Value(pages, JSONField()))
    keys = {
        "organisation": world.organisation.slug,
        "study": sample.study.pk,
        "scenario": sample.scenario.pk,
        "result": sample.result.pk,
    }
    answered = world.sign_in("reader").get(reverse(route, kwargs=keys))
    text = answered.content.decode()
    # A part that the page does not show is not missed.
    assert answered.status_code == 200 or (answered.status_code == 400 and WORDS in text and "0.0.1" in text)
    if (route, missing) == ("result", "facts"):
        assert answered.status_code == 400
    study = world.sign_in("reader").get(
        reverse("study", kwargs={name: keys[name] for name in ("organisation", "study")})
    )
    assert study.status_code == 200


def test_study_of_too_many_epci_is_refused(world: World) -> None:
    actor, codes = world.get_actor("officer"), [f"{number:09}" for number in range(MOST_EPCI + 1)]
    with scope(organisation=world.organisation), pytest.raises(InputError, match="13 EPCI"):
        services.create_study(actor, name="Toute la France", epci=codes)


def test_organisation_cannot_fill_the_queue_of_all(
    world: World, study_sample: StudySample, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor, sample = world.get_actor("officer"), study_sample
    monkeypatch.setattr(runs, "MOST_OPEN_RUNS", 2)
    assert MOST_OPEN_RUNS == 20
    with scope(organisation=world.organisation):
        asked = []
        for budget in (10_000.0, 20_000.0, 30_000.0):
            scenario = services.create_scenario(
                actor, sample.study, name=f"{budget}", settings={"budget": budget, "draws": 0}
            )
            asked.append(scenario)
        first, _second = (services.ask_run(actor, scenario) for scenario in asked[:2])
        with pytest.raises(InputError, match="already wait or go on"):
            services.ask_run(actor, asked[2])
        # What a stored result answers waits for nothing.
        assert services.ask_run(actor, sample.scenario).status == "done"
        services.cancel_run(actor, first)
        assert services.ask_run(actor, asked[2]).status == "waiting"
        assert Run.objects.filter(status="waiting").count() == 2
