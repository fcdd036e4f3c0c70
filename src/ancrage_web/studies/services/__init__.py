"""Everything that can be done to studies: each function checks the right, writes in one transaction and is traced."""

from ancrage_web.studies.rules import Change, ConflictError, SettingsError
from ancrage_web.studies.services.comments import add_comment, delete_comment
from ancrage_web.studies.services.hand_overs import (
    accept_hand_over,
    decline_hand_over,
    offer_study,
    withdraw_hand_over,
)
from ancrage_web.studies.services.runs import ask_run, cancel_run, mark_interrupted
from ancrage_web.studies.services.scenarios import (
    create_scenario,
    delete_scenario,
    duplicate_scenario,
    save_scenario,
    suggest_settings,
)
from ancrage_web.studies.services.sharing import open_share, revoke_share, share_study
from ancrage_web.studies.services.studies import (
    archive_study,
    change_study,
    check_freshness,
    create_study,
    delete_study,
    duplicate_study,
    restore_study,
)

__all__ = [
    "Change",
    "ConflictError",
    "SettingsError",
    "accept_hand_over",
    "add_comment",
    "archive_study",
    "ask_run",
    "cancel_run",
    "change_study",
    "check_freshness",
    "create_scenario",
    "create_study",
    "decline_hand_over",
    "delete_comment",
    "delete_scenario",
    "delete_study",
    "duplicate_scenario",
    "duplicate_study",
    "mark_interrupted",
    "offer_study",
    "open_share",
    "restore_study",
    "revoke_share",
    "save_scenario",
    "share_study",
    "suggest_settings",
    "withdraw_hand_over",
]
