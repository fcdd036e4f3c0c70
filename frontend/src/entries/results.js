// The network of a result on the map; a point of the frontier or an alternative shows its own network.
import { drawChart } from "../chart.js";
import { createMap } from "../map.js";
import { say, writeNumber } from "../theme.js";

// Catchments take these colours in turn; the labels and the table say which is which.
const CATCHMENTS = ["--map-2", "--map-low-1", "--map-4", "--map-high-1", "--map-3", "--map-low-2"];

// Radius of the circle of the place with the most desks [px]; areas are proportional.
const LARGEST = 20;

/** Return what is open and who goes where, for a network named "best", "point-N" or "variante-N". */
function readNetwork(content, key) {
  const [kind, number] = key.split("-");
  const rows = { point: content.frontier, variante: content.alternatives }[kind];
  const names = new Map(content.communes.features.map(({ properties }) => [properties.code, properties]));
  if (!rows) {
    const used = {};
    for (const [code, { place }] of names) if (place) used[code] = place;
    return { used, places: content.places.map((place) => ({ ...place, known: true })) };
  }
  const row = rows[Number(number) - 1];
  const planned = new Map(content.places.map((place) => [place.code, place]));
  const centres = new Map(content.communes.features.map((each) => [each.properties.code, findCentre(each.geometry)]));
  const places = row.places.map((code) => {
    const [lon, lat] = planned.has(code) ? [planned.get(code).lon, planned.get(code).lat] : centres.get(code);
    const kind = planned.get(code)?.kind === "existing" ? "existing" : "chosen";
    return { code, lon, lat, kind, name: names.get(code)?.name ?? code, known: false };
  });
  return { used: row.used, places };
}

// The middle of the box of a shape: enough to set a circle in a commune.
function findCentre(geometry) {
  const flat = geometry.type === "Point" ? [geometry.coordinates] : geometry.coordinates.flat(geometry.type === "MultiPolygon" ? 2 : 1);
  const middle = (axis) => (Math.min(...flat.map((p) => p[axis])) + Math.max(...flat.map((p) => p[axis]))) / 2;
  return [middle(0), middle(1)];
}

// Only the kinds that the network has are in the legend.
function listKinds(places) {
  const kinds = {
    chosen: { colour: "--map-place", label: say("Nouveau lieu", "New place") },
    kept: { colour: "--map-place", label: say("Nouveau lieu imposé", "New place imposed") },
    existing: { colour: "--map-existing", label: say("Lieu existant", "Existing place") },
  };
  const present = new Set(places.map(({ kind }) => kind));
  return Object.fromEntries(Object.entries(kinds).filter(([kind]) => present.has(kind)));
}

function buildLayers(content, key) {
  const { used, places } = readNetwork(content, key);
  const rank = new Map(places.map((place, i) => [place.code, i % CATCHMENTS.length]));
  const names = new Map(places.map((place) => [place.code, place.name]));
  const communes = {
    ...content.communes,
    features: content.communes.features.map((each) => {
      const place = used[each.properties.code];
      const properties = { ...each.properties, goes: place ?? "", halo: !each.properties.inside };
      properties.colour = place === undefined ? "none" : String(rank.get(place));
      return { ...each, properties };
    }),
  };
  const write = ({ name, desks, known }) =>
    known ? `${name} · ${writeNumber(desks)} ${say(desks < 2 ? "poste" : "postes", desks < 2 ? "desk" : "desks")}` : name;
  const most = Math.max(1, ...places.map((place) => place.desks ?? 1));
  const measureRadius = (place) =>
    key === "best" ? Math.max(4, LARGEST * Math.sqrt((place.desks ?? 1) / most)) : LARGEST / 2;
  return [
    {
      id: "communes",
      kind: "areas",
      key: "code",
      data: communes,
      value: "colour",
      faint: "halo",
      clickable: false,
      legend: say("Une couleur par lieu : les communes qui l’utilisent", "One colour by place: the communes that use it"),
      categories: Object.fromEntries([
        ...places.map((place) => [String(rank.get(place.code)), { colour: CATCHMENTS[rank.get(place.code)], label: place.name }]),
        ["none", { colour: "--map-none", label: say("Aucun lieu à portée", "No place within reach") }],
      ]),
      describe: ({ name, goes, minutes, desk_days: days }) =>
        goes
          ? [
              name,
              say(`utilise ${names.get(goes)}`, `uses ${names.get(goes)}`),
              ...(key === "best" && typeof minutes === "number"
                ? [say(`${writeNumber(minutes)} min, ${writeNumber(days, 1)} jours-postes par semaine`, `${writeNumber(minutes)} min, ${writeNumber(days, 1)} desk-days a week`)]
                : []),
            ]
          : [name, say("aucun lieu à portée", "no place within reach")],
    },
    {
      id: "places",
      kind: "circles",
      data: places.map((place) => ({ ...place, desks: place.desks ?? 1 })),
      value: "kind",
      ...(key === "best" ? { size: "desks", maxRadius: LARGEST } : { radius: LARGEST / 2 }),
      clickable: false,
      legend: key === "best" ? say("Lieux (taille : nombre de postes)", "Places (size: number of desks)") : say("Lieux", "Places"),
      categories: listKinds(places),
      describe: (place) => [
        place.label || place.name,
        ...(key === "best" ? [`${writeNumber(place.desks)} ${say("postes", "desks")}`, `${writeNumber(place.users)} ${say("usagers", "users")}`] : []),
      ],
    },
    { id: "labels", kind: "labels", anchor: "bottom", data: places.map((place) => ({ lon: place.lon, lat: place.lat, text: write(place), weight: place.desks ?? 1, offset: [0, -2 - measureRadius(place)] })) },
  ];
}

// The picture gives way to the map, and comes back where none can be drawn.
function showMap(element, shown) {
  element.hidden = !shown;
  element.classList.toggle("map", shown);
  document.getElementById("network-picture").hidden = shown;
}

async function drawNetwork(element) {
  showMap(element, true);
  const answer = await fetch(element.dataset.source, { headers: { Accept: "application/json" } }).catch(() => null);
  const content = answer?.ok ? await answer.json() : null;
  const legend = document.getElementById("network-legend");
  const map =
    content?.communes.features.length &&
    createMap(element, { bounds: content.bounds, legend, layers: buildLayers(content, element.dataset.network) });
  if (!map) {
    showMap(element, false);
    return null;
  }
  await map.ready;
  const show = async (key) => {
    for (const { id, ...fields } of buildLayers(content, key)) {
      await map.update(id, { size: undefined, radius: undefined, ...fields });
    }
  };
  return { content, show };
}

function tell(key, row) {
  const shown = document.getElementById("network-shown");
  const cells = [...row.cells].slice(0, -1);
  const heads = [...row.closest("table").tHead.rows[0].cells];
  const parts = cells.map((cell, i) => [heads[i].textContent.trim(), cell.textContent.trim()]).filter(([, value]) => value);
  const text = parts.map(([head, value]) => `${head} : ${value}`).join(" ; ");
  const line = document.createElement("p");
  line.textContent = `${text}. `;
  const back = document.createElement("a");
  back.href = "?#networks";
  back.dataset.show = "best";
  back.textContent = say("Revenir au réseau proposé", "Back to the network proposed");
  line.append(back);
  shown.replaceChildren(line);
}

function tellBest() {
  const line = document.createElement("p");
  line.textContent = say("La carte montre le réseau proposé.", "The map shows the network proposed.");
  document.getElementById("network-shown").replaceChildren(line);
}

function connect(network) {
  const section = document.getElementById("network-choices");
  if (!section) return null;
  const choose = async (key) => {
    for (const row of section.querySelectorAll("tr[data-network]")) {
      const chosen = row.dataset.network === key;
      row.classList.toggle("selected", chosen);
      row.querySelector("a").toggleAttribute("aria-current", chosen);
      if (chosen) tell(key, row);
    }
    if (key === "best") tellBest();
    history.replaceState(null, "", key === "best" ? location.pathname : `?${key.replace("-", "=")}`);
    await network.show(key);
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-show]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(link.dataset.show);
    document.getElementById("networks").scrollIntoView({ behavior: "auto" });
  });
  return choose;
}

const element = document.getElementById("network-map");
const network = element ? await drawNetwork(element) : null;
const choose = network ? connect(network) : null;
const chart = document.getElementById("chart-frontier");
if (chart) {
  await drawChart(chart, {
    onClick: (datum) => {
      const rank = network?.content.frontier.findIndex(({ limit }) => limit === datum.limit) ?? -1;
      if (choose && rank >= 0) {
        choose(`point-${rank + 1}`);
        document.getElementById("networks").scrollIntoView({ behavior: "auto" });
      }
    },
  });
}
