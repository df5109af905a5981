// Small helpers to build what is shown. Text always goes in as text: nothing a message says can become markup.

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  attach: "M16.5 6v11a4.5 4.5 0 0 1-9 0V5.5a3 3 0 0 1 6 0V16a1.5 1.5 0 0 1-3 0V6.5H9V16a3 3 0 0 0 6 0V5.5a4.5 4.5 0 0 0-9 0V17a6 6 0 0 0 12 0V6z",
  send: "M3 20.5 21.5 12 3 3.5v6.8L14.5 12 3 13.7z",
  close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12 19 17.6 17.6 19 12 13.4 6.4 19 5 17.6 10.6 12 5 6.4z",
  more: "M12 8a2 2 0 1 1 0-4 2 2 0 0 1 0 4m0 6a2 2 0 1 1 0-4 2 2 0 0 1 0 4m0 6a2 2 0 1 1 0-4 2 2 0 0 1 0 4",
  list: "M4 6h2v2H4zm4 0h12v2H8zM4 11h2v2H4zm4 0h12v2H8zm-4 5h2v2H4zm4 0h12v2H8z",
  file: "M6 2h8l5 5v15H6zm7 1.5V8h4.5z",
  place: "M12 2a7 7 0 0 0-7 7c0 5 7 13 7 13s7-8 7-13a7 7 0 0 0-7-7m0 9.5A2.5 2.5 0 1 1 12 6.500a2.500 2.500 0 0 1 0 5",
  link: "M14 4h6v6h-2V7.400l-8.300 8.300-1.400-1.400L16.600 6H14zM5 6h6v2H6v10h10v-5h2v7H4V6z",
  tick: "M9.500 16.200 5.300 12l-1.400 1.400 5.600 5.600L21 7.500 19.600 6z",
};

export const $ = (id) => document.getElementById(id);

/** An element: attributes, listeners (`onclick`), properties (`.value`), and children; null and false are left out. */
export function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith(".")) node[name.slice(1)] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** One field with its label. `input` has no id yet. */
let fields = 0;
export function field(label, input, note = null) {
  input.id = `field-${(fields += 1)}`;
  return el("p", { class: "field" }, el("label", { for: input.id }, label), input, note && el("small", {}, note));
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${Math.round(count / 1024)} kB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const EXACT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const time = (ms) => TIME.format(ms);
export const exact = (ms) => EXACT.format(ms);
export const moment = (ms) => MOMENT.format(ms);
export const day = (ms) => DAY.format(ms);

export function span(ms) {
  const minutes = Math.floor(ms / 60000);
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Slide the sheet up from the foot of the phone. Resolves to the value of the button that closed it. */
function slideUp(title, ...content) {
  const dialog = $("sheet");
  $("sheet-title").textContent = title;
  $("sheet-body").replaceChildren(...content);
  const screen = document.querySelector(".screen").getBoundingClientRect();
  dialog.style.left = `${screen.left}px`;
  dialog.style.width = `${screen.width}px`;
  dialog.style.bottom = `${Math.max(0, window.innerHeight - screen.bottom)}px`;
  dialog.style.maxHeight = `${Math.min(screen.height, window.innerHeight) * 0.85}px`;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

/** Choices on the sheet; resolves to the value of the chosen one, or null. */
export async function choose(title, choices) {
  let section = null;
  const rows = choices.flatMap((choice, index) => {
    const row = el("button", { class: "row", value: choice.value, autofocus: index === 0 },
      el("span", {}, choice.title), choice.description && el("small", {}, choice.description));
    const heading = choice.section && choice.section !== section && el("h3", {}, choice.section);
    section = choice.section;
    return heading ? [heading, row] : [row];
  });
  return (await slideUp(title, ...rows)) || null;
}

/** Fields on the sheet; resolves to their values by name, or null. */
export async function ask(title, inputs, submit) {
  const fields = inputs.map(({ label, ...attributes }, index) => [label, el("input", { autocomplete: "off", autofocus: index === 0, ...attributes })]);
  const closed = await slideUp(title, ...fields.map(([label, input]) => field(label, input)), el("button", { class: "primary", value: "ok" }, submit));
  return closed === "ok" ? Object.fromEntries(fields.map(([, input]) => [input.name, input.value.trim()])) : null;
}

export function prepareSheet() {
  const dialog = $("sheet");
  dialog.querySelector("header button").append(icon("close"));
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("");
  });
}
