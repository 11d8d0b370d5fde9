// The header: its menu, the page "怎么用", and 长辈模式 (larger type and
// targets, remembered in this browser).

import { byId } from "./element.js";
import { elder } from "./storage.js";

const listeners = [];

export const isElder = () => document.documentElement.classList.contains("elder");

function apply(on) {
  document.documentElement.classList.toggle("elder", on);
  for (const button of document.querySelectorAll("[data-elder]")) button.setAttribute("aria-pressed", String(on));
  for (const listener of listeners) listener(on);
}

export function setElder(on) {
  elder.write(on);
  apply(on);
}

export const onElder = (listener) => listeners.push(listener);

apply(elder.read());

export function startMenu({ fromStart, closed }) {
  const button = byId("menu-button");
  const menu = byId("menu");
  const dialog = byId("how-dialog");

  function open(on) {
    menu.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
  }

  button.addEventListener("click", () => open(menu.hidden));
  menu.addEventListener("click", (event) => {
    if (event.target.closest("button")) open(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.hidden && !menu.contains(event.target) && !button.contains(event.target)) open(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || menu.hidden) return;
    open(false);
    button.focus();
  });
  menu.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget) && event.relatedTarget !== button) open(false);
  });

  byId("from-start").addEventListener("click", fromStart);

  byId("how").addEventListener("click", () => {
    if (dialog.showModal) dialog.showModal();
    else dialog.setAttribute("open", "");
  });
  byId("how-close").addEventListener("click", (event) => {
    if (dialog.close) dialog.close();
    else dialog.removeAttribute("open");
    closed(event);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && dialog.close) dialog.close();
  });
}
