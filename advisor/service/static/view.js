// Show the advice as the service renders it: its verdict above the controls, the rest below them.

import { byId, element } from "./element.js";
import { counted } from "./number_format.js";
import { copies } from "./save_and_share.js";

/** Show a rendered advice; its open questions only if the page has no fields for them. */
export function showView({ html }, { withQuestions }) {
  const isTableOpen = byId("details-view").querySelector("details")?.open ?? false;
  const [verdict, ...details] = new DOMParser().parseFromString(html, "text/html").querySelector("article").children;
  byId("verdict-view").replaceChildren(verdict);
  byId("details-view").replaceChildren(...details.filter((part) => withQuestions || !part.matches(".questions")));
  byId("details-view").querySelector("details")?.toggleAttribute("open", isTableOpen);
  const heading = verdict.querySelector("h2");
  heading.id = "verdict";
  heading.tabIndex = -1;
  const code = byId("details-view").querySelector("pre");
  if (code !== null) code.before(copies(element("button", "Copy", { type: "button" }), code));
}

/** Return a short text for screen readers after a slider was moved. */
export function inShort({ machine, job, recommendation }) {
  const planned = `${counted(machine.cores, "core")}, ${counted(job.calls, "call")}`;
  const gain = recommendation === "sequential" ? null : byId("verdict-view").querySelector(".figure");
  return `${planned}: ${byId("verdict").textContent}${gain === null ? "" : `, ${gain.textContent}`}`;
}
