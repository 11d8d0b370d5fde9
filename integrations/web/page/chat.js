// The citizens' page: joins the writing line, the conversation and the menu.

import { hasText, returnFocus, startComposer } from "./composer.js";
import { isElder, onElder, openNamed, setElder, startMenu, startOffer } from "./menu.js";
import { toStart } from "./scroll.js";
import { active, awaitsAnswer, say, startTalk, tell } from "./talk.js";
import * as timeline from "./timeline.js";
import { sayTyping } from "./transport.js";
import { t } from "./words.js";

// While the assistant waits for the rest of what is being said, it is told that there is more to come.
let typed = 0;
function typing() {
  active();
  if (!awaitsAnswer() || !hasText() || Date.now() - typed < 1e3) return;
  typed = Date.now();
  sayTyping();
}

const composer = startComposer({
  send: say,
  active: typing,
  tooLong: (over) => tell(t("talk.too_long", { count: over })),
});

startOffer();
startMenu({ fromStart: toStart, failed: tell });

// A link to a ticket, "#ticket=481720935562", opens it.
function openLinked() {
  if (location.hash.startsWith("#ticket=")) openNamed("tickets", document.getElementById("menu-button"), tell);
}
window.addEventListener("hashchange", openLinked);
openLinked();

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-elder], [data-say]");
  if (!button) return;
  if (button.dataset.say) say(button.dataset.say);
  else setElder(!isElder());
  returnFocus(event);
});
for (const button of document.querySelectorAll("[data-say]")) button.disabled = false;

onElder(() => requestAnimationFrame(composer.fit));
document.addEventListener("told", (event) => timeline.speak(event.detail));

// Where the keyboard covers the page instead of shrinking it (iOS), follow
// what is visible. Pinch zoom is left alone.
const view = window.visualViewport;
if (view) {
  const follow = () => {
    if (view.scale > 1.01) return;
    document.documentElement.style.setProperty("--height", `${Math.round(view.height)}px`);
    if (view.offsetTop > 0) window.scrollTo(0, 0);
  };
  view.addEventListener("resize", follow);
  follow();
}

startTalk();
document.documentElement.dataset.ready = "yes"; // guard.js looks for it
