"""Fill an instance of the site with what visitors of a load test look at, and print it as one line of JSON.

Run with the environment of the instance, its tables made and its portraits loaded: python -m benchmarks.site_instance
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

STUDIED = "200072544"
PEOPLE, STUDIES = 15, 5
PORTRAITS = 200


def main() -> None:
    """Create people with their sessions, studies with a computed scenario, and print addresses and cookies."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ancrage_web.config.settings")
    django.setup()
    from django.contrib.auth import login
    from django.contrib.sessions.backends.db import SessionStore
    from django.http import HttpRequest
    from django.urls import reverse
    from django_scopes import scope

    from ancrage_web.accounts.actors import Actor
    from ancrage_web.accounts.enums import Kind, Role
    from ancrage_web.accounts.models import Membership, Organisation, User
    from ancrage_web.studies import services
    from ancrage_web.studies.enums import Status
    from ancrage_web.studies.models import Run
    from ancrage_web.territories.models import Commune, Epci

    organisation = Organisation.objects.create(name="CC des Deux Morin", slug="deux-morin", kind=Kind.EPCI)
    cookies = []
    with scope(organisation=organisation):
        for rank in range(PEOPLE):
            user = User.objects.create_user(f"agent{rank}@example.org", name=f"Agent {rank}")
            user.emailaddress_set.create(email=user.email, verified=True, primary=True)
            Membership.objects.create(organisation=organisation, user=user, role=Role.EDITOR)
            request = HttpRequest()
            request.session = SessionStore()
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            request.session.save()
            cookies.append(request.session.session_key)
        actor = Actor(organisation, Role.EDITOR, user)
        studies = [
            services.create_study(actor, name=f"Réseau de tiers-lieux {rank}", epci=[STUDIED])
            for rank in range(STUDIES)
        ]
        scenarios = [
            services.create_scenario(actor, study, name="5 € par habitant", settings=services.suggest_settings(study))
            for study in studies
        ]
        services.ask_run(actor, scenarios[0])
    subprocess.run(
        [sys.executable, "-m", "ancrage_web", "db_worker", "--batch", "--no-startup-delay", "-v", "0"],
        check=True,
        stdout=sys.stderr,
    )
    signed: list[tuple[str, str]] = [("list of studies", reverse("studies", args=[organisation.slug]))]
    with scope(organisation=organisation):
        # The others have the same inputs: they are answered by the stored result.
        for scenario in scenarios[1:]:
            services.ask_run(actor, scenario)
        runs = list(Run.objects.select_related("scenario"))
        if any(run.status != Status.DONE for run in runs):
            raise SystemExit(f"a computation ended badly: {[run.error for run in runs]}")
        for run in runs:
            parts = {"organisation": organisation.slug, "study": run.scenario.study_id}
            both = {**parts, "scenario": run.scenario_id}
            seen = {**both, "result": run.result_id}
            signed += [
                ("study", reverse("study", kwargs=parts)),
                ("scenario builder", reverse("scenario", kwargs=both)),
                ("summary of a result", reverse("result", kwargs=seen)),
                ("map of a result", reverse("result-map", kwargs=seen)),
                ("detail of a result", reverse("result-detail", kwargs=seen)),
            ]
    chosen = list(Epci.objects.filter(has_flows=True).order_by("code")[:PORTRAITS])
    communes = list(Commune.objects.filter(epci__in=chosen).order_by("code")[: 5 * PORTRAITS : 5])
    found = {
        "epci": Epci.objects.count(),
        "communes": Commune.objects.count(),
        "cookies": cookies,
        "signed": signed,
        "portraits": [reverse("epci", kwargs={"code": e.code, "slug": e.slug}) for e in chosen],
        "maps": [reverse("epci-map", kwargs={"code": e.code}) for e in chosen],
        "pages": [reverse("commune", kwargs={"code": c.code, "slug": c.slug}) for c in communes],
        "names": [c.name for c in communes],
        "list": reverse("territories"),
        "search": reverse("territory-search"),
        "suggestions": reverse("territory-suggest"),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
