"""Pages of the life of a convention: what is shown, what each part may do, and what is kept on an error."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override
from django_scopes import scope

from ancrage_web.accounts.models import Membership
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Action, Amendment, Basin, Convention, Party, StatusChange
from ancrage_web.territories.models import Commune, Epci
from web.conftest import World
from web.convention_samples import PDF, SIRET, Sample, build_convention, build_sample, open_to_partner

# What the State and the company may open and send: (route, method, status of the State, of the company).
PARTNER_ROUTES = [
    ("convention-facts", "get", 200, 200),
    ("convention-facts", "post", 403, 403),
    ("convention-parties", "get", 200, 200),
    ("convention-party-new", "get", 403, 403),
    ("convention-basin-new", "post", 403, 403),
    ("convention-status", "get", 200, 200),
    ("convention-amendments", "get", 200, 200),
    ("convention-amendment-new", "post", 403, 403),
    ("convention-rules", "get", 200, 200),
]


@pytest.fixture
def sample(world: World) -> Sample:
    return build_sample(world)


@pytest.fixture
def browser(world: World) -> Client:
    return world.sign_in("officer")


def get_address(name: str, access: Any, *keys: Any) -> str:
    """Return the address of a page of a convention, from the organisation of someone."""
    return reverse(name, args=(access.actor.organisation.slug, access.convention.pk, *keys))


def sign_in_partner(access: Access) -> Client:
    """Return a browser of a person of a partner."""
    client = Client()
    with scope(organisation=access.actor.organisation):
        user = Membership.objects.get().user
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def read_page(response: Any) -> str:
    """Return the text of a page, spaces of every kind as one."""
    return " ".join(response.content.decode().replace("&#x27;", "'").split())


@pytest.mark.parametrize(("route", "method", "state", "company"), PARTNER_ROUTES)
def test_partners_read_and_do_not_change(
    world: World, sample: Sample, route: str, method: str, state: int, company: int
) -> None:
    for part, expected in (("state", state), ("company", company)):
        access = open_to_partner(world, sample.convention, part)  # type: ignore[arg-type]
        answer = getattr(sign_in_partner(access), method)(get_address(route, access))
        assert answer.status_code == expected, (route, part)


def test_state_signs_from_the_page_with_the_day(world: World) -> None:
    convention = build_convention(world, status="negotiated", signed_on=None)
    state = open_to_partner(world, convention, "state")
    client, address = sign_in_partner(state), get_address("convention-status", state)
    page = read_page(client.get(address))
    assert "À renseigner d'abord : date de signature." in page
    assert "Passer à « signée »" in page
    assert "Passer à « en défaut »" in page
    assert client.post(address, {"status": "signed", "on": "2025-07-10"}).status_code == 302
    with scope(organisation=world.organisation):
        assert Convention.objects.get().signed_on == date(2025, 7, 10)
        assert StatusChange.objects.get().part == "state"


def test_company_sees_no_button_of_status(world: World) -> None:
    company = open_to_partner(world, build_convention(world, status="negotiated", signed_on=None), "company")
    assert "Passer à «" not in read_page(sign_in_partner(company).get(get_address("convention-status", company)))


def test_status_page_keeps_the_reason_and_links_a_wrong_day(world: World, browser: Client) -> None:
    convention = build_convention(world, status="negotiated", signed_on=None)
    address = reverse("convention-status", args=(world.organisation.slug, convention.pk))
    answer = browser.post(address, {"status": "signed", "on": "demain", "reason": "Accord du 10"})
    page = read_page(answer)
    assert answer.status_code == 400
    assert '<a href="#on-signed">« demain » n' in page
    assert "Accord du 10</textarea>" in page


def test_obstacles_stand_before_the_closing(world: World, browser: Client) -> None:
    sample = build_sample(world, status="closing")
    page = read_page(browser.get(get_address("convention-status", sample.access)))
    assert "2 demande(s) d'aide ne sont pas closes" in page
    assert "Le bilan final n'est pas figé" in page
    assert "Passer à « close »" not in page
    refused = browser.post(get_address("convention-status", sample.access), {"status": "closed"})
    assert refused.status_code == 400


def test_facts_page_shows_jobs_floor_and_default_of_the_first_cases(world: World, browser: Client) -> None:
    build_convention(
        world, status="negotiated", signed_on=None, redeployed_in_basin=0, reference_on=date(2026, 6, 1), amount=None
    )
    build_convention(world, status="negotiated", signed_on=None, name="Locale", redeployed_elsewhere=5)
    build_convention(
        world, status="negotiated", signed_on=None, name="Nationale", way="framework", redeployed_elsewhere=5
    )
    with scope(organisation=world.organisation):
        keys = dict(Convention.objects.values_list("name", "pk"))
    pages = {
        name: read_page(browser.get(reverse("convention-facts", args=(world.organisation.slug, key))))
        for name, key in keys.items()
    }
    assert "672 127,20 €" in pages["Fonderie d'Essai 2025"]
    assert "Sans convention, 1 344 254,40 € au Trésor public." in pages["Fonderie d'Essai 2025"]
    assert "158 emplois supprimés." in pages["Locale"]
    assert "153 emplois supprimés." in pages["Nationale"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"decided_on": date(2024, 3, 15)}, "Le préfet décide au plus tard le 15 mai 2024."),
        ({"decided_on": date(2023, 5, 10)}, "Le préfet décide au plus tard le 10 juin 2023."),
        ({"decided_on": date(2023, 6, 10)}, "Le délai du préfet a changé pendant qu'il courait"),
        ({"notified_on": date(2026, 1, 20)}, "La convention est signée au plus tard le 20 juillet 2026."),
        ({"notified_on": date(2025, 8, 31)}, "La convention est signée au plus tard le 28 février 2026."),
        ({"notified_on": date(2027, 8, 31)}, "La convention est signée au plus tard le 29 février 2028."),
        ({"ends_on": date(2028, 7, 10)}, "36 mois : dans la limite de 36."),
        ({"ends_on": date(2028, 7, 11)}, "37 mois : au-delà des 36 permis."),
        ({"way": "framework", "ends_on": date(2028, 11, 10)}, "40 mois : dans la limite de 40."),
        ({"way": "framework", "ends_on": date(2028, 11, 11)}, "41 mois : au-delà des 40 permis."),
    ],
)
def test_rules_page_shows_the_days_of_the_boundaries(
    world: World, browser: Client, fields: dict[str, Any], told: str
) -> None:
    given = {"decided_on": None, "notified_on": None, "owed_since": None, "option_on": None, **fields}
    convention = build_convention(world, status="negotiated", signed_on=None, **given)
    page = read_page(browser.get(reverse("convention-rules", args=(world.organisation.slug, convention.pk))))
    assert told in page


def test_rules_page_puts_the_worst_first_and_names_what_to_check(sample: Sample, browser: Client) -> None:
    with scope(organisation=sample.convention.organisation):
        Convention.objects.update(amount=Decimal("300000.00"), affects_basin=None)
    page = read_page(browser.get(get_address("convention-rules", sample.access)))
    order = [page.index(word) for word in ("sous le minimum de", "le préfet dit si les suppressions", "Durée</h3>")]
    assert order == sorted(order)
    assert "à vérifier sur Légifrance" in page
    assert get_address("convention-amendments", sample.access) in page


def test_rules_page_leads_to_what_is_missing(world: World, browser: Client) -> None:
    convention = build_convention(world, status="negotiated", signed_on=None, follow_up="")
    with scope(organisation=world.organisation):
        Basin.objects.all().delete()
    keys = (world.organisation.slug, convention.pk)
    rows = browser.get(reverse("convention-rules", args=keys)).context["rows"]
    pages = {row["finding"].says.fr: row["address"] for row in rows if row["finding"].level == "error"}
    assert pages == {
        "Absent : limites géographiques des bassins.": reverse("convention-parties", args=keys),
        "Absent : mesures.": reverse("convention-actions", args=keys),
        "Absent : modalités de suivi et d'évaluation.": reverse("convention-facts", args=keys),
    }


def test_company_of_420_has_no_floor(world: World, browser: Client) -> None:
    convention = build_convention(world, employees=420, amount=Decimal("1000.00"))
    page = read_page(browser.get(reverse("convention-rules", args=(world.organisation.slug, convention.pk))))
    assert "420 salariés : l'entreprise participe d'un commun accord, sans minimum légal." in page
    assert "Contribution minimale" not in page
    assert "Trésor public" not in page


def test_create_page_keeps_what_was_typed_while_communes_are_chosen(
    world: World, browser: Client, territories: Any
) -> None:
    epci = Epci.objects.order_by("code").first()
    assert epci is not None
    codes = sorted(Commune.objects.filter(epci=epci).values_list("code", flat=True))
    address = reverse("convention-new", args=(world.organisation.slug,))
    typed = {
        "name": "Fonderie", "way": "local", "company": "Fonderie", "siret": SIRET, "basin": "Val",
        "dismissed": "180", "redeployed_in_basin": "0", "reference_on": "2026-06-01",
    }  # fmt: skip
    page = read_page(browser.post(address, {**typed, "epci": epci.code}))
    assert 'value="Fonderie"' in page
    assert f"{len(codes)} commune(s) choisie(s)." in page
    for amount in ("672 127,20 €", "1 008 190,80 €", "1 344 254,40 €"):
        assert amount in page
    kept = codes[1:]
    page = read_page(browser.post(address, {**typed, "commune": codes, "retirer": codes[0]}))
    assert f"{len(kept)} commune(s) choisie(s)." in page
    wrong = browser.post(address, {**typed, "siret": "99999999800015", "commune": kept, "action": "create"})
    assert wrong.status_code == 400
    assert "a une clé de contrôle fausse" in read_page(wrong)
    made = browser.post(address, {**typed, "commune": kept, "action": "create"})
    with scope(organisation=world.organisation):
        convention = Convention.objects.get()
        assert made.headers["Location"] == reverse("convention-facts", args=(world.organisation.slug, convention.pk))
        assert Basin.objects.get().communes == kept
        assert Party.objects.get().siret == SIRET


def test_other_kinds_of_organisations_are_told_who_creates(world: World) -> None:
    world.organisation.kind = "operator"
    world.organisation.save()
    answer = world.sign_in("officer").get(reverse("convention-new", args=(world.organisation.slug,)))
    assert answer.status_code == 403
    assert "Une convention est tenue par un EPCI ou un cabinet" in read_page(answer)


def test_simulator_gives_the_amounts_and_refuses_an_unknown_period(world: World, browser: Client) -> None:
    address = reverse("conventions-simulate", args=(world.organisation.slug,))
    page = read_page(browser.get(address, {"jobs": "120", "on": "2026-06-01", "morceau": "1"}))
    for amount in ("448 084,80 €", "672 127,20 €", "896 169,60 €"):
        assert amount in page
    assert "notice-warn" in read_page(browser.get(address, {"jobs": "120", "on": "1980-01-01"}))


def test_two_people_saving_at_once_see_both_values_and_keep_the_rest(world: World, browser: Client) -> None:
    convention = build_convention(world, status="negotiated", signed_on=None)
    address = reverse("convention-facts", args=(world.organisation.slug, convention.pk))
    seen = browser.get(address).context["form"]
    typed: dict[str, Any] = {"version": 1}
    for field in seen.visible_fields():
        value = field.field.prepare_value(field.initial)
        written = "" if value is None or value is False else str(value)
        typed[field.html_initial_name] = "False" if value is False else written
        if value is not False:
            typed[field.html_name] = written
    other = world.sign_in("administrator")
    assert other.post(address, {**typed, "dismissed": "190", "employees": "1600"}).status_code == 302
    conflict = browser.post(address, {**typed, "dismissed": "200"})
    assert conflict.status_code == 400
    page = read_page(conflict)
    assert "Quelqu'un a enregistré cette convention" in page
    assert "190" in page
    # What was sent again: what is in the form now.
    again = conflict.context["form"].data
    assert (again["dismissed"], again["employees"], again["version"]) == ("200", "1600", "2")
    assert browser.post(address, again.dict()).status_code == 302
    with scope(organisation=world.organisation):
        saved = Convention.objects.get()
    assert (saved.dismissed, saved.employees, saved.affects_basin, saved.amount) == (
        200, 1600, True, Decimal("569368.80"),
    )  # fmt: skip


def test_facts_page_keeps_what_was_typed_and_links_the_error(world: World, browser: Client) -> None:
    convention = build_convention(world, status="negotiated", signed_on=None)
    address = reverse("convention-facts", args=(world.organisation.slug, convention.pk))
    answer = browser.post(address, {"version": "1", "name": "A", "dismissed": "beaucoup"})
    page = read_page(answer)
    assert answer.status_code == 400
    assert 'value="beaucoup"' in page
    assert '<a href="#id_dismissed">' in page


def test_signed_facts_are_read_only_and_lead_to_the_amendments(sample: Sample, browser: Client) -> None:
    answer = browser.get(get_address("convention-facts", sample.access))
    form = answer.context["form"]
    assert "ends_on" not in form.fields
    assert "employees" in form.fields
    assert "jobs_target" in form.fields  # never filled in
    assert get_address("convention-amendments", sample.access) in read_page(answer)


def test_amendment_is_previewed_then_recorded_and_the_chain_is_shown(sample: Sample, browser: Client) -> None:
    address = get_address("convention-amendment-new", sample.access)
    assert "Aucune clause n’est cochée" in read_page(browser.get(address, {"suite": "1"}))
    typed = {
        "clause": ["ends_on", "special_circumstances"], "ends_on": "2028-12-31", "signed_on": "2026-03-02",
        "effective_on": "2026-04-01", "reason": "Deux projets retardés", "version": "1",
    }  # fmt: skip
    refused = read_page(browser.post(address, {**typed, "action": "check"}))
    assert "42 mois : au-delà des 36 permis." in refused
    assert "L’avenant ne peut pas être enregistré en l’état." in refused
    checked = read_page(browser.post(address, {**typed, "special_circumstances": "on", "action": "check"}))
    assert "9 juillet 2028" in checked
    assert "31 décembre 2028" in checked
    assert "42 mois : au-delà de 36, pour circonstances particulières." in checked
    with scope(organisation=sample.convention.organisation):
        assert not Amendment.objects.exists()
    both = {"document": str(sample.document.pk), "upload": SimpleUploadedFile("avenant.pdf", PDF + b"1")}
    given = {**typed, "special_circumstances": "on", "action": "save"}
    assert "Deux pièces sont données" in read_page(browser.post(address, {**given, **both}))
    made = browser.post(address, {**given, "upload": SimpleUploadedFile("avenant.pdf", PDF + b"1")})
    assert made.status_code == 302
    with scope(organisation=sample.convention.organisation):
        document = Amendment.objects.select_related("document").get().document
        assert document is not None
        assert (document.name, document.kind) == ("avenant.pdf", "amendment")
    chain = get_address("convention-amendments", sample.access)
    before, after = (browser.get(chain, {"le": day}).context["terms"] for day in ("2026-03-31", "2026-04-01"))
    last = {term["name"]: (term["value"], term["now"]) for term in before}["Dernier jour"]
    assert last == ("9 juillet 2028", "31 décembre 2028")
    assert {term["name"]: term["value"] for term in after}["Dernier jour"] == "31 décembre 2028"


def test_amendment_of_basins_reads_codes_and_names(sample: Sample, browser: Client) -> None:
    Epci.objects.all().delete()
    address = get_address("convention-amendment-new", sample.access)
    typed = {
        "clause": "basins", "basin-0-name": "Bassin d'Essai", "basin-0-communes": "00001 Essai\n00002",
        "basin-1-name": "Sud", "basin-1-communes": "Nulle-Part", "signed_on": "2026-03-02",
        "effective_on": "2026-04-01", "reason": "Extension", "version": "1", "action": "save",
    }  # fmt: skip
    assert "« Nulle-Part » n'est pas une commune connue" in read_page(browser.post(address, typed))
    assert browser.post(address, {**typed, "basin-1-communes": "00003"}).status_code == 302
    with scope(organisation=sample.convention.organisation):
        rows = dict(Basin.objects.values_list("name", "communes"))
    assert rows == {"Bassin d'Essai": ["00001", "00002"], "Sud": ["00003"]}


def test_parties_page_has_a_fixed_number_of_queries(
    world: World, browser: Client, django_assert_num_queries: Any
) -> None:
    convention = build_convention(world)
    address = reverse("convention-parties", args=(world.organisation.slug, convention.pk))
    browser.get(address)
    counts = []
    for number in (0, 2):
        with scope(organisation=world.organisation):
            for rank in range(number):
                Party.objects.create(convention=convention, kind="operator", name=f"Opérateur {rank}")
                Basin.objects.create(convention=convention, name=f"Bassin {rank}", communes=["00002"])
        with django_assert_num_queries(PARTIES_QUERIES) as queries:
            browser.get(address)
        counts.append(len(queries))
    assert counts == [PARTIES_QUERIES] * 2


# Session, person, membership, convention, parties, basins, communes.
PARTIES_QUERIES = 7


@pytest.mark.parametrize(("route", "expected"), [("convention-rules", 7), ("convention-facts", 4)])
def test_rules_and_facts_have_a_fixed_number_of_queries(
    sample: Sample, browser: Client, django_assert_num_queries: Any, route: str, expected: int
) -> None:
    address = get_address(route, sample.access)
    browser.get(address)
    with django_assert_num_queries(expected):
        browser.get(address)
    with scope(organisation=sample.convention.organisation):
        for rank in range(3):
            Basin.objects.create(convention=sample.convention, name=f"Bassin {rank}", communes=["00002"])
            Action.objects.create(convention=sample.convention, kind="other", name=f"Action {rank}")
    with django_assert_num_queries(expected):
        browser.get(address)


def test_pages_are_written_in_english_too(sample: Sample, browser: Client) -> None:
    with override("en"):
        pages = {
            route: read_page(browser.get(get_address(route, sample.access)))
            for route in ("convention-facts", "convention-status", "convention-amendments", "convention-rules")
        }
    assert "158 jobs removed." in pages["convention-facts"]
    assert "Status: running" in pages["convention-status"]
    assert "10 July 2025" in pages["convention-amendments"]
    assert "to be checked against Légifrance" in pages["convention-rules"]


@pytest.mark.parametrize("state", [{"status": "closed"}, {"archived_at": timezone.now()}])
def test_pages_of_a_closed_or_archived_convention_offer_no_change_that_is_refused(
    sample: Sample, browser: Client, state: dict[str, Any]
) -> None:
    pages = ("actions", "ledger", "requests", "residual", "jobs", "engineering", "committees", "parties", "amendments")

    def list_offers() -> dict[str, bool]:
        texts = {page: browser.get(get_address(f"convention-{page}", sample.access)).content.decode() for page in pages}
        return {page: bool(re.search(r'href="[^"]*/(?:nouvelle|nouveau|ajouter)/', texts[page])) for page in pages}

    assert list_offers() == dict.fromkeys(pages, True)
    with scope(organisation=sample.convention.organisation):
        Convention.objects.filter(pk=sample.convention.pk).update(**state)
    assert list_offers() == dict.fromkeys(pages, False)
