// What all modules of the Sync pages share.

export const one = (selector, within = document) => within.querySelector(selector);
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const policy = window.trustedTypes?.createPolicy("rollcall", { createHTML: (html) => html })
  ?? { createHTML: (html) => html };

/** The elements of a piece of our own page. */
export const nodes = (html) => {
  const parsed = new DOMParser().parseFromString(policy.createHTML(html), "text/html");
  return [...parsed.body.children].map((node) => document.adoptNode(node));
};

/** Emptied and filled again, so that two equal messages are both heard. */
export const say = (text) => {
  const status = one("#say");
  status.textContent = "";
  requestAnimationFrame(() => { status.textContent = text; });
};

export const list = (side) => one(`[data-side="${side}"]`);
export const chosen = (name) => one(`input[name="${name}"]:checked`);
export const nameOf = (card) => one("b", card).textContent;

/** The bar that says what was done last, with its button to take it back. */
export const tell = (said, change = "") => {
  const bar = one("#last"), undo = one("[name=change]", bar);
  one("p", bar).textContent = said;
  undo.value = change;
  undo.hidden = !change;
  bar.hidden = false;
  say(change ? `${said} Undo: Control Z.` : said);
};

/** Sends one of our forms; the error is what the gateway says. */
export const send = async (address, fields) => {
  let answer;
  try {
    answer = await fetch(address, {
      method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(fields),
    });
  } catch {
    throw new Error("No connection to Rollcall. Nothing you see is lost; try again when it is back.");
  }
  if (answer.status === 401) {
    location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  const body = await answer.json();
  if (!answer.ok) {
    throw new Error(answer.status >= 500
      ? `Something went wrong inside Rollcall. Nothing was changed. Give your administrator this number: ${body.request_id}.`
      : `${body.detail} ${body.remedy}`);
  }
  return body;
};
