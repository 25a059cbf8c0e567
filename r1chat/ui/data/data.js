// The data page: shows what the server sends, asks for more, and sends what a person does.

import {copied} from '../talk/clipboard.js';
import {all, around, element, find as findIn, modified, target, typing} from '../talk/dom.js';
import {keepWideMarked, markWide} from '../wide.js';

const root = findIn(document, '#data .data');
const BASE = '../r1chat/data/';
const PAUSE = 400;  // ms between two looks at a job
const QUIET = 300;  // ms without a key after which is searched
const STAYS = 1500;  // ms that a button says that it has copied
const PARTS = ['league', 'conflicts'];  // panels that are filled when they are unfolded
/** @type {Set<string>} */
const filled = new Set();

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @returns {T}
 */
const find = selector => findIn(root, selector);
/** @param {string} selector @returns {HTMLInputElement} */
const field = selector => find(selector);
/** @param {string} selector @returns {HTMLDetailsElement} */
const details = selector => find(selector);

/** @typedef {{text: string, running: boolean}} Answer what r1chat answered, and whether a job runs */

let newest = 0;  // of the rows that were asked for: what comes late is dropped

// --- asking ----------------------------------------------------------------------------------------------------------

/** @param {string} text */
function say(text) {
  find('#trouble').textContent = text;
  if (text) find('#trouble').scrollIntoView({block: 'nearest'});
}
/**
 * The answer; null where there is none, or where r1chat refuses, which the person has been told.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Answer>}
 */
async function ask(path, options) {
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch {
    say(find('#broken')?.innerHTML ?? '');
    return null;
  }
  const text = await response.text().catch(() => '');
  if (!response.ok) { say(response.status < 500 && text || find('#broken').innerHTML); return null; }
  return {text, running: response.headers.get('X-Running') === 'yes'};
}
/** @param {string} path @param {object} fields */
const send = (path, fields) => ask(path, {
  method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(fields),
});
/** The fields of a form that are filled in. @param {string} form */
const filledIn = form => /** @type {[string, string][]} */ ([...new FormData(find(form))].filter(([, value]) => value));
function filter() {
  return new URLSearchParams(filledIn('#filter'));
}
function shownAs(query = filter()) {
  for (const name of ['format', 'thoughts']) if (field(`#export [name=${name}]`).value) query.set(name, field(`#export [name=${name}]`).value);
  if (!field('#export [name=redact]').checked) query.set('redact', 'no');
  if (field('#redacted').checked) query.set('redacted', 'yes');
  return query;
}

// --- rows ------------------------------------------------------------------------------------------------------------

async function rows(keep = false) {
  const mine = ++newest;
  const list = find('#rows');
  const query = shownAs();
  find('#filter [data-verb=clear]').hidden = !filter().size;
  if (keep) query.set('limit', String(all(list, '.judged').length));
  list.setAttribute('aria-busy', 'true');
  const answer = await ask(`rows?${query}`);
  if (mine !== newest) return;
  list.removeAttribute('aria-busy');
  if (!answer) return;
  const unfolded = all(list, '.side > [open]').map(side => `#${around(side, '.judged').id} [data-reply="${side.dataset.reply}"]`);
  list.innerHTML = answer.text;
  for (const side of keep ? unfolded : []) {
    const again = details(`#rows ${side}`);
    if (again) again.open = true;
  }
  find('#count').textContent = list.querySelector('#counted')?.innerHTML ?? '';
  mark();
}
/** @param {HTMLButtonElement} button */
async function more(button) {
  const query = shownAs();
  query.set('before', button.dataset.id);
  button.disabled = true;
  const answer = await ask(`rows?${query}`);
  if (!answer) { button.disabled = false; return; }
  if (!button.isConnected) return;
  const last = button.previousElementSibling;
  button.outerHTML = answer.text;
  mark();
  if (last?.nextElementSibling) findIn(last.nextElementSibling, 'summary')?.focus({preventScroll: true});
}
function mark() {
  markWide(find('#rows'));
  for (const old of all(root, '.judged .clash')) old.remove();
  for (const entry of all(root, '#conflicts li')) {
    for (const id of entry.dataset.judged.split(' ')) {
      const row = document.getElementById(`row-${id}`);
      if (!row) continue;
      const badge = element('span', {className: `clash ${entry.className}`, textContent: findIn(entry, 'b').textContent});
      row.querySelector('header .export-status').before(badge);
    }
  }
}

// --- panels ----------------------------------------------------------------------------------------------------------

/** @param {string} name */
async function fill(name) {
  if (filled.has(name)) return;
  filled.add(name);
  const answer = await ask(`${name}?${filter()}`);
  if (!answer) { filled.delete(name); return; }
  find(`#${name} .body`).innerHTML = answer.text;
  mark();
}
/** @param {boolean} keep the rows that were shown */
function refresh(keep) {
  filled.clear();
  find('#preview').textContent = '';
  rows(keep);
  fill('conflicts');  // its marks stand in the rows, folded or not
  if (details('#league').open) fill('league');
  command();
}
function form() {
  const redact = field('#export [name=redact]').checked ? 'yes' : 'no';
  return {...Object.fromEntries([...filledIn('#filter'), ...filledIn('#export')]), redact};
}
let commanded = '';  // what shows: the same again would take a button away from under the pointer
let asked = 0;
async function command() {
  if (!details('#command').open) return;
  const mine = ++asked;
  let response, text = '';
  try {
    response = await fetch(`${BASE}command?${new URLSearchParams(form())}`);
    text = await response.text();
  } catch {
    return;  // the next act tells
  }
  if (mine !== asked || text === commanded) return;  // of other choices, or the same
  commanded = text;
  const box = find('#command > div');
  if (response.ok) box.innerHTML = text;
  else box.replaceChildren(element('p', {className: 'warn', textContent: text}));
}
async function counters() {
  const answer = await ask('counters');
  if (answer) find('#gathered').innerHTML = answer.text;
}

// --- jobs ------------------------------------------------------------------------------------------------------------

/** @param {Answer} answer */
async function follow(answer) {
  const box = find('#job');
  while (answer) {
    if (box.innerHTML !== answer.text) box.innerHTML = answer.text;
    if (!answer.running) return;
    await new Promise(done => setTimeout(done, PAUSE));
    answer = await ask('job');
  }
}
/** @param {HTMLInputElement} input */
async function upload(input) {
  const [file] = input.files;
  if (!file) return;
  input.value = '';
  await follow(await ask(`import?name=${encodeURIComponent(file.name)}`, {method: 'POST', body: file}));
  counters();
  refresh(true);
}

// --- what a person does ----------------------------------------------------------------------------------------------

/** @type {Record<string, (control: HTMLElement, id: string) => unknown>} */
const verbs = {
  more(button) { if (button instanceof HTMLButtonElement) more(button); },
  clear() {
    for (const control of all(find('#filter'), '[name]')) /** @type {HTMLInputElement} */ (control).value = '';
    field('#filter [name=text]').focus();  // the button goes
    filtered();
  },
  async consent(control) {
    const box = /** @type {HTMLInputElement} */ (control);
    const answer = await send('consent', {id: box.dataset.id, allowed: box.checked});
    if (!answer) { box.checked = !box.checked; return; }
    if (!box.dataset.id) {
      find('#consent .body').innerHTML = answer.text;
      find('#consent [role=switch]').focus();
    }
    counters();
    rows(true);
  },
  async exclude(control, id) {
    /** @type {HTMLInputElement} */
    const reason = findIn(control, '[name=reason]');
    if (await send('exclude', {id, excluded: true, reason: reason.value})) refresh(true);
  },
  async include(_button, id) {
    if (await send('exclude', {id, excluded: false})) refresh(true);
  },
  async preview(control) {
    const button = /** @type {HTMLButtonElement} */ (control);
    button.disabled = true;
    const answer = await ask(`preview?${filter()}`);
    button.disabled = false;
    if (answer) find('#preview').innerHTML = answer.text;
  },
  export: async () => follow(await send('export', form())),
  async archive(control) {
    /** @type {HTMLInputElement} */
    const everything = findIn(control, '[name=everything]');
    follow(await send('archive', {everything: everything.checked}));
  },
  cancel: () => send('cancel', {}),
  async dismiss() { if (await send('dismiss', {})) find('#job').textContent = ''; },
  async copy(button) {
    if (!await copied(findIn(button.parentElement, 'code').textContent)) return;
    const {textContent} = button;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = textContent; }, STAYS);
  },
};

/** @param {HTMLElement} control @param {Event} event */
function act(control, event) {
  const {verb, id} = control.dataset;
  if (!Object.hasOwn(verbs, verb)) return;
  event.preventDefault();
  verbs[verb](control, id);
}
function filtered() {
  const query = filter();
  history.replaceState(null, '', query.size ? `?${query}` : location.pathname);
  refresh(false);
}
root.addEventListener('click', event => {
  const button = around(event.target, 'button[data-verb]');
  if (!button) return;
  say('');
  act(button, event);
});
root.addEventListener('submit', event => {
  event.preventDefault();
  say('');
  if (target(event).dataset.verb) act(target(event), event);
});
root.addEventListener('change', event => {
  const control = target(event), {verb, id} = control.dataset;
  say('');
  if (verb) verbs[verb](control, id);
  else if (around(control, '#filter')) filtered();
  else if (control.id === 'redacted') rows(true);
  else if (control.id === 'import') upload(/** @type {HTMLInputElement} */ (control));
  else if (around(control, '#export')) {
    find('#unredacted').hidden = field('#export [name=redact]').checked;
    if (control.matches('[name=format], [name=thoughts], [name=redact]')) rows(true);
    command();
  }
});
root.addEventListener('toggle', async event => {
  const folded = target(event);
  if (!(folded instanceof HTMLDetailsElement) || !folded.open) return;
  if (PARTS.includes(folded.id)) fill(folded.id);
  else if (folded.id === 'command') command();
  else if (folded.matches('.exclude')) findIn(folded, 'input').focus();
  else if (folded.matches('.side > details') && !findIn(folded, '.all').firstChild) {
    const answer = await ask(`reply/${folded.dataset.reply}?${shownAs(new URLSearchParams())}`);
    if (answer) findIn(folded, '.all').innerHTML = answer.text;
  }
}, true);

let typed = 0;
root.addEventListener('input', event => {
  if (!around(event.target, '#filter [name=text]')) return;
  clearTimeout(typed);
  typed = window.setTimeout(filtered, QUIET);
});

// --- rating one reply after the other --------------------------------------------------------------------------------

const queue = /** @type {HTMLDialogElement} */ (find('#unrated'));
/** @type {string[]} places in the queue that were left, the newest last */
let places = [];
let place = '';  // after which reply the one that shows comes
let deciding = false;  // a verdict is on its way

async function openQueue() {
  places = [];
  if (!await showNext('')) return;
  queue.showModal();
  markWide(queue);
}
/** @param {string} after */
async function showNext(after) {
  const answer = await ask(`next?after=${after}`);
  if (!answer) return false;
  place = after;
  find('#unrated .card').innerHTML = answer.text;
  find('#unrated .card').scrollTop = 0;
  markWide(queue);
  return true;
}
/** @param {'up' | 'down' | ''} thumb */
async function decide(thumb) {
  const article = find('#unrated article');
  if (!article || deciding) return;
  deciding = true;
  const {id} = article.dataset;
  const thought = /** @type {HTMLDetailsElement | null} */ (findIn(article, 'details'))?.open ?? null;
  if (!thumb || await send('rate', {id, thumb, thought})) {
    places.push(place);
    await showNext(id);
  }
  deciding = false;
}
async function goBack() {
  if (places.length) await showNext(places.pop());
}
Object.assign(verbs, {
  queue: openQueue,
  'queue-good': () => decide('up'), 'queue-bad': () => decide('down'), 'queue-skip': () => decide(''), 'queue-back': goBack,
  'queue-close': () => queue.close(),
});
queue.addEventListener('close', () => {
  say('');
  counters();
  refresh(true);
});
queue.addEventListener('keydown', event => {
  if (typing(event) || modified(event) || event.repeat) return;
  const done = {g: () => decide('up'), b: () => decide('down'), s: () => decide(''), z: goBack, t: foldThought}[event.key.toLowerCase()];
  if (!done) return;
  event.preventDefault();
  done();
});
function foldThought() {
  const thought = details('#unrated article details');
  if (thought) thought.open = !thought.open;
}

if (innerWidth <= 760) for (const panel of all(root, '.panel')) /** @type {HTMLDetailsElement} */ (panel).open = panel.id === 'consent';
keepWideMarked(root);
counters();
refresh(false);
ask('job?first=yes').then(follow);
