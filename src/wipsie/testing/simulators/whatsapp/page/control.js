// The control interface of the simulator, and the news it sends.

import { $ } from "./dom.js";

let noticeEnds = 0;

/** A sentence for the person, for some seconds. */
export function notice(words) {
  $("notice").textContent = words;
  clearTimeout(noticeEnds);
  noticeEnds = setTimeout(() => { $("notice").textContent = ""; }, 8000);
}

/** JSON of the answer; throws after telling what went wrong. */
export async function call(method, path, body = null) {
  const isForm = body instanceof FormData;
  const response = await fetch(`/_simulator${path}`, {
    method,
    body: body === null || isForm ? body : JSON.stringify(body),
    headers: body === null || isForm ? {} : { "Content-Type": "application/json" },
  }).catch(() => null);
  if (response === null) {
    notice("The simulator does not answer.");
    throw new Error("no answer");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    notice(answer.error ?? `The simulator answered ${response.status}.`);
    throw new Error(answer.error ?? String(response.status));
  }
  return answer;
}

export const get = (path) => call("GET", path);
export const post = (path, body = {}) => call("POST", path, body);
export const remove = (path) => call("DELETE", path);

/** Do something that calls the simulator; what went wrong was told already. */
export const doing = (work) => (event) => {
  event?.preventDefault?.();
  Promise.resolve(work(event)).catch((error) => console.warn(error.message));
};

/** `changed` gets the topics that changed, again and again; the browser connects anew by itself. */
export function listen(changed) {
  const source = new EventSource("/_simulator/events");
  source.onmessage = (event) => changed(new Set(event.data.split(",")));
  source.onerror = () => notice("The simulator is away; the page waits for it.");
}
