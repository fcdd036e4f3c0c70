// Colours of the theme, read from the style sheet so that maps and charts follow the page, light or dark.

/** Return the value of a CSS variable ("--accent") as the page has it now. */
export function readColour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Call `listener` each time the page turns light or dark. */
export function watchTheme(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener);
  new MutationObserver(listener).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}

/** Return the language of the page, "fr" or "en". */
export function readLanguage() {
  return document.documentElement.lang.startsWith("en") ? "en" : "fr";
}

/** Return one of two texts, in the language of the page. */
export function say(fr, en) {
  return readLanguage() === "en" ? en : fr;
}

/** Return a number as the page writes it. */
export function writeNumber(value, decimals = 0) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return value.toLocaleString(readLanguage() === "en" ? "en-GB" : "fr-FR", format);
}

/** Return the value that a `json_script` element holds. */
export function readJson(id) {
  return JSON.parse(document.getElementById(id).textContent);
}
