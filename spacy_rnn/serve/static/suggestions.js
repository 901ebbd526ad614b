// The text that is typed, and the suggestions for it.

import {percent, say} from "./texts.js";

const area = document.querySelector("#text");
const list = document.querySelector("#suggestions");
const announcement = document.querySelector("#announcement");

let found = [];
let marked = 0;
// Text and caret that were asked about, and those that the suggestions are for; null before.
let asked = null;
let place = null;
let composing = false;
let closed = true;
let wanted = false;
let speaking = 0;

const placeNow = () => `${area.selectionStart} ${area.selectionEnd} ${area.value}`;

export const text = () => area.value;

/** The text before the caret, which is completed; null where nothing is. */
export const textBefore = () =>
  area.selectionStart === area.selectionEnd ? area.value.slice(0, area.selectionStart) : null;

export const isComposing = () => composing;

/** Whoever asks for the text as it is now gives `offer` what this returns. */
export const startAsking = () => {
  asked = placeNow();
  return asked;
};

/** Put a text in at the caret, so that the browser's undo takes it back. */
export const insert = addition => {
  area.focus();
  if (!document.execCommand("insertText", false, addition)) {
    area.setRangeText(addition, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", {bubbles: true}));
  }
};

export const append = addition => {
  area.setSelectionRange(area.value.length, area.value.length);
  insert(addition);
};

/** Show what the server found for the text before the caret, if it is still there. */
export const offer = (completions, about) => {
  if (composing || closed || about !== placeNow()) return;
  found = completions;
  marked = 0;
  place = about;
  show();
  if (wanted && found.length) take(0);
  wanted = false;
  clearTimeout(speaking);
  if (found.length) {
    const {word, probability} = found[0];
    const speak = () => {
      announcement.textContent = say("best", word, percent(probability), found.length);
    };
    speaking = setTimeout(speak, 700);
  }
};

const show = () => {
  list.replaceChildren(...found.map(({word, probability}, number) => {
    const button = document.createElement("button");
    button.type = "button";
    const [name, share] = [document.createElement("span"), document.createElement("span")];
    name.textContent = word;
    share.textContent = percent(probability);
    share.className = "share";
    button.append(name, share);
    button.addEventListener("click", () => take(number));
    if (number === marked) button.setAttribute("aria-current", "true");
    return button;
  }));
};

const take = number => {
  const {rest} = found[number];
  forget();
  insert(rest);
};

/** What was found is for another text. */
const forget = () => {
  found = [];
  asked = null;
  place = null;
  wanted = false;
  clearTimeout(speaking);
  announcement.textContent = "";
  list.replaceChildren();
};

export const close = () => {
  closed = true;
  forget();
};

const onKey = event => {
  // keys of an input method, which some browsers mark by 229 only
  if (composing || event.isComposing || event.keyCode === 229) return;
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  if (event.key === "Escape" && !closed) {
    close();
  } else if (event.key === "Tab" && plain && !event.altKey && !closed) {
    if (textBefore() === null) {
      return;  // of selected text nothing is completed
    } else if (place === null) {
      wanted = true;  // it comes as soon as it is there
    } else if (place === placeNow() && found.length) {
      take(marked);
    } else {
      return;
    }
  } else if (/^Arrow(Up|Down)$/.test(event.key) && plain && event.altKey && found.length) {
    marked = (marked + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length;
    show();
    const {word, probability} = found[marked];
    announcement.textContent = say("best", word, percent(probability), found.length);
  } else {
    return;
  }
  event.preventDefault();
};

/** Begin to watch the text.

    changed(): called whenever it is another one, and no input method is at work. */
export const watch = changed => {
  area.addEventListener("keydown", onKey);
  area.addEventListener("input", () => {
    if (composing) return;
    closed = false;
    forget();
    changed();
  });
  area.addEventListener("compositionstart", () => {
    composing = true;
    forget();
  });
  area.addEventListener("compositionend", () => {
    composing = false;
    closed = false;
    forget();
    changed();
  });
  // Tab passes through a text in which nothing was typed
  area.addEventListener("blur", event => {
    if (!list.contains(event.relatedTarget)) close();
  });
  document.addEventListener("selectionchange", () => {
    if (document.activeElement === area && !composing && asked && asked !== placeNow()) {
      forget();
      changed();
    }
  });
};
