"""Copies of the database: a file of SQLite, or one file of rows per table of PostgreSQL.

PostgreSQL's own tools are not used: `pg_dump` refuses a server newer than itself, and neither is always there. COPY of
every table in one read-only snapshot gives the same rows, and migrations give the tables.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from ancrage.errors import InputError

SQLITE_FILE = "site.sqlite3"
TABLES = "tables.json"
_MIGRATIONS = "django_migrations"
_BLOCK = 1 << 20


def list_migrations() -> list[str]:
    """Return the migrations the database had, "app.name"."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def write_copy(folder: Path) -> None:
    """Write a consistent copy of the database into a folder while the site goes on."""
    if connection.vendor == "sqlite":
        _copy_sqlite(folder / SQLITE_FILE)
    else:
        _copy_postgresql(folder)


def _copy_sqlite(target: Path) -> None:
    with (
        closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=20)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
        # One file alone, whatever the journal of the site is.
        copy.execute("PRAGMA journal_mode=DELETE")


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)


def _copy_postgresql(folder: Path) -> None:
    content: dict[str, Any] = {"tables": {}, "sequences": {}}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for table in sorted(connection.introspection.table_names(cursor)):
            columns = [c.name for c in connection.introspection.get_table_description(cursor, table)]
            content["tables"][table] = columns
            listed = ", ".join(_quote(column) for column in columns)
            with (
                (folder / f"{table}.rows").open("wb") as file,
                cursor.copy(f"COPY {_quote(table)} ({listed}) TO STDOUT") as rows,
            ):
                for block in rows:
                    file.write(block)
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()")
        content["sequences"] = dict(cursor.fetchall())
    (folder / TABLES).write_text(json.dumps(content, indent=1), encoding="utf-8")


def check_copy(folder: Path, path: Path) -> None:
    """Refuse a copy of a SQLite database that SQLite finds damaged.

    Raises
    ------
    InputError
        Says what is wrong.
    """
    if connection.vendor != "sqlite":
        return
    try:
        with closing(sqlite3.connect(folder / SQLITE_FILE)) as copy:
            found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise InputError(
            f"The database in '{path}' is damaged ({found}). Nothing was changed: use another backup.",
            f"La base contenue dans « {path} » est abîmée ({found}). Rien n'a été changé : prenez une autre "
            "sauvegarde.",
        )


@contextmanager
def put_back(folder: Path, migrations: list[str], held: Path) -> Iterator[None]:
    """Put a copy in the place of the database; what was there comes back if the block inside fails.

    Parameters
    ----------
    migrations : those of the copy.
    held : empty folder, on the disk of the database, where a SQLite file waits until the block ended.
    """
    if connection.vendor == "sqlite":
        with _put_back_sqlite(folder / SQLITE_FILE, held):
            yield
        return
    with transaction.atomic():
        _put_back_postgresql(folder, migrations)
        yield


@contextmanager
def _put_back_sqlite(copy: Path, held: Path) -> Iterator[None]:
    connection.close()
    database = Path(settings.DATABASES["default"]["NAME"])
    parts = [database, *(database.with_name(database.name + ending) for ending in ("-wal", "-shm", "-journal"))]
    moved = [part for part in parts if part.exists()]
    try:
        for part in moved:
            part.rename(held / part.name)
        copy.rename(database)
        yield
    except BaseException:
        connection.close()
        database.unlink(missing_ok=True)
        for part in moved:
            if (held / part.name).exists():
                (held / part.name).rename(part)
        raise


def _put_back_postgresql(folder: Path, migrations: list[str]) -> None:
    content = json.loads((folder / TABLES).read_text(encoding="utf-8"))
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"DROP TABLE {_quote(table)} CASCADE")
        # Functions of triggers outlive their tables; those of extensions are left.
        cursor.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace "
            "AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        )
        for (function,) in cursor.fetchall():
            cursor.execute(f"DROP FUNCTION {function} CASCADE")
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    wanted = set(migrations)
    plan = [step for step in executor.migration_plan(leaves) if f"{step[0].app_label}.{step[0].name}" in wanted]
    executor.migrate(leaves, plan=plan)
    with connection.cursor() as cursor:
        # Tables are filled in the order of their names; migrations may have asked for checks at each row.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, columns in content["tables"].items():
            if table == _MIGRATIONS:
                continue
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_quote(table)})")  # noqa: S608
            if cursor.fetchone()[0]:  # rows that a migration wrote are in the copy too
                cursor.execute(f"DELETE FROM {_quote(table)}")  # noqa: S608
            listed = ", ".join(_quote(column) for column in columns)
            with (
                (folder / f"{table}.rows").open("rb") as file,
                cursor.copy(f"COPY {_quote(table)} ({listed}) FROM STDIN") as rows,
            ):
                while block := file.read(_BLOCK):
                    rows.write(block)
        for sequence, value in content["sequences"].items():
            if value is not None and not sequence.startswith(_MIGRATIONS):
                cursor.execute("SELECT setval(%s::regclass, %s)", [_quote(sequence), value])
