"""The ledger of a convention: double entry, so that it always balances; nothing negative, nothing deleted.

Money moves between accounts along the life of an aid:

    funder --contribute--> source --plan--> planned --reserve--> reserved --commit--> committed --pay--> paid

and back by `unplan`, `release`, `decommit` and `give_back`. Each entry takes its amount from one account and adds it to
another: the sum of all accounts is zero at every step, the funder's own account being the only one below zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
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
_CENT = Decimal("0.01")


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
        if self.reverses:
            start, end = end, start
        return (
            build_account(start, self.funder, self.action, self.request),
            build_account(end, self.funder, self.action, self.request),
        )


def build_account(stage: Stage, funder: str, action: str, request: str) -> Account:
    """Return the account of a stage: it is kept by action and by request where the stage is."""
    return Account(stage, funder, action if stage in _WITH_ACTION else "", request if stage in _WITH_REQUEST else "")


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
    sums = _Sums()
    for entry in entries:
        if (
            (action is None or entry.action == action)
            and (funder is None or entry.funder == funder)
            and (request is None or entry.request == request)
            and (on is None or entry.on <= on)
        ):
            sums.add(entry)
    return sums.build_balance()


def group_balances(entries: Iterable[Entry], key: Callable[[Entry], str]) -> dict[str, Balance]:
    """Return the balance of each group of entries, in one pass; entries whose key is empty are in none."""
    groups: dict[str, _Sums] = {}
    for entry in entries:
        name = key(entry)
        if name:
            if name not in groups:
                groups[name] = _Sums()
            groups[name].add(entry)
    return {name: sums.build_balance() for name, sums in groups.items()}


class _Sums:
    """What the stages hold, all accounts of a stage together."""

    def __init__(self) -> None:
        self.stages: dict[Stage, Decimal] = dict.fromkeys(STAGE_NAMES, _ZERO)
        self.given_back = _ZERO

    def add(self, entry: Entry) -> None:
        start, end = MOVES[entry.kind]
        amount = -entry.amount if entry.reverses else entry.amount
        self.stages[start] -= amount
        self.stages[end] += amount
        if entry.kind == "give_back":
            self.given_back += amount

    def build_balance(self) -> Balance:
        stages = self.stages
        committed = stages["committed"] + stages["paid"]
        return Balance(
            contributed=-stages["funder"],
            planned=stages["planned"] + stages["reserved"] + committed,
            reserved=stages["reserved"],
            committed=committed,
            paid=stages["paid"],
            given_back=self.given_back,
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
    check_fields(entry)
    undone: Entry | None = None
    for known in entries:
        if known.id == entry.id:
            raise InputError(
                f"Entry '{entry.id}' is already in the ledger.", f"L'écriture « {entry.id} » est déjà au registre."
            )
        if entry.reverses and known.id == entry.reverses:
            undone = known
    if entry.reverses:
        check_reversal(entry, undone, is_reversed=any(known.reverses == entry.reverses for known in entries))
    start, _ = entry.list_accounts()
    if start.stage != "funder":
        check_account(entry, start, _list_movements(entries, start))


def check_account(
    entry: Entry, start: Account, movements: Iterable[tuple[date, Decimal]], names: Mapping[str, str] | None = None
) -> None:
    """Refuse an entry that takes from an account more than it holds, on the day of the entry or on a later one.

    Parameters
    ----------
    start : the account that the entry takes from.
    movements : what changed that account before, without this entry: day, amount [EUR, below zero when taken];
        in any order, several of one day or their sum.
    names : how the funders, actions and requests are called, where their identifiers are not names.

    Raises
    ------
    InputError
        Says how much there is, where, and on which day it is missing.
    """
    held, later = _ZERO, dict[date, Decimal]()
    for day, amount in movements:
        if day <= entry.on:
            held += amount
        else:
            later[day] = later.get(day, _ZERO) + amount
    if held < entry.amount:
        raise build_refusal(entry, start, held, entry.on, names)
    for day in sorted(later):
        held += later[day]
        if held < entry.amount:
            raise build_refusal(entry, start, held, day, names)


def _list_movements(entries: Iterable[Entry], account: Account) -> Iterable[tuple[date, Decimal]]:
    for entry in entries:
        if entry.funder == account.funder:
            start, end = entry.list_accounts()
            if start == account:
                yield entry.on, -entry.amount
            elif end == account:
                yield entry.on, entry.amount


def check_budget(name: str, budget: Decimal, balance: Balance) -> Text | None:
    """Return what to tell of a budget that no longer covers what an action has reserved and committed, or None.

    Parameters
    ----------
    name : of the action; budget : as it would be written [EUR]; balance : of the action in the ledger.
    """
    engaged = balance.reserved + balance.committed
    if budget >= engaged:
        return None
    return Text(
        f"{name}: the budget would be {format_money(budget, 'en')} while {format_money(engaged, 'en')} are reserved or "
        "committed. Check the amount, or end requests of this action first.",
        f"{name} : le budget serait de {format_money(budget, 'fr')} alors que {format_money(engaged, 'fr')} sont "
        "réservés ou engagés. Vérifiez le montant, ou soldez d'abord des demandes de cette action.",
    )


def build_reversal(entry: Entry, new_id: str, on: date, document: str) -> Entry:
    """Return the entry that undoes `entry`: the same amount between the same accounts, the other way."""
    return Entry(
        new_id, on, entry.kind, entry.funder, entry.amount, document, entry.action, entry.request, reverses=entry.id
    )


def split_amount(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Share an amount out by weights, to the cent: the parts add up to it exactly (largest remainders).

    Parameters
    ----------
    amount : [EUR], to the cent; weights : percentages, or amounts: only their ratios count.
        Of two equal remainders the first gets the cent.

    Raises
    ------
    InputError
        If the amount is not positive to the cent, a weight is below zero or all are zero.
    """
    _check_amount(amount)
    total = sum(weights, _ZERO)
    if total <= 0 or any(weight < 0 for weight in weights):
        raise InputError(
            f"The shares {', '.join(map(str, weights)) or '-'} share nothing out: give shares of zero or more, one of "
            "them above zero.",
            f"Les parts {', '.join(map(str, weights)) or '-'} ne répartissent rien : donnez des parts nulles ou "
            "positives, dont une au moins au-dessus de zéro.",
        )
    whole, base = int(amount * 100), Fraction(total)
    exact = [whole * Fraction(weight) / base for weight in weights]
    cents = [math.floor(part) for part in exact]
    missing = whole - sum(cents)
    for rank in sorted(range(len(weights)), key=lambda rank: cents[rank] - exact[rank])[:missing]:
        cents[rank] += 1
    return [part * _CENT for part in cents]


def _check_amount(amount: Decimal) -> None:
    if amount <= 0 or amount != amount.quantize(_CENT):
        raise InputError(
            f"The amount of the entry is {amount}: give a positive amount, to the cent.",
            f"Le montant de l'écriture est {amount} : donnez un montant positif, au centime.",
        )


def check_fields(entry: Entry) -> None:
    """Refuse an entry that says too little or too much.

    Raises
    ------
    InputError
        If the amount is not positive to the cent, or a document, funder, action or request is missing or in the way.
    """
    _check_amount(entry.amount)
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


def check_reversal(entry: Entry, undone: Entry | None, *, is_reversed: bool) -> None:
    """Refuse to undo an entry that is unknown, another one, later, a reversal itself, or undone already.

    Parameters
    ----------
    undone : the entry that `entry.reverses` names, None where the ledger has none; is_reversed : undone already.

    Raises
    ------
    InputError
        Says why.
    """
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
    if is_reversed:
        raise InputError(
            f"Entry '{entry.reverses}' is already reversed.", f"L'écriture « {entry.reverses} » est déjà contre-passée."
        )


def build_refusal(
    entry: Entry, start: Account, held: Decimal, day: date, names: Mapping[str, str] | None = None
) -> InputError:
    """Return the refusal of an entry that takes more than the account held [EUR] on a day (see `check_account`)."""
    name, stage, known = KIND_NAMES[entry.kind], STAGE_NAMES[start.stage], names or {}
    if entry.reverses:
        name = Text(f"Reversal ({name.en})", f"Contre-passation ({name.fr})")
    where = " / ".join(known.get(part, part) for part in (start.action, start.request, start.funder) if part)
    return InputError(
        f"{name.en} of {format_money(entry.amount, 'en')}: only {format_money(held, 'en')} {stage.en} ({where}) on "
        f"{format_date(day, 'en')}. Lower the amount, or record what is missing before.",
        f"{name.fr} de {format_money(entry.amount, 'fr')} : seulement {format_money(held, 'fr')} {stage.fr} "
        f"({where}) au {format_date(day, 'fr')}. Réduisez le montant, ou enregistrez d'abord ce qui manque.",
    )
