// What stays in this browser: large type, the unfinished draft, and messages
// that have not reached the server. Storage may be full or forbidden; the chat
// then works on without it.

function attempt(work, otherwise = null) {
  try {
    return work();
  } catch {
    return otherwise;
  }
}

export const elder = {
  read: () => attempt(() => localStorage.getItem("jiesu.elder") === "1", false),
  write: (on) => attempt(() => localStorage.setItem("jiesu.elder", on ? "1" : "0")),
};

// Colours, contrast, motion and reading aloud, as chosen here.
export const look = {
  read: () => attempt(() => JSON.parse(localStorage.getItem("jiesu.look")) || {}, {}),
  write: (chosen) => attempt(() => localStorage.setItem("jiesu.look", JSON.stringify(chosen))),
};

// The last line that was seen of a conversation.
export const seen = {
  read: () => attempt(() => JSON.parse(localStorage.getItem("jiesu.seen")) || {}, {}),
  write: (value) => attempt(() => localStorage.setItem("jiesu.seen", JSON.stringify(value))),
};

// Whether larger letters were offered here, or chosen.
export const offered = {
  read: () => attempt(() => localStorage.getItem("jiesu.offered") !== null || localStorage.getItem("jiesu.elder") !== null, true),
  write: () => attempt(() => localStorage.setItem("jiesu.offered", "1")),
};

export const draft = {
  read: () => attempt(() => sessionStorage.getItem("jiesu.draft") || "", ""),
  write: (text) =>
    attempt(() => (text ? sessionStorage.setItem("jiesu.draft", text) : sessionStorage.removeItem("jiesu.draft"))),
};

// One key for each unsent message, so that several tabs never overwrite each other.
const PREFIX = "jiesu.unsent.";

export const unsentMessages = {
  read: () =>
    attempt(() => {
      const found = [];
      for (let n = 0; n < localStorage.length; n += 1) {
        const key = localStorage.key(n);
        if (!key.startsWith(PREFIX)) continue;
        const item = attempt(() => JSON.parse(localStorage.getItem(key)));
        if (item && item.id && item.body) found.push(item);
      }
      return found.sort((one, other) => one.at - other.at);
    }, []),
  keep: (item) =>
    attempt(() => localStorage.setItem(PREFIX + item.id, JSON.stringify({ id: item.id, body: item.body, text: item.text, at: item.at }))),
  drop: (id) => attempt(() => localStorage.removeItem(PREFIX + id)),
};

// What was begun to be added to a ticket, until it has been sent: {text, photos, id, tried}.
export const additions = {
  read: (number) => attempt(() => JSON.parse(sessionStorage.getItem(`jiesu.addition.${number}`)) || {}, {}),
  write: (number, begun) => attempt(() => sessionStorage.setItem(`jiesu.addition.${number}`, JSON.stringify(begun))),
  drop: (number) => attempt(() => sessionStorage.removeItem(`jiesu.addition.${number}`)),
};

// All that this browser keeps of what the citizen said.
export const forgetWords = () =>
  attempt(() => {
    sessionStorage.clear();
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
  });
