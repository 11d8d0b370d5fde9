// Pictures on their way stay in this browser until the server has them, also
// when it is closed. Where nothing may be stored, they last as long as the page.

import { unsentMessages } from "./storage.js";

const STORE = "photos";
const STALE = 60 * 60e3;
const here = new Map(); // id -> record, of this page

const done = (request) =>
  new Promise((yes, no) => {
    request.onsuccess = () => yes(request.result);
    request.onerror = () => no(request.error);
  });

let opening = null;
function base() {
  if (!opening) {
    opening = Promise.resolve().then(() => {
      const asked = indexedDB.open("jiesu", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id" });
      return done(asked);
    });
  }
  return opening;
}

// Storage may be full or forbidden: then it is done without.
async function attempt(mode, work) {
  try {
    return await done(work((await base()).transaction(STORE, mode).objectStore(STORE)));
  } catch {
    return null;
  }
}

// record: {id, blob, upload, whole, at}
export function keep(record) {
  here.set(record.id, record);
  return attempt("readwrite", (store) => store.put(record));
}

// The record; null where it is gone.
export async function kept(id) {
  if (!here.has(id)) {
    const found = await attempt("readonly", (store) => store.get(id));
    if (!found) return null;
    here.set(id, found);
  }
  return here.get(id);
}

export function forget(ids) {
  for (const id of ids) {
    here.delete(id);
    attempt("readwrite", (store) => store.delete(id));
  }
}

// What no unsent message needs any more, of this tab or of others.
export async function tidy() {
  const needed = new Set();
  for (const { body } of unsentMessages.read()) for (const id of body.photos || []) needed.add(id);
  const all = (await attempt("readonly", (store) => store.getAll())) || [];
  forget(all.filter(({ id, at }) => !needed.has(id) && !here.has(id) && Date.now() - at > STALE).map(({ id }) => id));
}

// All of them, for a citizen who deletes what there is of theirs.
export function forgetPictures() {
  here.clear();
  return attempt("readwrite", (store) => store.clear());
}
