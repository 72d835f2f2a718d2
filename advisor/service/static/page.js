// The page for people: asks the service and shows its answer. The other files beside this one each do one part of it.

import { inShort, showAdvice } from "./advice.js";
import { clearCurves, keepDrawn, showCurves } from "./curves.js";
import { byId } from "./element.js";
import { areMovable, isOfLevers, onMove, plan, planned, showPlanned } from "./levers.js";
import { letReport, showOutcome } from "./outcome.js";
import { clearProblems, showProblem } from "./problem.js";
import { describe, host, remove, setHost, subject, takeAdvice, takeFile, takePasted } from "./question.js";
import { onAnswers, showQuestions } from "./questions.js";
import { ask, giveUp, Problem } from "./service.js";
import { letShare, linked, showShare } from "./share.js";
import { askForToken } from "./token.js";

let asked; // the question without its cores and calls, which the levers keep asking about
let attempts = 0;

// --- asking ---------------------------------------------------------------------------------------------------------

/** The advice, as soon as it is there, then its curves. */
const askAnew = () => attempt("Working it out…", async () => {
  const pasted = takePasted();
  if (pasted !== undefined) plan(pasted);
  const question = asking();
  giveUp("curves");
  const advice = await ask("advice", "/v1/advice", question);
  if (advice !== undefined) show(advice, question);
});

/** The curves behind the advice that is on the page, which stays there without them too. */
const askCurves = (question) => attempt("", async () => {
  const answer = await ask("curves", "/v1/curves", question);
  if (answer !== undefined) showCurves(answer);
}, { quietly: true });

/** Other cores or calls: the same subject once more, without taking the focus from where they are moved. */
const askMoved = () => attempt("Working it out…", async () => {
  const question = withPlanned(asked);
  const answer = await ask("curves", "/v1/curves", question);
  if (answer === undefined) return;
  showParts(answer.advice, question);
  showCurves(answer);
  say(inShort(answer.advice));
}, { quietly: true });

/** An advice that this server has kept; its question, for the host that it was about, is what the levers go on from. */
const askKept = (id) => attempt("Looking it up…", async () => {
  const advice = await ask("advice", `/v1/advice/${encodeURIComponent(id)}`);
  if (advice === undefined) return;
  plan(takeAdvice(advice, "Kept advice"));
  show(advice, asking());
});

/** The question as it stands in all fields, from now on the one that the levers ask about. */
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

/** Does it, and says what is wrong where something is. `quietly`: the focus stays where it is. */
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
    const isBesideLever = isOfLevers(error) && areMovable(); // then the advice before stays, as they are in it
    if (!quietly && !isBesideLever) byId("advice").hidden = true;
    if (error.status === 401) askForToken(error, () => attempt(doing, work, { quietly }));
    else showProblem(error, { quietly });
    if (isOfLevers(error) && !areMovable()) {
      plan({}); // nobody could set them right
      say("“Get advice” asks without them.");
    }
  }
}

function say(text) {
  byId("status").textContent = text;
}

// --- showing --------------------------------------------------------------------------------------------------------

function show(advice, question) {
  showParts(advice, question);
  byId("advice").hidden = false;
  byId("verdict").focus();
  clearCurves();
  if (advice.profile !== null) askCurves(question);
}

function showParts(advice, question) {
  showAdvice(advice);
  byId("curves-part").hidden = advice.profile === null;
  showPlanned(advice);
  showQuestions(advice.questions ?? [], question.description !== undefined);
  showShare(question, advice);
  showOutcome(advice);
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
keepDrawn();

// A file may be dropped anywhere; anything else that is dragged is none of ours.
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
