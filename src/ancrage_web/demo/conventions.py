"""The convention of the demonstration: two years of its life, made by the real services with days of the past.

Every day follows from today, so that the demonstration never grows old. Everything in it is invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django_scopes import scope

from ancrage.conventions.delays import add_months
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.models import AuditLine
from ancrage_web.conventions.access import Access, find_access
from ancrage_web.conventions.enums import ActionKind, DocumentKind, FunderNature, Outcome, PartyKind
from ancrage_web.conventions.models import Action, Beneficiary, Document, Funder, Request
from ancrage_web.conventions.services.actions import save_action, save_funder
from ancrage_web.conventions.services.amendments import amend_convention
from ancrage_web.conventions.services.beneficiaries import declare_aid, save_beneficiary
from ancrage_web.conventions.services.committees import (
    DecisionDraft,
    freeze_committee,
    plan_committee,
    record_minutes,
)
from ancrage_web.conventions.services.documents import add_document
from ancrage_web.conventions.services.engineering import save_work
from ancrage_web.conventions.services.jobs import check_presence, record_hire
from ancrage_web.conventions.services.ledger import Draft, post_entries
from ancrage_web.conventions.services.life import change_status, create_convention
from ancrage_web.conventions.services.parties import save_party
from ancrage_web.conventions.services.partners import open_to
from ancrage_web.conventions.services.payments import end_request, pay_request
from ancrage_web.conventions.services.remarks import add_remark
from ancrage_web.conventions.services.requests import (
    create_request,
    instruct_request,
    return_request,
    sign_agreement,
    submit_request,
    withdraw_request,
)
from ancrage_web.demo.people import COMPANY, CONSULTANCY, OFFICER, STATE, find_actor
from ancrage_web.territories.models import Commune

NAME = "Fonderies de Fargecombe (convention fictive)"
PER_JOB = Decimal(4000)


@dataclass(frozen=True)
class Sheet:
    """A request of the demonstration, and how far it went.

    Attributes
    ----------
    firm, activity, employees : of who asks; jobs : promised.
    round : committee that decided (1 or 2), 0 for none; end : status it came to; hired : jobs that started.
    """

    firm: str
    activity: str
    employees: int
    title: str
    jobs: int
    round: int
    end: str
    hired: int = 0


SHEETS: tuple[Sheet, ...] = (
    Sheet("Menuiserie du Val", "1623Z", 14, "Atelier de menuiserie à commande numérique", 5, 1, "ended", 5),
    Sheet("Laiterie des Combes", "1051C", 32, "Ligne de yaourts fermiers", 6, 1, "ended", 6),
    Sheet("Usinage Lestrange", "2562B", 21, "Reprise de deux tours de la fonderie", 4, 1, "agreed", 4),
    Sheet("Transports Brégier", "4941A", 18, "Deux tournées électriques", 3, 1, "agreed", 2),
    Sheet("Serres d'Ombreval", "0113Z", 9, "Serres chauffées par la chaleur perdue", 3, 1, "refused"),
    Sheet("Atelier Vélo Ombre", "3317Z", 4, "Réparation et location de vélos", 2, 1, "agreed", 2),
    Sheet("Scierie Montclar", "1610A", 26, "Séchoir à bois", 4, 2, "agreed", 2),
    Sheet("Biscuits Sarrazine", "1072Z", 11, "Deuxième four", 3, 2, "agreed", 1),
    Sheet("Chaudronnerie Vaultier", "2511Z", 19, "Cabine de peinture", 5, 2, "granted"),
    Sheet("Studio Lisière", "6201Z", 3, "Installation dans le futur tiers-lieu", 2, 2, "refused"),
    Sheet("Fromagerie Haute-Combe", "1051C", 7, "Cave d'affinage", 2, 0, "instructed"),
    Sheet("Câblage Rivaud", "2732Z", 16, "Poste de câblage de bornes", 4, 0, "instructed"),
    Sheet("Textiles Perrevent", "1396Z", 12, "Sacs de toile technique", 3, 0, "submitted"),
    Sheet("Garage Ombre", "4520A", 5, "Atelier de reconversion électrique", 2, 0, "returned"),
    Sheet("Imprimerie du Gué", "1812Z", 8, "Presse numérique", 2, 0, "withdrawn"),
    Sheet("Conserverie Arbelle", "1039B", 6, "Ligne de bocaux", 2, 0, "draft"),
)


def create_demo_convention(today: date) -> None:
    """Create the convention with its history, once: what people delete stays deleted."""
    officer = find_actor(OFFICER)
    with transaction.atomic(), scope(organisation=officer.organisation):
        if AuditLine.objects.filter(action="convention.created").exists():
            return
        signed = add_months(today, -23)
        communes = list(Commune.objects.filter(epci_id="000000001").order_by("name").values_list("code", flat=True))
        notified = signed - timedelta(days=170)
        convention = create_convention(
            officer,
            name=NAME,
            way="local",
            company=COMPANY,
            siret=compute_siren(90),
            basin="Bassin d'Ombreval",
            communes=communes,
            employees=1340,
            affects_basin=True,
            dismissed=142,
            redeployed_in_basin=16,
            notified_on=notified,
            decided_on=notified + timedelta(days=56),
            owed_since=notified + timedelta(days=84),
            option_on=notified + timedelta(days=105),
            reference_on=notified,
            multiple=Decimal(2),
            amount=Decimal("480000.00"),
            signed_on=signed,
            starts_on=signed,
            ends_on=add_months(signed, 36) - timedelta(days=1),
            follow_up="Un comité de suivi par an au moins, un bilan transmis avant chacun, un bilan final.",
            jobs_target=126,
            notes="Convention inventée pour la démonstration du site.",
        )
        access = find_access(officer, convention.pk)
        assert access is not None
        _Life(access, today, signed, communes).live()


@dataclass
class _Life:
    """The life of the convention, in order."""

    access: Access
    today: date
    signed: date
    communes: Sequence[str]

    def live(self) -> None:
        """Play two years."""
        access, signed = self.access, self.signed
        save_party(access, kind=PartyKind.PREFECT, name="Préfecture d'Ombreval (fictive)")
        save_party(access, kind=PartyKind.EPCI, name="CC des Vallées d'Ombreval (fictive)")
        save_party(access, kind=PartyKind.OPERATOR, name="Cabinet Rebond (fictif)")
        self._save_actions()
        for status in ("notified", "negotiated", "signed", "running"):
            change_status(access, status)
            access.convention.refresh_from_db()
        convention = self._add(DocumentKind.CONVENTION, "Convention signée", signed)
        self._bring_money(convention)
        for name, part in ((STATE, "state"), (COMPANY, "company"), (CONSULTANCY, "consultant")):
            organisation = Organisation.objects.filter(name=name).first()
            if organisation is not None:
                open_to(access, organisation_slug=organisation.slug, part=part)
        for number, sheet in enumerate(SHEETS, start=1):
            self._ask(number, sheet)
        first, second = add_months(signed, 6), add_months(signed, 17)
        self._hold(1, first)
        self._amend(add_months(signed, 12))
        self._hold(2, second)
        for request in Request.objects.filter(convention=access.convention, status="submitted").order_by("number"):
            if SHEETS[request.number - 1].end == "instructed":
                self._instruct(request, self.today - timedelta(days=20))
        plan_committee(access, day=self.today + timedelta(days=18), agenda="Deux demandes ; avancement du tiers-lieu.")
        self._work()
        add_remark(access, text="Le comité a demandé un point sur le tiers-lieu de Fargecombe : travaux attendus.")

    def _save_actions(self) -> None:
        ends = add_months(self.signed, 36) - timedelta(days=1)
        common: dict[str, Any] = {"deadline": add_months(self.signed, 30), "started_on": self.signed}
        access = self.access
        self.aid = save_action(
            access,
            kind=ActionKind.JOBS_AID,
            name="Aide aux entreprises qui créent des emplois",
            terms="4 000 € par CDI à temps plein, versés moitié à la signature, moitié à l'embauche.",
            budget=Decimal("300000.00"),
            jobs_target=75,
            open_to_requests=True,
            **common,
        )
        self.place = save_action(
            access,
            kind=ActionKind.THIRD_PLACE,
            name="Tiers-lieu de Fargecombe",
            terms="Participation à l'aménagement de l'ancien bâtiment administratif de la fonderie.",
            budget=Decimal("90000.00"),
            operator="CC des Vallées d'Ombreval (fictive)",
            **common,
        )
        self.coaching = save_action(
            access,
            kind=ActionKind.COACHING,
            name="Accompagnement des projets individuels",
            terms="Bilan, formation, création d'entreprise.",
            budget=Decimal("45000.00"),
            # Past: the page of the deadlines shows one that is late.
            deadline=self.today - timedelta(days=40),
            started_on=self.signed,
        )
        self.follow_up = save_action(
            access,
            kind=ActionKind.ENGINEERING,
            name="Ingénierie et suivi",
            terms="Instruction des demandes, comités, bilans.",
            budget=Decimal("45000.00"),
            operator="Cabinet Rebond (fictif)",
            deadline=ends,
            started_on=self.signed,
        )
        self.company = save_funder(access, name=COMPANY, nature=FunderNature.PRIVATE)
        self.pooled = save_funder(access, name="Fonds départemental d'Ombreval (fictif)", nature=FunderNature.POOLED)

    def _bring_money(self, convention: Document) -> None:
        half = Decimal("240000.00")
        drafts: list[Draft] = []
        first = self._add(DocumentKind.TRANSFER, "Avis de virement, première moitié", self.signed + timedelta(days=25))
        second = self._add(DocumentKind.TRANSFER, "Avis de virement, seconde moitié", add_months(self.signed, 9))
        fund = self._add(DocumentKind.TRANSFER, "Avis de virement du fonds", add_months(self.signed, 2))
        day = self.signed + timedelta(days=25)
        drafts.append(Draft(day, "contribute", self.company, half, first, label="Première moitié"))
        later = add_months(self.signed, 9)
        drafts.append(Draft(later, "contribute", self.company, half, second, label="Seconde moitié"))
        drafts.append(
            Draft(add_months(self.signed, 2), "contribute", self.pooled, Decimal("60000.00"), fund, label="Abondement")
        )

        def plan(on: date, action: Action, funder: Funder, amount: str) -> None:
            drafts.append(Draft(on, "plan", funder, Decimal(amount), convention, action=action))

        plan(day, self.aid, self.company, "170000.00")
        plan(day, self.coaching, self.company, "30000.00")
        plan(day, self.follow_up, self.company, "30000.00")
        plan(add_months(self.signed, 2), self.aid, self.pooled, "40000.00")
        plan(later, self.aid, self.company, "80000.00")
        plan(later, self.place, self.company, "90000.00")
        plan(later, self.follow_up, self.company, "15000.00")
        post_entries(self.access, drafts)

    def _ask(self, number: int, sheet: Sheet) -> None:
        day = self._choose_day(number, sheet)
        firm = save_beneficiary(
            self.access,
            siren=compute_siren(number),
            name=f"{sheet.firm} (fictif)",
            activity=sheet.activity,
            employees=sheet.employees,
            commune=self.communes[number % len(self.communes)],
        )
        assert isinstance(firm, Beneficiary)
        if number % 5 == 2:
            declare_aid(
                self.access,
                firm,
                granted_on=add_months(day, -14),
                amount=Decimal("25000.00"),
                source="Aide régionale (fictive)",
            )
        request = create_request(
            self.access,
            action=self.aid,
            beneficiary=firm,
            title=sheet.title,
            description="Projet inventé pour la démonstration.",
            commune=firm.commune,
            project_cost=PER_JOB * sheet.jobs * 6,
            amount_asked=PER_JOB * sheet.jobs,
            jobs_created=sheet.jobs,
        )
        if sheet.end == "draft":
            return
        submit_request(self.access, request, on=day)
        request.refresh_from_db()
        if sheet.end == "returned":
            return_request(self.access, request, reason="Merci de joindre le devis de l'atelier.")
        elif sheet.end == "withdrawn":
            withdraw_request(self.access, request, on=day + timedelta(days=30))

    def _choose_day(self, number: int, sheet: Sheet) -> date:
        if sheet.round:
            return add_months(self.signed, 3 if sheet.round == 1 else 13) + timedelta(days=number * 3)
        return self.today - timedelta(days=80 - number * 3)

    def _instruct(self, request: Request, day: date) -> None:
        request.refresh_from_db()
        note = self._add(DocumentKind.OPINION, f"Note d'instruction de la demande {request.number}", day, request)
        # The pooled fund shares the first ones.
        assert request.amount_asked is not None
        part = Decimal(4000) if request.number <= 6 else Decimal(0)
        shares = [(self.company, request.amount_asked - part), *([(self.pooled, part)] if part else [])]
        instruct_request(self.access, request, shares=shares, on=day, document=note)

    def _hold(self, rank: int, day: date) -> None:
        """Instruct the requests of a committee, hold it, then let its aids live."""
        chosen = [
            (request, sheet)
            for request in Request.objects.filter(convention=self.access.convention).order_by("number")
            if (sheet := SHEETS[request.number - 1]).round == rank
        ]
        for request, _ in chosen:
            self._instruct(request, day - timedelta(days=25))
            request.refresh_from_db()
        committee = plan_committee(self.access, day=day, report_sent_on=day - timedelta(days=15))
        freeze_committee(self.access, committee, on=day - timedelta(days=10))
        minutes = self._add(DocumentKind.MINUTES, f"Relevé de décisions du comité {rank}", day)
        record_minutes(
            self.access,
            committee,
            minutes="Le comité prend acte de l'avancement et décide des demandes ci-dessous. (Relevé fictif.)",
            decisions=[
                DecisionDraft(request, Outcome.REFUSED, None, "Emplois hors du bassin.")
                if sheet.end == "refused"
                else DecisionDraft(request, Outcome.GRANTED, request.amount_asked, "Embauches en CDI.")
                for request, sheet in chosen
            ],
            document=minutes,
        )
        for request, sheet in chosen:
            request.refresh_from_db()
            if sheet.end in ("agreed", "ended"):
                self._pay(request, sheet, day)

    def _pay(self, request: Request, sheet: Sheet, decided: date) -> None:
        access, day = self.access, decided + timedelta(days=14)
        agreement = self._add(DocumentKind.AGREEMENT, f"Convention d'aide {request.number}", day, request)
        sign_agreement(access, request, on=day, document=agreement)
        request.refresh_from_db()
        assert request.amount_granted is not None
        half = request.amount_granted / 2
        self._pay_share(request, half, day + timedelta(days=10))
        hired = day + timedelta(days=20)
        jobs = list(request.jobs.order_by("created_at", "pk"))[: sheet.hired]
        for job in jobs:
            proof = self._add(DocumentKind.PROOF, f"Contrats de travail, demande {request.number}", hired, request)
            kept = record_hire(access, job, hired_on=hired, contract="cdi", proof=proof)
            for months in (6, 12):
                if add_months(hired, months) <= self.today - timedelta(days=30):
                    # One post of one firm did not last.
                    kept = check_presence(
                        access, kept, months=months, present=not (request.number == 2 and job == jobs[-1])
                    )
        if sheet.end == "ended":
            self._pay_share(request, half, hired + timedelta(days=15))
            request.refresh_from_db()
            end_request(access, request, on=hired + timedelta(days=30))

    def _pay_share(self, request: Request, amount: Decimal, on: date) -> None:
        request.refresh_from_db()
        proof = self._add(
            DocumentKind.TRANSFER, f"Versement à la demande {request.number} du {on:%d.%m.%Y}", on, request
        )
        part = Decimal(2000) if request.number <= 6 else Decimal(0)
        amounts = [(self.company, amount - part), *([(self.pooled, part)] if part else [])]
        pay_request(self.access, request, amounts=amounts, on=on, document=proof)

    def _amend(self, day: date) -> None:
        self.access.convention.refresh_from_db()
        amend_convention(
            self.access,
            signed_on=day,
            effective_on=day,
            reason="Le tiers-lieu demande six mois de travaux de plus ; le comité l'a approuvé.",
            changes={f"action:{self.place.pk}:deadline": add_months(self.signed, 34)},
            document=self._add(DocumentKind.AMENDMENT, "Avenant n° 1", day),
        )

    def _work(self) -> None:
        for month in (2, 6, 10, 15, 20):
            on = add_months(self.signed, month)
            save_work(
                self.access,
                provider="Cabinet Rebond (fictif)",
                on=on,
                days=Decimal("6.5"),
                amount=Decimal("4550.00"),
                label="Instruction des demandes et préparation des comités",
                action=self.follow_up,
            )

    def _add(self, kind: str, name: str, day: date, request: Request | None = None) -> Document:
        content = render_pdf(name, day)
        return add_document(self.access, ContentFile(content, f"{name}.pdf"), kind=kind, name=name, request=request)


def compute_siren(number: int) -> str:
    """Return a SIREN of the range 99999xxx, which no firm has, with its control digit."""
    digits = [int(digit) for digit in f"99999{number:03d}"]
    doubled = [digit * (2 if place % 2 else 1) for place, digit in enumerate(digits)]
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return f"99999{number:03d}{-total % 10}"


def render_pdf(title: str, day: date) -> bytes:
    """Return a page of PDF that says what it stands for, and that it is fictional."""
    lines = (title, f"{day:%d/%m/%Y}", "DOCUMENT FICTIF", "Fait pour la démonstration du site ; il ne prouve rien.")
    escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
    shown = " T* ".join(f"({line}) Tj" for line in escaped)
    text = f"BT /F1 16 Tf 24 TL 72 760 Td {shown} ET".encode("cp1252", "replace")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        font,
    )
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    return content + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
