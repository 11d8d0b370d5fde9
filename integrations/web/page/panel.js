// A panel over the conversation: full screen on a phone, with a title and a
// way back. The phone's own way back (button, gesture) closes it, Escape too;
// the focus returns to whoever opened it.

import { byId, element, icon } from "./element.js";
import { t } from "./words.js";

const BASE = new URL(".", import.meta.url);
const open = []; // the panels that are open, the uppermost last

const styles = new Map();

// A style sheet beside the modules, loaded once: loadStyle("panels/tickets.css").
export function loadStyle(path) {
  if (!styles.has(path)) {
    styles.set(
      path,
      new Promise((loaded, no) => {
        const sheet = element("link", { rel: "stylesheet", href: new URL(path, BASE).href, onload: loaded, onerror: no });
        document.head.append(sheet);
      }),
    );
    styles.get(path).catch(() => styles.delete(path));
  }
  return styles.get(path);
}

function take(panel) {
  const place = open.indexOf(panel);
  if (place < 0) return;
  open.splice(place, 1);
  (open.length ? open[open.length - 1].node : document.body).append(byId("spoken"));
  if (panel.node.close) panel.node.close();
  panel.node.remove();
  if (panel.opener && panel.opener.isConnected) panel.opener.focus({ preventScroll: true });
  panel.whenClosed();
}

window.addEventListener("popstate", () => {
  const depth = (history.state && history.state.panels) || 0;
  while (open.length > depth) take(open[open.length - 1]);
});

// name: its class and part of its id; opener: gets the focus back. Gives
// {node, body, foot, setTitle(text), close(), closed}: `closed` is a promise.
export function openPanel({ name, title, opener = document.activeElement }) {
  const heading = element("h2", { id: `panel-${name}-title`, tabindex: "-1" }, title);
  const back = element("button", { type: "button", class: "panel-back", "aria-label": t("page.back") }, icon("back"));
  const body = element("div", { class: "panel-body" });
  const foot = element("div", { class: "panel-foot" });
  const node = element(
    "dialog",
    { class: `panel ${name}`, "aria-labelledby": heading.id },
    element("header", { class: "panel-head" }, back, heading),
    body,
    foot,
  );
  const panel = { node, body, foot, opener, whenClosed() {}, setTitle: (text) => (heading.textContent = text) };
  panel.closed = new Promise((done) => {
    panel.whenClosed = done;
  });
  // Going back takes the panel away; so the history never holds one that is closed.
  panel.close = () => {
    if (open.includes(panel)) history.go(open.indexOf(panel) - open.length);
    return panel.closed;
  };
  back.addEventListener("click", panel.close);
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    panel.close();
  });
  document.body.append(node);
  open.push(panel);
  node.append(byId("spoken")); // what lies outside an open panel is not read out
  history.pushState({ panels: open.length }, "");
  if (node.showModal) node.showModal();
  else node.setAttribute("open", "");
  heading.focus({ preventScroll: true });
  return panel;
}

// A page that was reloaded with a panel open has none any more.
if (history.state && history.state.panels) history.replaceState(null, "");
