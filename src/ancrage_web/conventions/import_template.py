"""The template of an import, empty or filled with an example that imports as it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from ancrage.language import Language, Text
from ancrage_web.conventions.exchange_sheets import SHEETS
from ancrage_web.conventions.exchange_workbook import write_workbook

READ_ME = (
    Text("Template of a convention de revitalisation", "Modèle d'une convention de revitalisation"),
    Text(
        "Fill in the sheets you have; only the sheet Convention is needed. An orange heading must be filled.",
        "Remplissez les feuilles que vous avez ; seule la feuille Convention est obligatoire. Un intitulé orange est à "
        "remplir.",
    ),
    Text(
        "Amounts in euros, to the cent. Days as 31/12/2026. Cells with a list take its values only.",
        "Montants en euros, au centime. Dates comme 31/12/2026. Les cellules à liste n'acceptent que ses valeurs.",
    ),
    Text(
        "Actions, funders, beneficiaries (SIREN) and requests (number) are named in the other sheets as in their own.",
        "Actions, financeurs, bénéficiaires (SIREN) et demandes (numéro) se citent ailleurs comme dans leur feuille.",
    ),
    Text(
        "The ledger: contribution, then budget of an action, reservation, commitment, payment. Amounts are positive.",
        "Écritures : apport, puis programmation d'une action, réservation, engagement, paiement. Montants positifs.",
    ),
    Text(
        "Amendments: one line for each value changed; the other sheets hold the values in force.",
        "Avenants : une ligne par valeur changée ; les autres feuilles portent les valeurs en vigueur.",
    ),
    Text(
        "Not imported: documents, partners' access, the steps of the status, frozen committee files, the trail.",
        "Ne s'importent pas : les pièces, l'accès des partenaires, les étapes du statut, les dossiers figés des "
        "comités, le journal.",
    ),
    Text(
        "Nothing is imported while one error is left: all of them are shown at once, cell by cell.",
        "Rien n'est importé tant qu'il reste une erreur : toutes sont montrées d'un coup, cellule par cellule.",
    ),
)
# SIREN that exist nowhere, with right control digits.
_FIRM, _SECOND, _COMPANY = "999999998", "999999980", "999999972"


def write_template(language: Language, *, example: bool = False) -> bytes:
    """Return the template as XLSX, in the language of the page."""
    fictional = Text("FICTIONAL EXAMPLE: everything in it is invented.", "EXEMPLE FICTIF : tout y est inventé.")
    return write_workbook(
        build_example() if example else {},
        language,
        read_me=(READ_ME[0], fictional, *READ_ME[1:]) if example else READ_ME,
    )


def build_example() -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the example: a small convention, two requests, one of them paid in part."""
    company, aid, follow_up = "Tissages d'Exemple (fictif)", "Aide à la création d'emplois", "Ingénierie et suivi"
    rows: dict[str, list[dict[str, Any]]] = {
        "convention": [
            {
                "name": "Tissages d'Exemple 2025 (fictif)",
                "way": "local",
                "status": "running",
                "employees": 1200,
                "insolvency": "none",
                "affects_basin": True,
                "dismissed": 60,
                "redeployed_in_basin": 10,
                "notified_on": date(2025, 1, 13),
                "decided_on": date(2025, 3, 3),
                "owed_since": date(2025, 4, 1),
                "option_on": date(2025, 4, 22),
                "reference_on": date(2025, 1, 13),
                "multiple": Decimal("2"),
                "amount": Decimal("180180.00"),
                "signed_on": date(2025, 7, 1),
                "starts_on": date(2025, 7, 1),
                "ends_on": date(2027, 6, 30),
                "follow_up": "Comité de suivi annuel et bilan final.",
                "jobs_target": 50,
            }
        ],
        "parties": [
            {"kind": "company", "name": company, "siret": _COMPANY},
            {"kind": "prefect", "name": "Préfecture d'Exemple"},
            {"kind": "epci", "name": "Communauté de communes d'Exemple"},
        ],
        "basins": [{"name": "Bassin d'Exemple", "communes": ["00001", "00002"]}],
        "actions": [
            {
                "name": aid,
                "kind": "jobs_aid",
                "budget": Decimal("150000"),
                "deadline": date(2027, 3, 31),
                "jobs_target": 50,
                "terms": "3 000 € par emploi en CDI.",
                "open_to_requests": True,
            },
            {
                "name": follow_up,
                "kind": "engineering",
                "budget": Decimal("20000"),
                "deadline": date(2027, 6, 30),
                "operator": "Cabinet d'Exemple",
                "terms": "Instruction, suivi, bilan.",
            },
        ],
        "funders": [{"name": company, "nature": "private"}],
        "beneficiaries": [
            {"siren": _FIRM, "name": "Menuiserie d'Exemple", "commune": "00001", "employees": 12},
            {"siren": _SECOND, "name": "Atelier d'Exemple", "commune": "00002", "employees": 4},
        ],
        "declared_aids": [
            {
                "beneficiary": _FIRM,
                "granted_on": date(2024, 5, 6),
                "amount": Decimal("8000"),
                "source": "Région d'Exemple",
            }
        ],
        "requests": [
            {
                "number": 1,
                "title": "Quatre postes d'atelier",
                "action": aid,
                "beneficiary": _FIRM,
                "status": "agreed",
                "nature": "grant",
                "commune": "00001",
                "project_cost": Decimal("40000"),
                "amount_asked": Decimal("12000"),
                "amount_granted": Decimal("12000"),
                "jobs_created": 4,
                "de_minimis": True,
                "submitted_on": date(2025, 9, 1),
                "decided_on": date(2025, 10, 14),
                "agreed_on": date(2025, 10, 28),
            },
            {
                "number": 2,
                "title": "Un poste de vente",
                "action": aid,
                "beneficiary": _SECOND,
                "status": "submitted",
                "nature": "grant",
                "commune": "00002",
                "amount_asked": Decimal("3000"),
                "jobs_created": 1,
                "de_minimis": True,
                "submitted_on": date(2025, 11, 3),
            },
        ],
        "ledger": [],
        "jobs": [
            {
                "label": "Poste d'atelier",
                "request": 1,
                "action": aid,
                "kept": False,
                "contract": "cdi",
                "fte": Decimal(1),
                "programmed_on": date(2025, 9, 1),
                "committed_on": date(2025, 10, 14),
                "hired_on": date(2025, 11, 3),
            }
        ],
        "committees": [
            {"day": date(2025, 10, 14), "kind": "follow_up", "held": True, "minutes": "Demande 1 accordée."}
        ],
        "decisions": [
            {"committee": date(2025, 10, 14), "request": 1, "outcome": "granted", "amount": Decimal("12000")}
        ],
        "notes": [{"committee": date(2025, 10, 14), "action": aid, "text": "Première demande instruite."}],
        "uses": [
            {
                "name": "Tiers-lieu d'Exemple",
                "kind": "third_place",
                "commune": "00002",
                "cost": Decimal("10000"),
                "value": Decimal("1200"),
                "unit": "h",
                "ready_by": date(2027, 1, 31),
                "ground": "Estimation de la communauté de communes.",
            }
        ],
        "amendments": [
            {
                "number": 1,
                "signed_on": date(2025, 11, 10),
                "effective_on": date(2025, 11, 10),
                "field": field,
                "action": action,
                "before": before,
                "after": after,
                "reason": "Objectif relevé et délai prolongé.",
            }
            for field, action, before, after in (
                ("jobs_target", "", 45, 50),
                ("deadline", aid, date(2026, 12, 31), date(2027, 3, 31)),
            )
        ],
        "remarks": [
            {
                "day": date(2025, 11, 12),
                "organisation": "DDETS d'Exemple",
                "request": 2,
                "text": "Joindre l'attestation de minimis.",
            }
        ],
        "engineering": [
            {
                "provider": "Cabinet d'Exemple",
                "on": date(2025, 10, 31),
                "days": Decimal("4.5"),
                "amount": Decimal("3150"),
                "label": "Instruction des demandes",
                "action": follow_up,
            }
        ],
    }
    moves: tuple[tuple[date, str, str, int | None, str], ...] = (
        (date(2025, 7, 15), "contribute", "", None, "180180.00"),
        (date(2025, 7, 16), "plan", aid, None, "150000.00"),
        (date(2025, 7, 16), "plan", follow_up, None, "20000.00"),
        (date(2025, 9, 20), "reserve", aid, 1, "12000.00"),
        (date(2025, 10, 14), "commit", aid, 1, "12000.00"),
        (date(2025, 11, 17), "pay", aid, 1, "6000.00"),
    )
    rows["ledger"] = [
        {
            "number": number,
            "on": on,
            "kind": kind,
            "funder": company,
            "action": action,
            "request": request,
            "amount": Decimal(amount),
        }
        for number, (on, kind, action, request, amount) in enumerate(moves, start=1)
    ]
    assert set(rows) == {sheet.key for sheet in SHEETS}
    return rows
