"""The database itself refuses to change what is written once for all, whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Guard:
    """Triggers that refuse any change of the rows of a table; SQLite and PostgreSQL only.

    On SQLite a later migration that rebuilds the table drops them: it must call `create` again.

    Attributes
    ----------
    name : of a row, in the names of the triggers; function : of PostgreSQL, in its names too.
    same : condition, on a row of the table and NEW, of a row that INSERT OR REPLACE would delete (SQLite).
    columns : those that never change; empty for all of them.
    deletable : the row may be deleted, with the whole that it belongs to.
    """

    name: str
    table: str
    function: str
    refusal: str
    same: str
    columns: tuple[str, ...] = ()
    deletable: bool = False

    def create(self, connection: BaseDatabaseWrapper) -> None:
        """Make the database refuse changes of these rows."""
        update = f"UPDATE OF {', '.join(self.columns)}" if self.columns else "UPDATE"
        if connection.vendor == "sqlite":
            refuse = f"BEGIN SELECT RAISE(ABORT, '{self.refusal}'); END"
            replaced = f"EXISTS (SELECT 1 FROM {self.table} WHERE {self.same})"  # noqa: S608 (made of constants)
            statements = [
                f"CREATE TRIGGER {self.name}_never_changed BEFORE {update} ON {self.table} {refuse}",
                # INSERT OR REPLACE deletes without asking a trigger of deletions.
                f"CREATE TRIGGER {self.name}_never_replaced BEFORE INSERT ON {self.table} WHEN {replaced} {refuse}",
            ]
            if not self.deletable:
                statements.append(f"CREATE TRIGGER {self.name}_never_deleted BEFORE DELETE ON {self.table} {refuse}")
        else:
            events = update if self.deletable else f"{update} OR DELETE"
            refuse = f"EXECUTE FUNCTION {self.function}()"
            statements = [
                f"""CREATE OR REPLACE FUNCTION {self.function}() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION '{self.refusal}' USING ERRCODE = 'restrict_violation'; END $$""",
                f"CREATE TRIGGER {self.name}_never_changed BEFORE {events} ON {self.table} FOR EACH ROW {refuse}",
            ]
            if not self.deletable:
                truncated = f"CREATE TRIGGER {self.name}_never_truncated BEFORE TRUNCATE ON {self.table}"
                statements.append(f"{truncated} FOR EACH STATEMENT {refuse}")
        _execute(connection, statements)

    def drop(self, connection: BaseDatabaseWrapper) -> None:
        """Take the triggers away: for the way back of the migration, and for tests that empty their base."""
        if connection.vendor == "sqlite":
            statements = [
                f"DROP TRIGGER IF EXISTS {self.name}_never_{end}" for end in ("changed", "deleted", "replaced")
            ]
        else:
            statements = [
                f"DROP TRIGGER IF EXISTS {self.name}_never_changed ON {self.table}",
                f"DROP TRIGGER IF EXISTS {self.name}_never_truncated ON {self.table}",
                f"DROP FUNCTION IF EXISTS {self.function}()",
            ]
        _execute(connection, statements)


def _execute(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


TRAIL = Guard(
    name="audit_line",
    table="audit_auditline",
    function="audit_refuse",
    refusal="the lines of the audit trail are never changed nor deleted",
    same="id = NEW.id OR (organisation_id = NEW.organisation_id AND sequence >= NEW.sequence)",
)
