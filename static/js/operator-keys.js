// One key, one action: whatever carries data-key on this page, and what is told by its script. The keys are the
// operator's own, they can be read (?), changed, and switched off.

const STORE = "operator-keys"; // "off" where an operator needs the letters for something else
const nav = document.querySelector("[data-keys]");
const keys = nav ? JSON.parse(nav.dataset.keys) : {};

const enabled = () => localStorage.getItem(STORE) !== "off";
const writing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
const visible = (element) => element.getClientRects().length > 0;

const holders = () => [...document.querySelectorAll("[data-key]:not([data-key=''])")].filter(visible);

function press(key) {
  const holder = holders().find((element) => element.dataset.key === key);
  if (!holder) return false;
  if (holder.matches("input, textarea")) holder.focus();
  holder.click();
  return true;
}

function line(key, name) {
  const row = document.createElement("li");
  const cap = document.createElement("kbd");
  cap.textContent = key;
  row.append(cap, ` ${name}`);
  return row;
}

const QUEUE = { next: "Next hold", previous: "Previous hold", open: "Open it", choose: "Choose it for a decision together", claim: "Claim it, or give it back" };

function fixedKeys() {
  const told = [];
  if (document.querySelector("[data-queue]")) told.push(...Object.entries(QUEUE).map(([action, name]) => [keys[action], name]));
  if (document.querySelector("[data-decide]")) told.push(["1–5", "Fill in a note while it is empty"], ["Ctrl Enter", "Decide and go on"]);
  return [...told.filter(([key]) => key), ["Esc", "Leave a field or this list"]];
}

function help() {
  const dialog = document.createElement("dialog");
  dialog.className = "keys panel";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = '<h2 id="keys-title">Keys</h2><ul></ul><form method="dialog"><label><input type="checkbox"> Letters act as keys</label> <a>Change your keys</a> <button class="button">Close</button></form>';
  const own = holders().filter((element) => !element.matches("[data-help]"));
  dialog.querySelector("ul").append(...fixedKeys().map(([key, name]) => line(key, name)), ...own.map((element) => line(element.dataset.key, element.dataset.keyName ?? element.textContent.trim())));
  dialog.querySelector("a").href = nav.dataset.keysUrl;
  const box = dialog.querySelector("input");
  box.checked = enabled();
  box.addEventListener("change", () => localStorage.setItem(STORE, box.checked ? "on" : "off"));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && writing(event.target)) return event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || writing(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === keys.help) return help();
  if (enabled() && !event.defaultPrevented && press(event.key)) event.preventDefault();
});

// What is typed into the field of a key takes the place of what was there.
document.addEventListener("focusin", (event) => event.target.matches("[data-key-field]") && event.target.select());

for (const button of document.querySelectorAll("[data-help]")) {
  button.hidden = false;
  button.addEventListener("click", help);
}

export { enabled, keys, writing };
