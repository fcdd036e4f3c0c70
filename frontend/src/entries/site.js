// On every page: four comforts; each does without this script.

// The theme changes in place: what is being typed stays.
for (const form of document.querySelectorAll("form[data-theme-switch]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const data = new FormData(form, event.submitter);
    document.documentElement.dataset.theme = data.get("theme");
    await fetch(form.action, { method: "post", body: data, redirect: "manual" });
  });
}

// Menus close with Escape, or when something else is chosen.
const menus = [...document.querySelectorAll("details.menu")];
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus.filter((each) => each.open)) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
for (const kind of ["click", "focusin"]) {
  document.addEventListener(kind, (event) => {
    for (const menu of menus) if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
}

// A button that copies the text of the element it names.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText((source.value ?? source.textContent).trim());
    const label = button.textContent;
    button.textContent = button.dataset.copied;
    setTimeout(() => (button.textContent = label), 3000);
  });
}

// A form that takes seconds says so; the server answers a second click by what the first one made.
for (const status of document.querySelectorAll("form [data-busy]")) {
  status.closest("form").addEventListener("submit", (event) => {
    if (event.submitter?.hasAttribute("data-instant")) return;
    status.textContent = status.dataset.busy;
    status.append(document.createElement("progress"));
    status.lastChild.setAttribute("aria-hidden", "true");
  });
}
// Back from the next page, nothing is under way any more.
window.addEventListener("pageshow", () => {
  for (const status of document.querySelectorAll("[data-busy]")) status.textContent = "";
});

// The summary of the errors of a form takes the focus, so that it is read at once.
document.querySelector(".error-summary")?.focus();
