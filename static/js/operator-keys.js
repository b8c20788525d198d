// One letter, one action: whatever carries data-key on this page. They can be read (?) and switched off.

const STORE = "operator-keys"; // "off" where an operator needs the letters for something else

const enabled = () => localStorage.getItem(STORE) !== "off";
const writing = (target) => target.closest("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox])");
const visible = (element) => element.getClientRects().length > 0;

const holders = () => [...document.querySelectorAll("[data-key]")].filter(visible);

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

function fixedKeys() {
  const told = [["Esc", "Leave a field or this list"]];
  if (document.querySelector("[data-queue]")) told.unshift(["j", "Next hold"], ["k", "Previous hold"], ["Enter", "Open it"], ["s", "Choose it for a decision together"], ["c", "Claim it, or give it back"]);
  if (document.querySelector("[data-decide]")) told.unshift(["1–5", "Fill in a note while it is empty"], ["Ctrl Enter", "Decide and go on"]);
  return told;
}

function help() {
  const dialog = document.createElement("dialog");
  dialog.className = "keys panel";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = '<h2 id="keys-title">Keys</h2><ul></ul><form method="dialog"><label><input type="checkbox"> Letters act as keys</label> <button class="button">Close</button></form>';
  const own = holders().filter((element) => element.dataset.key !== "?");
  dialog.querySelector("ul").append(...fixedKeys().map(([key, name]) => line(key, name)), ...own.map((element) => line(element.dataset.key, element.dataset.keyName ?? element.textContent.trim())));
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
  if (event.key === "?") return help();
  if (enabled() && !event.defaultPrevented && press(event.key)) event.preventDefault();
});

for (const button of document.querySelectorAll('[data-key="?"]')) {
  button.hidden = false;
  button.addEventListener("click", help);
}

export { enabled, writing };
