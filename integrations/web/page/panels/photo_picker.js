// Choosing pictures: taken now or from the album, made smaller, looked at, some
// taken out again. The talk and what is added to a ticket both choose with it.

import { element, icon } from "../element.js";
import { shrunk, Unusable } from "../shrink.js";
import { newId } from "../unsent.js";
import { t } from "../words.js";

const MOST = 9;

const speak = (text) => document.dispatchEvent(new CustomEvent("told", { detail: text }));

// A picture as it is chosen: {id, blob, url}.
export const chosen = (id, blob) => ({ id, blob, url: URL.createObjectURL(blob) });

// `list.items` are the pictures, which may outlast the panel. `changed(working)`
// hears of every change, with how many are still being made; `done()` when all
// are; `choose(source, input)` opens what chooses, where not the browser does.
export function photoPicker({ list, panel, changed, done, choose = (_source, input) => input.click() }) {
  const trouble = element("p", { class: "photos-trouble", role: "alert" });
  const grid = element("ul", { class: "picked", "aria-label": t("photos.picked") });
  const ways = element("div", { class: "photo-ways" }, way("photo", "photos.take", "camera", { capture: "environment" }), way("album", "photos.album", "album", { multiple: true }));
  let working = 0;

  function tell(text) {
    trouble.textContent = text;
  }

  function tile(one, index) {
    const number = index + 1;
    const takeOut = () => {
      URL.revokeObjectURL(one.url);
      list.items = list.items.filter((each) => each !== one);
      refresh();
      speak(t("photos.taken_out"));
      const next = grid.querySelectorAll("button")[Math.min(index, list.items.length - 1)];
      (next || ways.querySelector("button")).focus();
    };
    return element(
      "li",
      {},
      element("img", { src: one.url, alt: t("photos.nth", { number, count: list.items.length }) }),
      element("button", { type: "button", class: "take-out", "aria-label": t("photos.take_out", { number }), onclick: takeOut }, "×"),
    );
  }

  function refresh() {
    const waits = Array.from({ length: working }, () => element("li", { class: "making", role: "img", "aria-label": t("photos.making") }));
    grid.replaceChildren(...list.items.map(tile), ...waits);
    grid.hidden = !list.items.length && !working;
    changed(working);
  }

  async function add(files) {
    tell("");
    const free = Math.max(0, MOST - list.items.length - working);
    const taken = [...files].slice(0, free);
    const problems = files.length > free ? [t("photos.most", { most: MOST })] : [];
    working += taken.length;
    refresh();
    for (const file of taken) {
      try {
        list.items.push(chosen(newId(), await shrunk(file)));
      } catch (problem) {
        problems.push(t(problem instanceof Unusable ? problem.message : "photos.unreadable"));
      }
      working -= 1;
      refresh();
    }
    if (list.items.length) speak(t("photos.have", { count: list.items.length }));
    tell([...new Set(problems)].join("\n"));
    if (list.items.length && panel.node.isConnected) done();
  }

  function way(sign, words, source, attributes) {
    const input = element("input", { type: "file", accept: "image/*", hidden: true, ...attributes });
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      add(files);
    });
    const open = () => choose(source, input);
    return [element("button", { type: "button", class: "option photo-way", onclick: open }, icon(sign), t(words)), input];
  }

  return { ways, trouble, grid, tell, refresh };
}
