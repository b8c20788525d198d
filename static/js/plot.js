// What every plot shares: the theme's colours on a figure that came without any, and Plotly's settings.

export const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "autosize" };
const PAPER_PIXELS = 640; // what A4 and Letter have between their margins
const NARROW_PIXELS = 480; // below, full labels of a logarithmic axis touch each other
const BAND_SHARE = "18%"; // of a line's colour in the band around it

// A token may be light-dark(...): let the browser resolve it.
export function colour(value) {
  const probe = document.createElement("span");
  probe.style.color = value.startsWith("--") ? `var(${value})` : value;
  document.body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

// Traces name their colour by `meta`; `tokens` says which token that is.
export function themed(figure, tokens) {
  const [ink, line, sheet] = ["--ink-2", "--line", "--sheet"].map(colour);
  for (const trace of figure.data) {
    const own = colour(tokens[trace.meta]);
    if (trace.line) trace.line.color = own;
    if (trace.marker) trace.marker = { ...trace.marker, color: own, line: { ...trace.marker.line, color: own } };
    if (trace.fill) trace.fillcolor = colour(`color-mix(in srgb, ${own} ${BAND_SHARE}, transparent)`);
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

// On a narrow screen digits between the decades are small.
export function fitted(layout, canvas) {
  if (canvas.clientWidth >= NARROW_PIXELS) return;
  for (const axis of [layout.xaxis, layout.yaxis]) if (axis.type === "log") axis.minorloglabels = "small digits";
}

export function onThemeChange(redraw) {
  document.addEventListener("themechange", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// On paper: as wide as a page, and in the colours of a light theme whatever the screen has.
export function printWell(canvas, tokens) {
  const root = document.documentElement;
  let theme;
  const redraw = (width) => {
    if (!canvas.layout) return;
    themed(canvas, tokens);
    Plotly.redraw(canvas);
    Plotly.relayout(canvas, { width, autosize: !width });
  };
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    redraw(PAPER_PIXELS);
  });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    redraw(null);
  });
}

export function offerPlotTools(panel, canvas, filename) {
  panel.querySelector("[data-curve-reset]").addEventListener("click", () =>
    Plotly.relayout(canvas, { "xaxis.autorange": true, "yaxis.autorange": true }),
  );
  for (const button of panel.querySelectorAll("[data-curve-image]")) {
    const image = { format: button.dataset.curveImage, width: 1200, height: 640, scale: 2, filename };
    button.addEventListener("click", () => Plotly.downloadImage(canvas, image));
  }
}
