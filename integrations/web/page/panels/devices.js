// "换个设备接着说": a code to type on another device, and the field for one.

import { element } from "../element.js";
import { loadStyle, openPanel } from "../panel.js";
import { pullIn } from "../talk.js";
import { ask } from "../transport.js";
import { loadWords, t } from "../words.js";

const DIGITS = 8;

// In fours to see; each digit by itself for a screen reader.
const inFours = (code) => `${code.slice(0, 4)} ${code.slice(4)}`;
const oneByOne = (code) => code.split("").join(" ");

// Runs `work` with the button out of use; what went wrong is said beside it.
async function busy(button, trouble, work) {
  const words = button.textContent;
  button.disabled = true;
  button.textContent = t("devices.wait");
  trouble.textContent = "";
  let done = false;
  try {
    await work();
    done = true;
  } catch (problem) {
    trouble.textContent = problem.message;
  }
  button.disabled = false;
  button.textContent = words;
  return done;
}

function showing(closed) {
  const box = element("div", { class: "device-code" });
  const trouble = element("p", { class: "device-trouble", role: "alert" });
  const button = element("button", { type: "button", class: "option main" }, t("devices.show"));
  let timer = 0;

  function show({ code, minutes }) {
    const ends = Date.now() + minutes * 60e3;
    const left = element("p", { class: "device-left" });
    const digits = element("p", { class: "device-digits", tabindex: "-1" },
      element("span", { class: "unseen" }, `${t("devices.code_label")} ${oneByOne(code)}`),
      element("span", { "aria-hidden": "true" }, inFours(code)));
    box.replaceChildren(digits, left,
      element("p", {}, t("devices.how", { code: inFours(code) })),
      element("p", { class: "device-warning" }, t("devices.never_give")));
    const tick = () => {
      const seconds = Math.ceil((ends - Date.now()) / 1e3);
      if (seconds > 0) {
        left.textContent = t("devices.left", { minutes: Math.floor(seconds / 60), seconds: seconds % 60 });
        return;
      }
      clearInterval(timer);
      box.replaceChildren();
      trouble.textContent = t("devices.late");
    };
    clearInterval(timer);
    timer = setInterval(tick, 1e3);
    tick();
    digits.focus();
  }

  button.addEventListener("click", async () => {
    if (await busy(button, trouble, async () => show(await ask("POST", "/api/chat/devices/code", {}))))
      button.textContent = t("devices.again");
  });
  closed.then(() => clearInterval(timer));
  return element("section", { class: "device" },
    element("h3", {}, t("devices.show_title")),
    element("p", {}, t("devices.show_text")), box, trouble, button);
}

function entering(panel) {
  const trouble = element("p", { id: "device-trouble", class: "device-trouble", role: "alert" });
  const field = element("input", {
    id: "device-code", class: "device-field", inputmode: "numeric", autocomplete: "one-time-code", maxlength: "16",
    "aria-describedby": "device-warning device-trouble", placeholder: "0000 0000",
  });
  const button = element("button", { type: "submit", class: "option main" }, t("devices.enter"));
  const form = element("form", { class: "device" },
    element("h3", {}, t("devices.enter_title")),
    element("p", {}, t("devices.enter_text")),
    element("p", { id: "device-warning", class: "device-warning" }, t("devices.not_others")),
    element("label", { for: "device-code" }, t("devices.enter_label")), field, trouble, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const code = field.value.normalize("NFKC").replace(/[^0-9]/g, "");
    if (code.length !== DIGITS) {
      trouble.textContent = t("devices.eight");
      field.focus();
      return;
    }
    let told = "";
    const done = await busy(button, trouble, async () => {
      told = (await ask("POST", "/api/chat/devices/join", { code })).text;
    });
    if (!done) {
      field.focus();
      return;
    }
    pullIn(0);
    await panel.close();
    document.dispatchEvent(new CustomEvent("told", { detail: told }));
  });
  return form;
}

export async function open(opener) {
  await Promise.all([loadWords("devices"), loadStyle("panels/devices.css")]);
  const panel = openPanel({ name: "devices", title: t("devices.title"), opener });
  panel.body.append(showing(panel.closed), entering(panel));
}
