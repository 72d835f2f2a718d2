// Show the code with highlighted comments, strings and keywords, and mark what the user must fill in.

import { byId, element } from "./element.js";

const TOKENS = new RegExp([
  '(?<string>[fr]?"""[^]*?"""|[fr]?"(?:[^"\\\\\\n]|\\\\.)*"|[fr]?\'(?:[^\'\\\\\\n]|\\\\.)*\')',
  "(?<comment>#[^\\n]*)",
  "(?<keyword>\\b(?:async|await|as|def|else|for|from|if|import|in|lambda|not|return|with|yield)\\b)",
].join("|"), "g");

export function showCode(snippet) {
  byId("code").replaceChildren(...highlighted(snippet.trimEnd()));
  byId("code-part").hidden = snippet === "";
}

export function* highlighted(code) {
  let end = 0;
  for (const match of code.matchAll(TOKENS)) {
    yield code.slice(end, match.index);
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== undefined);
    yield element("span", marked(match[0]), { class: kind });
    end = match.index + match[0].length;
  }
  yield code.slice(end);
}

function marked(text) {
  return text.split(/(FILL IN)/).map((part) => (part === "FILL IN" ? element("mark", part) : part));
}
