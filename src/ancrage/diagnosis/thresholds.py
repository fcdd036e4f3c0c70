"""Every threshold of the diagnosis, in one place (docs/method/diagnosis.md gives the reason of each)."""

from __future__ import annotations

# Comparison group: fewer values than this and the group is widened; at the widest, no rank is given.
MIN_GROUP = 10

# Flows speak for an EPCI when they hold this share of its expected employed residents. Expected: the census
# count of its communes of 2,000 inhabitants or more, and for the others this many per inhabitant (assumption,
# deliberately below the ratio of any ordinary commune, so that only extracts made for elsewhere are set aside).
FLOW_COVERED_SHARE = 0.60
EMPLOYED_PER_INHABITANT = 0.30
# Below this coverage a warning goes beside the figures (method, section 1).
COVERAGE_WARNING = 0.90
# INSEE advises caution with census flows below this many workers: they are summed, never shown alone.
MIN_CELL_WORKERS = 200.0
# An EPCI is at the edge of a flow file when communes this near [km] are neither homes nor work places in it.
EDGE_KM = 10.0
# ... unless at least this share of its residents works in EPCI without flows: the file then crosses its border.
EDGE_OPEN_SHARE = 0.01

LONG_COMMUTE_KM = 20.0
LONG_COMMUTE_MINUTES = 30.0

# A jump of population beyond this share from one year to the next, in both senses a change of perimeter.
PERIMETER_JUMP = 0.25
PERIMETER_JUMP_PEOPLE = 50

# Typology (assumptions of this project, stated with the figures beside them).
DORMITORY_MAX_CONCENTRATION = 70.0  # jobs per 100 employed residents
DORMITORY_MIN_OUT_COMMUTING = 50.0  # % of employed residents
INDUSTRIAL_MIN_WORKERS = 30.0  # % of the active population in class 6 (workers)
INDUSTRIAL_MIN_COVERAGE = 0.50  # of the population, for the share of workers to count
INDUSTRIAL_MIN_LABEL = 50.0  # % of the population in a Territoire d'industrie
ISOLATED_MIN_OUTSIDE = 50.0  # % of the population outside the attraction area of any town
