"""The words of the trail: what is stored is stable, what is shown is in the language of the reader."""

from __future__ import annotations

from ancrage.language import Text

# By what services record; a test finds every action they record here.
ACTION_NAMES: dict[str, Text] = {
    "organisation.created": Text("Organisation created", "Organisation créée"),
    "organisation.changed": Text("Organisation changed", "Organisation modifiée"),
    "member.added": Text("Member added", "Membre ajouté"),
    "member.role_changed": Text("Role of a member changed", "Rôle d'un membre modifié"),
    "member.removed": Text("Member removed", "Membre retiré"),
    "member.left": Text("Member left", "Départ d'un membre"),
    "invitation.created": Text("Invitation sent", "Invitation envoyée"),
    "invitation.sent_again": Text("Invitation sent again", "Invitation renvoyée"),
    "invitation.revoked": Text("Invitation revoked", "Invitation annulée"),
    "invitation.accepted": Text("Invitation accepted", "Invitation acceptée"),
    "trail.exported": Text("Audit trail downloaded", "Journal téléchargé"),
    "token.created": Text("Token of the API created", "Jeton de l'API créé"),
    "token.revoked": Text("Token of the API revoked", "Jeton de l'API révoqué"),
    "study.created": Text("Study created", "Étude créée"),
    "study.changed": Text("Study changed", "Étude modifiée"),
    "study.archived": Text("Study archived", "Étude archivée"),
    "study.restored": Text("Study restored", "Étude restaurée"),
    "study.deleted": Text("Study deleted", "Étude supprimée"),
    "study.shared": Text("Study shared by a link", "Étude partagée par un lien"),
    "share.revoked": Text("Share link revoked", "Lien de partage révoqué"),
    "study.offered": Text("Study offered to another organisation", "Étude proposée à une autre organisation"),
    "study.offer_withdrawn": Text("Offer of a study withdrawn", "Proposition d'étude retirée"),
    "study.declined": Text("Offer of a study declined", "Proposition d'étude refusée"),
    "study.handed_over": Text("Study handed over", "Étude transmise"),
    "study.received": Text("Study received", "Étude reçue"),
    "scenario.created": Text("Scenario created", "Scénario créé"),
    "scenario.saved": Text("Scenario saved", "Scénario enregistré"),
    "scenario.deleted": Text("Scenario deleted", "Scénario supprimé"),
    "run.asked": Text("Computation asked for", "Calcul demandé"),
    "run.cancelled": Text("Computation cancelled", "Calcul annulé"),
    "result.frozen": Text("Result frozen", "Résultat figé"),
    "comment.added": Text("Comment added", "Commentaire ajouté"),
    "comment.deleted": Text("Comment deleted", "Commentaire supprimé"),
}

# What an action was done to, and the model whose name is shown beside it (None: its identifier is enough).
OBJECTS: dict[str, tuple[Text, str | None]] = {
    "organisation": (Text("organisation", "organisation"), "accounts.Organisation"),
    "member": (Text("member", "membre"), "accounts.User"),
    "invitation": (Text("invitation", "invitation"), None),
    "trail": (Text("audit trail", "journal"), None),
    "token": (Text("token", "jeton"), None),
    "study": (Text("study", "étude"), "studies.Study"),
    "scenario": (Text("scenario", "scénario"), "studies.Scenario"),
    "run": (Text("computation", "calcul"), None),
    "result": (Text("result", "résultat"), None),
    "comment": (Text("comment", "commentaire"), None),
}

FIELD_NAMES: dict[str, Text] = {
    "name": Text("name", "nom"),
    "kind": Text("kind", "type"),
    "siren": Text("SIREN", "SIREN"),
    "role": Text("role", "rôle"),
    "format": Text("format", "format"),
    "lines": Text("lines", "lignes"),
    "epci": Text("EPCI", "EPCI"),
    "copy_of": Text("copy of", "copie de"),
    "fields": Text("fields", "champs"),
    "link": Text("link", "lien"),
    "days": Text("days", "jours"),
    "offer": Text("offer", "proposition"),
    "receiver": Text("receiver", "destinataire"),
    "giver": Text("giver", "émetteur"),
    "scenario": Text("scenario", "scénario"),
    "version": Text("version", "version"),
    "renamed": Text("name changed", "nom changé"),
    "objective": Text("objective", "objectif"),
    "budget": Text("yearly budget", "budget annuel"),
    "places": Text("largest number of places", "nombre de lieux au plus"),
    "preset": Text("working habits", "habitudes de travail"),
    "parameters": Text("coefficients changed", "coefficients changés"),
    "keep": Text("communes kept", "communes gardées"),
    "exclude": Text("communes excluded", "communes exclues"),
    "floors": Text("zones to serve", "zones à servir"),
    "keep_existing": Text("existing places kept", "lieux existants gardés"),
    "draws": Text("simulations", "simulations"),
    "seed": Text("seed", "graine"),
    "epsilon": Text("loss accepted", "perte acceptée"),
    "alternatives": Text("alternatives", "variantes"),
    "run": Text("computation", "calcul"),
    "key": Text("fingerprint of the inputs", "empreinte des entrées"),
    "stored": Text("already computed", "déjà calculé"),
    "scopes": Text("rights", "droits"),
    "expires_at": Text("expiry", "expiration"),
    "revoked_at": Text("revoked on", "révoqué le"),
}


def get_action_name(action: str) -> Text:
    """Return the name of an action; the stored word where none is known."""
    return ACTION_NAMES.get(action, Text(action, action))


def get_object_name(object_type: str) -> Text:
    """Return what an action was done to; the stored word where none is known."""
    return OBJECTS[object_type][0] if object_type in OBJECTS else Text(object_type, object_type)


def get_field_name(field: str) -> Text:
    """Return the name of a field; the stored word where none is known."""
    return FIELD_NAMES.get(field, Text(field, field))
