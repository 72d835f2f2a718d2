// Filter the entries of the matrix by words. Without scripts the page shows all of them.

import { byId } from "./element.js";

const entries = [...document.querySelectorAll(".entries > li")].map((item) => [item, item.textContent.toLowerCase()]);
const sections = [...document.querySelectorAll("main > section")];

function find() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const [item, text] of entries) {
    item.hidden = !words.every((word) => text.includes(word));
    if (!item.hidden) found += 1;
  }
  for (const section of sections) section.hidden = section.querySelector(".entries > li:not([hidden])") === null;
  byId("found").textContent = words.length ? `${found} found` : "";
}

byId("find").hidden = false;
byId("words").addEventListener("input", find);
