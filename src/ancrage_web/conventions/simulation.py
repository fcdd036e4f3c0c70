"""What a number of jobs costs: floor, three and four minimum wages, payment without a convention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ancrage.conventions import obligation
from ancrage.conventions.model import Line
from ancrage.language import Text
from ancrage.parameters import Parameters


@dataclass(frozen=True)
class Simulation:
    """The amounts for a number of jobs at a day of reference [EUR].

    Attributes
    ----------
    lines : of the computation of the floor; floor : twice the minimum wage per job; triple, quadruple : three and four
        times; default : without a convention or agreement, to the Treasury.
    """

    jobs: int
    reference: date
    lines: tuple[Line, ...]
    floor: Decimal
    triple: Decimal
    quadruple: Decimal
    default: Decimal

    @property
    def amounts(self) -> tuple[tuple[Text, Decimal], ...]:
        """Return the amounts with their names."""
        return (
            (Text("Floor (2 times)", "Minimum (2 fois)"), self.floor),
            (Text("3 times", "3 fois"), self.triple),
            (Text("4 times (highest in practice)", "4 fois (haut de la pratique)"), self.quadruple),
            (Text("Without a convention (R9)", "Faute de convention (R9)"), self.default),
        )


def compute_simulation(jobs: int, reference: date, parameters: Parameters) -> Simulation:
    """Return what `jobs` removed cost.

    Raises
    ------
    ParameterError
        If no minimum wage is known for the day.
    """
    floor = obligation.compute_floor(jobs, reference, parameters)
    default = obligation.compute_default_payment(jobs, reference, parameters)
    assert isinstance(floor.value, Decimal)
    assert isinstance(default.value, Decimal)
    return Simulation(
        jobs,
        reference,
        floor.lines,
        floor.value,
        obligation.compute_multiple_amount(jobs, Decimal(3), reference, parameters),
        obligation.compute_multiple_amount(jobs, Decimal(4), reference, parameters),
        default.value,
    )
