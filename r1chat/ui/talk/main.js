// Starts the scripts of the chat page, and ties them to the few Gradio widgets that they know.

import {act, addVerbs, onAnswer, press, show} from './acts.js';
import '../composer/behaviour.js';
import '../composer/choices.js';
import '../composer/phrasings.js';
import '../composer/popup.js';
import {nameParts} from './announcing.js';
import './composer.js';
import './copying.js';
import './saving.js';
import {all, around, find, target} from './dom.js';
import {edit} from './editor.js';
import {showConversation} from './feed.js';
import './list.js';
import './found.js';
import './menus.js';
import './palette.js';
import {textOf} from './request.js';
import {hold} from './scroll.js';
import {state} from './state.js';
import {tell} from './toast.js';
import './steps.js';
import '../compare/compare.js';
import '../judge/rating.js';
import {nameColumns} from '../settings/settings.js';
import {read} from './transcript.js';

const RETRY = 1000;  // ms
const BEGIN = new Set(['again', 'ask', 'longer', 'resume', 'retry', 'skip', 'vote']);  // a double click begins one reply

/**
 * What the server says of the page as a whole; see `ui/opening.py`.
 * @typedef {{lang: string, words: Record<string, string>, model: string, answer: import('./acts.js').Answer, told: string}} Value
 */

/** @type {Promise<void>} */
let started = null;

/** Called when the transcript is there. */
export function start() {
  started ??= open();
}

/** @returns {Response} */
const noResponse = () => null;

/** Fill the page, in the browser's language and on the conversation of its address. */
async function open() {
  const asked = new URLSearchParams(location.search), query = new URLSearchParams();
  for (const name of ['c', 'model']) if (asked.has(name)) query.set(name, asked.get(name));
  let response = null;
  while (!response) {
    response = await fetch(`r1chat/opening?${query}`).catch(noResponse);  // left, or not running: it may come back
    if (!response) await new Promise(done => setTimeout(done, RETRY));
  }
  if (!response.ok) {
    tell(await response.text());
    return;
  }
  const value = /** @type {Value} */ (await response.json());
  Object.assign(state, {lang: value.lang, words: value.words, model: value.model});
  wordLayout();
  show(value.answer);
  if (value.told) tell(value.told);
}

onAnswer(showConversation);

/** The words of the layout, in the page's language. */
function wordLayout() {
  document.documentElement.lang = state.lang;
  nameParts();
  for (const node of all(document, '[data-word]')) node.textContent = state.words[node.dataset.word];
  for (const node of all(document, '[data-name]')) {
    const name = state.words[node.dataset.name];
    node.setAttribute('aria-label', name);
    if (node instanceof HTMLButtonElement) node.title = name;
    if (node.dataset.holds) node.setAttribute('placeholder', state.words[node.dataset.holds]);
  }
  for (const name of ['send', 'stop']) document.getElementById(name).title = state.words[name];
  nameColumns();
}

Object.assign(globalThis, {r1chat: {state, act}});

// --- the buttons of the transcript -----------------------------------------------------------------------------------

read.addEventListener('click', event => {
  const button = around(event.target, 'button[data-verb]');
  if (!button || (event.detail > 1 && BEGIN.has(button.dataset.verb))) return;
  if (around(button, '.switch, .vote')) hold(button);
  press(button);
});
read.addEventListener('keydown', event => {
  const box = target(event);
  if (event.key === 'Enter' && box.matches('.menu input')) {
    event.preventDefault();
    /** @type {HTMLElement} */ (box.nextElementSibling).click();
  }
});

/** @param {HTMLElement} button @param {string} id */
async function editMessage(button, id) {
  const section = around(button, 'section'), ask = find(section, '.ask'), row = around(button, '.acts');
  const value = await textOf('message', id);
  if (value === null || ask.hidden) return;
  const {label, save, cancel} = button.dataset;
  edit({
    value, label, save, cancel, place: ask, after: row, hidden: [row], kind: 'editing-acts', enterSaves: true,
    saved: text => act('edit', id, text),
    left: () => button.focus(),
  });
}

addVerbs({edit: editMessage});
