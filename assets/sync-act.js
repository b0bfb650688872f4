// Linking, unlinking and undoing without a new page. A card leaves at once, its pair is hatched until the gateway has
// confirmed it, and all goes back where it was if it has not.

import { all, chosen, list, nameOf, nodes, one, say, send, tell } from "./sync-dom.js";

const still = matchMedia("(prefers-reduced-motion: reduce)");

const other = one("#records")?.ariaLabel === "Customers" ? "customer" : "person";

/** The line at the spine, and whether Link can be pressed. */
export const choose = () => {
  const profile = chosen("profile")?.closest(".card"), record = chosen("record")?.closest(".card");
  one("#do-link").setAttribute("aria-disabled", String(!(profile && record)));
  one("#pick").textContent = profile && record ? `${nameOf(profile)} with ${nameOf(record)}`
    : profile ? `${nameOf(profile)}: now choose a ${other}`
    : record ? `${nameOf(record)}: now choose a profile` : "Choose one on each side";
};

/** Only the current card's buttons are stops of the Tab key: 100 cards are not 200 stops. */
export const quiet = (root) => { for (const button of all(".plus", root)) button.tabIndex = -1; };
export const current = (card) => {
  quiet(document);
  for (const button of all("button", card)) button.tabIndex = 0;
};

/** After something has gone, the focus is on what took its place, else on the search. */
const neighbour = (node) => {
  const fits = (other) => (other && !other.matches(".more, .none") ? other : null);
  return fits(node.nextElementSibling) ?? fits(node.previousElementSibling);
};
const land = (node, side) => ((node && one("input, button", node)) || one(`#q-${side}`)).focus();

const count = (out) => {
  for (const side of ["profiles", "records", "linked"]) one(`[data-count="${side}"]`).textContent = out[side];
};
const first = (side, html) => {
  const [node] = nodes(html);
  if (!node) return null;
  for (const none of all(".none", list(side))) none.remove();
  all("[data-id]", list(side)).find((other) => other.dataset.id === node.dataset.id)?.remove();
  list(side).prepend(node);
  if (side !== "linked") quiet(node);
  return node;
};

/** A pair that the gateway has not confirmed: hatched. */
const waiting = (left, right) => {
  const row = document.createElement("li"), half = (kind, name) => {
    const box = document.createElement("div"), text = document.createElement("b");
    box.className = `half ${kind}`;
    text.textContent = name;
    box.append(text);
    return box;
  };
  const spine = document.createElement("span");
  spine.className = "join";
  row.className = "pair wait";
  row.append(half("mine", left), spine, half("theirs", right));
  list("linked").prepend(row);
  return row;
};

const fly = (from, to) => {
  if (still.matches) return;
  const at = to.getBoundingClientRect();
  to.animate([
    { transform: `translate(${from.left - at.left}px, ${from.top - at.top}px)`, opacity: .4 },
    { transform: "none", opacity: 1 },
  ], { duration: 160, easing: "ease-out" });
};

/** Links what leaves; the focus goes on from `here`. */
export const join = async (address, fields, leaving, here) => {
  const places = leaving.map((card) => [card, card.parentNode, card.nextSibling]);
  const from = leaving.at(-1).getBoundingClientRect(), names = leaving.map(nameOf);
  const next = neighbour(here), side = here.parentNode.dataset.side;
  for (const card of leaving) {
    one("input", card).checked = false;
    card.remove();
  }
  const row = waiting(names[0], names.at(-1));
  fly(from, row);
  choose();
  land(next, side);
  try {
    const out = await send(address, fields);
    row.remove();
    first("linked", out.pair)?.classList.add("new");
    count(out);
    tell(out.said, out.change);
  } catch (error) {
    row.remove();
    for (const [card, parent, before] of places) {
      parent.insertBefore(card, before?.parentNode === parent ? before : null);
    }
    tell(`Not linked. ${error.message}`);
    land(here, side);
  }
};

export const link = (form) => {
  const profile = chosen("profile"), record = chosen("record");
  if (!profile || !record) {
    say(!profile && !record ? "Choose one on each side first."
      : profile ? `Now choose a ${other} on the right.` : "Now choose a profile on the left.");
    (profile ? one("input[name=record]") : one("input[name=profile]"))?.focus();
    return;
  }
  const cards = [profile.closest(".card"), record.closest(".card")];
  const here = cards.find((card) => card.contains(document.activeElement)) ?? cards[0];
  join(form.action, { profile: profile.value, record: record.value }, cards, here);
};

export const unlink = async (form, button) => {
  const row = button.closest(".pair"), next = neighbour(row);
  try {
    const out = await send(form.action, { one: button.value });
    row.remove();
    first("profiles", out.profile);
    first("records", out.record);
    count(out);
    land(next, "linked");
    tell(out.said, out.change);
  } catch (error) {
    tell(`Not unlinked. ${error.message}`);
  }
};

export const undo = async (form, button) => {
  try {
    const out = await send(form.action, { change: button.value });
    let back;
    if (out.pair) {
      back = first("linked", out.pair);
      const gone = [["profiles", back.dataset.profile], ["records", back.dataset.id]];
      for (const [side, id] of gone) all(".card", list(side)).find((card) => card.dataset.id === id)?.remove();
    } else {
      first("profiles", out.profile);
      back = first("records", out.record);
      all(".pair", list("linked")).find((row) => row.dataset.id === back?.dataset.id)?.remove();
    }
    count(out);
    choose();
    tell(out.said);
    land(back, "records");
  } catch (error) {
    tell(`Cannot be undone: ${error.message}`);
  }
};
