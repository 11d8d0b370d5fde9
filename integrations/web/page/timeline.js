// The conversation on the screen: server messages by their number, the
// citizen's unsent ones after them, and time separators.

import { byId, element, icon } from "./element.js";
import { cardNode, holdsText, spokenCard } from "./cards.js";
import { needsSeparator, spokenTime } from "./clock.js";
import { closeEditing, makeEditable } from "./editing.js";
import { withPhones } from "./phones.js";
import { settle, stuckToBottom, toBottom } from "./scroll.js";
import { hearButton, readNew } from "./speech.js";
import * as unread from "./unread.js";
import { CHINESE, FOREIGN, mark, t } from "./words.js";

const lines = byId("lines");
const welcome = byId("welcome");
const typing = byId("typing");
const spoken = byId("spoken");

const entries = new Map(); // seq -> {message, line, at}
let order = []; // seqs, ascending
const own = new Map(); // client id -> line of an unsent message
const tapped = new Map(); // seq -> option number tapped on this page
let actions = { tap() {}, resend() {}, change() {}, edit() {} };

export function setActions(given) {
  actions = given;
}

// ---- speaking -------------------------------------------------------------

export function speak(text, lang = null) {
  if (!text) return;
  const words = element("p", { lang }, text);
  spoken.append(words);
  setTimeout(() => words.remove(), 20e3);
}

const wholly = ({ text, card }) => [text || "", spokenCard(card, text || "")].filter(Boolean).join("\n");

function speakMessage({ text, card, options, language: spoken }) {
  const titles = (options || []).map((option) => option.title);
  const said = wholly({ text, card });
  readNew(said);
  const choices = titles.length ? t("talk.choices_are", { titles: titles.join("、") }) : "";
  if (CHINESE) {
    speak(said, mark(spoken));
    speak(choices);
  } else speak([said, choices].filter(Boolean).join("\n"));
}

// ---- drawing --------------------------------------------------------------

const ROLES = {
  citizen: { face: "", who: "" },
  assistant: { face: "诉", who: "page.assistant" },
  notice: { face: "", who: "" },
  staff: { face: "人", who: "talk.staff" },
};

function roleOf({ from, card }) {
  if (card && card.kind === "staff") return "staff";
  return ROLES[from] ? from : "assistant";
}

function drawOptions(message) {
  if (!message.options || !message.options.length) return null;
  const plain = !message.card || message.card.kind !== "confirm";
  return element(
    "div",
    { class: "options", role: "group", "aria-label": t("talk.choices") },
    message.options.map((option, index) =>
      element(
        "button",
        {
          type: "button",
          lang: CHINESE,
          class: !plain && index === 0 ? "option main" : "option",
          "data-keep-focus": true,
          "data-number": option.number,
          onclick: (event) => tap(message, option, event),
        },
        option.title,
      ),
    ),
  );
}

// ---- pictures ----------------------------------------------------------------

const brought = new Map(); // client id -> addresses of pictures that this page has itself

function photoButton(all, index) {
  const number = index + 1;
  const show = async ({ currentTarget: opener }) => {
    const panel = await import("./panels/photo.js").catch(() => null);
    if (panel) panel.open(opener, all, index);
  };
  const small = all[index].startsWith("/") ? `${all[index]}?size=small` : all[index];
  const image = element("img", { src: small, alt: t("talk.photo_open", { number }), loading: "lazy", decoding: "async" });
  return element("button", { type: "button", class: "photo", onclick: show }, image);
}

function photosOf({ media, client_id: id }) {
  const photos = (media || []).filter(({ kind }) => kind === "photo");
  if (!photos.length) return null;
  const all = photos.map(({ url }, index) => (brought.get(id) || [])[index] || url);
  return element("div", { class: "photos" }, all.map((_, index) => photoButton(all, index)));
}

// Pictures on their way, each with how far it is.
function ownPhotos({ id, body }) {
  const bars = body.photos.map((_, index) =>
    element("progress", { max: 1, value: 0, "aria-label": t("talk.photo_progress", { number: index + 1 }) }),
  );
  const places = bars.map((bar) => element("div", { class: "photo" }, bar));
  import("./photos.js")
    .then(({ addresses }) => addresses(body.photos))
    .then((all) => {
      brought.set(id, all);
      all.forEach((url, index) => url && places[index].prepend(element("img", { src: url, alt: t("talk.photo_open", { number: index + 1 }) })));
      if (stuckToBottom()) toBottom();
    })
    .catch((problem) => console.warn(problem));
  return element("div", { class: "photos" }, places);
}

export function setProgress(id, index, share) {
  const entry = own.get(id);
  const bar = entry && entry.line.querySelectorAll("progress")[index];
  if (bar) bar.value = share;
}

function drawCard(message, text) {
  const node = cardNode(message.card, text);
  if (node && message.card.kind === "confirm") {
    makeEditable(node, (number, said) => {
      tapped.set(message.seq, number);
      refreshOptions();
      actions.edit(message, number, said);
    });
  }
  return node;
}

function draw(message) {
  const role = roleOf(message);
  const { face, who } = ROLES[role];
  const text = message.text || "";
  const own = role === "citizen";
  const bubble =
    text && !message.stand_in && !holdsText(message.card)
      ? element("div", { class: "bubble", lang: mark(message.language) }, own ? text : withPhones(text))
      : null;
  return element(
    "li",
    { class: `line ${role}`, "data-seq": message.seq },
    face ? element("span", { class: "face", lang: CHINESE, "aria-hidden": "true" }, face) : null,
    element(
      "div",
      { class: "said" },
      own ? element("span", { class: "unseen" }, t("talk.i_say")) : null,
      role === "notice" && !message.card ? element("span", { class: "unseen" }, t("talk.notice")) : null,
      who ? element("p", { class: "who" }, t(who)) : null,
      photosOf(message),
      bubble,
      message.card ? drawCard(message, text) : null,
      own || !wholly(message) ? null : hearButton(wholly(message)),
      drawOptions(message),
    ),
  );
}

function tap(message, option, event) {
  if (tapped.has(message.seq)) return;
  tapped.set(message.seq, option.number);
  refreshOptions();
  actions.tap(message, option, event);
}

// A tapped choice that the server refused may be tapped again.
export function untap(seq) {
  tapped.delete(seq);
  refreshOptions();
}

// Buttons answer the latest question only. Which one was taken long ago is
// read from the citizen's next line, which carries the button's title.
function takenOption(message, index) {
  if (tapped.has(message.seq)) return tapped.get(message.seq);
  for (let n = index + 1; n < order.length; n += 1) {
    const next = entries.get(order[n]).message;
    if (next.from !== "citizen") continue;
    const option = message.options.find(({ title }) => title === (next.text || "").trim());
    return option ? option.number : null;
  }
  return null;
}

function setOption(button, active, taken) {
  button.disabled = !active;
  button.classList.toggle("taken", taken);
  if (taken) button.setAttribute("aria-label", t("talk.chosen", { title: button.firstChild.textContent }));
  else button.removeAttribute("aria-label");
}

function refreshOptions() {
  let answered = false; // an assistant message stands later
  for (let index = order.length - 1; index >= 0; index -= 1) {
    const { message, line } = entries.get(order[index]);
    if (message.options && message.options.length) {
      const taken = takenOption(message, index);
      for (const button of line.querySelectorAll(".options .option"))
        setOption(button, !answered && taken === null, Number(button.dataset.number) === taken);
      if (answered || taken !== null) closeEditing(line);
    }
    if (message.from === "assistant") answered = true;
  }
  for (const button of welcome.querySelectorAll("[data-say]")) button.disabled = answered;
  const first = order.length ? entries.get(order[0]).message : null;
  // A greeting of the server's own takes the place of the one in the page.
  welcome.hidden = Boolean(first && first.seq === 1 && first.from === "assistant");
}

function setSeparator(line, text) {
  const old = line.querySelector(".when");
  if (!text) {
    if (old) old.remove();
  } else if (old) {
    if (old.textContent !== text) old.textContent = text;
  } else line.prepend(element("p", { class: "when" }, text));
}

export function refreshTimes() {
  let previous = null;
  let role = "";
  const shown = [...order.map((seq) => entries.get(seq)), ...[...own.values()]];
  for (const { line, at, message } of shown) {
    const breaks = needsSeparator(previous, at);
    setSeparator(line, breaks ? spokenTime(at) : "");
    const now = message ? roleOf(message) : "citizen";
    line.classList.toggle("follows", !breaks && now === role);
    role = now;
    previous = at;
  }
}

function gloss(line) {
  import("./glosses.js")
    .then((glosses) => glosses.add(line))
    .catch((problem) => console.warn(problem));
}

// ---- server messages ------------------------------------------------------

function insert(message) {
  const line = draw(message);
  const at = Date.parse(message.at) || Date.now();
  let place = order.length;
  while (place > 0 && order[place - 1] > message.seq) place -= 1;
  const next = place < order.length ? entries.get(order[place]).line : null;
  const firstOwn = own.size ? own.values().next().value.line : null;
  lines.insertBefore(line, next || firstOwn);
  order.splice(place, 0, message.seq);
  entries.set(message.seq, { message, line, at });
  if (FOREIGN && message.from !== "citizen") gloss(line);
  return line;
}

// A recording has become words; other lines stay as they were said.
function redraw(message) {
  const entry = entries.get(message.seq);
  const recorded = (message.media || []).some(({ kind }) => kind === "voice");
  if (!recorded || entry.message.text === message.text) return;
  const line = draw(message);
  entry.line.replaceWith(line);
  Object.assign(entry, { message, line });
  refreshOptions();
  refreshTimes();
}

// Adds what is not there yet; messages above `heard` are spoken.
export function merge(messages, heard) {
  const first = {}; // the first new line with each kind of card
  let added = 0;
  let ownOnly = true;
  for (const message of messages) {
    if (entries.has(message.seq)) {
      redraw(message);
      continue;
    }
    if (message.client_id) dropOwn(message.client_id);
    const line = insert(message);
    unread.arrived(message, line);
    added += 1;
    if (message.from === "citizen") continue;
    ownOnly = false;
    if (message.seq <= heard) continue;
    speakMessage(message);
    if (message.card && !first[message.card.kind]) first[message.card.kind] = line;
  }
  unread.settled();
  if (!added) return 0;
  refreshOptions();
  refreshTimes();
  if (stuckToBottom() || !ownOnly) settle(first.danger || first.progress);
  return added;
}

export function startOver() {
  for (const { line } of entries.values()) line.remove();
  entries.clear();
  tapped.clear();
  order = [];
  refreshOptions();
}

export function setTyping(on) {
  if (typing.hidden !== on) return;
  typing.hidden = !on;
  if (on && stuckToBottom()) toBottom();
}

// ---- the citizen's unsent messages ----------------------------------------

export function addOwn(item) {
  unread.answered();
  const state = element("div", { class: "state" });
  const words = item.body.location ? [icon("pin"), item.text] : item.text;
  const line = element(
    "li",
    { class: "line citizen own" },
    element(
      "div",
      { class: "said" },
      element("span", { class: "unseen" }, t("talk.i_say")),
      item.body.photos ? ownPhotos(item) : null,
      words ? element("div", { class: "bubble" }, words) : null,
      state,
    ),
  );
  own.set(item.id, { line, state, at: item.at });
  lines.append(line);
  if (item.body.choice) {
    tapped.set(item.body.choice.seq, item.body.choice.option);
    refreshOptions();
  }
  setOwnState(item);
  refreshTimes();
  toBottom();
}

const STATES = {
  waiting: { words: "talk.waiting", act: (item) => actions.resend(item) },
  refused: { words: "talk.refused", act: (item) => actions.change(item) },
};

export function setOwnState(item) {
  const entry = own.get(item.id);
  if (!entry || entry.shown === item.state) return;
  entry.shown = item.state;
  const { words, act } = STATES[item.state] || {};
  entry.state.replaceChildren(
    words
      ? element("button", { type: "button", class: "again", "data-keep-focus": true, onclick: () => act(item) }, t(words))
      : element("span", { class: "sending" }, t("talk.sending")),
  );
}

export function dropOwn(id) {
  const entry = own.get(id);
  if (!entry) return;
  entry.line.remove();
  own.delete(id);
}
