"""What the templates of the conventions share."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import template

from ancrage.language import Text, format_money
from ancrage_web.conventions.access import Access
from ancrage_web.design.words import get_site_language, say

register = template.Library()

# Pages of a convention, in the order of its second navigation: groups, and the pages of each (route, name). A group
# opens on its first page.
TABS: tuple[tuple[Text, tuple[tuple[str, Text], ...]], ...] = (
    (Text("Summary", "Synthèse"), (("convention", Text("Summary", "Synthèse")),)),
    (
        Text("Convention", "Convention"),
        (
            ("convention-facts", Text("Facts", "Données")),
            ("convention-parties", Text("Parties and basins", "Parties et bassins")),
            ("convention-status", Text("Status", "Statut")),
            ("convention-amendments", Text("Amendments", "Avenants")),
            ("convention-rules", Text("Rules", "Règles")),
        ),
    ),
    (
        Text("Money", "Argent"),
        (
            ("convention-actions", Text("Actions", "Actions")),
            ("convention-ledger", Text("Ledger", "Registre")),
            ("convention-requests", Text("Requests of aid", "Demandes d'aide")),
            ("convention-residual", Text("Residual", "Reliquat")),
        ),
    ),
    (
        Text("Results", "Résultats"),
        (
            ("convention-jobs", Text("Jobs", "Emplois")),
            ("convention-engineering", Text("Engineering", "Ingénierie")),
            ("convention-map", Text("Map", "Carte")),
        ),
    ),
    (
        Text("Committees and deadlines", "Comités et échéances"),
        (
            ("convention-committees", Text("Committees", "Comités")),
            ("convention-calendar", Text("Calendar", "Calendrier")),
        ),
    ),
    (
        Text("Exchanges", "Échanges"),
        (
            ("convention-partners", Text("Partners", "Partenaires")),
            ("convention-remarks", Text("Remarks", "Remarques")),
            ("convention-documents", Text("Documents", "Pièces")),
            ("convention-export", Text("Export", "Export")),
        ),
    ),
)


@register.inclusion_tag("conventions/parts/convention_nav.html")
def convention_nav(access: Access, current: str) -> dict[str, Any]:
    """Write the navigation between the pages of a convention; `current` is the route of the page shown."""
    shown = next((group for group in TABS if any(route == current for route, _ in group[1])), TABS[0])
    return {"access": access, "groups": TABS, "shown": shown, "current": current}


@register.filter(name="money")
def write_money(amount: Decimal | None) -> str:
    """Return an amount of euros to the cent, as the language of the page writes it; a dash for None."""
    return "—" if amount is None else format_money(Decimal(amount), get_site_language())


@register.filter(name="distance")
def say_distance(day: date, today: date) -> str:
    """Return how far a day is, in words: "dans 12 jours", "en retard de 3 jours"."""
    days = (day - today).days
    if days in (0, 1):
        return say((Text("today", "aujourd'hui"), Text("tomorrow", "demain"))[days])
    if days > 1:
        return say(Text(f"in {days} days", f"dans {days} jours"))
    plural = "s" if days < -1 else ""
    return say(Text(f"{-days} day{plural} late", f"en retard de {-days} jour{plural}"))
