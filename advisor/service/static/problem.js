// Show an error at the field that it concerns.

import { byId, element } from "./element.js";

const INPUTS = {
  description: "description",
  profile: "profile",
  calls: "calls",
  "machine.cores": "cores",
  "machine.memory": "memory",
  "machine.python": "python",
  "machine.free_threaded": "free-threaded",
  seconds: "outcome",
  sequential_seconds: "outcome-loop",
};

export function clearProblems() {
  for (const place of document.querySelectorAll(".error")) place.hidden = true;
  for (const input of document.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  byId("problem").hidden = true;
}

/** Show an error at its field, else in a box of its own. `quietly` leaves the focus where it is. */
export function showProblem(problem, { quietly = false } = {}) {
  const placed = problem.errors.map((error) => ({ ...error, id: shownInputOf(error.field) }));
  const beside = placed.filter(({ id }) => id !== undefined);
  const elsewhere = placed.filter(({ id }) => id === undefined);
  beside.forEach(showBeside);
  if (beside.length > 0 && !quietly) focusOn(beside[0].id);
  if (beside.length > 0 && elsewhere.length === 0) return;
  const box = byId("problem");
  const further = elsewhere.filter(({ message }) => message !== problem.detail);
  const items = further.map(({ field, message }) => element("li", `${field}: ${message}`));
  box.replaceChildren(element("strong", `${problem.title}. `), problem.detail, element("ul", items));
  box.hidden = false;
}

function showBeside({ id, field, message }) {
  const isDeeper = id === "profile" && field !== "profile";
  const said = `${isDeeper ? `${field.slice("profile.".length)}: ` : ""}${message}${/[.!?]$/.test(message) ? "" : "."}`;
  const place = byId(id === "profile" ? "description-error" : `${id}-error`);
  place.textContent = place.hidden ? said : `${place.textContent} ${said}`;
  place.hidden = false;
  if (input(id).matches("input, textarea")) input(id).setAttribute("aria-invalid", "true");
  input(id).closest("details")?.setAttribute("open", "");
}

function focusOn(id) {
  input(id).focus();
}

/** Return the field of the profile: the text field if it was pasted, else its own. */
function input(id) {
  return id === "profile" && byId("subject-file").hidden ? byId("description") : byId(id);
}

/** Return true if a field is visible; an error at a hidden one would not be seen. */
function shownInputOf(field) {
  const id = inputOf(field);
  return id !== undefined && input(id).closest("[hidden]") === null ? id : undefined;
}

function inputOf(field) {
  for (let name = field; name !== ""; name = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "") {
    if (Object.hasOwn(INPUTS, name)) return INPUTS[name];
  }
  return undefined;
}
