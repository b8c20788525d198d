// The learning curve: fetch the figure, dress it in the theme's colours, append what is new, keep the zoom.

import { CONFIG, offerPlotTools, onThemeChange, themed } from "./plot.js";
import { offerChoices, viewFromUrl } from "./view.js";

const POLL_MILLISECONDS = 2500;
const DEFAULTS = { x: "bytes", xscale: "log", yscale: "linear", run: "" };
const COLOURS = { chunk: "--curve-chunk", curve: "--curve", ppmd: "--ppmd", uniform: "--uniform", nonfinite: "--bad" };

const panel = document.querySelector("[data-curve]");
const canvas = panel.querySelector("[data-curve-canvas]");
const caption = panel.querySelector("[data-curve-caption]");
const liveDot = document.querySelector("[data-curve-live]");
const view = viewFromUrl(DEFAULTS);
let known = null; // what the last answer said
let timer = 0;

async function ask(extra = {}) {
  const query = new URLSearchParams({ ...view, ...extra });
  const response = await fetch(`${panel.dataset.url}?${query}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

async function drawAll() {
  known = await ask();
  panel.classList.toggle("is-empty", !known.points);
  const { data, layout } = themed(known.figure, COLOURS);
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

offerChoices(panel, view, DEFAULTS, restart);
offerPlotTools(panel, canvas, "prism-curve");
onThemeChange(restart);
// A curve that had ended goes on when its submission does: released by an operator, or tried again.
document.addEventListener("htmx:afterSettle", () => {
  if (known && !known.live) restart();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && known?.live) restart();
});

tick();
