// Open questions of an undecided case; their answers are added to the description.

import { byId, element, fill } from "./element.js";
import { addToDescription } from "./question.js";

/** Show the questions, for a description only. */
export function showQuestions(questions, canAdd) {
  fill("questions", questions, (question, index) => {
    const id = `answer-${index}`;
    if (!canAdd) return element("p", question);
    return element("div", [element("label", question, { for: id }), element("input", "", { id, autocomplete: "off" })]);
  });
  for (const part of byId("questions-part").querySelectorAll(".hint, button")) part.hidden = !canAdd;
}

export function onAnswers(callback) {
  byId("questions-part").addEventListener("submit", (event) => {
    event.preventDefault();
    const inputs = [...byId("questions").querySelectorAll("input")];
    const answers = inputs.map(({ value }) => value.trim()).filter(Boolean);
    if (answers.length === 0) {
      inputs[0]?.focus();
      return;
    }
    addToDescription(answers.map((answer) => (/[.!?…]$/.test(answer) ? answer : `${answer}.`)).join(" "));
    callback();
  });
}
