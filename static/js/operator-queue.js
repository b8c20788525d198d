// The queue: moving through its rows, choosing those that are decided together, both kept while it refreshes.
import { enabled, keys, writing } from "./operator-keys.js";

const queue = document.querySelector("[data-queue]");
const bulk = document.getElementById("bulk");
const chosen = new Set(); // values of ticked boxes

const rows = () => [...queue.querySelectorAll("[data-row]")];
const boxes = () => [...queue.querySelectorAll("input[name=hold]")];
const current = () => document.activeElement?.closest("tr")?.querySelector("[data-row]");

function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const next = at < 0 ? all[step > 0 ? 0 : all.length - 1] : all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
}

function claim(link) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const url = `${new URL(link.href).pathname}/claim`;
  htmx.ajax("POST", url, { swap: "none", values: { action: link.closest("tr").querySelector(".claimed.mine") ? "unclaim" : "claim", csrfmiddlewaretoken: token } }).then(() => htmx.trigger(queue, "refresh"));
}

function count() {
  if (!bulk) return;
  const ticked = boxes().filter((box) => box.checked);
  const kinds = new Set(ticked.map((box) => box.dataset.alike));
  const said = bulk.querySelector("[data-bulk-count]");
  said.textContent =
    !ticked.length ? "Choose holds of one kind and reason to decide them together."
    : kinds.size > 1 ? `${ticked.length} are chosen, but not of one kind and reason.`
    : `${ticked.length} chosen.`;
  bulk.querySelector("[data-bulk-submit]").disabled = kinds.size !== 1;
}

const actions = new Map([
  [keys.next, () => move(1)],
  [keys.previous, () => move(-1)],
  [keys.choose, (link) => link?.closest("tr").querySelector("input[name=hold]")?.click()],
  [keys.claim, (link) => link && claim(link)],
]);
// Enter opens the row by itself: it is a link that has the focus.
if (keys.open !== "Enter") actions.set(keys.open, (link) => link?.click());

document.addEventListener("keydown", (event) => {
  if (!enabled() || event.ctrlKey || event.metaKey || event.altKey || writing(event.target)) return;
  if (!actions.has(event.key) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  actions.get(event.key)(current());
});

queue.addEventListener("change", (event) => {
  if (event.target.checked) chosen.add(event.target.value);
  else chosen.delete(event.target.value);
  count();
});

// A row that changed its version, or left, is no longer chosen: what was seen is not what is there.
document.addEventListener("htmx:afterSettle", () => {
  for (const box of boxes()) box.checked = chosen.has(box.value);
  const there = new Set(boxes().map((box) => box.value));
  for (const value of chosen) if (!there.has(value)) chosen.delete(value);
  count();
});

count();
if (document.activeElement === document.body) rows()[0]?.focus({ preventScroll: true });
