"""The database itself refuses to change the trail, whoever asks.

On SQLite a later migration that rebuilds the table of the lines drops its triggers: it must call `create_triggers`
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "audit_auditline"
REFUSAL = "the lines of the audit trail are never changed nor deleted"

_SQLITE = (
    f"""CREATE TRIGGER audit_line_never_changed BEFORE UPDATE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    f"""CREATE TRIGGER audit_line_never_deleted BEFORE DELETE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above.
    f"""CREATE TRIGGER audit_line_never_replaced BEFORE INSERT ON {TABLE}
    WHEN EXISTS (
        SELECT 1 FROM {TABLE}
        WHERE id = NEW.id OR (organisation_id = NEW.organisation_id AND sequence >= NEW.sequence)
    )
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",  # noqa: S608 (made of constants)
)
_SQLITE_DROP = tuple(
    f"DROP TRIGGER IF EXISTS {name}"
    for name in ("audit_line_never_changed", "audit_line_never_deleted", "audit_line_never_replaced")
)
_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE TRIGGER audit_line_never_changed BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    f"""CREATE TRIGGER audit_line_never_truncated BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()""",
)
_POSTGRESQL_DROP = (
    f"DROP TRIGGER IF EXISTS audit_line_never_changed ON {TABLE}",
    f"DROP TRIGGER IF EXISTS audit_line_never_truncated ON {TABLE}",
    "DROP FUNCTION IF EXISTS audit_refuse()",
)


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse any change of the trail; other databases than these two are not supported."""
    _execute(connection, {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[connection.vendor])


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: for the way back of the migration, and for tests that empty their base."""
    _execute(connection, {"sqlite": _SQLITE_DROP, "postgresql": _POSTGRESQL_DROP}[connection.vendor])


def _execute(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
