// Inside WeChat only: the place and pictures by WeChat's own script. It is
// loaded on the first tap; where it fails, all goes the ordinary way.

import { openSession } from "./transport.js";
import { newId } from "./unsent.js";

const APIS = ["getLocation", "openLocation", "chooseImage", "uploadImage"];
const NOT_SENT = "照片没有发成，请再试一次。";

const within = (ms, promise) =>
  Promise.race([promise, new Promise((_, no) => setTimeout(() => no(new Error("late")), ms))]);

// Gives wx, ready for use, within so many milliseconds. `told` hears which notices there are.
export const prepare = (milliseconds, apis, tags, told) => within(milliseconds, prepared(apis, tags, told));

async function prepared(apis, tags = [], told = () => {}) {
  const answer = await fetch(`/api/wechat/page?url=${encodeURIComponent(location.href.split("#")[0])}`);
  if (!answer.ok) throw new Error("not signed");
  const { appId, timestamp, nonceStr, signature, script, templates } = await answer.json();
  told(templates);
  await new Promise((loaded, no) => {
    document.head.append(Object.assign(document.createElement("script"), { src: script, onload: loaded, onerror: no }));
  });
  const wx = window.wx;
  await new Promise((ready, no) => {
    wx.error(no);
    wx.ready(ready);
    wx.config({ appId, timestamp, nonceStr, signature, jsApiList: apis, openTagList: tags });
  });
  return wx;
}

let preparing = null;
const ready = () => (preparing = preparing || prepare(3500, APIS).catch(() => null));

const ask = (wx, name, options) =>
  new Promise((success, fail) => wx[name]({ ...options, success, fail, cancel: () => success(null) }));

// Where the phone is; null where WeChat does not say.
export async function place() {
  const wx = await ready();
  const at = wx && (await within(12e3, ask(wx, "getLocation", { type: "gcj02" })).catch(() => null));
  const [lat, lon] = at ? [+(+at.latitude).toFixed(6), +(+at.longitude).toFixed(6)] : [NaN, NaN];
  return Number.isFinite(lat + lon) ? { lat, lon, crs: "GCJ-02", label: "" } : null;
}

async function post(path, body) {
  await openSession();
  const headers = { "X-Jiesu": "page" };
  if (typeof body === "string") headers["content-type"] = "application/json";
  const answer = await fetch(path, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(((await answer.json().catch(() => ({}))).error || {}).message || NOT_SENT);
}

const ICON =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="1.9" stroke-linejoin="round"><path d="M3.5 7.5h4l1.6-2.5h5.8l1.6 2.5h4v11.5h-17z"/><circle cx="12" cy="13" r="3.4"/></g></svg>';

// The button for pictures. `sent` is called after each, `tell` with what went wrong.
export function startPictures({ before, sent, tell, failed = () => tell(NOT_SENT) }) {
  const files = Object.assign(document.createElement("input"), { type: "file", accept: "image/*", multiple: true, hidden: true });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "round", id: "photo", innerHTML: ICON });
  button.setAttribute("aria-label", "发送照片");
  before.before(button, files);

  async function busy(work) {
    if (button.classList.contains("busy")) return;
    button.classList.add("busy");
    try {
      await work();
    } catch (problem) {
      if (problem instanceof Error) tell(problem.message);
      else failed();
    }
    button.classList.remove("busy");
  }

  files.addEventListener("change", () =>
    busy(async () => {
      const form = new FormData();
      form.append("id", newId());
      for (const file of files.files) form.append("file", file);
      files.value = "";
      await post("/api/chat/media", form);
      sent();
    }),
  );
  button.addEventListener("click", () =>
    busy(async () => {
      tell("");
      const wx = await ready();
      if (!wx) return files.click();
      const chosen = await ask(wx, "chooseImage", { count: 9, sizeType: ["compressed"], sourceType: ["album", "camera"] });
      for (const localId of chosen ? chosen.localIds : []) {
        const { serverId } = await ask(wx, "uploadImage", { localId, isShowProgressTips: 1 });
        await post("/api/chat/wechat-media", JSON.stringify({ id: newId(), media_id: serverId }));
        sent();
      }
    }),
  );
}
