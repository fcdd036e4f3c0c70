"""Kinds of organisations and roles of their members."""

from __future__ import annotations

from django.db import models

from ancrage.language import Text


class Kind(models.TextChoices):
    """What an organisation is."""

    EPCI = "epci"
    CONSULTANCY = "consultancy"
    OPERATOR = "operator"
    COMPANY = "company"
    STATE = "state"


class Role(models.TextChoices):
    """What a member may do; each role holds the rights of those before it."""

    READER = "reader"
    EDITOR = "editor"
    ADMINISTRATOR = "administrator"

    def allows(self, needed: Role) -> bool:
        """Say whether this role holds the rights of `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


KIND_NAMES: dict[str, Text] = {
    Kind.EPCI: Text("Intercommunality (EPCI)", "Intercommunalité (EPCI)"),
    Kind.CONSULTANCY: Text("Consultancy", "Cabinet de conseil"),
    Kind.OPERATOR: Text("Operator of places", "Exploitant de lieux"),
    Kind.COMPANY: Text("Company", "Entreprise"),
    Kind.STATE: Text("State service", "Service de l'État"),
}
ROLE_NAMES: dict[str, Text] = {
    Role.READER: Text("Reader", "Lecteur"),
    Role.EDITOR: Text("Editor", "Éditeur"),
    Role.ADMINISTRATOR: Text("Administrator", "Administrateur"),
}
