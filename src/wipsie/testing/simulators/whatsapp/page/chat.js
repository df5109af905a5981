// The phone: its messages, what can be tapped, and what can be sent.

import { $, ask, bytes, choose, day, el, icon, time } from "./dom.js";
import { doing, get, notice, post } from "./control.js";

const TICK_WORDS = { sent: "sent", delivered: "delivered", read: "read" };
const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/;
const STYLES = [[/\*([^*\n]+)\*/, "strong"], [/_([^_\n]+)_/, "em"], [/~([^~\n]+)~/, "s"]];

let current = null;
let quoted = null;
let shown = new Map();
let forPhone = "";
let isAtEnd = true;

const fileAddress = (bubble) => `/_simulator/phones/${current}/files/${encodeURIComponent(bubble.id)}`;
const act = (action, body) => post(`/phones/${current}/${action}`, body);

/** Draw the messages of a phone; those that did not change stay as they are. */
export async function drawChat(key) {
  if (key !== forPhone) { shown = new Map(); quote(null); }
  forPhone = current = key;
  const phone = await get(`/phones/${key}`);
  if (key !== current) return;
  const list = $("chat");
  isAtEnd = shown.size === 0 || list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  const before = shown;
  shown = new Map();
  const rows = [];
  let lastDay = "";
  for (const bubble of phone.chat) {
    const ofDay = day(bubble.at_ms);
    if (ofDay !== lastDay) rows.push(el("li", { class: "day" }, el("span", {}, ofDay)));
    lastDay = ofDay;
    const said = JSON.stringify(bubble);
    const known = before.get(bubble.id);
    const row = known?.said === said ? known.row : drawBubble(bubble, phone.chat);
    shown.set(bubble.id, { said, row });
    rows.push(row);
  }
  list.replaceChildren(...rows);
  $("empty").hidden = phone.chat.length > 0;
  if (isAtEnd) list.scrollTop = list.scrollHeight;
  return phone;
}

function drawBubble(bubble, chat) {
  const classes = ["bubble", bubble.mine ? "mine" : "theirs", bubble.file ? "with-file" : ""].join(" ");
  const original = bubble.quoted_id && chat.find((one) => one.id === bubble.quoted_id);
  const inside = bubble.revoked
    ? [el("p", { class: "gone" }, "This message was deleted.")]
    : [
        bubble.forwarded && el("p", { class: "mark" }, "Forwarded"),
        original && el("blockquote", {}, preview(original)),
        bubble.header && el("p", { class: "head" }, ...words(bubble.header)),
        ...content(bubble),
        bubble.footer && el("p", { class: "foot" }, bubble.footer),
      ];
  const meta = el("p", { class: "meta" }, bubble.edited && !bubble.revoked && "edited ", el("time", {}, time(bubble.at_ms)), ticks(bubble));
  const reactions = [bubble.my_reaction, bubble.their_reaction].filter(Boolean).join(" ");
  const menu = el("button", { type: "button", class: "icon menu", "aria-label": "More about this message", onclick: doing(() => actions(bubble)) }, icon("more"));
  return el("li", { class: `line ${bubble.mine ? "mine" : "theirs"}` },
    el("article", { class: classes, "aria-label": bubble.mine ? "Sent" : "Received" }, menu, ...inside, meta,
      reactions && el("span", { class: "reactions", "aria-label": "Reactions" }, reactions)),
    !bubble.revoked && choices(bubble));
}

function ticks(bubble) {
  const said = TICK_WORDS[bubble.ticks];
  if (!said) return null;
  const marks = bubble.ticks === "sent" ? [icon("tick")] : [icon("tick"), icon("tick")];
  return el("span", { class: `ticks ${bubble.ticks}`, role: "img", "aria-label": said, title: said }, ...marks);
}

function content(bubble) {
  const text = bubble.text && el("p", { class: "text" }, ...words(bubble.text));
  if (bubble.file) return [drawFile(bubble), text];
  if (bubble.kind === "location") {
    return [el("p", { class: "place" }, icon("place"), `${bubble.latitude}, ${bubble.longitude}`), text];
  }
  if (bubble.kind === "oversize") return [el("p", { class: "gone" }, `${bubble.text}: more than 100 MB`)];
  if (bubble.kind === "unsupported") return [el("p", { class: "gone" }, `Something the API has no form for (${bubble.text})`)];
  if (bubble.kind === "contacts") return [el("p", { class: "mark" }, "Contact"), text];
  return [text];
}

function drawFile(bubble) {
  const file = bubble.file;
  const name = file.filename ?? { image: "Photo", audio: file.is_voice ? "Voice message" : "Audio", video: "Video", sticker: "Sticker" }[file.kind] ?? "Document";
  if (file.is_here && ["image", "sticker"].includes(file.kind) && /^image\/(jpeg|png|webp)$/.test(file.mime_type)) {
    return el("a", { href: fileAddress(bubble), target: "_blank" },
      el("img", { src: fileAddress(bubble), alt: name, class: file.kind, loading: "lazy" }));
  }
  const about = [file.mime_type.split(";")[0].split("/")[1]?.toUpperCase().slice(0, 12), file.size_bytes && bytes(file.size_bytes)].filter(Boolean).join(" · ");
  const inside = [icon("file"), el("span", {}, el("strong", {}, name), el("small", {}, about || file.link || ""))];
  const card = file.is_here
    ? el("a", { class: "file", href: fileAddress(bubble), target: "_blank", download: file.filename ?? "" }, ...inside)
    : el("span", { class: "file" }, ...inside);
  const isFresh = file.is_voice && !bubble.mine && !bubble.played;
  return isFresh ? el("div", {}, card, el("button", { type: "button", class: "quiet", onclick: doing(() => act("play", { message_id: bubble.id })) }, "Play")) : card;
}

function choices(bubble) {
  if (!bubble.choices.length) return null;
  const tap = (choice) => doing(() => {
    if (choice.kind === "link") return void window.open(choice.id, "_blank", "noopener,noreferrer");
    return act("tap", { message_id: bubble.id, choice: choice.id });
  });
  if (bubble.kind !== "list") {
    return el("div", { class: "choices" }, ...bubble.choices.map((choice) =>
      el("button", { type: "button", onclick: tap(choice) }, choice.kind === "link" && icon("link"), choice.title)));
  }
  const open = doing(async () => {
    const rows = bubble.choices.map((choice) => ({ ...choice, value: choice.id }));
    const chosen = await choose(bubble.list_button, rows);
    if (chosen) await act("tap", { message_id: bubble.id, choice: chosen });
  });
  return el("div", { class: "choices" }, el("button", { type: "button", "aria-haspopup": "dialog", onclick: open }, icon("list"), bubble.list_button));
}

async function actions(bubble) {
  const rows = [{ value: "quote", title: "Answer to it" }];
  if (bubble.mine && bubble.kind === "text" && !bubble.revoked) rows.push({ value: "edit", title: "Edit" });
  if (bubble.mine && !bubble.revoked) rows.push({ value: "revoke", title: "Delete for everyone" });
  if (!bubble.mine) {
    rows.push({ value: "👍", title: "React with 👍" });
    if (bubble.my_reaction) rows.push({ value: "unreact", title: "Take the reaction back" });
  }
  const chosen = await choose("Message", rows);
  if (chosen === "quote") quote(bubble);
  else if (chosen === "revoke") await act("revoke", { message_id: bubble.id });
  else if (chosen === "unreact") await act("react", { message_id: bubble.id });
  else if (chosen === "edit") {
    const given = await ask("Edit", [{ label: "Text", name: "text", value: bubble.text, required: true }], "Save");
    if (given) await act("edit", { message_id: bubble.id, text: given.text });
  } else if (chosen) await act("react", { message_id: bubble.id, emoji: chosen });
}

/** Text as WhatsApp shows it: links can be followed, *bold*, _italic_ and ~struck~ are. */
function words(text) {
  return text.split(LINK).flatMap((part, index) =>
    index % 2 ? [el("a", { href: part, target: "_blank", rel: "noopener noreferrer" }, part)] : styled(part, 0));
}

function styled(text, from) {
  for (let index = from; index < STYLES.length; index += 1) {
    const found = STYLES[index][0].exec(text);
    if (found) {
      const after = text.slice(found.index + found[0].length);
      return [...styled(text.slice(0, found.index), index + 1), el(STYLES[index][1], {}, ...styled(found[1], index + 1)), ...styled(after, index)];
    }
  }
  return text ? [text] : [];
}

const preview = (bubble) => bubble.text?.split("\n")[0].slice(0, 80) || bubble.file?.filename || bubble.kind;

function quote(bubble) {
  quoted = bubble?.id ?? null;
  $("quoting").hidden = bubble === null;
  if (bubble === null) return;
  $("quoting").replaceChildren(el("span", {}, preview(bubble)),
    el("button", { type: "button", class: "icon", "aria-label": "Do not answer to it", onclick: () => quote(null) }, icon("close")));
  $("text").focus();
}

// Sending.

async function sendFiles(files, kind) {
  const form = new FormData();
  form.append("kind", kind);
  const caption = $("text").value.trim();
  if (caption) form.append("caption", caption);
  for (const file of files) form.append("file", file, file.name);
  $("text").value = "";
  notice(files.length > 1 ? `Sending ${files.length} files …` : `Sending ${files[0].name} …`);
  await post(`/phones/${current}/files`, form);
  notice("");
}

async function sendDropped(files) {
  if (!files.length) return;
  const areImages = files.every((file) => /^image\/(jpeg|png)$/.test(file.type));
  if (!areImages) return sendFiles(files, "document");
  const many = files.length > 1;
  const kind = await choose(many ? `${files.length} pictures` : files[0].name, [
    { value: "image", title: many ? "As photos" : "As a photo", description: "What most people do" },
    { value: "document", title: many ? "As documents" : "As a document", description: "Every byte stays as it is" },
  ]);
  if (kind) await sendFiles(files, kind);
}

function pick(kind, accept, multiple) {
  const input = el("input", { type: "file", accept, ".multiple": multiple, hidden: true });
  input.addEventListener("change", doing(async () => {
    input.remove();
    await sendFiles([...input.files], kind);
  }));
  document.body.append(input);
  input.click();
}

async function attach() {
  const kind = await choose("Send", [
    { value: "document", title: "Document", description: "A PDF, or any other file" },
    { value: "image", title: "Photos", description: "Several go as a burst" },
    { value: "voice", title: "Voice message" },
    { value: "video", title: "Video" },
    { value: "sticker", title: "Sticker" },
    { value: "location", title: "Place" },
    { value: "contact", title: "Contact" },
    { value: "unsupported", title: "Poll", description: "The API has no form for it" },
    { value: "oversize", title: "A file above 100 MB", description: "The business gets an error instead" },
  ]);
  if (kind === "document") pick(kind, "", true);
  else if (kind === "image") pick(kind, "image/jpeg,image/png", true);
  else if (kind === "voice") pick(kind, "audio/*", false);
  else if (kind === "video") pick(kind, "video/mp4,video/3gpp", false);
  else if (kind === "sticker") pick(kind, "image/webp", false);
  else if (kind === "location") await act("location", { latitude: 18.52, longitude: 73.85, name: "Clinic", address: "14 Canal Road" });
  else if (kind === "contact") await act("contact", { name: "Dr Sample", number: "+1 555-010-0199" });
  else if (kind) await act(kind, {});
}

export function prepareChat() {
  // Pictures have no height until they are there.
  $("chat").addEventListener("load", () => { if (isAtEnd) $("chat").scrollTop = $("chat").scrollHeight; }, true);
  $("attach").append(icon("attach"));
  $("composer").querySelector(".send").append(icon("send"));
  $("attach").addEventListener("click", doing(attach));
  const text = $("text");
  const grow = () => {
    text.rows = Math.min(6, text.value.split("\n").length);
  };
  const send = doing(async () => {
    const said = text.value.trim();
    if (!said) return;
    await act("text", { text: said, quoting: quoted });
    text.value = "";
    quote(null);
    grow();
  });
  text.addEventListener("input", grow);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) send(event);
  });
  $("composer").addEventListener("submit", send);

  const phone = $("phone");
  const over = (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    $("drop").hidden = false;
  };
  phone.addEventListener("dragenter", over);
  phone.addEventListener("dragover", over);
  phone.addEventListener("dragleave", (event) => {
    if (!phone.contains(event.relatedTarget)) $("drop").hidden = true;
  });
  phone.addEventListener("drop", doing(async (event) => {
    $("drop").hidden = true;
    await sendDropped([...event.dataTransfer.files]);
  }));
  text.addEventListener("paste", (event) => {
    const files = [...event.clipboardData.files];
    if (files.length) doing(() => sendDropped(files))(event);
  });
}
