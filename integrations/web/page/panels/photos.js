// "照片": taken now or chosen, looked at, a few words beside them, sent.

import { element } from "../element.js";
import { insideWechat } from "../inside.js";
import { keep, kept } from "../keep.js";
import { loadStyle, openPanel } from "../panel.js";
import { pullIn, sendPhotos } from "../talk.js";
import { loadWords, t } from "../words.js";
import { chosen, photoPicker } from "./photo_picker.js";

const LONGEST = 500; // characters beside pictures

const list = { items: [] }; // they stay when the panel is closed by mistake
let said = "";

async function recall({ photos, text }) {
  said = text;
  for (const record of await Promise.all(photos.map(kept)))
    if (record) list.items.push(chosen(record.id, record.blob));
}

// WeChat's own way of choosing and sending pictures, where there is one: {wx, sendPictures}.
async function byWechat() {
  if (!insideWechat()) return null;
  const its = await import("../wechat.js").catch(() => null);
  const wx = its && (await its.ready());
  return wx && { wx, sendPictures: its.sendPictures };
}

// again: a message that could not be sent, {photos, text}.
export async function open(opener, again) {
  const [wechat] = await Promise.all([byWechat(), loadWords("photos"), loadStyle("panels/photos.css")]);
  if (again) await recall(again);
  const panel = openPanel({ name: "photos-panel", title: t("photos.title"), opener });
  const words = element("textarea", { id: "photo-words", rows: 2, maxlength: LONGEST });
  const send = element("button", { type: "button", class: "option main" });
  const beside = element("div", { class: "photo-words" }, element("label", { for: words.id }, t("photos.words")), words);
  words.value = said;
  words.addEventListener("input", () => {
    said = words.value;
  });

  // WeChat chooses and brings pictures by itself.
  async function chosenInWechat(source) {
    picker.tell("");
    try {
      if (await wechat.sendPictures(wechat.wx, source, () => pullIn(0))) panel.close();
    } catch (problem) {
      picker.tell(problem instanceof Error ? problem.message : t("photos.not_sent"));
    }
  }

  const picker = photoPicker({
    list,
    panel,
    changed(working) {
      beside.hidden = send.hidden = panel.foot.hidden = !list.items.length && !working;
      send.disabled = working > 0;
      send.textContent = working ? t("photos.making") : t("photos.send", { count: list.items.length });
    },
    done: () => send.focus({ preventScroll: true }),
    choose: (source, input) => (wechat ? chosenInWechat(source) : input.click()),
  });

  send.addEventListener("click", async () => {
    const sending = list.items;
    send.disabled = true;
    await Promise.all(sending.map(({ id, blob }) => keep({ id, blob, upload: "", whole: false, at: Date.now() })));
    for (const { url } of sending) URL.revokeObjectURL(url);
    list.items = [];
    said = "";
    await panel.close();
    sendPhotos(sending.map(({ id }) => id), words.value.trim());
  });

  panel.body.append(element("p", { class: "photo-hint" }, t("photos.hint")), picker.ways, picker.trouble, picker.grid, beside);
  panel.foot.append(send);
  picker.refresh();
}
