// What one sees and changes of the network: the log, faults, the business, and how faithful all of it is.

import { $, el, exact, field } from "./dom.js";
import { doing, get, notice, post, remove } from "./control.js";

// Tabs.

export function prepareTabs(opened) {
  const tabs = [...$("tabs").children];
  const open = (tab) => {
    for (const one of tabs) {
      const isIt = one === tab;
      one.setAttribute("aria-selected", String(isIt));
      one.tabIndex = isIt ? 0 : -1;
      $(one.getAttribute("aria-controls")).hidden = !isIt;
    }
    opened(openPanel());
  };
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      next.focus();
      open(next);
    });
  }
}

export const openPanel = () => $("tabs").querySelector("[aria-selected=true]").id.replace("tab-", "");

// The log: calls of the application, and what was brought to it.

const bodies = new Map();
const openEntries = new Set();

export async function drawLog(waiting) {
  const { calls, attempts } = await get("/log");
  const entries = [...calls.map((call) => ({ ...call, isCall: true })), ...attempts].sort((a, b) => b.number - a.number);
  const rows = entries.slice(0, 200).map((entry) => (entry.isCall ? callRow(entry) : attemptRow(entry)));
  $("panel-log").replaceChildren(
    el("div", { class: "actions" },
      el("span", { class: "grow" }, waiting ? `${waiting} ${waiting === 1 ? "webhook waits" : "webhooks wait"} for the application` : "Nothing waits"),
      el("button", { type: "button", class: "quiet", onclick: doing(() => remove("/log")) }, "Clear")),
    rows.length ? el("ol", { class: "log" }, ...rows) : el("p", { class: "hint" }, "Nothing went over the wire yet."));
}

function entryRow(entry, direction, words, state, note, detail) {
  const details = el("details", { ".open": openEntries.has(entry.number) },
    el("summary", {}, el("span", { class: `way ${direction}`, title: direction === "out" ? "to the application" : "from the application" }, direction === "out" ? "↓" : "↑"),
      el("time", {}, exact(entry.at_ms)), el("span", { class: "words" }, words), el("span", { class: `state ${state.kind}` }, state.text)),
    note && el("p", { class: "note" }, note));
  const fill = async () => {
    if (details.open) openEntries.add(entry.number); else openEntries.delete(entry.number);
    if (details.open && !details.querySelector("pre")) details.append(el("pre", { tabindex: "0" }, await detail()));
  };
  details.addEventListener("toggle", doing(fill));
  return el("li", {}, details);
}

const pretty = (value) => JSON.stringify(value, null, 2);

function callRow(call) {
  const state = call.status_code === 200 ? { kind: "good", text: "200" } : { kind: "bad", text: call.error_code ? `${call.status_code} · ${call.error_code}` : String(call.status_code || "broken") };
  const kind = call.request?.type ?? (call.request?.text ? "text" : "");
  const words = call.route === "messages" ? `send ${kind}` : call.route === "receipts" ? "mark as read" : `${call.method.toLowerCase()} ${call.route === "any" ? call.path : call.route}`;
  return entryRow(call, "in", words, state, null, async () => `${call.method} ${call.path}\n${pretty(call.request)}\n\n${call.status_code}\n${pretty(call.answer)}`);
}

function attemptRow(attempt) {
  const state = { acknowledged: { kind: "good", text: "200" }, refused: { kind: "bad", text: String(attempt.status_code) }, failed: { kind: "bad", text: "failed" } }[attempt.outcome];
  const words = [attempt.summary, attempt.duplicate && "copy", attempt.attempt > 1 && `attempt ${attempt.attempt}`].filter(Boolean).join(" · ");
  const next = attempt.next_at_ms ? `Again at ${exact(attempt.next_at_ms)}.` : attempt.outcome === "acknowledged" ? "" : "Not tried again.";
  const note = attempt.outcome === "acknowledged" ? null : [attempt.reason, next].filter(Boolean).join(" ");
  return entryRow(attempt, "out", words, state, note, async () => {
    if (!attempt.has_body) return "The body is not kept any more.";
    if (!bodies.has(attempt.number)) bodies.set(attempt.number, await get(`/log/${attempt.number}/body`));
    return `X-Hub-Signature-256: ${attempt.signature}\n\n${pretty(bodies.get(attempt.number))}`;
  });
}

// Faults.

const FIELDS = {
  times: { label: "How often", type: "number", min: 1, value: 1, note: "Empty: until it is removed." },
  skip: { label: "After so many that go well", type: "number", min: 0, value: 0 },
  count: { label: "How many", type: "number", min: 1, max: 1000, value: 2 },
  seconds: { label: "Seconds, of the simulator's clock", type: "number", min: 0, step: "any", value: 5 },
  together: { label: "At the same moment", type: "checkbox" },
  code: { label: "Error code", options: "codes" },
  status_code: { label: "HTTP status", type: "number", min: 400, max: 599 },
  retry_after_s: { label: "Retry-After, seconds", type: "number", min: 0 },
  route: { label: "Calls", options: ["any", "messages", "receipts", "upload", "lookup", "delete", "download"] },
  to: { label: "Only this user (number or user id)", type: "text" },
  signature: { label: "Signature", options: ["wrong", "missing", "short", "other_bytes"] },
  moment: { label: "When", options: ["before", "after"] },
  status: { label: "Status", options: ["sent", "delivered", "read", "played"] },
};

let faultForm = null;

export async function drawFaults() {
  const { faults, kinds, codes } = await get("/faults");
  const waiting = faults.map((fault) => el("li", {},
    el("strong", {}, fault.kind.replaceAll("_", " ")), " ", el("span", {}, faultWords(fault, kinds)),
    el("button", { type: "button", class: "quiet", onclick: doing(() => remove(`/faults/${fault.id}`)) }, "Remove")));
  faultForm ??= makeFaultForm(kinds, codes);
  $("panel-faults").replaceChildren(
    waiting.length
      ? el("div", {}, el("ul", { class: "faults", "aria-label": "Faults that wait" }, ...waiting), el("button", { type: "button", class: "quiet", onclick: doing(() => remove("/faults")) }, "Remove all"))
      : el("p", { class: "hint" }, "All is well. Choose what shall go wrong:"),
    faultForm);
}

function faultWords(fault, kinds) {
  const { fields } = kinds.find((kind) => kind.kind === fault.kind);
  const given = fields.filter((name) => name !== "times" && fault[name]).map((name) => `${name.replaceAll("_", " ")} ${fault[name]}`);
  return [...given, fault.times === null ? "until it is removed" : `${fault.used} of ${fault.times}`].join(", ");
}

function makeFaultForm(kinds, codes) {
  const select = el("select", { "aria-label": "Fault" }, ...kinds.map((kind) => el("option", { value: kind.kind }, kind.kind.replaceAll("_", " "))));
  const meaning = el("p", { class: "hint" });
  const inputs = el("div", {});
  const draw = () => {
    const kind = kinds.find((one) => one.kind === select.value);
    meaning.textContent = kind.meaning;
    inputs.replaceChildren(...kind.fields.map((name) => field(FIELDS[name].label, inputOf(name, codes), FIELDS[name].note)));
  };
  select.addEventListener("change", draw);
  draw();
  return el("form", { class: "fault", "aria-label": "New fault", onsubmit: doing(async () => {
    const given = { kind: select.value };
    for (const input of inputs.querySelectorAll("[name]")) {
      if (input.type === "checkbox") given[input.name] = input.checked;
      else if (input.value !== "") given[input.name] = input.type === "number" || input.name === "code" ? Number(input.value) : input.value;
      else if (input.name === "times") given.times = null;
    }
    await post("/faults", given);
  }) }, field("What", select), meaning, inputs, el("button", { class: "primary" }, "Let it happen"));
}

function inputOf(name, codes) {
  const { options, label: _label, note: _note, ...attributes } = FIELDS[name];
  if (options === "codes") return el("select", { name }, ...codes.map(({ code, title }) => el("option", { value: code, ".selected": code === 131056 }, `${code} ${title}`)));
  if (options) return el("select", { name }, ...options.map((value) => el("option", { value }, value.replaceAll("_", " "))));
  return el("input", { name, ...attributes });
}

// The business.

let accountForm = null;

export function drawAccount(account) {
  accountForm ??= makeAccountForm(account);
  const verified = account.is_verified ? "verified" : account.callback_url ? "not verified yet" : "none is set";
  $("panel-account").replaceChildren(
    el("dl", {},
      el("dt", {}, "Number"), el("dd", {}, `+${account.display_number}`),
      el("dt", {}, "Number id"), el("dd", {}, el("code", {}, account.phone_number_id)),
      el("dt", {}, "Account id"), el("dd", {}, el("code", {}, account.account_id)),
      el("dt", {}, "Graph address"), el("dd", {}, el("code", {}, location.origin)),
      el("dt", {}, "Callback"), el("dd", {}, el("code", {}, account.callback_url ?? ""), ` ${verified}`)),
    el("div", { class: "actions" },
      el("button", { type: "button", class: "quiet", onclick: doing(() => post("/account", { token_expired: !account.token_expired })) },
        account.token_expired ? "Make the token good again" : "Let the access token end"),
      el("button", { type: "button", class: "quiet", onclick: doing(async () => {
        const answer = await post("/subscribe");
        notice(answer.is_verified ? "The callback is verified." : answer.reason);
      }) }, "Verify the callback")),
    accountForm);
}

function makeAccountForm(account) {
  const callback = el("input", { name: "callback_url", type: "url", value: account.callback_url ?? "" });
  const secret = (name) => el("input", { name, type: "password", autocomplete: "off" });
  return el("form", { "aria-label": "Change the account", onsubmit: doing(async (event) => {
    const given = Object.fromEntries(new FormData(event.target));
    const { callback_url: url, ...secrets } = given;
    await post("/account", Object.fromEntries(Object.entries(secrets).filter(([, value]) => value)));
    for (const input of event.target.querySelectorAll("[type=password]")) input.value = "";
    const answer = url ? await post("/subscribe", { callback_url: url }) : null;
    notice(answer && !answer.is_verified ? answer.reason : "Saved.");
  }) },
    field("Callback address", callback),
    field("New app secret", secret("app_secret"), "Secrets are taken, never shown. Empty keeps the one there is."),
    field("New verify token", secret("verify_token")),
    field("New access token", secret("access_token")),
    el("button", { class: "primary" }, "Save"));
}

// How faithful it is.

export async function drawFidelity() {
  if ($("panel-fidelity").children.length) return;
  const { behaviours, evidence } = await get("/fidelity");
  const rows = behaviours.map((line) => el("tr", { class: line.degree },
    el("td", {}, line.area), el("td", {}, line.behaviour, line.note && el("small", {}, line.note)), el("td", {}, line.degree), el("td", { title: evidence[line.evidence] }, line.evidence)));
  $("panel-fidelity").replaceChildren(
    el("p", { class: "hint" }, "What this simulator does as the Cloud API does, what it does more simply, and what it does not do. Evidence for the real behaviour: ",
      Object.entries(evidence).map(([mark, words]) => `${mark} ${words}`).join(", "), "."),
    el("div", { class: "actions" }, el("button", { type: "button", class: "quiet", onclick: () => window.print() }, "Print")),
    el("table", {}, el("thead", {}, el("tr", {}, ...["Area", "Behaviour", "How", "Evidence"].map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, ...rows)));
}
