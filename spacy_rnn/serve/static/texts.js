// What the page says, in Chinese and English.

const TEXTS = {
  en: {
    api: "The API",
    typing: "Type",
    model: "Model",
    beside: "beside it",
    none: "none",
    text: "Text",
    suggestions: "Suggestions",
    help: "Tab takes the marked suggestion, Alt and an arrow marks another. Escape closes them: "
      + "then Tab goes on. While an input method composes, all keys are its own.",
    words: "Words, and how surprising each is, in bits",
    next: "The next word",
    writing: "Write on",
    max_tokens: "words at most",
    temperature: "temperature",
    top_k: "top-k (0: all)",
    top_p: "top-p",
    seed: "seed",
    write: "Write",
    stop: "Stop",
    take: "Take into the text",
    inside: "Step through",
    show_steps: "Steps",
    show_states: "States",
    back: "Back",
    on: "On",
    all: "All steps",
    step: (number, steps) => `Step ${number} of ${steps}`,
    end: "end of the text",
    unknown: "not in the vocabulary",
    bits: "bits",
    best: (word, share, count) => `${count} suggestions; Tab: ${word}, ${share}`,
    sums: (bits, perplexity, each) => `${bits} bits together; perplexity ${perplexity}; `
      + `${each} bits a character with the end of the text`,
    cut: (shown, count) => `The last ${shown} of ${count} words. `,
    busy: "Writing …",
    written: count => `${count} words written.`,
    ended: count => `${count} words written; there the text ends.`,
    stopped: count => `Stopped after ${count} words.`,
    picture: name => `Picture of ${name}`,
    unreachable: "The server can't be reached. Was it ended? Start it again, then type on.",
    invalid: name => `“${name}” is out of range.`,
    long: "The text has too many words to step through. Shorten it.",
    errors: {},
  },
  zh: {
    api: "API",
    typing: "输入",
    model: "模型",
    beside: "对照",
    none: "无",
    text: "文本",
    suggestions: "候选",
    help: "Tab 键采用标出的候选，Alt 加方向键换一个。Esc 键关闭候选，之后 Tab 键移到下一处。"
      + "输入法组字时，按键都归输入法。",
    words: "分词，及每个词的惊异值（比特）",
    next: "下一个词",
    writing: "续写",
    max_tokens: "最多词数",
    temperature: "温度",
    top_k: "top-k（0 为全部）",
    top_p: "top-p",
    seed: "随机种子",
    write: "开始",
    stop: "停止",
    take: "加入文本",
    inside: "逐步查看",
    show_steps: "步骤",
    show_states: "状态",
    back: "上一步",
    on: "下一步",
    all: "全部步骤",
    step: (number, steps) => `第 ${number} 步，共 ${steps} 步`,
    end: "文本结束",
    unknown: "词表外的词",
    bits: "比特",
    best: (word, share, count) => `${count} 个候选；Tab 键：${word}，${share}`,
    sums: (bits, perplexity, each) => `共 ${bits} 比特；困惑度 ${perplexity}；`
      + `连同文本结束，每字 ${each} 比特`,
    cut: (shown, count) => `共 ${count} 个词，这里是最后 ${shown} 个。`,
    busy: "正在写……",
    written: count => `写了 ${count} 个词。`,
    ended: count => `写了 ${count} 个词，文本到此结束。`,
    stopped: count => `写了 ${count} 个词后停止。`,
    picture: name => `${name} 的图`,
    unreachable: "连不上服务器。它停了吗？请重新启动，然后继续输入。",
    invalid: name => `“${name}”超出范围。`,
    long: "文本的词太多，不能逐步查看，请缩短。",
    errors: {
      R841: "服务器不认这个名字：请用启动时显示的地址打开本页。",
      R842: "别的网页不能使用这个服务器。",
      R843: "请求太长，请缩短文本。",
      R846: "文本太长，请缩短。",
      R847: "模型正忙，请稍后再试。",
      R848: "没有这个模型，请重新载入本页。",
      R849: "请求传得太慢，请再试一次。",
      R853: "服务器出错，详情见它的日志。",
      R855: "文本的词太多，不能逐步查看，请缩短。",
      R865: "请求太多，请稍后再试。",
      R867: "服务器正在停止，请重新启动。",
      R308: "词表没有这么多词。",
      R830: "没有可写的词了：请放宽选项。",
    },
  },
};

let language = "en";

/** A text of the page, in its language. */
export const say = (name, ...values) => {
  const text = TEXTS[language][name];
  return typeof text === "function" ? text(...values) : text;
};

export const languageNow = () => language;

/** The message of an error in the language of the page, or the server's own. */
export const explain = error =>
  TEXTS[language].errors[error.code] ?? error.message ?? say("unreachable");

/** What the reader chose before, or what the browser prefers. */
export const preferredLanguage = () => {
  const chosen = recall("language");
  if (chosen in TEXTS) return chosen;
  const first = navigator.languages.find(each => each.slice(0, 2) in TEXTS);
  return first?.slice(0, 2) ?? "en";
};

export const setLanguage = name => {
  language = name;
  document.documentElement.lang = name === "zh" ? "zh-Hans" : name;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = say(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.dataset.label));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === name));
  }
};

// A browser may forbid storage.
export const remember = (name, value) => {
  try { localStorage.setItem(name, value); } catch { /* it is forgotten, then */ }
};

const recall = name => {
  try { return localStorage.getItem(name); } catch { return null; }
};

export const percent = probability => {
  const shown = 100 * probability;
  return `${shown >= 10 ? shown.toFixed(0) : shown.toPrecision(2)} %`;
};
