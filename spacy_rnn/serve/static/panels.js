// What a model says: words with their surprisal, next words, what it writes, pictures.

import {percent, say} from "./texts.js";

const FULL = 16;

const make = (name, className, ...children) => {
  const element = document.createElement(name);
  element.className = className;
  element.append(...children);
  return element;
};

/** Lay out a part of the page for each model, a name and a language; returns where each has its
    own. */
export const divide = (selector, models) => {
  const place = document.querySelector(selector);
  place.classList.toggle("two", models.length > 1);
  const parts = models.map(({name, lang}) => {
    const content = make("div", "content");
    content.lang = lang;
    return make("div", "", make("h3", "", name), content);
  });
  place.replaceChildren(...parts);
  return parts.map(part => part.lastChild);
};

// White space is shown, since it may be a token of its own.
const visible = text => text.replace(/\n/g, "↵").replace(/\s/g, "␣");

/** Words, and under each its surprisal. */
export const showWords = (place, answer) => {
  const {tokens, count, surprisal, perplexity, bits_per_character: each} = answer;
  const items = tokens.map(({text, surprisal: bits, known}) => {
    const word = make("span", "word", visible(text));
    word.style.setProperty("--level", `${Math.min(100, 100 * bits / FULL)}%`);
    if (!/\S/.test(text)) word.classList.add("space");
    if (known === false) {
      word.classList.add("unknown");
      word.title = say("unknown");
    }
    const number = make("span", "bits", known === null ? "" : bits.toFixed(1));
    return make("li", "", word, number);
  });
  const sums = each === null ? "" : say("sums", surprisal.toFixed(1), shortNumber(perplexity),
    each.toFixed(2));
  const left = count > tokens.length ? say("cut", tokens.length, count) : "";
  place.replaceChildren(make("ul", "words", ...items), make("p", "quiet", left, sums));
};

const shortNumber = number => number < 1e6
  ? number.toLocaleString("en", {maximumSignificantDigits: 4}) : number.toExponential(2);

/** Next words; a click takes one. */
export const showNext = (place, {next}, take) => {
  const items = next.map(({word, insert, probability}) => {
    const ends = word === "</s>";
    const name = make("span", "word", ends ? say("end") : word);
    const button = make("button", "", name, make("span", "share", percent(probability)));
    button.type = "button";
    button.style.setProperty("--level", `${100 * probability}%`);
    button.disabled = ends;
    button.addEventListener("click", () => take(insert));
    return make("li", "", button);
  });
  place.replaceChildren(make("ol", "guesses", ...items));
};

/** Where a model writes. Returns a function that adds a word, and one that ends it. */
export const startWriting = (place, given, take) => {
  const words = make("span", "");
  const before = make("span", "given", given);
  place.replaceChildren(make("p", "output", before, words));
  return {
    add: word => words.append(word),
    end: () => {
      if (!words.textContent) return;
      const button = make("button", "", say("take"));
      button.type = "button";
      button.dataset.text = "take";
      button.addEventListener("click", () => take(words.textContent));
      place.append(button);
    },
  };
};

/** Show a picture of the server in a frame without scripts; resolves with its steps. */
export const showPicture = (place, address, title) => new Promise(resolve => {
  const frame = document.createElement("iframe");
  frame.title = title;
  frame.setAttribute("sandbox", "allow-same-origin");
  frame.addEventListener("load", () => {
    fit(frame);
    resolve([...frame.contentDocument.querySelectorAll(".spacy-rnn-step")]);
  });
  frame.src = address;
  place.replaceChildren(frame);
});

/** Give a frame the height of its picture. */
export const fit = frame => {
  const body = frame.contentDocument?.body;
  if (!body) return;
  for (const part of body.querySelectorAll(".spacy-rnn-scroll")) {
    part.style.maxHeight = "none";  // of a part of the frame, whose height follows from it
  }
  const style = frame.contentWindow.getComputedStyle(body);
  const around = parseFloat(style.marginTop) + parseFloat(style.marginBottom);
  // what scrolls sideways may have a bar below
  frame.style.height = `${Math.ceil(body.getBoundingClientRect().height + around) + 20}px`;
};
