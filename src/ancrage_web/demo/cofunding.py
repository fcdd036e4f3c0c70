"""The co-funding plan of the demonstration: the third place of Fargecombe, and programmes that exist nowhere."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db import transaction
from django_scopes import scope

from ancrage_web.audit.models import AuditLine
from ancrage_web.cofunding.services.catalogue import save_programme
from ancrage_web.cofunding.services.projects import create_project
from ancrage_web.conventions.models import Convention
from ancrage_web.demo.conventions import NAME
from ancrage_web.demo.people import OFFICER, find_actor
from ancrage_web.territories.models import Commune

# Name, nature, share of the cost, ceiling [EUR], smallest and largest firm, beginnings of NAF codes, stages.
PROGRAMMES: tuple[tuple[str, str, str, str, int | None, int | None, list[str], list[str]], ...] = (
    ("Coup de pouce à l'atelier", "grant", "0.30", "20000", None, 20, ["16", "25"], ["investment"]),
    ("Prêt d'honneur d'Ombreval", "loan", "1.00", "15000", None, 10, [], ["creation", "takeover"]),
    ("Chèque diagnostic énergie", "study", "0.70", "5000", None, 250, ["10", "25"], ["investment"]),
    ("Bourse de la deuxième chance", "grant", "0.50", "8000", None, 5, [], ["creation"]),
    ("Fonds des circuits courts", "grant", "0.40", "30000", None, 50, ["01", "10"], ["growth", "investment"]),
    ("Parcours repreneurs", "training", "0.80", "3000", None, None, [], ["takeover"]),
    ("Prêt relais de trésorerie", "loan", "1.00", "50000", 5, 250, [], ["difficulty"]),
    ("Aménager un lieu partagé", "grant", "0.35", "60000", None, None, [], ["investment"]),
)

# Business plan of its twenty-four desks, invented as all the rest; prices and occupancy stay those of the site.
BUSINESS: dict[str, Any] = {
    "desks": 24,
    "yearly_cost": "52000.00",
    "other_income": "9000.00",
    "years": 5,
    "subsidies": ["26000.00", "12000.00"],
    "coefficients": {},
}


def create_demo_cofunding(today: date) -> None:
    """Create the programmes and the project, once: what people delete stays deleted."""
    officer = find_actor(OFFICER)
    with transaction.atomic(), scope(organisation=officer.organisation):
        if AuditLine.objects.filter(action="project.created").exists():
            return
        for rank, programme in enumerate(PROGRAMMES, start=1):
            save_programme(officer, None, _build_programme(rank, programme))
        convention = Convention.objects.filter(name=NAME).first()
        quarters = [date(today.year + 1, month, 1).isoformat() for month in (1, 4, 7, 10)]
        facts: dict[str, Any] = {
            "name": "Tiers-lieu de Fargecombe (projet fictif)",
            "description": (
                "Aménager l'ancien bâtiment administratif de la fonderie : espace de coworking de vingt-quatre postes. "
                "Chiffres inventés de l'intercommunalité fictive."
            ),
            "commune": Commune.objects.get(epci_id="000000001", name="Fargecombe").code,
            "business": BUSINESS,
            "convention": None if convention is None else convention.pk,
        }
        expenses = [
            {"label": label, "nature": nature, "quarter": date.fromisoformat(quarter), "amount": Decimal(amount)}
            for label, nature, quarter, amount in (
                ("Étude et maîtrise d'œuvre", "studies", quarters[0], "28000.00"),
                ("Travaux d'aménagement", "works", quarters[1], "190000.00"),
                ("Mobilier et réseau", "equipment", quarters[2], "52000.00"),
            )
        ]
        create_project(officer, facts, expenses, [_build_source(*row) for row in _list_sources(quarters)])


def _build_programme(rank: int, programme: Any) -> dict[str, Any]:
    name, nature, rate, ceiling, least, most, sectors, stages = programme
    return {
        "key": f"fictif-{rank}",
        "name": f"{name} (fictif)",
        "operator": "Organisme fictif",
        "description": "Programme inventé pour la démonstration : il n'existe pas.",
        "nature": nature,
        "origin": "public",
        "rate_max": Decimal(rate),
        "ceiling": Decimal(ceiling),
        "employees_min": least,
        "employees_max": most,
        "sectors": sectors,
        "places": [],
        "stages": stages,
        "source": "inventé pour la démonstration",
    }


def _list_sources(quarters: list[str]) -> list[tuple[str, str, str, str, str, list[list[str]]]]:
    return [
        ("Fonds propres de l'intercommunalité", "own", "70000.00", "obtained", "70000.00", []),
        (
            "Convention des Fonderies de Fargecombe",
            "convention",
            "90000.00",
            "obtained",
            "90000.00",
            [[quarters[1], "1"]],
        ),
        ("DETR", "detr", "75000.00", "asked", "0", [[quarters[1], "0.30"], [quarters[3], "0.70"]]),
        ("Région", "region", "35000.00", "refused", "0", []),
    ]


def _build_source(name: str, kind: str, asked: str, answer: str, obtained: str, payments: Any) -> dict[str, Any]:
    return {
        "name": f"{name} (fictif)" if kind != "own" else name,
        "kind": kind,
        "asked": Decimal(asked),
        "answer": answer,
        "obtained": Decimal(obtained),
        "payments": payments,
    }
