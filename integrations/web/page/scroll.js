// Where the reader is: at the bottom, following the talk, or reading further up.

import { byId } from "./element.js";
import { t } from "./words.js";

const log = byId("log");
const newer = byId("newer");

let stuck = true;
let begun = false; // an untouched page stays at its first line
let lastTop = 0;

const gap = () => log.scrollHeight - log.scrollTop - log.clientHeight;

export const stuckToBottom = () => stuck;

export function toBottom() {
  begun = true;
  stuck = true;
  newer.hidden = true;
  log.scrollTop = log.scrollHeight;
}

function offerMore(words) {
  newer.textContent = words;
  newer.hidden = false;
}

export function toStart() {
  stuck = false;
  log.scrollTop = 0;
}

// After new lines: follow them, or offer the way down. Advice in danger must
// not be pushed out of sight by what comes after it, nor where a ticket stands
// by its long history.
export function settle(seen) {
  if (!stuck) {
    offerMore(t("page.newer"));
    return;
  }
  toBottom();
  if (!seen) return;
  const over = log.getBoundingClientRect().top - seen.getBoundingClientRect().top;
  if (over <= 0) return;
  log.scrollTop -= over + 8;
  stuck = false;
  offerMore(t("page.more_below"));
}

log.addEventListener(
  "scroll",
  () => {
    // Only a move upwards lets go: growing content widens the gap as well.
    if (gap() < 40) {
      stuck = true;
      newer.hidden = true;
    } else if (log.scrollTop < lastTop - 2) stuck = false;
    lastTop = log.scrollTop;
  },
  { passive: true },
);

newer.addEventListener("click", toBottom);

if (window.ResizeObserver) {
  const observer = new ResizeObserver(() => {
    if (!begun) return;
    if (stuck) toBottom();
    else if (gap() < 40) newer.hidden = true;
  });
  observer.observe(log);
  observer.observe(byId("lines"));
}
