"""The repository agrees with itself: documentation, commands, parameters, indicators, files."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from mkdocs.exceptions import PluginError

from ancrage import __version__
from ancrage.cli.main import app
from ancrage.diagnosis import list_indicators
from ancrage.parameters import LETTERS, UNITS, load_parameters
from ancrage.study.inputs import COEFFICIENTS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
FRONT_PAGES = ("README.md", "README.fr.md", "CONTRIBUTING.md", "GLOSSARY.md", "SECURITY.md", "CHANGELOG.md")
# Written in pieces, so that this file is not what it forbids.
PACKAGE_HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "proxy.golang" + ".org")
INDEX_OPTIONS = ("--index" + "-url", "--extra-index" + "-url", "--find" + "-links")
MACHINE_PATHS = ("/wo" + "rk/", "/tm" + "p/", "/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/")
LARGEST_FILE = 1024 * 1024
LONGEST_MODULE = 500


@cache
def list_tracked() -> tuple[Path, ...]:
    """Return the files of the repository that exist, as git knows them."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return tuple(path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())


def list_pages() -> list[Path]:
    """Return every page that a reader may open: those of docs and those at the root."""
    return [*(ROOT / name for name in FRONT_PAGES), *sorted(DOCS.rglob("*.md"))]


def read_text(path: Path) -> str | None:
    """Return the text of a file, or None for a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def list_code(text: str) -> Iterator[str]:
    """Yield the lines of fenced blocks and the pieces of inline code of a page."""
    for block in re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL):
        yield from (line.strip() for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def read_command(line: str) -> list[str]:
    """Return the words of a command line, without its comment."""
    return shlex.split(line, comments=True)


def list_commands(text: str) -> list[str]:
    """Return what a page tells its reader to type, comments and placeholders taken out."""
    found = []
    for line in list_code(text):
        if line.startswith(("ancrage ", "make ", "git clone ", "--")):
            words = re.sub(r"<[^>]*>", "", line)
            found.append(words if line.startswith("--") else " ".join(read_command(words)))
    return found


def list_leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its words."""
    if hasattr(command, "commands"):
        for name, inner in command.commands.items():
            yield from list_leaves(inner, (*path, name))
    else:
        yield path, command


def list_options(command: Any) -> set[str]:
    return {option for given in command.params for option in given.opts if option.startswith("--")} | {"--help"}


def read_nav(entries: list[Any]) -> list[str]:
    found = []
    for entry in entries:
        content = next(iter(entry.values())) if isinstance(entry, dict) else entry
        found += read_nav(content) if isinstance(content, list) else [content]
    return found


def check_command(line: str) -> str | None:
    """Return what is wrong with a documented command, or None."""
    words = read_command(line.replace("`", ""))[1:]
    command: Any = typer.main.get_command(app)
    known = list_options(command)
    for word in words:
        if word.startswith("--"):
            option = word.partition("=")[0]
            if option not in known:
                return f"{line}: no option {option}"
        elif hasattr(command, "commands"):
            if word in ("en", "fr", "..."):
                continue
            if word not in command.commands:
                return f"{line}: no command {word}"
            command = command.commands[word]
            known = list_options(command)
    return None


def test_forbidden_strings_are_in_no_tracked_file() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in list_tracked()
        if (text := read_text(path)) is not None
        for word in (*PACKAGE_HOSTS, *INDEX_OPTIONS, *MACHINE_PATHS)
        if word in text
    ]
    assert found == []


def test_tracked_files_are_small() -> None:
    assert [str(p.relative_to(ROOT)) for p in list_tracked() if p.stat().st_size > LARGEST_FILE] == []


def test_tracked_files_hold_no_open_data() -> None:
    """Data stay out of the repository: they have their own licences and vintages."""
    data = {".parquet", ".csv", ".zip", ".pbf", ".gpkg", ".xlsx"}
    assert [str(p.relative_to(ROOT)) for p in list_tracked() if p.suffix in data] == []


def test_python_files_are_short_enough_to_read() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in list_tracked()
        # Migrations are written by Django.
        if path.suffix == ".py"
        and "migrations" not in path.parts
        and (count := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_MODULE
    }
    assert long == {}


def test_public_modules_have_a_docstring() -> None:
    silent = []
    for path in list_tracked():
        if path.suffix != ".py" or not path.is_relative_to(ROOT / "src") or "migrations" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if tree.body and not ast.get_docstring(tree):
            silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_modules_have_telling_names() -> None:
    vague = {"utils", "helpers", "common", "manager"}
    assert [str(p.relative_to(ROOT)) for p in list_tracked() if p.suffix == ".py" and p.stem in vague] == []


def test_parameters_have_source_letter_unit_and_both_languages() -> None:
    for value in load_parameters().list():
        assert value.source.strip(), value.name
        assert value.render_source("fr").strip(), value.name
        assert value.label.en.strip(), value.name
        assert value.label.fr.strip(), value.name
        assert value.letter in LETTERS, value.name
        assert value.unit in UNITS, value.name


def test_coefficients_in_method_pages_are_those_of_the_code() -> None:
    """Tables of coefficients in docs/method carry the values of the preset "central"; they miss none of a study."""
    parameters = load_parameters().with_preset("central")
    row = re.compile(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \| ([SDA]) \|$", re.MULTILINE)
    documented: set[str] = set()

    def write(number: float | None) -> str:
        return "–" if number is None else f"{number:.10g}"

    for page in ("study-area", "demand", "effects", "costs", "impact"):
        for name, *shown in row.findall((DOCS / "method" / f"{page}.md").read_text(encoding="utf-8")):
            value = parameters.get(name)
            expected = [write(value.value), write(value.low), write(value.high), value.unit, value.letter]
            assert shown == expected, f"{page}.md: {name}"
            documented.add(name)
    assert set(COEFFICIENTS) - documented == set()


def test_presets_in_the_method_are_those_of_the_code() -> None:
    page = (DOCS / "method" / "index.md").read_text(encoding="utf-8")
    for preset in load_parameters().list_presets():
        chosen = load_parameters().with_preset(preset)
        cells = [
            f"{c.value:.10g} ({c.low:.10g} to {c.high:.10g}) {c.letter}"
            for c in map(chosen.get, ("days_per_week", "takeup_if_teleworkable", "share_telework_days_in_tl"))
        ]
        assert f"| `{preset}` | {' | '.join(cells)} |" in page


def test_indicators_have_one_page_each() -> None:
    pages = {path.stem for path in (DOCS / "method" / "indicators").glob("*.md")} - {"index"}
    assert {indicator.id for indicator in list_indicators()} == pages
    index = (DOCS / "method" / "indicators" / "index.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((\w+)\.md\)", index)) == pages


def test_formulas_of_figures_have_a_place_in_the_method() -> None:
    """A figure names its formula as page.anchor: the page exists, and the anchors of pages written here too."""
    sources = [p.read_text(encoding="utf-8") for p in (ROOT / "src" / "ancrage" / "study").glob("*.py")]
    named = {name for text in sources for name in re.findall(r'"((?:demand|siting|impact)\.\w+)"', text)}
    lines = (ROOT / "src" / "ancrage" / "study" / "impact_lines.py").read_text(encoding="utf-8")
    named |= {f"impact.{key}" for key in re.findall(r'\badd(?:_scalar)?\(\s*"(\w+)"', lines)}
    assert len(named) > 15
    for formula in named:
        page, anchor = formula.split(".")
        text = (DOCS / "method" / f"{page}.md").read_text(encoding="utf-8")
        if page != "siting":
            assert f"{{ #{anchor} }}" in text, formula


def test_navigation_lists_every_page_once() -> None:
    nav = read_nav(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    pages = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
    assert sorted(nav) == pages


def test_pictures_of_the_user_guide_are_light_described_and_taken_by_the_script() -> None:
    folder = DOCS / "guide" / "site"
    pictures = {path.stem: path.stat().st_size for path in (folder / "images").iterdir()}
    pages = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.md"))
    shown = dict(re.findall(r"!\[([^\]]*)\]\(images/([\w-]+)\.png\)", pages))
    script = (DOCS / "screenshots.py").read_text(encoding="utf-8")
    assert set(shown.values()) == set(pictures)
    assert set(re.findall(r"""\.take\(["']([\w-]+)["']""", script)) == set(pictures)
    assert [words for words in shown if len(words) < 25] == []
    assert {name: size for name, size in pictures.items() if size > 150_000} == {}
    assert sum(pictures.values()) < 2_000_000


def test_links_of_front_pages_lead_somewhere() -> None:
    lost = [
        f"{name}: {target}"
        for name in FRONT_PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8"))
        if not target.startswith("https://") and not (ROOT / target.partition("#")[0]).exists()
    ]
    assert lost == []


def test_readmes_give_the_same_commands() -> None:
    english = list_commands((ROOT / "README.md").read_text(encoding="utf-8"))
    french = list_commands((ROOT / "README.fr.md").read_text(encoding="utf-8"))
    assert len(english) > 20
    assert english == french


def test_documented_commands_exist() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {problem}"
        for path in list_pages()
        for line in list_code(path.read_text(encoding="utf-8"))
        if line.startswith("ancrage ") and not line.startswith("ancrage =") and (problem := check_command(line))
    ]
    assert wrong == []


def test_make_targets_are_documented() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()) - {"clean"}
    for name in ("README.md", "README.fr.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert {target for target in targets if f"make {target}" not in text} == set(), name


def test_command_reference_has_every_command_and_option_and_no_other() -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^##+ (ancrage[^\n]*)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    leaves = dict(list_leaves(typer.main.get_command(app), ("ancrage",)))
    assert {title for title, text in sections.items() if "```" in text} == {" ".join(path) for path in leaves}
    for path, command in leaves.items():
        shown = set(re.findall(r"^\| `(--[\w-]+)", sections[" ".join(path)], re.MULTILINE))
        assert shown | {"--help"} == list_options(command), " ".join(path)


def test_formulas_of_pages_become_mathml_and_unknown_signs_are_refused() -> None:
    spec = importlib.util.spec_from_file_location("mathematics", DOCS / "mathematics.py")
    assert spec is not None
    assert spec.loader is not None
    mathematics = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mathematics)
    assert mathematics.on_page_content(r'<p><span class="arithmatex">\(x_{is} \le 10^{-9}\)</span></p>') == (
        '<p><math display="inline"><mrow><msub><mi>x</mi><mrow><mi>i</mi><mi>s</mi></mrow></msub><mo>≤</mo>'
        "<msup><mn>10</mn><mrow><mo>−</mo><mn>9</mn></mrow></msup></mrow></math></p>"
    )
    for wrong, words in ((r"\nabla x", "nabla"), ("{x", "not closed"), ("x}", "unmatched"), ("x_", "too early")):
        with pytest.raises(PluginError, match=words):
            mathematics.render_mathematics(wrong, display=True)


def test_changelog_has_the_current_version() -> None:
    assert f"\n## {__version__} " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_publiccode_is_valid_but_for_what_is_unknown() -> None:
    content = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    assert content["publiccodeYmlVersion"] == "0.4"
    assert content["softwareVersion"] == __version__
    assert content["legal"]["license"] == "Apache-2.0"
    assert set(content["description"]) == set(content["localisation"]["availableLanguages"]) == {"en", "fr"}
    for text in content["description"].values():
        assert 0 < len(text["genericName"]) <= 35
        assert 0 < len(text["shortDescription"]) <= 150
        assert 500 <= len(text["longDescription"]) <= 10_000
        assert all(0 < len(feature) <= 100 for feature in text["features"])
    mandatory = {"name", "platforms", "categories", "developmentStatus", "softwareType", "maintenance"}
    assert mandatory <= set(content)


def test_packages_have_a_reference_page() -> None:
    packages = {path.parent.name for path in (ROOT / "src" / "ancrage").glob("*/__init__.py")}
    pages = {path.stem for path in (DOCS / "reference").glob("*.md")}
    assert packages <= pages


@pytest.mark.parametrize("path", sorted((DOCS / "decisions").glob("0*.md")), ids=lambda path: path.stem[:4])
def test_decisions_say_options_reasons_and_drawbacks(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem[:4]}. ")
    assert re.search(r"^\d{4}-\d\d-\d\d, (accepted|superseded)", text, re.MULTILINE)
    for heading in ("Context", "Options", "Decision", "Why", "Drawbacks"):
        assert f"\n## {heading}\n" in text
    assert path.name in (DOCS / "decisions" / "index.md").read_text(encoding="utf-8")
