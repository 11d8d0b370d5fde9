// "照片": taken now or chosen, looked at, a few words beside them, sent.

import { element, icon } from "../element.js";
import { keep, kept } from "../keep.js";
import { loadStyle, openPanel } from "../panel.js";
import { shrunk, Unusable } from "../shrink.js";
import { pullIn, sendPhotos } from "../talk.js";
import { newId } from "../unsent.js";
import { insideWechat, ready, sendPictures } from "../wechat.js";
import { loadWords, t } from "../words.js";

const MOST = 9;
const LONGEST = 500; // characters beside pictures

let picked = []; // {id, blob, url}: they stay when the panel is closed by mistake
let said = "";

const speak = (text) => document.dispatchEvent(new CustomEvent("told", { detail: text }));

function drop(one) {
  URL.revokeObjectURL(one.url);
  picked = picked.filter((each) => each !== one);
}

async function recall({ photos, text }) {
  said = text;
  for (const record of await Promise.all(photos.map(kept)))
    if (record) picked.push({ id: newId(), blob: record.blob, url: URL.createObjectURL(record.blob) });
}

// again: a message that could not be sent, {photos, text}.
export async function open(opener, again) {
  const [wx] = await Promise.all([insideWechat() ? ready() : null, loadWords("photos"), loadStyle("panels/photos.css")]);
  if (again) await recall(again);
  const panel = openPanel({ name: "photos-panel", title: t("photos.title"), opener });
  const trouble = element("p", { class: "photos-trouble", role: "alert" });
  const grid = element("ul", { class: "picked", "aria-label": t("photos.picked") });
  const words = element("textarea", { id: "photo-words", rows: 2, maxlength: LONGEST });
  const send = element("button", { type: "button", class: "option main" });
  const beside = element("div", { class: "photo-words" }, element("label", { for: words.id }, t("photos.words")), words);
  let working = 0;
  words.value = said;
  words.addEventListener("input", () => {
    said = words.value;
  });

  function tell(text) {
    trouble.textContent = text;
  }

  function tile(one, index) {
    const number = index + 1;
    const takeOut = () => {
      drop(one);
      refresh();
      speak(t("photos.taken_out"));
      const next = grid.querySelectorAll("button")[Math.min(index, picked.length - 1)];
      (next || panel.body.querySelector("button")).focus();
    };
    return element(
      "li",
      {},
      element("img", { src: one.url, alt: t("photos.nth", { number, count: picked.length }) }),
      element("button", { type: "button", class: "take-out", "aria-label": t("photos.take_out", { number }), onclick: takeOut }, "×"),
    );
  }

  function refresh() {
    const waits = Array.from({ length: working }, () => element("li", { class: "making", role: "img", "aria-label": t("photos.making") }));
    grid.replaceChildren(...picked.map(tile), ...waits);
    grid.hidden = beside.hidden = send.hidden = !picked.length && !working;
    panel.foot.hidden = send.hidden;
    send.disabled = working > 0;
    send.textContent = working ? t("photos.making") : t("photos.send", { count: picked.length });
  }

  async function add(files) {
    tell("");
    const free = Math.max(0, MOST - picked.length - working);
    const chosen = [...files].slice(0, free);
    const problems = files.length > free ? [t("photos.most", { most: MOST })] : [];
    working += chosen.length;
    refresh();
    for (const file of chosen) {
      try {
        const blob = await shrunk(file);
        picked.push({ id: newId(), blob, url: URL.createObjectURL(blob) });
      } catch (problem) {
        problems.push(t(problem instanceof Unusable ? problem.message : "photos.unreadable"));
      }
      working -= 1;
      refresh();
    }
    if (picked.length) speak(t("photos.have", { count: picked.length }));
    tell([...new Set(problems)].join("\n"));
    if (picked.length && panel.node.isConnected) send.focus({ preventScroll: true });
  }

  // WeChat chooses and brings pictures by itself.
  async function byWechat(source) {
    tell("");
    try {
      if (await sendPictures(wx, source, () => pullIn(0))) panel.close();
    } catch (problem) {
      tell(problem instanceof Error ? problem.message : t("photos.not_sent"));
    }
  }

  function way(sign, words, source, attributes) {
    const input = element("input", { type: "file", accept: "image/*", hidden: true, ...attributes });
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      add(files);
    });
    const choose = () => (wx ? byWechat(source) : input.click());
    return [element("button", { type: "button", class: "option photo-way", onclick: choose }, icon(sign), t(words)), input];
  }

  send.addEventListener("click", async () => {
    const sending = picked;
    send.disabled = true;
    await Promise.all(sending.map(({ id, blob }) => keep({ id, blob, upload: "", whole: false, at: Date.now() })));
    for (const { url } of sending) URL.revokeObjectURL(url);
    picked = [];
    said = "";
    await panel.close();
    sendPhotos(sending.map(({ id }) => id), words.value.trim());
  });

  panel.body.append(
    element("p", { class: "photo-hint" }, t("photos.hint")),
    element("div", { class: "photo-ways" }, way("photo", "photos.take", "camera", { capture: "environment" }), way("album", "photos.album", "album", { multiple: true })),
    trouble,
    grid,
    beside,
  );
  panel.foot.append(send);
  refresh();
}
