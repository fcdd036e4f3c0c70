"""The database itself refuses to change the ledger, whoever asks: an entry is reversed by another one.

On SQLite a later migration that rebuilds the table of the entries drops its triggers: it must call `create_triggers`
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "conventions_entry"
REFUSAL = "the entries of a ledger are never changed nor deleted"

_SQLITE = (
    f"""CREATE TRIGGER ledger_entry_never_changed BEFORE UPDATE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    f"""CREATE TRIGGER ledger_entry_never_deleted BEFORE DELETE ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
    # INSERT OR REPLACE deletes without asking the trigger above.
    f"""CREATE TRIGGER ledger_entry_never_replaced BEFORE INSERT ON {TABLE}
    WHEN EXISTS (
        SELECT 1 FROM {TABLE}
        WHERE id = NEW.id OR (convention_id = NEW.convention_id AND number = NEW.number)
        OR reverses_id = NEW.reverses_id
    )
    BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",  # noqa: S608 (made of constants)
)
_SQLITE_DROP = tuple(
    f"DROP TRIGGER IF EXISTS {name}"
    for name in ("ledger_entry_never_changed", "ledger_entry_never_deleted", "ledger_entry_never_replaced")
)
_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$""",
    f"""CREATE TRIGGER ledger_entry_never_changed BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse()""",
    f"""CREATE TRIGGER ledger_entry_never_truncated BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()""",
)
_POSTGRESQL_DROP = (
    f"DROP TRIGGER IF EXISTS ledger_entry_never_changed ON {TABLE}",
    f"DROP TRIGGER IF EXISTS ledger_entry_never_truncated ON {TABLE}",
    "DROP FUNCTION IF EXISTS ledger_refuse()",
)


def create_triggers(connection: BaseDatabaseWrapper) -> None:
    """Make the database refuse any change of an entry; other databases than these two are not supported."""
    _execute(connection, {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[connection.vendor])


def drop_triggers(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away: for the way back of the migration, and for tests that empty their base."""
    _execute(connection, {"sqlite": _SQLITE_DROP, "postgresql": _POSTGRESQL_DROP}[connection.vendor])


def _execute(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
