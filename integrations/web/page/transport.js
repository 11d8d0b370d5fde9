// The chat's API. Every failure becomes a Failure with a Chinese sentence and
// a hint whether the same request may succeed later.

export class Failure extends Error {
  constructor(message, { status = 0, wait = 0 } = {}) {
    super(message);
    this.status = status; // 0: the server was not reached
    this.wait = wait; // milliseconds the server asked us to wait
  }

  // The server has looked at the request and will not take it, now or later.
  get refused() {
    return this.status >= 400 && this.status < 500 && ![401, 403, 408, 425, 429].includes(this.status);
  }
}

const SENTENCES = {
  413: "这条太长了，请分成两次说。",
  429: "说得有点快，稍等几秒会自动发出。",
  503: "现在有点忙，您的话已经留着，会自动再发。",
};

async function request(method, path, body) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), method === "GET" ? 15e3 : 30e3);
  try {
    const options = { method, signal: abort.signal, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) {
      options.headers = { "content-type": "application/json", "X-Jiesu": "page" };
      options.body = JSON.stringify(body);
    }
    const response = await fetch(path, options);
    const answer = await response.json().catch(() => null);
    if (response.ok && answer) return answer;
    const told = answer && answer.error && answer.error.message;
    const after = Number(response.headers.get("Retry-After"));
    throw new Failure(told || SENTENCES[response.status] || "刚才没有发成，会自动再试。", {
      status: response.ok ? 502 : response.status,
      wait: after > 0 ? Math.min(after, 120) * 1000 : 0,
    });
  } catch (problem) {
    if (problem instanceof Failure) throw problem;
    throw new Failure("网络不太通，会自动再试。");
  } finally {
    clearTimeout(timer);
  }
}

let opening = null;
let whenOpened = () => {};

// `listener` hears {conversation, latest} each time a session has been opened.
export function onSession(listener) {
  whenOpened = listener;
}

export function openSession() {
  if (!opening) {
    opening = request("POST", "/api/chat/session", {}).then((session) => {
      whenOpened(session);
      return session;
    });
    opening.catch(() => {
      opening = null;
    });
  }
  return opening;
}

async function withSession(work) {
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

// Nothing depends on it: a failure is passed over.
export const sayTyping = () => request("POST", "/api/chat/typing", {}).catch(() => {});
