"""Write docs/reference/cli.md from the commands, and the table of variables of the site (called by `make fix`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer.main

from ancrage.cli.main import app
from ancrage_web.config.variables import list_variables

PAGE = Path(__file__).parent / "reference" / "cli.md"
OPERATIONS = Path(__file__).parent / "guide" / "operations.md"
HEAD = """\
# Command line

Messages are in French unless `--lang en` or `ANCRAGE_LANG=en` says otherwise. Results go to standard output,
everything said about the work to standard error. Exit codes: 0 done, 1 refused input (one message, no
traceback), 2 wrong usage.

| variable | meaning |
|---|---|
| `ANCRAGE_DATA` | data folder when `--data` is not given; else the user's data folder |
| `ANCRAGE_LANG` | language of the messages, `fr` or `en` |
"""


def render_cell(text: str | None) -> str:
    """Return a help text that fits a cell of a table."""
    return (text or "").replace("|", "\\|").replace("\n", " ").strip()


def list_rows(command: Any) -> list[str]:
    """Return the table of the arguments and options of a command."""
    rows = []
    for parameter in command.params:
        text = render_cell(parameter.help)
        if parameter.param_type_name == "argument":
            rows.append(f"| `{parameter.metavar or parameter.name.upper()}` | {text} |")
        elif parameter.name != "help":
            default = parameter.default
            said = default in (None, False, ()) or callable(default) or "efault" in text or parameter.name == "version"
            rows.append(f"| `{', '.join(parameter.opts)}` | {text}{'' if said else f' Default: {default}.'} |")
    return ["| argument or option | meaning |", "|---|---|", *rows, ""] if rows else []


def list_lines(command: Any, path: tuple[str, ...]) -> list[str]:
    """Return the section of a command, or of a group with its commands."""
    name, help_text = " ".join(path), render_cell(command.help)
    if hasattr(command, "commands"):
        title = [f"## {name}", "", help_text, ""] if len(path) > 1 else [f"## {name}", "", *list_rows(command)]
        below = (list_lines(sub, (*path, key)) for key, sub in command.commands.items())
        return [*title, *(line for lines in below for line in lines)]
    arguments = " ".join(p.metavar or p.name.upper() for p in command.params if p.param_type_name == "argument")
    usage = f"{name} {arguments}".strip() + " [options]"
    return [
        f"{'###' if len(path) > 2 else '##'} {name}",
        "",
        "```",
        usage,
        "```",
        "",
        help_text,
        "",
        *list_rows(command),
    ]


def render_variables() -> str:
    """Return the table of the variables of the site."""
    rows = ["| variable | value | default | meaning |", "|---|---|---|---|"]
    for variable in list_variables():
        name = f"`{variable.name}`{' (or `_FILE`)' if variable.secret else ''}"
        rows.append(f"| {name} | {variable.form} | {variable.default} | {variable.meaning} |")
    return "\n".join(rows)


if __name__ == "__main__":
    lines = list_lines(typer.main.get_command(app), ("ancrage",))
    PAGE.write_text(f"{HEAD}\n" + "\n".join(lines).rstrip() + "\n", encoding="utf-8")
    page = OPERATIONS.read_text(encoding="utf-8")
    table = f"<!-- variables -->\n{render_variables()}\n<!-- /variables -->"
    OPERATIONS.write_text(
        re.sub(r"<!-- variables -->.*<!-- /variables -->", lambda _: table, page, flags=re.DOTALL), encoding="utf-8"
    )
