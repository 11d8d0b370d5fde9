// The citizen's own messages on their way to the server: one after the other,
// each with its own id until the server has it, across failures and reloads.

import { unsentMessages } from "./storage.js";
import { Failure, sendMessage } from "./transport.js";
import { t } from "./words.js";

const PAUSES = [1e3, 2e3, 4e3, 8e3, 15e3, 30e3];

// crypto.randomUUID is missing on plain http, where a city may well run this.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// listeners: shown(item), changed(item), moved(item, index, share), sent(item, answer), failed(item, failure)
// item: {id, body, text, at, state: "sending" | "waiting" | "refused"}
export class Unsent {
  constructor(listeners) {
    this.listeners = listeners;
    this.items = [];
    this.running = false;
    this.inFlight = null;
    this.tries = 0;
    this.wake = null;
  }

  // Messages a reload or a closed tab left behind.
  recover() {
    for (const item of unsentMessages.read()) this.enqueue(item);
    this.run();
  }

  say(body, text) {
    const item = { id: newId(), body, text, at: Date.now() };
    unsentMessages.keep(item);
    this.enqueue(item);
    this.retry();
  }

  enqueue(item) {
    item.state = "sending";
    this.items.push(item);
    this.listeners.shown(item);
  }

  // The server's copy has come (by an answer, a poll, or another tab).
  arrived(id) {
    unsentMessages.drop(id);
    this.items = this.items.filter((item) => item.id !== id);
  }

  // Taken back by the citizen, to be changed.
  withdraw(id) {
    const item = this.items.find((each) => each.id === id);
    this.arrived(id);
    return item;
  }

  // Try at once: the network is back, or the citizen asked for it.
  retry() {
    this.tries = 0;
    for (const item of this.items) if (item.state === "waiting") this.set(item, "sending");
    if (this.wake) this.wake();
    this.run();
  }

  set(item, state) {
    if (item.state === state) return;
    item.state = state;
    this.listeners.changed(item);
  }

  // One that cannot go holds those behind it: their order is the citizen's.
  holdBack() {
    for (const item of this.items) if (item.state === "sending") this.set(item, "waiting");
  }

  async run() {
    if (this.running) return;
    this.running = true;
    for (;;) {
      const item = this.items.find((each) => each.state !== "refused");
      if (!item) break;
      const pause = await this.attempt(item);
      if (pause) await this.sleep(pause);
    }
    this.running = false;
  }

  // Sends one message; gives the time to wait before the next attempt.
  async attempt(item) {
    this.inFlight = item.id;
    this.listeners.changed(item);
    let answer;
    try {
      answer = await (item.body.photos ? this.sendPhotos(item) : sendMessage({ id: item.id, ...item.body }));
    } catch (failure) {
      this.inFlight = null;
      if (!this.items.includes(item)) return 0;
      if (failure.refused) this.set(item, "refused");
      else if (this.tries > 0 || navigator.onLine === false) this.holdBack();
      this.listeners.failed(item, failure);
      if (failure.refused) return 0;
      const pause = failure.wait || PAUSES[Math.min(this.tries, PAUSES.length - 1)];
      this.tries += 1;
      return pause;
    }
    this.inFlight = null;
    this.tries = 0;
    this.arrived(item.id);
    this.listeners.sent(item, answer);
    return 0;
  }

  async sendPhotos(item) {
    const { sendWithPhotos } = await import("./photos.js").catch(() => {
      throw new Failure(t("talk.no_network"));
    });
    return sendWithPhotos(item, {
      wanted: () => this.items.includes(item),
      moved: (index, share) => this.listeners.moved(item, index, share),
    });
  }

  sleep(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    }).then(() => {
      this.wake = null;
    });
  }
}
