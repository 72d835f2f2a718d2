// Share a question: a link, a file, and a curl command.

import { byId } from "./element.js";
import { hasToken } from "./http_client.js";

const LONGEST_LINK = 2000; // characters that other programs do not cut
const LONGEST_INLINE = 1500; // characters of a question that is still readable in a command
const COPIED = 2000; // ms for which the button shows "Copied"

let shown = {}; // the question and its advice

export function showShare(question, advice) {
  shown = { question, advice };
  const link = linkTo(question, advice);
  byId("link").value = link ?? "";
  byId("link-part").hidden = link === undefined;
  byId("link-hint").textContent = hint(question, advice, link);
  byId("save-part").hidden = advice.profile === null;
  showCurl(question);
}

/** Parse a link of this page; browsers never send the part after # to a server. */
export function linked(hash) {
  const said = new URLSearchParams(hash.slice(1));
  const number = (name) => (/^\d+$/.test(said.get(name) ?? "") ? Number(said.get(name)) : undefined);
  return {
    id: said.get("advice") ?? undefined,
    description: said.get("description") ?? undefined,
    host: {
      memory: number("memory"),
      python: said.get("python") ?? undefined,
      free_threaded: said.get("free_threaded") === "true" || undefined,
    },
    planned: { cores: number("cores"), calls: number("calls") },
  };
}

export function letShare() {
  for (const button of document.querySelectorAll("[data-copies]")) copies(button, byId(button.dataset.copies));
  byId("save").addEventListener("click", save);
}

function linkTo(question, advice) {
  const here = `${location.origin}${location.pathname}`;
  if (advice.id !== undefined && advice.id !== null) return `${here}#${new URLSearchParams({ advice: advice.id })}`;
  if (question.description === undefined) return undefined;
  const said = { description: question.description, ...question.machine, calls: question.calls };
  const known = Object.entries(said).filter(([, value]) => value !== undefined);
  const link = `${here}#${new URLSearchParams(known)}`;
  return link.length <= LONGEST_LINK ? link : undefined;
}

function hint(question, advice, link) {
  if (link === undefined && question.description === undefined) return `${question.task ? "A task described by numbers" : "A profile"} does not fit into a link. Save the advice as a file and share that.`;
  if (link === undefined) return "The description is too long for a link. Save the advice as a file and share that.";
  if (advice.id) return "The advice is stored on this server. Anyone with access to the server can open the link.";
  return "The link contains the question after the #, which browsers do not send to servers.";
}

// --- curl -----------------------------------------------------------------------------------------------------------

function showCurl(question) {
  const body = JSON.stringify(question);
  const inline = body.length <= LONGEST_INLINE;
  const lines = [
    `curl -sS ${location.origin}/v1/advice`,
    "-H 'Content-Type: application/json'",
    ...(hasToken() ? ['-H "Authorization: Bearer $ADVISOR_TOKEN"'] : []),
    inline ? `-d ${quoted(body)}` : "-d @-",
  ];
  byId("curl").textContent = lines.join(" \\\n     ") + (inline ? "" : ` <<'EOF'\n${JSON.stringify(question, null, 1)}\nEOF`);
  byId("curl-hint").textContent = hasToken() ? "Set ADVISOR_TOKEN to your token first." : "";
}

/** Quote a text for a POSIX shell. */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// --- copying --------------------------------------------------------------------------------------------------------

/** Let a button copy the text of an element; return the button. */
export function copies(button, from) {
  button.addEventListener("click", () => copy(from, button));
  return button;
}

async function copy(from, button) {
  const text = from.value ?? from.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // There is no clipboard without a secure context: select the text, to be copied by keyboard.
    if (from.select) from.select();
    else getSelection().selectAllChildren(from);
    say(button, "Selected");
    return;
  }
  say(button, "Copied");
}

function say(button, word) {
  button.dataset.name ??= button.textContent;
  button.textContent = word;
  setTimeout(() => { button.textContent = button.dataset.name; }, COPIED);
}

/** Save the advice with its question: an assumed profile would not get the same advice. */
function save() {
  const { question, advice } = shown;
  const content = new Blob([JSON.stringify({ ...advice, question }, null, 2)], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = "advice.json";
  link.click();
  URL.revokeObjectURL(link.href);
}
