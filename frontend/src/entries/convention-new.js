// The amounts of a new convention follow what is typed; without this script the button computes them.
const box = document.getElementById("simulation");
const form = document.getElementById("convention-form");
const WAIT = 300;
let timer = 0;
let asked = null;

async function refresh() {
  const value = (name) => form.elements.namedItem(name).value.replace(/\s/g, "");
  const dismissed = Number.parseInt(value("dismissed"), 10);
  const kept = Number.parseInt(value("redeployed_in_basin") || "0", 10);
  const on = value("reference_on");
  if (!(dismissed >= kept) || !on) return;
  asked?.abort();
  asked = new AbortController();
  const query = new URLSearchParams({ jobs: String(dismissed - kept), on, morceau: "1" });
  try {
    const answer = await fetch(`${box.dataset.address}?${query}`, { signal: asked.signal });
    if (answer.ok) box.innerHTML = await answer.text();
  } catch (error) {
    if (error.name !== "AbortError") throw error;
  }
}

for (const name of ["dismissed", "redeployed_in_basin", "reference_on"]) {
  form.elements.namedItem(name).addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, WAIT);
  });
}
