// Create and fill elements. Input becomes text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

export function element(name, content = "", attributes = {}) {
  return withAttributes(document.createElement(name), content, attributes);
}

export function drawn(name, attributes = {}, ...content) {
  return withAttributes(document.createElementNS(SVG, name), content, attributes);
}

/** Fill a list with elements, and hide the section around it if there are none. */
export function fill(id, items, asElement) {
  byId(id).replaceChildren(...items.map(asElement));
  byId(`${id}-part`).hidden = items.length === 0;
}

function withAttributes(made, content, attributes) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[content].flat());
  return made;
}
