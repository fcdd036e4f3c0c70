"""What a user asks for: the content of a study file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

Objective = Literal["km", "hours", "co2", "value"]
PresetName = Literal["observed", "central", "ambition"]


class CoefficientOverride(BaseModel):
    """A coefficient that a study replaces, with its own interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    low: float
    value: float
    high: float


class Floor(BaseModel):
    """A least share of a sub-territory that the network must serve.

    Attributes
    ----------
    name : of the sub-territory, for readers.
    communes : codes or names of communes of the study area, or codes of EPCI of a study over several of them.
    share : of the workers of these communes who could use a place, 0..1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1)]
    communes: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    share: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class StudySettings(BaseModel):
    """The settings of a study, as written in a study file (TOML) or given on the command line.

    Attributes
    ----------
    epci : codes of the studied EPCI (SIREN).
    budget : upper bound of the net public cost [EUR/year]; places : upper bound of the number of places, existing
        ones included. At least one of them.
    objective : what the network maximises: kilometres avoided, hours saved, CO2 avoided, or social value in euros.
    preset : named set of coefficients; parameters : coefficients replaced on top of it.
    keep, exclude : communes that must have a place, or must not.
    floors : least shares to serve by sub-territory; a commune is in one of them at most, and names are told apart.
    keep_existing : existing places found in the data stay open (outside the budget).
    draws, seed : simulations of the uncertain coefficients.
    epsilon : alternatives lose at most this share of the best value; alternatives : how many are looked for.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epci: tuple[Annotated[str, Field(min_length=1)], ...] = Field(min_length=1)
    budget: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    places: Annotated[int, Field(ge=1)] | None = None
    objective: Objective = "co2"
    preset: PresetName = "central"
    parameters: dict[str, float | CoefficientOverride] = {}
    keep: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    floors: tuple[Floor, ...] = ()
    keep_existing: bool = True
    draws: Annotated[int, Field(ge=0, le=100_000)] = 1000
    seed: Annotated[int, Field(ge=0)] = 1
    epsilon: Annotated[float, Field(gt=0, lt=1)] = 0.02
    alternatives: Annotated[int, Field(ge=0, le=20)] = 3

    @field_validator("floors")
    @classmethod
    def _check_names(cls, floors: tuple[Floor, ...]) -> tuple[Floor, ...]:
        names = [floor.name.casefold() for floor in floors]
        if len(set(names)) < len(names):
            raise PydanticCustomError("same_name", "two floors have the same name")
        return floors

    @model_validator(mode="after")
    def _check_limit(self) -> StudySettings:
        if self.budget is None and self.places is None:
            raise ValueError("give a budget (EUR per year), a number of places, or both")
        return self
