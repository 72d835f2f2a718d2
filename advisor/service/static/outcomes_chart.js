// Reported over predicted seconds, on logarithmic axes: a correct prediction is on the diagonal.

import { drawn } from "./element.js";
import { between, crew, duration } from "./number_format.js";

const [WIDTH, HEIGHT] = [640, 400];
const [LEFT, RIGHT, TOP, BOTTOM] = [76, 624, 16, 344]; // of the plot area in the picture
const MOST_TICKS = 7;
const FAR = 100; // largest factor by which reports extend the axes beyond the predictions; others are at the edge
const LEAST = 1e-9; // seconds, below the resolution of any clock

/** Return the picture, or undefined if nothing can be compared. `titledBy` is the id of its title. */
export function scatter(outcomes, titledBy) {
  const known = outcomes.filter(({ predicted }) => predicted?.low > 0);
  if (known.length === 0) return undefined;
  const [lowest, highest] = ends(known);
  const share = (seconds) => Math.min(Math.max((Math.log10(seconds) - lowest) / (highest - lowest), 0), 1);
  const across = (seconds) => place(LEFT + share(seconds) * (RIGHT - LEFT));
  const up = (seconds) => place(BOTTOM - share(seconds) * (BOTTOM - TOP));
  return drawn("svg", {
    class: "picture", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": `${titledBy} picture-text`,
  }, description(), ...roundBetween(lowest, highest).flatMap((tick) => ruled(tick, across(tick), up(tick))), ...axes(),
  ...known.map((outcome) => point(outcome, across, up)));
}

/** Return the limits of both axes as powers of ten. An absurd report does not extend them. */
function ends(known) {
  const least = Math.max(Math.min(...known.map(({ predicted }) => predicted.low)), LEAST);
  const most = Math.max(...known.map(({ predicted }) => predicted.high), LEAST);
  const near = known.map(({ seconds }) => Math.min(Math.max(seconds, least / FAR), most * FAR));
  return [Math.log10(Math.min(least, ...near)) - 0.1, Math.log10(Math.max(most, ...near)) + 0.1];
}

/** Return a few round numbers between two powers of ten. */
export function roundBetween(lowest, highest) {
  const powers = Array.from({ length: Math.ceil(highest) - Math.floor(lowest) + 1 }, (_, n) => Math.floor(lowest) + n);
  const isInside = (value) => lowest <= Math.log10(value) && Math.log10(value) <= highest;
  const every = (steps) => powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`))).filter(isInside);
  if (every([1, 2, 5]).length <= MOST_TICKS) return every([1, 2, 5]);
  const step = Math.ceil(every([1]).length / MOST_TICKS);
  return every([1]).filter((_, index) => index % step === 0);
}

function description() {
  return drawn("desc", { id: "picture-text" },
    "Reported against predicted seconds, on logarithmic axes. Jobs on the diagonal took as long as predicted; jobs above "
    + "it took longer. Values far outside the range are drawn at the edge. The table below has the figures.");
}

function ruled(tick, x, y) {
  return [
    drawn("path", { class: "grid", d: `M${x} ${TOP}V${BOTTOM}M${LEFT} ${y}H${RIGHT}` }),
    drawn("text", { class: "tick", x, y: BOTTOM + 20, "text-anchor": "middle" }, duration(tick)),
    drawn("text", { class: "tick", x: LEFT - 8, y: y + 4, "text-anchor": "end" }, duration(tick)),
  ];
}

function axes() {
  const upright = `translate(14 ${(TOP + BOTTOM) / 2}) rotate(-90)`;
  return [
    drawn("path", { class: "frame", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }),
    drawn("path", { class: "diagonal", d: `M${LEFT} ${BOTTOM}L${RIGHT} ${TOP}` }),
    drawn("text", { class: "axis", x: (LEFT + RIGHT) / 2, y: HEIGHT - 8, "text-anchor": "middle" },
      "predicted, with its 90 % interval"),
    drawn("text", { class: "axis", transform: upright, "text-anchor": "middle" }, "reported"),
  ];
}

function point({ strategy, workers, seconds, predicted }, across, up) {
  const interval = `${duration(predicted.expected)} (${between(predicted, duration)})`;
  const y = up(seconds);
  return drawn("g", { class: strategy },
    drawn("title", {}, `${crew(strategy, workers)}: predicted ${interval}, took ${duration(seconds)}`),
    drawn("path", { class: "interval", d: `M${across(predicted.low)} ${y}H${across(predicted.high)}` }),
    drawn("circle", { class: "point", cx: across(predicted.expected), cy: y, r: 4 }));
}

const place = (value) => Math.round(10 * value) / 10;
