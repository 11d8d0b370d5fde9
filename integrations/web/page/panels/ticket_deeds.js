// Urging, adding, taking back, rating: each asked kindly, done once, and told.

import { element } from "../element.js";
import { openPanel } from "../panel.js";
import { withPhones } from "../phones.js";
import { additions } from "../storage.js";
import { ask } from "../transport.js";
import { newId } from "../unsent.js";
import { t } from "../words.js";
import { failed, why } from "./ticket_parts.js";

const LONGEST = 1000;
const LONGEST_RATING = 500;

// `fresh(ticket)` hears what the ticket is like after it; gives when it was closed.
export function openDeed(act, ticket, opener, fresh) {
  const panel = openPanel({ name: "deed", title: t(`tickets.${act}`), opener });
  const deed = { panel, path: `/api/tickets/${ticket.number}`, ticket, id: newId(), fresh };
  ({ urge, supplement, withdraw, rate })[act](deed);
  return panel.closed;
}

const button = (text, onclick, main) => element("button", { type: "button", class: main ? "option main" : "option", onclick }, text);

// The question gets the focus: whoever listens hears it first.
function put({ panel }, question, ...rest) {
  const asked = element("p", { class: "deed-question", tabindex: "-1" }, withPhones(question));
  panel.body.replaceChildren(asked, ...rest.filter(Boolean));
  panel.body.scrollTop = 0;
  asked.focus({ preventScroll: true });
}

function answers(...buttons) {
  return element("div", { class: "deed-answers" }, buttons.filter(Boolean));
}

function told(deed, text, main) {
  put(deed, text, answers(button(t("tickets.understood"), deed.panel.close, main !== false)));
}

const wrongLine = () => element("p", { class: "ticket-wrong", role: "alert" });

// Sends it; while it is under way nothing can be tapped twice. "" or what went wrong.
async function send(deed, path, body, done) {
  const buttons = deed.panel.body.querySelectorAll("button");
  for (const one of buttons) one.disabled = true;
  try {
    const answer = await ask("POST", `${deed.path}/${path}`, { id: deed.id, ...body });
    deed.id = newId();
    if (answer.ticket) deed.fresh(answer.ticket);
    done(answer);
    return "";
  } catch (problem) {
    for (const one of buttons) one.disabled = false;
    return why(problem, "tickets.not_sent");
  }
}

// ---- urging ---------------------------------------------------------------

function urge(deed) {
  const wrong = wrongLine();
  const yes = button(t("tickets.urge"), async () => {
    wrong.textContent = "";
    wrong.textContent = await send(deed, "urge", {}, (answer) => told(deed, answer.text));
  }, true);
  put(deed, t("tickets.urge_ask"), wrong, answers(yes, button(t("tickets.urge_no"), deed.panel.close)));
}

// ---- adding ---------------------------------------------------------------

function writing(label, longest, rows) {
  const words = element("textarea", { id: "deed-words", rows, maxlength: longest });
  const left = element("small", { class: "deed-left" });
  const count = () => (left.textContent = longest - words.value.length < 100 ? t("tickets.left", { count: longest - words.value.length }) : "");
  words.addEventListener("input", count);
  return { words, node: element("div", { class: "ticket-field" }, element("label", { for: "deed-words" }, label), words, left) };
}

function supplement(deed) {
  const { words, node } = writing(t("tickets.supplement_label"), LONGEST, "5");
  const wrong = wrongLine();
  let sent = "";
  words.value = additions.read(deed.ticket.number);
  words.addEventListener("input", () => additions.write(deed.ticket.number, words.value));
  const yes = button(t("tickets.supplement_yes"), async () => {
    const text = words.value.trim();
    wrong.textContent = text ? "" : t("tickets.supplement_none");
    if (!text) return words.focus();
    // Other words are another addition; the same ones are never added twice.
    if (sent && sent !== text) deed.id = newId();
    sent = text;
    wrong.textContent = await send(deed, "supplement", { text }, (answer) => {
      if (answer.done) additions.write(deed.ticket.number, "");
      told(deed, answer.text);
    });
    return undefined;
  }, true);
  put(deed, t("tickets.supplement_ask"), node, wrong, answers(yes));
}

// ---- taking back ----------------------------------------------------------

async function withdraw(deed) {
  deed.panel.body.replaceChildren(element("p", { class: "ticket-note", role: "status" }, t("tickets.loading")));
  let look;
  try {
    look = await ask("POST", `${deed.path}/withdraw`, { id: deed.id });
  } catch (problem) {
    deed.panel.body.replaceChildren(failed(why(problem, "tickets.no_network"), () => withdraw(deed)));
    return;
  }
  if (!look.ticket.acts.includes("withdraw")) {
    deed.fresh(look.ticket);
    told(deed, look.text);
    return;
  }
  const { words, node } = writing(t("tickets.withdraw_why"), LONGEST_RATING, "2");
  const wrong = wrongLine();
  const yes = button(t("tickets.withdraw_yes"), async () => {
    wrong.textContent = "";
    wrong.textContent = await send(deed, "withdraw", { confirm: true, why: words.value.trim() }, (answer) => told(deed, answer.text));
  });
  yes.classList.add("grave");
  put(deed, look.text, node, wrong, answers(button(t("tickets.withdraw_no"), deed.panel.close, true), yes));
}

// ---- rating ---------------------------------------------------------------

async function rate(deed) {
  deed.panel.body.replaceChildren(element("p", { class: "ticket-note", role: "status" }, t("tickets.loading")));
  try {
    question(deed, await ask("GET", `${deed.path}/rating`), []);
  } catch (problem) {
    deed.panel.body.replaceChildren(failed(why(problem, "tickets.no_network"), () => rate(deed)));
  }
}

// `before` are the questions that were answered here, for the way back.
function question(deed, asked, before) {
  if (!asked.question) {
    deed.fresh(null);
    told(deed, asked.text);
    return;
  }
  const wrong = wrongLine();
  const answer = async (said) => {
    wrong.textContent = "";
    wrong.textContent = await send(deed, "rating", { question: asked.question, ...said }, (next) => {
      const same = next.question === asked.question;
      question(deed, next, same ? before : [...before, asked]);
    });
  };
  const choices = asked.choices.map(({ title, choice }) => button(title, () => answer({ choice })));
  const own = asked.takes_words ? writing(t("tickets.rate_words"), LONGEST_RATING, "2") : null;
  const say = own && button(t("tickets.rate_send"), () => {
    const words = own.words.value.trim();
    if (words) answer({ words });
    else {
      wrong.textContent = t("tickets.rate_none");
      own.words.focus();
    }
  }, true);
  // Once the verdict has been acted on, it stands.
  const last = before[before.length - 1];
  const back = last && asked.question !== "rating_media" ? button(t("tickets.rate_back"), () => question(deed, last, before.slice(0, -1))) : null;
  const heard = asked.understood ? asked.text : `${t("tickets.not_understood")}\n${asked.text}`;
  put(deed, heard, answers(...choices), own && own.node, wrong, answers(say, back));
}
