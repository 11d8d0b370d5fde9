// The conversation: what is said goes out, what is answered comes in. Whatever
// stands around it on the page uses what is exported here.

import { byId } from "./element.js";
import { closeStream, flows, hideStream, openStream } from "./stream.js";
import { onSession, openSession, PAGE_SIZE, pullMessages } from "./transport.js";
import * as timeline from "./timeline.js";
import { follow } from "./unread.js";
import { Unsent } from "./unsent.js";
import { hasText, returnFocus, setText } from "./composer.js";
import { CHINESE, language, t } from "./words.js";

const POLL = 2e3; // where there is no stream
const POLL_PENDING = 600; // while an answer is on its way
const POLL_IDLE = 10e3;
const IDLE = 5 * 60e3;

// ---- trouble --------------------------------------------------------------

const trouble = byId("trouble");
const troubleClose = byId("trouble-close");

// Says what went wrong, in the frame's language unless another is named; "" takes it back.
export function tell(text, lang = language) {
  trouble.lang = lang;
  if (trouble.textContent !== text) trouble.textContent = text;
  troubleClose.hidden = !text;
}
troubleClose.addEventListener("click", (event) => {
  tell("");
  returnFocus(event);
});

let failures = 0; // requests in a row that did not reach the server

function reached(yes) {
  failures = yes ? 0 : failures + 1;
  const away = navigator.onLine === false || failures > 1;
  const text = away ? t("talk.offline") : "";
  const bar = byId("offline");
  if (bar.textContent !== text) bar.textContent = text;
}

// ---- the conversation -----------------------------------------------------

let conversation = null;
let cursor = 0; // everything up to here has been pulled
let heard = 0; // everything up to here is history and is not read aloud
let pendingAnswer = false;
let lastActive = Date.now();

// The citizen is doing something: answers are looked for more often.
export const active = () => {
  lastActive = Date.now();
};

export const awaitsAnswer = () => pendingAnswer;

onSession((session) => {
  if (conversation !== null && session.conversation !== conversation) restart(session.latest);
  else if (conversation === null) heard = session.latest || 0;
  conversation = session.conversation;
  follow(conversation);
});

function restart(latest) {
  timeline.startOver();
  cursor = 0;
  heard = latest || 0;
}

function showTyping() {
  timeline.setTyping(failures === 0 && (pendingAnswer || unsent.inFlight !== null));
}

function take(messages) {
  for (const { client_id: id } of messages) if (id) unsent.arrived(id);
  if (timeline.merge(messages, heard)) active();
}

// ---- sending --------------------------------------------------------------

const unsent = new Unsent({
  shown: (item) => timeline.addOwn(item),
  changed(item) {
    timeline.setOwnState(item);
    showTyping();
  },
  moved: (item, index, share) => timeline.setProgress(item.id, index, share),
  sent(item, answer) {
    reached(true);
    tell("");
    // The cursor stays: another tab may have spoken in between.
    timeline.dropOwn(item.id);
    take(answer.messages || []);
    pendingAnswer = answer.state === "pending";
    showTyping();
    if (!flows()) pullIn(pendingAnswer ? POLL_PENDING : POLL);
  },
  failed(item, failure) {
    reached(failure.status !== 0);
    showTyping();
    if (failure.status !== 0) tell(failure.message, (failure.told && CHINESE) || language);
    if (!failure.refused) return;
    if (item.body.choice) {
      unsent.withdraw(item.id);
      timeline.dropOwn(item.id);
      timeline.untap(item.body.choice.seq);
    }
  },
});

timeline.setActions({
  tap(message, option, event) {
    active();
    unsent.say({ choice: { seq: message.seq, option: option.number } }, option.title);
    returnFocus(event);
  },
  // A line of the card, said anew: the button that asks for it, and the answer.
  edit({ seq }, number, text) {
    active();
    tell("");
    unsent.say({ choice: { seq, option: number } }, t("cards.edit_said"));
    if (text) unsent.say({ text }, text);
  },
  resend: () => unsent.retry(),
  change(item) {
    unsent.withdraw(item.id);
    timeline.dropOwn(item.id);
    tell("");
    if (item.body.photos) {
      openPhotos(item.body);
      return;
    }
    if (item.body.text === undefined) return;
    setText(hasText() ? `${item.body.text}\n${byId("words").value}` : item.body.text);
    byId("words").focus();
  },
});

// Say these words, as if they had been typed.
export function say(text) {
  active();
  tell("");
  unsent.say({ text }, text);
}

// Send a pin, `{lat, lon, crs, label}`; `shown` stands in its bubble.
export function sendPlace(location, shown) {
  active();
  tell("");
  unsent.say({ location }, shown);
}

// Send pictures that are kept under these ids (see keep.js), with words beside them or "".
export function sendPhotos(photos, text) {
  active();
  tell("");
  unsent.say({ photos, text }, text);
}

async function openPhotos(body) {
  try {
    const panel = await import("./panels/photos.js");
    await panel.open(byId("words"), body);
  } catch (problem) {
    console.warn(problem);
    tell(t("page.not_opened"));
  }
}

// ---- pulling --------------------------------------------------------------

let timer = 0;
let pulling = false;
let pullAgain = false;

async function pullAll() {
  for (;;) {
    const asked = conversation;
    const page = await pullMessages(() => cursor);
    // The stream has gone on to another conversation meanwhile: what was asked for counts for nothing there.
    if (asked !== null && asked !== conversation) continue;
    const another = conversation !== null && page.conversation !== undefined && page.conversation !== conversation;
    if (another || page.latest < cursor) {
      // The conversation has been begun anew (another tab, a deletion), or goes on with that of another channel.
      if (another) {
        conversation = page.conversation;
        follow(conversation);
      }
      restart(another ? 0 : page.latest);
      continue;
    }
    take(page.messages);
    for (const { seq } of page.messages) cursor = Math.max(cursor, seq);
    pendingAnswer = Boolean(page.pending);
    if (page.messages.length < PAGE_SIZE) return;
  }
}

async function pull() {
  clearTimeout(timer);
  if (pulling) {
    pullAgain = true;
    return;
  }
  pulling = true;
  let wait = 0;
  try {
    await pullAll();
    reached(true);
    openStream(stream);
  } catch (failure) {
    reached(Boolean(failure.status));
    wait = failure.wait || Math.min(30e3, POLL * 2 ** Math.min(failures, 4));
  }
  pulling = false;
  showTyping();
  if (pullAgain) {
    pullAgain = false;
    pullIn(0);
  } else {
    const calm = Date.now() - lastActive > IDLE ? POLL_IDLE : POLL;
    if (wait || !flows()) pullIn(Math.max(wait, pendingAnswer ? POLL_PENDING : calm));
  }
}

// Look for new lines in so many milliseconds.
export function pullIn(milliseconds) {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(pull, milliseconds);
}

const stream = {
  start: () => ({ after: cursor, conversation }),
  message(message) {
    take([message]);
    cursor = Math.max(cursor, message.seq);
  },
  pending(on) {
    pendingAnswer = on;
    showTyping();
  },
  moved(to) {
    conversation = to.conversation;
    follow(conversation);
    restart(to.latest);
  },
  flowing() {
    clearTimeout(timer);
    reached(true);
  },
  lost: () => pullIn(0),
};

function comeBack() {
  if (document.visibilityState !== "visible") {
    hideStream();
    return;
  }
  timeline.refreshTimes();
  pull();
  unsent.retry();
}

document.addEventListener("visibilitychange", comeBack);
window.addEventListener("pageshow", (event) => {
  if (event.persisted) comeBack();
});
window.addEventListener("online", () => {
  reached(true);
  comeBack();
});
window.addEventListener("pagehide", closeStream);
window.addEventListener("offline", () => {
  closeStream();
  reached(false);
  showTyping();
});

export function startTalk() {
  openSession().catch(() => {});
  unsent.recover();
  pull();
}
