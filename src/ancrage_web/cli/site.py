"""`ancrage site`: everything that the person who runs an instance types."""

from __future__ import annotations

import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ancrage.cli import session
from ancrage.cli.session import JsonOption, LangOption
from ancrage.language import Text

app = typer.Typer(
    name="site", no_args_is_help=True, help="Run an instance of the site: create, load, back up, restore, look at it."
)


class KindName(StrEnum):
    """Kinds of organisations, as `accounts.enums.Kind` names them (a test compares them)."""

    EPCI = "epci"
    CONSULTANCY = "consultancy"
    OPERATOR = "operator"
    COMPANY = "company"
    STATE = "state"


def tell(text: Text) -> None:
    """Print a sentence on standard error, where everything said about the work goes."""
    session.notes.print(session.say(text), markup=False, soft_wrap=True)


@app.command("key")
def key(lang: LangOption = None) -> None:
    """Make a secret key for ANCRAGE_SECRET_KEY and print it: keep it, the same at every start."""
    session.choose_language(lang)
    session.out.print(secrets.token_urlsafe(48), markup=False)


@app.command("init")
def init(
    email: Annotated[str | None, typer.Option("--email", help="E-mail address of the first administrator.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Name of the first administrator.")] = None,
    organisation: Annotated[str | None, typer.Option("--organisation", help="Name of the first organisation.")] = None,
    kind: Annotated[KindName | None, typer.Option("--kind", help="What this organisation is.")] = None,
    lang: LangOption = None,
) -> None:
    """Create the database, the first organisation and its administrator; what is not given is asked.

    The password is typed twice, or comes from ANCRAGE_ADMIN_PASSWORD_FILE.
    """
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from ancrage_web.cli.beginning import begin

        begin(email, name, organisation, kind.value if kind else None)


@app.command("migrate")
def migrate(lang: LangOption = None) -> None:
    """Bring the database to this version of Ancrage; back it up before."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        opening.create_folders()
        pending = opening.list_pending()
        opening.migrate()
        tell(
            Text(
                f"The database is up to date ({len(pending)} migrations done).",
                f"La base est à jour ({len(pending)} migrations faites).",
            )
        )


@app.command("load")
def load(
    data: Annotated[Path, typer.Argument(help="Territory store or folder of tables, as `ancrage data` makes them.")],
    lang: LangOption = None,
) -> None:
    """Compute every portrait of a territory store and publish them, in the place of those before.

    Set ANCRAGE_DATA to the same folder: studies read it.
    """
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from django.core.management import call_command

        opening.refuse_pending()
        call_command("load_territories", data)


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="Archive to write: NAME.tar.gz or NAME.zip.")],
    lang: LangOption = None,
) -> None:
    """Write the database and the files of the site into one archive, while it runs."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from ancrage_web.cli.backup import write_backup

        done = write_backup(file)
        tell(
            Text(
                f"{file}: {done.files} files and the database, {done.size / 1e6:.1f} MB. The secret key is not in it: "
                "keep it apart.",
                f"{file} : {done.files} fichiers et la base, {done.size / 1e6:.1f} Mo. La clé secrète n'y est pas : "
                "gardez-la à part.",
            )
        )


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="Archive that `ancrage site backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace what the instance holds: it is lost, back it up before.")
    ] = False,
    lang: LangOption = None,
) -> None:
    """Put back the database and the files of an archive; it is checked before anything is touched."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from ancrage_web.cli.restore import restore_backup

        done = restore_backup(file, replace=replace)
        pending = opening.list_pending()
        tell(
            Text(
                f"Restored: backup of {done.made_at}, version {done.version}, {done.files} files."
                + (" Now type 'ancrage site migrate'." if pending else ""),
                f"Restauré : sauvegarde du {done.made_at}, version {done.version}, {done.files} fichiers."
                + (" Tapez maintenant « ancrage site migrate »." if pending else ""),
            )
        )


@app.command("check-trail")
def check_trail(lang: LangOption = None) -> None:
    """Check the chain of the audit trail of every organisation; exit 1 when a line was changed or removed."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from django.core.management import call_command

        opening.refuse_pending()
        call_command("check_trail")


@app.command("status")
def status(as_json: JsonOption = False, lang: LangOption = None) -> None:
    """Show the version, the database, the territories, the processes and the disk; exit 1 if something is wrong."""
    session.choose_language(lang)
    from ancrage_web.cli import opening

    with opening.open_site():
        from ancrage_web.cli.status import read_status

        found = read_status()
        if as_json:
            session.print_json(found.build_values())
        else:
            for line in found.list_lines():
                session.out.print(session.say(line), markup=False, soft_wrap=True)
        if found.problems:
            raise typer.Exit(1)
