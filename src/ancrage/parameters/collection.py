"""The parameters in force: bundled values, a preset, then what the user changed."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from numbers import Real
from typing import TYPE_CHECKING, TypeAlias

from ancrage.errors import ParameterError
from ancrage.language import Text
from ancrage.parameters.model import Coefficient, Override, Preset, check_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Given: TypeAlias = float | Sequence[float]

USER_SOURCE = Text("value given by the user", "valeur donnée par l'utilisateur")


@dataclass(frozen=True, eq=False)
class Parameters:
    """An immutable set of parameters; `with_preset` and `with_overrides` return another one.

    The order of the two calls does not matter: what the user gives wins over the preset, which wins over the
    bundled value. The bundled values are those of the preset "observed".
    """

    _bundled: Mapping[str, tuple[Coefficient, ...]]
    _presets: Mapping[str, Preset]
    preset: str = "observed"
    _given: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    _topics: Mapping[str, Text] = field(default_factory=dict)

    def names(self) -> tuple[str, ...]:
        """Return the names of all parameters, in the order of the files."""
        return tuple(self._bundled)

    def get(self, name: str, on: date | None = None) -> Coefficient:
        """Return the value of `name`, on a date where it is dated.

        Parameters
        ----------
        on : day for which the value is wanted. An undated parameter holds on any day; a parameter with
            several periods, or whose only period is closed, needs it.

        Raises
        ------
        ParameterError
            If the name is unknown, if the date is missing, or if it lies outside the known periods: the
            nearest value is never used in its place.
        """
        periods = self.list_periods(name)
        if on is None:
            if len(periods) == 1 and periods[0].until is None:
                return periods[0]
            raise ParameterError(
                f"'{name}' changes with time ({_describe_span(periods, 'en')}): a date is needed. Say which "
                "day's value is wanted.",
                f"« {name} » change avec le temps ({_describe_span(periods, 'fr')}) : il faut une date. "
                "Indiquer le jour dont la valeur est voulue.",
            )
        day = on.date() if isinstance(on, datetime) else on
        for period in periods:
            if (period.since is None or period.since <= day) and (period.until is None or day <= period.until):
                return period
        raise ParameterError(
            f"No value of '{name}' is known on {on:%Y-%m-%d} ({_describe_span(periods, 'en')}), and the nearest one "
            "is never used in its place. Choose a day within the known periods, or add the official value "
            "with its source.",
            f"Aucune valeur de « {name} » n'est connue au {on:%Y-%m-%d} ({_describe_span(periods, 'fr')}), et la "
            "plus proche n'est jamais prise à la place. Choisir un jour dans les périodes connues, ou "
            "ajouter la valeur officielle avec sa source.",
        )

    def list_periods(self, name: str) -> tuple[Coefficient, ...]:
        """Return every known period of a parameter, oldest first; a single value where it is undated.

        Raises
        ------
        ParameterError
            If the name is unknown; the nearest names are offered.
        """
        periods = self._bundled.get(name)
        if periods is None:
            raise _build_unknown(name, self._bundled, Text("parameter", "paramètre"))
        if name in self._given:
            low, value, high = self._given[name]
            base = self._get_default(name)
            return (
                replace(
                    base,
                    value=value,
                    low=low,
                    high=high,
                    letter="A",
                    source=USER_SOURCE.en,
                    source_fr=USER_SOURCE.fr,
                    note=f"replaces {_describe_value(base)} [{base.letter}]: {base.render_source('en')}",
                    note_fr=f"remplace {_describe_value(base)} [{base.letter}] : {base.render_source('fr')}",
                    verified_on=None,
                    overridden=True,
                ),
            )
        return (self._get_default(name),) if len(periods) == 1 else periods

    def list(self, on: date | None = None) -> tuple[Coefficient, ...]:
        """Return the coefficients in the order of the files.

        Without a date, a dated parameter gives one coefficient per known period. With one, it gives the value
        of that day, and is left out when that day is outside its known periods (`get` is the strict question).
        """
        found: tuple[Coefficient, ...] = ()
        for name in self._bundled:
            found += tuple(period for period in self.list_periods(name) if on is None or _contains(period, on))
        return found

    def list_topics(self) -> dict[str, Text]:
        """Return the label of each topic (a file of values) by the name that coefficients carry."""
        return dict(self._topics)

    def list_presets(self) -> dict[str, Preset]:
        """Return the presets by name, each with its label, its note and its coefficients."""
        return {name: Preset(preset.label, preset.note, dict(preset.values)) for name, preset in self._presets.items()}

    def with_preset(self, name: str) -> Parameters:
        """Return these parameters under another preset; what the user gave stays.

        Raises
        ------
        ParameterError
            If the preset is unknown.
        """
        if name not in self._presets:
            raise _build_unknown(name, self._presets, Text("preset", "préréglage"))
        return replace(self, preset=name)

    def with_overrides(self, values: Mapping[str, Given]) -> Parameters:
        """Return these parameters with values given by the user, added to those given before.

        Parameters
        ----------
        values : by name, a number (fixed: low = central = high) or a triple low, central, high, in the unit of
            the parameter.

        Raises
        ------
        ParameterError
            If a name is unknown, if a value is not a number, not finite, out of order or impossible in its
            unit, or if the parameter is dated (its values are law, not choices).
        """
        given = dict(self._given)
        for name, value in values.items():
            if name not in self._bundled:
                raise _build_unknown(name, self._bundled, Text("parameter", "paramètre"))
            if len(self._bundled[name]) > 1 or self._bundled[name][0].since is not None:
                raise ParameterError(
                    f"'{name}' is a dated value and cannot be replaced by one number. Remove it from the "
                    "values given; if an official value is missing, add it to the parameters with its date "
                    "and source.",
                    f"« {name} » est une valeur datée et ne peut pas être remplacée par un seul nombre. La "
                    "retirer des valeurs données ; s'il manque une valeur officielle, l'ajouter aux "
                    "paramètres avec sa date et sa source.",
                )
            low, central, high = _read_given(name, value)
            base = self._bundled[name][0]
            where = Text(f"Value given for '{name}'", f"Valeur donnée à « {name} »")
            check_interval(where, base.unit, central, low, high, positive=base.positive)
            given[name] = (low, central, high)
        return replace(self, _given=given)

    @property
    def overrides(self) -> tuple[Override, ...]:
        """Return what the user gave, in the order of the files, beside what the preset would have given."""
        return tuple(
            Override(
                name=name,
                unit=self._bundled[name][0].unit,
                default=self._get_default(name).value,
                value=self._given[name][1],
                low=self._given[name][0],
                high=self._given[name][2],
            )
            for name in self._bundled
            if name in self._given
        )

    def draw(self, names: Iterable[str], count: int, seed: int) -> dict[str, NDArray[np.float64]]:
        """Draw values from the triangular law on low, central (its mode), high.

        Each name has its own stream, derived from the seed and the name alone: asking for one more name, or for
        more draws, never changes the values already drawn. Names are drawn independently of each other. A
        coefficient without an interval, or whose interval is a point, gives a constant.

        Parameters
        ----------
        names : undated coefficients.
        count : number of draws, at least 1.
        seed : any integer >= 0.

        Returns
        -------
        dict of (count,) arrays, in the unit of each coefficient.

        Raises
        ------
        ParameterError
            If a name is unknown or dated, or if count or seed is too small.
        """
        if count < 1 or seed < 0:
            raise ParameterError(
                f"{count} draws with seed {seed} cannot be made. Ask for at least 1 draw, with a seed of 0 or more.",
                f"{count} tirages avec la graine {seed} sont impossibles. Demander au moins 1 tirage, avec "
                "une graine positive ou nulle.",
            )
        # Only simulations need NumPy: those who read values do without.
        import numpy as np

        drawn: dict[str, NDArray[np.float64]] = {}
        for name in names:
            coefficient = self.get(name)
            low, high = coefficient.low, coefficient.high
            if low is None or high is None or low == high:
                drawn[name] = np.full(count, coefficient.value)
                continue
            # hash() changes from one run to the next; a digest does not.
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
            generator = np.random.default_rng(np.random.SeedSequence([seed, key]))
            drawn[name] = generator.triangular(low, coefficient.value, high, count)
        return drawn

    def _get_default(self, name: str) -> Coefficient:
        """Return the value of an undated parameter before any change by the user."""
        return self._presets[self.preset].values.get(name, self._bundled[name][0])


def _build_unknown(name: str, known: Iterable[str], kind: Text) -> ParameterError:
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5) or (names if len(names) < 6 else [])
    if near:
        offer = ", ".join(near)
        return ParameterError(
            f"Unknown {kind.en} '{name}'. Did you mean: {offer}?",
            f"{kind.fr.capitalize()} « {name} » inconnu. Vouliez-vous dire : {offer} ?",
        )
    return ParameterError(
        f"Unknown {kind.en} '{name}'. 'ancrage parameters list' gives all the names.",
        f"{kind.fr.capitalize()} « {name} » inconnu. « ancrage parameters list » donne tous les noms.",
    )


def _read_given(name: str, value: object) -> tuple[float, float, float]:
    """Return low, central and high from what the user gave."""
    listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value] * 3
    # bool is an int in Python, yet "true" is no quantity.
    numbers = [float(item) for item in listed if not isinstance(item, bool) and isinstance(item, Real)]
    if len(listed) != 3 or len(numbers) != 3:
        raise ParameterError(
            f"Value given for '{name}': {value!r} is neither a number nor three numbers. Give one number, "
            "or low, central and high.",
            f"Valeur donnée à « {name} » : {value!r} n'est ni un nombre ni trois nombres. Donner un nombre, "
            "ou bas, central et haut.",
        )
    return numbers[0], numbers[1], numbers[2]


def _contains(period: Coefficient, day: date) -> bool:
    """Tell whether a day lies in a period."""
    moment = day.date() if isinstance(day, datetime) else day
    return (period.since is None or period.since <= moment) and (period.until is None or moment <= period.until)


def _describe_value(coefficient: Coefficient) -> str:
    if coefficient.low is None or coefficient.high is None:
        return f"{coefficient.value:.10g}"
    return f"{coefficient.value:.10g} ({coefficient.low:.10g} - {coefficient.high:.10g})"


def _describe_span(periods: tuple[Coefficient, ...], language: str) -> str:
    first, last = periods[0].since, periods[-1].until
    if language == "fr":
        return f"connu du {first or '...'} au {last}" if last else f"connu depuis le {first}"
    return f"known from {first or '...'} to {last}" if last else f"known since {first}"
