// The token, asked for where the server wants one.

import { byId } from "./element.js";
import { isToken, useToken } from "./service.js";

let again; // what a token was missing for

/** Asks for it, and does once more what was refused. */
export function askForToken(problem, repeat) {
  again = repeat;
  byId("token-form").hidden = false;
  complain(byId("token").value === "" ? "" : problem.detail);
}

function complain(text) {
  byId("token-error").textContent = text;
  byId("token-error").hidden = text === "";
  byId("token").focus();
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const token = byId("token").value.trim();
  if (!isToken(token)) {
    complain("No token has such characters in it: look for typographic quotes around it.");
    return;
  }
  useToken(token);
  byId("token-form").hidden = true;
  again();
});
