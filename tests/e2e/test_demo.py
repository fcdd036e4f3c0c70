"""The demonstration as someone starts it: processes, pages, accounts, and a second start that makes nothing again."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from ancrage_web.demo.people import ACCOUNTS, PASSWORD
from web.site_process import Instance
from web.test_site_cli import find_port

COUNT = """
import json
from django_scopes import scopes_disabled
from ancrage_web.accounts.models import Membership, Organisation, User
from ancrage_web.audit.models import AuditLine
from ancrage_web.cofunding.models import Programme, Project
from ancrage_web.conventions.models import CommitteeFile, Convention, Request
from ancrage_web.studies.models import Comment, Run, Scenario, ShareLink, Study
from ancrage_web.territories.models import Commune, Epci
with scopes_disabled():
    money = (Convention, Request, Project, Programme)
    models = (*money, Organisation, User, Membership, AuditLine, Study, Scenario, Run, Comment, ShareLink)
    found = {model.__name__: model.objects.count() for model in (*models, Epci, Commune)}
    found["files"] = sorted(CommitteeFile.objects.values_list("status", flat=True))
    found["states"] = sorted(Run.objects.values_list("status", flat=True))
    found["good"] = [user.email for user in User.objects.order_by("email") if user.check_password(PASSWORD)]
print(json.dumps(found))
"""


def serve(instance: Instance, folder: Path, port: int) -> str:
    """Start the demonstration, look at its pages, stop it, and return what it said."""
    with instance.start("serve", "--demo", "--folder", str(folder), "--port", str(port)) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "(Ctrl-C stops it)" in line:
                break
        assert process.poll() is None, said
        for path, words in (
            ("/", "Démonstration"),
            ("/en/territoires/", "Ombreval"),
            (re.findall(r"http://localhost:\d+(/en/partage/\S+)", said)[0], "Vallées d&#x27;Ombreval"),
        ):
            with urlopen(f"http://localhost:{port}{path}", timeout=240) as page:
                assert page.status == 200
                assert words in page.read().decode()
        process.terminate()
        process.communicate(timeout=240)
        assert process.returncode == 0
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="stops its processes by signals")
def test_demonstration_starts_shows_its_accounts_and_starts_again_without_making_anything_twice(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    instance, port = Instance(tmp_path), find_port()
    said = serve(instance, folder, port)
    assert f"Demonstration accounts, all with the password {PASSWORD}" in said
    assert [account.email for account in ACCOUNTS if account.email not in said] == []
    inside = Instance(
        tmp_path,
        {"ANCRAGE_DEMO": "1", "ANCRAGE_FILES": str(folder), "ANCRAGE_SECRET_KEY_FILE": str(folder / "demo-key")},
    )
    count = f"PASSWORD = {PASSWORD!r}\n{COUNT}"
    first: dict[str, Any] = json.loads(inside.execute(count))
    assert {name: first[name] for name in ("Organisation", "User", "Membership", "Study", "Scenario", "Run")} == {
        "Organisation": 4,
        "User": 6,
        "Membership": 7,
        "Study": 1,
        "Scenario": 3,
        "Run": 3,
    }
    assert [first[name] for name in ("Convention", "Request", "Project", "Programme")] == [1, 16, 1, 8]
    assert first["files"] == ["made", "made"]
    assert first["states"] == ["done", "done", "done"]
    assert (first["Comment"], first["ShareLink"], first["Epci"], first["Commune"]) == (1, 1, 17, 350)
    assert first["good"] == sorted(account.email for account in ACCOUNTS)
    again = serve(instance, folder, port)
    assert "Computation of the scenario" not in again
    assert "Files of its committees" not in again
    assert json.loads(inside.execute(count)) == first


def test_demonstration_refuses_a_database_of_real_accounts(tmp_path: Path) -> None:
    instance = Instance(tmp_path, {"ANCRAGE_DEMO": "1", "ANCRAGE_FILES": str(tmp_path / "site")})
    create = "from ancrage_web.accounts.models import User; User.objects.create_user('someone@example.org')"
    assert instance.run("site", "migrate").returncode == 0
    instance.execute(create)
    refuse = (
        "from ancrage.errors import InputError\n"
        "from ancrage_web.demo.people import create_people\n"
        "try:\n    create_people()\nexcept InputError as error:\n    print(error.text.en)"
    )
    assert instance.execute(refuse).startswith("This database holds real accounts: the demonstration is not mixed")
    real = {"ANCRAGE_DEMO": "0", "ANCRAGE_SECRET_KEY": "0123456789" * 6, "ANCRAGE_EMAIL_URL": "console"}
    said = Instance(tmp_path, {**instance.variables, **real}).execute(refuse)
    assert said.startswith("The accounts of the demonstration have a public password")
