// Which part of the plane is looked at: kept in the address, moved by mouse and keys, asked of the server.

const STEP = 0.2; // of what is in sight
const AXES = {
  x: { ends: ["from", "to"], scale: "xscale", plotly: "xaxis" },
  y: { ends: ["yfrom", "yto"], scale: "yscale", plotly: "yaxis" },
};
const KEYS = {
  ArrowLeft: ["x", -STEP, -STEP],
  ArrowRight: ["x", STEP, STEP],
  "+": ["x", STEP, -STEP],
  "-": ["x", -STEP, STEP],
  ArrowUp: ["y", STEP, STEP],
  ArrowDown: ["y", -STEP, -STEP],
  "]": ["y", STEP, -STEP],
  "[": ["y", -STEP, STEP],
};

export const ZOOM = { from: "", to: "", yfrom: "", yto: "" };
const isLog = (view, axis) => view[AXES[axis].scale] === "log";

// Plotly's range: powers of ten on a logarithmic axis. None where all is shown.
function rangeOf(view, axis) {
  const ends = AXES[axis].ends.map((name) => view[name]);
  if (ends.includes("")) return null;
  const range = ends.map((value) => (isLog(view, axis) ? Math.log10(value) : Number(value)));
  return range.every(Number.isFinite) && range[0] < range[1] ? range : null;
}

export function applyRanges(view, layout) {
  for (const [axis, { plotly }] of Object.entries(AXES)) {
    const range = rangeOf(view, axis);
    if (range) Object.assign(layout[plotly], { range, autorange: false });
  }
}

export function forget(view, axis) {
  for (const name of AXES[axis].ends) view[name] = "";
}

// Take over what Plotly shows now, of the axes that a change named; return those.
export function takeRanges(view, layout, change) {
  const moved = Object.entries(AXES).filter(([, { plotly }]) =>
    Object.keys(change).some((name) => name.startsWith(`${plotly}.`)),
  );
  for (const [axis, { ends, plotly }] of moved) {
    const { autorange, range } = layout[plotly];
    const places = range.map((place) => (isLog(view, axis) ? 10 ** place : place).toPrecision(6));
    ends.forEach((name, end) => (view[name] = autorange ? "" : places[end]));
  }
  return moved.map(([axis]) => axis);
}

export function offerKeys(canvas) {
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !canvas.layout) return;
    const [axis, low, high] = KEYS[event.key] ?? [];
    if (event.key === "0") Plotly.relayout(canvas, { "xaxis.autorange": true, "yaxis.autorange": true });
    else if (axis) {
      const [from, to] = canvas.layout[`${axis}axis`].range;
      Plotly.relayout(canvas, { [`${axis}axis.range`]: [from + low * (to - from), to + high * (to - from)] });
    } else return;
    event.preventDefault();
  });
}
