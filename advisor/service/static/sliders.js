// The controls for cores and calls: each has a slider with growing steps, and a field for the exact number.

import { byId } from "./element.js";
import { count, counted } from "./number_format.js";
import { number } from "./question.js";

const PAUSE = 160; // ms between the last move and the request
const STEPS = {
  cores: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128],
  calls: [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 3, 5, 7].map((step) => step * 10 ** power)).concat(10 ** 6),
};
const FIELDS = { cores: "machine.cores", calls: "calls" };
const NAMES = Object.keys(STEPS);

let asked = {}; // the values of the question, from a link or a document
let moved = {}; // the values set by the user; the others are those of the answer
let timer;

/** Return the values set by the user. Throws a Problem if one is not a number. */
export function planned() {
  for (const name of NAMES) if (moved[name] !== undefined) moved[name] = number(name, FIELDS[name]);
  return { ...moved };
}

/** Set the values of a new question, to which the reset button returns. */
export function plan(values) {
  asked = { ...values };
  restore();
}

function restore() {
  moved = { ...asked };
  for (const name of NAMES) if (moved[name] !== undefined) set(name, moved[name]);
  offerReset();
}

/** Enable the reset button after a move, even if the service refuses it. */
function offerReset() {
  byId("levers-reset").disabled = NAMES.every((name) => moved[name] === asked[name]);
}

/** Show the values of the answer where the user has set none. */
export function showPlanned({ machine, job }) {
  const answered = { cores: machine.cores, calls: job.calls };
  for (const name of NAMES) if (moved[name] === undefined) set(name, answered[name]);
  offerReset();
}

export const isOfLevers = (problem) => problem.errors.some(({ field }) => Object.values(FIELDS).includes(field));

/** Return true if the controls are visible: not every advice has them. */
export const areMovable = () => byId("levers").closest("[hidden]") === null;

/** Call back a moment after the last move. */
export function onMove(callback) {
  for (const name of NAMES) {
    const slider = byId(`${name}-slider`);
    slider.max = STEPS[name].length - 1;
    slider.addEventListener("input", () => move(name, STEPS[name][slider.value], callback));
    byId(name).addEventListener("input", () => move(name, byId(name).valueAsNumber, callback));
  }
  byId("levers-reset").addEventListener("click", () => {
    restore();
    byId("cores-slider").focus(); // the button is about to be disabled
    callback();
  });
}

function move(name, value, callback) {
  moved[name] = Number.isNaN(value) ? undefined : value;
  if (document.activeElement === byId(name)) setSlider(name, value);
  else set(name, value);
  offerReset();
  clearTimeout(timer);
  timer = setTimeout(callback, PAUSE);
}

function set(name, value) {
  byId(name).value = value;
  setSlider(name, value);
}

function setSlider(name, value) {
  const slider = byId(`${name}-slider`);
  if (Number.isNaN(value)) return;
  slider.value = nearest(STEPS[name], value);
  slider.setAttribute("aria-valuetext", name === "cores" ? counted(value, "core") : `${count(value)} calls`);
}

function nearest(steps, value) {
  const distances = steps.map((step) => Math.abs(Math.log(step / value)));
  return distances.indexOf(Math.min(...distances));
}
