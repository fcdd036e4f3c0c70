"""Addresses of actions, funders, the ledger and the documents."""

from __future__ import annotations

from django.urls import path

from ancrage_web.conventions.views import actions, documents, ledger

_ONE = "<uuid:convention>/"
_ACTIONS, _LEDGER, _DOCUMENTS = f"{_ONE}actions/", f"{_ONE}registre/", f"{_ONE}pieces/"

urlpatterns = [
    path(_ACTIONS, actions.show_actions, name="convention-actions"),
    path(_ACTIONS + "nouvelle/", actions.save_action, name="convention-action-new"),
    path(_ACTIONS + "<uuid:action>/", actions.save_action, name="convention-action"),
    path(_ACTIONS + "<uuid:action>/deplacer/", actions.move_action, name="convention-action-move"),
    path(_ACTIONS + "<uuid:action>/supprimer/", actions.delete_action, name="convention-action-delete"),
    path(_ONE + "financeurs/nouveau/", actions.save_funder, name="convention-funder-new"),
    path(_ONE + "financeurs/<uuid:funder>/", actions.save_funder, name="convention-funder"),
    path(_ONE + "financeurs/<uuid:funder>/supprimer/", actions.delete_funder, name="convention-funder-delete"),
    path(_LEDGER, ledger.show_ledger, name="convention-ledger"),
    path(_LEDGER + "nouvelle/", ledger.write_entry, name="convention-entry-new"),
    path(_LEDGER + "registre.csv", ledger.send_entries, name="convention-ledger-csv"),
    path(_LEDGER + "<uuid:entry>/", ledger.show_entry, name="convention-entry"),
    path(_LEDGER + "<uuid:entry>/contre-passer/", ledger.undo_entry, name="convention-entry-reverse"),
    path(_DOCUMENTS, documents.show_documents, name="convention-documents"),
    path(_DOCUMENTS + "<uuid:document>/", documents.send_document, name="convention-document"),
    path(_DOCUMENTS + "<uuid:document>/supprimer/", documents.delete_document, name="convention-document-delete"),
]
