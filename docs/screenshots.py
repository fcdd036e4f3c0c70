"""Take the pictures of the user guide of the site (called by `make screenshots`).

The demonstration is started in a folder of its own, then visited as its readers would; `--address` visits one that runs
already.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

FOLDER = Path(__file__).parent / "guide" / "site" / "images"
# Those of the demonstration, that the README gives.
OFFICER, ADMINISTRATOR, CONSULTANT = "agent@ombreval.example", "admin@ombreval.example", "conseil@rebond.example"
PASSWORD = "ombreval-demo-2026"  # noqa: S105
EPCI, STUDY = "/organisations/cc-des-vallees-dombreval-fictive/", "Un réseau de tiers-lieux pour les Vallées d'Ombreval"
CONVENTION = "Fonderies de Fargecombe (convention fictive)"
# What the firm of the pictures writes, part by part: labels and values.
FIRM_PARTS = (
    (),
    (("SIREN", "999999998"), ("Nom ou raison sociale", "Vannerie du Gué (fictive)"), ("Effectif salarié", "6")),
    (("Emplois que vous créerez", "3"),),
    (("Coût du projet", "48 000"), ("Aide demandée (€)", "12 000")),
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Maps are drawn by the processor; nothing is asked outside.
OPTIONS = ("--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")
WIDE, NARROW = 1280, 390
# Pictures of pages have few colours: fewer still make them light.
COLOURS = 128
LARGEST = 150_000
# The demonstration computes its studies first [s]; a run of a busy machine takes its time [ms].
START, PATIENCE = 900, 600_000


@contextmanager
def serve_demo() -> Iterator[str]:
    """Start a demonstration of its own and give its address once it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        program = Path(sys.executable).parent / "ancrage"
        command = [str(program), "serve", "--demo", "--folder", f"{folder}/site", "--port", str(port)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ANCRAGE_")}
        process = subprocess.Popen(command, env=kept, stdout=subprocess.DEVNULL)  # noqa: S603
        try:
            address = f"http://localhost:{port}"
            wait_for_site(address, process)
            yield address
        finally:
            process.terminate()
            process.wait(60)


def wait_for_site(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the site answers.

    Raises
    ------
    RuntimeError
        If it ends, or does not answer in time.
    """
    end = time.monotonic() + START
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/sante", timeout=5):  # noqa: S310
                return
        except (URLError, OSError):
            time.sleep(1)
    raise RuntimeError(f"The demonstration did not answer on {address}: start it by hand with 'make run' to see why.")


class Photographer:
    """Visits pages and keeps their pictures.

    Parameters
    ----------
    address : of the demonstration; width : of the window [px].
    """

    def __init__(self, browser: Browser, address: str, width: int = WIDE) -> None:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 844 if width == NARROW else 900}, locale="fr-FR"
        )
        context.set_default_timeout(60_000)
        self.page = context.new_page()

    def sign_in(self, email: str) -> Page:
        """Sign someone of the demonstration in, by the form."""
        self.page.goto("/compte/connexion/")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(PASSWORD)
        self.page.get_by_role("button", name="Se connecter", exact=True).click()
        self.page.wait_for_url("**/organisations/**")
        return self.page

    def take(self, name: str, above: str = "", *, focus: bool = False) -> None:
        """Write NAME.png: the window, from its top or from the element `above` on.

        Parameters
        ----------
        above : selector of what the picture starts with; focus : leave it where it is, with what it opened.
        """
        page = self.page
        undrawn = ".map:not([data-ready='1']):not([data-ready='absent']):visible"
        page.locator(undrawn).first.wait_for(state="hidden")
        page.mouse.move(0, 0)
        if not focus:
            page.evaluate("document.activeElement?.blur()")
        if above:
            top = page.locator(above).first.evaluate("each => each.getBoundingClientRect().top + scrollY")
            page.evaluate("top => scrollTo({top, behavior: 'instant'})", top - 16)
        else:
            page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        page.evaluate("document.fonts.ready.then(() => true)")
        page.wait_for_timeout(300)
        write_picture(name, page.screenshot())


def write_picture(name: str, content: bytes) -> None:
    """Write a picture in few colours.

    Raises
    ------
    RuntimeError
        If it is still too heavy for the guide.
    """
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    path = FOLDER / f"{name}.png"
    few = picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{name}: {size / 1000:.0f} kB", flush=True)  # noqa: T201
    if size > LARGEST:
        raise RuntimeError(f"{path.name} weighs {size} bytes, more than {LARGEST}: show less of the page.")


def visit_as_resident(browser: Browser, address: str) -> None:
    """Find a portrait and read it, at a desk then on a phone."""
    desk = Photographer(browser, address)
    page = desk.page
    page.goto("/")
    desk.take("home")
    page.goto("/territoires/000000001/")
    portrait = page.url
    desk.take("portrait")
    page.locator("#map-layer").select_option("destinations")
    desk.take("portrait-map", "#bloc-carte")
    figure = page.locator("li.figure:has(svg.strip)").first
    figure.locator("summary").click()
    desk.take("portrait-figure", "li.figure:has(svg.strip)")
    phone = Photographer(browser, address, NARROW)
    phone.page.goto("/")
    phone.page.get_by_label("Une commune ou une intercommunalité").press_sequentially("sainte severade des bos")
    expect(phone.page.get_by_role("option").first).to_contain_text("Sainte-Séverade-des-Bois")
    phone.take("search-390", "form.search", focus=True)
    phone.page.goto(portrait)
    phone.take("portrait-390")


def visit_as_officer(browser: Browser, address: str) -> None:
    """Make a first study, from its territory to its handing over."""
    desk = Photographer(browser, address)
    page = desk.sign_in(OFFICER)
    page.goto(f"{EPCI}etudes/")
    page.get_by_role("link", name="Nouvelle étude").click()
    page.get_by_label("Intercommunalité ou commune").press_sequentially("Ombreval")
    expect(page.get_by_role("option").first).to_contain_text("Ombreval")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("#id_name").fill("Où ouvrir nos premiers tiers-lieux ?")
    desk.take("study-new")
    page.get_by_role("button", name="Créer l’étude").click()

    page.get_by_label("Nom du scénario").fill("150 000 € et un lieu à Fargecombe")
    page.get_by_label("Budget annuel").fill("150 000")
    desk.take("scenario-goal")
    page.get_by_text("Choisir dans le tableau").click()
    page.get_by_role("radiogroup", name="Fargecombe").get_by_label("Gardée").check()
    page.get_by_text("Choisir dans le tableau").click()
    desk.take("scenario-communes", "#part-communes")
    page.locator("details.more:has([data-coefficient])").first.locator("summary").first.click()
    desk.take("scenario-coefficients", "#part-coefficients")
    scenario = page.url
    page.get_by_role("button", name="Enregistrer et calculer").click()
    expect(page.locator("#run-percent")).not_to_have_text("0", timeout=PATIENCE)
    desk.take("run")

    expect(page.get_by_role("heading", name="Les chiffres à retenir")).to_be_visible(timeout=PATIENCE)
    desk.take("result", ".page-head")
    desk.take("result-network", "section:has(#network)")
    result = page.url
    state = page.context.storage_state()
    phone = Photographer(browser, address, NARROW)
    phone.page.context.add_cookies(state["cookies"])
    phone.page.goto(result)
    phone.take("result-390")
    page.get_by_role("link", name="Voir le détail").click()
    page.locator("a[data-show^='point-']").nth(3).click()
    desk.take("detail", "#networks")
    desk.take("frontier", "#network-choices, figure.chart")

    show_two_people(browser, address, desk, scenario)

    page.goto(re.sub(r"[0-9a-f-]{36}/scenarios/.*", "", scenario))
    page.get_by_role("link", name=STUDY).click()
    desk.take("study")
    study = page.url
    page.get_by_role("button", name="Comparer les scénarios cochés").click()
    desk.take("comparison")
    page.goto(f"{study}partage/")
    page.get_by_role("button", name="Faire le lien").click()
    shared = page.get_by_label("Adresse du lien").input_value()
    hide_port(page, "Adresse du lien")
    desk.take("share")
    phone.page.context.clear_cookies()
    phone.page.goto("/" + shared.partition("//")[2].partition("/")[2])
    phone.take("shared-390")
    page.goto(f"{study}transmettre/")
    desk.take("hand-over")
    page.goto("/compte/donnees/")
    desk.take("my-data")


def show_two_people(browser: Browser, address: str, desk: Photographer, scenario: str) -> None:
    """Save a scenario twice at the same time: the second person is told what changed."""
    desk.page.goto(scenario)
    other = Photographer(browser, address).sign_in(CONSULTANT)
    other.goto(scenario)
    other.get_by_label("Budget annuel").fill("180 000")
    other.get_by_role("button", name="Enregistrer", exact=True).last.click()
    other.wait_for_load_state()
    desk.page.get_by_label("Budget annuel").fill("120 000")
    desk.page.locator("input[name=objective][value=hours]").check()
    desk.page.get_by_role("button", name="Enregistrer", exact=True).last.click()
    expect(desk.page.get_by_role("heading", name="Deux versions à concilier")).to_be_visible()
    desk.take("conflict")


def visit_as_consultant(browser: Browser, address: str) -> None:
    """Go from one organisation to another, then give a program its token."""
    desk = Photographer(browser, address)
    page = desk.sign_in(CONSULTANT)
    page.goto("/organisations/")
    desk.take("organisations")
    page.get_by_role("link", name="Cabinet Rebond").first.click()
    page.get_by_role("link", name="Jetons d’accès").click()
    page.get_by_role("link", name="Créer un jeton").click()
    page.get_by_label("Nom").fill("Tableau de bord de l’observatoire")
    page.get_by_label("Lire les études").check()
    desk.take("token")


def visit_as_administrator(browser: Browser, address: str) -> None:
    """Invite someone and read the audit trail."""
    desk = Photographer(browser, address)
    page = desk.sign_in(ADMINISTRATOR)
    page.goto(EPCI)
    page.get_by_label("Adresse e-mail").fill("urbanisme@ombreval.example")
    page.get_by_role("button", name="Envoyer l’invitation").click()
    page.get_by_role("link", name="Membres", exact=True).click()
    desk.take("members")
    desk.take("invitations", "#invitations")
    page.get_by_role("link", name="Journal", exact=True).click()
    desk.take("trail", "h1")


def visit_as_manager(browser: Browser, address: str) -> None:
    """Follow a convention: what is owed, its money, its requests, its jobs, its committees."""
    desk = Photographer(browser, address)
    page = desk.sign_in(OFFICER)
    page.goto(f"{EPCI}conventions/")
    desk.take("conventions")
    page.get_by_role("link", name="Nouvelle convention").click()
    page.get_by_label("Nom de la convention").fill("Papeterie du Gué (fictive)")
    page.get_by_label("Salariés licenciés").fill("92")
    page.get_by_label("Reclassés dans le bassin").fill("12")
    page.get_by_label("Date de référence du SMIC").fill("2026-06-01")
    page.get_by_label("Nombre de SMIC mensuels par emploi").fill("2")
    page.get_by_role("button", name="Calculer les montants").click()
    expect(page.get_by_text("298 723,20").first).to_be_visible()
    desk.take("convention-new", "fieldset:has(#id_dismissed)")
    page.goto(f"{EPCI}conventions/")
    page.get_by_role("link", name=CONVENTION).first.click()
    desk.take("convention")
    convention = page.url
    page.goto(f"{convention}donnees/")
    desk.take("convention-facts")
    page.goto(f"{convention}actions/")
    desk.take("convention-actions")
    page.goto(f"{convention}registre/")
    desk.take("convention-ledger")
    page.goto(f"{convention}demandes/")
    desk.take("convention-requests")
    page.goto(f"{convention}emplois/")
    desk.take("convention-jobs")
    page.goto(f"{convention}carte/")
    desk.take("convention-map")
    page.goto(f"{convention}calendrier/")
    desk.take("convention-calendar")
    propose_places(desk, f"{convention}reliquat/")
    page.goto(f"{convention}demandes/")
    page.get_by_role("link", name=re.compile("Sacs de toile technique")).click()
    page.get_by_role("link", name="Instruire pour le comité").click()
    desk.take("convention-instruct")
    page.goto(f"{convention}comites/")
    page.get_by_role("link", name=re.compile("^[0-9]")).nth(1).click()
    desk.take("convention-committee")
    visit_as_firm(browser, desk, convention)


def propose_places(desk: Photographer, residual: str) -> None:
    """Offer the places of the study to the money left, and see in which order they could be paid."""
    page = desk.page
    page.goto(residual)
    page.get_by_role("link", name="Reprendre les tiers-lieux d’une étude").click()
    page.get_by_role("link", name=re.compile("5 € par habitant")).last.click()
    for box in page.locator("main input[name=lieu]").all():
        box.check()
    page.get_by_role("button", name="Ajouter à la proposition").click()
    page.goto(residual)
    desk.take("convention-residual", "#proposal")


def visit_as_firm(browser: Browser, desk: Photographer, convention: str) -> None:
    """Open the public form, then write a request on a phone and submit it."""
    page = desk.page
    page.goto(f"{convention}demandes/formulaire/")
    page.locator("button:has-text('Ouvrir le formulaire'), button:has-text('Faire une nouvelle adresse')").click()
    call = page.get_by_label("Adresse du formulaire").input_value()
    hide_port(page, "Adresse du formulaire")
    desk.take("convention-call")
    phone = Photographer(browser, call, NARROW)
    page = phone.page
    page.goto(call)
    phone.take("aid-call-390")
    page.get_by_label("Votre adresse e-mail").fill("contact@vannerie.example")
    page.get_by_role("button", name="Recevoir mon lien").click()
    mine = page.get_by_label("Adresse de votre demande").input_value()
    page.get_by_role("link", name="Commencer ma demande").click()
    page.get_by_label("Intitulé de votre projet").fill("Atelier de vannerie")
    page.get_by_label("Votre projet en quelques lignes").fill("Trois postes et un four à osier.")
    page.locator("main input[type=radio]").first.check()
    phone.take("aid-part-390")
    for fields in FIRM_PARTS:
        for label, value in fields:
            page.get_by_label(label).fill(value)
        page.get_by_role("button", name="Enregistrer et continuer").click()
    page.get_by_label("Je déclare").check()
    page.get_by_role("button", name="Enregistrer et continuer").click()
    page.get_by_role("link", name="Continuer").click()
    page.get_by_role("button", name="Déposer ma demande").click()
    page.goto(mine)
    phone.take("aid-request-390")


def hide_port(page: Page, label: str) -> None:
    """Show the address of any site, not that of this start."""
    page.get_by_label(label).evaluate("each => { each.value = each.value.replace(/localhost:\\d+/, 'localhost:8000') }")


def visit_projects(browser: Browser, address: str) -> None:
    """Read the plan of a project, then look for the programmes that suit a firm."""
    desk = Photographer(browser, address)
    page = desk.sign_in(OFFICER)
    page.goto(f"{EPCI}cofinancement/")
    page.get_by_role("link", name=re.compile("Tiers-lieu de Fargecombe")).click()
    desk.take("project")
    desk.take("project-cash", "h2:has-text('Trésorerie'), h3:has-text('Trésorerie')")
    page.get_by_role("link", name="Plan de financement à remettre").click()
    desk.take("project-plan")
    page.goto(f"{EPCI}cofinancement/programmes/pour-une-entreprise/")
    page.get_by_label("Effectif").fill("14")
    page.get_by_label("Code NAF").fill("1623Z")
    page.locator("main form button").last.click()
    desk.take("programmes-matching")


VISITS: tuple[Callable[[Browser, str], None], ...] = (
    visit_as_resident,
    visit_as_officer,
    visit_as_consultant,
    visit_as_administrator,
    visit_as_manager,
    visit_projects,
)


def take_all(address: str, chosen: str) -> None:
    """Take the pictures of every visit, or of those whose name holds `chosen`."""
    path = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        # Without a Chromium of the machine, that of Playwright if there is one.
        browser = playwright.chromium.launch(executable_path=path, args=list(OPTIONS))
        for visit in VISITS:
            if chosen in visit.__name__:
                visit(browser, address)
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", help="a demonstration that runs already, not visited yet by this script")
    parser.add_argument("--only", default="", help="resident, officer, consultant, administrator, manager or projects")
    given = parser.parse_args()
    if given.address:
        take_all(given.address, given.only)
    else:
        with serve_demo() as started:
            take_all(started, given.only)
