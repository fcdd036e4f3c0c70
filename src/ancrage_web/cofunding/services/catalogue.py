"""Changes to the catalogue of programmes, and imports of programmes and of past grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from ancrage.conventions.programme_tables import Table
from ancrage.errors import InputError
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.audit.services import record
from ancrage_web.cofunding.models import PastGrant, Programme
from ancrage_web.territories.models import Commune

# Rows of one statement: SQLite takes 32,766 values in one, and a row has up to 25.
BATCH = 1000
MOST_PROGRAMMES = 5_000
MOST_GRANTS = 200_000


@dataclass(frozen=True)
class Imported:
    """What an import wrote."""

    created: int
    changed: int


def save_programme(actor: Actor, programme: Programme | None, fields: Mapping[str, Any]) -> Programme:
    """Create or change a programme of the catalogue.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the name is empty, the sizes are crossed, or another programme has the same key.
    """
    actor.require(Role.EDITOR)
    least, most = fields["employees_min"], fields["employees_max"]
    if least is not None and most is not None and least > most:
        raise InputError(
            f"From {least} to {most} employees: no firm has such a size. Swap the two.",
            f"De {least} à {most} salariés : aucune entreprise n'a cet effectif. Échangez les deux.",
        )
    with transaction.atomic():
        others = Programme.objects.filter(key=fields["key"])
        if programme is not None:
            others = others.exclude(pk=programme.pk)
        if others.exists():
            raise InputError(
                f"Another programme has the key '{fields['key']}': change it, or change the other programme.",
                f"Un autre programme a la clé « {fields['key']} » : changez-la, ou modifiez l'autre programme.",
            )
        saved = Programme(organisation=actor.organisation) if programme is None else programme
        for name, value in fields.items():
            setattr(saved, name, value)
        saved.save()
        action = "programme.created" if programme is None else "programme.changed"
        record(actor, action, "programme", saved.pk, after={"key": saved.key})
    return saved


def archive_programme(actor: Actor, programme: Programme, *, archived: bool = True) -> None:
    """Put a programme away, or take it back; sources made of it stay.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        programme.archived_at = timezone.now() if archived else None
        programme.save(update_fields=["archived_at", "updated_at"])
        record(actor, "programme.archived" if archived else "programme.restored", "programme", programme.pk)


def import_programmes(actor: Actor, table: Table) -> Imported:
    """Add the programmes of a table to the catalogue; one with the same key is replaced and leaves the archive.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    InputError
        If the table has a mistake, no row, or too many.
    """
    actor.require(Role.EDITOR)
    _check_table(table, MOST_PROGRAMMES)
    with transaction.atomic():
        known = set(Programme.objects.values_list("key", flat=True))
        now = timezone.now()
        rows = [
            Programme(organisation=actor.organisation, updated_at=now, archived_at=None, **row) for row in table.rows
        ]
        replaced = [name for name in table.rows[0] if name != "key"]
        Programme.objects.bulk_create(
            rows,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["organisation", "key"],
            update_fields=[*replaced, "updated_at", "archived_at"],
        )
        changed = sum(row["key"] in known for row in table.rows)
        done = Imported(len(rows) - changed, changed)
        record(
            actor,
            "programmes.imported",
            "organisation",
            actor.organisation.pk,
            after={"created": done.created, "changed": done.changed},
        )
    return done


def import_grants(actor: Actor, table: Table) -> Imported:
    """Store the past grants of a table; those of the same sources imported before are replaced.

    A grant without a point takes that of its commune, where this site knows it.

    Raises
    ------
    ForbiddenError, InputError
        As `import_programmes`.
    """
    actor.require(Role.EDITOR)
    _check_table(table, MOST_GRANTS)
    points = _read_points(table.rows)
    with transaction.atomic():
        sources = sorted({row["source"] for row in table.rows})
        removed, _ = PastGrant.objects.filter(source__in=sources).delete()
        rows = []
        for row in table.rows:
            lon, lat = (row["lon"], row["lat"]) if row["lon"] is not None else points.get(row["commune"], (None, None))
            rows.append(PastGrant(organisation=actor.organisation, **{**row, "lon": lon, "lat": lat}))
        PastGrant.objects.bulk_create(rows, batch_size=BATCH)
        done = Imported(len(rows), removed)
        record(
            actor,
            "grants.imported",
            "organisation",
            actor.organisation.pk,
            after={"created": done.created, "replaced": done.changed},
        )
    return done


def remove_grants(actor: Actor, source: str) -> int:
    """Remove the past grants of one source, and return how many there were.

    Raises
    ------
    ForbiddenError
        If the actor is no editor.
    """
    actor.require(Role.EDITOR)
    with transaction.atomic():
        removed, _ = PastGrant.objects.filter(source=source).delete()
        if removed:
            record(actor, "grants.removed", "organisation", actor.organisation.pk, before={"removed": removed})
    return removed


def _check_table(table: Table, most: int) -> None:
    if table.problems:
        count = len(table.problems)
        raise InputError(
            f"{count} mistakes are in the file: nothing was written. Correct them, then import it again.",
            f"{count} erreurs sont dans le fichier : rien n'est enregistré. Corrigez-les, puis importez à nouveau.",
        )
    if not 0 < len(table.rows) <= most:
        raise InputError(
            f"The file has {len(table.rows)} lines: give from 1 to {most}, in several files if need be.",
            f"Le fichier a {len(table.rows)} lignes : donnez-en de 1 à {most}, en plusieurs fichiers au besoin.",
        )


def _read_points(rows: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    if not any(row["lon"] is None and row["commune"] for row in rows):
        return {}
    known = Commune.objects.filter(lon__isnull=False, lat__isnull=False).values_list("code", "lon", "lat")
    return {code: (lon, lat) for code, lon, lat in known if lon is not None and lat is not None}
