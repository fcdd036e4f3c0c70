"""What follows from events of accounts."""

from __future__ import annotations

from typing import Any

from allauth.account.signals import user_signed_up
from django.contrib import messages
from django.dispatch import receiver
from django.http import HttpRequest

from ancrage.language import Text
from ancrage_web.accounts.adapters import INVITATION_KEY, find_followed_invitation
from ancrage_web.accounts.invitations import accept_invitation, is_for
from ancrage_web.accounts.models import User
from ancrage_web.design.words import say


@receiver(user_signed_up)
def join_after_signup(request: HttpRequest, user: User, **_details: Any) -> None:
    """Make someone who signed up from an invitation a member, if the address is the invited one."""
    invitation = find_followed_invitation(request)
    if invitation is None or not is_for(invitation, user):
        return
    organisation = accept_invitation(request.session.pop(INVITATION_KEY), user)
    text = Text(f"Welcome: you are now a member of {organisation}.", f"Bienvenue : vous êtes membre de {organisation}.")
    messages.success(request, say(text))
