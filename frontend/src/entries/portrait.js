// The maps of a portrait and of a commune. The tables of the page give the same figures.
import { createMap } from "../map.js";
import { readJson, say, writeNumber } from "../theme.js";

const settings = readJson("map-settings");
const block = document.getElementById("bloc-carte");
const element = document.getElementById("map");
const source = document.getElementById("map-source");

// Trips go to or from the point where people live on average, since they start from every commune.
function buildArcs(ends, centre, outward) {
  return ends.map((end) => {
    const far = [end.lon, end.lat];
    return {
      name: end.name,
      workers: end.workers,
      from: outward ? centre : far,
      to: outward ? far : centre,
    };
  });
}

function buildEndLayers(id, ends, centre, legend) {
  const people = say("personnes", "people");
  const describe = (each) => [each.name, `${writeNumber(each.workers)} ${people}`];
  return [
    {
      id,
      kind: "arcs",
      data: buildArcs(ends, centre, id === "destinations"),
      size: "workers",
      legend,
      describe,
      clickable: false,
      visible: false,
    },
    {
      id: `${id}-points`,
      kind: "circles",
      data: ends,
      size: "workers",
      maxRadius: 12,
      colour: "--map-arc",
      describe,
      clickable: false,
      visible: false,
    },
    {
      id: `${id}-labels`,
      kind: "labels",
      data: ends.map((end) => ({ lon: end.lon, lat: end.lat, text: end.name, weight: end.workers })),
      visible: false,
    },
  ];
}

function isArea(feature) {
  return feature.geometry.type !== "Point";
}

function collect(features) {
  return { type: "FeatureCollection", features };
}

// Communes without an outline are drawn as points.
function buildCommuneLayers(content, describe) {
  const areas = content.communes.features.filter(isArea);
  const points = content.communes.features.filter((each) => !isArea(each));
  const layers = [];
  if (content.around.features.length) {
    layers.push({ id: "around", kind: "outline", data: content.around, colour: "--line-strong", width: 0.7 });
  }
  const inside = areas.filter((each) => each.properties.inside);
  const outside = areas.filter((each) => !each.properties.inside);
  if (outside.length) {
    layers.push({
      id: "neighbours",
      kind: "areas",
      data: collect(outside),
      colour: "--sunken",
      describe: (each) => [each.name, say("hors du territoire", "outside the territory")],
      clickable: false,
    });
  }
  if (inside.length) {
    layers.push({ id: "communes", kind: "areas", data: collect(inside), key: "code", colour: "--map-1", describe });
  }
  if (points.length) {
    layers.push({ id: "points", kind: "circles", data: collect(points), radius: 7, colour: "--map-3", describe });
  }
  return layers;
}

function buildSiteLayer(content) {
  const names = settings.sites;
  return {
    id: "sites",
    kind: "circles",
    data: content.sites,
    radius: 7,
    value: "kind",
    categories: {
      third_place: { colour: "--map-existing", label: names.third_place },
      brownfield: { colour: "--map-brownfield", label: names.brownfield },
    },
    describe: (each) => [each.name ?? names[each.kind], `${names[each.kind]} · ${each.commune_name}`],
    clickable: false,
    visible: false,
  };
}

// The view that holds the whole of a set of points and of the territory.
function widen([west, south, east, north], ends) {
  return [
    Math.min(west, ...ends.map((end) => end.lon)),
    Math.min(south, ...ends.map((end) => end.lat)),
    Math.max(east, ...ends.map((end) => end.lon)),
    Math.max(north, ...ends.map((end) => end.lat)),
  ];
}

function describeCommune(indicators) {
  return (each) => {
    const lines = indicators
      .filter((indicator) => typeof each[indicator.id] === "number")
      .map((indicator) => `${writeNumber(each[indicator.id], indicator.decimals)} ${indicator.unit}`);
    return [each.name, ...lines];
  };
}

async function drawPortrait(content) {
  const base = buildCommuneLayers(content, (each) => [each.name]);
  const frame = base.map((layer) => layer.id);
  const layers = [...base];
  const kinds = {
    destinations: say("Habitants qui vont y travailler", "Residents who go there to work"),
    origins: say("Personnes qui en viennent travailler ici", "People who come from there to work here"),
  };
  for (const [id, legend] of Object.entries(kinds)) {
    if (content.centre) layers.push(...buildEndLayers(id, content[id], content.centre, legend));
  }
  layers.push(buildSiteLayer(content));
  const legend = document.getElementById("map-legend");
  const map = createMap(element, { bounds: content.bounds, layers, legend });
  if (!map) return;
  await map.ready;
  const indicators = new Map(settings.indicators.map((each) => [each.id, each]));
  const colour = (indicator) => {
    for (const id of ["communes", "points"]) {
      if (!frame.includes(id)) continue;
      map.update(
        id,
        indicator
          ? {
              value: indicator.id,
              breaks: indicator.breaks,
              palette: "sequence",
              decimals: indicator.decimals,
              unit: "",
              legend: indicator.unit ? `${indicator.label} (${indicator.unit})` : indicator.label,
              describe: describeCommune([indicator]),
            }
          : { value: null, breaks: null, legend: "", describe: (each) => [each.name] },
      );
    }
  };
  const choose = (id) => {
    const indicator = indicators.get(id) ?? null;
    colour(indicator);
    map.show(indicator ? frame : [...frame, id, `${id}-points`, `${id}-labels`]);
    const whole = kinds[id] ? widen(content.bounds, content[id]) : content.bounds;
    map.view.fitBounds(whole, { padding: 32, animate: false });
    const stated = indicator ? indicator.source : settings.sources[id];
    source.textContent = stated ? `${say("Source : ", "Source: ")}${stated}` : "";
    source.hidden = !stated;
  };
  const select = document.getElementById("map-layer");
  select.addEventListener("change", () => choose(select.value));
  choose(select.value);
}

async function drawCommune(content) {
  const layers = buildCommuneLayers(content, (each) => [each.name]);
  const own = content.communes.features.find((each) => each.properties.code === settings.commune);
  if (own && isArea(own)) {
    layers.push({ id: "own", kind: "areas", data: collect([own]), colour: "--map-4", legend: settings.name });
  } else if (own) {
    layers.push({ id: "own", kind: "circles", data: collect([own]), radius: 10, legend: settings.name });
  }
  const map = createMap(element, { bounds: content.bounds, layers, legend: document.getElementById("map-legend") });
  await map?.ready;
}

async function start() {
  const answer = await fetch(settings.address, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const content = await answer.json();
  if (!content.bounds) return;
  block.hidden = false;
  await (settings.commune ? drawCommune(content) : drawPortrait(content));
}

if (block && element) start();
