// What may be moved: cores and calls, each a slider on a scale that grows by steps, and a number for the exact value.

import { byId } from "./element.js";
import { count, counted } from "./figures.js";
import { number } from "./question.js";

const PAUSE = 160; // ms after the last move before the service is asked
const STEPS = {
  cores: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112, 128],
  calls: [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 3, 5, 7].map((step) => step * 10 ** power)).concat(10 ** 6),
};
const FIELDS = { cores: "machine.cores", calls: "calls" };
const NAMES = Object.keys(STEPS);

let asked = {}; // what came with the question, from a link or a document
let moved = {}; // what is set now; all else is as the answer says
let timer;

/** What is set. Throws a Problem for what is no number. */
export function planned() {
  for (const name of NAMES) if (moved[name] !== undefined) moved[name] = number(name, FIELDS[name]);
  return { ...moved };
}

/** What comes with a new question, and is gone back to. */
export function plan(values) {
  asked = { ...values };
  restore();
}

function restore() {
  moved = { ...asked };
  for (const name of NAMES) if (moved[name] !== undefined) set(name, moved[name]);
  offerReset();
}

/** Whatever becomes of a move: one that is refused can be taken back, too. */
function offerReset() {
  byId("levers-reset").disabled = NAMES.every((name) => moved[name] === asked[name]);
}

/** The figures that the answer is for, where no others are set. */
export function showPlanned({ machine, job }) {
  const answered = { cores: machine.cores, calls: job.calls };
  for (const name of NAMES) if (moved[name] === undefined) set(name, answered[name]);
  offerReset();
}

export const isOfLevers = (problem) => problem.errors.some(({ field }) => Object.values(FIELDS).includes(field));

/** Whether they are on the page: they are a part of the advice, and not of every one. */
export const areMovable = () => byId("levers").closest("[hidden]") === null;

/** Calls back, a moment after the last move. */
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
