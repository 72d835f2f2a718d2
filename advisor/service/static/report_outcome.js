// Report the outcome of the job to a server with a journal.

import { byId } from "./element.js";
import { between, duration } from "./number_format.js";
import { clearProblems, showProblem } from "./problem.js";
import { number } from "./question.js";
import { ask, Problem } from "./http_client.js";

let id; // of the advice shown, if it is in the journal

export function showOutcome(advice) {
  id = advice.recommendation === "undecided" ? undefined : advice.id ?? undefined;
  byId("outcome-part").hidden = id === undefined;
  byId("outcome-part").reset();
  byId("outcome-status").textContent = "";
}

/** Send the report. `orElse` gets a problem that concerns no field of the report. */
export function letReport(orElse) {
  byId("outcome-part").addEventListener("submit", async (event) => {
    event.preventDefault();
    clearProblems();
    byId("outcome-status").textContent = "";
    try {
      await report();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 401) orElse(error);
      else showProblem(error);
    }
  });
}

async function report() {
  const seconds = number("outcome", "seconds");
  if (seconds === undefined) {
    throw new Problem({ errors: [{ field: "seconds", message: "Enter the seconds that the whole job took" }] });
  }
  const reported = { seconds, sequential_seconds: number("outcome-loop", "sequential_seconds") };
  const kept = await ask("outcome", `/v1/advice/${encodeURIComponent(id)}/outcome`, reported);
  if (kept !== undefined) byId("outcome-status").textContent = `Thank you, the outcome is stored. ${compared(seconds, kept)}`;
}

function compared(seconds, { predicted }) {
  if (!predicted) return "";
  const within = seconds >= predicted.low && seconds <= predicted.high ? "within" : "outside";
  const interval = `${duration(predicted.expected)} (${between(predicted, duration)})`;
  return `It took ${duration(seconds)}, ${within} what was predicted: ${interval}.`;
}
