"""The theme and the templates: contrasts, words in two languages, no inline script, every named file there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django import forms
from django.template import Context, Template
from django.template.base import Lexer, TokenType
from django.test import Client, RequestFactory, override_settings
from django.utils.translation import override

from ancrage.language import Text
from ancrage_web.design.words import say_later
from ancrage_web.pages.views import show_server_error

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "src" / "ancrage_web"
TEMPLATES = sorted(path for path in SITE.glob("*/templates/**/*") if path.is_file())
PAGES = [path for path in TEMPLATES if path.suffix == ".html"]
STATIC = sorted(SITE.glob("*/static"))
ENTRIES = {path.name for path in (ROOT / "frontend" / "src" / "entries").glob("*.js")}
STYLES = {path.name for path in (ROOT / "frontend" / "src" / "styles").glob("*.css")}

# Words that are the same in both languages.
SAME = {
    *(
        "API",
        "1 commune",
        "Nature",
        "Surface",
        "table",
        "Action",
        "Actions",
        "Commune",
        "Communes",
        "communes",
        "{count} communes",
        "Contact",
        "Cookies",
        "Date",
    ),
    *("E-mail", "Invitation", "Licence", "Message", "Notes", "Organisations", "Page", "SIREN {siren}.", "Source"),
    *("Sources", "Table", "Type"),
    # Of conventions and of co-funding.
    *(
        "1 convention",
        "Programme",
        "{count} commune(s)",
        "Certain",
        "Contribution",
        "Convention",
        "Conventions",
        "Conventions de revitalisation",
        "{count} conventions",
        "CSV",
        "De minimis",
        "Distance",
        "Département",
        "EPCI",
        "Export",
        "Légifrance",
        "Organisation",
        "PDF",
        "Parties",
        "Programmes",
        "SIREN",
        "Total",
        "XLSX",
        "km",
        "version {number}",
    ),
}
# Attributes that a reader sees or hears.
SPOKEN = {"alt", "title", "aria-label", "aria-description", "placeholder", "data-label", "data-copied", "label"}
LETTERS = re.compile(r"[^\W\d_]")


def read_tokens(path: Path) -> str:
    """Return a template where each tag, variable and comment has become a space."""
    parts = []
    commented = False
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        if token.token_type == TokenType.BLOCK and token.contents in ("comment", "endcomment"):
            commented = token.contents == "comment"
        elif token.token_type == TokenType.TEXT and not commented:
            parts.append(token.contents)
        elif not commented:
            parts.append(" ")
    return "".join(parts)


class Reader(HTMLParser):
    """Notes the bare words of a template, and what the policy of the site refuses."""

    # Read as they are written: codes, names of cookies, letters of coefficients (their title says them).
    CODE = frozenset({"abbr", "code", "kbd", "samp", "pre"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.refused: list[str] = []
        self.open_code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Read the attributes of an element."""
        values = dict(attrs)
        self.open_code += tag in self.CODE
        if tag == "style" or (tag == "script" and "src" not in values and values.get("type") != "application/json"):
            self.refused.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.refused.append(f"{name}=")
            if name in SPOKEN and value and LETTERS.search(value):
                self.words.append(f"{name}={value}")

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.open_code -= tag in self.CODE

    def handle_data(self, data: str) -> None:
        """Note letters between elements."""
        if LETTERS.search(data) and not self.open_code:
            self.words.append(" ".join(data.split()))


def read_template(path: Path) -> Reader:
    """Return what a template writes by itself."""
    reader = Reader()
    reader.feed(read_tokens(path))
    reader.close()
    return reader


def name_template(path: Path) -> str:
    """Return a template as Django names it."""
    return path.as_posix().split("/templates/", 1)[1]


def read_says(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the French and the English of each `say` of a template."""
    for token in Lexer(path.read_text(encoding="utf-8")).tokenize():
        if token.token_type == TokenType.BLOCK and token.contents.startswith("say "):
            parts = token.split_contents()
            yield parts[1][1:-1], parts[2][1:-1]


@pytest.mark.parametrize("path", PAGES, ids=name_template)
def test_template_has_no_bare_word(path: Path) -> None:
    assert read_template(path).words == []


@pytest.mark.parametrize("path", PAGES, ids=name_template)
def test_template_holds_no_inline_script_nor_style(path: Path) -> None:
    assert read_template(path).refused == []


@pytest.mark.parametrize("path", TEMPLATES, ids=name_template)
def test_template_says_everything_in_both_languages(path: Path) -> None:
    for french, english in read_says(path):
        assert french.strip()
        assert english.strip()
        assert french != english or french in SAME


def test_reader_finds_what_is_forbidden(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(
        '<p title="Titre" onclick="x()">Bonjour {{ name }}</p>{# un mot #}<p>{% say "Oui" "Yes" %}</p><style></style>'
    )
    reader = read_template(page)
    assert reader.words == ["title=Titre", "Bonjour"]
    assert reader.refused == ["onclick=", "<style>"]


def test_templates_are_all_used() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (*SITE.rglob("*.py"), *TEMPLATES)]
    # Django, allauth and the settings of errors find these by their names.
    found_by_name = re.compile(r"(django|account|mfa|socialaccount|allauth|usersessions)/|(4\d\d|500|403_csrf)\.html$")
    unused = [
        name
        for name in map(name_template, TEMPLATES)
        if not found_by_name.match(name) and not any(f'"{name}"' in source for source in sources)
    ]
    assert unused == []


def test_static_files_named_in_templates_exist() -> None:
    missing = []
    for path in PAGES:
        for name in re.findall(r"{%\s*static\s+['\"]([^'\"]+)['\"]", path.read_text(encoding="utf-8")):
            folder, _, file = name.rpartition("/")
            built = folder == "built" and (file in ENTRIES or file in STYLES or file == "LICENSES.txt")
            if not (built or folder == "built/fonts" or any((each / name).exists() for each in STATIC)):
                missing.append(f"{name_template(path)}: {name}")
    assert missing == []


def test_font_that_pages_ask_first_is_one_that_is_built() -> None:
    base = (SITE / "design/templates/base.html").read_text(encoding="utf-8")
    (font,) = re.findall(r"built/fonts/([\w-]+\.woff2)", base)
    assert font in (ROOT / "frontend/src/styles/fonts.css").read_text(encoding="utf-8")


def test_lock_of_the_scripts_names_no_host() -> None:
    lock = (ROOT / "frontend/package-lock.json").read_text(encoding="utf-8")
    assert "://" not in lock
    assert lock.count('"integrity": "sha512-') > 50


# Contrasts ------------------------------------------------------------------------------------------------------------

TOKENS = (SITE / "design/static/ancrage/tokens.css").read_text(encoding="utf-8")


def read_tokens_of(selector: str) -> dict[str, str]:
    """Return the variables of the first block that follows a selector."""
    block = TOKENS[TOKENS.index(selector) :].split("{", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", block))


LIGHT = read_tokens_of(":root {")
DARK = {**LIGHT, **read_tokens_of(':root[data-theme="dark"] {')}


def compute_luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def compute_contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((compute_luminance(first), compute_luminance(second)))
    return (light + 0.05) / (dark + 0.05)


GROUNDS = ("paper", "surface", "sunken")
# Text on its grounds: 4.5; edges of controls, focus, marks of maps and charts: 3.
TEXT = [(ink, ground) for ink in ("ink", "ink-soft", "accent", "accent-strong", "brick", "bad") for ground in GROUNDS]
TEXT += [("ink", f"{kind}-soft") for kind in ("accent", "good", "warn", "bad", "info")]
TEXT += [(kind, f"{kind}-soft") for kind in ("accent", "good", "warn", "bad", "info")]
TEXT += [("on-accent", "accent"), ("on-accent", "accent-strong"), ("ink-soft", "accent-soft")]
EDGES = [(edge, ground) for edge in ("line-strong", "focus", "accent", "bad") for ground in GROUNDS]
EDGES += [(mark, "map-ground") for mark in ("map-place", "map-existing", "map-brownfield", "map-arc", "map-border")]
EDGES += [(f"chart-{i}", "surface") for i in (1, 2, 3, 4)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_contrast_enough(theme: str) -> None:
    colours = LIGHT if theme == "light" else DARK
    wanted = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in EDGES]
    weak = {
        pair: round(contrast, 2)
        for pair, least in wanted
        if (contrast := compute_contrast(colours[pair[0]], colours[pair[1]])) < least
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_classes_of_maps_go_one_way(theme: str) -> None:
    colours = LIGHT if theme == "light" else DARK
    luminances = [compute_luminance(colours[f"map-{i}"]) for i in range(1, 6)]
    assert luminances == sorted(luminances, reverse=theme == "light")
    assert all(compute_contrast(colours[f"map-{i}"], colours[f"map-{i + 1}"]) > 1.2 for i in range(1, 5))


def test_contrast_of_black_and_white_is_twenty_one() -> None:
    assert compute_contrast("#000000", "#ffffff") == pytest.approx(21)


def test_dark_is_the_same_by_choice_and_by_device() -> None:
    assert read_tokens_of(':root:not([data-theme="light"]) {') == read_tokens_of(':root[data-theme="dark"] {')


# Pages ----------------------------------------------------------------------------------------------------------------


class SampleForm(forms.Form):
    """A form with a field of each kind."""

    name = forms.CharField(label=say_later(Text("Name", "Nom")), help_text="Tel qu'il sera lu.")
    objective = forms.ChoiceField(label="But", choices=[("a", "Temps"), ("b", "Carbone")], widget=forms.RadioSelect)
    notes = forms.CharField(label="Notes", required=False)


def test_form_links_its_errors_to_its_fields() -> None:
    form = SampleForm({"name": "", "notes": "x"})
    html = form.render()
    assert '<div class="error-summary" role="alert" tabindex="-1">' in html
    assert '<a href="#id_name">Nom</a>' in html
    assert '<a href="#id_objective_field">But</a>' in html
    assert 'id="id_objective_field"' in html
    assert 'aria-describedby="id_name_helptext id_name_error" id="id_name"' in html
    assert '<ul class="field-error errorlist" id="id_name_error"><li>' in html
    assert html.count('<span class="required" aria-hidden="true"> *</span>') == 2


def test_form_label_follows_the_language_of_the_page() -> None:
    template = Template("{{ form }}")
    with override("en"):
        html = template.render(Context({"form": SampleForm()}))
    assert '<label for="id_name">Name<span' in html
    assert "An asterisk (*) marks the required fields." in html
    assert "error-summary" not in html


@pytest.mark.django_db
def test_theme_is_kept_and_written_by_the_server() -> None:
    client = Client()
    assert 'data-theme="' not in client.get("/sources/").content.decode()
    answer = client.post("/affichage/", {"theme": "dark", "next": "/sources/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/sources/")
    assert '<html lang="fr" data-theme="dark">' in client.get("/sources/").content.decode()
    client.post("/affichage/", {"theme": "", "next": "/sources/"})
    assert 'data-theme="' not in client.get("/sources/").content.decode()


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)", ""])
def test_theme_never_sends_elsewhere(target: str) -> None:
    assert Client().post("/affichage/", {"theme": "dark", "next": target}).headers["Location"] == "/"


@pytest.mark.django_db
def test_unknown_theme_is_not_kept() -> None:
    client = Client()
    client.cookies["theme"] = '"><script>'
    assert '<html lang="fr">' in client.get("/sources/").content.decode()


@pytest.mark.django_db
def test_language_switch_keeps_the_page_and_its_query() -> None:
    html = Client().get("/sources/?a=1").content.decode()
    assert '<a class="plain-button" href="/en/sources/?a=1" lang="en" hreflang="en">English</a>' in html
    back = Client().get("/en/sources/?a=1").content.decode()
    assert '<a class="plain-button" href="/sources/?a=1" lang="fr" hreflang="fr">Français</a>' in back


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["/", "/sources/", "/accessibilite/", "/donnees-personnelles/", "/mentions-legales/"]
)
def test_public_page_sets_no_cookie(address: str) -> None:
    assert dict(Client().get(address).cookies) == {}


def test_server_error_page_needs_no_database() -> None:
    # Without the django_db mark, a query would fail the test.
    answer = show_server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Le site a rencontré une panne" in answer.content.decode()


@pytest.mark.django_db
def test_missing_page_says_what_to_do() -> None:
    answer = Client().get("/nulle-part/")
    assert answer.status_code == 404
    assert "Cette page n’existe pas" in answer.content.decode()


@pytest.mark.django_db
def test_form_without_its_proof_says_what_to_do(client: Client) -> None:
    answer = Client(enforce_csrf_checks=True).post("/compte/connexion/", {"login": "a@example.org"})
    assert answer.status_code == 403
    assert "Ce formulaire a expiré" in answer.content.decode()


@pytest.mark.django_db
def test_legal_notice_shows_the_publisher_only_when_known() -> None:
    assert "Éditeur non renseigné" in Client().get("/mentions-legales/").content.decode()
    with override_settings(PUBLISHER="CC de la Vallée", CONTACT="contact@example.org"):
        html = Client().get("/mentions-legales/").content.decode()
    assert "Éditeur non renseigné" not in html
    assert "CC de la Vallée" in html
    assert 'href="mailto:contact@example.org"' in html


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "words"), [("partial", "partiellement conforme"), ("full", "totalement conforme")])
def test_audited_instance_shows_its_state_and_its_declaration(state: str, words: str) -> None:
    html = Client().get("/accessibilite/").content.decode()
    assert html.count("non conforme") == 2
    assert "Lire la déclaration complète" not in html
    with override_settings(ACCESSIBILITY=state, ACCESSIBILITY_URL="https://example.org/declaration"):
        html = Client().get("/accessibilite/").content.decode()
    assert html.count(words) == 2
    assert "non conforme" not in html
    assert 'href="https://example.org/declaration"' in html


@pytest.mark.django_db
def test_sources_page_lists_every_table_loaded(territories: object) -> None:
    html = Client().get("/sources/").content.decode()
    assert html.count('<th scope="row">') == len(territories.catalogue["sources"])  # type: ignore[attr-defined]
    assert "Territoire fictif" in html


@pytest.mark.django_db
def test_home_asks_few_queries(territories: object, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(6):  # type: ignore[operator]
        first = Client().get("/").content.decode()
    # What everyone reads alike is rendered once.
    with django_assert_num_queries(1):  # type: ignore[operator]
        html = Client().get("/").content.decode()
    assert html == first
    assert html.count('class="hero-end"') >= 1
    assert "data-territory-search" in html
