// The main page: send the question to the service and show its answer.

import { byId } from "./element.js";
import { areMovable, isOfLevers, onMove, plan, planned, showPlanned } from "./sliders.js";
import { letReport, showOutcome } from "./report_outcome.js";
import { clearProblems, showProblem } from "./problem.js";
import { describe, host, remove, setHost, subject, takeAdvice, takeFile, takePasted } from "./question.js";
import { onAnswers, showQuestions } from "./open_questions.js";
import { ask, Problem } from "./http_client.js";
import { letShare, linked, showShare } from "./save_and_share.js";
import { askForToken } from "./token.js";
import { inShort, showView } from "./view.js";

let asked; // the question without cores and calls, which the sliders send again
let attempts = 0;

// --- asking ---------------------------------------------------------------------------------------------------------

const askAnew = () => attempt("Getting advice…", async () => {
  const pasted = takePasted();
  if (pasted !== undefined) plan(pasted);
  const question = asking();
  const advice = await ask("advice", "/v1/advice", question);
  if (advice !== undefined) await show(advice, question);
});

/** Send the same subject with other cores or calls; the focus stays on the control. */
const askMoved = () => attempt("Getting advice…", async () => {
  const question = withPlanned(asked);
  const answer = await ask("advice", "/v1/curves", question); // unlike /v1/advice, it keeps no entry for each move
  if (answer === undefined || !(await showParts(answer.advice, question))) return;
  say(inShort(answer.advice));
}, { quietly: true });

/** Show advice from the journal; the sliders continue from its question. */
const askKept = (id) => attempt("Loading outcomes…", async () => {
  const advice = await ask("advice", `/v1/advice/${encodeURIComponent(id)}`);
  if (advice === undefined) return;
  plan(takeAdvice(advice, "Kept advice"));
  await show(advice, asking());
});

/** Send the question in the fields; the sliders continue from it. */
function asking() {
  asked = { ...subject(), machine: host() };
  return withPlanned(asked);
}

function withPlanned(question) {
  const { cores, calls } = planned();
  const machine = { ...question.machine, cores };
  const changed = Object.values(machine).some((value) => value !== undefined);
  return { ...question, calls, machine: changed ? machine : undefined };
}

/** Run an action and show its error. `quietly` leaves the focus where it is. */
async function attempt(doing, work, { quietly = false } = {}) {
  attempts += 1;
  const mine = attempts;
  clearProblems();
  say(doing);
  try {
    await work();
    if (mine === attempts && byId("status").textContent === doing) say("");
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say("");
    const isBesideLever = isOfLevers(error) && areMovable(); // the controls are part of the previous advice, so it stays
    if (!quietly && !isBesideLever) byId("advice").hidden = true;
    if (error.status === 401) askForToken(error, () => attempt(doing, work, { quietly }));
    else showProblem(error, { quietly });
    if (isOfLevers(error) && !areMovable()) {
      plan({}); // there are no fields to correct them
      say("“Get advice” asks without them.");
    }
  }
}

function say(text) {
  byId("status").textContent = text;
}

// --- showing --------------------------------------------------------------------------------------------------------

async function show(advice, question) {
  if (!(await showParts(advice, question))) return;
  byId("advice").hidden = false;
  byId("verdict").focus();
}

/** Show everything about the advice; return false if a newer request replaced this one. */
async function showParts(advice, question) {
  const view = await ask("advice", "/v1/view", advice);
  if (view === undefined) return false;
  const areAnswerable = question.description !== undefined;
  showView(view, { withQuestions: !areAnswerable });
  byId("levers-part").hidden = advice.profile === null;
  showPlanned(advice);
  showQuestions(areAnswerable ? advice.questions ?? [] : []);
  showShare(question, advice);
  showOutcome(advice);
  return true;
}

// --- events ---------------------------------------------------------------------------------------------------------

byId("question").addEventListener("submit", (event) => {
  event.preventDefault();
  askAnew();
});
byId("description").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("question").requestSubmit();
});
for (const example of document.querySelectorAll(".chip")) {
  example.addEventListener("click", () => {
    describe(example.textContent);
    plan({});
    askAnew();
  });
}
byId("file").addEventListener("change", ({ target }) => bring(target.files[0]));
byId("profile-remove").addEventListener("click", () => {
  remove();
  byId("description").focus();
});
onMove(askMoved);
onAnswers(askAnew);
letReport((problem) => askForToken(problem, () => byId("outcome-part").requestSubmit()));
letShare();

// A file may be dropped anywhere; other dragged objects are ignored.
const bringsFile = (event) => event.dataTransfer?.types.includes("Files");
for (const moment of ["dragenter", "dragover"]) {
  addEventListener(moment, (event) => {
    if (!bringsFile(event)) return;
    event.preventDefault();
    byId("question").classList.add("over");
  });
}
addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) byId("question").classList.remove("over");
});
addEventListener("drop", (event) => {
  byId("question").classList.remove("over");
  if (!bringsFile(event)) return;
  event.preventDefault();
  bring(event.dataTransfer.files[0]);
});

async function bring(file) {
  if (file === undefined) return;
  await attempt("Reading the file…", async () => plan(await takeFile(file)));
  if (byId("description-error").hidden) askAnew();
}

function askWhatTheLinkSays() {
  const { id, description, host: said, planned: values } = linked(location.hash);
  if (id !== undefined) {
    askKept(id);
  } else if (description !== undefined) {
    describe(description);
    setHost(said);
    plan(values);
    askAnew();
  }
}

addEventListener("hashchange", askWhatTheLinkSays);
askWhatTheLinkSays();
