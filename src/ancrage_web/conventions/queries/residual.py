"""Reading of what a convention has left, and of what could be paid with it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from ancrage.conventions import residual
from ancrage.conventions.ledger import Balance
from ancrage.language import Text
from ancrage_web.conventions.models import Basin, Candidate, Convention

OVER = Text(
    "The convention is over: it would have to be extended first.",
    "La convention est arrivée à son terme : il faudrait d'abord la prolonger.",
)
OUTSIDE = Text("Outside the employment basins of the convention.", "Hors des bassins d'emploi de la convention.")


def list_candidates(convention: Convention) -> QuerySet[Candidate]:
    """Return the candidates of a convention, the first added first."""
    return Candidate.objects.filter(convention=convention).order_by("created_at", "pk")


def get_candidate(convention: Convention, key: UUID) -> Candidate:
    """Return a candidate of a convention.

    Raises
    ------
    Http404
        If it is not one of the convention.
    """
    candidate = list_candidates(convention).filter(pk=key).first()
    if candidate is None:
        raise Http404
    return candidate


def list_basin_communes(convention: Convention) -> set[str]:
    """Return the codes of the communes of all basins of a convention."""
    return {
        code
        for codes in Basin.objects.filter(convention=convention).values_list("communes", flat=True)
        for code in codes
    }


def build_proposal(
    convention: Convention, balance: Balance, candidates: list[Candidate], unit: str, on: date
) -> residual.Proposal:
    """Propose what the money left could pay, among the candidates valued in one unit.

    Those outside the basins are refused, as are all of them once the convention is over.
    """
    basins = list_basin_communes(convention)
    over = convention.ends_on is not None and on > convention.ends_on
    return residual.propose_uses(
        balance,
        [
            residual.Candidate(
                key=str(candidate.pk),
                name=candidate.name,
                cost=candidate.cost,
                value=candidate.value,
                unit=candidate.unit,
                ready_by=candidate.ready_by,
                refused=OVER if over else (OUTSIDE if _is_outside(candidate, basins) else None),
            )
            for candidate in candidates
            if candidate.unit == unit
        ],
        convention.ends_on,
    )


def _is_outside(candidate: Candidate, basins: set[str]) -> bool:
    # Nothing is refused for its place while no basin is written down, or the place is not said.
    return bool(basins and candidate.commune) and candidate.commune not in basins
