/* The events of the server. `EventSource` cannot send a token but in the URL, where it would be in logs and
   histories; so they are read with `fetch`. */

/** A stream that has been silent for so long is given up: there is an event a second. */
const SILENCE_MS = 15000;

/** The server wants a token, or another one. */
class Unauthorized extends Error {}

/** Reads lines of a stream of events (https://html.spec.whatwg.org/multipage/server-sent-events.html), and
    calls `onEvent` with the name and the data of each. */
class EventParser {
  constructor(onEvent) {
    this.onEvent = onEvent;
    this.rest = '';
    this.begin();
  }

  begin() {
    this.name = 'message';
    this.data = [];
  }

  push(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    lines.forEach((line) => this.line(line));
  }

  line(line) {
    if (line === '') {
      if (this.data.length > 0) this.onEvent(this.name, this.data.join('\n'));
      this.begin();
      return;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (field === 'event') this.name = value;
    if (field === 'data') this.data.push(value);
  }
}

/** A header's value is bytes; a character of the string is one of them. */
function bearer(token) {
  return `Bearer ${String.fromCharCode(...new TextEncoder().encode(token))}`;
}

/** Opens the stream and calls `onState` with each state, until the stream ends. `onOpen` is called when the
    server has accepted the token. */
async function follow(token, onOpen, onState) {
  const silence = new AbortController();
  let timer;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  heard();
  try {
    const headers = token === null ? {} : { Authorization: bearer(token) };
    const options = { headers, cache: 'no-store', credentials: 'omit', redirect: 'error', signal: silence.signal };
    const response = await fetch('events', options);
    if (response.status === 401) throw new Unauthorized();
    if (!response.ok) throw new Error(await refusal(response));
    onOpen();
    const parser = new EventParser((name, data) => {
      if (name === 'state') onState(JSON.parse(data));
    });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      parser.push(value);
    }
  } finally {
    clearTimeout(timer);
    silence.abort();
  }
}

/** What the server says about a request that it refuses. */
async function refusal(response) {
  try {
    return visible((await response.json()).error.message);
  } catch {
    return `the server answers ${response.status}`;
  }
}
