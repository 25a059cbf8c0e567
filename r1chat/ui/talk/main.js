// Starts the scripts of the chat page, and ties them to the few Gradio widgets that they know.

import {act, addVerbs, begin as beginActs, onAnswer, press, show} from './acts.js';
import '../composer/behaviour.js';
import '../composer/choices.js';
import '../composer/phrasings.js';
import '../composer/popup.js';
import {nameParts} from './announcing.js';
import {begin} from './composer.js';
import './copying.js';
import './saving.js';
import {all, around, composing, find, target} from './dom.js';
import {addEditors, edit} from './editor.js';
import {showConversation} from './feed.js';
import './list.js';
import './found.js';
import './menus.js';
import './palette.js';
import {opening} from './opening.js';
import {textOf} from './request.js';
import {follow, hold} from './scroll.js';
import {state} from './state.js';
import {tell} from './toast.js';
import './steps.js';
import './wide.js';
import '../compare/compare.js';
import '../judge/rating.js';
import {nameColumns} from '../settings/settings.js';
import {read} from './transcript.js';

const BEGIN = new Set(['again', 'ask', 'close-thought', 'longer', 'resume', 'retry', 'skip', 'vote']);  // a double click begins one reply

/** @type {Promise<void>} */
let started = null;

/** Called when the transcript is there. */
export function start() {
  started ??= open().finally(beginActs);
}

/** Fill the page, in the browser's language and on the conversation of its address. */
async function open() {
  const {refusal, value} = await opening;
  if (refusal) {
    tell(refusal);
    state.conversation = new URLSearchParams(location.search).get('c') ?? '';  // what is sent all the same belongs to no other
    return;
  }
  Object.assign(state, {lang: value.lang, words: value.words, home: value.home, model: value.model});
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
  else if (BEGIN.has(button.dataset.verb)) follow();
  press(button);
});
read.addEventListener('keydown', event => {
  const box = target(event);
  if (event.key === 'Enter' && !composing(event) && box.matches('.menu input')) {
    event.preventDefault();
    /** @type {HTMLElement} */ (box.nextElementSibling).click();
  }
});

/** @param {HTMLElement} button @param {string} id */
async function editMessage(button, id, again = false) {
  const section = around(button, 'section'), ask = find(section, '.ask'), row = around(button, '.acts');
  if (ask.hidden) return;
  const value = await textOf('message', id);
  if (value === null) return;
  const {label, save, cancel} = button.dataset;
  edit({
    name: `edit ${id}`, again, value, label, save, cancel,
    place: ask, after: row, hidden: [row], kind: 'editing-acts', enterSaves: true,
    saved: text => act('edit', id, text),
    left: () => button.focus(),
  });
}

addVerbs({
  edit: (button, id) => editMessage(button, id),
  ask: ({dataset}) => begin(() => act('ask', '', dataset.text)),
});
addEditors({edit(id) {
  const place = document.getElementById(`asked-${id}`), button = place && find(place, '[data-verb=edit]');
  if (button) editMessage(button, id, true);
  return Boolean(place);
}});
