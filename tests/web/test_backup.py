"""Backup and restore of a whole instance, on the database that the tests run on."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import tarfile
import time
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from web.site_process import VARIABLE, Instance, connect, create_database, create_instance

# Every character that a copy in text could spoil.
ODD = 'Été\t"quote"\\n\\N line\nother'
CREATE = f"""
from django_scopes import scopes_disabled
from ancrage_web.accounts.models import Organisation
from ancrage_web.studies.models import Comment, Study
with scopes_disabled():
    study = Study.objects.create(organisation=Organisation.objects.get(), name="Un", epci=["000000001"], notes={ODD!r})
    Comment.objects.create(study=study, text="first")
"""
ADD = """
from django_scopes import scopes_disabled
from ancrage_web.studies.models import Comment, Study
with scopes_disabled():
    print(Comment.objects.create(study=Study.objects.get(), text="second").pk)
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    """Return an instance with a study, a comment and files; tests work on copies of it."""
    instance = create_instance(tmp_path_factory.mktemp("model"))
    instance.execute(CREATE)
    for name, content in {"results/one/fr/report.pdf": b"%PDF", "results/two.aside/report.pdf": b"half"}.items():
        path = instance.files / "files" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    # Made again when asked for: not kept.
    (instance.files / "portraits").mkdir()
    (instance.files / "portraits" / "card.png").touch()
    assert instance.run("site", "backup", str(instance.folder / "model.tar.gz")).returncode == 0
    return instance


@pytest.fixture
def empty(model: Instance, tmp_path: Path) -> Instance:
    """Return an instance that holds nothing yet."""
    variables = {**model.variables, "ANCRAGE_FILES": str(tmp_path / "site")}
    if VARIABLE in os.environ:
        variables["ANCRAGE_DATABASE_URL"] = create_database(os.environ[VARIABLE])
    return Instance(tmp_path, variables)


RESTORE_EACH = """
import json
from pathlib import Path
from ancrage.errors import InputError
from ancrage_web.cli.restore import restore_backup
said = []
for path in {paths}:
    try:
        restore_backup(Path(path), replace=True)
    except InputError as error:
        said.append(error.text.en)
print(json.dumps(said))
"""


def read_rows(instance: Instance) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    address = instance.variables.get("ANCRAGE_DATABASE_URL")
    if address is None:
        with closing(sqlite3.connect(instance.files / "site.sqlite3")) as database:
            names = [n for (n,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: sorted(map(repr, database.execute(f"SELECT * FROM {name}"))) for name in names}
    with connect(address) as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall() if name != "django_migrations"]
        return {name: sorted(map(repr, cursor.execute(f"SELECT * FROM {name}").fetchall())) for name in names}


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the kept files of an instance, by name."""
    kept = [
        path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock" and ".sqlite3" not in path.name
    ]
    return {str(path.relative_to(folder)): path.read_bytes() for path in kept}


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
def test_backup_then_restore_gives_the_same_rows_and_files(model: Instance, empty: Instance, ending: str) -> None:
    archive = empty.folder / f"backup{ending}"
    done = model.run("site", "backup", str(archive))
    assert done.returncode == 0, done.stderr
    assert archive.stat().st_mode & 0o777 == 0o600
    done = empty.run("site", "restore", str(archive))
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith("Restored: backup of 20")
    assert read_rows(empty) == read_rows(model)
    assert read_files(empty.files) == {"files/results/one/fr/report.pdf": b"%PDF"}
    # The trail is still whole, its rows still cannot be changed, and new rows take new numbers.
    assert empty.run("site", "check-trail").returncode == 0
    assert int(empty.execute(ADD)) == 2
    assert {path.name for path in empty.folder.iterdir()} == {"site", archive.name}


def test_restored_trail_still_refuses_changes(model: Instance, empty: Instance) -> None:
    assert empty.run("site", "restore", str(model.folder / "model.tar.gz")).returncode == 0
    code = """
from django.db import connection, DatabaseError
with connection.cursor() as cursor:
    try:
        cursor.execute("UPDATE audit_auditline SET action = 'x'")
        print("changed")
    except DatabaseError:
        print("refused")
"""
    assert empty.execute(code) == "refused\n"


def test_restore_into_an_instance_that_holds_something_asks_for_replace(model: Instance, empty: Instance) -> None:
    archive = model.folder / "model.tar.gz"
    assert empty.run("site", "restore", str(archive)).returncode == 0
    empty.execute(ADD)
    (empty.files / "files" / "later.txt").write_text("later", encoding="utf-8")
    before = read_rows(empty)
    done = empty.run("site", "restore", str(archive))
    assert done.returncode == 1
    assert "This instance already holds accounts or files" in done.stderr.replace("\n", " ")
    assert read_rows(empty) == before
    assert empty.run("site", "restore", "--replace", str(archive)).returncode == 0
    assert read_rows(empty) == read_rows(model)
    assert read_files(empty.files) == {"files/results/one/fr/report.pdf": b"%PDF"}
    assert [p.name for p in empty.files.iterdir() if p.suffix == ".aside"] == []


def rewrite(source: Path, target: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Write an archive again after a change of its files."""
    with tarfile.open(source) as archive:
        content = {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]
    change(content)
    with tarfile.open(target, "w:gz") as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def change_manifest(content: dict[str, bytes], **values: object) -> None:
    content["manifest.json"] = json.dumps({**json.loads(content["manifest.json"]), **values}).encode()


DAMAGES: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "byte": (lambda c: c.update({"files/files/results/one/fr/report.pdf": b"%PdF"}), "is not a whole backup"),
    "missing": (lambda c: c.pop("files/files/results/one/fr/report.pdf"), "is not a whole backup"),
    "added": (lambda c: c.update({"files/files/more.txt": b""}), "is not a whole backup"),
    "outside": (lambda c: c.update({"files/../../outside.txt": b""}), "is not a whole backup"),
    "no manifest": (lambda c: c.pop("manifest.json"), "is not a whole backup"),
    "format": (lambda c: change_manifest(c, format=99), "is not a whole backup"),
    "newer": (
        lambda c: change_manifest(c, version="9.9", migrations=["studies.0999_later"]),
        "was made by version 9.9",
    ),
    "engine": (lambda c: change_manifest(c, engine="oracle"), "is a backup of oracle"),
}


def test_restore_of_a_damaged_archive_changes_nothing(model: Instance, empty: Instance) -> None:
    good = model.folder / "model.tar.gz"
    assert empty.run("site", "restore", str(good)).returncode == 0
    empty.execute(ADD)
    before = read_rows(empty), read_files(empty.files)
    half, text = empty.folder / "half.tar.gz", empty.folder / "text.zip"
    half.write_bytes(good.read_bytes()[:2000])
    text.write_text("not an archive", encoding="utf-8")
    expected = {
        half: "is not a whole backup",
        text: "is not a whole backup",
        empty.folder / "none.zip": "There is no file",
    }
    for name, (change, words) in DAMAGES.items():
        archive = empty.folder / f"{name}.tar.gz"
        rewrite(good, archive, change)
        expected[archive] = words
    said = json.loads(empty.execute(RESTORE_EACH.format(paths=[str(path) for path in expected])))
    assert [words in text for words, text in zip(expected.values(), said, strict=True)] == [True] * len(expected), said
    assert (read_rows(empty), read_files(empty.files)) == before
    assert not (empty.folder / "outside.txt").exists()


def wait_for_archive(folder: Path) -> None:
    """Wait until a backup writes its archive."""
    deadline = time.monotonic() + 240
    while not list(folder.glob(".ancrage-backup-*/archive")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_backup_that_is_stopped_leaves_no_archive(model: Instance, tmp_path: Path) -> None:
    big = model.files / "files" / "big.bin"
    with big.open("wb") as file:
        for _ in range(60):
            file.write(os.urandom(1 << 20))
    target = tmp_path / "backup.tar.gz"
    try:
        with model.start("site", "backup", str(target)) as process:
            wait_for_archive(tmp_path)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143
        assert list(tmp_path.iterdir()) == []
        with model.start("site", "backup", str(target)) as process:
            wait_for_archive(tmp_path)
            process.kill()
            process.wait(30)
        assert not target.exists()
    finally:
        big.unlink()
    leftover = next(tmp_path.iterdir())
    os.utime(leftover, (0, 0))
    assert model.run("site", "backup", str(target)).returncode == 0
    assert list(tmp_path.iterdir()) == [target]


def test_backup_replaces_nothing_and_wants_a_known_ending(model: Instance, tmp_path: Path) -> None:
    taken = tmp_path / "backup.zip"
    taken.write_text("precious", encoding="utf-8")
    done = model.run("site", "backup", str(taken))
    assert done.returncode == 1
    assert "exists: a backup replaces nothing" in done.stderr.replace("\n", " ")
    assert taken.read_text(encoding="utf-8") == "precious"
    done = model.run("site", "backup", str(tmp_path / "backup.rar"))
    assert done.returncode == 1
    assert "end its name in .tar.gz or .zip" in done.stderr.replace("\n", " ")


def test_backup_in_zip_is_read_by_other_programs(model: Instance, tmp_path: Path) -> None:
    target = tmp_path / "b.zip"
    assert model.run("site", "backup", str(target)).returncode == 0
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["format"] == 1
    assert "files/files/results/one/fr/report.pdf" in manifest["checksums"]
