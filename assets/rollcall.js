// What the pages do better with a script. Everything works without it.

// «Show» beside a password.
for (const field of document.querySelectorAll("input[type=password]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show";
  button.setAttribute("aria-label", "Show what is typed");
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    button.textContent = shown ? "Show" : "Hide";
    button.setAttribute("aria-pressed", String(!shown));
  });
  const row = document.createElement("span");
  row.className = "with";
  field.replaceWith(row);
  row.append(field, button);
  // Hidden again before it is sent, so that no browser remembers it as a text.
  field.form?.addEventListener("submit", () => { field.type = "password"; });
}

// A second press of the same button would send the same thing twice.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// A page whose only purpose is its one button.
document.querySelector("form[data-press]")?.requestSubmit();
