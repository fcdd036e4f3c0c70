// The map of a convention: aid or jobs by commune, basins, third places considered. The table gives the same figures.
import { createMap } from "../map.js";
import { say, writeNumber } from "../theme.js";

const element = document.getElementById("map");

function describe(spot) {
  return [
    spot.name,
    `${writeNumber(spot.committed)} € ${say("engagés", "committed")}`,
    `${say("Emplois créés ou maintenus :", "Jobs created or maintained:")} ${writeNumber(spot.jobs)}`,
  ];
}

function buildCircles(id, data, size, colour, legend, visible) {
  const shown = data.filter((spot) => spot[size] > 0);
  return { id, kind: "circles", data: shown, size, maxRadius: 26, colour, legend, describe, clickable: false, visible };
}

async function draw() {
  const answer = await fetch(element.dataset.source);
  const content = answer.ok ? await answer.json() : {};
  if (!content.bounds) {
    // No commune has a known position: the table alone speaks.
    element.dataset.ready = "absent";
    return;
  }
  const layers = [];
  if (content.basins.features.length) {
    layers.push({ id: "basins", kind: "outline", data: content.basins, colour: "--accent", width: 2, legend: say("Communes des bassins", "Communes of the basins") });
  }
  layers.push(buildCircles("committed", content.spots, "committed", "--map-3", say("Euros engagés", "Euros committed"), true));
  layers.push(buildCircles("jobs", content.spots, "jobs", "--map-brownfield", say("Emplois créés ou maintenus", "Jobs created or maintained"), false));
  if (content.places.length) {
    layers.push({ id: "places", kind: "circles", data: content.places, radius: 6, colour: "--map-place", legend: say("Tiers-lieux envisagés", "Third places considered"), describe: (place) => [place.name], clickable: false });
  }
  const map = createMap(element, { bounds: content.bounds, legend: document.getElementById("map-legend"), layers });
  if (!(await map.ready)) return;
  const buttons = [...document.querySelectorAll("[data-size]")];
  const shared = layers.map((layer) => layer.id).filter((id) => id !== "committed" && id !== "jobs");
  for (const button of buttons) {
    button.hidden = false;
    button.addEventListener("click", () => {
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      map.show([...shared, button.dataset.size]);
    });
  }
}

draw();
