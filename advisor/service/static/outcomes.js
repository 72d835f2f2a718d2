// The page of outcomes: predicted and reported times, as a chart and a table.

import { byId, element, fill } from "./element.js";
import { between, count, crew, duration, percent, times } from "./number_format.js";
import { scatter } from "./outcomes_chart.js";
import { ask, Problem } from "./http_client.js";
import { askForToken } from "./token.js";

async function look() {
  say("Loading outcomes…");
  try {
    const found = await ask("outcomes", "/v1/outcomes");
    if (found !== undefined) show(found);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.status === 401 ? "" : error.detail, { bad: error.status !== 404 });
    if (error.status === 401) askForToken(error, look);
  }
}

function show({ outcomes, compared, within, ratio }) {
  say("");
  byId("nothing").hidden = outcomes.length > 0;
  fill("reports", outcomes, row);
  const picture = scatter(outcomes, "picture-title");
  byId("picture-part").hidden = picture === undefined;
  if (picture === undefined) return;
  byId("picture").replaceChildren(picture);
  byId("near").textContent = `Of ${count(compared)} outcomes with a prediction, ${percent(within)} lie within the predicted `
    + `90\u00a0% interval. The median job took ${times(ratio)} the predicted time.`;
}

function row({ advice_id: id, reported, strategy, workers, calls, predicted, seconds, sequential_seconds: loop, note }) {
  const time = new Date(1000 * reported).toISOString();
  const day = element("time", time.slice(0, 16).replace("T", " "), { datetime: time });
  const expected = predicted
    ? [`${duration(predicted.expected)} `, element("small", between(predicted, duration))] : "not predicted";
  return element("tr", [
    element("th", element("a", day, { href: `/#advice=${encodeURIComponent(id)}` }), { scope: "row" }),
    element("td", element("span", crew(strategy, workers), { class: "how" }), { class: strategy }),
    figure(count(calls)),
    figure(expected),
    figure(duration(seconds)),
    figure(predicted?.expected > 0 ? times(seconds / predicted.expected) : ""),
    figure(loop ? duration(loop) : ""),
    element("td", note ?? ""),
  ]);
}

function figure(content) {
  return element("td", content, { class: "figure" });
}

function say(text, { bad = false } = {}) {
  byId("status").textContent = text;
  byId("status").classList.toggle("notice", text !== "");
  byId("status").classList.toggle("bad", bad);
}

look();
