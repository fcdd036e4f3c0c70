"""Services of the life of a convention: rights, refusals, locks, statuses, and what the trail keeps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions.committee import BALANCE_NAMES
from ancrage.errors import InputError
from ancrage_web.accounts.actors import ForbiddenError
from ancrage_web.accounts.enums import Kind
from ancrage_web.accounts.rules import check_siret
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.models import (
    Account,
    Basin,
    Committee,
    CommitteeFile,
    Convention,
    Party,
    Request,
    StatusChange,
)
from ancrage_web.conventions.rules import Change, ConflictError, FactsError, list_obstacles
from ancrage_web.conventions.services.ledger import Draft, post_entry, reverse_entry
from ancrage_web.conventions.services.life import change_status, create_convention, save_facts
from ancrage_web.conventions.services.parties import remove_basin, remove_party, save_basin, save_party
from web.conftest import World
from web.convention_samples import SIREN, SIRET, Sample, build_convention, build_sample, open_to_partner


@pytest.fixture(autouse=True)
def _inside(world: World) -> Iterator[None]:
    with scope(organisation=world.organisation):
        yield


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


def build_access(world: World, **fields: Any) -> Access:
    """Return the access of the officer to a convention in preparation, or as `fields` say."""
    access = find_access(world.get_actor("officer"), build_convention(world, **fields).pk)
    assert access is not None
    return access


def list_trail() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    return [(line.action, line.before, line.after) for line in AuditLine.objects.order_by("sequence")]


def test_create_convention_stores_company_basin_and_first_status(world: World) -> None:
    actor = world.get_actor("officer")
    made = create_convention(
        actor, name=" Fonderie 2026 ", company="Fonderie", siret=SIRET, basin="Bassin", communes=["00002", "00001"],
        dismissed=180, redeployed_in_basin=22, reference_on="2026-06-01", multiple="2,5".replace(",", "."),
    )  # fmt: skip
    saved = Convention.objects.get(pk=made.pk)
    assert (saved.name, saved.status, saved.dismissed, saved.reference_on) == (
        "Fonderie 2026", "in_preparation", 180, date(2026, 6, 1),
    )  # fmt: skip
    assert saved.multiple == Decimal("2.500")
    assert list(Party.objects.values_list("kind", "name", "siret")) == [("company", "Fonderie", SIRET)]
    assert list(Basin.objects.values_list("name", "communes")) == [("Bassin", ["00001", "00002"])]
    assert list(StatusChange.objects.values_list("before", "after", "part")) == [("", "in_preparation", "epci")]
    assert list_trail() == [("convention.created", {}, {"way": "local"})]


@pytest.mark.parametrize("kind", [Kind.STATE, Kind.COMPANY, Kind.OPERATOR])
def test_create_convention_is_for_epci_and_consultancies(world: World, kind: Kind) -> None:
    actor = world.get_actor("officer")
    actor.organisation.kind = kind
    with pytest.raises(ForbiddenError, match="kept by an EPCI or a consultancy"):
        create_convention(actor, name="A")
    assert not Convention.objects.exists()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": ""}, "Nom de la convention : vide. Écrivez-le."),
        ({"name": "x" * 161}, "Nom de la convention : 161 caractères, 160 au plus. Raccourcissez."),
        ({"name": "A", "way": "autre"}, "Voie choisie : « autre » est inconnue. Choisissez-en une."),
        (
            {"name": "A", "dismissed": 20, "redeployed_in_basin": 22},
            (
                "Salariés licenciés : 20 salariés sont licenciés, mais 22 sont reclassés ou remplacés. Corrigez l'un "
                "des nombres."
            ),
        ),
        (
            {"name": "A", "starts_on": date(2026, 2, 1), "ends_on": date(2026, 1, 31)},
            "Dernier jour : le 31/01/2026 précède le 01/02/2026 (premier jour). Corrigez l'une des deux dates.",
        ),
        (
            {"name": "A", "company": "B", "siret": "123456789"},
            (
                "Le SIREN « 123456789 » a une clé de contrôle fausse : un de ses chiffres est sans doute mal recopié. "
                "Vérifiez-le dans l'Annuaire des entreprises."
            ),
        ),
    ],
)
def test_create_convention_refuses_what_cannot_be(world: World, given: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError) as refusal:
        create_convention(world.get_actor("officer"), **given)
    assert refusal.value.text.fr == told
    assert not Convention.objects.exists()


def test_siret_needs_both_control_digits() -> None:
    assert check_siret(" 999 999 998 00019 ") == SIRET
    assert check_siret("") == ""
    for wrong in ("99999999800015", "99999999700019"):
        with pytest.raises(InputError, match="wrong control digit"):
            check_siret(wrong)
    with pytest.raises(InputError, match="fourteen digits"):
        check_siret("9999999980001")


def test_save_facts_keeps_numbers_in_the_trail_and_not_texts(world: World) -> None:
    access = build_access(world, status="in_preparation", signed_on=None)
    saved = save_facts(access, version=1, notes="Appel de M. Martin", dismissed=190, ends_on=date(2028, 7, 10))
    assert (saved.dismissed, saved.version) == (190, 2)
    assert list_trail() == [
        (
            "convention.facts_saved",
            {"dismissed": 180, "ends_on": "2028-07-09"},
            {"dismissed": 190, "ends_on": "2028-07-10", "fields": ["notes"]},
        )
    ]


def test_save_facts_without_a_change_writes_nothing(world: World) -> None:
    access = build_access(world, status="in_preparation", signed_on=None)
    assert save_facts(access, version=1, dismissed=180).version == 1
    assert list_trail() == []


def test_two_people_who_save_at_once_lose_nothing(world: World) -> None:
    access = build_access(world, status="in_preparation", signed_on=None)
    save_facts(access, version=1, dismissed=190)
    with pytest.raises(ConflictError) as conflict:
        save_facts(access, version=1, dismissed=200)
    assert conflict.value.changes == (Change("dismissed", 190, 200),)
    assert conflict.value.saved.version == 2
    assert Convention.objects.get().dismissed == 190
    assert save_facts(access, version=2, dismissed=200).dismissed == 200


def test_signed_text_changes_by_an_amendment_only(sample: Sample) -> None:
    with pytest.raises(FactsError) as refusal:
        save_facts(sample.access, version=1, ends_on=date(2029, 7, 9), employees=1600)
    assert set(refusal.value.fields) == {"ends_on"}
    assert refusal.value.fields["ends_on"].fr.startswith("la convention est signée, un avenant")
    assert Convention.objects.get().employees == 1500
    # What was never filled in can still be, and what is not in the text changes.
    saved = save_facts(sample.access, version=1, jobs_target=130, employees=1600)
    assert (saved.jobs_target, saved.employees) == (130, 1600)


def test_closed_convention_keeps_its_facts(world: World) -> None:
    access = build_access(world, status="closed")
    with pytest.raises(FactsError, match="convention is closed"):
        save_facts(access, version=1, employees=1600)
    assert save_facts(access, version=1, notes="Archivée").notes == "Archivée"


@pytest.mark.parametrize("part", ["state", "company"])
def test_state_and_company_change_no_fact(world: World, sample: Sample, part: Any) -> None:
    partner = open_to_partner(world, sample.convention, part)
    for refused in (
        lambda: save_facts(partner, version=1, employees=1),
        lambda: save_party(partner, kind="operator", name="A"),
        lambda: save_basin(partner, name="A", communes=["00001"]),
        lambda: remove_party(partner, Party.objects.get()),
        lambda: remove_basin(partner, Basin.objects.get()),
    ):
        with pytest.raises(ForbiddenError, match="reads and comments"):
            refused()


def test_life_goes_from_preparation_to_running(world: World) -> None:
    access = build_access(world, status="in_preparation", signed_on=None, starts_on=None)
    state = open_to_partner(world, access.convention, "state")
    change_status(access, "notified")
    change_status(access, "negotiated")
    with pytest.raises(InputError, match=r"Fill in before: day of the signature\."):
        change_status(state, "signed")
    assert change_status(state, "signed", on=date(2025, 7, 10)).signed_on == date(2025, 7, 10)
    with pytest.raises(InputError, match=r"'running' is decided by: consultant, EPCI\."):
        change_status(state, "running", on=date(2025, 7, 10))
    change_status(access, "running", on=date(2025, 7, 10))
    steps = list(StatusChange.objects.values_list("before", "after", "part"))
    assert steps == [
        ("in_preparation", "notified", "epci"),
        ("notified", "negotiated", "epci"),
        ("negotiated", "signed", "state"),
        ("signed", "running", "epci"),
    ]
    assert list_trail()[2] == (
        "convention.status_changed",
        {"status": "negotiated", "signed_on": None},
        {"status": "signed", "signed_on": "2025-07-10"},
    )


def test_signature_to_come_is_refused(world: World) -> None:
    access = build_access(world, status="negotiated", signed_on=None)
    with pytest.raises(InputError, match="still to come"):
        change_status(access, "signed", on=date(2100, 1, 1))
    assert Convention.objects.get().signed_on is None


def test_default_is_for_the_state_and_needs_a_reason(world: World) -> None:
    access = build_access(world, status="negotiated", signed_on=None)
    state = open_to_partner(world, access.convention, "state")
    with pytest.raises(InputError, match=r"'in default' is decided by: State\."):
        change_status(access, "in_default", reason="Retard")
    with pytest.raises(InputError, match="needs a reason"):
        change_status(state, "in_default")
    assert change_status(state, "in_default", reason="Délai passé").status == "in_default"
    assert StatusChange.objects.get().reason == "Délai passé"


def test_close_tells_every_obstacle_then_closes(world: World) -> None:
    sample = build_sample(world, status="closing")
    access, convention = sample.access, sample.convention
    Account.objects.create(
        convention=convention, key="c", stage="committed", funder=sample.funder, action=sample.action,
        request=sample.request, amount=Decimal("1500.00"),
    )  # fmt: skip
    final = Committee.objects.create(convention=convention, kind="final", day=date(2028, 7, 1))
    with pytest.raises(InputError) as refusal:
        change_status(access, "closed")
    assert refusal.value.text.fr == (
        "La convention ne peut pas encore être close. 2 demande(s) d'aide ne sont pas closes : soldez, refusez ou "
        "retirez chacune. 1\u202f500,00\u00a0€ sont engagés et non payés : payez-les, ou dégagez-les. Le bilan final "
        "n'est pas figé : figez le dossier du comité final. Le comité final n'a pas été tenu : enregistrez son relevé "
        "de décisions."
    )
    Request.objects.update(status="withdrawn")
    Account.objects.update(amount=0)
    Committee.objects.update(held_at=timezone.now())
    content: dict[str, Any] = {"totals": dict.fromkeys(BALANCE_NAMES, "0.00"), "actions": [], "funders": []}
    CommitteeFile.objects.create(
        committee=final, number=1, frozen_on=date(2028, 7, 1), content=content, sha256="-", asked_at=timezone.now(),
        folder="-",
    )  # fmt: skip
    draft = Draft(date(2026, 2, 1), "contribute", sample.funder, Decimal("100.00"), sample.document)
    late = post_entry(access, draft)
    with pytest.raises(InputError, match="The ledger changed since the final balance was frozen"):
        change_status(access, "closed")
    reverse_entry(access, late, on=date(2026, 2, 2), document=sample.document)
    assert change_status(access, "closed").status == "closed"


def test_no_obstacle_when_all_is_settled() -> None:
    zero = Decimal(0)
    settled: dict[str, Any] = {
        "open_requests": 0,
        "reserved": zero,
        "committed": zero,
        "final_held": True,
        "final_frozen": True,
    }
    assert list_obstacles(**settled, final_current=True) == ()
    (told,) = list_obstacles(**settled, final_current=False)
    assert told.en.startswith("The ledger changed since the final balance was frozen: freeze it again")


def test_parties_are_added_changed_and_removed(sample: Sample) -> None:
    party = save_party(sample.access, kind="operator", name="Plateforme", siret=SIREN)
    changed = save_party(sample.access, party=party, kind="operator", name="Plateforme du Val", siret="")
    assert (changed.name, changed.siret) == ("Plateforme du Val", "")
    with pytest.raises(InputError, match="already a party as 'operator'"):
        save_party(sample.access, kind="operator", name="Plateforme du Val")
    remove_party(sample.access, changed)
    assert list(Party.objects.values_list("kind", flat=True)) == ["company"]
    assert [line[0] for line in list_trail()] == ["party.added", "party.changed", "party.removed"]


def test_basins_change_freely_before_the_signature_only(world: World, sample: Sample) -> None:
    with pytest.raises(InputError, match="basins are changed by an amendment"):
        save_basin(sample.access, basin=Basin.objects.get(), name="B", communes=["00001"])
    with pytest.raises(InputError, match="basins are changed by an amendment"):
        remove_basin(sample.access, Basin.objects.get())
    access = build_access(world, status="negotiated", signed_on=None, name="Autre")
    basin = save_basin(access, name="Nord", communes=["00002", "00002", " 00001"])
    assert basin.communes == ["00001", "00002"]
    with pytest.raises(InputError, match="already named 'Nord'"):
        save_basin(access, name="Nord", communes=["00003"])
    remove_basin(access, basin)
    assert not Basin.objects.filter(pk=basin.pk).exists()
