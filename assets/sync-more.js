// Searching on the server while one types, and the next rows when the end of a list is near.

import { all, list, nodes, one, say } from "./sync-dom.js";
import { choose, quiet } from "./sync-act.js";

const flights = {};
const rows = async (side, address) => {
  flights[side]?.abort();
  flights[side] = new AbortController();
  const answer = await fetch(address, { headers: { accept: "text/html" }, signal: flights[side].signal });
  if (!answer.ok) throw new Error("The rows did not arrive.");
  return nodes(await answer.text());
};

// The root is the box that scrolls: a margin of the window does not reach into it.
const eyes = new Map();
const watch = (side) => {
  const more = one(".more", list(side)), root = list(side).closest(".scroll");
  if (!eyes.has(side)) {
    const seen = (entries) => { for (const entry of entries) if (entry.isIntersecting) one("a", entry.target)?.click(); };
    eyes.set(side, new IntersectionObserver(seen, { root, rootMargin: "1200px 0px" }));
  }
  eyes.get(side).disconnect();
  // At most 500 in the page: then it is the person who asks for more.
  if (more && list(side).children.length <= 500) eyes.get(side).observe(more);
};

/** Puts other rows into a list. Who is there again is still chosen, and still has the focus. */
const put = (side, found) => {
  const row = (node) => node?.closest?.("[data-id]")?.dataset.id;
  const held = list(side).contains(document.activeElement) && row(document.activeElement);
  const picked = row(one("input:checked", list(side)));
  list(side).replaceChildren(...found);
  const again = (id) => found.find((node) => id && node.dataset.id === id);
  const radio = again(picked) && one("input", again(picked));
  if (radio) radio.checked = true;
  if (held) ((again(held) && one("input, button", again(held))) ?? one(`#q-${side}`)).focus();
};

for (const field of all("input[type=search]")) {
  const side = field.id.slice(2);
  let timer;
  const search = async () => {
    const address = new URL(field.dataset.part, location.href);
    address.searchParams.set("side", side);
    address.searchParams.set(`q_${side}`, field.value);
    if (field.dataset.show) address.searchParams.set("show", field.dataset.show);
    try {
      const found = await rows(side, address);
      put(side, found);
      quiet(list(side));
      choose();
      watch(side);
      const many = found.filter((row) => row.matches("[data-id]")).length;
      say(many ? `${many}${one(".more", list(side)) ? " or more" : ""} found.` : `Nobody matches ${field.value}.`);
    } catch (error) {
      if (error.name !== "AbortError") say("The search did not arrive. Try again.");
    }
  };
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 120); });
  field.form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  watch(side);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("[data-more]");
  if (!link) return;
  event.preventDefault();
  if (link.dataset.busy) return;
  link.dataset.busy = "yes";
  const side = link.dataset.more, held = link.matches(":focus");
  try {
    const found = await rows(side, link.dataset.part);
    link.closest(".more").remove();
    list(side).append(...found);
    for (const row of found) quiet(row);
    if (held) one("input, button, a", found[0])?.focus();
    watch(side);
  } catch (error) {
    if (error.name !== "AbortError") link.textContent = "The next 100 did not arrive. Try again";
    delete link.dataset.busy;
  }
});
