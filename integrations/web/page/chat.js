// The citizens' page: joins the writing line, the timeline and the server.

import { byId } from "./element.js";
import { onSession, openSession, PAGE_SIZE, pullMessages, sayTyping } from "./transport.js";
import * as timeline from "./timeline.js";
import { toStart } from "./scroll.js";
import { Unsent } from "./unsent.js";
import { hasText, returnFocus, setText, startComposer, startPlace } from "./composer.js";
import { isElder, onElder, setElder, startMenu } from "./menu.js";

const POLL = 3e3;
const POLL_PENDING = 600; // while an answer is on its way
const POLL_IDLE = 10e3;
const IDLE = 5 * 60e3;

// ---- trouble --------------------------------------------------------------

const trouble = byId("trouble");
const troubleClose = byId("trouble-close");

function tell(text) {
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
  const text = away ? "网络断开了。您说的话都留着，连上后自动发出。" : "";
  const bar = byId("offline");
  if (bar.textContent !== text) bar.textContent = text;
}

// ---- the conversation -----------------------------------------------------

let conversation = null;
let cursor = 0; // everything up to here has been pulled
let heard = 0; // everything up to here is history and is not read aloud
let pendingAnswer = false;
let lastActive = Date.now();

const active = () => {
  lastActive = Date.now();
};

onSession((session) => {
  if (conversation !== null && session.conversation !== conversation) restart(session.latest);
  else if (conversation === null) heard = session.latest || 0;
  conversation = session.conversation;
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
  sent(item, answer) {
    reached(true);
    tell("");
    // The cursor stays: another tab may have spoken in between.
    timeline.dropOwn(item.id);
    take(answer.messages || []);
    pendingAnswer = answer.state === "pending";
    showTyping();
    pullIn(pendingAnswer ? POLL_PENDING : POLL);
  },
  failed(item, failure) {
    reached(failure.status !== 0);
    showTyping();
    if (failure.status !== 0) tell(failure.message);
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
  resend: () => unsent.retry(),
  change(item) {
    unsent.withdraw(item.id);
    timeline.dropOwn(item.id);
    tell("");
    if (item.body.text === undefined) return;
    setText(hasText() ? `${item.body.text}\n${byId("words").value}` : item.body.text);
    byId("words").focus();
  },
});

function say(text) {
  active();
  tell("");
  unsent.say({ text }, text);
}

// ---- pulling --------------------------------------------------------------

let timer = 0;
let pulling = false;
let pullAgain = false;

async function pullAll() {
  for (;;) {
    const page = await pullMessages(() => cursor);
    const another = conversation !== null && page.conversation !== undefined && page.conversation !== conversation;
    if (another || page.latest < cursor) {
      // The conversation has been begun anew (another tab, a deletion), or goes on with that of another channel.
      if (another) conversation = page.conversation;
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
    pullIn(Math.max(wait, pendingAnswer ? POLL_PENDING : calm));
  }
}

function pullIn(milliseconds) {
  clearTimeout(timer);
  if (document.visibilityState === "visible") timer = setTimeout(pull, milliseconds);
}

function comeBack() {
  if (document.visibilityState !== "visible") return;
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
window.addEventListener("offline", () => {
  reached(false);
  showTyping();
});

// ---- the page -------------------------------------------------------------

// While the assistant waits for the rest of what is being said, it is told that there is more to come.
let typed = 0;
function typing() {
  active();
  if (!pendingAnswer || !hasText() || Date.now() - typed < 1e3) return;
  typed = Date.now();
  sayTyping();
}

const composer = startComposer({
  send: say,
  active: typing,
  tooLong: (over) => tell(`多了 ${over} 字，请删短一点，或者分成两次说。`),
});

// Inside WeChat its own script knows the place and takes pictures. Nobody else loads anything of it.
const wechat = /MicroMessenger/i.test(navigator.userAgent) ? import("./wechat.js").catch(() => null) : null;
if (wechat) {
  wechat.then((its) => its && its.startPictures({ before: byId("words"), sent: () => pullIn(0), tell }));
}

startPlace({
  other: async () => {
    const its = await wechat;
    return its && its.place();
  },
  found(location) {
    active();
    tell("");
    unsent.say({ location }, "我的位置");
  },
  failed: tell,
  done: returnFocus,
});

startMenu({ fromStart: toStart, closed: returnFocus });

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-elder], [data-say]");
  if (!button) return;
  if (button.dataset.say) say(button.dataset.say);
  else setElder(!isElder());
  returnFocus(event);
});
for (const button of document.querySelectorAll("[data-say]")) button.disabled = false;

onElder(() => requestAnimationFrame(composer.fit));
document.addEventListener("told", (event) => timeline.speak(event.detail));

// Where the keyboard covers the page instead of shrinking it (iOS), follow
// what is visible. Pinch zoom is left alone.
const view = window.visualViewport;
if (view) {
  const follow = () => {
    if (view.scale > 1.01) return;
    document.documentElement.style.setProperty("--height", `${Math.round(view.height)}px`);
    if (view.offsetTop > 0) window.scrollTo(0, 0);
  };
  view.addEventListener("resize", follow);
  follow();
}

openSession().catch(() => {});
unsent.recover();
pull();
