// The page: one text, and what one or two models make of it.

import * as panels from "./panels.js";
import {ask, checkPicture, listModels, listen, pictureAddress} from "./server.js";
import * as typing from "./suggestions.js";
import {explain, languageNow, preferredLanguage, remember, say, setLanguage} from "./texts.js";

const find = selector => document.querySelector(selector);
const error = find("#error");
const [first, second] = [find("#first-model"), find("#second-model")];
// So that the server goes on from what it read. randomUUID isn't there without https.
const session = [...crypto.getRandomValues(new Uint8Array(16))]
  .map(byte => byte.toString(16).padStart(2, "0")).join("");

// Servers don't read much longer ones.
const LONGEST_ADDRESS = 30000;

let known = [];
let models = [];
let places = {};
let waiting = 0;
let asking = new AbortController();
let writing = null;
// Of each model how many words it wrote, and how that ended.
let written = [];
let steps = [];
let step = 0;
// The picture that is shown, and of which text.
let shown = null;
let drawn = "";

const fail = problem => {
  if (problem?.name === "AbortError") return;
  if (!problem?.code && problem instanceof Error) console.error(problem);
  const lost = problem instanceof TypeError;
  error.textContent = lost ? say("unreachable") : explain(problem);
  error.hidden = false;
};

const succeed = () => { error.hidden = true; };

// --- typing ---

const refresh = () => {
  clearTimeout(waiting);
  asking.abort();
  waiting = setTimeout(askAll, 60);
};

const askAll = async () => {
  if (typing.isComposing() || !models.length) return;
  asking = new AbortController();
  const {signal} = asking;
  const [text, before, place] = [typing.text(), typing.textBefore(), typing.startAsking()];
  const questions = before === null ? [] : [
    ask("complete", {text: before, session, model: models[0], k: 5}, signal)
      .then(found => typing.offer(found.completions, place)),
  ];
  models.forEach((model, number) => {
    questions.push(
      ask("next", {text: before ?? text, session, model, k: 8}, signal)
        .then(found => panels.showNext(places.next[number], found, typing.insert)),
      ask("score", {text, session, model, last: 300}, signal)
        .then(found => panels.showWords(places.words[number], found)),
    );
  });
  try {
    await Promise.all(questions);
    succeed();
  } catch (problem) {
    if (signal.aborted) return;
    asking.abort();
    typing.close();  // no suggestion comes for which Tab could wait
    // what stands there is of another text
    for (const place of [...places.words, ...places.next]) place.replaceChildren();
    fail(problem);
  }
};

// --- writing ---

const options = form => {
  const chosen = {};
  for (const input of form.querySelectorAll("input")) {
    const out = !input.validity.valid || (input.name === "top_p" && input.valueAsNumber === 0);
    if (out || Number.isNaN(input.valueAsNumber)) {
      input.focus();
      throw {code: "page", message: say("invalid", say(input.name))};
    }
    chosen[input.name] = input.valueAsNumber;
  }
  return chosen;
};

const write = async event => {
  event.preventDefault();
  if (writing) return;
  let chosen;
  try {
    chosen = options(event.target);
  } catch (problem) {
    fail(problem);
    return;
  }
  succeed();
  writing = new AbortController();
  const {signal} = writing;
  const text = typing.text();
  const done = models.map(model => ({model, count: 0, how: "stopped"}));
  const stays = places.written;
  showWriting();
  try {
    await Promise.all(done.map((one, number) =>
      writeOne(one, stays[number], text, chosen, signal)));
  } catch (problem) {
    fail(problem);
  }
  writing.abort();  // if one failed, the other has no reader
  writing = null;
  written = stays === places.written ? done : [];  // or other models were chosen meanwhile
  showWriting();
};

const writeOne = async (one, place, text, chosen, signal) => {
  const page = panels.startWriting(place, text, typing.append);
  try {
    await listen("generate", {text, model: one.model, ...chosen}, signal, (name, data) => {
      if (name === "word") {
        page.add(data.text);
        one.count += 1;
      } else {
        if (data.error) throw data.error;
        one.how = data.reason === "end" ? "ended" : "written";
      }
    });
  } finally {
    page.end();
  }
};

const showWriting = () => {
  const states = written.map(({model, count, how}) =>
    (written.length > 1 ? `${model}: ` : "") + say(how, count));
  find("#writing-state").textContent = writing ? say("busy") : states.join("\n");
  find("#write").disabled = writing !== null;
  find("#stop").disabled = writing === null;
};

// --- pictures ---

const draw = async (style, text, first = 0) => {
  shown = style;
  drawn = text;
  const made = models.map(model => pictureAddress(model, text, style, languageNow()));
  try {
    if (made.some(address => address.length > LONGEST_ADDRESS)) {
      throw {code: "R855", message: say("long")};
    }
    await Promise.all(made.map(checkPicture));
    const found = await Promise.all(made.map((address, number) =>
      panels.showPicture(places.pictures[number], address, say("picture", models[number]))));
    steps = style === "steps" ? found : [];
    succeed();
  } catch (problem) {
    // what stands there is of another text
    for (const place of places.pictures) place.replaceChildren();
    steps = [];
    shown = null;
    fail(problem);
  }
  find("#stepping").hidden = !steps.length;
  find("#step-all").setAttribute("aria-pressed", "false");
  for (const [name, button] of [["steps", "#show-steps"], ["states", "#show-states"]]) {
    find(button).setAttribute("aria-pressed", String(name === shown));
  }
  if (steps.length) showStep(first);
};

/** Show one step of the pictures, or all of them. */
const showStep = number => {
  const count = Math.max(...steps.map(boxes => boxes.length));
  const all = find("#step-all").getAttribute("aria-pressed") === "true";
  step = Math.max(0, Math.min(count - 1, number));
  for (const boxes of steps) {
    boxes.forEach((box, place) => {
      box.hidden = !all && place !== step;
      box.style.display = box.hidden ? "none" : "";
    });
  }
  fitPictures();
  find("#step-number").textContent = all ? "" : say("step", step, count - 1);
  find("#step-back").disabled = all || step === 0;
  find("#step-on").disabled = all || step === count - 1;
};

const fitPictures = () => document.querySelectorAll("#pictures iframe").forEach(panels.fit);

const toggleAll = () => {
  const button = find("#step-all");
  const pressed = button.getAttribute("aria-pressed") === "true";
  button.setAttribute("aria-pressed", String(!pressed));
  showStep(step);
};

// --- the page ---

const layOut = () => {
  models = [first.value, ...(second.value ? [second.value] : [])];
  const described = models.map(name => known.find(model => model.name === name));
  writing?.abort();
  const parts = {words: "#words", next: "#next", written: "#written", pictures: "#pictures"};
  places = Object.fromEntries(
    Object.entries(parts).map(([name, selector]) => [name, panels.divide(selector, described)]));
  steps = [];
  find("#stepping").hidden = true;
  if (shown) find(`#show-${shown}`).setAttribute("aria-pressed", "false");
  shown = null;
  written = [];
  showWriting();
  refresh();
};

const fillModels = names => {
  const none = new Option(say("none"), "");
  none.dataset.text = "none";
  first.replaceChildren(...names.map(name => new Option(name, name)));
  second.replaceChildren(none, ...names.map(name => new Option(name, name)));
  if (names.length > 1) second.value = names[1];
};

const speak = name => {
  setLanguage(name);
  if (models.length) refresh();
  if (shown) draw(shown, drawn, step);
  showWriting();
};

const start = async () => {
  speak(preferredLanguage());
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      remember("language", button.dataset.language);
      speak(button.dataset.language);
    });
  }
  try {
    const {models: found, limits} = await listModels();
    find("#text").maxLength = limits.text_chars;
    known = found;
    fillModels(found.map(({name}) => name));
  } catch (problem) {
    fail(problem);
    return;
  }
  first.addEventListener("change", layOut);
  second.addEventListener("change", layOut);
  typing.watch(refresh);
  find("#writing").addEventListener("submit", write);
  find("#stop").addEventListener("click", () => writing?.abort());
  find("#show-steps").addEventListener("click", () => draw("steps", typing.text()));
  find("#show-states").addEventListener("click", () => draw("states", typing.text()));
  find("#step-back").addEventListener("click", () => showStep(step - 1));
  find("#step-on").addEventListener("click", () => showStep(step + 1));
  find("#step-all").addEventListener("click", toggleAll);
  window.addEventListener("resize", fitPictures);
  layOut();
  document.body.dataset.ready = "true";
};

start();
