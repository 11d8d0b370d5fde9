// What the page says, in the citizen's language: brought along in the page
// itself, and for panels fetched when they are opened. In 长辈模式 some
// sentences are plainer.

const frame = document.getElementById("frame"); // the page that switches WeChat's notices on has none
const brought = frame ? JSON.parse(frame.textContent) : { language: "zh-Hans", words: {}, elder: {} };

export const language = brought.language;
// The mark of what is said in another language than the frame's, for screen readers.
export const mark = (spoken) => (spoken && spoken !== language ? spoken : null);
// The assistant, its cards and the departments speak simplified Chinese in every frame.
export const CHINESE = mark("zh-Hans");
// Whether what they say is to be said once more beside it.
export const FOREIGN = !language.startsWith("zh");
const words = { ...brought.words };
const plainer = { ...brought.elder };

const isElder = () => document.documentElement.classList.contains("elder");

// The sentence with its gaps filled: t("talk.too_long", { count: 3 }).
export function t(key, gaps = {}) {
  const sentence = (isElder() && plainer[key]) || words[key];
  if (sentence === undefined) throw new Error(`no sentence ${key}`);
  return sentence.replace(/\{(\w+)\}/g, (_, name) => String(gaps[name]));
}

const loading = new Map();

// The sentences of a topic that the page did not bring along.
export function loadWords(topic) {
  if (!loading.has(topic)) {
    const asked = fetch(`/page-words/${language}/${topic}`).then(async (answer) => {
      if (!answer.ok) throw new Error(`words: ${answer.status}`);
      const more = await answer.json();
      Object.assign(words, more.words);
      Object.assign(plainer, more.elder);
    });
    asked.catch(() => loading.delete(topic));
    loading.set(topic, asked);
  }
  return loading.get(topic);
}

// Sentences that stand in the page itself follow 长辈模式.
export function refreshWords() {
  for (const node of document.querySelectorAll("[data-t]")) {
    const sentence = t(node.dataset.t);
    if (node.textContent !== sentence) node.textContent = sentence;
  }
}
