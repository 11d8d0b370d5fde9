// The writing line: grows with the text, Enter sends, an input method's Enter
// does not; and the button that sends the place.

import { byId } from "./element.js";
import { draft } from "./storage.js";

const LIMIT = 2000;
const NEAR = 1800;

const words = byId("words");
const count = byId("count");
const form = byId("composer");

// Counted as people see characters, not as UTF-16 units.
const length = (text) => [...text].length;

function fit() {
  words.style.height = "auto";
  words.style.height = `${words.scrollHeight + words.offsetHeight - words.clientHeight}px`;
}

function showCount() {
  const used = length(words.value.trim());
  const text = used < NEAR ? "" : used <= LIMIT ? `还可以写 ${LIMIT - used} 字` : `多了 ${used - LIMIT} 字，请分成两次说`;
  if (count.textContent !== text) count.textContent = text;
  count.classList.toggle("over", used > LIMIT);
}

function changed() {
  fit();
  showCount();
  form.classList.toggle("filled", words.value.trim() !== "");
  draft.write(words.value);
}

export const hasText = () => words.value.trim() !== "";

export function setText(text) {
  words.value = text;
  changed();
}

// Back to the writing line after a button. A finger that has no keyboard open
// is spared one: it would cover the answer.
export function returnFocus(event) {
  const finger = window.matchMedia("(hover: none), (pointer: coarse)").matches;
  const byKeyboard = event && event.detail === 0;
  if (document.activeElement !== words && (!finger || byKeyboard)) words.focus({ preventScroll: true });
}

// `send(text)` takes a message; `tooLong()` tells that it must be cut.
export function startComposer({ send, tooLong, active }) {
  function submit() {
    const text = words.value.trim();
    if (!text) return;
    if (length(text) > LIMIT) {
      tooLong(length(text) - LIMIT);
      return;
    }
    setText("");
    send(text);
  }

  words.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    // keyCode 229: Safari ends the composition before the Enter that confirmed it.
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    submit();
  });
  words.addEventListener("input", () => {
    changed();
    active();
  });
  byId("send").addEventListener("click", (event) => {
    submit();
    returnFocus(event);
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  // Buttons that must not take the focus (and close the keyboard) keep it here.
  document.addEventListener("mousedown", (event) => {
    if (document.activeElement === words && event.target.closest("[data-keep-focus]")) event.preventDefault();
  });

  if (!words.value) words.value = draft.read();
  changed();
  window.addEventListener("resize", fit);
  return { fit };
}

// ---- "Send where I am": asks the browser once, and says what else can be done.

const TYPE_IT = "您直接打字说地点也一样，比如“香港中路 32 号门口”。";
const REASONS = {
  0: `这里用不了定位。${TYPE_IT}`,
  1: `没有得到定位的许可。${TYPE_IT}`,
  2: `暂时定不到位置。${TYPE_IT}`,
  3: `定位花的时间太长了。${TYPE_IT}`,
};

// `other()` may know the place in another way; null: it does not.
export function startPlace({ found, failed, done, other }) {
  const button = byId("place");
  let asking = false;

  const finish = (event) => {
    asking = false;
    button.classList.remove("busy");
    button.setAttribute("aria-label", "发送我的位置");
    done(event);
  };

  button.addEventListener("click", async (event) => {
    if (asking) return;
    asking = true;
    button.classList.add("busy");
    button.setAttribute("aria-label", "正在定位");
    const known = await other();
    if (known) {
      found(known);
      finish(event);
      return;
    }
    if (!navigator.geolocation || !window.isSecureContext) {
      failed(REASONS[0]);
      finish(event);
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const round = (degrees) => Number(degrees.toFixed(6));
        found({ lat: round(coords.latitude), lon: round(coords.longitude), crs: "WGS-84", label: "" });
        finish(event);
      },
      (problem) => {
        failed(REASONS[problem.code] || REASONS[2]);
        finish(event);
      },
      { enableHighAccuracy: true, timeout: 12e3, maximumAge: 60e3 },
    );
  });
}
