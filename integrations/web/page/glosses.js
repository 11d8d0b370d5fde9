// What the assistant says in fixed words - buttons, labels of cards, plain
// questions - once more beside it in the frame's language.

import { byId, element } from "./element.js";
import { loadStyle } from "./panel.js";
import { toBottom } from "./scroll.js";
import { language } from "./words.js";

const PLACES = ".bubble, .options .option, .card-title span, dt, dd, dd .value";
let loading = null;

async function terms(tag) {
  const answer = await fetch(`/page-words/${tag}/terms`);
  if (!answer.ok) throw new Error(`words: ${answer.status}`);
  return (await answer.json()).words;
}

function load() {
  if (!loading) {
    loading = Promise.all([terms("zh-Hans"), terms(language), loadStyle("glosses.css")]).then(
      ([said, own]) => new Map(Object.entries(said).map(([key, words]) => [words, own[key]])),
    );
    loading.catch(() => {
      loading = null;
    });
  }
  return loading;
}

export async function add(line) {
  const known = await load();
  const log = byId("log");
  const atEnd = log.scrollTop > 0 && log.scrollHeight - log.scrollTop - log.clientHeight < 2;
  for (const node of line.querySelectorAll(PLACES)) {
    const words = known.get(node.textContent.trim());
    if (!words) continue;
    node.classList.add("glossed");
    node.append(element("span", { class: "gloss", lang: language }, words));
  }
  if (atEnd) toBottom();
}
