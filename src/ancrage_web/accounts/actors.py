"""Who acts, for which organisation, with which rights: the first argument of every service."""

from __future__ import annotations

from dataclasses import dataclass

from ancrage.errors import AncrageError
from ancrage_web.accounts.enums import ROLE_NAMES, Role
from ancrage_web.accounts.models import Organisation, User


class ForbiddenError(AncrageError):
    """The person is a member, but without the right to do this."""


@dataclass(frozen=True)
class Actor:
    """Someone, or a token, acting for an organisation.

    Attributes
    ----------
    user : None for a token of the API; token : its identifier, empty for a person.
    """

    organisation: Organisation
    role: Role
    user: User | None = None
    token: str = ""

    def require(self, needed: Role) -> None:
        """Refuse what the role does not allow.

        Raises
        ------
        ForbiddenError
            Says which role is needed.
        """
        if not self.role.allows(needed):
            names = ROLE_NAMES[needed]
            raise ForbiddenError(
                f"Your role does not allow this: ask an administrator of {self.organisation} for the role "
                f"'{names.en}'.",
                f"Votre rôle ne le permet pas : demandez à un administrateur de {self.organisation} le rôle "
                f"« {names.fr} ».",
            )
