// Asking in other words: the dialog with the phrasings of one question, each of which is answered once.

import {act} from '../talk/acts.js';
import {deliver, prompt} from '../talk/composer.js';
import {around, element, find, textBox} from '../talk/dom.js';
import {current, draftOf, isCurrent, keepEdit} from '../talk/drafts.js';
import {request} from '../talk/request.js';
import {state} from '../talk/state.js';
import {openDialog} from './dialogs.js';

const NAME = 'phrasings';  // of what is half written in the conversation's draft
const COUNT = 3;  // phrasings that the model is asked for
const MOST = 9;  // phrasings
const TALLEST = 9;  // lines of a box at first

/** @returns {HTMLDialogElement} */
const dialog = () => find(document, '#phrasings');
const boxes = () => [...dialog().querySelectorAll('textarea')];
const written = () => boxes().map(box => box.value.trim()).filter(Boolean);

let home = current();  // whose phrasings are written
let writing = new AbortController();

function open() {
  const {words} = state;
  home = current();
  const form = element('form', {method: 'dialog'});
  const heading = element('h2', {id: 'phrasings-title', textContent: words.phrasings});
  const note = element('p', {id: 'phrasings-note', textContent: words.phrasings_note});
  const list = element('div', {className: 'texts'});
  const line = element('div', {className: 'footer'});
  line.append(
    button('second', 'write-phrasings', words.write_phrasings),
    button('second', 'leave-phrasings', words.cancel),
    button('first', 'ask-phrasings', words.ask_phrasings),
  );
  form.append(heading, note, list, line);
  dialog().replaceChildren(form);
  fill(kept());
  dialog().onclose = () => writing.abort();
  openDialog(dialog(), 'textarea');
}

/** What is half written, or the message in the box. @returns {string[]} */
function kept() {
  const text = draftOf(home.id).edits[NAME] ?? JSON.stringify([prompt().value.trim()]);
  try {
    const texts = JSON.parse(text);
    if (Array.isArray(texts)) return texts.map(String);
  } catch {  // of an earlier r1chat: the text itself
  }
  return [text];
}

/** Show these phrasings, a box for each and an empty one for another. @param {string[]} texts */
function fill(texts) {
  find(dialog(), '.texts').replaceChildren();
  for (const text of [...texts.filter(Boolean), ''].slice(0, MOST)) add(text);
}

/** @param {string} value */
function add(value) {
  const rows = Math.min(TALLEST, Math.max(2, value.split('\n').length));
  const box = textBox('textarea', {rows, value});
  box.setAttribute('aria-label', `${state.words.phrasing} ${boxes().length + 1}`);
  box.setAttribute('aria-describedby', 'phrasings-note');
  box.oninput = () => {
    keepEdit(home, NAME, JSON.stringify(written()));
    if (boxes().length < MOST && boxes().at(-1)?.value.trim()) add('');
  };
  find(dialog(), '.texts').append(box);
}

/** @param {string} className @param {string} command @param {string} textContent */
function button(className, command, textContent) {
  const node = element('button', {type: 'button', className, textContent});
  node.dataset.command = command;
  return node;
}

/** @param {HTMLButtonElement} pressed */
async function write(pressed) {
  const [text] = written();
  if (!text) return;
  pressed.disabled = true;
  const {model, lang} = state, mine = home, body = {model, lang, text: JSON.stringify({text, count: COUNT})};
  writing = new AbortController();
  const response = await request('r1chat/phrasings', body, writing.signal);
  pressed.disabled = false;
  if (!response || !dialog().open || !isCurrent(mine)) return;
  fill([...written(), .../** @type {string[]} */ (await response.json())]);
  keepEdit(home, NAME, JSON.stringify(written()));
}

async function ask() {
  const phrasings = written(), conversation = home, text = prompt().value;
  const asked = phrasings.includes(text.trim()) ? text : '';  // another message in the box stays
  const sent = await deliver(asked, () => act('ask-phrasings', '', JSON.stringify({phrasings})));
  if (sent) leave(conversation);
}

/** Nothing is half written any more. */
function leave(conversation = home) {
  keepEdit(conversation, NAME, null);
  dialog().close();
}

document.addEventListener('click', event => {
  const pressed = /** @type {HTMLButtonElement} */ (around(event.target, '[data-command]'));
  if (pressed?.dataset.command === 'phrasings') open();
  else if (pressed?.dataset.command === 'write-phrasings') write(pressed);
  else if (pressed?.dataset.command === 'ask-phrasings') ask();
  else if (pressed?.dataset.command === 'leave-phrasings') leave();
});
