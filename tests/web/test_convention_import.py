"""Import of a convention: everything found at once, nothing written before it is clean, all or nothing."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from django_scopes import scope, scopes_disabled
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.audit.services import check_trail
from ancrage_web.conventions.exchange_sheets import SHEETS
from ancrage_web.conventions.export import build_rows
from ancrage_web.conventions.import_checks import Plan, check_reading
from ancrage_web.conventions.import_reading import check_package, load, read_grids, read_workbook
from ancrage_web.conventions.import_template import build_example, write_template
from ancrage_web.conventions.models import (
    Account,
    Amendment,
    Beneficiary,
    Candidate,
    Convention,
    Document,
    Entry,
    ImportDraft,
    Job,
    Remark,
    Request,
    StatusChange,
)
from ancrage_web.conventions.services import imports
from ancrage_web.conventions.services.ledger import check_ledger
from web.conftest import World

EXAMPLE = write_template("fr", example=True)


def change_cells(cells: dict[str, Any], content: bytes = EXAMPLE) -> bytes:
    """Return a workbook with other values in some cells, named "Feuille!D12"."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    for place, value in cells.items():
        sheet, _, cell = place.partition("!")
        book[sheet][cell] = value
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def check(content: bytes) -> Plan:
    return check_reading(read_workbook(content))


def list_places(plan: Plan) -> list[str]:
    return sorted(problem.place for problem in plan.errors)


def keep(world: World, content: bytes = EXAMPLE, person: str = "officer", name: str = "import.xlsx") -> ImportDraft:
    actor = world.get_actor(person)
    with scope(organisation=actor.organisation):
        return imports.keep_draft(actor, SimpleUploadedFile(name, content))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_example_and_template_are_read_in_both_languages(language: Any) -> None:
    plan = check(write_template(language, example=True))
    assert plan.errors == []
    assert plan.warnings == []
    example = build_example()
    assert plan.count() == {sheet.key: len(example[sheet.key]) for sheet in SHEETS}
    assert plan.balance.contributed == Decimal("180180.00")
    assert plan.balance.committed == Decimal("12000.00")
    assert plan.balance.paid == Decimal("6000.00")
    assert plan.balance.residual == Decimal("168180.00")
    # The empty template lacks what it cannot invent, and nothing else.
    assert [p.cell for p in check(write_template(language)).errors] == ["B2"]


def test_every_problem_is_found_at_once_with_its_cell() -> None:
    plan = check(
        change_cells(
            {
                "Convention!B4": "inconnu",
                "Parties!C2": "123456789",
                "Bassins!B2": "00001 750",
                "Actions!C2": "beaucoup",
                "Demandes!D2": "999999972",
                "Demandes!J2": 12000.001,
                "Écritures!B2": "31/02/2025",
                "Écritures!D4": "Personne",
                "Emplois!F2": 1.5,
                "Comités!A2": None,
                "Décisions!D2": None,
                "Ingénierie!C2": "=1+1",
            }
        )
    )
    assert list_places(plan) == [
        "Actions!C2",
        "Bassins!B2",
        # What names that committee, the only one, is left: one cell is wrong.
        "Comités!A2",
        "Convention!B4",
        "Demandes!D2",
        "Demandes!J2",
        "Décisions!D2",
        "Emplois!F2",
        "Ingénierie!C2",
        "Parties!C2",
        "Écritures!B2",
        "Écritures!D4",
    ]
    said = {problem.place: problem.text.fr for problem in plan.errors}
    assert said["Écritures!B2"].startswith("« 31/02/2025 » n'est pas une date")
    assert said["Écritures!D4"] == "« Personne » n'est pas dans la feuille Financeurs : ajoutez-l'y, ou corrigez."
    assert said["Demandes!J2"] == "12000.001 a plus de 2 décimales : arrondissez."


@pytest.mark.parametrize(
    ("cells", "place", "said"),
    [
        ({"Écritures!G5": 12000000}, "Écritures!G5", "Réservation de 12\u202f000\u202f000,00\u00a0€ : seulement"),
        # Money that a later entry uses cannot be taken before it came.
        ({"Écritures!B2": "2025-12-01"}, "Écritures!G3", "Programmation de 150\u202f000,00"),
        ({"Écritures!F6": None}, "Écritures!G6", "Engagement : il manque"),
        ({"Demandes!E2": "refusée par le comité"}, "Demandes!E2", "Le registre garde 6\u202f000,00\u00a0€ engagé"),
        ({"Demandes!A3": 1}, "Demandes!A3", "Déjà à la ligne 2"),
        ({"Emplois!E2": None}, "Emplois!E2", "Un emploi commencé a un contrat"),
        ({"Convention!B16": "2025-01-02"}, "Convention!B16", "précède"),
        ({"Avenants!G2": 45}, "Avenants!G2", "La même valeur avant et après"),
        ({"Avenants!G3": "bientôt"}, "Avenants!G3", "« bientôt » n'est pas une date"),
        ({"Avenants!E3": None}, "Avenants!E3", "Nommez l'action"),
        ({"Avenants!E2": "Ingénierie et suivi"}, "Avenants!E2", "Ce champ est celui de toute la convention"),
        ({"Avenants!A3": 3}, "Avenants!A3", "L'avenant n° 3 ne suit pas le n° 1"),
        ({"Avenants!H3": "Autre motif"}, "Avenants!H3", "La ligne 2 dit autre chose de l'avenant n° 1"),
        ({"Avenants!B3": "01/02/2025"}, "Avenants!B3", "précède la signature de la convention"),
        ({"Convention!B4": "en négociation"}, "Avenants!A2", "La convention n'est pas signée"),
        ({"Avenants!D2": "Bassins", "Avenants!G2": "00001 00002"}, "Avenants!G2", "ne nomme pas de bassin"),
        ({"Demandes!C2": "Aide", "Demandes!C3": "aide "}, "Demandes!C2", "feuille Actions (1 autre ligne aussi)"),
        ({"Emplois!F2": 3}, "Emplois!F2", "3 dépasse 1"),
        ({"Remarques!C2": 9}, "Remarques!C2", "« 9 » n'est pas dans la feuille Demandes"),
        ({"Usages du reliquat!D2": 0}, "Usages du reliquat!D2", "Zéro"),
    ],
)
def test_what_rows_must_be_to_one_another_is_checked(cells: dict[str, Any], place: str, said: str) -> None:
    found = {problem.place: problem.text.fr for problem in check(change_cells(cells)).errors}
    assert place in found, found
    assert said in found[place]


def test_numbers_and_dates_as_people_type_them_are_read() -> None:
    plan = check(
        change_cells(
            {
                "Actions!C2": "150 000,00 €",
                "Écritures!B2": "15/07/2025",
                "Écritures!G7": 0.1 + 0.2 + 5999.7,
                "Bassins!B2": "1004, 2A004",
                "Bénéficiaires!C2": 1004,
                "Emplois!D2": "NON",
                "Demandes!C2": "AIDE A LA CREATION D’EMPLOIS",
            }
        )
    )
    assert plan.errors == []
    assert {warning.place for warning in plan.warnings} == {"Bassins!B2", "Bénéficiaires!C2"}
    assert plan.rows["basins"][0].values["communes"] == ["01004", "2A004"]
    assert plan.rows["ledger"][-1].values["amount"] == Decimal("6000.00")
    assert plan.rows["requests"][0].values["action"] == "Aide à la création d'emplois"


def test_amendments_that_do_not_follow_are_told_without_refusing() -> None:
    plan = check(
        change_cells(
            {
                "Avenants!A3": 2,
                "Avenants!D3": "Objectif d'emplois",
                "Avenants!E3": None,
                "Avenants!F3": "49",
                "Avenants!G3": "55",
            }
        )
    )
    assert plan.errors == []
    assert [(problem.place, problem.text.fr) for problem in plan.warnings] == [
        ("Avenants!F3", "La ligne 2 laissait une autre valeur : vérifiez."),
        ("Avenants!G3", "Une autre valeur est en vigueur dans sa feuille (Objectif d'emplois) : vérifiez."),
    ]


def test_amendments_and_remarks_are_written_as_the_spreadsheet_tells_them(world: World) -> None:
    basins = "Bassin d'Exemple : 00001 00002"
    content = change_cells({"Avenants!D2": "Bassins", "Avenants!F2": "Bassin d'Exemple : 00001", "Avenants!G2": basins})
    with scope(organisation=world.organisation):
        convention = imports.import_convention(world.get_actor("officer"), keep(world, content))
        aid = convention.actions.get(position=1)
        assert Amendment.objects.get(convention=convention).changes == {
            "basins": [
                [{"name": "Bassin d'Exemple", "communes": ["00001"]}],
                [{"name": "Bassin d'Exemple", "communes": ["00001", "00002"]}],
            ],
            f"action:{aid.pk}:deadline": ["2026-12-31", "2027-03-31"],
        }
        remark = Remark.objects.get(convention=convention)
        assert (remark.imported_from, remark.author) == ("DDETS d'Exemple", None)
        assert timezone.localtime(remark.created_at).date() == date(2025, 11, 12)
        assert remark.request == Request.objects.get(number=2)
        assert Candidate.objects.get(convention=convention).value == 1200
        assert convention.committees.get().notes == {str(aid.pk): "Première demande instruite."}
        rows = build_rows(convention, with_contacts=True)
    assert rows["amendments"][0]["after"] == basins
    client = world.sign_in("officer")
    where = {"organisation": world.organisation.slug, "convention": convention.pk}
    page = client.get(reverse("convention-remarks", kwargs=where)).content.decode()
    assert "DDETS d&#x27;Exemple</strong>, 12 novembre 2025" in page
    page = client.get(reverse("convention-amendments", kwargs=where)).content.decode()
    assert "31 mars 2027" in page


def build_zip(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/") + ".xml", content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: b"", "n'est pas un classeur XLSX"),
        (lambda: b"%PDF-1.7", "n'est pas un classeur XLSX"),
        (lambda: EXAMPLE[: len(EXAMPLE) // 2], "n'est pas un classeur XLSX"),
        (lambda: build_zip(word__document=b"<a/>"), "n'est pas un classeur XLSX"),
        (lambda: build_zip(xl__workbook=b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "n'est pas un classeur XLSX"),
        (lambda: build_zip(xl__workbook=b"<a/>", xl__bomb=bytes(90_000_000)), "décompressé dépasse 80 Mo"),
        (lambda: bytes(10_000_001), "pèse 10.0 Mo, plus de 10"),
    ],
)
def test_file_that_is_no_safe_workbook_is_refused(build: Callable[[], bytes], said: str) -> None:
    with pytest.raises(InputError) as refused:
        check_package(build())
    assert said in refused.value.text.fr


def test_import_creates_everything_once(world: World) -> None:
    draft = keep(world)
    path = Path(settings.MEDIA_ROOT) / draft.path
    assert path.exists()
    actor = world.get_actor("officer")
    with scope(organisation=world.organisation):
        convention = imports.import_convention(actor, draft)
        assert convention.status == "running"
        assert Entry.objects.filter(convention=convention).count() == 6
        assert set(Entry.objects.values_list("document__name", flat=True)) == {"import.xlsx"}
        assert Account.objects.get(convention=convention, stage="committed").amount == Decimal("6000.00")
        assert check_ledger(convention).problems == ()
        assert StatusChange.objects.filter(convention=convention, after="running").count() == 1
        assert Job.objects.get().request == Request.objects.get(number=1)
        # A second click on the same page.
        with pytest.raises(InputError, match="finished"):
            imports.import_convention(actor, draft)
        assert imports.find_imported(actor, draft.pk) == convention.pk
        assert Convention.objects.count() == 1
    assert not path.exists()
    assert check_trail(world.organisation).broken is None


def test_import_that_fails_half_way_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = keep(world)

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise InputError("Stopped.", "Arrêté.")

    monkeypatch.setattr(imports.ledger, "post_entries", fail)
    with scope(organisation=world.organisation):
        with pytest.raises(InputError, match="Stopped"):
            imports.import_convention(world.get_actor("officer"), draft)
        for model in (Convention, Request, Beneficiary, Document):
            assert not model.objects.exists()
        assert ImportDraft.objects.filter(pk=draft.pk).exists()


def test_import_with_an_error_or_a_changed_file_is_refused(world: World) -> None:
    actor = world.get_actor("officer")
    wrong = keep(world, change_cells({"Écritures!G5": -1}))
    changed = keep(world)
    (Path(settings.MEDIA_ROOT) / changed.path).write_bytes(change_cells({"Actions!C2": 1}))
    with scope(organisation=world.organisation):
        with pytest.raises(InputError, match=r"1 error\(s\)"):
            imports.import_convention(actor, wrong)
        with pytest.raises(InputError, match="not the one that was received"):
            imports.import_convention(actor, changed)
        assert not Convention.objects.exists()


def test_drafts_are_forgotten_after_a_day_or_on_demand(world: World) -> None:
    old, dropped = keep(world), keep(world)
    with scope(organisation=world.organisation):
        ImportDraft.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
        imports.forget_draft(world.get_actor("officer"), dropped)
    recent = keep(world)
    with scopes_disabled():
        assert list(ImportDraft.objects.values_list("pk", flat=True)) == [recent.pk]
    assert not (Path(settings.MEDIA_ROOT) / old.path).exists()
    assert not (Path(settings.MEDIA_ROOT) / dropped.path).exists()


def test_reader_imports_nothing(world: World) -> None:
    with pytest.raises(ForbiddenError):
        keep(world, person="reader")


def test_pages_lead_from_the_file_to_the_convention(world: World) -> None:
    client = world.sign_in("officer")
    address = reverse("convention-import", kwargs={"organisation": world.organisation.slug})
    refused = client.post(address, {"file": SimpleUploadedFile("a.xlsx", b"PK")})
    assert refused.status_code == 400
    assert "XLSX lisible" in refused.content.decode()
    wrong = client.post(
        address, {"file": SimpleUploadedFile("a.xlsx", change_cells({"Écritures!G5": "rien"}))}, follow=True
    )
    page = wrong.content.decode()
    assert "Écritures!G5" in page
    assert "« rien » n’est pas" in page or "« rien » n&#x27;est pas" in page
    assert "Importer la convention" not in page
    sent = client.post(address, {"file": SimpleUploadedFile("a.xlsx", EXAMPLE)})
    checked = client.get(sent["Location"]).content.decode()
    assert "sans erreur" in checked
    assert "180\u202f180,00\u00a0€" in checked
    first = client.post(sent["Location"], {"action": "import"})
    second = client.post(sent["Location"], {"action": "import"})
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert client.get(first["Location"]).status_code == 200
    with scopes_disabled():
        assert Convention.objects.count() == 1


_CELLS = st.sampled_from(
    [f"{sheet.name.fr}!{letter}{line}" for sheet in SHEETS for letter in "ABCDEFGHIJKLMN" for line in range(1, 8)]
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40),
    st.sampled_from(["#N/A", "=A1", "1E400", "٣", "½", "-0", "oui", "999999998", "31/12/9999", "'=1", " "]),
)


GRIDS = load(EXAMPLE)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.dictionaries(_CELLS, _VALUES, min_size=1, max_size=8))
def test_damaged_cells_never_break_the_check(cells: dict[str, Any]) -> None:
    grids = {title: {line: list(values) for line, values in grid.items()} for title, grid in GRIDS.items()}
    for place, value in cells.items():
        title, _, cell = place.partition("!")
        values = grids[title].setdefault(int(cell[1:]), [None] * 20)
        values += [None] * (20 - len(values))
        values[ord(cell[0]) - ord("A")] = value
    read = {title: {line: tuple(values) for line, values in grid.items()} for title, grid in grids.items()}
    plan = check_reading(read_grids(read, {}))
    assert set(plan.count()) == {sheet.key for sheet in SHEETS}
    if not plan.errors:
        # What passes the check holds by itself.
        assert plan.convention["name"]
        assert plan.balance.residual >= 0


@pytest.mark.parametrize("value", [-693594, 10**12, 1e300, "#N/A", True])
def test_dates_that_no_calendar_has_are_told(value: Any) -> None:
    assert "Écritures!B2" in list_places(check(change_cells({"Écritures!B2": value})))


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, len(EXAMPLE) - 1), st.binary(min_size=1, max_size=40))
def test_damaged_bytes_are_refused_or_read(place: int, bytes_put: bytes) -> None:
    content = EXAMPLE[:place] + bytes_put + EXAMPLE[place + len(bytes_put) :]
    # Anything but the one refusal would break the test.
    with contextlib.suppress(InputError):
        assert check(content).rows["convention"] is not None


def test_export_of_an_import_gives_the_same_rows(world: World) -> None:
    with scope(organisation=world.organisation):
        convention = imports.import_convention(world.get_actor("officer"), keep(world))
        rows = build_rows(convention, with_contacts=True)
    plan = check(EXAMPLE)
    for sheet in SHEETS:
        read = [{key: value for key, value in row.values.items() if key != "piece"} for row in plan.rows[sheet.key]]
        written = [{key: value for key, value in row.items() if key != "piece"} for row in rows[sheet.key]]
        order = sheet.unique[0] if sheet.unique else next(iter(read[0]))
        assert sorted(written, key=lambda row: str(row[order])) == sorted(read, key=lambda row: str(row[order]))
