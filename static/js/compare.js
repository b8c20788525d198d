// A comparison: curves over each other, and gains over the first with their bands.

import { CONFIG, fitted, offerPlotTools, onThemeChange, themed } from "./plot.js";
import { offerChoices, viewFromUrl } from "./view.js";

const POLL_MILLISECONDS = 10_000;
const DEFAULTS = { x: "bytes", xscale: "log", yscale: "linear" };
const SERIES = [1, 2, 3, 4, 5, 6].map((number) => [`series-${number}`, `--series-${number}`]);
const COLOURS = { ...Object.fromEntries(SERIES), ppmd: "--ppmd", uniform: "--uniform" };

const panel = document.querySelector("[data-compare]");
const canvas = panel.querySelector("[data-curves-canvas]");
const caption = panel.querySelector("[data-curves-caption]");
const gains = document.querySelector("[data-gains]"); // absent where one alone is shown
const view = viewFromUrl(DEFAULTS);
let timer = 0;

async function ask() {
  const response = await fetch(`${panel.dataset.url}&${new URLSearchParams(view)}`, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

async function draw(element, target, figure, count, stays = count) {
  element.classList.toggle("is-empty", !stays);
  const { data, layout } = themed(figure, COLOURS);
  fitted(layout, target);
  if (stays) await Plotly.react(target, data, layout, CONFIG);
  target.dataset.drawn = count;
}

function report(answer) {
  const lines = answer.drawn === 1 ? "1 curve" : `${answer.drawn} curves`;
  const none = view.x === "flops" ? "FLOPs are known once a run is over." : "No chunk has been scored yet.";
  caption.textContent = answer.drawn ? `${lines}, each bits per byte over the text read so far` : none;
  if (!gains) return;
  gains.querySelector("[data-gains-caption]").textContent = answer.tested
    ? `Better than number 1 on the text so far: a line above the dashed one, its whole band above zero. A band is ${answer.z} standard errors to either side.`
    : "There is nothing to draw: no other submission was scored on the same chunks of the same text.";
}

async function drawAll() {
  clearTimeout(timer);
  try {
    const answer = await ask();
    await draw(panel, canvas, answer.curves, answer.drawn, answer.drawn || view.x === "flops"); // an axis can be left again
    if (gains) await draw(gains, gains.querySelector("[data-gains-canvas]"), answer.gains, answer.tested);
    canvas.dataset.view = Object.values(view).join(" ");
    report(answer);
    if (answer.live) timer = setTimeout(drawAll, POLL_MILLISECONDS);
  } catch (error) {
    caption.textContent = `The curves could not be fetched (${error.message}); trying again.`;
    timer = setTimeout(drawAll, POLL_MILLISECONDS);
  }
}

offerChoices(panel, view, DEFAULTS, drawAll);
offerPlotTools(panel, canvas, "prism-compare");
onThemeChange(drawAll);
drawAll();
