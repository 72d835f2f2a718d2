// Send requests to the service, with the token if there is one. A newer request of a kind cancels the older one.

const TOKEN = "advisor-token";
const running = new Map();
let token = remembered();

/** An error, as a problem document (RFC 9457). */
export class Problem extends Error {
  constructor({ status = 0, title = "Request failed", detail = "", errors = [] }) {
    super(detail || title);
    Object.assign(this, { status, title, detail, errors });
  }
}

/** Return the document of the response, or undefined if a newer request of the kind replaced this one. */
export async function ask(kind, address, question) {
  running.get(kind)?.abort();
  const controller = new AbortController();
  running.set(kind, controller);
  try {
    return await answer(address, question, controller.signal);
  } catch (error) {
    if (controller.signal.aborted) return undefined;
    throw error;
  } finally {
    if (running.get(kind) === controller) running.delete(kind);
  }
}

/** Cancel the request of a kind. */
export function giveUp(kind) {
  running.get(kind)?.abort();
}

/** Return true if a header can carry the token: browsers refuse typographic quotes. */
export function isToken(text) {
  return /^[\x20-\x7e\xa0-\xff]*$/.test(text);
}

export function useToken(text) {
  token = text;
  try {
    sessionStorage.setItem(TOKEN, text);
  } catch {
    // Storage is disabled: the token lasts as long as the page.
  }
}

export const hasToken = () => token !== "";

async function answer(address, question, signal) {
  const response = await reached(address, {
    method: question === undefined ? "GET" : "POST",
    headers: {
      Accept: "application/json, application/problem+json",
      ...(question === undefined ? {} : { "Content-Type": "application/json" }),
      ...(token === "" ? {} : { Authorization: `Bearer ${token}` }),
    },
    body: question === undefined ? undefined : JSON.stringify(question),
    cache: "no-store",
    signal,
  });
  const document = await parsed(response);
  if (response.ok) return document;
  throw new Problem({ title: response.statusText || "No answer", ...document, status: response.status });
}

async function reached(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    throw new Problem({ detail: `The service could not be reached: ${error.message}` });
  }
}

async function parsed(response) {
  if (response.status === 204) return {};
  try {
    const document = await response.json();
    if (document !== null && typeof document === "object") return document;
  } catch {
    // A proxy may have answered in another format; handled below.
  }
  throw new Problem({ status: response.status, detail: `Unexpected response (status ${response.status}): it did not come from this service.` });
}

function remembered() {
  try {
    const text = sessionStorage.getItem(TOKEN) ?? "";
    return isToken(text) ? text : "";
  } catch {
    return "";
  }
}
