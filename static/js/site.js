// Every page: the theme switch, copy buttons, times in words, and manners of the live parts.

const THEMES = ["auto", "light", "dark"];

function currentTheme() {
  const theme = localStorage.getItem("theme");
  return THEMES.includes(theme) ? theme : "auto";
}

function applyTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("themechange"));
}

function prepareThemeToggle(button) {
  const name = button.querySelector("[data-theme-name]");
  name.textContent = currentTheme();
  button.hidden = false;
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length];
    localStorage.setItem("theme", next);
    name.textContent = next;
    applyTheme(next);
  });
}

function announce(text) {
  document.getElementById("announcer").textContent = text;
}

async function copy(button) {
  const source = button.dataset.copyFrom && document.getElementById(button.dataset.copyFrom);
  const label = button.textContent;
  await navigator.clipboard.writeText(source ? source.textContent : button.dataset.copy);
  button.textContent = "copied";
  announce("Copied");
  setTimeout(() => (button.textContent = label), 1500);
}

function inWords(seconds) {
  const size = Math.abs(seconds);
  const text =
    size < 60 ? `${Math.floor(size)} s`
    : size < 3600 ? `${Math.floor(size / 60)} min`
    : size < 86400 ? `${Math.floor(size / 3600)} h ${Math.floor((size % 3600) / 60)} min`
    : `${Math.floor(size / 86400)} d`;
  return seconds >= 0 ? `${text} ago` : `in ${text}`;
}

function refreshTimes(root = document) {
  for (const time of root.querySelectorAll("time[data-ago]")) {
    time.textContent = inWords((Date.now() - Date.parse(time.dateTime)) / 1000);
  }
  for (const clock of root.querySelectorAll("progress[data-clock]")) {
    clock.value = Date.now() / 1000 - Number(clock.dataset.starts);
  }
}

function enhance(root) {
  // A page that is not served over a trustworthy connection has no clipboard.
  if (navigator.clipboard) root.querySelectorAll(".copy[hidden]").forEach((button) => (button.hidden = false));
  refreshTimes(root);
}

// Live parts: silent while nobody looks, untouched while nothing has changed, announced when the state changes.
const shown = new WeakMap();

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && event.target.matches("[data-live]")) event.preventDefault();
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.target;
  if (!target.matches("[data-live]") || event.detail.xhr.status === 286) return;
  if (shown.get(target) === event.detail.xhr.responseText) event.detail.shouldSwap = false;
  shown.set(target, event.detail.xhr.responseText);
});

// Before the first frame that shows it: settling comes a moment later, and columns would be seen to move.
document.addEventListener("htmx:afterSwap", () => enhance(document));

document.addEventListener("htmx:afterSettle", () => {
  const state = document.querySelector("[data-announce]")?.dataset.announce;
  if (state && state !== shown.get(document)) {
    if (shown.has(document)) announce(state);
    shown.set(document, state);
  }
});

// What is on the page stays there while the server is away, and says that it is old.
function showStale(isStale) {
  const announcer = document.getElementById("announcer");
  if (isStale === announcer.classList.contains("stale")) return;
  announcer.classList.toggle("stale", isStale);
  announcer.classList.toggle("visually-hidden", !isStale);
  announce(isStale ? "The server does not answer: this is how things stood before. Trying again." : "");
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.matches("[data-live]")) showStale(!event.detail.successful && event.detail.xhr.status !== 304);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.querySelectorAll("[data-live]").forEach((part) => htmx.trigger(part, "refresh"));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy");
  if (button) copy(button);
});

document.querySelectorAll("[data-theme-toggle]").forEach(prepareThemeToggle);
enhance(document);
const first = document.querySelector("[data-announce]");
if (first) shown.set(document, first.dataset.announce);
setInterval(() => refreshTimes(), 1000);

// On paper "two minutes ago" means nothing.
addEventListener("beforeprint", () => {
  for (const time of document.querySelectorAll("time[data-ago]")) time.textContent = time.title;
});
addEventListener("afterprint", () => refreshTimes());
