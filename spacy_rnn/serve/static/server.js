// Questions to the server. An error is an object with code and message.

/** Ask for JSON. */
export const ask = async (question, body, signal) => {
  const answer = await post(question, body, signal);
  return answer.json();
};

export const listModels = async () => {
  const answer = await fetch("api/models");
  if (!answer.ok) throw await errorOf(answer);
  return answer.json();
};

/** Read server-sent events; aborting the signal closes the connection, which ends the writing. */
export const listen = async (question, body, signal, hear) => {
  const answer = await post(question, body, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    const events = (waiting + value).split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const [name, data] = event.split("\n");
      hear(name.slice("event: ".length), JSON.parse(data.slice("data: ".length)));
    }
  }
};

export const pictureAddress = (model, text, style, lang) =>
  `api/picture?${new URLSearchParams({model, text, style, lang})}`;

/** See whether a picture can be drawn. The browser keeps it for the frame that shows it. */
export const checkPicture = async address => {
  const answer = await fetch(address);
  if (!answer.ok) throw await errorOf(answer);
  await answer.text();
};

const post = async (question, body, signal) => {
  const answer = await fetch(`api/${question}`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body),
    signal,
  });
  if (!answer.ok) throw await errorOf(answer);
  return answer;
};

const errorOf = async answer => {
  try {
    return await answer.json();
  } catch {
    return {message: `${answer.status} ${answer.statusText}`};
  }
};
