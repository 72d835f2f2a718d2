// Draw the predicted speed-up over the number of workers: lines, intervals as bands, and the advised point.

import { drawn } from "./element.js";
import { count, counted, crew, KINDS, times } from "./number_format.js";
import { apart, speedupScale, workersScale } from "./chart_axes.js";

const LETTER = 7; // px, approximate width of a letter in a label
const MOST_MARKED = 9; // largest number of points on a line with a marker each

/**
 * Return the chart for a width in pixels, and its scale of workers. `curves` are those that `drawable` returns.
 */
export function chart(curves, advice, width) {
  const height = Math.round(Math.min(380, Math.max(260, width * 0.5)));
  const labels = Math.max(...curves.map(({ strategy }) => kind(strategy).length), 0) * LETTER + 14;
  const frame = { left: 42, right: Math.max(width - labels, 120), top: 42, bottom: height - 44 };
  const most = Math.max(2, ...curves.flatMap(({ points }) => points.map(({ workers }) => workers)));
  const highest = Math.max(1, ...curves.flatMap(({ points }) => points.map(({ speedup }) => speedup.expected)));
  const x = workersScale(most, [frame.left + 8, frame.right]);
  const y = speedupScale(highest, [frame.bottom, frame.top]);
  const place = { x, y, frame, most };
  const picture = drawn("svg", {
    class: "chart", viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", focusable: "false",
  }, ...grid(place), ...cores(advice.machine.cores, place), ...bands(curves, place), ...lines(curves, place),
  ...names(curves, place), ...advised(advice, place));
  return { picture, across: x.at };
}

/** Return the feasible curves by strategy; the plain loop is the line at 1×. */
export function drawable(curves) {
  return curves
    .filter(({ strategy }) => strategy !== "sequential")
    .map(({ strategy, points }) => ({
      strategy,
      points: points.filter(({ feasible, speedup }) => feasible && speedup).sort((a, b) => a.workers - b.workers),
    }))
    .filter(({ points }) => points.length > 0);
}

/** Cut the curves where more workers gain nothing: beyond, the lines are flat. */
export function worthALook(curves, { machine, workers }) {
  const enough = curves.map(({ points }) => {
    const most = Math.max(...points.map(({ speedup }) => speedup.expected));
    return points.find(({ speedup }) => speedup.expected >= 0.98 * most).workers;
  });
  const limit = Math.max(8, 4 * machine.cores, 2 * workers, ...enough.map((number) => 1.5 * number));
  return curves.map(({ strategy, points }) => ({ strategy, points: points.filter((one) => one.workers <= limit) }))
    .filter(({ points }) => points.length > 0);
}

export const kind = (strategy) => KINDS[strategy] ?? strategy;

// --- grid and axes --------------------------------------------------------------------------------------------------

function grid({ x, y, frame }) {
  const rows = y.ticks.flatMap((tick) => [
    line("rule", frame.left, y.at(tick), frame.right, y.at(tick)),
    text("tick end", frame.left - 6, y.at(tick) + 4, `${count(tick)}×`),
  ]);
  const columns = x.ticks.flatMap((tick) => [
    line("rule", x.at(tick), frame.bottom, x.at(tick), frame.bottom + 5),
    text("tick middle", x.at(tick), frame.bottom + 19, count(tick)),
  ]);
  return [
    ...rows, ...columns,
    line("parity", frame.left, y.at(1), frame.right, y.at(1)),
    text("axis", 2, 12, "speed-up over sequential"),
    text("axis middle", (frame.left + frame.right) / 2, frame.bottom + 38, "workers"),
  ];
}

function cores(number, { x, frame, most }) {
  if (number > most) return [];
  const said = counted(number, "core");
  const half = (said.length * LETTER) / 2;
  return [
    line("cores", x.at(number), frame.top - 4, x.at(number), frame.bottom),
    text("tick middle", Math.max(x.at(number), frame.left + half), frame.top - 9, said),
  ];
}

// --- the lines ------------------------------------------------------------------------------------------------------

/** Draw the intervals, clipped to the chart. */
function bands(curves, { x, y, frame }) {
  const { left, top } = frame;
  const shapes = curves.map(({ strategy, points }) => {
    const upper = points.map(({ workers, speedup }) => `${x.at(workers)},${y.at(speedup.high)}`);
    const lower = points.map(({ workers, speedup }) => `${x.at(workers)},${y.at(speedup.low)}`).reverse();
    return drawn("polygon", { class: `band ${strategy}`, points: [...upper, ...lower].join(" ") });
  });
  const size = { x: left, y: top, width: frame.right - left, height: frame.bottom - top };
  return [drawn("svg", { ...size, viewBox: `${left} ${top} ${size.width} ${size.height}` }, ...shapes)];
}

function lines(curves, { x, y }) {
  return curves.map(({ strategy, points }) => {
    const places = points.map(({ workers, speedup }) => [x.at(workers), y.at(speedup.expected)]);
    const every = Math.ceil(places.length / MOST_MARKED);
    const marked = places.filter((_, index) => (places.length - 1 - index) % every === 0);
    return drawn("g", { class: strategy },
      drawn("polyline", { class: "line", points: places.join(" ") }),
      ...marked.map(([across, up]) => marker(strategy, across, up)));
  });
}

function marker(strategy, across, up) {
  const at = { class: "marker", transform: `translate(${across} ${up})` };
  if (strategy === "threading") return drawn("circle", { ...at, r: 3 });
  if (strategy === "multiprocessing") return drawn("rect", { ...at, x: -3, y: -3, width: 6, height: 6 });
  return drawn("path", { ...at, d: strategy === "asyncio" ? "M0-4 3.7 3H-3.7z" : "M0-4.2 4.2 0 0 4.2-4.2 0z" });
}

/** Label each line at its end. */
function names(curves, { x, y, frame }) {
  const ends = curves.map(({ points }) => points.at(-1));
  const wanted = ends.map(({ speedup }) => y.at(speedup.expected) + 4);
  const placed = apart(wanted, 16, [frame.top + 4, frame.bottom]);
  return curves.map(({ strategy }, index) =>
    text(`name ${strategy}`, x.at(ends[index].workers) + 9, placed[index], kind(strategy)));
}

// --- the advised point ----------------------------------------------------------------------------------------------

function advised({ recommendation, workers, speedup }, { x, y, frame }) {
  if (!speedup || recommendation === "undecided") return [];
  const [across, up] = [x.at(workers), y.at(speedup.expected)];
  const bound = (value) => Math.min(Math.max(y.at(value), frame.top), frame.bottom);
  const [high, low] = [bound(speedup.high), bound(speedup.low)];
  const said = `${crew(recommendation, workers)}: ${times(speedup.expected)}`;
  const width = said.length * LETTER;
  const beside = across - 12 - width > frame.left; // where rising lines leave room
  const middle = Math.min(Math.max(across, frame.left + width / 2), frame.right - width / 2);
  const above = up - 14 > frame.top + 10 ? up - 14 : up + 26;
  return [
    drawn("g", { class: `advised ${recommendation}` },
      line("whisker", across, high, across, low), line("whisker", across - 5, high, across + 5, high),
      line("whisker", across - 5, low, across + 5, low),
      drawn("circle", { class: "ring", cx: across, cy: up, r: 6.5 }),
      beside ? text("said halo end", across - 12, up - 9, said) : text("said halo middle", middle, above, said)),
  ];
}

// --- shapes ---------------------------------------------------------------------------------------------------------

function line(kindOfLine, x1, y1, x2, y2) {
  return drawn("line", { class: kindOfLine, x1, y1, x2, y2 });
}

function text(kindOfText, x, y, said) {
  return drawn("text", { class: kindOfText, x, y }, said);
}

/** Describe the chart in words. */
export function caption(curves, advice, barred) {
  const best = curves.map(({ strategy, points }) => {
    const top = points.reduce((a, b) => (b.speedup.expected > a.speedup.expected * 1.02 ? b : a));
    return `${kind(strategy)} reach ${times(top.speedup.expected)} with ${count(top.workers)}`;
  });
  const impossible = barred.length ? [`${barred.map(kind).join(" and ")} cannot be used`] : [];
  const said = [...best, ...impossible].join("; ");
  const scope = `for ${counted(advice.job.calls, "call")} on ${counted(advice.machine.cores, "core")}`;
  return `Predicted speed-up ${scope}: ${said || "no pool can be used"}. Bands are 90\u00a0% intervals.`;
}
