// Where the time of a call goes: a bar and a list.

import { byId, element } from "./element.js";
import { duration, percentages } from "./number_format.js";

const PARTS = [
  ["gil_held", "gil", "holding the GIL"],
  ["gil_free", "native", "native, GIL released"],
  ["child_cpu", "child", "child programs"],
  ["wait", "wait", "waiting"],
];

export function showTime(profile) {
  byId("time-part").hidden = profile === null;
  if (profile === null) return;
  const parts = shares(profile);
  const whole = percentages(parts.map(({ seconds }) => seconds));
  const sum = parts.reduce((total, { seconds }) => total + seconds, 0);
  byId("bar").replaceChildren(...parts.map(({ kind, seconds }) => {
    const segment = element("span", "", { class: kind });
    segment.style.flexGrow = (100 * seconds) / sum; // set on the object, which the Content-Security-Policy allows
    return segment;
  }));
  byId("shares").replaceChildren(...parts.map(({ kind, name, seconds }, index) => element("li", [
    element("span", name),
    " ",
    element("strong", `${whole[index] || "<1"}\u00a0%`),
    " ",
    element("span", duration(seconds), { class: "quiet" }),
  ], { class: kind })));
  byId("time-title").textContent = title(profile);
}

/** Return the shares; time that was not measured is one of its own. */
function shares(profile) {
  const parts = PARTS.map(([field, kind, name]) => ({ kind, name, seconds: profile[field] ?? 0 }));
  if (PARTS.some(([field]) => profile[field] === null)) {
    const known = parts.reduce((sum, { seconds }) => sum + seconds, 0);
    parts.push({ kind: "unknown", name: "not measured", seconds: Math.max(profile.wall - known, 0) });
  }
  parts.push({ kind: "queue", name: "ready, no core free", seconds: profile.run_queue ?? 0 });
  return parts.filter(({ seconds }) => seconds > 0);
}

function title({ archetype, wall, native_threads: cores }) {
  if (archetype) return `How a call spends its ${duration(wall)} (assumed, as for ${archetype})`;
  const busy = cores >= 1.2 ? `, about ${cores.toFixed(1)} cores busy at once` : "";
  return `How a call spends its ${duration(wall)}${busy}`;
}
