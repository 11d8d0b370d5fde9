// What came while nobody looked: a line before the first of it, and its number
// in the tab's title.

import { element } from "./element.js";
import { seen } from "./storage.js";
import { t } from "./words.js";

const title = document.title;

let conversation = "";
let last = Infinity; // the last line that was seen; on a first visit all counts as seen
let newest = 0;
let loaded = false; // what comes from now on comes before the citizen's eyes
let mark = null;
let count = 0;

// The conversation that is shown; another one begins anew.
export function follow(id) {
  if (id === conversation) return;
  const kept = seen.read();
  conversation = id;
  last = kept.conversation === id ? kept.seq : Infinity;
  newest = 0;
  loaded = false;
  mark = null;
}

// A line that is new on this page.
export function arrived({ seq, from }, line) {
  newest = Math.max(newest, seq);
  if (from === "citizen" || seq <= last) return;
  if (loaded && !document.hidden) return;
  if (!mark) {
    mark = element("p", { class: "unread" }, t("talk.unread"));
    line.prepend(mark);
  }
  if (loaded) {
    count += 1;
    document.title = `(${count}) ${title}`;
  }
}

// All lines of one look are there.
export function settled() {
  if (document.hidden || !conversation) return;
  loaded = true;
  last = newest;
  seen.write({ conversation, seq: newest });
}

// The citizen goes on talking: nothing is new any more.
export function answered() {
  if (mark) mark.remove();
  mark = null;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    answered();
    return;
  }
  count = 0;
  document.title = title;
  settled();
});
