// Open questions of an undecided case; their answers are added to the description.

import { byId, element, fill } from "./element.js";
import { addToDescription } from "./question.js";

/** Show the questions, with a field for each. */
export function showQuestions(questions) {
  fill("questions", questions, (question, index) => {
    const id = `answer-${index}`;
    return element("div", [element("label", question, { for: id }), element("input", "", { id, autocomplete: "off" })]);
  });
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
