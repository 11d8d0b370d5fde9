// "补充": words, pictures or both, which reach the ticket together and once,
// however often they are tried, also after the panel was closed.

import { element } from "../element.js";
import { keep, kept } from "../keep.js";
import { loadStyle } from "../panel.js";
import { withUploads } from "../photos.js";
import { additions } from "../storage.js";
import { ask } from "../transport.js";
import { newId } from "../unsent.js";
import { loadWords, t } from "../words.js";
import { chosen, photoPicker } from "./photo_picker.js";
import { answers, button, put, told, why, writing, wrongLine } from "./ticket_parts.js";

const LONGEST = 1000;

export async function openAddition(deed) {
  await Promise.all([loadWords("photos"), loadStyle("panels/photos.css")]);
  const number = deed.ticket.number;
  const begun = { text: "", photos: [], id: newId(), tried: "", ...additions.read(number) };
  const found = (await Promise.all(begun.photos.map(kept))).filter(Boolean);
  const list = { items: found.map(({ id, blob }) => chosen(id, blob)) };
  const { words, node } = writing(t("tickets.supplement_label"), LONGEST, "4");
  const wrong = wrongLine();
  const going = element("p", { class: "ticket-note", role: "status" });
  const yes = button(t("tickets.supplement_yes"), () => send(), true);

  const stored = new Set(begun.photos); // in this browser, so that a reload loses none

  function remember() {
    for (const { id, blob } of list.items) if (!stored.has(id)) store(id, blob);
    wrong.textContent = "";
    begun.text = words.value;
    begun.photos = list.items.map(({ id }) => id);
    additions.write(number, begun);
  }

  function store(id, blob) {
    stored.add(id);
    keep({ id, blob, upload: "", whole: false, at: Date.now() });
  }

  const picker = photoPicker({
    list,
    panel: deed.panel,
    changed(working) {
      yes.disabled = working > 0;
      yes.textContent = working ? t("photos.making") : t("tickets.supplement_yes");
      remember();
    },
    done: () => yes.focus({ preventScroll: true }),
  });

  function post(text, uploads) {
    return ask("POST", `${deed.path}/supplement`, { id: begun.id, text, uploads });
  }

  function deliver(text) {
    if (!list.items.length) return post(text, []);
    const count = list.items.length;
    return withUploads(begun.photos, (uploads) => post(text, uploads), {
      wanted: () => deed.panel.node.isConnected,
      moved: (index) => {
        going.textContent = t("tickets.photos_going", { number: index + 1, count });
      },
    });
  }

  async function send() {
    const text = words.value.trim();
    const something = text || list.items.length;
    wrong.textContent = something ? "" : t("tickets.supplement_none");
    if (!something) return words.focus();
    remember();
    // Something else is another addition; the same is never added twice.
    const content = JSON.stringify([text, begun.photos]);
    if (begun.tried && begun.tried !== content) begun.id = newId();
    begun.tried = content;
    additions.write(number, begun);
    const locked = deed.panel.body.querySelectorAll("button, textarea");
    for (const one of locked) one.disabled = true;
    try {
      const answer = await deliver(text);
      deed.fresh(answer.ticket);
      if (answer.done) additions.drop(number);
      told(deed, answer.text);
    } catch (problem) {
      for (const one of locked) one.disabled = false;
      wrong.textContent = why(problem, "tickets.not_sent");
    }
    going.textContent = "";
    return undefined;
  }

  words.value = begun.text;
  words.addEventListener("input", remember);
  deed.panel.closed.then(() => list.items.forEach(({ url }) => URL.revokeObjectURL(url)));
  put(deed, t("tickets.supplement_ask"), node, picker.ways, picker.trouble, picker.grid, wrong, going, answers(yes));
  picker.refresh();
}
