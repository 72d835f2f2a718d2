// Scales of a chart: from values to positions, and the ticks.

const LINEAR_UP_TO = 16; // workers; beyond that, a linear axis would squeeze small numbers together

/** Return the scale of workers: linear for few, logarithmic for many. */
export function workersScale(most, [left, right]) {
  const place = most > LINEAR_UP_TO ? Math.log2 : (workers) => workers;
  const span = Math.max(place(most) - place(1), 1e-9);
  const at = (workers) => left + ((place(workers) - place(1)) / span) * (right - left);
  return { at, ticks: spaced(most > LINEAR_UP_TO ? doublings(most) : evenly(most), at, 24) };
}

/** Return the scale of the speed-up, from 0 to a little above the maximum. */
export function speedupScale(most, [bottom, top]) {
  const highest = Math.max(1.6, most) * 1.18;
  const at = (speedup) => bottom - (speedup / highest) * (bottom - top);
  return { at, ticks: round(highest, Math.max(3, Math.floor((bottom - top) / 45))) };
}

function doublings(most) {
  const ticks = Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, power) => 2 ** power);
  return most > 1.3 * ticks.at(-1) ? [...ticks, most] : ticks;
}

function evenly(most) {
  return Array.from({ length: most }, (_, index) => index + 1);
}

/** Drop ticks that are too close to each other, except the first. */
function spaced(ticks, at, room) {
  return ticks.reduce((kept, tick) => (kept.length && at(tick) - at(kept.at(-1)) < room ? kept : [...kept, tick]), []);
}

/** Return about so many round numbers from zero. */
function round(highest, about) {
  const rough = highest / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

/** Place labels near their positions, at least `room` apart and within the limits, from the top down. */
export function apart(wanted, room, [top, bottom]) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  const placed = [...wanted];
  let least = top;
  for (const index of order) {
    placed[index] = Math.max(placed[index], least);
    least = placed[index] + room;
  }
  let most = bottom;
  for (const index of order.reverse()) {
    placed[index] = Math.min(placed[index], most);
    most = placed[index] - room;
  }
  return placed;
}
