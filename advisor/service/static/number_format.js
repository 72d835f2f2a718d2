// Format numbers as the command line does: 12 ms, 92 %, 1.9×, 4 processes. No line break separates a unit.

const TIMES = [[3600, 7200, "h"], [60, 120, "min"], [1, 1, "s"], [1e-3, 1e-3, "ms"], [1e-6, 1e-6, "µs"]];
const WORKERS = {
  sequential: ["a plain loop", () => "a plain loop"],
  threading: ["1 thread", (n) => `${n} threads`],
  multiprocessing: ["1 process", (n) => `${n} processes`],
  asyncio: ["asyncio, 1 call at a time", (n) => `asyncio, ${n} calls at a time`],
  interpreters: ["1 subinterpreter", (n) => `${n} subinterpreters`],
  cluster: ["1 thread of a cluster", (n) => `${n} threads of a cluster`],
};
export function duration(seconds) {
  for (const [unit, least, name] of TIMES) if (seconds >= least) return `${digits(seconds / unit)}\u00a0${name}`;
  return seconds > 0 ? `${digits(seconds * 1e9)}\u00a0ns` : "0\u00a0s";
}

export function times(ratio) {
  if (ratio > 0 && ratio < 1e-3) return "<0.001×";
  return ratio < 0.95 ? `${Number(ratio.toPrecision(2))}×` : `${digits(ratio)}×`;
}

export function percent(share) {
  return `${Math.round(share * 100)}\u00a0%`;
}

export function count(number) {
  return number.toLocaleString("en");
}

export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Format the workers of a strategy: `2 processes`, `a plain loop`. */
export function crew(strategy, workers) {
  const [one, many] = WORKERS[strategy] ?? [`1 ${strategy} worker`, (n) => `${n} ${strategy} workers`];
  return workers === 1 ? one : many(count(workers));
}

/** Format a range, with a shared unit only once: 3.2–4.4 s, 900 µs–1.1 ms, 12–16×. */
export function between(range, format) {
  const [low, high] = [format(range.low), format(range.high)];
  if (low === high) return high;
  const unit = (text) => text.replace(/^[\d.,]+/, "");
  return `${unit(low) === unit(high) ? low.slice(0, low.length - unit(low).length) : low}–${high}`;
}

function digits(value) {
  if (value >= 9.95) return Math.round(value).toLocaleString("en");
  return value.toFixed(1).replace(/\.0$/, "");
}
