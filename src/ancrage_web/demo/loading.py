"""Making of the demonstration, step by step; what an earlier start made is kept."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope

from ancrage.errors import MissingDataError
from ancrage.language import Text
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.models import CommitteeFile
from ancrage_web.demo.cofunding import create_demo_cofunding
from ancrage_web.demo.conventions import create_demo_convention
from ancrage_web.demo.people import ACCOUNTS, ELECTED, OFFICER, PASSWORD, create_people, find_actor
from ancrage_web.studies.enums import FINAL, Status
from ancrage_web.studies.models import Run, Scenario, Study
from ancrage_web.studies.services import (
    add_comment,
    ask_run,
    create_scenario,
    create_study,
    mark_interrupted,
    share_study,
    suggest_settings,
)
from ancrage_web.territories.models import Commune, Store
from ancrage_web.territories.services import load_store

Tell = Callable[[Text], None]
STUDIED = "000000001"
STUDY = "Un réseau de tiers-lieux pour les Vallées d'Ombreval"
# The address of the shared page is kept for the next starts: the site itself keeps its fingerprint only.
LINK = "demo-link"
# Does what waits in the queue, then ends.
WORKER = [sys.executable, "-m", "ancrage_web", "db_worker", "--batch", "--no-startup-delay", "-v", "0"]


def load_demo(tell: Tell) -> None:
    """Make the territory, its portraits, the people, the convention and the computed study, then say how to sign in.

    Raises
    ------
    InputError
        If the database holds other people.
    MissingDataError
        If a computation of the study does not end well.
    """
    load_territory(tell)
    create_people()
    create_content()
    with timed(tell, Text("Fictional convention and its history", "Convention fictive et son histoire")):
        create_demo_convention(timezone.localdate())
        create_demo_cofunding(timezone.localdate())
    make_committee_files(tell)
    compute_results(tell)
    for line in list_lines():
        tell(line)


def load_territory(tell: Tell) -> None:
    """Write the fictional territory and publish its portraits."""
    if Store.objects.filter(folder=str(settings.DATA.resolve())).exists():
        return
    # Imported here: nothing else of this process needs Polars.
    from ancrage.opendata.demo import write_demo_store

    with timed(tell, Text("Fictional territory and its portraits", "Territoire fictif et ses portraits")):
        write_demo_store(settings.DATA)
        load_store(settings.DATA)


def create_content() -> None:
    """Create the study with its scenarios, a remark and a share link, once: what people delete stays deleted."""
    officer, elected = find_actor(OFFICER), find_actor(ELECTED)
    with transaction.atomic(), scope(organisation=officer.organisation):
        if AuditLine.objects.filter(action="study.created").exists():
            return
        study = create_study(
            officer,
            name=STUDY,
            epci=[STUDIED],
            notes="Étude préparée pour le conseil communautaire : où ouvrir, avec combien de postes, à quel prix.",
        )
        for name, chosen in list_scenarios(study):
            create_scenario(officer, study, name=name, settings=chosen)
        add_comment(
            officer,
            study,
            text=f"{elected.user} demande ce que coûterait de garder un lieu à Fargecombe, où la fonderie a fermé : "
            "c'est le troisième scénario.",
        )
        _, token = share_study(officer, study, days=365)
    (settings.FILES / LINK).write_text(token, encoding="utf-8")


def list_scenarios(study: Study) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the names and the settings of the scenarios of the demonstration."""
    first = suggest_settings(study)
    fargecombe = Commune.objects.get(epci_id=STUDIED, name="Fargecombe").code
    yield "5 € par habitant", first
    yield "5 € par habitant, pratiques observées", {**first, "preset": "observed"}
    yield "5 € par habitant, un lieu à Fargecombe", {**first, "keep": [fargecombe]}


def make_committee_files(tell: Tell) -> None:
    """Make the files of the committees before the computations, which would wait behind them in the same queue."""
    with scope(organisation=find_actor(OFFICER).organisation):
        if not CommitteeFile.objects.filter(status="waiting").exists():
            return
    with timed(tell, Text("Files of its committees", "Dossiers de ses comités")):
        subprocess.run(WORKER, check=False)  # noqa: S603


def compute_results(tell: Tell) -> None:
    """Compute the scenarios that never were, as the site does: asked for, then done by a worker.

    Raises
    ------
    MissingDataError
        If one does not end well.
    """
    officer = find_actor(OFFICER)
    mark_interrupted()
    with scope(organisation=officer.organisation):
        new = list(Scenario.objects.filter(study__name=STUDY, runs=None).order_by("created_at"))
        runs = [ask_run(officer, scenario) for scenario in new]
        # A start that was stopped half-way left some behind.
        waiting = Run.objects.filter(scenario__study__name=STUDY).exclude(status__in=FINAL).order_by("asked_at")
        for run in waiting.select_related("scenario"):
            name = run.scenario.name
            with timed(tell, Text(f"Computation of the scenario '{name}'", f"Calcul du scénario « {name} »")):
                subprocess.run([*WORKER, "--max-tasks", "1"], check=False)  # noqa: S603
        failed = [run for run in Run.objects.filter(pk__in=[run.pk for run in runs]) if run.status != Status.DONE]
    if failed:
        reason = Text(**failed[0].error) if failed[0].error else Text(failed[0].status, failed[0].status)
        raise MissingDataError(
            f"The study of the demonstration could not be computed: {reason.en}",
            f"L'étude de la démonstration n'a pas pu être calculée : {reason.fr}",
        )


@contextmanager
def timed(tell: Tell, what: Text) -> Iterator[None]:
    """Say that a long step starts, then how long it took."""
    tell(Text(f"{what.en}...", f"{what.fr}..."))
    start = time.monotonic()
    yield
    seconds = time.monotonic() - start
    tell(Text(f"  done in {seconds:.0f} s", f"  fait en {seconds:.0f} s"))


def list_lines() -> list[Text]:
    """Return what someone who starts the demonstration needs: accounts, password, addresses."""
    width = max(len(account.email) for account in ACCOUNTS)
    lines = [
        Text("", ""),
        Text(
            f"Demonstration accounts, all with the password {PASSWORD}",
            f"Comptes de démonstration, tous avec le mot de passe {PASSWORD}",
        ),
        *(
            Text(f"  {account.email:<{width}}  {account.shows.en}", f"  {account.email:<{width}}  {account.shows.fr}")
            for account in ACCOUNTS
        ),
    ]
    link = settings.FILES / LINK
    if link.exists():
        address = settings.SITE_URL + reverse("shared", args=[link.read_text(encoding="utf-8")])
        lines.append(Text(f"Shared study, without an account: {address}", f"Étude partagée, sans compte : {address}"))
    return [*lines, Text("Everything here is fictional.", "Tout ici est fictif.")]
