// Suggestions under the search box of territories: the combobox pattern of ARIA 1.2. Without this script the form works.
import { say } from "../theme.js";

const WAIT = 150;
const SHORTEST = 2;

function start(form) {
  const input = form.querySelector("input[type=search]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-search-status]");
  let found = [];
  let active = -1;
  let timer = 0;
  let asked = null;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  function close() {
    list.hidden = true;
    active = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(index) {
    active = index;
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
    if (index < 0) {
      input.removeAttribute("aria-activedescendant");
      return;
    }
    input.setAttribute("aria-activedescendant", list.children[index].id);
    list.children[index].scrollIntoView({ block: "nearest" });
  }

  function open(each) {
    // A page may keep the choice for itself, such as a form that asks for a territory.
    const chosen = new CustomEvent("territory", { bubbles: true, cancelable: true, detail: each });
    if (!input.dispatchEvent(chosen)) {
      close();
      return;
    }
    location.assign(each.address);
  }

  function show(results) {
    found = results;
    list.replaceChildren(
      ...results.map((each, i) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${i}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        const detail = document.createElement("span");
        detail.textContent = each.detail;
        option.append(each.name, detail);
        // Before the field loses the focus, which closes the list.
        option.addEventListener("mousedown", (event) => event.preventDefault());
        option.addEventListener("click", () => open(each));
        return option;
      }),
    );
    active = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !results.length;
    input.setAttribute("aria-expanded", String(results.length > 0));
    if (!results.length) status.textContent = say("Aucun territoire proposé.", "No suggestion.");
    else if (results.length === 1) status.textContent = say("1 territoire proposé.", "1 suggestion.");
    else
      status.textContent = say(
        `${results.length} territoires proposés, flèche bas pour les parcourir.`,
        `${results.length} suggestions, press the down arrow to go through them.`,
      );
  }

  async function ask() {
    const text = input.value.trim();
    asked?.abort();
    if (text.length < SHORTEST) {
      close();
      status.textContent = "";
      return;
    }
    asked = new AbortController();
    const address = new URL(form.dataset.suggestions, location.href);
    address.searchParams.set("q", text);
    if (form.dataset.kind) address.searchParams.set("genre", form.dataset.kind);
    try {
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "application/json" } });
      if (answer.ok) show((await answer.json()).found);
    } catch (error) {
      // A newer question replaced this one, or the network failed: the form itself still works.
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    const last = found.length - 1;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) {
        if (found.length) show(found);
        else ask();
        return;
      }
      const step = event.key === "ArrowDown" ? active + 1 : active - 1;
      // Past either end the field itself comes back, then the other end.
      choose(step > last ? -1 : step < -1 ? last : step);
    } else if (event.key === "Enter" && !list.hidden && active >= 0) {
      event.preventDefault();
      open(found[active]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  input.addEventListener("blur", close);
  // What was typed while this script was on its way.
  if (input.value !== input.defaultValue && document.activeElement === input) ask();
}

for (const form of document.querySelectorAll("[data-territory-search]")) start(form);
