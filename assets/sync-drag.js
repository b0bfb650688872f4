// Dragging a card onto one of the other side, by mouse, pen or finger: pointer events, one path for all.

import { nameOf, say } from "./sync-dom.js";
import { join } from "./sync-act.js";

let drag = null;

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.(".cards .card");
  if (!card || event.button || event.target.closest("button")) return;
  const touch = event.pointerType === "touch";
  drag = { card, touch, id: event.pointerId, x: event.clientX, y: event.clientY, lifted: false };
});

document.addEventListener("pointermove", (event) => {
  if (event.pointerId !== drag?.id) return;
  drag.cx = event.clientX;
  drag.cy = event.clientY;
  const far = Math.hypot(event.clientX - drag.x, event.clientY - drag.y);
  if (!drag.lifted && far < (drag.touch ? 10 : 5)) return;
  if (!drag.lifted) lift();
  drag.frame ??= requestAnimationFrame(step);
});

const lift = () => {
  const ghost = document.createElement("p"), name = document.createElement("b"), on = document.createElement("small");
  ghost.className = "ghost";
  ghost.setAttribute("aria-hidden", "true");
  name.textContent = nameOf(drag.card);
  ghost.append(name, on);
  document.body.append(ghost);
  drag.card.classList.add("lifted");
  document.documentElement.classList.add("dragging");
  drag.card.setPointerCapture(drag.id);
  Object.assign(drag, { ghost, on, lifted: true, wanted: drag.card.matches(".mine") ? ".theirs" : ".mine" });
};

const step = () => {
  if (!drag) return;
  drag.frame = null;
  const { cx, cy, ghost, touch } = drag;
  // Below the pointer, so that the card under it stays legible; above a finger.
  const left = Math.min(cx + 14, innerWidth - ghost.offsetWidth - 8);
  ghost.style.transform = `translate3d(${left}px, ${touch ? cy - 76 : cy + 18}px, 0)`;
  const under = document.elementFromPoint(cx, cy);
  const target = under?.closest(`.cards .card${drag.wanted}`) ?? null;
  if (target !== drag.target) {
    drag.target?.classList.remove("target");
    target?.classList.add("target");
    drag.target = target;
    drag.on.textContent = target ? `Link with ${nameOf(target)}` : "";
    ghost.classList.toggle("ready", Boolean(target));
  }
  const box = under?.closest(".scroll");
  if (!box) return;
  const { top, bottom } = box.getBoundingClientRect();
  const by = cy < top + 56 ? cy - top - 56 : cy > bottom - 56 ? cy - bottom + 56 : 0;
  if (by) {
    box.scrollTop += by / 4;
    drag.frame = requestAnimationFrame(step);
  }
};

const drop = (done) => {
  const was = drag;
  drag = null;
  if (!was?.lifted) return;
  cancelAnimationFrame(was.frame);
  was.ghost.remove();
  was.card.classList.remove("lifted");
  was.target?.classList.remove("target");
  document.documentElement.classList.remove("dragging");
  // The click that follows chooses nothing; the listener is gone before the next one.
  const hush = (event) => { event.preventDefault(); event.stopPropagation(); };
  addEventListener("click", hush, true);
  setTimeout(() => removeEventListener("click", hush, true), 0);
  if (!done) return;
  if (!was.target) return say("Nothing was linked.");
  const cards = was.card.matches(".mine") ? [was.card, was.target] : [was.target, was.card];
  const [profile, record] = cards.map((card) => card.dataset.id);
  join(document.querySelector(".board").action, { profile, record }, cards, was.card);
};

document.addEventListener("pointerup", (event) => {
  if (event.pointerId !== drag?.id) return;
  if (drag.lifted) {
    cancelAnimationFrame(drag.frame);
    step();
  }
  drop(true);
});
document.addEventListener("pointercancel", () => drop(false));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") drop(false); });
