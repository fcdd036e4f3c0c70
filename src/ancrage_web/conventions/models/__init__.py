"""Models of the conventions, one module per part of their life."""

from ancrage_web.conventions.models.agreement import (
    Amendment,
    Basin,
    Convention,
    Document,
    Partner,
    Party,
    Remark,
    StatusChange,
)
from ancrage_web.conventions.models.aid import Beneficiary, CallLink, DeclaredAid, Request
from ancrage_web.conventions.models.follow_up import (
    CalendarLink,
    Candidate,
    Committee,
    CommitteeFile,
    Decision,
    EngineeringDays,
    ImportDraft,
    Job,
    ReminderSent,
    ReminderSubscription,
)
from ancrage_web.conventions.models.money import Account, Action, Entry, Funder

__all__ = [
    "Account",
    "Action",
    "Amendment",
    "Basin",
    "Beneficiary",
    "CalendarLink",
    "CallLink",
    "Candidate",
    "Committee",
    "CommitteeFile",
    "Convention",
    "Decision",
    "DeclaredAid",
    "Document",
    "EngineeringDays",
    "Entry",
    "Funder",
    "ImportDraft",
    "Job",
    "Partner",
    "Party",
    "Remark",
    "ReminderSent",
    "ReminderSubscription",
    "Request",
    "StatusChange",
]
