"""The ledger of a convention: double entry, so that it always balances; nothing negative, nothing deleted.

Money moves between accounts along the life of an aid:

    funder --contribute--> source --plan--> planned --reserve--> reserved --commit--> committed --pay--> paid

and back by `unplan`, `release`, `decommit` and `give_back`. Each entry takes its amount from one account and adds it to
another: the sum of all accounts is zero at every step, the funder's own account being the only one below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple, TypeAlias

from ancrage.errors import InputError
from ancrage.language import Text, format_date, format_money

Stage: TypeAlias = Literal["funder", "source", "planned", "reserved", "committed", "paid"]
Kind: TypeAlias = Literal[
    "contribute", "withdraw", "plan", "unplan", "reserve", "release", "commit", "decommit", "pay", "give_back"
]

KIND_NAMES: dict[Kind, Text] = {
    "contribute": Text("Contribution", "Apport"),
    "withdraw": Text("Withdrawal of a contribution", "Retrait d'un apport"),
    "plan": Text("Budget of an action", "Programmation"),
    "unplan": Text("Budget taken back", "Déprogrammation"),
    "reserve": Text("Reservation for a request", "Réservation"),
    "release": Text("Reservation released", "Réservation levée"),
    "commit": Text("Commitment", "Engagement"),
    "decommit": Text("Commitment taken back", "Dégagement"),
    "pay": Text("Payment", "Paiement"),
    "give_back": Text("Money given back", "Reversement"),
}
STAGE_NAMES: dict[Stage, Text] = {
    "funder": Text("funder", "financeur"),
    "source": Text("not yet given to an action", "non programmé"),
    "planned": Text("planned and free", "programmé et libre"),
    "reserved": Text("reserved", "réservé"),
    "committed": Text("committed and not paid", "engagé et non payé"),
    "paid": Text("paid", "payé"),
}

# From which stage to which each kind of entry moves money.
MOVES: dict[Kind, tuple[Stage, Stage]] = {
    "contribute": ("funder", "source"),
    "withdraw": ("source", "funder"),
    "plan": ("source", "planned"),
    "unplan": ("planned", "source"),
    "reserve": ("planned", "reserved"),
    "release": ("reserved", "planned"),
    "commit": ("reserved", "committed"),
    "decommit": ("committed", "planned"),
    "pay": ("committed", "paid"),
    "give_back": ("paid", "planned"),
}
# What an account of each stage is kept by.
_WITH_ACTION: frozenset[Stage] = frozenset({"planned", "reserved", "committed", "paid"})
_WITH_REQUEST: frozenset[Stage] = frozenset({"reserved", "committed", "paid"})
_ZERO = Decimal(0)


class Account(NamedTuple):
    """An account: a stage, for a funder, and where it applies for an action and a request of aid."""

    stage: Stage
    funder: str
    action: str = ""
    request: str = ""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger.

    Attributes
    ----------
    id : unique in the ledger; on : day it counts from.
    amount : [EUR], above zero, to the cent.
    action : none for "contribute" and "withdraw"; request : for what concerns one request of aid.
    document : the piece that justifies it, never empty.
    reverses : id of the entry that this one undoes, in full; empty otherwise.
    """

    id: str
    on: date
    kind: Kind
    funder: str
    amount: Decimal
    document: str
    action: str = ""
    request: str = ""
    reverses: str = ""

    def list_accounts(self) -> tuple[Account, Account]:
        """Return the account the money leaves and the one it goes to."""
        start, end = MOVES[self.kind]
        accounts = self._build_account(start), self._build_account(end)
        return (accounts[1], accounts[0]) if self.reverses else accounts

    def _build_account(self, stage: Stage) -> Account:
        return Account(
            stage,
            self.funder,
            self.action if stage in _WITH_ACTION else "",
            self.request if stage in _WITH_REQUEST else "",
        )


@dataclass(frozen=True)
class Balance:
    """Where the money of one action, one funder or a whole convention stands [EUR].

    Attributes
    ----------
    contributed : brought by the funders; planned : budget of the actions, whatever it became.
    reserved, committed, paid : at this stage or beyond for committed (committed counts what is paid too).
    given_back : paid, then returned; left : planned and free; unplanned : brought, not yet given to an action.
    """

    contributed: Decimal = _ZERO
    planned: Decimal = _ZERO
    reserved: Decimal = _ZERO
    committed: Decimal = _ZERO
    paid: Decimal = _ZERO
    given_back: Decimal = _ZERO
    left: Decimal = _ZERO
    unplanned: Decimal = _ZERO

    @property
    def residual(self) -> Decimal:
        """Return what is neither reserved nor committed [EUR]: free in an action, or in none."""
        return self.left + self.unplanned


def compute_accounts(entries: Iterable[Entry], on: date | None = None) -> dict[Account, Decimal]:
    """Return the balance of every account that has moved, at the end of a day (None: all entries)."""
    accounts: dict[Account, Decimal] = {}
    for entry in entries:
        if on is not None and entry.on > on:
            continue
        start, end = entry.list_accounts()
        accounts[start] = accounts.get(start, _ZERO) - entry.amount
        accounts[end] = accounts.get(end, _ZERO) + entry.amount
    return accounts


def compute_balance(
    entries: Iterable[Entry],
    *,
    on: date | None = None,
    action: str | None = None,
    funder: str | None = None,
    request: str | None = None,
) -> Balance:
    """Return the balance of a convention, or of one action, funder or request of it, at the end of a day."""
    kept = [
        entry
        for entry in entries
        if (action is None or entry.action == action)
        and (funder is None or entry.funder == funder)
        and (request is None or entry.request == request)
        and (on is None or entry.on <= on)
    ]
    stages: dict[Stage, Decimal] = dict.fromkeys(STAGE_NAMES, _ZERO)
    for account, amount in compute_accounts(kept).items():
        stages[account.stage] += amount
    returned = sum(
        (-entry.amount if entry.reverses else entry.amount for entry in kept if entry.kind == "give_back"), _ZERO
    )
    committed = stages["committed"] + stages["paid"]
    return Balance(
        contributed=-stages["funder"],
        planned=stages["planned"] + stages["reserved"] + committed,
        reserved=stages["reserved"],
        committed=committed,
        paid=stages["paid"],
        given_back=returned,
        left=stages["planned"],
        unplanned=stages["source"],
    )


def check_entry(entries: Sequence[Entry], entry: Entry) -> None:
    """Refuse an entry that the ledger cannot take after `entries`.

    Every day from that of the entry on is looked at: money that a later entry has used cannot be taken back.

    Raises
    ------
    InputError
        If the amount is not positive to the cent, a document, action or request is missing or in the way, the entry
        reversed is unknown, different or reversed already, or the money is not there.
    """
    _check_fields(entry)
    if any(known.id == entry.id for known in entries):
        raise InputError(
            f"Entry '{entry.id}' is already in the ledger.", f"L'écriture « {entry.id} » est déjà au registre."
        )
    if entry.reverses:
        _check_reversal(entries, entry)
    start, _ = entry.list_accounts()
    if start.stage == "funder":
        return
    after = [*entries, entry]
    for day in sorted({entry.on, *(known.on for known in entries if known.on > entry.on)}):
        left = compute_accounts(after, day).get(start, _ZERO)
        if left < 0:
            _refuse(entry, start, left + entry.amount, day)


def build_reversal(entry: Entry, new_id: str, on: date, document: str) -> Entry:
    """Return the entry that undoes `entry`: the same amount between the same accounts, the other way."""
    return Entry(
        new_id, on, entry.kind, entry.funder, entry.amount, document, entry.action, entry.request, reverses=entry.id
    )


def _check_fields(entry: Entry) -> None:
    if entry.amount <= 0 or entry.amount != entry.amount.quantize(Decimal("0.01")):
        raise InputError(
            f"The amount of the entry is {entry.amount}: give a positive amount, to the cent.",
            f"Le montant de l'écriture est {entry.amount} : donnez un montant positif, au centime.",
        )
    if not entry.document.strip():
        raise InputError(
            "The entry names no document: name the piece that justifies it.",
            "L'écriture ne cite aucune pièce : citez celle qui la justifie.",
        )
    stages = MOVES[entry.kind]
    needs_action = any(stage in _WITH_ACTION for stage in stages)
    needs_request = any(stage in _WITH_REQUEST for stage in stages)
    name = KIND_NAMES[entry.kind]
    for needed, given, field in (
        (True, entry.funder, Text("funder", "financeur")),
        (needs_action, entry.action, Text("action", "action")),
        (needs_request, entry.request, Text("request of aid", "demande d'aide")),
    ):
        if needed and not given:
            raise InputError(
                f"{name.en}: the {field.en} is missing. Name it.", f"{name.fr} : il manque {field.fr}. Précisez."
            )
        if given and not needed:
            raise InputError(
                f"{name.en}: a {field.en} ('{given}') has no place here. Remove it.",
                f"{name.fr} : {field.fr} (« {given} ») n'a pas lieu d'être ici. Retirez.",
            )


def _check_reversal(entries: Sequence[Entry], entry: Entry) -> None:
    undone = next((known for known in entries if known.id == entry.reverses), None)
    same = undone is not None and (
        (undone.kind, undone.funder, undone.amount, undone.action, undone.request)
        == (entry.kind, entry.funder, entry.amount, entry.action, entry.request)
    )
    if undone is None or undone.reverses or not same or entry.on < undone.on:
        raise InputError(
            f"'{entry.id}' cannot reverse '{entry.reverses}': reverse an entry of the ledger, in full, and "
            "not earlier.",
            f"« {entry.id} » ne peut pas contre-passer « {entry.reverses} » : contre-passez une écriture du "
            "registre, en "
            "entier, et pas avant elle.",
        )
    if any(known.reverses == entry.reverses for known in entries):
        raise InputError(
            f"Entry '{entry.reverses}' is already reversed.", f"L'écriture « {entry.reverses} » est déjà contre-passée."
        )


def _refuse(entry: Entry, start: Account, held: Decimal, day: date) -> None:
    name, stage = KIND_NAMES[entry.kind], STAGE_NAMES[start.stage]
    where = " / ".join(part for part in (start.action, start.request, start.funder) if part)
    raise InputError(
        f"{name.en} of {format_money(entry.amount, 'en')}: only {format_money(held, 'en')} {stage.en} ({where}) on "
        f"{format_date(day, 'en')}. Lower the amount, or record what is missing before.",
        f"{name.fr} de {format_money(entry.amount, 'fr')} : seulement {format_money(held, 'fr')} {stage.fr} "
        f"({where}) au "
        f"{format_date(day, 'fr')}. Réduisez le montant, ou enregistrez d'abord ce qui manque.",
    )
