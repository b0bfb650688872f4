// The Sync pages: quicker than their forms, which do the same without it.

import { all, chosen, one } from "./sync-dom.js";
import { choose, current, join, link, quiet, undo, unlink } from "./sync-act.js";
import "./sync-drag.js";
import "./sync-more.js";
import { ask } from "./sync-state.js";

if (one(".board")) {
  quiet(document);
  choose();
}

document.addEventListener("change", (event) => {
  if (!event.target.matches(".card input")) return;
  choose();
  current(event.target.closest(".card"));
});
document.addEventListener("focusin", (event) => {
  const card = event.target.closest?.(".card");
  if (card) current(card);
});

// Before the guard against pressing twice: each press here is another card's.
document.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  const act = {
    board: () => link(form),
    get: () => ask(form),
    scroll: () => unlink(form, button),
  };
  if (form.closest("#last")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    undo(form, button);
    return;
  }
  const kind = Object.keys(act).find((name) => form.classList.contains(name));
  if (!kind) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!button?.matches(".plus")) return act[kind]();
  const card = button.closest(".card");
  join(button.formAction, { one: button.value }, [card], card);
}, true);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-close]")) one("#last").hidden = true;
  for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  const card = event.target.closest?.(".card"), row = event.target.closest?.(".lnk .pair");
  const press = (button) => { event.preventDefault(); button?.click(); };
  if (event.key === "Escape") {
    for (const menu of all("details.menu[open]")) { menu.open = false; one("summary", menu).focus(); }
    if (card) for (const name of ["profile", "record"]) { const radio = chosen(name); if (radio) radio.checked = false; }
    if (card) choose();
  }
  if (event.key === "+" && card?.matches(".theirs")) press(one(".plus", card));
  if (event.key === "Delete" && row) press(one("button.join", row));
  if (event.key === "ArrowDown" && event.target.matches(".box input[type=search]")) {
    event.preventDefault();
    one(".card input", event.target.closest(".box"))?.focus();
  }
  const text = event.target.matches("input:not([type=radio]), textarea");
  if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !text && !one("#last")?.hidden) {
    const button = one("#last [name=change]");
    if (button && !button.hidden) press(button);
  }
});
