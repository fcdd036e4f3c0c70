"""Forms of projects: facts, lines of expenses and sources, business plan; rows are added without script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.http import QueryDict

from ancrage.conventions.project import ANSWER_NAMES, NATURE_NAMES, SOURCE_KINDS
from ancrage.language import Text
from ancrage_web.cofunding import plans
from ancrage_web.cofunding.models import Expense, Programme, Source
from ancrage_web.design.words import get_site_language, say, say_later

# A percent sign in French, after a space that does not break.
SPACED = "\u00a0%"


def build_label(en: str, fr: str) -> Any:
    """Return a label that is written when the page is made, in its language."""
    return say_later(Text(en, fr))


def build_choices(names: Mapping[Any, Text]) -> list[tuple[str, Any]]:
    """Return the choices of a closed list."""
    return [(str(key), say_later(text)) for key, text in names.items()]


class DecimalField(forms.Field):
    """An exact number typed with a comma or a point, with or without spaces, zero or more.

    Parameters
    ----------
    percent : typed in percent, given as a share (0..1); most : largest value, as given.
    """

    def __init__(self, *, percent: bool = False, most: Decimal = Decimal(10) ** 11, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget",
            forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 6 if percent else 11}),
        )
        super().__init__(**kwargs)
        self.percent, self.most = percent, Decimal(1) if percent else most

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        if not isinstance(value, Decimal):
            return value
        written = f"{(100 * value if self.percent else value).normalize():f}"
        return written.replace(".", ",") if get_site_language() == "fr" else written

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Return whether something was typed."""
        return bool(str(data or "").strip()) and super().has_changed(initial, data)

    def to_python(self, value: Any) -> Decimal | None:
        """Return the number typed.

        Raises
        ------
        ValidationError
            Says what was typed and what to type.
        """
        if value in self.empty_values or (isinstance(value, str) and not value.strip()):
            return None
        compact = re.sub(r"[\s\u00a0\u202f€%]", "", str(value))
        if compact.count(",") == 1 and "." not in compact:
            compact = compact.replace(",", ".")
        # Decimal reads "1e9" and the digits of other scripts: only plain ones are typed here.
        try:
            number = Decimal(compact) if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{0,6})?|\.[0-9]{1,6}", compact) else None
        except InvalidOperation:
            number = None
        if number is None:
            text = Text(
                f"“{value}” is not a number of zero or more: type digits, for example 1234.50.",
                f"« {value} » n'est pas un nombre positif ou nul : n'écrivez que des chiffres, par exemple 1234,50.",
            )
            raise forms.ValidationError(say(text))
        found = number / 100 if self.percent else number.quantize(Decimal("0.01"))
        if found > self.most:
            most = 100 if self.percent else self.most
            raise forms.ValidationError(
                say(Text(f"{value} is too large: {most} at most.", f"{value} est trop grand : {most} au plus."))
            )
        return found


class PaymentsField(forms.Field):
    """Quarters in which a source is paid: "T2 2027 : 30 ; T1 2028 : 70"."""

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        return write_payments(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[list[str]]:
        """Return the payments as they are stored.

        Raises
        ------
        ValidationError
            Names the part that cannot be read.
        """
        found = []
        for part in re.split(r"[;\n]", str(value or "")):
            if not part.strip():
                continue
            read = re.fullmatch(
                r"\s*[TQ]?\s*([1-4])\s*[-/ ]\s*(20[0-9]{2})\s*[:=]?\s*([0-9]{1,3}(?:[.,][0-9]{1,4})?)\s*%?\s*",
                part,
                re.IGNORECASE,
            )
            if read is None:
                text = Text(
                    f"“{part.strip()}” is not a payment: write the quarter and the percentage, such as Q2 2027: 30, "
                    "with semicolons in between.",
                    f"« {part.strip()} » n'est pas un versement : écrivez le trimestre et le pourcentage, comme "
                    "T2 2027 : 30, séparés par des points-virgules.",
                )
                raise forms.ValidationError(say(text))
            start = date(int(read[2]), 3 * int(read[1]) - 2, 1)
            found.append([start.isoformat(), str(Decimal(read[3].replace(",", ".")) / 100)])
        if sum((Decimal(share) for _, share in found), Decimal(0)) > 1:
            text = Text(
                "These payments add up to more than 100 %: lower one of them.",
                "Ces versements dépassent 100 % au total : réduisez-en un.",
            )
            raise forms.ValidationError(say(text))
        return found


def write_payments(stored: list[list[str]]) -> str:
    """Return payments as they are typed."""
    parts = []
    for day, share in stored:
        start = date.fromisoformat(day)
        percent = f"{(100 * Decimal(share)).normalize():f}"
        written = percent.replace(".", ",") if get_site_language() == "fr" else percent
        name = f"{(start.month + 2) // 3} {start.year}"
        parts.append(f"T{name} : {written}" if get_site_language() == "fr" else f"Q{name}: {written}")
    return (" ; " if get_site_language() == "fr" else "; ").join(parts)


def _no_null(value: str) -> None:
    if "\x00" in value:
        raise forms.ValidationError(say(Text("Remove the null character.", "Retirez le caractère nul.")))


class ProjectForm(forms.Form):
    """Facts of a project; what it comes from is carried unseen."""

    name = forms.CharField(
        label=build_label("Name of the project", "Nom du projet"),
        max_length=160,
        error_messages={"required": build_label("The name is empty: give one.", "Le nom est vide : donnez-en un.")},
    )
    description = forms.CharField(
        label=build_label("Description", "Description"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=build_label(
            "Its words find what similar projects obtained.",
            "Ses mots servent à trouver ce que des projets semblables ont obtenu.",
        ),
    )
    commune = forms.CharField(
        label=build_label("Commune", "Commune"),
        required=False,
        max_length=120,
        help_text=build_label("Name or INSEE code.", "Nom ou code INSEE."),
    )
    lead_authority = forms.BooleanField(
        label=build_label(
            "The project owner leads this field (chef de file, CGCT L1111-9): own share of 30% instead of 20%",
            "Le maître d'ouvrage est chef de file (CGCT, L1111-9) : 30 % de participation au lieu de 20 %",
        ),
        required=False,
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    convention = forms.UUIDField(required=False, widget=forms.HiddenInput)
    study = forms.UUIDField(required=False, widget=forms.HiddenInput)
    scenario = forms.UUIDField(required=False, widget=forms.HiddenInput)
    place_key = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)


class BusinessForm(forms.Form):
    """Business plan of the place that the project opens; nothing is shown of it without desks."""

    desks = forms.IntegerField(
        label=build_label("Desks", "Postes de travail"), required=False, min_value=1, max_value=5000
    )
    yearly_cost = DecimalField(
        label=build_label("Running cost, EUR a year", "Coût de fonctionnement, € par an"), required=False
    )
    other_income = DecimalField(
        label=build_label("Other income (rooms, events), EUR a year", "Autres recettes (salles, événements), € par an"),
        required=False,
    )
    years = forms.IntegerField(
        label=build_label("Years shown", "Années présentées"), required=False, min_value=1, max_value=plans.MOST_YEARS
    )
    subsidies = forms.CharField(
        label=build_label("Running subsidy by year, EUR", "Subvention de fonctionnement par année, €"),
        required=False,
        max_length=400,
        help_text=build_label("Such as 20000 ; 15000 ; 10000.", "Par exemple 20000 ; 15000 ; 10000."),
    )

    def __init__(self, *args: Any, business: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for assumption in plans.list_assumptions(business or {}):
            default = Decimal(repr(assumption.default))
            shown = DecimalField(percent=assumption.is_share).prepare_value(default)
            self.fields[assumption.name] = DecimalField(
                label=say(assumption.label),
                percent=assumption.is_share,
                required=False,
                initial=Decimal(repr(assumption.value)) if assumption.changed else None,
                help_text=say(
                    Text(
                        f"{shown}{'%' if assumption.is_share else ''} when empty ({assumption.letter}).",
                        f"{shown}{SPACED if assumption.is_share else ''} si vide ({assumption.letter}).",
                    )
                ),
            )

    @property
    def is_used(self) -> bool:
        """Whether something is written in it, or is wrong."""
        shown = (field.value() for field in self.visible_fields())
        return bool(self.is_bound and self.errors) or any(value not in (None, "") for value in shown)

    def list_assumptions(self) -> list[forms.BoundField]:
        """Return the fields of the assumptions, in their order."""
        return [self[name] for name in plans.ASSUMPTIONS]

    def clean_subsidies(self) -> list[str]:
        """Return the subsidies by year."""
        field = DecimalField(required=False)
        parts = [part for part in self.cleaned_data["subsidies"].split(";") if part.strip()]
        return [str(field.clean(part)) for part in parts]

    def build_business(self) -> dict[str, Any]:
        """Return the business plan as it is stored; nothing without desks."""
        given = self.cleaned_data
        if not given["desks"]:
            return {}
        return {
            "desks": given["desks"],
            "yearly_cost": str(given["yearly_cost"] or 0),
            "other_income": str(given["other_income"] or 0),
            "years": given["years"] or 5,
            "subsidies": given["subsidies"],
            "coefficients": {name: float(given[name]) for name in plans.ASSUMPTIONS if given[name] is not None},
        }


class ExpenseForm(forms.Form):
    """One expense."""

    label = forms.CharField(label=build_label("Expense", "Dépense"), max_length=160, validators=[_no_null])
    nature = forms.ChoiceField(
        label=build_label("Nature", "Nature"), choices=build_choices(NATURE_NAMES), initial="works"
    )
    year = forms.IntegerField(label=build_label("Year", "Année"), min_value=2000, max_value=2100)
    quarter = forms.ChoiceField(
        label=build_label("Quarter", "Trimestre"),
        choices=[(str(n), build_label(f"Q{n}", f"T{n}")) for n in range(1, 5)],
        initial="1",
    )
    amount = DecimalField(label=build_label("Amount excl. tax, EUR", "Montant HT, €"))

    def build_fields(self) -> dict[str, Any]:
        """Return the fields of the expense."""
        given = self.cleaned_data
        start = date(given["year"], 3 * int(given["quarter"]) - 2, 1)
        return {"label": given["label"], "nature": given["nature"], "quarter": start, "amount": given["amount"]}


class SourceForm(forms.Form):
    """One source of money."""

    kind = forms.ChoiceField(
        label=build_label("Origin", "Origine"),
        choices=[(key, say_later(text)) for key, (text, _) in SOURCE_KINDS.items()],
        initial="own",
    )
    name = forms.CharField(label=build_label("Name", "Intitulé"), max_length=160, required=False, validators=[_no_null])
    asked = DecimalField(label=build_label("Asked, EUR", "Demandé, €"))
    answer = forms.ChoiceField(
        label=build_label("Answer", "Réponse"), choices=build_choices(ANSWER_NAMES), initial="planned"
    )
    obtained = DecimalField(label=build_label("Obtained, EUR", "Obtenu, €"), required=False)
    rate_max = DecimalField(label=build_label("Highest rate, %", "Taux maximal, %"), percent=True, required=False)
    ceiling = DecimalField(label=build_label("Ceiling, EUR", "Plafond, €"), required=False)
    investment_only = forms.BooleanField(label=build_label("Investment only", "Investissement seul"), required=False)
    payments = PaymentsField(
        label=build_label("Payments by quarter", "Versements par trimestre"),
        required=False,
        widget=forms.TextInput(
            attrs={
                "placeholder": build_label("Q2 2027: 30; Q1 2028: 70", "T2 2027 : 30 ; T1 2028 : 70"),
                "autocomplete": "off",
            }
        ),
    )
    programme = forms.UUIDField(required=False, widget=forms.HiddenInput)

    @property
    def has_limits(self) -> bool:
        """Whether its rate, ceiling or payments are written, or wrong."""
        names = ("rate_max", "ceiling", "investment_only", "payments")
        wrong = self.is_bound and any(name in self.errors for name in names)
        return wrong or any(self[name].value() not in (None, "", False, []) for name in names)

    def clean(self) -> dict[str, Any]:
        """Check the amounts together.

        Raises
        ------
        ValidationError
            If more was obtained than asked, or nothing is said of what was obtained.
        """
        given = self.cleaned_data
        if given.get("answer") == "obtained":
            if given.get("obtained") is None:
                self.add_error(
                    "obtained",
                    say(Text("How much was obtained? Give the amount.", "Obtenu, mais combien ? Donnez-le.")),
                )
            elif given.get("asked") is not None and given["obtained"] > given["asked"]:
                self.add_error(
                    "obtained",
                    say(Text("More than what was asked: correct one.", "Plus que le montant demandé : corrigez.")),
                )
        if given.get("rate_max") == 0:
            self.add_error("rate_max", say(Text("Leave it empty for none.", "Laissez vide s'il n'y en a pas.")))
        return given

    def build_fields(self) -> dict[str, Any]:
        """Return the fields of the source; without a name it takes that of its origin."""
        given = dict(self.cleaned_data)
        programme = given.pop("programme")
        given["name"] = given["name"].strip() or say(SOURCE_KINDS[given["kind"]][0])
        given["obtained"] = given["obtained"] if given["answer"] == "obtained" else Decimal(0)
        # One of another organisation is not in the scope: it is not kept.
        given["programme"] = Programme.objects.filter(pk=programme).first() if programme else None
        return given


class Rows(forms.BaseFormSet[Any]):
    """Lines of a project; an empty one is left out."""

    def list_fields(self) -> list[dict[str, Any]]:
        """Return the fields of the lines that were filled."""
        return [form.build_fields() for form in self.forms if form.has_changed()]


ExpenseRows = forms.formset_factory(ExpenseForm, formset=Rows, extra=0, max_num=60, absolute_max=100)
SourceRows = forms.formset_factory(SourceForm, formset=Rows, extra=0, max_num=60, absolute_max=100)


def build_expense_row(row: Expense) -> dict[str, Any]:
    """Return an expense as its form shows it."""
    day = row.quarter
    quarter = str((day.month + 2) // 3)
    return {"label": row.label, "nature": row.nature, "year": day.year, "quarter": quarter, "amount": row.amount}


def build_source_row(row: Source) -> dict[str, Any]:
    """Return a source as its form shows it."""
    columns = ("kind", "name", "asked", "answer", "rate_max", "ceiling", "investment_only", "payments")
    shown = {column: getattr(row, column) for column in columns}
    return {**shown, "obtained": row.obtained if row.answer == "obtained" else None, "programme": row.programme_id}


def change_rows(data: QueryDict) -> QueryDict:
    """Return what was typed with one line more or less, as its button asks: "add-expenses", "remove-sources-2"."""
    changed = data.copy()
    wanted = re.fullmatch(r"(add|remove)-(expenses|sources)(?:-([0-9]{1,3}))?", data.get("action", ""))
    if wanted is None:
        return changed
    prefix = wanted[2]
    total = changed.get(f"{prefix}-TOTAL_FORMS", "0")
    count = min(int(total), 100) if total.isdecimal() and len(total) < 5 else 0
    if wanted[1] == "add":
        changed[f"{prefix}-TOTAL_FORMS"] = str(count + 1)
        return changed
    removed = int(wanted[3] or count)
    if removed >= count:
        return changed
    for name in [name for name in changed if re.match(rf"{prefix}-[0-9]+-", name)]:
        number = int(name.split("-")[1])
        values = changed.pop(name)
        if number != removed and number <= count:
            rest = name.split("-", 2)[2]
            data_number = number - 1 if number > removed else number
            changed.setlist(f"{prefix}-{data_number}-{rest}", values)
    changed[f"{prefix}-TOTAL_FORMS"] = str(count - 1)
    return changed
