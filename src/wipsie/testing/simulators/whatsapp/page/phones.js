// The phones: which there are, and what their owners can do with them.

import { $, ask, el, field, span, time } from "./dom.js";
import { doing, post } from "./control.js";

/** The list at the side. */
export function drawPhones(phones, selected, select) {
  $("phones").replaceChildren(...phones.map((phone) =>
    el("li", {}, el("button", { type: "button", class: "who", "aria-current": phone.key === selected ? "true" : null, onclick: () => select(phone.key) },
      el("span", { class: `avatar tone-${Number(phone.key.slice(1)) % 6}`, "aria-hidden": "true" }, phone.name[0]),
      el("span", { class: "name" }, el("strong", {}, phone.name), el("small", {}, phone.last || (phone.username ? `@${phone.username}` : `+${phone.number}`))),
      el("span", { class: "aside" }, phone.last_ms && el("time", {}, time(phone.last_ms)),
        !phone.is_on && el("span", { class: "badge off" }, "off"),
        phone.unread > 0 && phone.key !== selected && el("span", { class: "badge", "aria-label": `${phone.unread} unread` }, String(phone.unread)))))));
}

export async function addPhone() {
  const given = await ask("Add a phone", [
    { label: "Name", name: "name", value: "Mira Example", required: true, maxlength: 100 },
    { label: "Number, when it matters", name: "number", placeholder: "15550100…", inputmode: "tel" },
    { label: "Username: hides the number from the business", name: "username", placeholder: "mira.example" },
  ], "Add");
  if (!given) return null;
  return post("/phones", { name: given.name, number: given.number || null, username: given.username || null });
}

/** The panel about the phone that is shown. */
export function drawUser(phone) {
  const change = (what) => doing(() => post(`/phones/${phone.key}`, what));
  const flag = (label, name, note) => field(label,
    el("input", { type: "checkbox", ".checked": phone[name], onchange: (event) => change({ [name]: event.target.checked })() }), note);
  const button = (label, work) => el("button", { type: "button", class: "quiet", onclick: doing(work) }, label);
  $("panel-user").replaceChildren(
    el("dl", {},
      el("dt", {}, "Number"), el("dd", {}, `+${phone.number}`, el("small", {}, phone.number_is_known ? " known to the business" : " hidden from the business")),
      el("dt", {}, "User id"), el("dd", {}, el("code", {}, phone.user_id)),
      el("dt", {}, "24-hour window"), el("dd", {}, phone.window_left_ms > 0 ? `open for ${span(phone.window_left_ms)}` : "closed")),
    flag("Switched on", "is_on", "Off: messages wait, for 30 days at most."),
    flag("Looking at the chat", "chat_is_open", "Then messages are read as they come, and “delivered” is skipped."),
    flag("Read receipts", "read_receipts", "Without them “read” never comes."),
    el("div", { class: "actions" },
      button(phone.username ? "Change the username" : "Take a username", async () => {
        const given = await ask("Username", [{ label: "Empty gives it back", name: "username", value: phone.username ?? "" }], "Save");
        if (given) await post(`/phones/${phone.key}`, { username: given.username || null });
      }),
      button("Move to a new number", async () => {
        const given = await ask("New number", [{ label: "Number", name: "number", value: "15550100777", required: true }], "Move");
        if (given) await post(`/phones/${phone.key}/number`, { number: given.number });
      }),
      button("Get a new user id", () => post(`/phones/${phone.key}/user-id`)),
      button("Install the app anew", () => post(`/phones/${phone.key}/reinstall`))));
}
