// Show the advice: the verdict first, then its basis.

import { byId, element, fill, source } from "./element.js";
import { between, count, counted, crew, duration, percent, times } from "./number_format.js";
import { showCode } from "./code.js";
import { showTime } from "./time_breakdown.js";

const FROM_WORDS = ["words", "turning-point", "knowledge"];
const EVIDENCE = {
  described: "From the description alone, nothing was measured",
  measured: "From a measured profile",
  verified: "Measured, and verified by running a part of the job",
};

export function showAdvice(advice) {
  const described = advice.evidence === "described";
  const isJudged = ({ rule }) => described && FROM_WORDS.includes(rule);
  byId("verdict-part").className = `card verdict ${advice.recommendation}`;
  byId("evidence").textContent = EVIDENCE[advice.evidence] ?? advice.evidence;
  byId("verdict").textContent = verdict(advice);
  const symptoms = advice.reasons.filter(({ rule }) => rule === "symptom");
  const explained = undecided(advice) && !symptoms.length;
  byId("summary").textContent = explained ? advice.reasons.map(({ text }) => text).join(" ") : advice.summary;
  byId("facts").replaceChildren(...facts(advice));
  showTime(advice.profile);
  fill("alternatives", advice.alternatives, (alternative) => alternativeRow(alternative, advice));
  fill("verification", advice.verification, (run) => element("li", verification(run)));
  fill("reasons", undecided(advice) ? symptoms : advice.reasons.filter((reason) => !isJudged(reason)), reasonItem);
  fill("warnings", advice.warnings, ({ text }) => element("li", text));
  showJudged(advice.reasons.filter(isJudged));
  showCode(advice.snippet);
}

/** Return a short text for screen readers after a slider was moved. */
export function inShort(advice) {
  const planned = `${counted(advice.machine.cores, "core")}, ${counted(advice.job.calls, "call")}`;
  const gain = advice.speedup && advice.recommendation !== "sequential" ? `, ${times(advice.speedup.expected)}` : "";
  return `${planned}: ${verdict(advice)}${gain}`;
}

const undecided = ({ recommendation }) => recommendation === "undecided";

function verdict({ recommendation, workers }) {
  if (undecided({ recommendation })) return "Undecided: more information is needed";
  return recommendation === "sequential" ? "Keep the plain loop" : `Use ${crew(recommendation, workers)}`;
}

// --- figures --------------------------------------------------------------------------------------------------------

function facts(advice) {
  if (undecided(advice)) return [];
  const loop = advice.alternatives.find(({ strategy }) => strategy === "sequential");
  const pooled = advice.recommendation !== "sequential";
  const before = pooled && loop?.seconds ? `; ${duration(loop.seconds.expected)} sequentially` : "";
  return [
    pooled && advice.speedup && fact("Speed-up", times(advice.speedup.expected), between(advice.speedup, times)),
    advice.seconds && fact(
      counted(advice.job.calls, "call"),
      duration(advice.seconds.expected),
      `${between(advice.seconds, duration)}${before}`,
    ),
    fact("Confidence", percent(advice.confidence), `${certainty(advice.confidence)}; planned for ${host(advice.machine)}`),
  ].filter(Boolean);
}

function fact(name, figure, more) {
  return element("div", [element("dt", name), element("dd", figure, { class: "figure" }), element("dd", more)]);
}

function certainty(confidence) {
  if (confidence >= 0.9) return "very high";
  if (confidence >= 0.7) return "high";
  return confidence >= 0.4 ? "moderate" : "low";
}

function host(machine) {
  return `${counted(machine.cores, "core")}${machine.source === "measured" ? "" : ", typical costs of pools assumed"}`;
}

// --- alternatives ---------------------------------------------------------------------------------------------------

function alternativeRow({ strategy, workers, feasible, seconds, speedup, why }, advice) {
  const chosen = strategy === advice.recommendation;
  const name = chosen ? [strategy, element("span", "advised", { class: "badge" })] : strategy;
  const cell = (content, kind) => element("td", content, { class: kind, role: "cell" });
  return element("tr", [
    element("th", name, { scope: "row", role: "rowheader" }),
    cell(feasible ? count(workers) : "–", "workers"),
    cell(feasible && speedup ? withInterval(speedup, times, strategy !== "sequential") : "–", "speedup"),
    cell(feasible && seconds ? withInterval(seconds, duration, true) : "not possible", "seconds"),
    cell(why, "why"),
  ], { role: "row", class: `${strategy}${chosen ? " chosen" : ""}${feasible ? "" : " impossible"}` });
}

function withInterval(range, format, wide) {
  const expected = element("span", format(range.expected), { class: "expected" });
  return wide ? [expected, " ", element("span", between(range, format), { class: "interval" })] : [expected];
}

function verification({ strategy, workers, calls, predicted, measured, failure, results, difference }) {
  const run = `${counted(calls, "call")} with ${crew(strategy, workers)}`;
  if (failure) return `${run} failed: ${failure}`;
  if (results === "different") return `${run} gave different results: ${difference}`;
  const same = results === "equal" ? ", with the same results" : "";
  return `${run} took ${duration(measured)}, predicted ${duration(predicted)}${same}`;
}

// --- reasons --------------------------------------------------------------------------------------------------------

function reasonItem({ text, rule, source: from }) {
  const said = [element("span", text)];
  if (from) said.push(" ", source(from));
  return element("li", said, { "data-rule": rule });
}

/** Show what the description was judged by: its words, where they are known one by one, then other facts. */
function showJudged(reasons) {
  const words = reasons.filter(({ rule }) => rule === "words").flatMap(({ text }) => text.match(/“[^“”]*”/g) ?? [text]);
  byId("words").replaceChildren(...words.map((word) => element("li", word.replace(/^“|”$/g, ""))));
  byId("words").hidden = words.length === 0;
  byId("judged").replaceChildren(...reasons.filter(({ rule }) => rule !== "words").map(reasonItem));
  byId("judged-part").hidden = reasons.length === 0;
}
