// The learning curve: fetch the figure, dress it in the theme's colours, append what is new, keep the zoom.

const POLL_MILLISECONDS = 2500;
const DEFAULTS = { x: "bytes", xscale: "log", yscale: "linear", run: "" };
const COLOURS = { chunk: "--curve-chunk", curve: "--curve", ppmd: "--ppmd", uniform: "--uniform", nonfinite: "--bad" };
const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" };

const panel = document.querySelector("[data-curve]");
const canvas = panel.querySelector("[data-curve-canvas]");
const caption = panel.querySelector("[data-curve-caption]");
const liveDot = document.querySelector("[data-curve-live]");
const view = viewFromUrl();
let known = null; // what the last answer said
let timer = 0;

function viewFromUrl() {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(Object.entries(DEFAULTS).map(([name, value]) => [name, query.get(name) ?? value]));
}

function rememberView() {
  const url = new URL(location);
  for (const [name, value] of Object.entries(view)) {
    if (value === DEFAULTS[name]) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  history.replaceState(null, "", url);
}

// A token may be light-dark(...): let the browser resolve it.
function colour(token) {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

function themed(figure) {
  const [ink, line, sheet] = ["--ink-2", "--line", "--sheet"].map(colour);
  for (const trace of figure.data) {
    const own = colour(COLOURS[trace.meta]);
    if (trace.line) trace.line.color = own;
    if (trace.marker) trace.marker = { ...trace.marker, color: own, line: { ...trace.marker.line, color: own } };
  }
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, tickcolor: line, automargin: true };
  const { layout } = figure;
  Object.assign(layout, {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: ink },
    hoverlabel: { bgcolor: sheet, bordercolor: line, font: { color: colour("--ink") } },
  });
  Object.assign(layout.xaxis, axis);
  Object.assign(layout.yaxis, axis);
  return figure;
}

async function ask(extra = {}) {
  const query = new URLSearchParams({ ...view, ...extra });
  const response = await fetch(`${panel.dataset.url}?${query}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

async function drawAll() {
  known = await ask();
  panel.classList.toggle("is-empty", !known.points);
  const { data, layout } = themed(known.figure);
  if (known.points) await Plotly.react(canvas, data, layout, CONFIG);
  report();
}

async function drawNew() {
  const answer = await ask({ attempt: known.attempt, after: known.last_index });
  if (!answer.extend || !answer.live) return drawAll(); // another attempt, or the end: all of it, exactly
  if (answer.last_index !== known.last_index) await append(answer.extend);
  known = { ...answer, shown: known.shown + answer.points - known.points };
  report();
}

function append(extension) {
  const traces = [...extension.keys()].filter((number) => extension[number].x.length > 0);
  const columns = { x: traces.map((number) => extension[number].x), y: traces.map((number) => extension[number].y) };
  return Plotly.extendTraces(canvas, columns, traces);
}

function report() {
  const { points, shown, chunks, nonfinite, bpb, live } = known;
  liveDot.hidden = !live;
  canvas.dataset.points = points;
  canvas.dataset.view = Object.values(view).filter(Boolean).join(" ");
  if (!points) {
    caption.textContent = live ? "No chunk has been scored yet; the curve begins with the first." : "There is no curve: no chunk was scored.";
    return;
  }
  const count = chunks ? `${points} of ${chunks} chunks` : `${points} chunks`;
  const spoiled = nonfinite ? ` · ${nonfinite} predictions were not finite and are charged as impossible` : "";
  const thinned = shown < points ? ` · ${shown} of them drawn, extremes kept` : "";
  caption.textContent = `${count}${thinned} · ${bpb.toFixed(6)} bits per byte over the text read${spoiled}`;
}

async function tick() {
  try {
    if (!document.hidden) await (known?.attempt && known.last_index !== null ? drawNew() : drawAll());
  } catch (error) {
    caption.textContent = `The curve could not be refreshed (${error.message}); trying again.`;
  }
  if (!known || known.live) timer = setTimeout(tick, POLL_MILLISECONDS);
}

function restart() {
  clearTimeout(timer);
  known = null;
  tick();
}

function showChoice(group) {
  for (const button of group.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.value === view[group.dataset.choice]));
  }
}

for (const group of panel.querySelectorAll("[data-choice]")) {
  showChoice(group);
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    view[group.dataset.choice] = button.value;
    showChoice(group);
    rememberView();
    restart();
  });
}

panel.querySelector("[data-curve-reset]").addEventListener("click", () =>
  Plotly.relayout(canvas, { "xaxis.autorange": true, "yaxis.autorange": true }),
);

panel.querySelector("[data-curve-png]").addEventListener("click", () =>
  Plotly.downloadImage(canvas, { format: "png", width: 1200, height: 640, scale: 2, filename: "prism-curve" }),
);

document.addEventListener("themechange", restart);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", restart);
// A curve that had ended goes on when its submission does: released by an operator, or tried again.
document.addEventListener("htmx:afterSettle", () => {
  if (known && !known.live) restart();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && known?.live) restart();
});

tick();
