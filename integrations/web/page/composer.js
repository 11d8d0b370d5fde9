// The writing line: grows with the text, Enter sends, an input method's Enter
// does not.

import { byId } from "./element.js";
import { draft } from "./storage.js";
import { t } from "./words.js";

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
  const text = used < NEAR ? "" : used <= LIMIT ? t("talk.left", { count: LIMIT - used }) : t("talk.over", { count: used - LIMIT });
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
