"""The largest form that a person can send."""

from __future__ import annotations

from django.conf import settings

from ancrage_web.studies.forms_coefficients import BOUNDS, list_study_coefficients
from ancrage_web.studies.forms_communes import MOST_FLOORS
from ancrage_web.studies.rules import MOST_EPCI

# Communes of the largest EPCI of the country (CA du Pays Basque).
_LARGEST = 158


def test_form_of_a_scenario_on_the_largest_territory_is_read_whole() -> None:
    communes = MOST_EPCI * _LARGEST
    fields = communes * (1 + MOST_FLOORS) + len(list_study_coefficients()) * len(BOUNDS) + 50
    assert fields < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    # A name, a code and the signs between: the body stays under its own limit.
    assert fields * len("floor-0-communes=64102&") < settings.DATA_UPLOAD_MAX_MEMORY_SIZE
