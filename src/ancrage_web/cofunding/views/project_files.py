"""A project as a table or as a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from ancrage.conventions.financing import Group, build_financing_plan
from ancrage.conventions.project import ANSWER_NAMES, NATURE_NAMES, ORIGIN_NAMES, SOURCE_KINDS
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.cofunding import plans
from ancrage_web.cofunding.forms import write_payments
from ancrage_web.cofunding.models import Expense, Project, Source
from ancrage_web.cofunding.templatetags.cofunding import write_percent
from ancrage_web.cofunding.views.project_pages import write_quarter
from ancrage_web.design.words import get_site_language, say

# Columns of the financing plan, whose resources begin at the fourth; number of A4 among the papers of a workbook.
_SIDES, _A4 = 7, 9


def build_tables(
    project: Project, expenses: Sequence[Expense], sources: Sequence[Source], checked: plans.Checked
) -> list[tuple[Text, list[Text], list[list[Any]]]]:
    """Return the tables of a project: title, head, rows; amounts are Decimal, shares (0..1) float, the rest texts."""
    tables: list[tuple[Text, list[Text], list[list[Any]]]] = []
    plan = checked.plan
    if plan is not None and plan.cost:
        tables.append(_build_financing(expenses, sources))
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
                Text("Allowed by the rules", "Permis par les règles (€)"),
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
                [[y.number, y.occupancy, y.income, y.subsidy, y.cost, y.result] for y in business.years],
            )
        )
    return tables


def _build_financing(
    expenses: Sequence[Expense], sources: Sequence[Source]
) -> tuple[Text, list[Text], list[list[Any]]]:
    """Build the financing plan of an application: expenses on the left, resources on the right, equal totals."""
    plan = build_financing_plan(plans.build_expenses(expenses), plans.build_grants(sources))

    def list_cells(groups: Sequence[Group]) -> list[list[Any]]:
        cells: list[list[Any]] = []
        for group in groups:
            cells.append([say(group.name).capitalize(), group.amount, float(group.share), ""])
            cells += [
                [
                    f"  {row.name}",
                    row.amount,
                    float(row.share),
                    say(ANSWER_NAMES[row.answer]) if row.answer else "",
                ]
                for row in group.rows
                if row.name
            ]
        return cells

    left, right = list_cells(plan.expenses), list_cells(plan.resources)
    rows = [
        [*(spent or ["", None, ""])[:3], *(brought or ["", None, "", ""])]
        for spent, brought in zip_longest(left, right)
    ]
    total = say(Text("Total excluding tax", "Total HT"))
    share = plan.resources_total / plan.cost
    rows.append([total, plan.cost, 1.0, total, plan.resources_total, float(share), ""])
    head = [
        Text("Expenses", "Dépenses"),
        Text("Amount excl. tax, EUR", "Montant HT (€)"),
        Text("Share", "Part"),
        Text("Resources", "Ressources"),
        Text("Amount, EUR", "Montant (€)"),
        Text("Rate", "Taux"),
        Text("Answer", "État"),
    ]
    return Text("Financing plan", "Plan de financement"), head, rows


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
    formats = {
        (kind, strong): book.add_format({"num_format": written, "bold": strong})
        for kind, written in ((Decimal, "#,##0.00"), (float, "0.0%"), (int, "0"), (str, "@"))
        for strong in (False, True)
    }
    for title, head, rows in build_tables(*facts):
        sheet = book.add_worksheet(say(title)[:31])
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, len(head), 20)
        if len(head) == _SIDES:
            sheet.set_column(3, 3, 44)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(head):
            sheet.write_string(0, column, say(name), formats[str, True])
        for number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value in (None, ""):
                    continue
                # In the financing plan, what is not the line of a group (two spaces before its name) is a total.
                side = row[0] if column < _SIDES // 2 else row[_SIDES // 2]
                strong = len(head) == _SIDES and not side.startswith("  ")
                if isinstance(value, Decimal | float | int):
                    sheet.write_number(number, column, float(value), formats[type(value), strong])
                else:
                    sheet.write_string(number, column, str(value), formats[str, strong])
    book.close()
    return kept.getvalue()


def _write_cell(value: Any, *, comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return write_percent(value)
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", ",") if comma else f"{value:f}"
    written = str(value)
    return "'" + written if written.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t") else written
