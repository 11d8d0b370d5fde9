// The button that switches subscription notices on: WeChat's own, inside WeChat.

import { element, byId } from "./element.js";
import { prepare } from "./wechat.js";

const STYLE =
  "display:block;width:100%;min-height:64px;border:0;border-radius:12px;background:#1b5aa5;color:#fff;font-size:22px;font-weight:650";
const LATER = "通知这会儿开不了，请过一会儿再来。不开通也没关系：您在公众号里说句话，进度就会告诉您。";

const tell = (text) => {
  byId("state").textContent = text;
};

// Inside the tag nothing but its own template and style counts.
function button(templates) {
  const inner = element("script", { type: "text/wxtag-template" });
  inner.textContent = `<button style="${STYLE}">开通进度通知</button>`;
  const tag = element("wx-open-subscribe", { template: templates.join(","), id: "subscribe" }, inner);
  tag.addEventListener("success", (event) => {
    let answers = [];
    try {
      answers = Object.values(JSON.parse(event.detail.subscribeDetails)).map((one) => JSON.parse(one).status);
    } catch {
      // what was chosen is told to the gateway by WeChat itself
    }
    tell(answers.length && !answers.includes("accept") ? "没有开通，以后想开通再来就行。" : "开通好了，有进展会通知您。");
  });
  tag.addEventListener("error", () => tell(LATER));
  return tag;
}

async function start() {
  let templates = [];
  tell("请稍等…");
  try {
    await prepare(10e3, ["openLocation"], ["wx-open-subscribe"], (given) => {
      templates = given;
    });
  } catch {
    if (templates.length) return tell(LATER);
  }
  if (!templates.length) return tell("这里现在没有要开通的通知。您在公众号里说句话，进度就会告诉您。");
  tell("点一下，有进展就通知您：");
  byId("button").append(button(templates));
}

if (/MicroMessenger/i.test(navigator.userAgent)) start();
