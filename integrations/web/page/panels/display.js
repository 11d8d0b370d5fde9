// "显示和朗读": how the page looks and whether new answers are read aloud.

import { element } from "../element.js";
import { isElder, setElder } from "../menu.js";
import { loadStyle, openPanel } from "../panel.js";
import { hasVoice, stopReading } from "../speech.js";
import { look } from "../storage.js";
import { loadWords, t } from "../words.js";

function change(part, value) {
  look.write({ ...look.read(), [part]: value });
  document.dispatchEvent(new Event("look"));
}

function choice(kind, words, checked, picked, more = {}) {
  return element(
    "label",
    { class: "wish" },
    element("input", { type: kind, checked, onchange: ({ target }) => picked(target.checked), ...more }),
    element("span", {}, t(words)),
  );
}

const part = (title, ...inside) =>
  element("fieldset", {}, element("legend", {}, t(title)), ...inside);

export async function open(opener) {
  await Promise.all([loadWords("display"), loadStyle("panels/display.css")]);
  const now = look.read();
  const panel = openPanel({ name: "display", title: t("display.title"), opener });
  const colour = (value) =>
    choice("radio", `display.colours_${value}`, (now.colours || "phone") === value, () => change("colours", value), { name: "colours" });
  panel.body.append(
    part(
      "display.letters",
      choice("checkbox", "display.elder", isElder(), setElder),
      element("p", { class: "note" }, t("display.elder_note")),
    ),
    part("display.colours", ["phone", "light", "dark"].map(colour), choice("checkbox", "display.contrast", now.contrast, (on) => change("contrast", on))),
    part("display.motion", choice("checkbox", "display.calm", now.calm, (on) => change("calm", on))),
    part(
      "display.aloud",
      hasVoice()
        ? choice("checkbox", "display.read_new", now.aloud, (on) => {
            change("aloud", on);
            if (!on) stopReading();
          })
        : element("p", { class: "note" }, t("display.no_voice")),
    ),
  );
  panel.foot.append(element("button", { type: "button", class: "option main", onclick: panel.close }, t("display.done")));
}
