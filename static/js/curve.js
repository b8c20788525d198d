// The learning curve: fetch the figure, dress it in the theme's colours, append what is new, keep the zoom.

import { CONFIG, fitted, offerPlotTools, onThemeChange, printWell, themed } from "./plot.js";
import { offerChoices, rememberView, viewFromUrl } from "./view.js";
import { ZOOM, applyRanges, forget, offerKeys, takeRanges } from "./zoom.js";

const POLL_MILLISECONDS = 2500;
const SETTLE_MILLISECONDS = 150;
const DEFAULTS = { x: "bytes", xscale: "log", yscale: "linear", smooth: "none", span: "10", drag: "zoom", run: "", ...ZOOM };
const COLOURS = {
  chunk: "--curve-chunk", curve: "--curve", smooth: "--series-5", ppmd: "--ppmd", uniform: "--uniform",
  nonfinite: "--bad", above: "--warn", below: "--warn",
  baseline: "--series-6", best: "--series-3", previous: "--series-2",
};

const panel = document.querySelector("[data-curve]");
const canvas = panel.querySelector("[data-curve-canvas]");
const caption = panel.querySelector("[data-curve-caption]");
const origin = panel.querySelector("[data-curve-provenance]");
const liveDot = document.querySelector("[data-curve-live]");
const view = viewFromUrl(DEFAULTS);
let known = null; // what the last answer said
let timer = 0;
let settling = 0;
let drawing = 0; // number of the last whole drawing: an older answer that comes late is not shown

async function fetched(url, query) {
  const response = await fetch(`${url}?${new URLSearchParams(query)}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

function asked() {
  const { drag, ...query } = view;
  return query;
}

async function drawAll() {
  const number = ++drawing;
  const [answer, rivals] = await Promise.all([fetched(panel.dataset.url, asked()), fetched(panel.dataset.rivals, asked())]);
  if (number !== drawing) return;
  known = answer;
  panel.classList.toggle("is-empty", !known.points);
  panel.querySelector("button[value=flops]").disabled = !known.flops_known;
  known.figure.data.push(...rivals.data);
  const { data, layout } = themed(known.figure, COLOURS);
  applyRanges(view, layout);
  fitted(layout, canvas);
  layout.dragmode = view.drag;
  if (known.points) await Plotly.react(canvas, data, layout, CONFIG);
  followZoom();
  report();
}

async function drawNew() {
  const answer = await fetched(panel.dataset.url, { ...asked(), attempt: known.attempt, after: known.last_index });
  if (!answer.extend || !answer.live) return drawAll(); // another attempt, or the end: all of it, exactly
  if (answer.extend.some((trace) => trace.customdata?.length)) return drawAll(); // marks count what is around them
  const count = answer.points - known.points;
  if (count && known.reaches_end) await append(answer.extend);
  known = {
    ...known, ...answer,
    shown: known.shown + count,
    in_sight: known.in_sight + count,
    nonfinite: known.nonfinite + answer.nonfinite_new,
  };
  report();
}

function append(extension) {
  const traces = [...extension.keys()].filter((number) => extension[number].x.length > 0);
  const columns = { x: traces.map((number) => extension[number].x), y: traces.map((number) => extension[number].y) };
  return Plotly.extendTraces(canvas, columns, traces);
}

function followZoom() {
  if (canvas.dataset.followed || !canvas.on) return;
  canvas.dataset.followed = "yes";
  canvas.on("plotly_relayout", (change) => {
    const moved = takeRanges(view, canvas.layout, change);
    if (!moved.length) return;
    rememberView(view, DEFAULTS);
    clearTimeout(settling);
    // More can be seen now than was sent, or other values are beyond what is shown.
    const partly = known.thinned || !known.reaches_end;
    if (partly || moved.includes("y") || view.yfrom) settling = setTimeout(restart, SETTLE_MILLISECONDS);
  });
}

function figures(number) {
  return number.toLocaleString("en").replaceAll(",", "\u202f");
}

function report() {
  const { points, shown, chunks, nonfinite, clipped, bpb, live, in_sight: inSight } = known;
  liveDot.hidden = !live;
  canvas.dataset.points = points;
  canvas.dataset.shown = shown;
  canvas.dataset.view = [view.x, view.xscale, view.yscale].join(" ");
  origin.textContent = (known.provenance ?? []).map(([name, value]) => `${name} ${value}`).join(" · ");
  if (!points) {
    caption.textContent = live ? "No chunk has been scored yet; the curve begins with the first." : "There is no curve: no chunk was scored.";
    return;
  }
  const count = chunks ? `${figures(points)} of ${figures(chunks)} chunks` : `${figures(points)} chunks`;
  const spoiled = nonfinite ? ` · ${figures(nonfinite)} predictions were not finite and are charged as impossible` : "";
  const beyond = ["above", "below"].filter((side) => clipped?.[side]).map((side) => `${figures(clipped[side])} ${side}`);
  const cut = beyond.length ? ` · values beyond what is shown: ${beyond.join(", ")}` : "";
  const thinned = shown < inSight ? ` · drawn: ${figures(shown)} of ${figures(inSight)} points${inSight < points ? " in sight" : ""}, min-max` : "";
  const unknown = known.x !== view.x ? " · FLOPs are known once the run is over: x is bytes" : "";
  caption.textContent = `${count}${thinned} · ${bpb.toFixed(6)} bits per byte over the text read${spoiled}${cut}${unknown}`;
}

async function tick() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await (known?.attempt && known.last_index !== null ? drawNew() : drawAll());
  } catch (error) {
    caption.textContent = `The curve could not be refreshed (${error.message}); trying again.`;
  }
  if (!known || known.live) timer = setTimeout(tick, POLL_MILLISECONDS);
}

function restart() {
  known = known && { ...known, attempt: null };
  tick();
}

// A zoom means something on its own axis alone.
function choose(name) {
  if (name === "drag") return canvas.layout && Plotly.relayout(canvas, { dragmode: view.drag });
  if (name === "x" || name === "xscale") forget(view, "x");
  if (name === "yscale") forget(view, "y");
  rememberView(view, DEFAULTS);
  return restart();
}

offerChoices(panel, view, DEFAULTS, choose);
offerPlotTools(panel, canvas, "prism-curve");
offerKeys(canvas);
printWell(canvas, COLOURS);
onThemeChange(restart);
// A curve that had ended goes on when its submission does: released by an operator, or tried again.
document.addEventListener("htmx:afterSettle", () => {
  if (known && !known.live) restart();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && known?.live) restart();
});

tick();
