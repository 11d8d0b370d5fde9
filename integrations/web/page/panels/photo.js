// One picture of the conversation, large, with the ones beside it.

import { element } from "../element.js";
import { loadStyle, openPanel } from "../panel.js";
import { loadWords, t } from "../words.js";

// all: the addresses of the pictures that were sent together; index: which of them first.
export async function open(opener, all, index) {
  await Promise.all([loadWords("photos"), loadStyle("panels/photos.css")]);
  const panel = openPanel({ name: "one-photo", title: "", opener });
  const image = element("img", { onerror: () => image.replaceWith(element("p", {}, t("photos.not_shown"))) });
  const step = (by, words) => element("button", { type: "button", class: "option", onclick: () => show(shown + by) }, t(words));
  const [before, after] = [step(-1, "photos.before"), step(1, "photos.after")];
  let shown = index;

  function show(number) {
    shown = number;
    image.src = all[shown];
    image.alt = t("photos.nth", { number: shown + 1, count: all.length });
    panel.setTitle(image.alt);
    before.disabled = shown === 0;
    after.disabled = shown === all.length - 1;
  }

  panel.body.append(image);
  if (all.length > 1) panel.foot.append(before, after);
  show(index);
}
