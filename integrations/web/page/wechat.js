// Inside WeChat only: the place and pictures by WeChat's own script. It is
// loaded on the first tap; where it fails, all goes the ordinary way.

import { sendWechatPicture } from "./transport.js";
import { newId } from "./unsent.js";

const APIS = ["getLocation", "openLocation", "chooseImage", "uploadImage"];

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
export const ready = () => (preparing = preparing || prepare(3500, APIS).catch(() => null));

const ask = (wx, name, options) =>
  new Promise((success, fail) => wx[name]({ ...options, success, fail, cancel: () => success(null) }));

// Where the phone is; null where WeChat does not say.
export async function place() {
  const wx = await ready();
  const at = wx && (await within(12e3, ask(wx, "getLocation", { type: "gcj02" })).catch(() => null));
  const [lat, lon] = at ? [+(+at.latitude).toFixed(6), +(+at.longitude).toFixed(6)] : [NaN, NaN];
  return Number.isFinite(lat + lon) ? { lat, lon, crs: "GCJ-02", label: "" } : null;
}

// Chosen in WeChat (`source`: "camera" or "album") and sent from there; `sent`
// is called after each. Gives how many were sent.
export async function sendPictures(wx, source, sent) {
  const chosen = await ask(wx, "chooseImage", { count: 9, sizeType: ["compressed"], sourceType: [source] });
  const localIds = chosen ? chosen.localIds : [];
  for (const localId of localIds) {
    const { serverId } = await ask(wx, "uploadImage", { localId, isShowProgressTips: 1 });
    await sendWechatPicture({ id: newId(), media_id: serverId });
    sent();
  }
  return localIds.length;
}
