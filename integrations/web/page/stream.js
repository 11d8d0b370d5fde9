// Lines as they are said, over the server's stream of events. Where it cannot
// be had, or falls silent, whoever opened it is told and looks on its own.

const QUIET = 20e3; // the server gives a sign every fifteen seconds
const HIDDEN = 30e3; // a page that nobody sees keeps no stream for longer
const MOST = 60e3;

let source = null;
let heard = false;
let failures = 0;
let quiet = 0;
let hiding = 0;
let later = 0;

// Whether lines come by themselves.
export const flows = () => heard;

export function closeStream() {
  clearTimeout(quiet);
  clearTimeout(hiding);
  if (source) source.close();
  source = null;
  heard = false;
}

// Nobody sees the page: the stream may stay for a moment.
export function hideStream() {
  clearTimeout(hiding);
  hiding = setTimeout(closeStream, HIDDEN);
}

// handlers: start() gives {after, conversation}; message(line), pending(yes),
// moved({conversation, latest}), flowing() and lost() hear what happens.
export function openStream(handlers) {
  clearTimeout(hiding);
  if (source || Date.now() < later || !window.EventSource || document.visibilityState !== "visible") return;
  const { after, conversation } = handlers.start();
  const mine = new EventSource(`/api/chat/stream?after=${after}&conversation=${encodeURIComponent(conversation || "")}`);
  source = mine;

  function lose(wait) {
    if (source !== mine) return;
    // One that has lived out its time is opened again at once.
    failures = heard ? 0 : failures + 1;
    later = Date.now() + (wait || Math.min(MOST, failures && 1e3 * 2 ** failures));
    closeStream();
    handlers.lost();
  }

  function sign() {
    clearTimeout(quiet);
    quiet = setTimeout(lose, QUIET);
    if (heard) return;
    heard = true;
    handlers.flowing();
  }

  function on(name, hear) {
    mine.addEventListener(name, (event) => {
      if (source !== mine) return;
      sign();
      hear(JSON.parse(event.data));
    });
  }

  on("message", handlers.message);
  on("state", (state) => handlers.pending(state.pending));
  on("conversation", handlers.moved);
  on("beat", () => {});
  on("end", (end) => lose(end.why === "replaced" ? MOST : 0));
  mine.onerror = () => lose();
  quiet = setTimeout(lose, QUIET);
}
