"""The environment: what is accepted, what stops the start, what the documentation says of it."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from ancrage.errors import InputError
from ancrage_web.config.environment import Environment, check_accessibility
from ancrage_web.config.logs import LineFormatter, RequestLog, hide_personal_data
from ancrage_web.config.variables import list_names, list_variables

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789" * 5


def read(**values: str) -> Environment:
    return Environment({f"ANCRAGE_{name}": value for name, value in values.items()})


def start(variables: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """Run a management command in a process of its own, as an operator would."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANCRAGE_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-m", "ancrage_web", *(command or ("check",))],
        env={**clean, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def refuse(done: subprocess.CompletedProcess[str]) -> str:
    """Return the sentence of a refused start: one line, no traceback, code 1."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr.strip()


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    return {
        "ANCRAGE_URL": "https://ancrage.example.org",
        "ANCRAGE_SECRET_KEY": "kQ8_" + KEY,
        "ANCRAGE_EMAIL_URL": "smtp://robot:secret@mail.example.org:587?tls=1",
        "ANCRAGE_FILES": str(tmp_path / "site"),
    }


def test_production_passes_the_deployment_checks(production: dict[str, str]) -> None:
    done = start(production, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("System check identified no issues")


def test_start_without_a_key_is_refused_in_french_then_in_english() -> None:
    assert refuse(start({})) == (
        "ANCRAGE_SECRET_KEY est absente : donnez un long texte au hasard, le même à chaque démarrage "
        "(« ancrage site key » en fait un), ou un fichier avec ANCRAGE_SECRET_KEY_FILE."
    )
    assert refuse(start({"ANCRAGE_LANG": "en"})).startswith("ANCRAGE_SECRET_KEY is missing: give a long random text")


def test_start_with_an_unknown_variable_names_the_nearest(production: dict[str, str]) -> None:
    assert refuse(start({**production, "ANCRAGE_EMAIL_ULR": "console"})) == (
        "ANCRAGE_EMAIL_ULR n'est pas une variable d'Ancrage ; la plus proche est ANCRAGE_EMAIL_URL. Corrigez-la ou "
        "retirez-la."
    )


def test_start_of_the_server_is_refused_the_same_way() -> None:
    code = "import ancrage_web.config.wsgi"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("ANCRAGE_", "DJANGO_"))}
    done = subprocess.run([sys.executable, "-c", code], env=clean, capture_output=True, text=True, check=False)
    assert refuse(done).startswith("ANCRAGE_SECRET_KEY est absente")


def test_start_without_email_is_refused_outside_of_the_demonstration(production: dict[str, str]) -> None:
    del production["ANCRAGE_EMAIL_URL"]
    assert refuse(start(production)).startswith("ANCRAGE_EMAIL_URL est absente")
    assert start({**production, "ANCRAGE_DEMO": "1"}).returncode == 0


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("oui", True), ("False", False), ("", False)])
def test_flag_reads_yes_and_no(value: str, expected: bool) -> None:
    assert read(DEMO=value).read_flag("ANCRAGE_DEMO", default=not expected) is expected


def test_flag_that_is_neither_is_refused() -> None:
    with pytest.raises(InputError, match=r"^ANCRAGE_DEMO='maybe' is neither yes nor no: write 1 or 0\.$"):
        read(DEMO="maybe").read_flag("ANCRAGE_DEMO")


@pytest.mark.parametrize("value", ["-1", "2.5", "ten", "٣", "9"])
def test_number_that_is_odd_or_too_small_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=f"ANCRAGE_N='{value}' is not a whole number of at least 10."):
        read(N=value).read_number("ANCRAGE_N", 900, minimum=10)


def test_number_and_choice_that_are_absent_take_their_default() -> None:
    assert read().read_number("ANCRAGE_N", 900) == 900
    assert read(LOG_LEVEL="").read_choice("ANCRAGE_LOG_LEVEL", ("info", "debug"), "info") == "info"


def test_choice_that_is_unknown_is_refused() -> None:
    with pytest.raises(InputError, match=r"LEVEL='loud' is not known: choose among info, debug\.$"):
        read(LOG_LEVEL="loud").read_choice("ANCRAGE_LOG_LEVEL", ("info", "debug"), "info")


@pytest.mark.parametrize(
    "value",
    ["ancrage.example.org", "ftp://x.org", "https://", "https://x.org/site", "https://x.org:99999", "https://a b.org"],
)
def test_address_of_the_site_that_is_odd_is_refused(value: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"ANCRAGE_URL='{value.rstrip('/')}' is not the address of a site")):
        read(URL=value).read_site("ANCRAGE_URL", "http://localhost:8000")


def test_address_of_the_site_loses_its_last_slash() -> None:
    assert read(URL="https://x.org:8443/").read_site("ANCRAGE_URL", "").geturl() == "https://x.org:8443"


@pytest.mark.parametrize("key", ["short", "a" * 60])
def test_key_that_can_be_guessed_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(InputError, match="at least 50 are needed, at random") as caught:
        read(SECRET_KEY=key).read_key("ANCRAGE_SECRET_KEY")
    assert key not in str(caught.value)


def test_secret_comes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{KEY}\n", encoding="utf-8")
    assert read(SECRET_KEY_FILE=str(file)).read_key("ANCRAGE_SECRET_KEY") == KEY


def test_secret_file_that_is_missing_empty_or_doubled_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    for values, words in (
        ({"KEY_FILE": str(tmp_path / "none")}, "cannot be read"),
        ({"KEY_FILE": str(empty)}, "is empty"),
        ({"KEY_FILE": str(empty), "KEY": "x"}, "ANCRAGE_KEY and ANCRAGE_KEY_FILE are both given"),
    ):
        with pytest.raises(InputError, match=words):
            read(**values).read_secret("ANCRAGE_KEY")


def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="is a file: give a folder"):
        read(FILES=str(file)).read_folder("ANCRAGE_FILES", tmp_path)


@pytest.mark.parametrize(
    ("address", "name"), [("sqlite:////srv/a%20b.sqlite3", "/srv/a b.sqlite3"), ("sqlite:///x.db", "x.db")]
)
def test_database_of_sqlite_is_described(address: str, name: str) -> None:
    described = read(DATABASE_URL=address).read_database("ANCRAGE_DATABASE_URL", Path("default"))
    assert described["ENGINE"] == "django.db.backends.sqlite3"
    assert described["NAME"] == str(Path(name).absolute())
    assert described["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_database_of_postgresql_is_described() -> None:
    address = "postgresql://us%40er:pa%3Ass@db.example.org:5433/ancrage?sslmode=require"
    described = read(DATABASE_URL=address).read_database("ANCRAGE_DATABASE_URL", Path("default"))
    assert described == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "ancrage",
        "USER": "us@er",
        "PASSWORD": "pa:ss",
        "HOST": "db.example.org",
        "PORT": "5433",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"sslmode": "require"},
    }
    socket = read(DATABASE_URL="postgresql://me@/ancrage?host=/run/postgresql")
    assert socket.read_database("ANCRAGE_DATABASE_URL", Path("default"))["HOST"] == "/run/postgresql"


@pytest.mark.parametrize(
    "address",
    ["mysql://u:secret@h/d", "postgresql://u:secret@h", "postgresql://u:secret@h:port/d", "sqlite://", "site.db"],
)
def test_database_that_is_odd_is_refused_without_repeating_its_password(address: str) -> None:
    with pytest.raises(InputError, match="ANCRAGE_DATABASE_URL is not the address of a database") as caught:
        read(DATABASE_URL=address).read_database("ANCRAGE_DATABASE_URL", Path("default"))
    assert "secret" not in caught.value.text.fr


def test_database_with_an_unknown_option_is_refused() -> None:
    with pytest.raises(InputError, match="the option 'sslmod' is not known"):
        read(DATABASE_URL="postgresql://h/d?sslmod=require").read_database("ANCRAGE_DATABASE_URL", Path("x"))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("smtp://a:b%21@h:2525?tls=1", ("h", 2525, "a", "b!", False, True)),
        ("smtp://h", ("h", 25, "", "", False, False)),
        ("smtp://h?tls=1", ("h", 587, "", "", False, True)),
        ("smtps://a:b@h", ("h", 465, "a", "b", True, False)),
    ],
)
def test_email_by_smtp_is_described(address: str, expected: tuple[Any, ...]) -> None:
    described = read(EMAIL_URL=address).read_email("ANCRAGE_EMAIL_URL")
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_SSL", "USE_TLS")
    assert tuple(described[f"EMAIL_{name}"] for name in names) == expected
    assert described["EMAIL_TIMEOUT"] == 10


def test_email_to_a_folder_or_the_terminal_is_described() -> None:
    assert read(EMAIL_URL="file:///srv/mails").read_email("ANCRAGE_EMAIL_URL")["EMAIL_FILE_PATH"] == "/srv/mails"
    console = read(EMAIL_URL="console").read_email("ANCRAGE_EMAIL_URL")
    assert console == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    assert read().read_email("ANCRAGE_EMAIL_URL") == {}


@pytest.mark.parametrize(
    "address", ["http://h", "smtp://", "smtp://u:secret@h:x", "smtp://h?ssl=1", "smtp://h?tls=2", "file://h/x", "mail"]
)
def test_email_that_is_odd_is_refused_without_repeating_its_password(address: str) -> None:
    with pytest.raises(InputError, match="ANCRAGE_EMAIL_URL does not say how to send e-mails") as caught:
        read(EMAIL_URL=address).read_email("ANCRAGE_EMAIL_URL")
    assert "secret" not in caught.value.text.fr


@pytest.mark.parametrize(
    "address", ["example.org/code", "ftp://example.org", "https://", "https://[", "javascript:alert(1)"]
)
def test_address_of_a_page_that_is_odd_is_refused(address: str) -> None:
    with pytest.raises(InputError, match=r"ANCRAGE_SOURCE_CODE_URL='.*' is not the address of a page"):
        read(SOURCE_CODE_URL=address).read_address("ANCRAGE_SOURCE_CODE_URL")


def test_address_of_a_page_may_be_left_out() -> None:
    assert read().read_address("ANCRAGE_SOURCE_CODE_URL") == ""
    page = "https://example.org/code?branch=main"
    assert read(SOURCE_CODE_URL=page).read_address("ANCRAGE_SOURCE_CODE_URL") == page


@pytest.mark.parametrize("state", ["partial", "full"])
def test_compliance_without_a_declaration_is_refused(state: str) -> None:
    with pytest.raises(InputError, match="only an audit allows this claim"):
        check_accessibility(state, "")
    check_accessibility(state, "https://example.org/declaration")
    check_accessibility("none", "")


def test_variables_are_described_once() -> None:
    assert len({variable.name for variable in list_variables()}) == len(list_variables())


def test_declared_variables_are_those_that_the_settings_read() -> None:
    sources = [ROOT / "src" / "ancrage_web" / "config" / name for name in ("settings.py", "oidc.py")]
    code = "\n".join(re.sub(r"#.*", "", path.read_text(encoding="utf-8")) for path in sources)
    asked = set(re.findall(r'read_\w+\(\s*"(ANCRAGE_\w+)"', code))
    elsewhere = {"ANCRAGE_LANG", "ANCRAGE_ADMIN_PASSWORD"}  # the terminal and `ancrage site init`
    assert {variable.name for variable in list_variables()} == asked | elsewhere


def test_documentation_has_the_table_of_the_variables() -> None:
    page = (ROOT / "docs" / "guide" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(ANCRAGE_\w+)`(?: \(or `_FILE`\))? \| (.*?) \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
    assert rows == [(v.name, v.form, v.default, v.meaning) for v in list_variables()]
    marked = set(re.findall(r"^\| `(ANCRAGE_\w+)` \(or `_FILE`\)", page, re.MULTILINE))
    assert marked == {v.name for v in list_variables() if v.secret}


def test_names_of_secret_files_are_accepted_and_others_not() -> None:
    env = read(SECRET_KEY_FILE="x", NAME="y")
    env.check_names(list_names())
    with pytest.raises(InputError, match="ANCRAGE_NAME_FILE is not a variable of Ancrage; the nearest is ANCRAGE_"):
        read(NAME_FILE="x").check_names(list_names())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no account for Zoe.Dupont+x@mail.example.org here", "no account for [e-mail] here"),
        ("Not Found: /territoires/?q=rue+des+lilas", "Not Found: /territoires/?[...]"),
        ("/partage/Yk3_Zx9aQwErTyUiOpAsDfGhJkLzXcVbNm12-_5aB/", "/partage/[...]/"),
        ("/etudes/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed/", "/etudes/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed/"),
        ("/territoires/200072544-cc-des-deux-morin/", "/territoires/200072544-cc-des-deux-morin/"),
    ],
)
def test_log_hides_addresses_tokens_and_queries(text: str, expected: str) -> None:
    assert hide_personal_data(text) == expected


def test_log_writes_an_exception_on_one_line() -> None:
    try:
        raise ValueError("key (email)=(zoe@example.org)")
    except ValueError:
        record = logging.LogRecord("ancrage", logging.ERROR, "x.py", 1, "it\nfailed", (), sys.exc_info())
    line = LineFormatter().format(record)
    assert "\n" not in line
    assert ' level=ERROR logger=ancrage message="it\\nfailed" exception="Traceback' in line
    assert "(email)=([e-mail])" in line


@pytest.mark.django_db
def test_log_of_a_missing_page_names_no_address(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="django.request"):
        Client().get("/partage/a-token-that-nobody-may-read/?secret=1")
    lines = [LineFormatter().format(r) for r in caplog.records if r.name == "django.request"]
    assert len(lines) == 1
    assert re.search(r' method=GET page=\S+ status=404 message="Not Found"$', lines[0])
    assert "a-token" not in lines[0]


def test_log_of_requests_has_the_visitor_only_when_asked(caplog: pytest.LogCaptureFixture, settings: Any) -> None:
    request = RequestFactory().get("/x/?q=1", REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    log = RequestLog(lambda _request: HttpResponse(status=204))
    with caplog.at_level(logging.INFO, logger="ancrage.requests"):
        log(request)
        settings.LOG_ADDRESSES = True
        log(request)
        settings.BEHIND_PROXY = True
        log(request)
    lines = [LineFormatter().format(record) for record in caplog.records]
    assert re.search(r"message=request method=GET page=unknown status=204 ms=\d+$", lines[0])
    assert lines[1].endswith(" address=192.0.2.7")
    assert lines[2].endswith(" address=203.0.113.9")
