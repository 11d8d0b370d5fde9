// Reading aloud with the phone's own voice. Where it has no Chinese one, <html>
// never gets data-voice and the buttons for it stay hidden.

import { element } from "./element.js";
import { look } from "./storage.js";
import { t } from "./words.js";

const synthesis = window.speechSynthesis;
let voice = null;
let reading = null; // the button whose message is being read

function findVoice() {
  const chinese = synthesis.getVoices().filter(({ lang }) => /^(zh|cmn)/i.test(lang));
  voice = chinese.find(({ lang }) => /cn|hans/i.test(lang)) || chinese[0] || null;
  document.documentElement.toggleAttribute("data-voice", Boolean(voice));
}

if (synthesis) {
  findVoice();
  synthesis.onvoiceschanged = findVoice;
}

export const hasVoice = () => Boolean(voice);

function name(button, on) {
  button.textContent = t(on ? "talk.stop_reading" : "talk.hear");
  button.setAttribute("aria-pressed", String(on));
}

export function stopReading() {
  if (synthesis) synthesis.cancel();
  if (reading) name(reading, false);
  reading = null;
}

function say(text, done) {
  const words = new SpeechSynthesisUtterance(text);
  words.voice = voice;
  words.lang = voice.lang;
  words.rate = 0.9;
  words.onend = done;
  words.onerror = done;
  synthesis.speak(words);
}

// A new answer, where the citizen wants them read; they follow each other.
export function readNew(text) {
  if (voice && text && look.read().aloud && document.visibilityState === "visible") say(text, null);
}

export function hearButton(text) {
  const button = element("button", { type: "button", class: "hear", "data-keep-focus": true });
  name(button, false);
  button.addEventListener("click", () => {
    const again = reading === button;
    stopReading();
    if (again || !voice) return;
    reading = button;
    name(button, true);
    say(text, () => reading === button && stopReading());
  });
  return button;
}

window.addEventListener("pagehide", stopReading);
