// Follows the source: what it is doing while a list is read, and times in the reader's zone.

import { all, nodes, one, say, send, tell } from "./sync-dom.js";

const times = (root) => {
  for (const time of all("time[datetime]", root)) {
    const at = new Date(time.dateTime), today = at.toDateString() === new Date().toDateString();
    const how = today ? { timeStyle: "short" } : { dateStyle: "medium", timeStyle: "short" };
    time.textContent = at.toLocaleString(undefined, how);
  }
};
times(document);

const box = one("#state");
let timer;
const look = async () => {
  if (document.hidden) return;
  const was = one("[data-busy]", box) !== null;
  const answer = await fetch(box.dataset.state, { headers: { accept: "text/html" } }).catch(() => null);
  if (answer?.ok) {
    box.replaceChildren(...nodes(await answer.text()));
    times(box);
  }
  const busy = one("[data-busy]", box) !== null;
  if (was && !busy) {
    say(one(".note", box)?.textContent.trim() ?? "The lists have arrived.");
    // The new rows are shown by asking for them as a search does.
    for (const field of all("input[type=search]")) field.dispatchEvent(new Event("input"));
  }
  follow();
};
const follow = () => {
  clearTimeout(timer);
  timer = setTimeout(look, one("[data-busy]", box) ? 1_000 : 30_000);
};
if (box) {
  follow();
  document.addEventListener("visibilitychange", look);
}

/** «Get Users». */
export const ask = async (form) => {
  try {
    const out = await send(form.action, {});
    tell(out.said);
    await look();
  } catch (error) {
    tell(error.message);
  }
};
