// The curves: the chart at the available width, the values at the pointer, and a table.

import { byId, element } from "./element.js";
import { between, count, crew, times } from "./number_format.js";
import { caption, chart, drawable, kind, worthALook } from "./speedup_chart.js";

const HINT = "Point at the chart to read it.";
let shown; // the curves that are drawn
let drawing; // the chart and its scale of workers

export function showCurves({ curves, advice }) {
  const possible = drawable(curves);
  const barred = curves.map(({ strategy }) => strategy)
    .filter((one) => one !== "sequential" && !possible.some(({ strategy }) => strategy === one));
  shown = { curves: worthALook(possible, advice), advice };
  byId("curves-figure").hidden = false;
  draw();
  byId("curves-caption").textContent = caption(possible, advice, barred);
  byId("curves-table").replaceChildren(...tableOf(possible));
  byId("curves-table-part").hidden = possible.length === 0;
}

/** Remove the chart, until the curves of the next question arrive. */
export function clearCurves() {
  shown = undefined;
  byId("curves-figure").hidden = true;
  byId("curves-table-part").hidden = true;
}

/** Redraw the chart when its width changes, and show the values at the pointer. */
export function keepDrawn() {
  let width = 0;
  new ResizeObserver(() => {
    if (width === byId("curves").clientWidth) return; // drawing changes the height only
    width = byId("curves").clientWidth;
    draw();
  }).observe(byId("curves"));
  byId("curves").addEventListener("pointermove", read);
  byId("curves").addEventListener("pointerdown", read);
  byId("curves").addEventListener("pointerleave", () => { byId("readout").textContent = HINT; });
}

function draw() {
  const width = Math.floor(byId("curves").clientWidth);
  if (shown === undefined || width === 0) return;
  drawing = chart(shown.curves, shown.advice, width);
  byId("curves").replaceChildren(drawing.picture);
  byId("readout").textContent = shown.curves.length ? HINT : "";
}

/** Return the values of the lines at the number of workers nearest to the pointer. */
function read({ clientX }) {
  if (!shown?.curves.length) return;
  const at = clientX - byId("curves").getBoundingClientRect().left;
  const distance = ({ workers }) => Math.abs(drawing.across(workers) - at);
  const said = shown.curves.map(({ strategy, points }) => {
    const { workers, speedup } = points.reduce((a, b) => (distance(b) < distance(a) ? b : a));
    return `${crew(strategy, workers)}: ${times(speedup.expected)} (${between(speedup, times)})`;
  });
  byId("readout").textContent = said.join(" · ");
}

function tableOf(curves) {
  const head = element("thead", element("tr", [
    element("th", "Workers", { scope: "col" }),
    ...curves.map(({ strategy }) => element("th", kind(strategy), { scope: "col" })),
  ]));
  const workers = [...new Set(curves.flatMap(({ points }) => points.map((point) => point.workers)))];
  const rows = workers.sort((a, b) => a - b).map((number) => element("tr", [
    element("th", count(number), { scope: "row" }),
    ...curves.map(({ points }) => element("td", cell(points.find((point) => point.workers === number)))),
  ]));
  return [head, element("tbody", rows)];
}

function cell(point) {
  return point ? `${times(point.speedup.expected)} (${between(point.speedup, times)})` : "–";
}
