// The question: a description or a profile, and the host to plan for.

import { byId } from "./element.js";
import { counted, duration } from "./figures.js";
import { Problem } from "./service.js";

const GIB = 2 ** 30;
const LARGEST_FILE = 4 * 2 ** 20; // bytes; the service takes less, and says how much
let profile = null; // what was dropped or chosen; a pasted one stays in the text field

/** The body for the service, without calls and cores, which the levers know. Throws a Problem that names a field. */
export function subject() {
  if (profile !== null) return { profile };
  const text = byId("description").value;
  if (text.trim() === "") throw atField("description", "Describe the task first, or choose a profile");
  return text.trimStart().startsWith("{") ? { profile: profileIn(text).profile } : { description: text };
}

export function host() {
  const memory = number("memory", "machine.memory");
  return {
    memory: memory === undefined ? undefined : Math.round(memory * GIB),
    python: byId("python").value.trim() || undefined,
    free_threaded: byId("free-threaded").checked || undefined,
  };
}

/** A host that an advice was for, as far as a question can ask for it. */
export function hostOf({ memory, python }) {
  const known = /^3\.\d{1,2}(\.\d{1,3})?$/.test(python.version);
  return {
    memory: memory ?? undefined,
    python: known ? python.version : undefined,
    free_threaded: python.free_threaded || undefined,
  };
}

/** The number in a field, or undefined where it is empty. */
export function number(id, field) {
  const input = byId(id);
  if (input.validity.badInput) throw atField(field, "This is not a number");
  return input.value === "" ? undefined : Number(input.value);
}

export function describe(text) {
  removeProfile();
  byId("description").value = text;
}

/** The text is what the description says now, and this. */
export function addToDescription(text) {
  const before = byId("description").value.trim();
  describe(`${before}${/[.!?…]$/.test(before) ? "" : "."} ${text}`);
}

/** A profile document, or an advice document with the job and host that it was for, as the subject from now on. */
export async function takeFile(file) {
  if (file.size > LARGEST_FILE) throw atField("profile", "This file is too large for a profile");
  const found = profileIn(await file.text());
  takeProfile(found.profile, file.name);
  return found.planned;
}

export function takeProfile(document, name) {
  profile = document;
  const { target, calls, wall } = document;
  const measured = calls > 0 && wall > 0 ? `${counted(calls, "call")} of ${duration(wall)}` : "";
  byId("profile-name").textContent = [name, target, measured].filter(Boolean).join(" · ");
  byId("subject-text").hidden = true;
  byId("subject-file").hidden = false;
}

export function removeProfile() {
  profile = null;
  byId("subject-text").hidden = false;
  byId("subject-file").hidden = true;
  byId("file").value = "";
}

function profileIn(text) {
  const document = parsed(text);
  const isAdvice = "recommendation" in document;
  if (isAdvice && !document.profile) {
    throw atField("profile", "This advice rests on no profile: describe the task once more");
  }
  const { job, machine } = document;
  const planned = isAdvice ? { calls: job?.calls, cores: machine?.cores } : {};
  return { profile: isAdvice ? document.profile : document, planned };
}

function parsed(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw atField("profile", `This is not JSON: ${error.message}`);
  }
  if (document === null || typeof document !== "object" || Array.isArray(document)) {
    throw atField("profile", "This is JSON, but no profile: it must be an object");
  }
  return document;
}

function atField(field, message) {
  return new Problem({ status: 422, title: "Not yet a question", errors: [{ field, message }] });
}
