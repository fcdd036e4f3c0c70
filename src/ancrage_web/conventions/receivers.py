"""What follows from events of accounts."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django_scopes import scopes_disabled

from ancrage_web.accounts.models import Membership
from ancrage_web.conventions.models import CalendarLink, ReminderSubscription


@receiver(post_delete, sender=Membership)
def forget_former_member(instance: Membership, **_details: Any) -> None:
    """Forget the feed and the reminders of someone who left an organisation, or who is being erased."""
    # Reminders may be of conventions of other organisations, opened to the one that is left.
    with scopes_disabled():
        CalendarLink.objects.filter(organisation_id=instance.organisation_id, user_id=instance.user_id).delete()
        left = list(Membership.objects.filter(user_id=instance.user_id).values_list("organisation_id", flat=True))
        seen = Q(convention__organisation__in=left) | Q(convention__partners__organisation__in=left)
        kept = ReminderSubscription.objects.filter(seen, user_id=instance.user_id).values_list("pk", flat=True)
        ReminderSubscription.objects.filter(user_id=instance.user_id).exclude(pk__in=list(kept)).delete()
