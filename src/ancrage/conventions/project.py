"""The co-funding plan of a project: expenses, sources, what is missing, when the money comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, TypeAlias

from ancrage.conventions import cofunding
from ancrage.conventions.delays import add_months
from ancrage.conventions.model import Finding, read_exact
from ancrage.conventions.obligation import CENT
from ancrage.errors import InputError
from ancrage.language import Text, format_money
from ancrage.parameters import Parameters

Nature: TypeAlias = Literal["works", "equipment", "studies", "staff", "rent", "other"]
Answer: TypeAlias = Literal["planned", "asked", "obtained", "refused"]

NATURE_NAMES: dict[Nature, Text] = {
    "works": Text("works", "travaux"),
    "equipment": Text("equipment", "équipement"),
    "studies": Text("studies", "études"),
    "staff": Text("staff", "personnel"),
    "rent": Text("rent and charges", "loyer et charges"),
    "other": Text("other", "autre"),
}
ANSWER_NAMES: dict[Answer, Text] = {
    "planned": Text("to be asked", "à demander"),
    "asked": Text("asked", "demandé"),
    "obtained": Text("obtained", "obtenu"),
    "refused": Text("refused", "refusé"),
}
# What pays for a project, and what its money is for the rules: own, public or private. A pooled fund is private unless
# its legal form makes it public: then it enters the public base, so both are offered.
SOURCE_KINDS: dict[str, tuple[Text, cofunding.Origin]] = {
    "own": (Text("own funds", "fonds propres"), "own"),
    "convention": (Text("convention de revitalisation", "convention de revitalisation"), "private"),
    "pooled": (Text("pooled fund (private)", "fonds mutualisé (privé)"), "private"),
    "pooled_public": (Text("pooled fund (legally public)", "fonds mutualisé (public)"), "public"),
    "detr": (Text("DETR", "DETR"), "public"),
    "dsil": (Text("DSIL", "DSIL"), "public"),
    "state": (Text("State, other", "État, autre"), "public"),
    "region": (Text("Region", "Région"), "public"),
    "departement": (Text("Département", "Département"), "public"),
    "europe": (Text("LEADER / ERDF", "LEADER / FEDER"), "public"),
    "operator": (
        Text("public operator (ADEME, Banque des Territoires...)", "opérateur public (ADEME, BdT...)"),
        "public",
    ),
    "company": (Text("company", "entreprise"), "private"),
    "other_public": (Text("other public money", "autre argent public"), "public"),
    "other_private": (Text("other private money", "autre argent privé"), "private"),
}
ORIGIN_NAMES: dict[cofunding.Origin, Text] = {
    "own": Text("own money", "fonds propres"),
    "public": Text("public money", "argent public"),
    "private": Text("private money, outside the public base", "argent privé, hors assiette publique"),
}
# Running costs, which an investment grant such as DETR does not pay (CGCT, L2334-36).
RUNNING: frozenset[Nature] = frozenset({"staff", "rent"})
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Expense:
    """An expense excluding tax [EUR], by nature, in the quarter that starts on `quarter`."""

    label: str
    nature: Nature
    quarter: date
    amount: Decimal


@dataclass(frozen=True)
class Grant:
    """A source of money of the project.

    Attributes
    ----------
    origin : as in `cofunding.Source`; asked : amount asked for, or brought; obtained : amount granted.
    rate_max : largest share of the eligible expense, or None; ceiling : largest amount [EUR], or None.
    investment_only : running costs are not eligible.
    paid_on : quarters in which it is paid with the share of it (0..1); what is left is not expected.
    detr : it is a DETR grant (R19).
    """

    name: str
    origin: cofunding.Origin
    asked: Decimal
    answer: Answer = "planned"
    obtained: Decimal = _ZERO
    rate_max: Decimal | None = None
    ceiling: Decimal | None = None
    investment_only: bool = False
    paid_on: tuple[tuple[date, Decimal], ...] = ()
    detr: bool = False

    @property
    def expected(self) -> Decimal:
        """Return what the plan counts on [EUR]: obtained, else asked or to be asked, nothing once refused."""
        if self.answer == "refused":
            return _ZERO
        return self.obtained if self.answer == "obtained" else self.asked


@dataclass(frozen=True)
class Limit:
    """What the rules leave of one source [EUR], and what brings it down."""

    name: str
    expected: Decimal
    allowed: Decimal
    reason: Text


@dataclass(frozen=True)
class Plan:
    """A co-funding plan, checked.

    Attributes
    ----------
    cost : total of the expenses; certain : obtained or own; expected : all but refused; gap : cost not covered by what
        is expected, certain_gap by what is certain (below zero when there is too much).
    limits : sources above their own rate or ceiling; findings : R18 and R19.
    legal : the largest amounts that are all allowed together, by source, in the order given.
    """

    cost: Decimal
    certain: Decimal
    expected: Decimal
    gap: Decimal
    certain_gap: Decimal
    limits: tuple[Limit, ...]
    findings: tuple[Finding, ...]
    legal: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Quarter:
    """Cash of a project in one quarter [EUR]: what goes out, what comes in, and where it stands at the end."""

    start: date
    spent: Decimal
    received: Decimal
    balance: Decimal


def get_quarter(day: date) -> date:
    """Return the first day of the quarter of a day."""
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def check_project(
    expenses: Sequence[Expense], grants: Sequence[Grant], parameters: Parameters, *, lead_authority: bool = False
) -> Plan:
    """Check a co-funding plan against the rates of its sources, the own share (R18) and DETR (R19).

    Raises
    ------
    InputError
        If there is no expense, an amount is negative, a name is used twice, or an obtained amount exceeds what was
        asked.
    """
    _check_facts(expenses, grants)
    cost = sum((e.amount for e in expenses), _ZERO)
    limits = tuple(limit for grant in grants if (limit := _check_grant(grant, expenses)) is not None)
    sources = [cofunding.Source(g.name, g.origin, g.expected) for g in grants]
    findings = [cofunding.check_own_share(cost, sources, parameters, lead_authority=lead_authority)]
    for grant in grants:
        if grant.detr and grant.expected:
            others = sum((g.expected for g in grants if g.origin == "public" and g is not grant), _ZERO)
            eligible = _compute_eligible(grant, expenses)
            findings.append(cofunding.check_detr(eligible, grant.expected, others, parameters))
    expected = sum((g.expected for g in grants), _ZERO)
    certain = sum((g.expected for g in grants if g.origin == "own" or g.answer == "obtained"), _ZERO)
    return Plan(
        cost=cost,
        certain=certain,
        expected=expected,
        gap=cost - expected,
        certain_gap=cost - certain,
        limits=limits,
        findings=tuple(findings),
        legal=_choose_legal(expenses, grants, parameters, lead_authority=lead_authority),
    )


def _choose_legal(
    expenses: Sequence[Expense], grants: Sequence[Grant], parameters: Parameters, *, lead_authority: bool
) -> tuple[tuple[str, Decimal], ...]:
    """Return the most that each source can bring, all rules together.

    Private money comes first, since it lowers the public base; then public money in the order given, obtained before
    asked and DETR last; the project owner brings the rest, which is at least the own share. A DETR grant is taken to
    its room (R19) and left out when that is under its least rate without being all the room; where others then leave
    public money unused, its least amount is kept for it before those that are only asked.
    """
    cost = sum((e.amount for e in expenses), _ZERO)
    amounts = {g.name: _ZERO for g in grants}
    left = cost
    for grant in grants:
        if grant.origin == "private":
            amounts[grant.name] = min(grant.expected, _compute_most(grant, expenses), left)
            left -= amounts[grant.name]
    private = [cofunding.Source("private", "private", cost - left)]
    least_own = cofunding.check_own_share(cost, private, parameters, lead_authority=lead_authority).value
    assert isinstance(least_own, Decimal)
    public = [g for g in grants if g.origin == "public"]
    choices = [
        _allocate_public(public, expenses, parameters, left - least_own, keep_detr=keep) for keep in (False, True)
    ]
    # The first of the two that brings the most: the order given is only left for more money.
    best = max(choices, key=lambda choice: sum(choice.values(), _ZERO))
    amounts |= best
    left -= sum(best.values(), _ZERO)
    own = [g for g in grants if g.origin == "own"]
    for grant in own:
        amounts[grant.name] = min(grant.expected, left)
        left -= amounts[grant.name]
    if own:
        amounts[own[0].name] += left
    return tuple((g.name, amounts[g.name]) for g in grants)


def _allocate_public(
    public: Sequence[Grant], expenses: Sequence[Expense], parameters: Parameters, room: Decimal, *, keep_detr: bool
) -> dict[str, Decimal]:
    """Return what each public source brings within a room [EUR], the least of DETR grants kept before others or not."""
    obtained = sorted((g for g in public if g.answer == "obtained"), key=lambda g: g.detr)
    asked = [g for g in public if g.answer != "obtained"]
    steps = [(g, g.expected) for g in obtained]
    if keep_detr:
        rate = read_exact(parameters, "detr_rate_min")
        least = {g.name: (_compute_eligible(g, expenses) * rate).quantize(CENT, ROUND_HALF_UP) for g in asked}
        steps += [(g, least[g.name]) for g in asked if g.detr]
    steps += [(g, g.expected) for g in sorted(asked, key=lambda g: g.detr)]
    amounts = {g.name: _ZERO for g in public}
    for grant, wanted in steps:
        others = sum((amounts[g.name] for g in public if g is not grant), _ZERO)
        amount = min(wanted, grant.expected, _compute_most(grant, expenses), room - others)
        # What a DETR grant already placed leaves under its own limit: it may be on less than the whole cost.
        for placed in public:
            if placed.detr and placed is not grant and amounts[placed.name] > 0:
                most = _compute_detr_room(placed, expenses, others - amounts[placed.name], parameters)
                amount = min(amount, max(most - amounts[placed.name], _ZERO))
        if grant.detr and amount > 0:
            amount = min(amount, _compute_detr_room(grant, expenses, others, parameters))
            eligible = _compute_eligible(grant, expenses)
            if cofunding.check_detr(eligible, amount, others, parameters).level == "error":
                amount = _ZERO
        amounts[grant.name] = max(amount, amounts[grant.name])
    return amounts


def _compute_detr_room(grant: Grant, expenses: Sequence[Expense], others: Decimal, parameters: Parameters) -> Decimal:
    room = cofunding.check_detr(_compute_eligible(grant, expenses), grant.expected, others, parameters).value
    assert isinstance(room, Decimal)
    return room


def compute_cash_flow(expenses: Sequence[Expense], grants: Sequence[Grant]) -> tuple[Quarter, ...]:
    """Return the cash of the project by quarter, from the first movement to the last, own money paid as it is spent.

    Money of others comes in the quarters of `paid_on`; own money follows the expenses, in proportion. The lowest
    balance is what has to be advanced or borrowed.
    """
    cost = sum((e.amount for e in expenses), _ZERO)
    own = sum((g.expected for g in grants if g.origin == "own"), _ZERO)
    spent: dict[date, Decimal] = {}
    received: dict[date, Decimal] = {}
    for expense in expenses:
        quarter = get_quarter(expense.quarter)
        spent[quarter] = spent.get(quarter, _ZERO) + expense.amount
    given = _ZERO
    for rank, quarter in enumerate(sorted(spent)):
        # The last quarter takes the rest, so that the shares add up to the cent.
        last = rank == len(spent) - 1
        part = own - given if last else (own * spent[quarter] / cost).quantize(CENT, ROUND_HALF_UP)
        given += part
        received[quarter] = received.get(quarter, _ZERO) + part
    for grant in grants:
        if grant.origin == "own":
            continue
        for day, share in grant.paid_on:
            quarter = get_quarter(day)
            amount = (grant.expected * share).quantize(CENT, ROUND_HALF_UP)
            received[quarter] = received.get(quarter, _ZERO) + amount
    if not spent and not received:
        return ()
    quarters = []
    balance = _ZERO
    quarter, end = min((*spent, *received)), max((*spent, *received))
    while quarter <= end:
        out, back = spent.get(quarter, _ZERO), received.get(quarter, _ZERO)
        balance += back - out
        quarters.append(Quarter(quarter, out, back, balance))
        quarter = add_months(quarter, 3)
    return tuple(quarters)


def _check_facts(expenses: Sequence[Expense], grants: Sequence[Grant]) -> None:
    if not expenses:
        raise InputError(
            "The project has no expense: add at least one.", "Le projet n'a aucune dépense : ajoutez-en au moins une."
        )
    named = [(e.label, e.amount) for e in expenses] + [(g.name, a) for g in grants for a in (g.asked, g.obtained)]
    for name, amount in named:
        if amount < 0:
            raise InputError(
                f"'{name}': {amount} is negative. Give zero or more euros.",
                f"« {name} » : {amount} est négatif. Donnez zéro euro ou plus.",
            )
    names = [g.name for g in grants]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"Two sources are named '{name}': give each its own name.",
                f"Deux sources s'appellent « {name} » : donnez à chacune son nom.",
            )
    for grant in grants:
        if grant.answer == "obtained" and grant.obtained > grant.asked:
            raise InputError(
                f"'{grant.name}': more was obtained ({grant.obtained}) than asked ({grant.asked}). Correct "
                "one of the two.",
                f"« {grant.name} » : plus d'obtenu ({grant.obtained}) que de demandé ({grant.asked}). "
                "Corrigez l'un des "
                "deux.",
            )
        if sum((share for _, share in grant.paid_on), _ZERO) > 1:
            raise InputError(
                f"'{grant.name}': its payments add up to more than the grant. Lower a share.",
                f"« {grant.name} » : ses versements dépassent la subvention. Réduisez une part.",
            )


def _compute_eligible(grant: Grant, expenses: Sequence[Expense]) -> Decimal:
    return sum((e.amount for e in expenses if not (grant.investment_only and e.nature in RUNNING)), _ZERO)


def _compute_most(grant: Grant, expenses: Sequence[Expense]) -> Decimal:
    most = _compute_eligible(grant, expenses)
    if grant.rate_max is not None:
        most = (most * grant.rate_max).quantize(CENT, ROUND_HALF_UP)
    return most if grant.ceiling is None else min(most, grant.ceiling)


def _check_grant(grant: Grant, expenses: Sequence[Expense]) -> Limit | None:
    most = _compute_most(grant, expenses)
    if grant.expected <= most:
        return None
    eligible = _compute_eligible(grant, expenses)
    return Limit(
        grant.name,
        grant.expected,
        most,
        Text(
            f"'{grant.name}' can bring {format_money(most, 'en')} at most, on {format_money(eligible, 'en')} eligible.",
            f"« {grant.name} » peut apporter au plus {format_money(most, 'fr')}, sur {format_money(eligible, 'fr')} "
            "éligibles.",
        ),
    )
