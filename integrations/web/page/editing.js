// Changing one line of the card where it stands. The dialogue hears what it
// hears from everybody: the button that asks for that line, and the answer.

import { element } from "./element.js";
import { CHINESE, language, t } from "./words.js";

// Every line of the card that can be changed gets its button; `change(number,
// text)` is called with the number of the dialogue's own button and the words.
export function makeEditable(card, change) {
  for (const row of card.querySelectorAll("[data-edit]")) {
    const label = row.querySelector("dt").textContent;
    const place = row.querySelector("dd");
    const value = element("span", { class: "value" }, [...place.childNodes]);
    const button = element("button", { type: "button", class: "edit", lang: CHINESE && language, "aria-label": t("cards.edit_line", { label }) }, t("cards.edit"));
    button.addEventListener("click", () => open(place, row.dataset.begin || "", label, button, (text) => change(Number(row.dataset.edit), text)));
    place.append(value, button);
  }
}

// The card is answered: nothing of it is changed here any more.
export function closeEditing(line) {
  for (const node of line.querySelectorAll(".edit, .editing")) node.remove();
}

function open(place, value, label, button, change) {
  const field = element("textarea", { rows: "2", maxlength: "500", "aria-label": t("cards.edit_field", { label }) });
  const save = element("button", { type: "submit", class: "option main" }, t("cards.edit_save"));
  const cancel = element("button", { type: "button", class: "option" }, t("cards.edit_cancel"));
  const form = element("form", { class: "editing", lang: CHINESE && language, novalidate: true }, field, element("div", { class: "options" }, save, cancel));
  // What is hidden in part is not offered as it stands: it would be said so.
  if (!value.includes("*")) field.value = value;

  function close() {
    form.remove();
    place.firstChild.hidden = false;
    button.hidden = false;
    button.focus({ preventScroll: true });
  }

  cancel.addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
      event.preventDefault();
      send();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });

  function send() {
    const text = field.value.trim();
    if (!text || text === value) close();
    else change(text);
  }

  button.hidden = true;
  place.firstChild.hidden = true;
  place.append(form);
  field.focus();
  field.setSelectionRange(field.value.length, field.value.length);
}
