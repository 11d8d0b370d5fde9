// The chat's API. Every failure becomes a Failure with a Chinese sentence and
// a hint whether the same request may succeed later.

import { language, t } from "./words.js";

export class Failure extends Error {
  constructor(message, { status = 0, wait = 0, offset = 0, told = false } = {}) {
    super(message);
    this.told = told; // the words are the server's
    this.status = status; // 0: the server was not reached
    this.wait = wait; // milliseconds the server asked us to wait
    this.offset = offset; // bytes of an upload that the server has
  }

  // The server has looked at the request and will not take it, now or later.
  get refused() {
    return this.status >= 400 && this.status < 500 && ![401, 403, 408, 425, 429].includes(this.status);
  }
}

const KNOWN = [413, 429, 503];
const sentence = (status) => t(KNOWN.includes(status) ? `talk.not_sent_${status}` : "talk.not_sent");

async function failureOf(response) {
  const answer = await response.json().catch(() => null);
  const told = answer && answer.error && answer.error.message;
  const after = Number(response.headers.get("Retry-After"));
  return new Failure(told || sentence(response.status), {
    status: response.status,
    told: Boolean(told),
    wait: after > 0 ? Math.min(after, 120) * 1000 : 0,
    offset: Number(response.headers.get("Upload-Offset")),
  });
}

// One request with a time-out, or given up by `signal`; `read` makes of the response what is given back.
export async function exchange(method, path, { headers, body, signal, read = (response) => response } = {}) {
  const abort = new AbortController();
  if (signal) {
    if (signal.aborted) abort.abort();
    signal.addEventListener("abort", () => abort.abort());
  }
  const timer = setTimeout(() => abort.abort(), method === "GET" ? 15e3 : 30e3);
  try {
    const response = await fetch(path, { method, headers, body, signal: abort.signal, credentials: "same-origin", cache: "no-store" });
    if (!response.ok) throw await failureOf(response);
    return await read(response);
  } catch (problem) {
    if (problem instanceof Failure) throw problem;
    throw new Failure(t("talk.no_network"));
  } finally {
    clearTimeout(timer);
  }
}

const answerOf = (response) =>
  response.json().catch(() => {
    throw new Failure(sentence(502), { status: 502 });
  });

function request(method, path, body, signal) {
  if (body === undefined) return exchange(method, path, { signal, read: answerOf });
  const headers = { "content-type": "application/json", "X-Jiesu": "page" };
  return exchange(method, path, { headers, body: JSON.stringify(body), signal, read: answerOf });
}

let opening = null;
let whenOpened = () => {};

// `listener` hears {conversation, latest} each time a session has been opened.
export function onSession(listener) {
  whenOpened = listener;
}

export function openSession() {
  if (!opening) {
    opening = request("POST", "/api/chat/session", language === "zh-Hans" ? {} : { language }).then((session) => {
      whenOpened(session);
      return session;
    });
    opening.catch(() => {
      opening = null;
    });
  }
  return opening;
}

export async function withSession(work) {
  const used = openSession();
  await used;
  try {
    return await work();
  } catch (problem) {
    if (problem.status !== 401) throw problem;
    if (opening === used) opening = null;
    await openSession();
    return work();
  }
}

export const PAGE_SIZE = 200;

// `after` is a function: a new session may start the numbers over.
export const pullMessages = (after) => withSession(() => request("GET", `/api/chat/messages?after=${after()}`));
export const sendMessage = (body) => withSession(() => request("POST", "/api/chat/messages", body));
export const sendWechatPicture = (body) => withSession(() => request("POST", "/api/chat/wechat-media", body));

// What panels ask of the API, in the session.
export const ask = (method, path, body, signal) => withSession(() => request(method, path, body, signal));

// Nothing depends on it: a failure is passed over.
export const sayTyping = () => request("POST", "/api/chat/typing", {}).catch(() => {});
