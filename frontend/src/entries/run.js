// Follows a computation: the page turns into its result when it is done.
import { say } from "../theme.js";

const PERIOD = 2000;
const box = document.getElementById("run");

async function refresh() {
  let state;
  try {
    const answer = await fetch(box.dataset.state, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    state = await answer.json();
  } catch {
    // The network may come back: the page waits longer and says so.
    write("run-step", say("Connexion perdue, nouvel essai…", "Connection lost, trying again…"));
    setTimeout(refresh, 3 * PERIOD);
    return;
  }
  if (!state.open) {
    if (state.address) location.replace(state.address);
    else location.reload();
    return;
  }
  write("run-status", state.status_name);
  write("run-percent", state.percent);
  write("run-step", state.step);
  write("run-elapsed", state.elapsed);
  document.getElementById("run-bar").value = state.percent;
  document.title = document.title.replace(/^(\d+ % · )?/, `${state.percent} % · `);
  setTimeout(refresh, PERIOD);
}

// Only what changed is written, so that a screen reader says a step once.
function write(id, text) {
  const element = document.getElementById(id);
  if (element.textContent !== String(text)) element.textContent = text;
}

if (box) setTimeout(refresh, PERIOD);
