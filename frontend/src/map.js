// Maps drawn from our own data: areas in classes, circles, arcs and labels. See src/ancrage_web/design/README.md.
import { Map as View, Marker, NavigationControl, Popup, ScaleControl, setWorkerUrl } from "maplibre-gl";
import { readColour, readLanguage, say, watchTheme, writeNumber } from "./theme.js";

setWorkerUrl(new URL("./maplibre-gl-worker.mjs", import.meta.url).href);

const IGN_TILES =
  "https://data.geopf.fr/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=normal&FORMAT=image/png" +
  "&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}";
const PALETTES = {
  sequence: ["--map-1", "--map-2", "--map-3", "--map-4", "--map-5"],
  contrast: ["--map-low-2", "--map-low-1", "--map-middle", "--map-high-1", "--map-high-2"],
};
const MIN_RADIUS = 4;

function listLocale() {
  return {
    "NavigationControl.ZoomIn": say("Agrandir la carte", "Zoom in"),
    "NavigationControl.ZoomOut": say("Réduire la carte", "Zoom out"),
    "Map.Title": say("Carte interactive", "Interactive map"),
    "CooperativeGesturesHandler.WindowsHelpText": say(
      "Ctrl et la molette pour agrandir la carte",
      "Use Ctrl + scroll to zoom the map",
    ),
    "CooperativeGesturesHandler.MacHelpText": say(
      "⌘ et la molette pour agrandir la carte",
      "Use ⌘ + scroll to zoom the map",
    ),
    "CooperativeGesturesHandler.MobileHelpText": say(
      "Deux doigts pour déplacer la carte",
      "Use two fingers to move the map",
    ),
  };
}

// Colours of n classes: the ends of the palette are always used.
function choosePalette(name, count) {
  const colours = PALETTES[name];
  if (count === 1) return [colours[colours.length - 1]];
  return Array.from({ length: count }, (_, i) => colours[Math.round((i * (colours.length - 1)) / (count - 1))]);
}

// The colour of each category; an expression without any would be refused.
function buildMatch(layer, otherwise) {
  const pairs = Object.entries(layer.categories).flatMap(([value, { colour }]) => [value, readColour(colour)]);
  return pairs.length ? ["match", ["to-string", ["get", layer.value]], ...pairs, otherwise] : otherwise;
}

function buildAreaColour(layer) {
  const none = readColour("--map-none");
  if (layer.categories) return buildMatch(layer, none);
  if (!layer.breaks) return readColour(layer.colour ?? "--map-2");
  const colours = choosePalette(layer.palette ?? "sequence", layer.breaks.length + 1).map(readColour);
  const steps = layer.breaks.flatMap((limit, i) => [limit, colours[i + 1]]);
  const value = ["get", layer.value];
  const stepped = steps.length ? ["step", value, colours[0], ...steps] : colours[0];
  return ["case", ["==", ["typeof", value], "number"], stepped, none];
}

function buildRadius(layer, features) {
  if (!layer.size) return layer.radius ?? 6;
  const largest = Math.max(1e-9, ...features.map((each) => each.properties[layer.size] ?? 0));
  const scale = (layer.maxRadius ?? 20) / Math.sqrt(largest);
  return ["max", MIN_RADIUS, ["*", scale, ["sqrt", ["max", 0, ["to-number", ["get", layer.size], 0]]]]];
}

function buildPointColour(layer) {
  const plain = readColour(layer.colour ?? "--map-place");
  return layer.categories ? buildMatch(layer, plain) : plain;
}

// A curve bent to the right of the way it goes, so that the two directions of a pair stay apart.
function buildArc([x1, y1], [x2, y2]) {
  const bend = 0.18;
  const middle = [(x1 + x2) / 2 + (y2 - y1) * bend, (y1 + y2) / 2 - (x2 - x1) * bend];
  return Array.from({ length: 25 }, (_, i) => {
    const t = i / 24;
    return [0, 1].map(
      (axis) =>
        (1 - t) ** 2 * [x1, y1][axis] + 2 * t * (1 - t) * middle[axis] + t ** 2 * [x2, y2][axis],
    );
  });
}

function buildFeatures(layer, data) {
  if (data.type === "FeatureCollection") return data;
  const features = data.map((each) => {
    const { lon, lat, from, to, ...properties } = each;
    const geometry =
      layer.kind === "arcs"
        ? { type: "LineString", coordinates: buildArc(from, to) }
        : { type: "Point", coordinates: [lon, lat] };
    return { type: "Feature", geometry, properties };
  });
  return { type: "FeatureCollection", features };
}

function buildWidth(layer, features) {
  const largest = Math.max(1e-9, ...features.map((each) => each.properties[layer.size ?? "value"] ?? 0));
  const scale = ((layer.maxWidth ?? 9) - 1) / largest;
  return ["+", 1, ["*", scale, ["to-number", ["get", layer.size ?? "value"], 0]]];
}

const hovered = ["boolean", ["feature-state", "hovered"], false];
const selected = ["boolean", ["feature-state", "selected"], false];

// The layers of MapLibre that draw one of ours.
function buildParts(layer, features) {
  const common = { source: layer.id };
  if (layer.kind === "areas") {
    const faint = layer.faint ? ["case", ["==", ["get", layer.faint], true], 0.25, 0.9] : 0.9;
    return [
      {
        ...common,
        id: `${layer.id}-fill`,
        type: "fill",
        paint: { "fill-color": buildAreaColour(layer), "fill-opacity": layer.colour === "none" ? 0 : faint },
      },
      {
        ...common,
        id: `${layer.id}-line`,
        type: "line",
        layout: { "line-join": "round" },
        paint: {
          "line-color": ["case", ["any", hovered, selected], readColour("--ink"), readColour("--map-outline")],
          "line-width": ["case", ["any", hovered, selected], 2.5, 0.8],
        },
      },
    ];
  }
  if (layer.kind === "circles") {
    return [
      {
        ...common,
        id: `${layer.id}-circle`,
        type: "circle",
        paint: {
          "circle-color": buildPointColour(layer),
          "circle-radius": buildRadius(layer, features),
          "circle-opacity": 0.88,
          "circle-stroke-color": ["case", ["any", hovered, selected], readColour("--ink"), readColour("--surface")],
          "circle-stroke-width": ["case", ["any", hovered, selected], 3, 1.5],
        },
      },
    ];
  }
  if (layer.kind === "arcs") {
    return [
      {
        ...common,
        id: `${layer.id}-arc`,
        type: "line",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: {
          "line-color": buildPointColour({ colour: "--map-arc", ...layer }),
          "line-width": buildWidth(layer, features),
          "line-opacity": ["case", hovered, 1, 0.72],
        },
      },
    ];
  }
  if (layer.kind === "outline") {
    return [
      {
        ...common,
        id: `${layer.id}-outline`,
        type: "line",
        layout: { "line-join": "round" },
        paint: { "line-color": readColour(layer.colour ?? "--map-border"), "line-width": layer.width ?? 2.2 },
      },
    ];
  }
  throw new Error(`map layer '${layer.id}': kind '${layer.kind}' is not areas, circles, arcs, outline or labels`);
}

// Labels are HTML, so that no font is drawn by hand; those that would cover a heavier one are hidden.
function placeLabels(view, labels) {
  const taken = [];
  for (const { element } of labels) {
    element.hidden = false;
    const box = element.getBoundingClientRect();
    const covered = taken.some(
      (other) =>
        box.left < other.right && box.right > other.left && box.top < other.bottom && box.bottom > other.top,
    );
    element.hidden = covered;
    if (!covered) taken.push(box);
  }
}

function buildSwatch(colour, shape) {
  const swatch = document.createElement("span");
  swatch.className = `swatch swatch-${shape}`;
  swatch.style.setProperty("--swatch", `var(${colour})`);
  swatch.setAttribute("aria-hidden", "true");
  return swatch;
}

/** Return the words of each class: "moins de 10", "de 10 à 20", "20 et plus". */
export function nameClasses(breaks, decimals = 0, unit = "") {
  const written = breaks.map((limit) => writeNumber(limit, decimals));
  const after = unit ? ` ${unit}` : "";
  if (!written.length) return [say("toutes les valeurs", "all values")];
  return [
    say(`moins de ${written[0]}${after}`, `under ${written[0]}${after}`),
    ...written.slice(1).map((limit, i) => say(`de ${written[i]} à ${limit}${after}`, `${written[i]} to ${limit}${after}`)),
    say(`${written.at(-1)}${after} et plus`, `${written.at(-1)}${after} and over`),
  ];
}

function listLegend(layer, hasMissing) {
  const shape = { areas: "area", circles: "point", arcs: "line", outline: "line", labels: "point" }[layer.kind];
  const entries = [];
  if (layer.categories) {
    for (const { colour, label } of Object.values(layer.categories)) entries.push([colour, label, shape]);
  } else if (layer.breaks) {
    const colours = choosePalette(layer.palette ?? "sequence", layer.breaks.length + 1);
    const names = layer.classes ?? nameClasses(layer.breaks, layer.decimals ?? 0, layer.unit ?? "");
    colours.forEach((colour, i) => entries.push([colour, names[i], shape]));
  } else if (layer.legend) {
    const plain = { circles: "--map-place", arcs: "--map-arc", outline: "--map-border", areas: "--map-2" };
    entries.push([layer.colour ?? plain[layer.kind], layer.legend, shape]);
    return { title: "", entries };
  }
  if (hasMissing) entries.push(["--map-none", say("valeur absente ou non publiée", "absent or not published"), shape]);
  return { title: layer.legend ?? "", entries };
}

function writeLegend(target, layers, visible, missing) {
  target.replaceChildren();
  for (const layer of layers.filter((each) => visible.has(each.id))) {
    const { title, entries } = listLegend(layer, missing.get(layer.id));
    if (!entries.length) continue;
    const block = document.createElement("div");
    block.className = "legend-block";
    if (title) {
      const heading = document.createElement("p");
      heading.className = "legend-title";
      heading.textContent = title;
      block.append(heading);
    }
    const list = document.createElement("ul");
    for (const [colour, label, shape] of entries) {
      const item = document.createElement("li");
      item.append(buildSwatch(colour, shape), label);
      list.append(item);
    }
    block.append(list);
    target.append(block);
  }
}

function hasMissingValue(layer, features) {
  if (layer.kind !== "areas" || !layer.breaks) return false;
  return features.some((each) => typeof each.properties[layer.value] !== "number");
}

class WholeViewControl {
  constructor(bounds) {
    this.bounds = bounds;
  }

  onAdd(view) {
    this.element = document.createElement("div");
    this.element.className = "maplibregl-ctrl maplibregl-ctrl-group";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "map-whole";
    button.title = say("Revoir tout le territoire", "Show the whole territory");
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => view.fitBounds(this.bounds, { padding: 24 }));
    this.element.append(button);
    return this.element;
  }

  onRemove() {
    this.element.remove();
  }
}

function buildStyle(element) {
  const style = {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": readColour("--map-ground") } }],
  };
  if (element.dataset.ign === "1") {
    style.sources.ign = { type: "raster", tiles: [IGN_TILES], tileSize: 256, maxzoom: 19 };
    style.layers.push({ id: "ign", type: "raster", source: "ign", paint: { "raster-opacity": 0.55 } });
  }
  return style;
}

/**
 * Draw a map in `element` and return what drives it.
 *
 * options.bounds   [west, south, east, north]
 * options.layers   drawn in order, each {id, kind: "areas" | "circles" | "arcs" | "outline" | "labels", data, ...}
 * options.legend   element that receives the legend of what is shown
 * options.onClick  (layer id, properties) => void
 */
export function createMap(element, { bounds, layers, legend = null, onClick = null }) {
  element.dataset.ready = "0";
  const reduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let view;
  try {
    view = new View({
      container: element,
      style: buildStyle(element),
      bounds,
      fitBoundsOptions: { padding: 24 },
      attributionControl: false,
      canvasContextAttributes: { preserveDrawingBuffer: true, antialias: true },
      fadeDuration: 0,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      cooperativeGestures: true,
      locale: listLocale(),
      maxZoom: 16,
      renderWorldCopies: false,
    });
  } catch {
    element.dataset.ready = "absent";
    element.classList.add("map-absent");
    element.textContent = say(
      "Ce navigateur ne peut pas dessiner la carte. Le tableau de la page donne les mêmes valeurs.",
      "This browser cannot draw the map. The table of the page gives the same values.",
    );
    return null;
  }
  view.keyboard.disableRotation();
  view.touchZoomRotate.disableRotation();
  view.addControl(new NavigationControl({ showCompass: false }), "top-right");
  view.addControl(new WholeViewControl(bounds), "top-right");
  view.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  if (element.dataset.label) view.getCanvas().setAttribute("aria-label", element.dataset.label);

  const visible = new Set(layers.filter((each) => each.visible !== false).map((each) => each.id));
  const byId = new Map(layers.map((each) => [each.id, { ...each }]));
  const features = new Map();
  const missing = new Map();
  const labels = new Map();
  const marked = new Map();
  const popup = new Popup({ closeButton: false, closeOnClick: false, offset: 12, className: "map-popup" });

  const settle = () => {
    element.dataset.ready = "0";
    view.once("idle", () => (element.dataset.ready = "1"));
    view.triggerRepaint();
  };
  const refreshLegend = () => legend && writeLegend(legend, [...byId.values()], visible, missing);
  const refreshLabels = () => {
    const shown = [...labels].filter(([id]) => visible.has(id)).flatMap(([, each]) => each);
    for (const [id, each] of labels) if (!visible.has(id)) for (const label of each) label.element.hidden = true;
    placeLabels(view, shown);
  };

  const addLabels = (layer) => {
    for (const { marker } of labels.get(layer.id) ?? []) marker.remove();
    const heaviest = [...layer.data].sort((a, b) => (b.weight ?? 0) - (a.weight ?? 0));
    labels.set(
      layer.id,
      heaviest.map(({ lon, lat, text, offset }) => {
        const label = document.createElement("span");
        label.className = "map-label";
        label.textContent = text;
        // The table beside the map says these names: they are not read twice.
        label.setAttribute("aria-hidden", "true");
        const marker = new Marker({ element: label, anchor: layer.anchor ?? "center", offset: offset ?? layer.offset ?? [0, 0] }).setLngLat([lon, lat]).addTo(view);
        label.removeAttribute("tabindex");
        label.removeAttribute("role");
        return { element: label, marker };
      }),
    );
  };

  const readData = async (layer) => {
    if (typeof layer.data !== "string") return layer.data;
    const answer = await fetch(layer.data, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(`${layer.data}: ${answer.status}`);
    return answer.json();
  };

  const addLayer = (layer) => {
    const collection = buildFeatures(layer, layer.data);
    features.set(layer.id, collection.features);
    missing.set(layer.id, hasMissingValue(layer, collection.features));
    const source = { type: "geojson", data: collection };
    if (layer.key) source.promoteId = layer.key;
    else source.generateId = true;
    view.addSource(layer.id, source);
    const visibility = visible.has(layer.id) ? "visible" : "none";
    for (const part of buildParts(layer, collection.features)) {
      view.addLayer({ ...part, layout: { ...part.layout, visibility } });
    }
    if (layer.kind !== "outline") listenTo(layer);
  };

  const listenTo = (layer) => {
    const part = { areas: "fill", circles: "circle", arcs: "arc" }[layer.kind];
    const id = `${layer.id}-${part}`;
    let over = null;
    const leave = () => {
      if (over !== null) view.setFeatureState({ source: layer.id, id: over }, { hovered: false });
      over = null;
      popup.remove();
      view.getCanvas().style.cursor = "";
    };
    view.on("mousemove", id, (event) => {
      const feature = event.features[0];
      // What is drawn above answers first: an area stays silent under a circle.
      const [top] = view.queryRenderedFeatures(event.point);
      if (top && top.source !== layer.id) return leave();
      if (over !== feature.id) {
        if (over !== null) view.setFeatureState({ source: layer.id, id: over }, { hovered: false });
        over = feature.id;
        view.setFeatureState({ source: layer.id, id: over }, { hovered: true });
      }
      if (onClick && layer.clickable !== false) view.getCanvas().style.cursor = "pointer";
      const current = byId.get(layer.id);
      if (!current.describe) return;
      const box = document.createElement("div");
      current.describe(feature.properties).forEach((line, i) => {
        const row = document.createElement(i ? "span" : "strong");
        row.textContent = line;
        box.append(row);
      });
      popup.setLngLat(event.lngLat).setDOMContent(box).addTo(view);
    });
    view.on("mouseleave", id, leave);
    if (onClick && layer.clickable !== false) {
      view.on("click", id, (event) => {
        const [top] = view.queryRenderedFeatures(event.point);
        if (top?.source === layer.id) onClick(layer.id, event.features[0].properties);
      });
    }
  };

  const recolour = () => {
    view.setPaintProperty("ground", "background-color", readColour("--map-ground"));
    for (const layer of byId.values()) {
      if (layer.kind === "labels" || !view.getSource(layer.id)) continue;
      for (const part of buildParts(layer, features.get(layer.id))) {
        for (const [name, value] of Object.entries(part.paint)) view.setPaintProperty(part.id, name, value);
      }
    }
    settle();
  };

  const ready = (async () => {
    await Promise.all([
      new Promise((resolve) => view.once("load", resolve)),
      ...[...byId.values()].map(async (layer) => (layer.data = await readData(layer))),
    ]);
    for (const layer of byId.values()) {
      if (layer.kind === "labels") addLabels(layer);
      else addLayer(layer);
    }
    refreshLegend();
    refreshLabels();
    view.on("moveend", refreshLabels);
    // A phone that turns keeps the whole territory in view, unless its reader has moved the map.
    let moved = false;
    view.on("movestart", (event) => (moved ||= Boolean(event.originalEvent)));
    view.on("resize", () => {
      if (!moved) view.fitBounds(bounds, { padding: 24, animate: false });
      refreshLabels();
    });
    watchTheme(() => requestAnimationFrame(recolour));
    if (reduced) view.scrollZoom.setWheelZoomRate(1 / 150);
    settle();
  })().catch((error) => {
    element.dataset.ready = "absent";
    throw error;
  });

  const showPart = (layer) => {
    if (layer.kind === "labels") return;
    for (const part of buildParts(layer, features.get(layer.id))) {
      view.setLayoutProperty(part.id, "visibility", visible.has(layer.id) ? "visible" : "none");
    }
  };

  return {
    view,
    ready,
    language: readLanguage(),
    /** Show these layers only. */
    async show(ids) {
      await ready;
      visible.clear();
      for (const id of ids) visible.add(id);
      for (const layer of byId.values()) showPart(layer);
      refreshLegend();
      refreshLabels();
      settle();
    },
    /** Change fields of a layer: its data, the value it shows, its classes. */
    async update(id, fields) {
      await ready;
      const layer = Object.assign(byId.get(id), fields);
      if (fields.data !== undefined) layer.data = await readData(layer);
      if (layer.kind === "labels") addLabels(layer);
      else {
        const collection = buildFeatures(layer, layer.data);
        features.set(id, collection.features);
        missing.set(id, hasMissingValue(layer, collection.features));
        if (fields.data !== undefined) view.getSource(id).setData(collection);
      }
      recolour();
      refreshLegend();
      refreshLabels();
    },
    /** Outline one feature of a layer (by its key), or none. */
    async highlight(id, key = null) {
      await this.select(id, key === null ? [] : [key]);
    },
    /** Outline several features of a layer (by their keys). */
    async select(id, keys) {
      await ready;
      for (const key of marked.get(id) ?? []) view.setFeatureState({ source: id, id: key }, { selected: false });
      for (const key of keys) view.setFeatureState({ source: id, id: key }, { selected: true });
      marked.set(id, [...keys]);
    },
    /** Return to the first view. */
    fit() {
      view.fitBounds(bounds, { padding: 24, animate: !reduced });
    },
  };
}
