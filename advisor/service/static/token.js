// The token, asked for where the server wants one.

import { byId } from "./element.js";
import { useToken } from "./service.js";

let again; // what a token was missing for

/** Asks for it, and does once more what was refused. */
export function askForToken(problem, repeat) {
  again = repeat;
  byId("token-error").textContent = byId("token").value === "" ? "" : problem.detail;
  byId("token-error").hidden = byId("token-error").textContent === "";
  byId("token-form").hidden = false;
  byId("token").focus();
}

byId("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  useToken(byId("token").value.trim());
  byId("token-form").hidden = true;
  again();
});
