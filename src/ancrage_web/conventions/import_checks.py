"""What rows of a spreadsheet must be to one another before any of them is imported; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from ancrage.conventions import ledger, requests
from ancrage.errors import InputError
from ancrage.language import format_money
from ancrage_web.conventions.exchange_amendments import check_amendments
from ancrage_web.conventions.exchange_sheets import LEDGER, SHEETS
from ancrage_web.conventions.import_reading import Problem, Reading, Row
from ancrage_web.conventions.import_values import simplify
from ancrage_web.conventions.rules import FactsError, check_consistent

_ZERO = Decimal(0)
_UNWRITTEN = ("draft", "returned", "withdrawn")
# Statuses in which no money can be set aside, or left committed, for a request.
_WITHOUT_RESERVE = tuple(status for status in requests.STATUS_NAMES if status != "instructed")
_WITHOUT_COMMITMENT = tuple(status for status in requests.STATUS_NAMES if status not in ("granted", "agreed"))


@dataclass
class Plan:
    """What an import would do.

    Attributes
    ----------
    rows : by key of a sheet, in the order they are imported; names of actions and funders as the first sheet has them.
    balance : of the ledger, on its last day; problems : everything found, errors first.
    """

    rows: dict[str, list[Row]]
    problems: list[Problem]
    balance: ledger.Balance = field(default_factory=ledger.Balance)

    @property
    def errors(self) -> list[Problem]:
        """What prevents the import."""
        return [problem for problem in self.problems if problem.level == "error"]

    @property
    def warnings(self) -> list[Problem]:
        """What to look at."""
        return [problem for problem in self.problems if problem.level == "warning"]

    @property
    def convention(self) -> Mapping[str, Any]:
        """Fields of the convention."""
        return self.rows["convention"][0].values

    def count(self) -> dict[str, int]:
        """Return how many rows of each sheet would be imported."""
        return {sheet.key: len(self.rows[sheet.key]) for sheet in SHEETS}


def check_reading(reading: Reading) -> Plan:
    """Return the plan of an import, with the problems between rows added to those of the cells."""
    _check_unique(reading)
    _settle_references(reading)
    for row in reading.rows["convention"]:
        _check_convention(reading, row)
    for row in reading.rows["requests"]:
        _check_request(reading, row)
    for row in reading.rows["jobs"]:
        _check_job(reading, row)
    for row in reading.rows["committees"]:
        if row.values["minutes"] and not row.values["held"]:
            reading.add(
                row, "held", "A committee with minutes was held: write yes.", "Un comité avec relevé s'est tenu : oui."
            )
    for row in reading.rows["decisions"]:
        _check_decision(reading, row)
    for key in ("actions", "beneficiaries", "declared_aids", "engineering", "uses"):
        for row in reading.rows[key]:
            _check_positive(reading, row)
    check_amendments(reading)
    balance = _check_ledger(reading)
    order = {sheet.key: rank for rank, sheet in enumerate(SHEETS)}
    ranks = {row.name: order[key] for key, rows in reading.rows.items() for row in rows}
    problems = sorted(reading.problems, key=lambda p: (p.level, ranks.get(p.sheet, -1), _order_cell(p.cell)))
    return Plan(reading.rows, problems, balance)


def _order_cell(cell: str) -> tuple[int, int, str]:
    """Return what sorts cells line by line, from left to right."""
    letters = cell.rstrip("0123456789")
    return int(cell[len(letters) :] or 0), len(letters), letters


def _check_unique(reading: Reading) -> None:
    for sheet in SHEETS:
        if not sheet.unique:
            continue
        seen: dict[tuple[Any, ...], Row] = {}
        for row in reading.rows[sheet.key]:
            if row.wrong & set(sheet.unique):
                continue
            key = tuple(simplify(v) if isinstance(v := row.values[name], str) else v for name in sheet.unique)
            if key in seen:
                line = seen[key].line
                reading.add(
                    row,
                    sheet.unique[-1],
                    f"Already on line {line}: each is written once.",
                    f"Déjà à la ligne {line} : chacun ne s'écrit qu'une fois.",
                )
            seen.setdefault(key, row)


# The column that names a row of each sheet that others refer to.
_NAMED_BY = {
    "actions": "name",
    "funders": "name",
    "beneficiaries": "siren",
    "requests": "number",
    "committees": "day",
}


def _settle_references(reading: Reading) -> None:
    """Refuse what names nothing, and write names as their own sheet has them."""
    known: dict[str, dict[Any, Any]] = {
        key: {
            simplify(v) if isinstance(v := row.values[name], str) else v: v
            for row in reading.rows[key]
            if name not in row.wrong
        }
        for key, name in _NAMED_BY.items()
    }
    for sheet in SHEETS:
        for column in sheet.columns:
            if not column.refers:
                continue
            names = next(s.name for s in SHEETS if s.key == column.refers)
            # Of a sheet whose every name is unreadable, only that is said.
            said = bool(known[column.refers]) or not reading.rows[column.refers]
            unknown: dict[Any, list[Row]] = {}
            for row in reading.rows[sheet.key]:
                value = row.values[column.key]
                if column.key in row.wrong or value in ("", None):
                    continue
                word = simplify(value) if isinstance(value, str) else value
                if word in known[column.refers]:
                    row.values[column.key] = known[column.refers][word]
                    continue
                row.wrong.add(column.key)
                unknown.setdefault(word, []).append(row)
            for rows in unknown.values() if said else ():
                value = rows[0].values[column.key]
                shown = f"{value:%d/%m/%Y}" if isinstance(value, date) else value
                more = len(rows) - 1
                also = (
                    (
                        f" ({more} more line{'s' if more > 1 else ''} too)",
                        f" ({more} autre{'s' if more > 1 else ''} ligne{'s' if more > 1 else ''} aussi)",
                    )
                    if more
                    else ("", "")
                )
                reading.add(
                    rows[0],
                    column.key,
                    f"'{shown}' is not in the sheet {names.en}{also[0]}: add it there, or correct it.",
                    f"« {shown} » n'est pas dans la feuille {names.fr}{also[1]} : ajoutez-l'y, ou corrigez.",
                )


def _check_positive(reading: Reading, row: Row) -> None:
    """Refuse zero where the models want more."""
    for key in {"declared_aids": ("amount",), "engineering": ("days",), "uses": ("cost",)}.get(row.sheet.key, ()):
        if key not in row.wrong and not row.values[key]:
            reading.add(row, key, "Zero: write a number above zero.", "Zéro : écrivez un nombre supérieur à zéro.")


def _check_convention(reading: Reading, row: Row) -> None:
    """Refuse facts that contradict each other, as the page of the facts does."""
    try:
        check_consistent(SimpleNamespace(**row.values))
    except FactsError as error:
        for key, text in error.fields.items():
            if key not in row.wrong:
                reading.add(row, key, text.en, text.fr)
    if row.values["departements"] > 32_767:
        reading.add(row, "departements", "Too many departements.", "Trop de départements.")


def _check_request(reading: Reading, row: Row) -> None:
    values, status = row.values, row.values["status"]
    if "status" in row.wrong:
        return
    name = requests.STATUS_NAMES[status]
    needed: tuple[str, ...] = () if status in _UNWRITTEN else ("action", "beneficiary", "amount_asked", "submitted_on")
    needed += ("amount_granted", "decided_on") if status in requests.FUNDED else ()
    needed += ("agreed_on",) if status == "agreed" else ()
    for key in needed:
        if not values[key] and key not in row.wrong:
            column = next(c for c in row.sheet.columns if c.key == key)
            reading.add(
                row,
                key,
                f"'{column.header.en}' is missing for a request that is '{name.en}'.",
                f"« {column.header.fr} » manque pour une demande « {name.fr} ».",
            )
    granted, asked = values["amount_granted"], values["amount_asked"]
    if (
        not row.wrong & {"amount_asked", "amount_granted"}
        and granted is not None
        and (asked is None or granted > asked)
    ):
        reading.add(row, "amount_granted", "More is granted than was asked.", "Il est accordé plus que demandé.")
    days = [values[key] for key in ("submitted_on", "decided_on", "agreed_on", "ended_on") if values[key]]
    if days != sorted(days):
        reading.add(
            row,
            "submitted_on",
            "The days of this request are not in order: submitted, decided, agreed, ended.",
            "Les dates de cette demande ne sont pas dans l'ordre : dépôt, décision, convention d'aide, solde.",
            "warning",
        )


def _check_job(reading: Reading, row: Row) -> None:
    values = row.values
    if not row.wrong & {"fte"} and not 0 < values["fte"] <= 1:
        reading.add(row, "fte", "Above 0, at most 1.", "Plus de 0, 1 au plus.")
    if values["hired_on"] and not values["contract"] and "contract" not in row.wrong:
        reading.add(
            row, "contract", "A job that started has a contract.", "Un emploi commencé a un contrat : précisez."
        )
    if values["left_on"] and (values["hired_on"] is None or values["left_on"] < values["hired_on"]):
        reading.add(row, "left_on", "It ends before it started.", "Le départ précède l'embauche.")
    present = any(values[key] is not None for key in ("present_6", "present_12", "present_24"))
    if present and values["hired_on"] is None and "hired_on" not in row.wrong:
        reading.add(
            row,
            "hired_on",
            "A presence was checked: give the day of the hire.",
            "Une présence a été vérifiée : donnez la date d'embauche.",
        )


def _check_decision(reading: Reading, row: Row) -> None:
    if row.wrong & {"outcome", "amount"}:
        return
    granted = row.values["outcome"] == "granted"
    if granted and not row.values["amount"]:
        reading.add(row, "amount", "Give the amount granted.", "Donnez le montant accordé.")
    if not granted and row.values["amount"] is not None:
        reading.add(
            row, "amount", "No amount for a request that is not granted.", "Pas de montant si rien n'est accordé."
        )


class Trial:
    """A ledger that is filled entry by entry, refusing what the real one would refuse."""

    def __init__(self) -> None:
        self.entries: dict[int, ledger.Entry] = {}
        self.reversed: set[int] = set()
        self.moves: dict[ledger.Account, list[tuple[date, Decimal]]] = {}

    def add(self, entry: ledger.Entry, number: int, reverses: int | None) -> None:
        """Add an entry.

        Raises
        ------
        InputError
            With the sentence of the ledger.
        """
        ledger.check_fields(entry)
        if reverses is not None:
            ledger.check_reversal(entry, self._find_undone(reverses), is_reversed=False)
        start, end = entry.list_accounts()
        if start.stage != "funder":
            ledger.check_account(entry, start, self.moves.get(start, []))
        self.moves.setdefault(start, []).append((entry.on, -entry.amount))
        self.moves.setdefault(end, []).append((entry.on, entry.amount))
        self.entries[number] = entry
        if reverses is not None:
            self.reversed.add(reverses)

    def _find_undone(self, number: int) -> ledger.Entry:
        undone = self.entries.get(number)
        if undone is None or number in self.reversed:
            raise InputError(
                f"Entry {number} is not above, or is reversed already: a reversal names an earlier entry, once.",
                f"L'écriture {number} n'est pas plus haut, ou est déjà contre-passée : une contre-passation cite une "
                "écriture antérieure, une seule fois.",
            )
        return undone


def build_entry(row: Row) -> ledger.Entry:
    """Return a row of the sheet of the ledger as the library knows it."""
    values = row.values
    return ledger.Entry(
        id=str(values["number"]),
        on=values["on"],
        kind=values["kind"],
        funder=values["funder"],
        amount=values["amount"],
        document="import",
        action=values["action"],
        request="" if values["request"] is None else str(values["request"]),
        reverses="" if values["reverses"] is None else str(values["reverses"]),
    )


def _check_ledger(reading: Reading) -> ledger.Balance:
    rows = reading.rows[LEDGER.key]
    # The order of the numbers is the order in which they are written.
    rows.sort(key=lambda row: (row.values["number"] or 0, row.line))
    needed = {"number", "on", "kind", "funder", "action", "request", "amount", "reverses"}
    trial, whole = Trial(), True
    for row in rows:
        if row.wrong & needed:
            whole = False
            continue
        try:
            trial.add(build_entry(row), row.values["number"], row.values["reverses"])
        except InputError as error:
            # What follows from a refused entry would be refused for want of it: that is said of the first only.
            if whole:
                reading.add(row, "amount", error.text.en, error.text.fr)
            whole = False
            break
    if whole:
        _check_money(reading, trial.entries.values())
    return ledger.compute_balance(trial.entries.values())


def _check_money(reading: Reading, entries: Iterable[ledger.Entry]) -> None:
    """Refuse money set aside for a request whose status cannot hold any; tell what differs."""
    held: dict[tuple[str, str], Decimal] = {}
    for account, amount in ledger.compute_accounts(entries).items():
        if account.request:
            key = (account.request, account.stage)
            held[key] = held.get(key, _ZERO) + amount
    for row in reading.rows["requests"]:
        if row.wrong & {"number", "status", "amount_granted"}:
            continue
        number, status = str(row.values["number"]), row.values["status"]
        name = requests.STATUS_NAMES[status]
        reserved, committed, paid = (held.get((number, stage), _ZERO) for stage in ("reserved", "committed", "paid"))
        for amount, stages, en, fr in (
            (reserved, _WITHOUT_RESERVE, "reserved", "réservé"),
            (committed, _WITHOUT_COMMITMENT, "committed and not paid", "engagé et non payé"),
        ):
            if amount and status in stages:
                reading.add(
                    row,
                    "status",
                    f"The ledger holds {format_money(amount, 'en')} {en} for a request that is '{name.en}': add the "
                    "entry that frees it, or correct the status.",
                    f"Le registre garde {format_money(amount, 'fr')} {fr} pour une demande « {name.fr} » : ajoutez "
                    "l'écriture qui le libère, ou corrigez le statut.",
                )
        if paid and status not in ("agreed", "ended"):
            reading.add(
                row,
                "status",
                f"{format_money(paid, 'en')} paid, without a signed agreement in the status: check.",
                f"{format_money(paid, 'fr')} payés sans convention d'aide signée au statut : vérifiez.",
                "warning",
            )
        granted = row.values["amount_granted"]
        if status in ("granted", "agreed") and granted is not None and committed + paid != granted:
            reading.add(
                row,
                "amount_granted",
                f"{format_money(granted, 'en')} granted, {format_money(committed + paid, 'en')} committed in the "
                "ledger: check.",
                f"{format_money(granted, 'fr')} accordés, {format_money(committed + paid, 'fr')} engagés au registre : "
                "vérifiez.",
                "warning",
            )
