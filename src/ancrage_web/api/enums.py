"""What a token of the API may do."""

from __future__ import annotations

from django.db import models

from ancrage.language import Text


class Scope(models.TextChoices):
    """One right of a token; none includes another."""

    STUDIES_READ = "studies:read"
    STUDIES_WRITE = "studies:write"
    RUNS_WRITE = "runs:write"


SCOPE_NAMES: dict[str, Text] = {
    Scope.STUDIES_READ: Text(
        "Read studies, scenarios, results and their files", "Lire les études, les scénarios, les résultats et fichiers"
    ),
    Scope.STUDIES_WRITE: Text(
        "Create and change studies, scenarios and comments",
        "Créer et modifier les études, les scénarios et les commentaires",
    ),
    Scope.RUNS_WRITE: Text("Ask for and cancel computations", "Demander et annuler des calculs"),
}
