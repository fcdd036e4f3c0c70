// The builder of a scenario: the map mirrors the table of communes, and leaving with unsaved changes is asked twice.
import { createMap } from "../map.js";
import { say } from "../theme.js";

const CYCLE = { free: "keep", keep: "exclude", exclude: "free" };
const NAMES = {
  free: () => say("libre", "free"),
  keep: () => say("gardée", "kept"),
  exclude: () => say("exclue", "excluded"),
};

const form = document.getElementById("scenario-form");

function watchChanges() {
  let changed = form.dataset.unsaved === "1";
  form.addEventListener("input", () => (changed = true));
  form.addEventListener("change", () => (changed = true));
  form.addEventListener("submit", () => (changed = false));
  addEventListener("beforeunload", (event) => {
    if (changed) event.preventDefault();
  });
}

function readChoice(code) {
  return form.elements[`commune-${code}`]?.value || "free";
}

function setChoice(code, choice) {
  for (const radio of form.querySelectorAll(`input[name="commune-${CSS.escape(code)}"]`)) {
    radio.checked = radio.value === choice;
    if (radio.checked) radio.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

function showMap(element, shown) {
  document.getElementById("communes-map-block").hidden = !shown;
  element.classList.toggle("map", shown);
}

async function drawCommunes(element) {
  showMap(element, true);
  const answer = await fetch(element.dataset.source, { headers: { Accept: "application/json" } }).catch(() => null);
  const { bounds, communes, places } = answer?.ok ? await answer.json() : {};
  if (!bounds) {
    showMap(element, false);
    return;
  }
  const mark = () => ({
    ...communes,
    features: communes.features.map((each) => ({
      ...each,
      properties: { ...each.properties, choice: readChoice(each.properties.code) },
    })),
  });
  const said = document.getElementById("communes-said");
  const edit = element.dataset.edit === "1";
  const map = createMap(element, {
    bounds,
    legend: document.getElementById("communes-legend"),
    onClick: edit
      ? (layer, { code, name }) => {
          if (layer !== "communes") return;
          const choice = CYCLE[readChoice(code)];
          setChoice(code, choice);
          said.textContent = `${name} : ${NAMES[choice]()}`;
        }
      : null,
    layers: [
      {
        id: "communes",
        kind: "areas",
        key: "code",
        data: mark(),
        value: "choice",
        categories: {
          free: { colour: "--map-1", label: say("Libre", "Free") },
          keep: { colour: "--map-4", label: say("Gardée : aura un lieu", "Kept: gets a place") },
          exclude: { colour: "--map-low-1", label: say("Exclue : n’en aura pas", "Excluded: gets none") },
        },
        describe: ({ code, name }) => [name, NAMES[readChoice(code)]()],
      },
      {
        id: "places",
        kind: "circles",
        data: places,
        radius: 7,
        colour: "--map-existing",
        legend: say("Lieu déjà là", "Place already there"),
        clickable: false,
        describe: ({ name }) => [name, say("lieu déjà là", "place already there")],
      },
    ],
  });
  if (!map) {
    showMap(element, false);
    return;
  }
  await map.ready;
  let waiting = false;
  form.addEventListener("change", (event) => {
    if (!event.target.name?.startsWith("commune-") || waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      map.update("communes", { data: mark() });
    });
  });
}

if (form) {
  watchChanges();
  const element = document.getElementById("communes-map");
  if (element) drawCommunes(element);
}
