// Elements of the page. What comes from outside becomes text here, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(name, content = "", attributes = {}) {
  return withAttributes(document.createElement(name), content, attributes);
}

export function drawn(name, attributes = {}, ...content) {
  return withAttributes(document.createElementNS(SVG, name), content, attributes);
}

/** The items as elements in their place, and the part around them hidden where there are none. */
export function fill(id, items, asElement) {
  byId(id).replaceChildren(...items.map(asElement));
  byId(`${id}-part`).hidden = items.length === 0;
}

/** A source: a link where it is an address on the web, else its name. */
export function source(text) {
  if (!/^https?:\/\/\S+$/.test(text)) return element("span", text, { class: "source" });
  const shown = text.replace(/^https?:\/\//, "");
  return element("a", shown, { class: "source", href: text, rel: "noreferrer" });
}

function withAttributes(made, content, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[content].flat());
  return made;
}
