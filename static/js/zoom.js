// Which part of the x axis is looked at: kept in the address, moved by mouse and keys, asked of the server.

const STEP = 0.2; // of what is in sight
const MARGIN = 0.5; // of what is in sight, on either side, so that a small move needs no answer
const KEYS = {
  ArrowLeft: ([from, to], width) => [from - STEP * width, to - STEP * width],
  ArrowRight: ([from, to], width) => [from + STEP * width, to + STEP * width],
  "+": ([from, to], width) => [from + STEP * width, to - STEP * width],
  "-": ([from, to], width) => [from - STEP * width, to + STEP * width],
};

const isLog = (view) => view.xscale === "log";
const toAxis = (view, value) => (isLog(view) ? Math.log10(value) : Number(value));
const fromAxis = (view, place) => (isLog(view) ? 10 ** place : place);

// Plotly's range: powers of ten on a logarithmic axis. None where all is shown.
export function rangeOf(view) {
  if (view.from === "" || view.to === "") return null;
  const range = [toAxis(view, view.from), toAxis(view, view.to)];
  return range.every(Number.isFinite) ? range : null;
}

export function takeRange(view, axis) {
  const [from, to] = axis.autorange ? ["", ""] : axis.range.map((place) => fromAxis(view, place).toPrecision(6));
  Object.assign(view, { from, to });
}

export function windowOf(view) {
  const range = rangeOf(view);
  if (!range) return {};
  const more = MARGIN * (range[1] - range[0]);
  return { from: fromAxis(view, range[0] - more), to: fromAxis(view, range[1] + more) };
}

export function offerKeys(canvas) {
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !canvas.layout) return;
    const { range } = canvas.layout.xaxis;
    if (event.key === "0") Plotly.relayout(canvas, { "xaxis.autorange": true, "yaxis.autorange": true });
    else if (KEYS[event.key]) Plotly.relayout(canvas, { "xaxis.range": KEYS[event.key](range, range[1] - range[0]) });
    else return;
    event.preventDefault();
  });
}
