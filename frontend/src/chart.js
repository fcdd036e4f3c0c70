// Charts of Vega and Vega-Lite, drawn over the picture that the page already shows.
import { readColour, readLanguage, watchTheme } from "./theme.js";

function buildConfig() {
  const ink = readColour("--ink");
  const soft = readColour("--ink-soft");
  const font = "Source Sans 3, sans-serif";
  const words = { labelFont: font, titleFont: font, labelFontSize: 13, titleFontSize: 13, labelColor: soft, titleColor: ink };
  return {
    background: null,
    font,
    view: { stroke: null },
    axis: { ...words, domainColor: readColour("--line-strong"), tickColor: readColour("--line-strong"), gridColor: readColour("--line") },
    legend: words,
    title: { font, color: ink },
    range: { category: [1, 2, 3, 4].map((i) => readColour(`--chart-${i}`)) },
    mark: { color: readColour("--chart-1") },
  };
}

const FRENCH = {
  decimal: ",",
  thousands: "\u202f",
  grouping: [3],
  currency: ["", "\u00a0€"],
};

/**
 * Draw the specification that `#element.dataset.spec` (a json_script) holds in place of the picture in `element`.
 * The picture stays where a chart cannot be drawn.
 *
 * onClick  (datum) => void, for a mark that is clicked
 */
export async function drawChart(element, { onClick = null } = {}) {
  const spec = JSON.parse(document.getElementById(element.dataset.spec).textContent);
  const [vega, { expressionInterpreter }] = await Promise.all([import("vega"), import("vega-interpreter")]);
  const isLite = (spec.$schema ?? "").includes("vega-lite");
  const lite = isLite ? await import("vega-lite") : null;
  const fallback = [...element.childNodes];
  let shown = null;

  const draw = async () => {
    const config = buildConfig();
    const compiled = isLite ? lite.compile(spec, { config }).spec : spec;
    // The policy of the page forbids evaluating text: expressions are interpreted.
    const runtime = vega.parse(compiled, isLite ? {} : config, { ast: true });
    if (readLanguage() === "fr") vega.formatLocale(FRENCH);
    const target = document.createElement("div");
    target.className = "chart-drawn";
    const view = new vega.View(runtime, {
      expr: expressionInterpreter,
      renderer: "svg",
      container: target,
      hover: true,
      logLevel: vega.Error,
      // A chart never fetches anything.
      loader: { load: () => Promise.reject(new Error("no data from outside")), sanitize: () => Promise.reject(new Error()) },
    });
    if (onClick) view.addEventListener("click", (_event, item) => item?.datum && onClick(item.datum));
    await view.runAsync();
    element.replaceChildren(target);
    shown?.finalize();
    shown = view;
    element.dataset.ready = "1";
  };
  try {
    await draw();
  } catch (error) {
    element.replaceChildren(...fallback);
    element.dataset.ready = "absent";
    throw error;
  }
  watchTheme(() => requestAnimationFrame(draw));
  return { getView: () => shown };
}
