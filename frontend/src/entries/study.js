// A new study: a territory chosen among the suggestions joins the form, which the server draws again.
const form = document.getElementById("study-form");

form?.addEventListener("territory", (event) => {
  event.preventDefault();
  const code = document.createElement("input");
  code.type = "hidden";
  code.name = "territoire";
  code.value = event.detail.code;
  form.append(code);
  form.elements.q.value = "";
  form.requestSubmit(form.querySelector("button[value=search]"));
});
