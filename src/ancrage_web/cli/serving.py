"""`ancrage serve`: checks what the site needs, then leaves its place to the parent of its processes."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ancrage.cli import session
from ancrage.cli.session import LangOption
from ancrage.errors import InputError, MissingDataError
from ancrage.language import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

STAMP = "gathered"
# Files of packages that no page uses: compressing them would double the time of a first start.
UNUSED = ["rest_framework", "django_filters", "admin"]


def serve(
    demo: Annotated[
        bool, typer.Option("--demo", help="Fictional territory, studies and accounts, made at the first start.")
    ] = False,
    folder: Annotated[
        Path, typer.Option("--folder", help="Folder of the demonstration, for --demo only.", show_default=True)
    ] = Path("ancrage-demo/site"),
    host: Annotated[str, typer.Option("--host", help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.", min=1, max=65535)] = 8000,
    workers: Annotated[int, typer.Option("--workers", help="Processes that answer pages.", min=1, max=64)] = 1,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Do not run studies: the worker runs elsewhere.")
    ] = False,
    lang: LangOption = None,
) -> None:
    """Serve the site and run its studies in the background, until Ctrl-C; settings come from the environment."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    opening.check_extra()
    os.environ.setdefault("ANCRAGE_URL", f"http://localhost:{port}")
    if demo:
        choose_demo(folder.absolute())
    check_port(host, port)
    with opening.open_site():
        from django.conf import settings

        if demo:
            opening.migrate()
            gather_static()
            from ancrage_web.demo.loading import load_demo

            load_demo(lambda text: session.notes.print(session.say(text), markup=False, soft_wrap=True))
            if not host.startswith("127.") and host not in ("localhost", "::1"):
                warn_open_demo()
        else:
            if settings.DEMO:
                raise InputError(
                    "ANCRAGE_DEMO is for the demonstration: type 'ancrage serve --demo', or remove the variable.",
                    "ANCRAGE_DEMO est faite pour la démonstration : tapez « ancrage serve --demo », ou retirez la "
                    "variable.",
                )
            opening.create_folders()
            opening.refuse_pending()
            gather_static()
        arguments = ["--host", host, "--port", str(port), "--workers", str(workers)]
        arguments += ["--files", str(settings.FILES), "--url", settings.SITE_URL]
    leave_place([*arguments, "--no-worker"] if no_worker else arguments)


def choose_demo(folder: Path) -> None:
    """Point the settings to the folder of the demonstration, with a key that outlives a restart."""
    os.environ.update({"ANCRAGE_DEMO": "1", "ANCRAGE_FILES": str(folder), "ANCRAGE_DATA": str(folder / "data")})
    if os.environ.get("ANCRAGE_SECRET_KEY") or os.environ.get("ANCRAGE_SECRET_KEY_FILE"):
        return
    key = folder / "demo-key"
    if not key.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(48), encoding="utf-8")
    os.environ["ANCRAGE_SECRET_KEY_FILE"] = str(key)


def warn_open_demo() -> None:
    """Say that the passwords of the demonstration are public."""
    session.notes.print(
        session.say(
            Text(
                "Careful: this demonstration can be reached from the network, and its passwords are public.",
                "Attention : cette démonstration est accessible depuis le réseau, et ses mots de passe sont publics.",
            )
        ),
        style="yellow",
        markup=False,
    )


def check_port(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, before anything is prepared.

    Raises
    ------
    InputError
        Says which port, and why.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
    except OSError as error:
        raise InputError(
            f"The site cannot listen on {host}, port {port} ({error.strerror}). Stop what uses it, or choose another "
            "with --port.",
            f"Le site ne peut pas écouter sur {host}, port {port} ({error.strerror}). Arrêtez ce qui l'utilise, ou "
            "choisissez-en un autre avec --port.",
        ) from error


def list_static() -> Iterator[tuple[str, Path]]:
    """Yield every static file of the site with the name it is served under."""
    from django.contrib.staticfiles.finders import get_finders

    for finder in get_finders():
        for name, storage in finder.list(UNUSED):
            yield name, Path(storage.path(name))


def gather_static() -> None:
    """Gather and compress the static files when they changed since the last time.

    Raises
    ------
    MissingDataError
        If the scripts of the pages were not built.
    """
    from django.conf import settings
    from django.core.management import call_command

    from ancrage import __version__

    files = sorted(list_static())
    if not any(name.startswith("built/") for name, _ in files):
        raise MissingDataError(
            "The scripts and maps of the pages are not built. Type 'make frontend' in the source folder (an installed "
            "package holds them).",
            "Les scripts et les cartes des pages ne sont pas construits. Tapez « make frontend » dans le dossier des "
            "sources (un paquet installé les contient).",
        )
    content = [__version__, *(f"{name} {path.stat().st_size} {path.stat().st_mtime_ns}" for name, path in files)]
    digest = hashlib.sha256("\n".join(content).encode()).hexdigest()
    stamp = settings.STATIC_ROOT / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
        return
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=UNUSED)
    stamp.write_text(digest, encoding="utf-8")


def leave_place(arguments: list[str]) -> None:
    """Become the parent of the processes of the site: what was loaded to prepare them is given back."""
    command = [sys.executable, "-m", "ancrage_web.config.supervisor", *arguments]
    sys.stderr.flush()
    if sys.platform == "win32":
        raise typer.Exit(subprocess.call(command))  # noqa: S603
    os.execv(sys.executable, command)  # noqa: S606
