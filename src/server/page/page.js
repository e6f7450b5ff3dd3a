/* The page: what is shown where, and the connection. */

const byId = (id) => document.getElementById(id);

/** The first pause before the server is asked again, and the longest. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15000;

/** A client that has sent nothing for so long has probably ended. */
const QUIET_MS = 10000;

/** What the server has said last, by section. */
let state = {};
/** The counts when the page was opened, by table. */
const atStart = new Map();
/** In memory only. */
let token = null;
let isPaused = false;

function show() {
  const { now, tables = [], uploads = [], rejected = [], newest = [], store } = state;
  const isJoinStore = ({ kind }) => kind === 'join store';
  const total = (list) => count(list.reduce((sum, table) => sum + table.count, 0));
  byId('records').textContent = total(tables.filter((table) => !isJoinStore(table)));
  byId('join-rows').textContent = total(tables.filter(isJoinStore));
  byId('sequence').textContent = count(state.sequence ?? 0);
  if (state.rate) {
    byId('rate').textContent = rate(state.rate.now);
    drawCurve(state.rate);
  }
  drawRows(byId('tables'), tables.map(tableRow), { hasRowHeaders: true });
  const isQuiet = ({ last }) => now - last > QUIET_MS;
  const inOrder = [...uploads.filter((upload) => !isQuiet(upload)), ...uploads.filter(isQuiet)];
  drawRows(byId('uploads'), inOrder.map((upload) => uploadRow(upload, now)), { hasRowHeaders: true });
  inOrder.forEach((upload, index) => byId('uploads').rows[index].classList.toggle('quiet', isQuiet(upload)));
  drawRows(byId('rejected'), rejected.map((rejection) => rejectionRow(rejection, now)));
  drawRows(byId('newest'), newest.map(newestRow));
  for (const [name, rows] of Object.entries({ uploads, rejected, newest })) {
    byId(`no-${name}`).hidden = rows.length > 0;
    byId(name).parentElement.hidden = rows.length === 0;
  }
  if (store) byId('store').textContent = ` · ${store.kind}`;
  byId('content').hidden = false;
}

function tableRow({ name, kind, count: here }) {
  const id = `${kind} ${name}`;
  if (!atStart.has(id)) atStart.set(id, here);
  const change = here - atStart.get(id);
  const sign = change > 0 ? '+' : '−';
  return [
    [foreign(name), plain(kind, 'kind')],
    number(count(here)),
    change === 0 ? number('–', 'none') : number(sign + count(Math.abs(change))),
  ];
}

function uploadRow(upload, now) {
  const { client, begun, last, applied, repeated, rejected } = upload;
  const orNone = (value, name = '') => (value === 0 ? number('0', 'none') : number(count(value), name));
  return [
    foreign(client),
    orNone(applied),
    orNone(repeated),
    orNone(rejected, 'bad'),
    number(rate(now - last > QUIET_MS ? 0 : upload.rate)),
    number(duration(last - begun)),
    number(ago(last, now), 'when'),
  ];
}

function rejectionRow({ at, code, path, message, mutationId, client }, now) {
  return [
    plain(ago(at, now), 'when'),
    [foreign(code, 'code'), foreign(path, 'kind')],
    foreign(message),
    foreign(mutationId),
    foreign(client),
  ];
}

function newestRow({ step, table, id, target, document: content }) {
  return [
    number(count(step), 'when'),
    foreign(table),
    target === null ? foreign(id) : [foreign(id), plain('to', 'kind'), foreign(target)],
    content === null ? plain('deleted', 'none') : foreign(content),
  ];
}

/** Says how the connection is. It is read out, so it is said only when it changes. */
function say(text, tone) {
  const status = byId('status');
  if (status.textContent !== text) status.textContent = text;
  status.dataset.tone = tone;
}

function sayConnected() {
  if (state.store && !state.store.isUp) say('The server’s store does not answer', 'bad');
  else if (isPaused) say('Paused', 'waiting');
  else say('Live', 'live');
}

function onState(sections) {
  state = { ...state, ...sections };
  sayConnected();
  byId('pause').hidden = false;
  if (!isPaused) show();
}

function onOpen() {
  byId('ask').hidden = true;
  byId('token').value = '';
}

/** Asks for the token, and returns it once it is given. */
function ask(message) {
  const form = byId('ask');
  say('Waiting for the token', 'waiting');
  byId('token-error').textContent = message;
  byId('content').hidden = true;
  byId('pause').hidden = true;
  form.hidden = false;
  byId('token').focus();
  byId('token').select();
  return new Promise((resolve) => {
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      // An error is read out again, if it is the same again.
      byId('token-error').textContent = '';
      resolve(byId('token').value.trim());
    }, { once: true });
  });
}

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

/** Follows the server for as long as the page is open. */
async function run() {
  let wait = FIRST_PAUSE_MS;
  for (;;) {
    const opened = performance.now();
    try {
      // A stream ends when it is a few minutes old, or the server stops.
      await follow(token, onOpen, (sections) => { wait = FIRST_PAUSE_MS; onState(sections); });
      if (performance.now() - opened > 60000) continue;
      say('The server has ended the connection; trying again', 'bad');
    } catch (error) {
      if (error instanceof Unauthorized) {
        token = await ask(token === null ? '' : 'The server refuses this token.');
        say('Connecting…', 'waiting');
        continue;
      }
      const isNetwork = error instanceof TypeError || error.name === 'AbortError';
      say(isNetwork ? 'No connection to the server; trying again' : `Trying again: ${error.message}`, 'bad');
    }
    await pause(wait);
    wait = Math.min(wait * 2, LONGEST_PAUSE_MS);
  }
}

byId('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  sayConnected();
  if (!isPaused) show();
});

byId('hint').textContent = `synctool cloneup --db app.db --remote ${new URL('datafn', location.href)}`;
nameRoles();
run();
