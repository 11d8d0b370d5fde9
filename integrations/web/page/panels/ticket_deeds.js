// Urging, adding, taking back, rating: each asked kindly, done once, and told.

import { element } from "../element.js";
import { openPanel } from "../panel.js";
import { ask } from "../transport.js";
import { newId } from "../unsent.js";
import { t } from "../words.js";
import { answers, button, failed, put, told, why, writing, wrongLine } from "./ticket_parts.js";

const LONGEST_RATING = 500;

// `fresh(ticket)` hears what the ticket is like after it; gives when it was closed.
export function openDeed(act, ticket, opener, fresh) {
  const panel = openPanel({ name: "deed", title: t(`tickets.${act}`), opener });
  const deed = { panel, path: `/api/tickets/${ticket.number}`, ticket, id: newId(), fresh };
  ({ urge, supplement, withdraw, rate })[act](deed);
  return panel.closed;
}

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

async function supplement(deed) {
  try {
    const { openAddition } = await import("./ticket_addition.js");
    await openAddition(deed);
  } catch (problem) {
    console.warn(problem);
    deed.panel.body.replaceChildren(failed(t("tickets.no_network"), () => supplement(deed)));
  }
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
