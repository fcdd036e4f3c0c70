"""A convention from the redundancy notice to its final balance, each thing done in the browser on its own day."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.utils import timezone
from django_scopes import scope
from playwright.sync_api import BrowserContext, Locator, Page, expect
from pypdf import PdfReader

from ancrage.language import format_money
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.conventions.committee_files import make_files
from ancrage_web.conventions.models import CommitteeFile, Convention
from ancrage_web.conventions.services.ledger import check_ledger
from e2e.checks import check_accessibility, measure_overflow
from web.conftest import World, create_person
from web.convention_samples import PDF, SIREN, SIRET

# 20 posts at twice the monthly minimum wage of January 2023 (1 709,28 EUR).
CONTRIBUTION, BUDGET, GRANT = Decimal("68371.20"), Decimal("48000.00"), Decimal("16000.00")


@dataclass
class Journey:
    """A page of the site at a day that is chosen: the server takes it for today.

    Attributes
    ----------
    home : address of the convention, known once it is created.
    """

    page: Page
    sign_in: Callable[[Page, str], None]
    set_today: Callable[[date], None]
    home: str = ""

    def live(self, day: date, person: str = "officer") -> None:
        """Be another day, with someone signed in."""
        self.set_today(day)
        self.sign_in(self.page, person)

    def open(self, part: str = "") -> None:
        """Open a page of the convention."""
        answer = self.page.goto(self.home + part)
        assert answer is not None
        assert answer.status == 200

    def send(self, button: str, values: dict[str, Any], said: str = "") -> None:
        """Fill the fields in by their labels, press the button, and read what the site says of it."""
        fill(self.page, values)
        self.page.get_by_role("button", name=button, exact=True).click()
        if said:
            expect(self.page.get_by_role("main").or_(self.page.locator("body")).first).to_contain_text(said)

    def change_status(self, name: str, values: dict[str, Any] | None = None) -> None:
        """Give the convention another status."""
        self.open("statut/")
        self.send(f"Passer à « {name} »", values or {})
        expect(self.page.get_by_role("heading", name=f"Statut : {name}")).to_be_visible()

    def check(self) -> None:
        """Fail when the page breaks a rule of accessibility, at the width of a desk or of a phone."""
        for width in (1280, 390):
            self.page.set_viewport_size({"width": width, "height": 900})
            check_accessibility(self.page)
            assert measure_overflow(self.page) <= 0
        self.page.set_viewport_size({"width": 1280, "height": 900})


def find_field(page: Page, label: str) -> Locator:
    """Return the field of a label, whether it is marked as required or not."""
    return page.get_by_label(re.compile(rf"^\s*{label.replace('(', '[(]').replace(')', '[)]')}[\s*]*$"))


def fill(page: Page, values: dict[str, Any]) -> None:
    """Fill fields in by their labels: a text, a day, a choice by its name, True for a box, bytes for a file."""
    for label, value in values.items():
        field = find_field(page, label)
        if value is True:
            field.check()
        elif isinstance(value, bytes):
            field.set_input_files({"name": "piece.pdf", "mimeType": "application/pdf", "buffer": value})
        elif field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(label=value)
        else:
            field.fill(value.isoformat() if isinstance(value, date) else str(value))


def make_pdf(name: str) -> bytes:
    """Return a file that is like no other."""
    return PDF + b"%" + name.encode() + b"\n"


def read_money(amount: Decimal) -> str:
    """Return an amount as the pages write it, whatever the kind of its spaces."""
    return format_money(amount, "fr")


@pytest.fixture
def journey(
    page: Page,
    world: World,
    territories: Any,
    sign_in: Callable[[Page, str], None],
    settings: LazySettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Journey:
    """Return a journey of the officer; "official" is a member of the service of the State."""
    settings.MEDIA_ROOT = str(tmp_path / "files")
    state = Organisation.objects.create(name="DDETS d'Essai", slug="ddets-essai", kind=Kind.STATE)
    world.people["official"] = create_person("official@example.org", "Noé État", state, Role.EDITOR)

    def set_today(day: date) -> None:
        now = datetime.combine(day, time(10), UTC)
        monkeypatch.setattr(timezone, "now", lambda: now)

    return Journey(page, sign_in, set_today)


def test_convention_lives_from_the_redundancy_notice_to_its_final_balance(
    journey: Journey, world: World, open_context: Callable[..., BrowserContext]
) -> None:
    page = journey.page
    owe_contribution(journey, world)
    sign_convention(journey)
    bring_money(journey)
    address = open_public_form(journey)
    firm = ask_for_aid(open_context(width=390).new_page(), address, journey)
    decide_and_pay(journey, firm)
    follow_jobs(journey)
    amend(journey)
    close(journey, world)

    # A closed convention is read, no longer changed, and its ledger balances.
    journey.open()
    expect(page.get_by_text(read_money(GRANT)).first).to_be_visible()
    with scope(organisation=world.organisation):
        convention = Convention.objects.get()
        assert convention.status == "closed"
        assert check_ledger(convention).problems == ()


def owe_contribution(journey: Journey, world: World) -> None:
    """Write the redundancy project down, see what it costs; the State notes that a contribution is owed."""
    page = journey.page
    journey.live(date(2023, 1, 16))
    page.goto(f"/organisations/{world.organisation.slug}/conventions/")
    page.get_by_role("link", name="Créer une convention").click()
    fill(
        page,
        {
            "Nom de la convention": "Fonderie d'Essai 2023",
            "Entreprise": "Fonderie d'Essai",
            "SIREN ou SIRET": SIRET,
            "Salariés licenciés": "24",
            "Reclassés dans le bassin": "4",
            "Date de référence du SMIC": date(2023, 1, 16),
            "Nombre de SMIC mensuels par emploi": "2",
            "Nom du bassin": "Bassin d'Ombreval",
            "Ajouter une commune ou tout un EPCI": "Fargecombe",
        },
    )
    page.get_by_role("button", name="Chercher", exact=True).click()
    page.get_by_role("button", name="Ajouter Fargecombe").click()
    # What two minimum wages by post come to, before anything is created.
    expect(page.locator("#simulation")).to_contain_text(read_money(CONTRIBUTION))
    journey.check()
    page.get_by_role("button", name="Créer la convention").click()
    page.wait_for_url("**/donnees/")
    journey.home = page.url.removesuffix("donnees/")
    journey.send(
        "Enregistrer",
        {
            "Effectif de l'entreprise": "1 200",
            "Effet sur l'équilibre du bassin": "oui : une contribution est due",
            "Notification du projet de licenciement": date(2023, 1, 16),
        },
    )
    expect(page.locator(".field-error")).to_have_count(0)

    # The State takes part: it gives the day of its decision itself.
    journey.open("partenaires/")
    journey.send(
        "Ouvrir la convention", {"Identifiant de l'organisation": "ddets-essai", "Rôle dans la convention": "État"}
    )
    journey.live(date(2023, 3, 6))
    journey.open("donnees/")
    journey.send("Enregistrer", {"Validation ou homologation du plan": date(2023, 3, 6)})
    journey.live(date(2023, 4, 3), "official")
    journey.home = journey.home.replace("cc-vallee", "ddets-essai")
    journey.change_status("assujettissement notifié", {"Date de la décision du préfet": date(2023, 4, 3)})
    expect(page.get_by_role("button", name="Passer à « en négociation »")).to_have_count(0)
    journey.home = journey.home.replace("ddets-essai", "cc-vallee")


def sign_convention(journey: Journey) -> None:
    """Negotiate, write the actions and the funder, sign and start."""
    page = journey.page
    journey.live(date(2023, 4, 24))
    journey.open("donnees/")
    journey.send("Enregistrer", {"Option de l'entreprise": date(2023, 4, 24)})
    journey.change_status("en négociation")
    journey.open("actions/nouvelle/")
    journey.send(
        "Enregistrer",
        {
            "Ce qu'elle finance": "aide aux entreprises qui créent des emplois",
            "Nom": "Aide à l'emploi",
            "Modalités de mise en œuvre": "8 000 € par emploi créé en CDI.",
            "Échéance": date(2024, 5, 31),
            "Budget prévisionnel (€)": "48 000",
            "Objectif d'emplois": "20",
            "Ouverte aux demandes d'aide": True,
        },
    )
    expect(page.get_by_role("rowheader", name="Aide à l'emploi")).to_be_visible()
    journey.open("financeurs/nouveau/")
    journey.send(
        "Enregistrer", {"Nom du financeur": "Fonderie d'Essai", "Nature de l'argent": "argent privé de l'entreprise"}
    )
    journey.open("parties/nouvelle/")
    journey.send("Enregistrer", {"Qualité": "préfet", "Nom de l'organisme": "Préfecture d'Essai"})

    journey.live(date(2023, 6, 20))
    journey.open("donnees/")
    journey.send(
        "Enregistrer",
        {
            "Contribution": "68 371,20",
            "Signature de la convention": date(2023, 6, 20),
            "Premier jour": date(2023, 6, 20),
            "Dernier jour": date(2024, 6, 19),
            "Objectif d'emplois": "20",
            "Modalités de suivi et d'évaluation": "Un comité par an, un bilan avant chacun, un bilan final.",
        },
    )
    expect(page.locator(".field-error")).to_have_count(0)
    journey.change_status("signée")
    journey.change_status("en cours")


def bring_money(journey: Journey) -> None:
    """Write the contribution of the company, then the budget of the action; each rests on a document."""
    page = journey.page
    journey.live(date(2023, 7, 3))
    for kind, action, amount in (("Apport", "—", CONTRIBUTION), ("Programmation", "Aide à l'emploi", BUDGET)):
        journey.open("registre/nouvelle/")
        journey.send(
            "Enregistrer l’écriture",
            {
                "Type d'écriture": kind,
                "Date d'effet": date(2023, 7, 3),
                "Action": action,
                "Fonderie d'Essai": f"{amount}",
                "Ou un nouveau fichier": make_pdf(kind),
            },
        )
        expect(page.locator(".field-error")).to_have_count(0)
    journey.open("registre/")
    expect(page.get_by_role("table", name="Écritures, de la plus récente")).to_contain_text("Programmation")
    journey.check()


def open_public_form(journey: Journey) -> str:
    """Open the form of requests to firms, and return its address."""
    journey.open("demandes/formulaire/")
    journey.send("Ouvrir le formulaire", {})
    address: str = journey.page.get_by_label("Adresse du formulaire").input_value()
    return address


def ask_for_aid(firm: Page, address: str, journey: Journey) -> Page:
    """Write the request of a firm, without an account, on a phone; and come back to it by its link."""
    firm.goto("/" + address.partition("//")[2].partition("/")[2])
    fill(firm, {"Votre adresse e-mail": "atelier@example.org"})
    firm.get_by_role("button", name="Recevoir mon lien").click()
    own = firm.get_by_label("Adresse de votre demande").input_value()
    firm.get_by_role("link", name="Commencer ma demande").click()
    firm.get_by_label("Aide à l'emploi").check()
    parts: tuple[dict[str, Any], ...] = (
        {
            "Intitulé de votre projet": "Atelier de découpe",
            "Votre projet en quelques lignes": "Une machine et deux postes.",
        },
        {"SIREN": SIREN, "Nom ou raison sociale": "Menuiserie d'Essai", "Effectif salarié": "12"},
        {"Emplois que vous créerez": "2"},
        {"Coût du projet (€)": "60 000", "Aide demandée (€)": "16 000"},
    )
    for number, values in enumerate(parts):
        fill(firm, values)
        # Left in the middle, and taken up again from the link.
        if number == 2:
            firm.get_by_role("button", name="Enregistrer et revenir plus tard").click()
            firm.goto("/" + own.partition("//")[2].partition("/")[2])
            firm.get_by_role("link", name="Coût et aide").click()
        else:
            firm.get_by_role("button", name="Enregistrer et continuer").click()
    firm.get_by_label(re.compile("^Je déclare toutes les aides")).check()
    firm.get_by_role("button", name="Enregistrer et continuer").click()
    firm.get_by_label("Ajouter un fichier").set_input_files(
        {"name": "devis.pdf", "mimeType": "application/pdf", "buffer": make_pdf("devis")}
    )
    firm.get_by_role("button", name="Envoyer ce fichier").click()
    firm.get_by_role("link", name="Continuer").click()
    check_accessibility(firm)
    assert measure_overflow(firm) <= 0
    firm.get_by_role("button", name="Déposer ma demande").click()
    expect(firm.get_by_text("déposée", exact=False).first).to_be_visible()
    return firm


def decide_and_pay(journey: Journey, firm: Page) -> None:
    """Set the money aside, hold the committee, sign the agreement and pay."""
    page = journey.page
    journey.live(date(2023, 8, 28))
    journey.open("demandes/")
    page.get_by_role("link", name=re.compile("Atelier de découpe")).click()
    request = page.url
    page.get_by_role("link", name="Instruire pour le comité").click()
    instructed = date(2023, 8, 28)
    values = {"Fonderie d'Essai (€)": "16 000", "Date": instructed, "Ou une nouvelle pièce": make_pdf("avis")}
    journey.send("Instruire pour le comité", values)

    day = date(2023, 9, 14)
    journey.open("comites/nouveau/")
    journey.send("Planifier", {"Date du comité": day, "Nature du comité": "comité de suivi"})
    committee = page.url
    journey.live(day)
    page.goto(committee)
    page.get_by_role("button", name="Figer les chiffres").click()
    expect(page.get_by_text("Chiffres figés au 14 septembre 2023 (version 1)")).to_be_visible()
    journey.check()
    page.get_by_role("link", name="Enregistrer les décisions").click()
    page.get_by_role("group", name=re.compile("Demande n° 1")).get_by_label("accordée", exact=True).check()
    minutes = {"Relevé de décisions": "Accord unanime.", "ou un nouveau fichier": make_pdf("relevé")}
    journey.send("Enregistrer les décisions", minutes)
    expect(page.get_by_text("décisions enregistrées")).to_be_visible()
    firm.reload()
    expect(firm.get_by_text("Décision du 14 septembre 2023")).to_be_visible()
    expect(firm.get_by_role("main")).to_contain_text(read_money(GRANT))

    for step, on, shares in (
        ("Enregistrer la convention d'aide", date(2023, 9, 25), {}),
        ("Enregistrer un paiement", date(2023, 10, 16), {"Fonderie d'Essai (€)": "16 000"}),
    ):
        journey.live(on)
        page.goto(request)
        page.get_by_role("link", name=step).click()
        journey.send(step, {**shares, "Date": on, "Ou une nouvelle pièce": make_pdf(step)})
        expect(page.locator(".field-error")).to_have_count(0)
    journey.open("registre/")
    expect(page.get_by_role("table", name="Écritures, de la plus récente")).to_contain_text("Paiement")


def follow_jobs(journey: Journey) -> None:
    """Prove that the posts have started, and check six months later that they are still there."""
    page = journey.page
    journey.live(date(2023, 10, 16))
    for number in (1, 2):
        journey.open("emplois/")
        page.get_by_role("link", name=f"Atelier de découpe ({number})").click()
        started = {"Contrat": "CDI", "Commencé le (contrat ou maintien prouvé)": date(2023, 10, 2)}
        journey.send("Enregistrer", {**started, "ou un nouveau fichier": make_pdf(f"contrat {number}")})
        expect(page.get_by_text("Contrat CDI").or_(page.get_by_text("contrat")).first).to_be_visible()
    journey.live(date(2024, 4, 8))
    journey.open("emplois/")
    for choice in page.get_by_role("radio", name=re.compile("^oui")).all():
        choice.check()
    journey.check()
    journey.send("Enregistrer les vérifications", {})
    expect(page.get_by_text("2 vérifications enregistrées.")).to_be_visible()


def amend(journey: Journey) -> None:
    """Give the convention two months and a half more."""
    page = journey.page
    journey.live(date(2024, 5, 27))
    journey.open("avenants/nouveau/")
    page.get_by_label(re.compile("^Dernier jour")).check()
    page.get_by_role("button", name="Continuer").click()
    values = {
        "Dernier jour": date(2024, 8, 31),
        "Signature de l'avenant": date(2024, 5, 27),
        "Prise d'effet": date(2024, 5, 27),
        "Motif": "Les embauches ont pris du retard.",
    }
    journey.send("Vérifier avant d’enregistrer", values)
    journey.send(
        "Enregistrer l’avenant", {"Ou un nouveau fichier, à choisir au moment d'enregistrer": make_pdf("avenant")}
    )
    expect(page.get_by_text("L'avenant n° 1 est enregistré.")).to_be_visible()


def close(journey: Journey, world: World) -> None:
    """End the request, hold the final committee on a frozen final balance, then close."""
    page = journey.page
    journey.live(date(2024, 8, 26))
    journey.open("demandes/")
    page.get_by_role("link", name=re.compile("Atelier de découpe")).click()
    page.get_by_role("link", name="Solder la demande").click()
    journey.send("Solder la demande", {"Date": date(2024, 8, 26)})

    day = date(2024, 9, 5)
    journey.change_status("en clôture")
    expect(page.get_by_text("Le bilan final n'est pas figé")).to_be_visible()
    journey.open("comites/nouveau/")
    journey.send("Planifier", {"Date du comité": day, "Nature du comité": "comité final"})
    committee = page.url
    journey.live(day)
    page.goto(committee)
    # What is left must be explained before the balance is frozen.
    page.get_by_role("button", name="Figer les chiffres").click()
    expect(page.get_by_text("Il reste de l'argent et rien ne dit ce qu'il devient")).to_be_visible()
    page.get_by_role("link", name="Préparer").click()
    journey.send("Enregistrer", {"Ce que devient le reliquat": "Rendu à l'entreprise."})
    page.goto(committee)
    page.get_by_role("button", name="Figer les chiffres").click()
    expect(page.get_by_text("Chiffres figés au 5 septembre 2024 (version 1)")).to_be_visible()
    with scope(organisation=world.organisation):
        frozen = CommitteeFile.objects.get(committee__kind="final")
    make_files(frozen.pk)
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("PDF")).first.click()
    read = " ".join(" ".join(sheet.extract_text() for sheet in PdfReader(download.value.path()).pages).split())
    assert "Bilan final" in read
    for amount in (CONTRIBUTION, GRANT, CONTRIBUTION - GRANT):
        assert " ".join(format_money(amount, "fr").split()) in read
    journey.check()
    page.get_by_role("link", name="Enregistrer les décisions").click()
    minutes = {"Relevé de décisions": "Bilan approuvé.", "ou un nouveau fichier": make_pdf("relevé final")}
    journey.send("Enregistrer les décisions", minutes)
    journey.change_status("close")
