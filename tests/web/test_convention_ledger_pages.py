"""Pages of the ledger: what is shown, written and undone there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django_scopes import scope

from ancrage.conventions.ledger import Balance
from ancrage_web.conventions.models import Document, Entry
from ancrage_web.conventions.queries import money
from ancrage_web.conventions.services.committees import freeze_committee, plan_committee
from ancrage_web.conventions.services.ledger import Draft, post_entries
from web.conftest import World
from web.convention_samples import PDF, Sample, build_sample, open_to_partner


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


@pytest.fixture
def officer(world: World) -> Client:
    return world.sign_in("officer")


def address(sample: Sample, route: str, **keys: Any) -> str:
    owner = sample.convention.organisation.slug
    return reverse(route, kwargs={"organisation": owner, "convention": sample.convention.pk, **keys})


def fill(sample: Sample, **fields: Any) -> dict[str, Any]:
    return {
        "kind": "contribute",
        "on": "2025-10-01",
        "split": "amounts",
        f"part_{sample.funder.pk}": "1 000,50",
        "document": str(sample.document.pk),
        **fields,
    }


def post_pairs(sample: Sample, pairs: int) -> None:
    drafts = []
    for number in range(pairs):
        on = date(2025, 8, 1) + timedelta(days=number % 300)
        part = {"funder": sample.funder, "amount": Decimal("10.00"), "document": sample.document}
        drafts += [Draft(on, "contribute", **part), Draft(on, "plan", **part, action=sample.action)]
    post_entries(sample.access, drafts)


def test_entry_is_written_with_a_document_already_there(sample: Sample, officer: Client) -> None:
    answer = officer.post(address(sample, "convention-entry-new"), fill(sample, label="Premier versement"))
    assert (answer.status_code, answer["Location"]) == (302, address(sample, "convention-ledger"))
    with scope(organisation=sample.convention.organisation):
        entry = Entry.objects.get()
    assert (entry.amount, entry.label, entry.document_id) == (
        Decimal("1000.50"),
        "Premier versement",
        sample.document.pk,
    )


def test_percentages_of_a_total_are_shared_out_to_the_cent(sample: Sample, officer: Client) -> None:
    parts = {f"part_{sample.funder.pk}": "33,33", f"part_{sample.pooled.pk}": "66,67"}
    sent = fill(sample, split="shares", total="100,01", **parts)
    assert officer.post(address(sample, "convention-entry-new"), sent).status_code == 302
    with scope(organisation=sample.convention.organisation):
        amounts = dict(Entry.objects.values_list("funder", "amount"))
    assert amounts == {sample.funder.pk: Decimal("33.33"), sample.pooled.pk: Decimal("66.68")}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"document": ""}, "Aucune pièce ne le justifie"),
        ({"kind": "plan"}, "Choisissez l&#x27;action."),
        ({"kind": "give_back"}, "reverse une somme"),
        ({"on": ""}, "Donnez la date de l&#x27;écriture."),
        ({"split": "shares"}, "Donnez le total à répartir."),
        ({"split": "shares", "total": "10"}, "Les pourcentages font 1000.50 au total"),
        ({"kind": "withdraw"}, "seulement 0,00"),
    ],
)
def test_refused_entry_keeps_what_was_typed_and_says_why(
    sample: Sample, officer: Client, change: dict[str, str], sentence: str
) -> None:
    answer = officer.post(address(sample, "convention-entry-new"), fill(sample, label="Essai", **change))
    page = answer.content.decode()
    assert answer.status_code == 400
    assert sentence in page
    assert 'value="Essai"' in page
    with scope(organisation=sample.convention.organisation):
        assert Entry.objects.count() == 0


def test_entry_dated_before_a_frozen_file_is_written_once_confirmed(sample: Sample, officer: Client) -> None:
    with scope(organisation=sample.convention.organisation):
        committee = plan_committee(sample.access, day=date(2025, 10, 15))
        freeze_committee(sample.access, committee, on=date(2025, 10, 1))
    page = address(sample, "convention-entry-new")
    assert 'name="late"' not in officer.get(page).content.decode()
    refused = officer.post(page, fill(sample))
    assert refused.status_code == 400
    text = refused.content.decode()
    assert "Un dossier de comité est figé au 1er octobre 2025" in text
    assert 'name="late"' in text
    assert officer.post(page, fill(sample, late="on")).status_code == 302
    assert officer.post(page, fill(sample, on="2025-10-02")).status_code == 302
    with scope(organisation=sample.convention.organisation):
        assert Entry.objects.count() == 2


def test_file_of_a_refused_entry_is_not_kept(sample: Sample, officer: Client) -> None:
    sent = fill(sample, kind="withdraw", document="", upload=SimpleUploadedFile("virement.pdf", PDF + b"v"))
    assert officer.post(address(sample, "convention-entry-new"), sent).status_code == 400
    with scope(organisation=sample.convention.organisation):
        assert Document.objects.count() == 1
    sent = fill(sample, document="", upload=SimpleUploadedFile("virement.pdf", PDF + b"v"))
    assert officer.post(address(sample, "convention-entry-new"), sent).status_code == 302
    with scope(organisation=sample.convention.organisation):
        assert Document.objects.get(name="virement.pdf").kind == "transfer"


def test_entry_is_reversed_from_its_page(sample: Sample, officer: Client) -> None:
    officer.post(address(sample, "convention-entry-new"), fill(sample))
    with scope(organisation=sample.convention.organisation):
        entry = Entry.objects.get()
    shown = officer.get(address(sample, "convention-entry", entry=entry.pk)).content.decode()
    assert address(sample, "convention-entry-reverse", entry=entry.pk) in shown
    sent = {"on": "2025-10-02", "document": str(sample.document.pk)}
    assert officer.post(address(sample, "convention-entry-reverse", entry=entry.pk), sent).status_code == 302
    again = officer.post(address(sample, "convention-entry-reverse", entry=entry.pk), sent)
    assert again.status_code == 400
    assert "déjà contre-passée" in again.content.decode()
    with scope(organisation=sample.convention.organisation):
        assert money.read_balances(sample.convention).total == Balance()
    listed = officer.get(address(sample, "convention-ledger")).content.decode()
    assert "contre-passe la n° 1" in listed
    assert "contre-passée par la n° 2" in listed


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("type=plan", [4, 2]),
        ("du=2025-08-02", [4, 3]),
        ("au=2025-08-01&type=contribute", [1]),
        ("q=preuve", [4, 3, 2, 1]),
        ("q=absente", []),
        ("demande=9", []),
        ("du=hier", [4, 3, 2, 1]),
    ],
)
def test_entries_are_filtered(sample: Sample, officer: Client, query: str, numbers: list[int]) -> None:
    post_pairs(sample, 2)
    answer = officer.get(f"{address(sample, 'convention-ledger')}?{query}")
    found = [entry.number for entry in answer.context["page"].object_list]
    assert found == numbers


def test_matrix_shows_a_measure_at_a_day(sample: Sample, officer: Client) -> None:
    post_pairs(sample, 2)
    answer = officer.get(f"{address(sample, 'convention-ledger')}?solde=2025-08-01&mesure=planned")
    shown = [(row.action, cells, total) for row, cells, total in answer.context["matrix"]]
    ten, none = Decimal("10.00"), Decimal(0)
    assert shown == [
        (sample.action, [ten, none], ten),
        (sample.engineering, [none, none], none),
        (None, [ten, none], ten),
    ]


def test_csv_holds_every_entry_in_order(sample: Sample, officer: Client) -> None:
    post_pairs(sample, 1)
    answer = officer.get(address(sample, "convention-ledger-csv"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[1:] == [
        "1;2025-08-01;Apport;;Fonderie d'Essai;;10;preuve.pdf;;",
        "2;2025-08-01;Programmation;Aide aux entreprises;Fonderie d'Essai;;10;preuve.pdf;;",
    ]
    assert answer["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("pairs", [1, 60])
def test_ledger_asks_as_many_queries_for_any_number_of_entries(
    sample: Sample, officer: Client, django_assert_num_queries: Any, pairs: int
) -> None:
    post_pairs(sample, pairs)
    with django_assert_num_queries(9):
        officer.get(address(sample, "convention-ledger"))


def test_state_reads_and_does_not_write(sample: Sample, world: World) -> None:
    access = open_to_partner(world, sample.convention, "state")
    client = Client()
    assert access.actor.user is not None
    client.force_login(access.actor.user, backend="django.contrib.auth.backends.ModelBackend")
    keys = {"organisation": access.actor.organisation.slug, "convention": sample.convention.pk}
    shown = client.get(reverse("convention-ledger", kwargs=keys))
    assert shown.status_code == 200
    assert reverse("convention-entry-new", kwargs=keys) not in shown.content.decode()
    assert client.get(reverse("convention-entry-new", kwargs=keys)).status_code == 403


def test_document_is_handed_over_to_be_saved(sample: Sample, officer: Client) -> None:
    answer = officer.get(address(sample, "convention-document", document=sample.document.pk))
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
    assert answer["Content-Disposition"] == 'attachment; filename="preuve.pdf"'
    assert (answer["X-Content-Type-Options"], answer["Cache-Control"]) == ("nosniff", "private, no-store")
    assert answer["Content-Type"] == "application/pdf"


def test_documents_are_added_filtered_and_deleted_from_their_page(sample: Sample, officer: Client) -> None:
    where = address(sample, "convention-documents")
    sent = {"upload": SimpleUploadedFile("page.pdf", b"<html>"), "kind": "proof"}
    refused = officer.post(where, sent)
    assert refused.status_code == 400
    assert "ne contient pas ce qu&#x27;annonce son extension" in refused.content.decode()
    sent = {"upload": SimpleUploadedFile("decision.pdf", PDF + b"d"), "kind": "decision", "name": "Décision"}
    assert officer.post(where, sent).status_code == 302
    listed = officer.get(f"{where}?type=decision&q=Déc").context["rows"]
    assert [document.name for document, _, _ in listed] == ["Décision"]
    post_pairs(sample, 1)
    used = officer.post(address(sample, "convention-document-delete", document=sample.document.pk))
    assert used.status_code == 400
    assert "2 écritures du registre" in used.content.decode()
    unused = officer.post(address(sample, "convention-document-delete", document=listed[0][0].pk))
    assert unused.status_code == 302
