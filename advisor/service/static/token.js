// Ask for the token, if the server needs one.

import { byId } from "./element.js";
import { isToken, useToken } from "./http_client.js";

let again; // the action that needs the token

/** Ask for the token, and repeat the refused action with it. */
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
    complain("A token has no such characters: look for typographic quotes around it.");
    return;
  }
  useToken(token);
  byId("token-form").hidden = true;
  again();
});
