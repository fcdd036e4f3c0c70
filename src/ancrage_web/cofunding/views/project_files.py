"""A project as a table or as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ancrage.conventions.project import ANSWER_NAMES, NATURE_NAMES, ORIGIN_NAMES, SOURCE_KINDS
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.cofunding import plans
from ancrage_web.cofunding.forms import write_payments
from ancrage_web.cofunding.models import Expense, Project, Source
from ancrage_web.cofunding.views.project_pages import write_quarter
from ancrage_web.design.words import get_site_language, say


def build_tables(
    project: Project, expenses: Sequence[Expense], sources: Sequence[Source], checked: plans.Checked
) -> list[tuple[Text, list[Text], list[list[Any]]]]:
    """Return the tables of a project: title, head, rows; amounts are Decimal, the rest texts."""
    tables: list[tuple[Text, list[Text], list[list[Any]]]] = []
    plan = checked.plan
    if plan is not None:
        summary: list[list[Any]] = [
            [say(Text("Cost excluding tax", "Coût HT")), plan.cost],
            [say(Text("Certain (own funds, obtained)", "Certain (fonds propres, obtenu)")), plan.certain],
            [say(Text("Expected (all but refused)", "Attendu (tout sauf refusé)")), plan.expected],
            [say(Text("Gap", "Reste à trouver")), plan.gap],
        ]
        summary += [[f"{f.rule.id} — {say(f.rule.article)}", say(f.says)] for f in plan.findings]
        head = [Text("Project", "Projet"), Text("EUR", "€")]
        tables.append((Text("Summary", "Synthèse"), head, [[project.name, ""], *summary]))
    tables.append(
        (
            Text("Expenses", "Dépenses"),
            [Text("Expense", "Dépense"), Text("Nature", "Nature"), Text("Quarter", "Trimestre"), Text("EUR", "€ HT")],
            [[r.label, say(NATURE_NAMES[r.nature]), write_quarter(r.quarter), r.amount] for r in expenses],  # type: ignore[index]
        )
    )
    legal = dict(plan.legal) if plan is not None else {}
    tables.append(
        (
            Text("Sources", "Ressources"),
            [
                Text("Source", "Source"),
                Text("Origin", "Origine"),
                Text("Money", "Argent"),
                Text("Answer", "Réponse"),
                Text("Asked", "Demandé (€)"),
                Text("Obtained", "Obtenu (€)"),
                Text("Highest rate", "Taux maximal"),
                Text("Ceiling", "Plafond (€)"),
                Text("Payments", "Versements"),
                Text("Legal combination", "Combinaison légale (€)"),
            ],
            [
                [
                    r.name,
                    say(SOURCE_KINDS[r.kind][0]),
                    say(ORIGIN_NAMES[r.origin]),  # type: ignore[index]
                    say(ANSWER_NAMES[r.answer]),  # type: ignore[index]
                    r.asked,
                    r.obtained,
                    "" if r.rate_max is None else r.rate_max.normalize(),
                    r.ceiling,
                    write_payments(r.payments),
                    legal.get(r.name),
                ]
                for r in sources
            ],
        )
    )
    tables.append(
        (
            Text("Cash", "Trésorerie"),
            [
                Text("Quarter", "Trimestre"),
                Text("Spent", "Dépensé (€)"),
                Text("Received", "Reçu (€)"),
                Text("Balance", "Solde (€)"),
            ],
            [[write_quarter(q.start), q.spent, q.received, q.balance] for q in checked.flow],
        )
    )
    try:
        business = plans.build_business(project.business)
    except InputError:
        business = None
    if business is not None:
        tables.append(
            (
                Text("Business plan", "Plan d'affaires"),
                [
                    Text("Year", "Année"),
                    Text("Occupancy", "Occupation"),
                    Text("Income", "Recettes (€)"),
                    Text("Subsidy", "Subvention (€)"),
                    Text("Cost", "Coût (€)"),
                    Text("Result", "Résultat (€)"),
                ],
                [[y.number, Decimal(repr(y.occupancy)), y.income, y.subsidy, y.cost, y.result] for y in business.years],
            )
        )
    return tables


def build_csv(*facts: Any) -> str:
    """Return the tables one after the other, with semicolons, as the spreadsheets of the language read numbers."""
    comma = get_site_language() == "fr"
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    for title, head, rows in build_tables(*facts):
        writer.writerow([say(title)])
        writer.writerow([say(name) for name in head])
        for row in rows:
            writer.writerow([_write_cell(value, comma=comma) for value in row])
        writer.writerow([])
    return "\ufeff" + written.getvalue()


def build_workbook(*facts: Any) -> bytes:
    """Return the tables as sheets, amounts as numbers; nothing typed is read as a formula."""
    import xlsxwriter

    kept = io.BytesIO()
    book = xlsxwriter.Workbook(kept, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    for title, head, rows in build_tables(*facts):
        sheet = book.add_worksheet(say(title)[:31])
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, len(head), 20)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(head):
            sheet.write_string(0, column, say(name), bold)
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if isinstance(value, Decimal | int):
                    sheet.write_number(number, column, float(value), money if isinstance(value, Decimal) else None)
                elif value is not None:
                    sheet.write_string(number, column, str(value))
    book.close()
    return kept.getvalue()


def _write_cell(value: Any, *, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",") if comma else f"{value:f}"
    written = str(value)
    return "'" + written if written[:1] in tuple("=+-@\t") else written
