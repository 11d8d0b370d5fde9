// The header: its menu, and 长辈模式 (larger type and targets, remembered in
// this browser). Whatever opens a panel says so: data-panel="tickets" opens
// panels/tickets.js.

import { byId } from "./element.js";
import { elder, offered } from "./storage.js";
import { refreshWords, t } from "./words.js";

const listeners = [];

export const isElder = () => document.documentElement.classList.contains("elder");

function apply(on) {
  document.documentElement.classList.toggle("elder", on);
  for (const button of document.querySelectorAll("[data-elder]")) button.setAttribute("aria-pressed", String(on));
  refreshWords();
  for (const listener of listeners) listener(on);
}

// Whoever comes for the first time is offered larger letters, once.
const offer = byId("offer");

function endOffer() {
  offered.write();
  offer.hidden = true;
}

export function startOffer() {
  offer.hidden = offered.read();
  byId("offer-close").addEventListener("click", endOffer);
}

export function setElder(on) {
  endOffer();
  elder.write(on);
  apply(on);
}

export const onElder = (listener) => listeners.push(listener);

apply(elder.read());

// Opens panels/<name>.js for the button that was tapped; `failed` is told where it could not be loaded.
export async function openNamed(name, opener, failed) {
  opener.setAttribute("aria-busy", "true");
  try {
    const panel = await import(`./panels/${name}.js`);
    await panel.open(opener);
  } catch (problem) {
    console.warn(problem);
    failed(t("page.not_opened"));
  } finally {
    opener.removeAttribute("aria-busy");
  }
}

export function startMenu({ fromStart, failed }) {
  const button = byId("menu-button");
  const menu = byId("menu");

  function open(on) {
    menu.hidden = !on;
    button.setAttribute("aria-expanded", String(on));
    // What lies half under the menu is not to be hit by a finger that misses it.
    for (const part of document.querySelectorAll("#log, .foot > *")) part.toggleAttribute("inert", on);
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

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-panel]");
    if (!opener || opener.hasAttribute("aria-busy")) return;
    openNamed(opener.dataset.panel, menu.contains(opener) ? button : opener, failed);
  });
}
