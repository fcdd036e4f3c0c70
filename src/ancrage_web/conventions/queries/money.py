"""Where the money of a convention stands: sums made by the database, balances by the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from django.db.models import Count, F, Max, OuterRef, Q, QuerySet, Subquery, Sum

from ancrage.conventions import ledger
from ancrage_web.conventions.models import Account, Action, Convention, Document, Entry, Funder

ZERO = Decimal(0)
CENT = Decimal("0.01")
# A sum of entries has no document of its own; the library never reads it.
_SUM = "sum"


@dataclass(frozen=True)
class Balances:
    """Balances of a convention at the end of a day, whole and by part; a part that never had money is absent.

    Attributes
    ----------
    total : of the convention.
    by_action, by_funder, by_request : by identifier; `by_request` is empty where it was not asked for.
    """

    total: ledger.Balance
    by_action: dict[UUID, ledger.Balance]
    by_funder: dict[UUID, ledger.Balance]
    by_request: dict[UUID, ledger.Balance]

    def get_action(self, action: Action | UUID) -> ledger.Balance:
        """Return the balance of an action, of zeros when it never had money."""
        return self.by_action.get(action if isinstance(action, UUID) else action.pk, ledger.Balance())

    def get_funder(self, funder: Funder | UUID) -> ledger.Balance:
        """Return the balance of a funder, of zeros when it brought nothing."""
        return self.by_funder.get(funder if isinstance(funder, UUID) else funder.pk, ledger.Balance())

    def get_request(self, request: UUID) -> ledger.Balance:
        """Return the balance of a request, of zeros when nothing was set aside for it."""
        return self.by_request.get(request, ledger.Balance())


def read_sums(convention: Convention, on: date | None = None, *, by_request: bool = True) -> list[ledger.Entry]:
    """Return the entries of a convention summed by kind, funder, action and request; reversals apart; one query.

    They are entries for `ledger.compute_balance`: identifiers as texts, the amount summed, the day of the last one.

    Parameters
    ----------
    on : last day counted; None for all entries.
    by_request : False sums the requests of an action together, which is much shorter.
    """
    entries = Entry.objects.filter(convention=convention)
    if on is not None:
        entries = entries.filter(on__lte=on)
    keys = ["kind", "funder_id", "action_id", *(["request_id"] if by_request else [])]
    rows = (
        entries.order_by()
        .values(*keys, undoes=Q(reverses__isnull=False))
        .annotate(amount=Sum("amount"), last=Max("on"))
    )
    return [
        ledger.Entry(
            id="",
            on=row["last"],
            kind=row["kind"],
            funder=str(row["funder_id"]),
            amount=round_sum(row["amount"]),
            document=_SUM,
            action=_write(row["action_id"]),
            request=_write(row.get("request_id")),
            reverses=_SUM if row["undoes"] else "",
        )
        for row in rows
    ]


def read_balances(convention: Convention, on: date | None = None, *, by_request: bool = True) -> Balances:
    """Return the balances of a convention at the end of a day (None: after every entry); one query."""
    sums = read_sums(convention, on, by_request=by_request)
    return Balances(
        total=ledger.compute_balance(sums),
        by_action=_group(sums, "action"),
        by_funder=_group(sums, "funder"),
        by_request=_group(sums, "request") if by_request else {},
    )


def _group(sums: list[ledger.Entry], field: str) -> dict[UUID, ledger.Balance]:
    groups = ledger.group_balances(sums, lambda entry: cast(str, getattr(entry, field)))
    return {UUID(name): balance for name, balance in groups.items()}


def _write(key: UUID | None) -> str:
    return "" if key is None else str(key)


@dataclass(frozen=True)
class MatrixRow:
    """A line of the matrix: an action (None: all of them together), its cells by funder, its own balance."""

    action: Action | None
    cells: list[ledger.Balance]
    total: ledger.Balance


def build_matrix(sums: Iterable[ledger.Entry], actions: Iterable[Action], funders: Iterable[Funder]) -> list[MatrixRow]:
    """Return actions by funders; the last row is the whole convention, money given to no action included."""
    held = list(sums)
    columns = [str(funder.pk) for funder in funders]
    by_both = ledger.group_balances(held, lambda entry: f"{entry.action}|{entry.funder}" if entry.action else "")
    by_action = ledger.group_balances(held, lambda entry: entry.action)
    by_funder = ledger.group_balances(held, lambda entry: entry.funder)
    none = ledger.Balance()
    rows = [
        MatrixRow(
            action,
            [by_both.get(f"{action.pk}|{funder}", none) for funder in columns],
            by_action.get(str(action.pk), none),
        )
        for action in actions
    ]
    return [*rows, MatrixRow(None, [by_funder.get(f, none) for f in columns], ledger.compute_balance(held))]


def read_held(convention: Convention, stage: ledger.Stage) -> list[Account]:
    """Return the accounts of a stage that hold something today, with what they are kept by; one query."""
    return list(
        Account.objects.filter(convention=convention, stage=stage)
        .exclude(amount=0)
        .select_related("funder", "action", "request")
        .order_by("action__position", "action__name", "funder__name")
    )


def list_entries(convention: Convention, filters: Q | None = None) -> QuerySet[Entry]:
    """Return the entries of a convention with what a list shows of each; the last day first."""
    found = Entry.objects.filter(convention=convention)
    if filters is not None:
        found = found.filter(filters)
    return found.select_related("funder", "action", "request", "document", "reverses").order_by("-on", "-number")


def sum_entries(entries: QuerySet[Entry]) -> Iterator[tuple[ledger.Kind, Decimal, int]]:
    """Yield kind, amount and number of entries of a list, reversals taken off, in the order of the life of an aid."""
    rows = {
        (row["kind"], row["undoes"]): (round_sum(row["amount"]), row["count"])
        for row in entries.order_by()
        .select_related(None)
        .values("kind", undoes=Q(reverses__isnull=False))
        .annotate(amount=Sum("amount"), count=Count("pk"))
    }
    for kind in ledger.MOVES:
        done, undone = rows.get((kind, False), (ZERO, 0)), rows.get((kind, True), (ZERO, 0))
        if done[1] + undone[1]:
            yield kind, done[0] - undone[0], done[1] + undone[1]


def read_account_sums(convention: Convention) -> dict[str, Decimal]:
    """Return what each account must hold after every entry, computed again from them, by key of `Account`."""
    return {build_key(account): amount for account, amount in ledger.compute_accounts(read_sums(convention)).items()}


def build_key(account: ledger.Account) -> str:
    """Return what makes an account unique in its convention."""
    return f"{account.stage}|{account.funder}|{account.action}|{account.request}"


def annotate_reversal(entries: QuerySet[Entry]) -> QuerySet[Entry]:
    """Add to each entry the number of the entry that undoes it (`undone_by`), None where it stands."""
    undoing = Entry.objects.filter(reverses=OuterRef("pk")).values("number")[:1]
    return entries.annotate(undone_by=Subquery(undoing))


def count_document_entries(documents: QuerySet[Document]) -> QuerySet[Document]:
    """Add to each document the number of entries that it justifies (`entries_count`)."""
    counted = Entry.objects.filter(document=OuterRef("pk")).order_by().values("document")
    return documents.annotate(entries_count=Subquery(counted.annotate(count=Count("pk")).values("count")))


def read_movements(convention: Convention, account: ledger.Account) -> list[tuple[date, Decimal]]:
    """Return what changed an account, day by day [EUR, below zero when taken]; one query."""
    coming = [kind for kind, (_, end) in ledger.MOVES.items() if end == account.stage]
    going = [kind for kind, (start, _) in ledger.MOVES.items() if start == account.stage]
    where: dict[str, Any] = {"convention": convention, "funder_id": account.funder}
    if account.action:
        where["action_id"] = account.action
    if account.request:
        where["request_id"] = account.request
    rows = (
        Entry.objects.filter(**where, kind__in=[*coming, *going])
        .order_by()
        .values("kind", day=F("on"), undoes=Q(reverses__isnull=False))
        .annotate(amount=Sum("amount"))
    )
    return [
        (row["day"], round_sum(row["amount"] if (row["kind"] in coming) != row["undoes"] else -row["amount"]))
        for row in rows
    ]


def round_sum(amount: Decimal) -> Decimal:
    """Return a sum made by the database, to the cent: SQLite adds in binary."""
    return amount.quantize(CENT)
