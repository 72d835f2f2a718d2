"use strict";
// Asks POST /v1/advice and shows the answer. Everything that comes from outside is set as text, never as markup.

const byId = (id) => document.getElementById(id);
const form = byId("question");
const GIB = 2 ** 30;

const INPUT_OF = {
  description: "description",
  profile: "profile",
  calls: "calls",
  "machine.cores": "cores",
  "machine.memory": "memory",
  "machine.python": "python",
  "machine.free_threaded": "free-threaded",
};

const PARTS = [
  ["gil_held", "gil", "Python code, holding the GIL"],
  ["gil_free", "native", "native code, GIL released"],
  ["child_cpu", "child", "child programs"],
  ["wait", "wait", "waiting"],
];

// --- the question ---------------------------------------------------------------------------------------------------

function kind() {
  return form.elements.kind.value;
}

function showKind() {
  byId("description-part").hidden = kind() !== "description";
  byId("profile-part").hidden = kind() !== "profile";
}

function number(id, unit = 1) {
  const input = byId(id);
  if (input.validity.badInput) throw new FieldError(id, "This is not a number.");
  return input.value === "" ? undefined : Number(input.value) * unit;
}

class FieldError extends Error {
  constructor(id, message) {
    super(message);
    this.id = id;
  }
}

function subject() {
  if (kind() === "description") {
    if (byId("description").value.trim() === "") throw new FieldError("description", "Describe the task first.");
    return { description: byId("description").value };
  }
  if (byId("profile").value.trim() === "") throw new FieldError("profile", "Paste or choose a profile first.");
  let document;
  try {
    document = JSON.parse(byId("profile").value);
  } catch (error) {
    throw new FieldError("profile", `This is not JSON: ${error.message}`);
  }
  // A whole Advice document holds the profile that it rests on.
  const isAdvice = document !== null && typeof document === "object" && "recommendation" in document;
  return { profile: isAdvice ? document.profile : document };
}

function body() {
  const memory = number("memory", GIB);
  const machine = {
    cores: number("cores"),
    memory: memory === undefined ? undefined : Math.round(memory),
    python: byId("python").value.trim() || undefined,
    free_threaded: byId("free-threaded").checked || undefined,
  };
  const changed = Object.values(machine).some((value) => value !== undefined);
  return { ...subject(), calls: number("calls"), machine: changed ? machine : undefined };
}

async function ask() {
  clearErrors();
  let question;
  try {
    question = body();
  } catch (error) {
    if (!(error instanceof FieldError)) throw error;
    showFieldErrors([[error.id, error.message]]);
    return;
  }
  byId("ask").disabled = true;
  byId("status").textContent = "Working it out…";
  try {
    const response = await fetch("/v1/advice", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(question),
    });
    const answer = await response.json();
    if (response.ok) showAdvice(answer);
    else showProblem(answer);
  } catch (error) {
    showProblem({ title: "No answer", detail: `The service could not be reached: ${error.message}` });
  } finally {
    byId("ask").disabled = false;
    byId("status").textContent = "";
  }
}

// --- errors ---------------------------------------------------------------------------------------------------------

function clearErrors() {
  for (const element of document.querySelectorAll(".error")) element.hidden = true;
  for (const element of document.querySelectorAll("[aria-invalid]")) element.removeAttribute("aria-invalid");
  byId("problem").hidden = true;
}

function showFieldErrors(errors) {
  for (const [id, message] of errors) {
    const place = byId(`${id}-error`);
    place.textContent = place.hidden ? message : `${place.textContent} ${message}`;
    place.hidden = false;
    byId(id).setAttribute("aria-invalid", "true");
  }
  if (errors.length > 0) byId(errors[0][0]).focus();
}

function inputOf(field) {
  for (let name = field; name !== ""; name = name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "") {
    if (name in INPUT_OF) return INPUT_OF[name];
  }
  return undefined;
}

function showProblem(problem) {
  byId("advice").hidden = true;
  const beside = [];
  const elsewhere = [];
  for (const { field, message } of problem.errors ?? []) {
    const id = inputOf(field);
    const isDeeper = id === "profile" && field !== "profile";
    if (id !== undefined) beside.push([id, isDeeper ? `${field.slice("profile.".length)}: ${message}.` : `${message}.`]);
    else elsewhere.push(`${field}: ${message}`);
  }
  showFieldErrors(beside);
  if (beside.length > 0 && elsewhere.length === 0) return;
  const box = byId("problem");
  box.replaceChildren(element("strong", `${problem.title}. `), problem.detail ?? "");
  if (elsewhere.length > 0) box.append(list(element("ul"), elsewhere));
  box.hidden = false;
}

// --- the answer -----------------------------------------------------------------------------------------------------

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function list(parent, texts) {
  parent.replaceChildren(...texts.map((text) => element("li", text)));
  return parent;
}

function seconds(value) {
  if (value === 0) return "0 s";
  if (value < 1e-3) return `${(value * 1e6).toPrecision(3)} µs`;
  if (value < 1) return `${(value * 1e3).toPrecision(3)} ms`;
  if (value < 120) return `${value.toPrecision(3)} s`;
  if (value < 7200) return `${(value / 60).toPrecision(3)} min`;
  if (value < 172800) return `${(value / 3600).toPrecision(3)} h`;
  return `${Math.round(value / 86400).toLocaleString("en")} days`;
}

function times(value) {
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(value < 0.1 ? 3 : 1)}×`;
}

function range(values, format) {
  const [low, high] = [format(values.low), format(values.high)];
  return low === high ? format(values.expected) : `${format(values.expected)} (${low} to ${high})`;
}

function withWorkers(strategy, workers) {
  return workers > 1 ? `${strategy}, ${workers} workers` : strategy;
}

function showAdvice(advice) {
  byId("verdict").textContent = verdict(advice);
  byId("summary").textContent = advice.summary;
  byId("facts").textContent = facts(advice);
  fill("questions", advice.questions ?? [], (text) => element("li", text));
  showTime(advice.profile);
  fill("alternatives", advice.alternatives, (alternative) => alternativeRow(alternative, advice));
  fill("reasons", advice.reasons, reasonItem);
  fill("warnings", advice.warnings, (warning) => element("li", warning.text));
  byId("code").textContent = advice.snippet;
  byId("code-part").hidden = advice.snippet === "";
  byId("advice").hidden = false;
  byId("verdict").focus();
}

function verdict(advice) {
  if (advice.recommendation === "undecided") return "Undecided: this does not say enough";
  return withWorkers(advice.recommendation, advice.workers);
}

function facts(advice) {
  const said = [];
  if (advice.speedup) said.push(`speed-up ${range(advice.speedup, times)}`);
  if (advice.seconds) said.push(`${advice.job.calls.toLocaleString("en")} calls in ${range(advice.seconds, seconds)}`);
  said.push(`confidence ${Math.round(advice.confidence * 100)} %`, `evidence: ${advice.evidence}`);
  const cores = advice.machine.cores === 1 ? "1 core" : `${advice.machine.cores} cores`;
  said.push(`planned for ${cores}${advice.machine.source === "assumed" ? " with assumed pool costs" : ""}`);
  return said.join(" · ");
}

function fill(id, items, asElement) {
  byId(id).replaceChildren(...items.map(asElement));
  byId(`${id}-part`).hidden = items.length === 0;
}

function reasonItem(reason) {
  const item = element("li", reason.text);
  if (reason.source) item.append(" ", element("span", `(${reason.source})`, "source"));
  return item;
}

function alternativeRow(alternative, advice) {
  const row = document.createElement("tr");
  const name = element("th", alternative.strategy);
  name.scope = "row";
  if (alternative.strategy === advice.recommendation) {
    row.className = "chosen";
    name.textContent += " ✓";
  }
  if (!alternative.feasible) row.className = "impossible";
  const shown = (values, format) => (values ? range(values, format) : "–");
  row.append(
    name,
    element("td", String(alternative.workers)),
    element("td", alternative.feasible ? shown(alternative.seconds, seconds) : "not possible"),
    element("td", alternative.feasible ? shown(alternative.speedup, times) : "–"),
    element("td", alternative.why),
  );
  return row;
}

function showTime(profile) {
  byId("time-part").hidden = profile === null;
  if (profile === null) return;
  const known = PARTS.filter(([field]) => profile[field] !== null);
  const parts = known.map(([field, className, text]) => [profile[field], className, text]);
  const sum = parts.reduce((total, [value]) => total + value, 0);
  if (profile.wall > sum * 1.02) parts.push([profile.wall - sum, "other", "not measured"]);
  const whole = Math.max(sum, profile.wall);
  byId("bar").replaceChildren(...parts.map(([value, className]) => {
    const segment = element("span", "", className);
    segment.style.flex = `0 0 ${(100 * value) / whole}%`; // the style object, which the content policy allows
    return segment;
  }));
  byId("legend").replaceChildren(...parts.filter(([value]) => value > 0).map(([value, className, text]) =>
    element("li", `${text}: ${seconds(value)} (${Math.round((100 * value) / whole)} %)`, className)));
  const assumed = profile.archetype === null ? "" : ", as assumed";
  byId("time-title").textContent = `Where the ${seconds(profile.wall)} of a call go${assumed}`;
}

// --- events ---------------------------------------------------------------------------------------------------------

async function takeFile(file) {
  if (!file) return;
  byId("profile").value = await file.text();
  clearErrors();
}

async function copyCode() {
  const code = byId("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    byId("copy").textContent = "Copied";
    setTimeout(() => { byId("copy").textContent = "Copy"; }, 2000);
  } catch {
    // No clipboard without a secure context: select the text, so that the keyboard's copy takes it.
    getSelection().selectAllChildren(code);
  }
}

function askWhatTheAddressSays() {
  const description = new URLSearchParams(location.hash.slice(1)).get("description");
  if (description === null) return;
  form.elements.kind.value = "description";
  byId("description").value = description;
  showKind();
  ask();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
form.addEventListener("change", (event) => {
  if (event.target.name === "kind") showKind();
});
for (const button of document.querySelectorAll(".example")) {
  button.addEventListener("click", () => {
    byId("description").value = button.textContent;
    ask();
  });
}
byId("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
for (const kindOfDrag of ["dragenter", "dragover"]) {
  byId("drop").addEventListener(kindOfDrag, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
byId("drop").addEventListener("dragleave", () => byId("drop").classList.remove("over"));
byId("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  byId("drop").classList.remove("over");
  takeFile(event.dataTransfer.files[0]);
});
byId("copy").addEventListener("click", copyCode);
window.addEventListener("hashchange", askWhatTheAddressSays);
showKind();
askWhatTheAddressSays();
