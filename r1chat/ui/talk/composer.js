// Writing and sending messages: the message box and its draft, the queue while a reply runs, stopping, and the search above the list.

import {act, addVerbs, move, onAnswer} from './acts.js';
import {all, around, composing, element, find, typing} from './dom.js';
import {current, draftOf, dropLost, keep, keyOf, revive} from './drafts.js';
import {request} from './request.js';
import {follow} from './scroll.js';
import {state} from './state.js';
import {tell} from './toast.js';

const QUIET = 150;  // ms without a key after which is searched
const LINES = 8;  // that the box grows to
const GONE_ON = new Set(['stop', 'length']);  // ends of a reply after which a queued message is sent by itself

/** @typedef {import('./drafts.js').Draft} Draft */

/** @returns {HTMLTextAreaElement} */
export const prompt = () => find(document, '#prompt textarea');
let sending = '';  // a message that is on its way: a second Enter does not send it again
let delivering = false;  // something is on its way, from the box or beside it

// --- the draft of the box -------------------------------------------------------------------------------------------

/** @type {string[]} messages that wait for the reply that runs */
let queue = [];
/** The conversation that box and queue belong to: the one that showed when they were last filled. */
let mine = {id: '', temporary: false};
let opened = false;  // before, what is in the box belongs to no conversation
/** A first message that grows in the box of a conversation. @type {{home: typeof mine, stopping: AbortController} | null} */
let growing = null;

/** @param {{id: string}} conversation whether the box is its */
const isMine = ({id}) => !leaving && mine.id === id;

/** A message that was on its way when the page left its conversation. @type {{home: typeof mine, text: string} | null} */
let orphan = null;

/** Leave the box of a conversation: what is in it is kept, or on its way. */
function leave() {
  if (sending && prompt().value === sending) orphan = {home: mine, text: sending};
  keepDraft();
}

/** A message was not sent, and its conversation does not show any more: it waits in its box. @param {string} text */
function giveBack(text) {
  if (orphan?.text !== text) return;
  const {home} = orphan, together = [text, draftOf(home.id).text].filter(Boolean).join('\n');
  if (isMine(home)) write([text, prompt().value].filter(Boolean).join('\n'));
  else keep(home, {text: together});
  if (leaving && mine.id === home.id) leaving.text = together;
}

/** From now on, box and queue are those of the conversation that shows. */
function enter() {
  mine = current();
  revive(mine.id);
  lock();
}

let fleeting = '';  // what is in the box and was written for memory alone: it is kept once more is written

function keepDraft() {
  if (leaving || !opened) return;
  const {value} = prompt(), text = value === sending || value === fleeting ? '' : value;
  keep(mine, {text, queue: [...queue], carried: state.carried});
}

/** @type {Omit<Draft, 'edits'> & {acts: number} | null} what was left behind while the page goes to another conversation */
let leaving = null;

/**
 * Go to another conversation; dialogs of the one that shows close. What is written from now on is part of the draft
 * there, also before it shows.
 * @param {string} verb @param {string} [id]
 */
export async function goTo(verb, id = '') {
  for (const dialog of /** @type {HTMLDialogElement[]} */ (all(document, 'dialog.own[open]'))) dialog.close();
  if (leaving) leaving.acts++;
  else {
    leave();
    leaving = {text: prompt().value === sending ? '' : prompt().value, queue, carried: state.carried, acts: 1};
    queue = [];
    state.carried = '';
    write('');
    showQueue();
  }
  if (matchMedia('(hover: hover)').matches || verb === 'new') prompt().focus();
  const done = await move(verb, id);
  if (--leaving.acts) return done;
  const left = leaving, typed = prompt().value;
  leaving = null;
  const draft = state.conversation === mine.id ? left : draftOf(state.conversation);
  enter();
  fill(draft);
  write([draft.text, typed].filter(Boolean).join('\n'));
  showQueue();
  if (!done && verb === 'temporary' && typed) fleeting = prompt().value;
  keepDraft();
  return done;
}

onAnswer(({conversation}, before) => {
  if (leaving || conversation === undefined || (opened && conversation === before)) return;
  if (!opened) {
    opened = true;
    enter();
    const draft = draftOf(mine.id);
    fill(draft);
    if (!sending) write([draft.text, prompt().value].filter(Boolean).join('\n'), true);  // who was quicker than the page loses nothing
    keepDraft();
    dropLost();
  } else if (before === '' && delivering) {  // the message on its way began this conversation: what follows it stays here
    const {edits} = draftOf(mine.id);
    keep(mine, {text: '', queue: [], edits: {}});
    state.carried = '';
    enter();
    keep(mine, {edits});  // half-written phrasings and the like
    fit();
  } else {
    leave();
    enter();
    const draft = draftOf(mine.id);
    fill(draft);
    write(draft.text);
    keepDraft();
  }
  showQueue();
});

/** What a draft has beside its text. @param {Omit<Draft, 'edits'>} draft */
function fill(draft) {
  queue = draft.queue;
  state.carried = draft.carried ?? '';
}

/** @param {string} text @param {boolean} [keep] the caret where it is */
function write(text, keep = false) {
  const box = prompt();
  if (!keep || box.value !== text) box.value = text;
  fit();
}

/** As many lines as are written, up to LINES. The buttons know whether there is anything to send. */
function fit() {
  const box = prompt();
  box.style.height = 'auto';
  const {lineHeight, paddingTop, paddingBottom} = getComputedStyle(box);
  const most = LINES * parseFloat(lineHeight) + parseFloat(paddingTop) + parseFloat(paddingBottom);
  box.style.height = `${Math.min(box.scrollHeight, most)}px`;
  box.style.overflowY = box.scrollHeight > most ? 'auto' : 'hidden';
  mark();
}

// --- sending ---------------------------------------------------------------------------------------------------------

const running = () => Boolean(document.body.dataset.running);

/** Send what is written, or have it wait for the reply that runs. Where that is refused, it stays. */
async function send() {
  const box = prompt(), text = box.value;
  if (box.readOnly || !text.trim() || text === sending) return;
  if (running()) {
    queue.push(text);
    write('');
    showQueue();
    keepDraft();
    return;
  }
  await ask(text);
}

/** @param {string} text */
const ask = text => deliver(text, () => act('ask', '', text));

/**
 * Send a message in any way; then the box is empty again, unless something else was written.
 * @param {string} text
 * @param {() => Promise<boolean>} way whether it was sent
 */
export async function deliver(text, way) {
  sending = text;
  delivering = true;
  follow();
  const sent = await begin(way);
  sending = '';
  delivering = false;
  if (sent && prompt().value === text) write('');
  if (!sent) giveBack(text);
  orphan = null;
  keepDraft();
  return sent;
}

/**
 * Ask in any way. On the empty page the box goes to its place below the transcript now, not when the reply begins.
 * @param {() => Promise<boolean>} way whether it was sent
 */
export async function begin(way) {
  const {dataset} = document.body, {empty = ''} = dataset;
  dataset.empty = '';
  const sent = await way();
  if (!sent) dataset.empty = empty;
  return sent;
}

document.addEventListener('input', event => {
  if (event.target !== prompt()) return;
  if (!prompt().value) state.carried = '';
  fit();
  hintAtExamples();
  keepDraft();
});

document.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || event.target !== prompt()) return;
  if (composing(event)) return;
  event.preventDefault();
  send();
}, true);

document.addEventListener('click', event => {
  if (!around(event.target, 'a.skip')) return;
  event.preventDefault();
  prompt().focus();
});

document.addEventListener('click', event => {  // Send and Stop take turns in one place: a double click means the first
  const button = around(event.target, '#answer, #send, #stop, #new');
  if (!button || (event.detail > 1 && button.id !== 'new')) return;
  if (button.id === 'send') send();
  else if (button.id === 'new') goTo('new');
  else if (button.id === 'stop') stop();
  else act(button.id);
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || composing(event) || find(document, 'dialog[open]')) return;
  if (event.target !== prompt() && typing(event)) return;  // a search is emptied so
  if (document.body.classList.contains('list-open')) document.body.classList.remove('list-open');
  else stop();
});

/** Stop what is being written: a summary in the box, else the reply that runs. */
function stop() {
  if (growsHere()) growing.stopping.abort();
  else if (running()) act('stop');
}

// Two lines that begin an example, or two that begin its answer.
const EXAMPLE = /^[ \t]{0,20}(?:(?:example|input|question|q) {0,3}\d{0,4} {0,3}[:.)]|(?:例|示例|例子|输入|问题|问) {0,3}\d{0,4} {0,3}[：:])/gim;
const ANSWER = /^[ \t]{0,20}(?:(?:output|answer|a) {0,3}\d{0,4} {0,3}[:.)]|(?:输出|回答|答案|答) {0,3}\d{0,4} {0,3}[：:])/im;
const LOOKED_AT = 20_000;  // characters of a message

/** A quiet line where a message holds worked examples for a model whose maker advises against them. */
function hintAtExamples() {
  const line = find(document, '#few-shot'), hint = find(document, '#few-shot-words')?.dataset.words ?? '';
  const text = prompt().value.slice(0, LOOKED_AT);
  const visible = hint && (text.match(EXAMPLE)?.length ?? 0) >= 2 && ANSWER.test(text);
  line.hidden = !visible;
  if (visible) line.textContent = hint;
}

/** Which buttons there are, and which can be pressed. */
function mark() {
  const {dataset} = document.body, empty = !prompt().value.trim();
  find(document, '#stop').hidden = !dataset.running && !growsHere();
  find(document, '#answer').hidden = !dataset.thinking;
  find(document, '#send').hidden = running() && empty;
  /** @type {HTMLButtonElement} */ (find(document, '#send')).disabled = empty;
  find(document, '#hint').textContent = state.words[dataset.running ? 'hint_queue' : 'hint'] ?? find(document, '#hint').textContent;
}

// --- the queue -------------------------------------------------------------------------------------------------------

function showQueue() {
  find(document, '#queue').replaceChildren(...queue.map((text, number) => {
    const row = element('div', {className: 'queued'});
    const label = element('span', {textContent: text, title: state.words.queued_message});
    row.append(label, queueButton('queued_edit', 'pencil', () => {
      queue.splice(number, 1);
      write([text, prompt().value].filter(Boolean).join('\n'));
      prompt().focus();
    }), queueButton('queued_remove', 'x', () => queue.splice(number, 1)));
    return row;
  }));
}

/** @param {string} word @param {string} icon @param {() => void} done */
function queueButton(word, icon, done) {
  const button = element('button', {type: 'button', className: 'square', title: state.words[word]});
  const template = /** @type {HTMLTemplateElement} */ (document.getElementById(`icon-${icon}`));
  button.append(template.content.cloneNode(true));
  button.setAttribute('aria-label', state.words[word]);
  button.addEventListener('click', () => {
    done();
    showQueue();
    keepDraft();
  });
  return button;
}

/** A reply has ended: one of the tabs that show the conversation goes on with what waits. */
async function goOn() {
  if (!queue.length || !mayGoOn()) return;
  if (!navigator.locks) await sendNext();
  else await navigator.locks.request(`r1chat-queue-${mine.id}`, {ifAvailable: true}, lock => lock ? sendNext() : null);
}

function mayGoOn() {
  const {shown = ''} = document.body.dataset;
  return !running() && mine.id === shown && mine.id === state.conversation && !sending;
}

/** The first message that waits is sent; after a stop or a failure it comes back into the box. */
async function sendNext() {
  if (!mayGoOn()) return;
  const {ended = ''} = document.body.dataset;
  queue = draftOf(mine.id).queue;  // another tab may have sent it
  const text = queue.shift(), home = mine;
  showQueue();
  if (text === undefined) return;
  if (GONE_ON.has(ended) && await ask(text)) keepDraft();
  else if (!isMine(home)) {  // another conversation shows meanwhile
    const draft = draftOf(home.id);
    keep(home, {text: [text, ...draft.queue, draft.text].filter(Boolean).join('\n'), queue: []});
  } else {
    write([text, ...queue.splice(0), prompt().value].filter(Boolean).join('\n'));
    showQueue();
    keepDraft();
  }
}

addEventListener('storage', event => {  // another tab has changed a draft
  if (event.key !== keyOf(mine.id)) return;
  queue = draftOf(mine.id).queue;
  showQueue();
});

const STATES = ['data-running', 'data-thinking', 'data-ended', 'data-shown'];
new MutationObserver(() => {
  mark();
  goOn();
}).observe(document.body, {attributes: true, attributeFilter: STATES});

// --- a conversation that goes on in a new one ------------------------------------------------------------------------

addVerbs({carry: summarise});

const growsHere = () => Boolean(growing) && isMine(growing.home);

/** Where a text grows in the box, nothing is written meanwhile. */
function lock() {
  const box = prompt();
  box.readOnly = growsHere();
  box.placeholder = state.words[growsHere() ? 'summarising' : 'placeholder'] ?? box.placeholder;
  mark();
}

/** Begin a new conversation. Its first message, a summary, grows in the box, and waits there to be changed and sent. */
async function summarise() {
  const {conversation, model, lang} = state;
  const box = prompt(), draft = box.value, from = mine;
  if (growing) return;
  growing = {home: from, stopping: new AbortController()};
  lock();
  let text = '', rest = draft, here = from;
  try {
    const response = await request('r1chat/summary', {conversation, model, lang}, growing.stopping.signal);
    if (!response || !isMine(from)) return;
    write('');
    keepDraft();
    await goTo(from.temporary ? 'temporary' : 'new');  // what never touched the disk stays off it
    here = growing.home = mine;
    lock();
    rest = [draft, box.value].filter(Boolean).join('\n');  // what was begun there before
    write('');
    for await (const line of lines(response.body)) {
      text = JSON.parse(line);
      if (isMine(here)) write(text);  // else somebody reads another conversation meanwhile
    }
  } catch {
    if (!growing.stopping.signal.aborted) tell(state.words.unreachable);
  } finally {
    growing = null;
    lock();
    if (isMine(here)) {
      if (text && here !== from) state.carried = conversation;
      write(text + rest);
      keepDraft();
      box.focus();
    } else keep(here, {text: text + rest, carried: text && conversation});
  }
}

/** @param {ReadableStream<Uint8Array>} stream */
async function* lines(stream) {
  const reader = stream.getReader(), decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    const whole = (rest + decoder.decode(value, {stream: !done})).split('\n');
    rest = whole.pop();
    for (const line of whole) yield line;
    if (done) return;
  }
}

// --- the search above the list ---------------------------------------------------------------------------------------

let waiting = 0;
document.addEventListener('input', event => {
  const box = around(event.target, '#search');
  if (!box) return;
  state.query = /** @type {HTMLInputElement} */ (event.target).value;
  clearTimeout(waiting);
  waiting = window.setTimeout(() => act('search'), QUIET);
});
