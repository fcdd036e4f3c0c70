"""Addresses of the studies of an organisation: /organisations/SLUG/etudes/..."""

from __future__ import annotations

from django.urls import URLPattern, path

from ancrage_web.studies.views import comments, comparing, hand_overs, results, runs, scenarios, sharing, studies

_SCENARIO = "<uuid:study>/scenarios/<uuid:scenario>/"
_RESULT = _SCENARIO + "resultats/<uuid:result>/"

urlpatterns: list[URLPattern] = [
    path("", studies.list_studies, name="studies"),
    path("nouvelle/", studies.create_study, name="study-new"),
    path("recues/<uuid:hand_over>/accepter/", hand_overs.accept_hand_over, name="hand-over-accept"),
    path("recues/<uuid:hand_over>/refuser/", hand_overs.decline_hand_over, name="hand-over-decline"),
    path("<uuid:study>/", studies.show_study, name="study"),
    path("<uuid:study>/modifier/", studies.change_study, name="study-change"),
    path("<uuid:study>/archiver/", studies.archive_study, name="study-archive"),
    path("<uuid:study>/restaurer/", studies.restore_study, name="study-restore"),
    path("<uuid:study>/supprimer/", studies.delete_study, name="study-delete"),
    path("<uuid:study>/dupliquer/", studies.duplicate_study, name="study-duplicate"),
    path("<uuid:study>/commentaires/", comments.add_comment, name="study-comments"),
    path("<uuid:study>/commentaires/<int:comment>/supprimer/", comments.delete_comment, name="study-comment-delete"),
    path("<uuid:study>/partage/", sharing.share_study, name="study-share"),
    path("<uuid:study>/partage/<uuid:link>/revoquer/", sharing.revoke_share, name="study-share-revoke"),
    path("<uuid:study>/transmettre/", hand_overs.offer_study, name="study-hand-over"),
    path("<uuid:study>/transmettre/retirer/", hand_overs.withdraw_hand_over, name="study-hand-over-withdraw"),
    path("<uuid:study>/comparer/", comparing.compare_scenarios, name="study-compare"),
    path("<uuid:study>/comparer/difference.<slug:extension>", comparing.send_difference, name="study-compare-file"),
    path("<uuid:study>/scenarios/nouveau/", scenarios.create_scenario, name="scenario-new"),
    path(_SCENARIO, scenarios.change_scenario, name="scenario"),
    path(_SCENARIO + "conflit/", scenarios.settle_conflict, name="scenario-conflict"),
    path(_SCENARIO + "communes.json", scenarios.send_area_map, name="scenario-map"),
    path(_SCENARIO + "dupliquer/", scenarios.duplicate_scenario, name="scenario-duplicate"),
    path(_SCENARIO + "supprimer/", scenarios.delete_scenario, name="scenario-delete"),
    path(_SCENARIO + "calculer/", runs.ask_run, name="run-ask"),
    path("<uuid:study>/calculs/<uuid:run>/", runs.show_run, name="run"),
    path("<uuid:study>/calculs/<uuid:run>/etat.json", runs.send_state, name="run-state"),
    path("<uuid:study>/calculs/<uuid:run>/annuler/", runs.cancel_run, name="run-cancel"),
    path(_RESULT, results.show_summary, name="result"),
    path(_RESULT + "detail/", results.show_detail, name="result-detail"),
    path(_RESULT + "financer/", results.choose_place, name="result-places"),
    path(_RESULT + "carte.json", results.send_map, name="result-map"),
    path(_RESULT + "fichiers/<str:name>", results.send_file, name="result-file"),
]
