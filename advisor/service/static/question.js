// The question: a description or a loaded document, and the host to plan for.

import { byId } from "./element.js";
import { counted, duration } from "./number_format.js";
import { Problem } from "./http_client.js";

const GIB = 2 ** 30;
const LARGEST_FILE = 4 * 2 ** 20; // bytes; the limit of the service is lower, and in its error message
const SUBJECTS = ["description", "task", "profile"];
let brought = null; // { profile } or { task } from a document; a pasted profile stays in the text field

/** Return the body without host, calls and cores. Throws a Problem that names a field. */
export function subject() {
  if (brought !== null) return brought;
  const text = byId("description").value;
  if (text.trim() === "") throw atField("description", "Describe the task first, or choose a profile");
  return isDocument(text) ? { profile: parsed(text) } : { description: text };
}

/** Return the host in the fields. The server's own version may have no free-threaded build. */
export function host() {
  const memory = number("memory", "machine.memory");
  const freeThreaded = byId("free-threaded").checked || undefined;
  return {
    memory: memory === undefined ? undefined : Math.round(memory * GIB),
    python: byId("python").value.trim() || (freeThreaded && byId("free-threaded").dataset.python),
    free_threaded: freeThreaded,
  };
}

/** Set the fields of the host. */
export function setHost({ memory, python, free_threaded: freeThreaded }) {
  byId("memory").value = memory === undefined ? "" : memory / GIB;
  byId("python").value = python ?? "";
  byId("free-threaded").checked = freeThreaded ?? false;
  if (memory !== undefined || python !== undefined || freeThreaded) byId("host").open = true;
}

/** Return the number in a field, or undefined if it is empty. */
export function number(id, field) {
  const input = byId(id);
  if (input.validity.badInput) throw atField(field, "This is not a number");
  return input.value === "" ? undefined : Number(input.value);
}

export function describe(text) {
  remove();
  byId("description").value = text;
}

/** Append a text to the description. */
export function addToDescription(text) {
  const before = byId("description").value.trim();
  describe(`${before}${/[.!?…]$/.test(before) ? "" : "."} ${text}`);
}

// --- documents ------------------------------------------------------------------------------------------------------

/** Load a profile or advice as the subject; returns its cores and calls. */
export async function takeFile(file) {
  if (file.size > LARGEST_FILE) throw atField("profile", "This file is too large for a profile");
  const document = parsed(await file.text());
  if (isAdvice(document)) return takeAdvice(document, file.name);
  take({ profile: document }, file.name);
  return {};
}

/** Load advice from the text field as from a file, since it has a host and a job; else return undefined. */
export function takePasted() {
  const text = byId("description").value;
  if (brought !== null || !isDocument(text) || !isAdvice(parsed(text))) return undefined;
  const planned = takeAdvice(parsed(text), "Pasted advice");
  if (brought !== null) byId("description").value = "";
  return planned;
}

/** Return the question that the advice answers, with its host. */
export function takeAdvice(advice, name) {
  take(subjectOf(advice), name);
  setHost(hostOf(advice.machine ?? {}));
  return { cores: advice.machine?.cores, calls: advice.job?.calls };
}

/** Remove the loaded document and its host. */
export function remove() {
  if (brought !== null) setHost({});
  brought = null;
  byId("subject-text").hidden = false;
  byId("subject-file").hidden = true;
  byId("file").value = "";
}

function take(found, name) {
  if (found.description !== undefined) {
    describe(found.description);
    return;
  }
  remove();
  brought = found;
  byId("profile-label").textContent = found.profile ? "A measured profile" : "A task described by numbers";
  byId("profile-name").textContent = [name, ...named(found)].filter(Boolean).join(" · ");
  byId("subject-text").hidden = true;
  byId("subject-file").hidden = false;
}

function named({ profile, task }) {
  if (task) return [task.target, task.seconds_per_call > 0 && `${duration(task.seconds_per_call)} a call`];
  const { target, calls, wall } = profile;
  return [target, calls > 0 && wall > 0 && `${counted(calls, "call")} of ${duration(wall)}`];
}

const isDocument = (text) => text.trimStart().startsWith("{");
const isAdvice = (document) => "recommendation" in document;

/** Return the question of a document: saved by this page or the journal, or its measured profile. */
function subjectOf({ question, profile, evidence }) {
  const name = SUBJECTS.find((one) => question?.[one] !== undefined && question[one] !== null);
  if (name !== undefined) return { [name]: question[name] };
  if (profile && evidence !== "described") return { profile };
  throw atField("profile", "This advice contains neither a profile nor its question. Describe the task again");
}

/** Return the part of a machine that a question can ask for. */
function hostOf({ memory, python }) {
  const known = /^3\.\d{1,2}(\.\d{1,3})?((a|b|rc)\d{1,2}|\+)?$/.test(python?.version);
  return {
    memory: memory ?? undefined,
    python: known ? python.version : undefined,
    free_threaded: python?.free_threaded || undefined,
  };
}

function parsed(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw atField("profile", `This is not JSON: ${error.message}`);
  }
  if (document === null || typeof document !== "object" || Array.isArray(document)) {
    throw atField("profile", "This JSON is not a profile: a profile is an object");
  }
  return document;
}

function atField(field, message) {
  return new Problem({ status: 422, title: "Incomplete question", errors: [{ field, message }] });
}
