// The page: keeps what is shown in step with the simulator.

import { $, el, moment, prepareSheet, span } from "./dom.js";
import { doing, get, listen, post } from "./control.js";
import { drawChat, prepareChat } from "./chat.js";
import { addPhone, drawPhones, drawUser } from "./phones.js";
import { drawAccount, drawFaults, drawFidelity, drawLog, openPanel, prepareTabs } from "./panels.js";

let state = null;
let selected = null;
let offsetMs = 0;
let drawing = false;
let pending = new Set();

async function select(key) {
  if (selected && selected !== key) post(`/phones/${selected}`, { chat_is_open: false }).catch(() => {});
  selected = key;
  await post(`/phones/${key}`, { chat_is_open: true });
  await refresh(new Set(["everything"]));
}

/** Draw what changed; changes that come meanwhile are drawn afterwards, together. */
async function refresh(topics) {
  pending = new Set([...pending, ...topics]);
  if (drawing) return;
  drawing = true;
  try {
    while (pending.size) {
      const now = pending;
      pending = new Set();
      await draw(now);
    }
  } finally {
    drawing = false;
  }
}

async function draw(topics) {
  state = await get("/state");
  offsetMs = state.clock.now_ms - Date.now();
  tick();
  const { account } = state;
  $("business").textContent = `${account.name} · +${account.display_number}${account.token_expired ? " · its token has ended" : ""}`;
  $("business-name").textContent = account.name;
  $("business-letter").textContent = account.name[0];
  $("ahead").textContent = state.clock.ahead_s >= 1 ? `${span(state.clock.ahead_s * 1000)} ahead of this machine` : "as this machine";
  if (!state.phones.some((phone) => phone.key === selected)) selected = null;
  if (!selected && state.phones.length) return void setTimeout(doing(() => select(state.phones[0].key)));
  drawPhones(state.phones, selected, (key) => doing(() => select(key))());
  const phone = state.phones.find((one) => one.key === selected);
  $("phone").classList.toggle("is-off", phone ? !phone.is_on : true);
  if (phone) {
    $("presence").textContent = !phone.is_on ? "This phone is off" : phone.is_typing ? "typing…" : `on the phone of ${phone.name}`;
    $("presence").classList.toggle("typing", phone.is_typing);
    if (topics.has("everything") || topics.has(`chat:${selected}`) || topics.has("clock")) await drawChat(selected);
  }
  $("tab-faults").textContent = state.faults.length ? `Faults (${state.faults.length})` : "Faults";
  $("tab-log").textContent = state.waiting_webhooks ? `Deliveries (${state.waiting_webhooks})` : "Deliveries";
  await drawPanel(topics);
}

async function drawPanel(topics) {
  const panel = openPanel();
  const phone = state.phones.find((one) => one.key === selected);
  const all = topics.has("everything");
  if (panel === "log" && (all || topics.has("log") || topics.has("clock"))) await drawLog(state.waiting_webhooks);
  else if (panel === "faults" && (all || topics.has("faults"))) await drawFaults();
  else if (panel === "user" && phone) drawUser(phone);
  else if (panel === "account") drawAccount(state.account);
  else if (panel === "fidelity") await drawFidelity();
}

function tick() {
  const now = Date.now() + offsetMs;
  $("now").textContent = moment(now);
  $("now").dateTime = new Date(now).toISOString();
}

prepareSheet();
prepareChat();
prepareTabs(() => state && doing(() => drawPanel(new Set(["everything"])))());
for (const button of document.querySelectorAll("[data-seconds]")) {
  button.addEventListener("click", doing(() => post("/clock/advance", { seconds: Number(button.dataset.seconds) })));
}
$("add-phone").addEventListener("click", doing(async () => {
  const phone = await addPhone();
  if (phone) await select(phone.key);
}));
setInterval(tick, 1000);
listen((topics) => doing(() => refresh(topics))());
