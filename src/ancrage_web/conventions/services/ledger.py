"""Writing in the ledger: every entry is numbered, checked, justified; it is reversed rather than changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.db.models.functions import Round
from django.utils import timezone
from django_scopes import scope

from ancrage.conventions import ledger
from ancrage.errors import InputError
from ancrage.language import Text
from ancrage_web.audit.services import record
from ancrage_web.conventions.access import Access
from ancrage_web.conventions.models import Account, Action, Convention, Document, Entry, Funder, Request
from ancrage_web.conventions.queries.money import build_key, read_account_sums, read_movements
from ancrage_web.conventions.services.locks import lock_open

LABEL_LENGTH = 200
# What a column of the ledger can hold [EUR].
MOST = Decimal("999999999999.99")


@dataclass(frozen=True)
class Draft:
    """An entry to write.

    Attributes
    ----------
    on : day it counts from; kind : key of `ledger.MOVES`; amount : [EUR], above zero, to the cent.
    document : the piece that justifies it; label : what it is about.
    reverses : the entry that it undoes in full (see `reverse_entry`).
    """

    on: date
    kind: ledger.Kind
    funder: Funder
    amount: Decimal
    document: Document
    action: Action | None = None
    request: Request | None = None
    label: str = ""
    reverses: Entry | None = None


def post_entry(access: Access, draft: Draft) -> Entry:
    """Write one entry (see `post_entries`)."""
    return post_entries(access, [draft])[0]


def post_entries(access: Access, drafts: Sequence[Draft]) -> list[Entry]:
    """Write entries one after the other: all of them, or none.

    Raises
    ------
    ForbiddenError
        If the actor may not edit the convention.
    InputError
        If an entry is incomplete, to come, of another convention, or takes money that is not there on its day or
        later; if the convention is closed or archived.
    """
    access.require_edit()
    if not drafts:
        return []
    posting = _Posting(access.convention)
    with scope(organisation=access.organisation):
        try:
            with transaction.atomic():
                entries = posting.write(access, drafts)
        except IntegrityError as error:
            # What slipped through the check was stopped by the database: nothing of it is left.
            raise posting.explain(error) from error
    return entries


def reverse_entry(access: Access, entry: Entry, *, on: date, document: Document) -> Entry:
    """Undo an entry in full by another one: the same amount between the same accounts, the other way.

    Raises
    ------
    ForbiddenError, InputError
        As `post_entries`; if the entry is undone already, is a reversal itself, or its money was used since.
    """
    draft = Draft(
        on=on,
        kind=entry.kind,  # type: ignore[arg-type]
        funder=entry.funder,
        amount=entry.amount,
        document=document,
        action=entry.action,
        request=entry.request,
        label=entry.label,
        reverses=entry,
    )
    return post_entry(access, draft)


class _Posting:
    """Entries being written in one convention, whose row is locked.

    Attributes
    ----------
    movements : of the accounts read so far, those of the entries being written included.
    pending : what the entries being written change, by account and day.
    """

    def __init__(self, convention: Convention) -> None:
        self.convention = convention
        self.names: dict[str, str] = {}
        self.read: dict[ledger.Account, list[tuple[date, Decimal]]] = {}
        self.pending: dict[ledger.Account, list[tuple[date, Decimal]]] = {}
        self.refused: tuple[ledger.Entry, ledger.Account] | None = None

    def write(self, access: Access, drafts: Sequence[Draft]) -> list[Entry]:
        saved = lock_open(self.convention)
        last = Entry.objects.filter(convention=saved).aggregate(last=Max("number"))["last"] or 0
        entries: list[Entry] = []
        lines: list[ledger.Entry] = []
        for number, draft in enumerate(drafts, start=last + 1):
            self._check_own(draft)
            line = self._check(draft, entries)
            lines.append(line)
            entries.append(
                Entry(
                    id=UUID(line.id),
                    convention=saved,
                    number=number,
                    on=draft.on,
                    kind=draft.kind,
                    funder=draft.funder,
                    action=draft.action,
                    request=draft.request,
                    amount=draft.amount,
                    document=draft.document,
                    label=draft.label.strip(),
                    reverses=draft.reverses,
                    created_by=access.user,
                )
            )
        Entry.objects.bulk_create(entries)
        self._update_accounts(lines)
        self._record(access, entries)
        return entries

    def _check_own(self, draft: Draft) -> None:
        for part in (draft.funder, draft.action, draft.request, draft.document, draft.reverses):
            if part is not None and part.convention_id != self.convention.pk:
                raise InputError(
                    f"'{part}' belongs to another convention: choose one of this convention.",
                    f"« {part} » appartient à une autre convention : choisissez dans celle-ci.",
                )
        if draft.on > timezone.localdate():
            raise InputError(
                f"The entry counts from {draft.on.isoformat()}, which is to come: the ledger holds what was done. "
                "Write it on that day; until then, the budget of the action tells what is forecast.",
                f"L'écriture compte du {draft.on:%d/%m/%Y}, date à venir : le registre tient ce qui a été fait. "
                "Saisissez-la ce jour-là ; d'ici là, le budget de l'action dit ce qui est prévu.",
            )
        if draft.amount > MOST:
            raise InputError(
                f"The amount {draft.amount} is larger than the ledger can hold: check the number of digits.",
                f"Le montant {draft.amount} dépasse ce que le registre peut tenir : vérifiez le nombre de chiffres.",
            )
        if len(draft.label.strip()) > LABEL_LENGTH:
            raise InputError(
                f"The label has {len(draft.label.strip())} characters, {LABEL_LENGTH} at most: shorten it.",
                f"Le libellé a {len(draft.label.strip())} caractères, {LABEL_LENGTH} au plus : raccourcissez-le.",
            )
        self.names[str(draft.funder.pk)] = draft.funder.name
        if draft.action is not None:
            self.names[str(draft.action.pk)] = draft.action.name
        if draft.request is not None:
            self.names[str(draft.request.pk)] = f"n° {draft.request.number}"

    def _check(self, draft: Draft, before: Sequence[Entry]) -> ledger.Entry:
        line = ledger.Entry(
            id=str(uuid4()),
            on=draft.on,
            kind=draft.kind,
            funder=str(draft.funder.pk),
            amount=draft.amount,
            document=str(draft.document.pk),
            action="" if draft.action is None else str(draft.action.pk),
            request="" if draft.request is None else str(draft.request.pk),
            reverses="" if draft.reverses is None else str(draft.reverses.pk),
        )
        ledger.check_fields(line)
        if draft.reverses is not None:
            self._check_reversal(line, draft.reverses, before)
        start, end = line.list_accounts()
        if start.stage != "funder":
            if start not in self.read:
                self.read[start] = read_movements(self.convention, start)
            ledger.check_account(line, start, [*self.read[start], *self.pending.get(start, ())], self.names)
        self.pending.setdefault(start, []).append((line.on, -line.amount))
        self.pending.setdefault(end, []).append((line.on, line.amount))
        return line

    def _check_reversal(self, line: ledger.Entry, named: Entry, before: Sequence[Entry]) -> None:
        # As stored, not as the caller holds it.
        found = Entry.objects.filter(pk=named.pk).first()
        undone = None if found is None else build_line(found)
        undoing = Entry.objects.filter(reverses=named.pk).exists() or any(e.reverses_id == named.pk for e in before)
        if undoing:
            raise InputError(
                f"Entry {named.number} is already reversed.", f"L'écriture n° {named.number} est déjà contre-passée."
            )
        if undone is not None and undone.reverses:
            raise InputError(
                f"Entry {named.number} is itself a reversal: write the entry again instead.",
                f"L'écriture n° {named.number} est elle-même une contre-passation : saisissez plutôt l'écriture à "
                "nouveau.",
            )
        if undone is not None and line.on < undone.on:
            raise InputError(
                f"Entry {named.number} counts from {undone.on.isoformat()}: date its reversal on that day or later.",
                f"L'écriture n° {named.number} compte du {undone.on:%d/%m/%Y} : datez sa contre-passation de ce jour "
                "ou d'après.",
            )
        ledger.check_reversal(line, undone, is_reversed=undoing)

    def _update_accounts(self, lines: Sequence[ledger.Entry]) -> None:
        changes: dict[ledger.Account, Decimal] = {}
        taking: dict[ledger.Account, ledger.Entry] = {}
        for line in lines:
            start, end = line.list_accounts()
            changes[start] = changes.get(start, Decimal(0)) - line.amount
            changes[end] = changes.get(end, Decimal(0)) + line.amount
            taking[start] = line
        known = set(
            Account.objects.filter(convention=self.convention, key__in=[build_key(a) for a in changes]).values_list(
                "key", flat=True
            )
            if len(changes) <= 100
            else Account.objects.filter(convention=self.convention).values_list("key", flat=True)
        )
        new = []
        # Always in one order: two writers never wait for each other.
        for account in sorted(changes):
            key, change = build_key(account), changes[account]
            self.refused = (taking[account], account) if account in taking else None
            if key in known:
                Account.objects.filter(convention=self.convention, key=key).update(
                    # SQLite counts in binary: without rounding, 0.30 - 0.10 - 0.20 would be below zero.
                    amount=Round(F("amount") + change, 2)
                )
            else:
                new.append(
                    Account(
                        convention=self.convention,
                        key=key,
                        stage=account.stage,
                        funder_id=account.funder,
                        action_id=account.action or None,
                        request_id=account.request or None,
                        amount=change,
                    )
                )
        self.refused = None
        Account.objects.bulk_create(new)

    def _record(self, access: Access, entries: Sequence[Entry]) -> None:
        if len(entries) > 1:
            after = {"first": entries[0].number, "last": entries[-1].number, "entries": len(entries)}
            record(access, "entries.posted", "convention", self.convention.pk, after=after)
            return
        entry = entries[0]
        record(
            access,
            "entry.posted" if entry.reverses_id is None else "entry.reversed",
            "entry",
            entry.pk,
            after={
                "number": entry.number,
                "on": entry.on.isoformat(),
                "kind": entry.kind,
                "amount": str(entry.amount),
                "funder": str(entry.funder_id),
                **({} if entry.action_id is None else {"action": str(entry.action_id)}),
                **({} if entry.request_id is None else {"request": str(entry.request_id)}),
                "document": str(entry.document_id),
                **({} if entry.reverses_id is None else {"reverses": str(entry.reverses_id)}),
            },
        )

    def explain(self, error: IntegrityError) -> InputError:
        """Return the sentence for what the database refused."""
        if self.refused is not None and "account_" in str(error):
            line, account = self.refused
            held = Account.objects.filter(convention=self.convention, key=build_key(account)).first()
            amount = Decimal(0) if held is None else held.amount
            return ledger.build_refusal(line, account, amount, line.on, self.names)
        return InputError(
            "Someone wrote in the ledger, or changed what this entry names, at the same moment: nothing was written. "
            "Look at the ledger, then try again.",
            "Quelqu'un a écrit au registre, ou modifié ce que cette écriture cite, au même moment : rien n'a été "
            "enregistré. Relisez le registre, puis recommencez.",
        )


def build_line(entry: Entry) -> ledger.Entry:
    """Return a stored entry as the library reads it."""
    return ledger.Entry(
        id=str(entry.pk),
        on=entry.on,
        kind=entry.kind,  # type: ignore[arg-type]
        funder=str(entry.funder_id),
        amount=entry.amount,
        document=str(entry.document_id),
        action="" if entry.action_id is None else str(entry.action_id),
        request="" if entry.request_id is None else str(entry.request_id),
        reverses="" if entry.reverses_id is None else str(entry.reverses_id),
    )


@dataclass(frozen=True)
class LedgerCheck:
    """What a check of a ledger found.

    Attributes
    ----------
    entries : how many were read; problems : what does not agree, in sentences, none when all does.
    """

    entries: int
    problems: tuple[Text, ...] = ()


def check_ledger(convention: Convention) -> LedgerCheck:
    """Compute the accounts again from the entries and compare them with what is stored; numbers follow each other."""
    with scope(organisation=convention.organisation):
        found = Entry.objects.filter(convention=convention)
        totals: dict[str, Any] = found.aggregate(last=Max("number"))
        count, last = found.count(), totals["last"] or 0
        sums = read_account_sums(convention)
        stored = dict(Account.objects.filter(convention=convention).values_list("key", "amount"))
    problems = []
    if count != last:
        problems.append(
            Text(
                f"{count} entries are there, the last has the number {last}: {last - count} are missing",
                f"{count} écritures présentes, la dernière porte le numéro {last} : il en manque {last - count}",
            )
        )
    for key in sorted({*sums, *stored}):
        computed, held = sums.get(key, Decimal(0)), stored.get(key, Decimal(0))
        if computed != held:
            problems.append(
                Text(
                    f"the account {key} holds {held}, its entries make {computed}",
                    f"le compte {key} contient {held}, ses écritures font {computed}",
                )
            )
        if computed < 0 and not key.startswith("funder|"):
            problems.append(
                Text(f"the account {key} is below zero: {computed}", f"le compte {key} est négatif : {computed}")
            )
    return LedgerCheck(count, tuple(problems))
