"""Fields of forms for amounts, days and whole numbers, as people type them in France."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from ancrage.language import Text
from ancrage_web.design.words import get_site_language, say, say_later


def build_label(en: str, fr: str) -> Any:
    """Return a label that is written when the page is made, in its language."""
    return say_later(Text(en, fr))


def read_decimal(text: str) -> Decimal | None:
    """Return the number that someone typed ("1 234,50", "1234.5"), or None where it is none."""
    compact = re.sub(r"[\s\u00a0\u202f€]", "", text).replace("−", "-")
    if compact.count(",") == 1 and "." not in compact:
        compact = compact.replace(",", ".")
    # Digits as people type them: Decimal also reads "1e3", "1_000", "NaN" and the digits of other scripts.
    return Decimal(compact) if re.fullmatch(r"-?(?:[0-9]{1,20}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})", compact) else None


class AmountField(forms.Field):
    """A decimal number, zero or more, with at most `decimals` decimals; empty is None."""

    def __init__(self, *, decimals: int = 2, digits: int = 12, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 14}))
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.decimals, self.digits = decimals, digits

    def prepare_value(self, value: Any) -> Any:
        """Return what the field shows."""
        if not isinstance(value, Decimal):
            return value
        written = f"{value:f}"
        if "." in written:
            written = written.rstrip("0").rstrip(".") if self.decimals != 2 else f"{value:.2f}"
        return written.replace(".", ",") if get_site_language() == "fr" else written

    def to_python(self, value: Any) -> Decimal | None:
        """Return the number typed.

        Raises
        ------
        ValidationError
            Says what was typed and what to type.
        """
        if value in self.empty_values:
            return None
        number = value if isinstance(value, Decimal) else read_decimal(str(value))
        if number is None or number < 0 or number >= 10**self.digits or number != round(number, self.decimals):
            raise forms.ValidationError(
                say(
                    Text(
                        f"“{value}” is not an amount: type digits, {self.decimals} decimals at most, zero or more.",
                        f"« {value} » n'est pas un montant : écrivez des chiffres, avec au plus {self.decimals} "
                        "décimales, zéro ou plus.",
                    )
                )
            )
        return round(number, self.decimals)


class CountField(forms.Field):
    """A whole number, zero or more; empty is `empty`."""

    def __init__(self, *, empty: int | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 8}))
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)
        self.empty = empty

    def to_python(self, value: Any) -> int | None:
        """Return the number typed.

        Raises
        ------
        ValidationError
            Says what was typed and what to type.
        """
        if value in self.empty_values:
            return self.empty
        compact = re.sub(r"[\s\u00a0\u202f]", "", str(value))
        if not re.fullmatch("[0-9]{1,7}", compact):
            raise forms.ValidationError(
                say(
                    Text(
                        f"“{value}” is not a number of people: type a whole number, zero or more.",
                        f"« {value} » n'est pas un nombre : écrivez un nombre entier, zéro ou plus.",
                    )
                )
            )
        return int(compact)


class DayField(forms.DateField):
    """A day, chosen in the calendar of the browser or typed as 31/12/2026."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
        kwargs.setdefault("input_formats", ["%Y-%m-%d", "%d/%m/%Y"])
        kwargs.setdefault("required", False)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        """Return the day.

        Raises
        ------
        ValidationError
            Says what was typed and what to type.
        """
        try:
            day = super().to_python(value)
        except forms.ValidationError as error:
            raise forms.ValidationError(
                say(
                    Text(
                        f"“{value}” is not a day: write it as 31/12/2026.",
                        f"« {value} » n'est pas une date : écrivez-la comme 31/12/2026.",
                    )
                )
            ) from error
        if day is not None and not 1950 <= day.year <= 2100:
            raise forms.ValidationError(
                say(
                    Text(
                        f"The year {day.year} cannot be right: check the day.",
                        f"L'année {day.year} ne peut pas être juste : vérifiez la date.",
                    )
                )
            )
        return day
