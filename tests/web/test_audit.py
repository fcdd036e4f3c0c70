"""The trail: chained, append-only, checked."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django_scopes import scope
from django_scopes.exceptions import ScopeError

import ancrage_web
from ancrage.study.settings import StudySettings
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.actions import ACTION_NAMES, FIELD_NAMES, OBJECTS
from ancrage_web.audit.models import AuditLine
from ancrage_web.audit.services import FIRST_HASH, check_trail, compute_hash, record
from ancrage_web.audit.triggers import TRAIL
from web.conftest import World

WRITER = """
import django, sys
django.setup()
from ancrage_web.accounts.actors import Actor
from ancrage_web.accounts.enums import Role
from ancrage_web.accounts.models import Organisation
from ancrage_web.audit.services import record
actor = Actor(Organisation.objects.get(), Role.EDITOR)
for number in range(int(sys.argv[1])):
    record(actor, "study.changed", "study", number)
"""


def write_lines(world: World, count: int) -> list[AuditLine]:
    """Record as many lines by the officer."""
    actor = world.get_actor("officer")
    return [record(actor, "study.changed", "study", number, after={"days": number}) for number in range(count)]


def test_trail_is_read_in_a_scope_only(world: World) -> None:
    with pytest.raises(ScopeError):
        AuditLine.objects.count()


def test_lines_are_chained_within_their_organisation(world: World) -> None:
    first, second = write_lines(world, 2)
    other = record(world.get_actor("consultant"), "study.created", "study", 1)
    assert (first.sequence, second.sequence, other.sequence) == (1, 2, 1)
    assert (first.previous_hash, second.previous_hash, other.previous_hash) == (FIRST_HASH, first.hash, FIRST_HASH)
    assert second.hash == compute_hash(second)
    checked = check_trail(world.organisation)
    assert (checked.lines, checked.last_hash, checked.broken) == (2, second.hash, None)


def test_hash_survives_what_the_database_does_to_values(world: World) -> None:
    after = {"days": 1.5, "é": [None, {"b": 1, "a": 2}], "big": 1e20, "small": 1e-7, "zero": -0.0, "pair": (1, 2), 3: 4}
    record(world.get_actor("officer"), "study.changed", "study", 1, after=after)
    assert check_trail(world.organisation).broken is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditline SET action = 'x'",
        "UPDATE audit_auditline SET hash = hash",
        "DELETE FROM audit_auditline",
        "DELETE FROM audit_auditline WHERE sequence = 2",
    ],
)
def test_database_refuses_to_change_or_delete_a_line(world: World, statement: str) -> None:
    write_lines(world, 2)
    with pytest.raises(DatabaseError, match="never changed nor deleted"), transaction.atomic():
        connection.cursor().execute(statement)
    assert check_trail(world.organisation).lines == 2


def test_database_refuses_to_replace_or_truncate_the_lines(world: World) -> None:
    line = write_lines(world, 2)[0]
    statement = "TRUNCATE audit_auditline"
    if connection.vendor == "sqlite":
        columns = "organisation_id, sequence, at, token, action, object_type, object_id, previous_hash, hash"
        names = f"{columns}, before, after"
        statement = f"INSERT OR REPLACE INTO audit_auditline (id, {names}) SELECT id, {names} FROM audit_auditline"
    # PostgreSQL truncates nothing while constraints wait to be checked.
    connection.check_constraints()
    with pytest.raises(DatabaseError, match="never changed nor deleted"), transaction.atomic():
        connection.cursor().execute(statement)
    with scope(organisation=world.organisation):
        assert AuditLine.objects.get(sequence=1).hash == line.hash


def test_services_of_django_are_refused_too(world: World) -> None:
    line = write_lines(world, 1)[0]
    line.action = "study.deleted"
    with pytest.raises(DatabaseError), transaction.atomic():
        line.save()
    with pytest.raises(DatabaseError), transaction.atomic():
        line.delete()


@pytest.mark.parametrize(
    ("tampering", "broken", "reason"),
    [
        ("UPDATE audit_auditline SET action = 'study.deleted' WHERE sequence = 2", 2, "modifiée après son écriture"),
        ("DELETE FROM audit_auditline WHERE sequence = 1", 1, "elle a été supprimée"),
        ("DELETE FROM audit_auditline WHERE sequence = 2", 2, "elle a été supprimée"),
        (f"UPDATE audit_auditline SET previous_hash = '{'1' * 64}' WHERE sequence = 3", 3, "ne suit pas la ligne 2"),
    ],
)
def test_check_finds_the_first_line_that_someone_tampered_with(
    world: World, tampering: str, broken: int, reason: str, capsys: Any
) -> None:
    write_lines(world, 3)
    # Someone who holds the database can take the triggers away: the chain still tells.
    TRAIL.drop(connection)
    connection.cursor().execute(tampering)
    TRAIL.create(connection)
    checked = check_trail(world.organisation)
    assert checked.broken == broken
    assert checked.reason is not None
    assert reason in checked.reason.fr
    with pytest.raises(SystemExit) as stopped:
        call_command("check_trail")
    assert stopped.value.code == 1
    captured = capsys.readouterr()
    assert "cc-vallee : rompu" in captured.err
    assert "cabinet-rebond : intact, 0 lignes" in captured.out


def test_command_tells_of_each_organisation(world: World, capsys: Any) -> None:
    last = write_lines(world, 2)[-1]
    call_command("check_trail", "cc-vallee")
    assert capsys.readouterr().out == f"cc-vallee : intact, 2 lignes, dernière empreinte {last.hash}\n"
    with pytest.raises(SystemExit) as stopped:
        call_command("check_trail", "nowhere")
    assert stopped.value.code == 2


def test_organisation_with_lines_is_not_deleted(world: World) -> None:
    write_lines(world, 1)
    with pytest.raises(ProtectedError):
        world.organisation.delete()
    assert Organisation.objects.filter(pk=world.organisation.pk).exists()


def find_actions(path: Path) -> set[tuple[str, str]]:
    """Return the (action, object type) that a module records, where both are written in the call."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "record":
            words = [word.value for word in node.args[1:3] if isinstance(word, ast.Constant)]
            if len(words) == 2:
                found.add((str(words[0]), str(words[1])))
    return found


def test_every_recorded_action_has_a_name() -> None:
    sources = Path(ancrage_web.__file__).parent.rglob("*.py")
    recorded = set().union(*(find_actions(path) for path in sources))
    assert ("member.removed", "member") in recorded
    assert {action for action, _ in recorded} <= set(ACTION_NAMES)
    assert {kind for _, kind in recorded} <= set(OBJECTS)


def find_fields(path: Path) -> set[str]:
    """Return the fields that a module writes into `before` and `after`."""
    return {
        str(key.value)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.keyword) and node.arg in ("before", "after") and isinstance(node.value, ast.Dict)
        for key in node.value.keys
        if isinstance(key, ast.Constant)
    }


def test_every_recorded_field_has_a_name() -> None:
    written = set().union(*(find_fields(path) for path in Path(ancrage_web.__file__).parent.rglob("*.py")))
    assert {"role", "receiver", "renamed", "key"} <= written
    # The settings of a scenario are written whole.
    assert (written | set(StudySettings.model_fields)) - set(FIELD_NAMES) == set()


def test_writers_at_once_keep_the_chain_whole(tmp_path: Path) -> None:
    base = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    environment = {**os.environ, "ANCRAGE_TEST_DATABASE_URL": base, "DJANGO_SETTINGS_MODULE": "web_settings"}
    environment["PYTHONPATH"] = os.pathsep.join(["tests", *filter(None, [os.environ.get("PYTHONPATH", "")])])

    def start(code: str, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", code, *arguments], env=environment)

    prepare = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from ancrage_web.accounts.models import Organisation\n"
        "call_command('migrate', verbosity=0)\n"
        "Organisation.objects.create(name='CC', slug='cc', kind='epci')\n"
    )
    assert start(prepare).wait(120) == 0
    writers = [start(WRITER, "30") for _ in range(3)]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    checked = subprocess.run(
        [sys.executable, "-m", "ancrage_web", "check_trail"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (checked.returncode, checked.stdout.split(", dernière")[0]) == (0, "cc : intact, 90 lignes")


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_keep_the_chain_whole_on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the test above writes to SQLite from several processes")
    organisation = Organisation.objects.create(name="CC", slug="cc", kind="epci")

    def write() -> None:
        try:
            for number in range(20):
                record(Actor(organisation, Role.EDITOR), "study.changed", "study", number)
        finally:
            connection.close()

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    checked = check_trail(organisation)
    assert (checked.lines, checked.broken) == (80, None)
