"""Commands of the site: what they do, what they refuse, and the life of its processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
import typer
from django_scopes import scopes_disabled
from typer.testing import CliRunner

from ancrage.cli.main import app
from ancrage.errors import InputError, MissingDataError
from ancrage_web.accounts.enums import Kind, Role
from ancrage_web.accounts.models import Membership, Organisation, User
from ancrage_web.audit.models import AuditLine
from ancrage_web.cli import opening
from ancrage_web.cli.beginning import begin
from ancrage_web.cli.serving import check_port
from ancrage_web.cli.site import KindName
from ancrage_web.cli.status import Status, read_service
from ancrage_web.config.supervisor import Worker, hold_lock
from web.site_process import EMAIL, ORGANISATION, Instance, create_instance

BUILT = Path(opening.__file__).resolve().parents[1] / "design" / "static" / "built"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Instance:
    return create_instance(tmp_path_factory.mktemp("instance"))


def find_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def join_lines(text: str) -> str:
    return " ".join(text.split())


def test_help_shows_the_commands_of_the_site_without_loading_django() -> None:
    code = "import sys; from ancrage.cli.main import app; print('django' in sys.modules, 'granian' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False False\n"
    shown = CliRunner().invoke(app, ["site", "--help"]).output
    commands = ("key", "init", "migrate", "load", "backup", "restore", "check-trail", "status")
    assert [name for name in commands if f" {name} " not in shown] == []


@pytest.mark.parametrize("words", [["site", "status"], ["serve"], ["site", "init"]])
def test_commands_without_the_extra_say_how_to_install_it(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "find_spec", lambda name: None if name == "allauth" else object())
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, MissingDataError)
    assert "(allauth). Install them: pip install 'ancrage[site]'" in result.exception.text.en


def test_key_is_long_and_new_each_time() -> None:
    first, second = (CliRunner().invoke(app, ["site", "key"]).stdout.strip() for _ in range(2))
    assert len(first) >= 50
    assert first != second


def test_kinds_of_the_command_are_those_of_the_accounts() -> None:
    assert [kind.value for kind in KindName] == [kind.value for kind in Kind]


@pytest.mark.django_db
def test_init_creates_the_organisation_and_its_administrator_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANCRAGE_ADMIN_PASSWORD", "a long password for tests")
    begin(EMAIL, "Alex", ORGANISATION, "epci")
    user = User.objects.get()
    with scopes_disabled():
        membership = Membership.objects.get(user=user)
        assert AuditLine.objects.count() == 2
    assert (user.email, user.name, user.check_password("a long password for tests")) == (EMAIL, "Alex", True)
    assert (membership.organisation.name, membership.role) == (ORGANISATION, Role.ADMINISTRATOR)
    assert "« ancrage serve » démarre le site" in join_lines(capsys.readouterr().out)
    with pytest.raises(InputError, match="already has accounts: it is created once"):
        begin("other@example.org", "B", "C", "epci")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "kind", "password", "words"),
    [
        (EMAIL, "epci", "short", "at least 12"),
        ("not an address", "epci", "a long password for tests", "not an address"),
        (EMAIL, "village", "a long password for tests", "village"),
    ],
)
def test_init_that_is_refused_creates_nothing(
    email: str, kind: str, password: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANCRAGE_ADMIN_PASSWORD", password)
    with pytest.raises(InputError, match=words):
        begin(email, "Alex", ORGANISATION, kind)
    assert (User.objects.count(), Organisation.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_init_without_a_terminal_says_what_to_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", open(os.devnull, encoding="utf-8"))  # noqa: SIM115, PTH123
    try:
        with pytest.raises(InputError, match="No answer to 'E-mail address of the administrator'"):
            begin(None, None, None, None)
        with pytest.raises(InputError, match="ANCRAGE_ADMIN_PASSWORD_FILE"):
            begin(EMAIL, "Alex", ORGANISATION, "epci")
    finally:
        sys.stdin.close()


def test_status_describes_an_instance_and_its_missing_portraits(instance: Instance) -> None:
    done = instance.run("site", "status")
    assert done.returncode == 0, done.stderr
    lines = [join_lines(line) for line in done.stdout.splitlines()]
    assert lines[3:] == [
        "Accounts 1 people, 1 organisations",
        "Portraits none: type 'ancrage site load FOLDER'",
        "Service not running here",
    ]
    values = json.loads(instance.run("site", "status", "--json").stdout)
    assert (values["people"], values["organisations"], values["portraits"]) == (1, 1, None)
    assert (values["problems"], values["service"], values["database"]["pending"]) == ([], None, [])


def test_status_of_an_instance_that_does_not_exist_says_how_to_make_it(instance: Instance, tmp_path: Path) -> None:
    done = instance.run("site", "status", variables={"ANCRAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'no' / 'x.db'}"})
    assert done.returncode == 1
    assert "There is no instance yet" in join_lines(done.stderr)
    assert "Type 'ancrage site init'." in join_lines(done.stderr)


def test_status_tells_what_calls_for_an_action() -> None:
    status = Status("1", "SQLite", 0, ("studies.0002",), "x", 0, 1_000_000, None, waiting=900.0)
    assert [text.en for text in status.problems] == [
        "1 migrations are waiting: type 'ancrage site migrate'.",
        "The disk is nearly full: 1 MB left. Free some space.",
        "A run has been waiting for 15 minutes: is the worker alive?",
    ]


def test_service_that_no_longer_lives_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "service.json"
    assert read_service(path) is None
    state: dict[str, Any] = {"at": time.time(), "supervisor": os.getpid()}
    path.write_text(json.dumps(state), encoding="utf-8")
    assert read_service(path) == state
    path.write_text(json.dumps({**state, "at": time.time() - 3600}), encoding="utf-8")
    assert read_service(path) is None


def test_database_that_does_not_answer_is_told_in_a_sentence(instance: Instance) -> None:
    address = "postgresql://user:secret@127.0.0.1:1/ancrage?connect_timeout=2"
    done = instance.run("site", "status", variables={"ANCRAGE_DATABASE_URL": address})
    assert done.returncode == 1
    assert "The database does not answer" in join_lines(done.stderr)
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_serve_refuses_a_database_that_is_not_up_to_date(instance: Instance, tmp_path: Path) -> None:
    done = instance.run(
        "serve", "--port", str(find_port()), variables={"ANCRAGE_DATABASE_URL": f"sqlite:///{tmp_path / 'new.db'}"}
    )
    assert done.returncode == 1
    assert "then type 'ancrage site migrate'" in join_lines(done.stderr)


def test_serve_refuses_a_port_that_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1, port {port}"):
            check_port("127.0.0.1", port)


def test_serve_refuses_the_demonstration_by_the_environment_alone(instance: Instance) -> None:
    done = instance.run("serve", "--port", str(find_port()), variables={"ANCRAGE_DEMO": "1"})
    assert done.returncode == 1
    assert "type 'ancrage serve --demo', or remove the variable" in join_lines(done.stderr)


def wait_for_state(instance: Instance, process: subprocess.Popen[str], wanted: int) -> dict[str, Any]:
    """Return what the site says of its processes once its worker was started again `wanted` times."""
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        try:
            state: dict[str, Any] = json.loads((instance.files / "service.json").read_text(encoding="utf-8"))
            if state["worker"] and state["restarts"] == wanted and urlopen(f"{state['url']}/sante", timeout=10):
                return state
        except (OSError, URLError):
            pass
        time.sleep(0.2)
    raise AssertionError(process)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_serve_answers_starts_its_worker_again_and_stops_cleanly(instance: Instance) -> None:
    assert (BUILT / "LICENSES.txt").exists(), "the front-end is not built: make frontend"
    port = find_port()
    with instance.start("serve", "--port", str(port)) as process:
        state = wait_for_state(instance, process, 0)
        assert state["url"] == f"http://localhost:{port}"
        with urlopen(f"{state['url']}/", timeout=60) as page:
            assert page.status == 200
            assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        done = instance.run("site", "restore", "--replace", str(instance.folder / "password"))
        assert "The site runs: stop 'ancrage serve' before restoring." in join_lines(done.stderr)
        os.kill(state["worker"], signal.SIGKILL)
        again = wait_for_state(instance, process, 1)
        assert again["worker"] != state["worker"]
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 0
        assert f"The site is at http://localhost:{port} (Ctrl-C stops it)" in said
        assert "The worker stopped (code -9); it starts again in 2 s." in said
        assert "Traceback" not in said
    assert [pid for pid in (again["server"], again["worker"]) if is_alive(pid)] == []
    assert not (instance.files / "service.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_serve_ends_with_an_error_when_the_server_dies(instance: Instance) -> None:
    with instance.start("serve", "--port", str(find_port())) as process:
        state = wait_for_state(instance, process, 0)
        os.kill(state["server"], signal.SIGKILL)
        said = process.communicate(timeout=240)[0]
        assert process.returncode == 1
        assert "The web server stopped by itself (code -9)." in said
    assert not is_alive(state["worker"])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_serve_that_is_killed_takes_its_processes_with_it(instance: Instance) -> None:
    with instance.start("serve", "--port", str(find_port())) as process:
        state = wait_for_state(instance, process, 0)
        process.kill()
        process.wait(120)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and (is_alive(state["server"]) or is_alive(state["worker"])):
        time.sleep(0.1)
    assert [pid for pid in (state["server"], state["worker"]) if is_alive(pid)] == []


def test_worker_waits_longer_before_each_start(capfd: pytest.CaptureFixture[str]) -> None:
    worker = Worker([sys.executable, "-c", "raise SystemExit(3)"])
    waits = []
    now = 0.0
    for _ in range(4):
        worker.watch(now)
        assert worker.process is not None
        worker.process.wait(120)
        worker.watch(now)
        waits.append(worker.due - now)
        now = worker.due
    assert waits == [2.0, 4.0, 8.0, 16.0]
    assert worker.starts == 4
    worker.watch(now)
    assert worker.process is not None
    worker.process.wait(120)
    # It lived for long: what killed it is another matter.
    worker.watch(now + 3600)
    assert worker.due == now + 3601


@pytest.mark.skipif(sys.platform == "win32", reason="no such lock")
def test_lock_lets_servers_in_together_and_a_restore_alone(tmp_path: Path) -> None:
    first = hold_lock(tmp_path, alone=False)
    assert first is not None
    with first:
        second = hold_lock(tmp_path, alone=False)
        assert second is not None
        with second:
            assert hold_lock(tmp_path, alone=True) is None
    alone = hold_lock(tmp_path, alone=True)
    assert alone is not None
    with alone:
        assert hold_lock(tmp_path, alone=False) is None


def test_commands_are_found_through_their_entry_point() -> None:
    from importlib.metadata import entry_points

    points = entry_points(group="ancrage.commands", name="site")
    assert [point.value for point in points] == ["ancrage_web.cli:register"]
    bare = typer.Typer()
    next(iter(points)).load()(bare)
    assert [command.name for command in bare.registered_commands] == ["serve"]


def test_wheel_holds_the_built_pages_and_the_commands(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=root, capture_output=True, check=True, timeout=300)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
        declared = next(name for name in names if name.endswith(".dist-info/entry_points.txt"))
        assert "[ancrage.commands]\nsite = ancrage_web.cli:register" in wheel.read(declared).decode()
    static = "ancrage_web/design/static"
    wanted = {f"{static}/built/site.js", f"{static}/built/LICENSES.txt", f"{static}/ancrage/site.css"}
    assert wanted - names == set()
    assert "ancrage_web/design/templates/base.html" in names
