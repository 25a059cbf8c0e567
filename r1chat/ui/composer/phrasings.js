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

/** @returns {HTMLDialogElement} */
const dialog = () => find(document, '#phrasings');
/** @returns {HTMLTextAreaElement} */
const box = () => find(dialog(), 'textarea');

/** The phrasings: paragraphs, with a blank line between two. */
const written = () => box().value.split(/\n\s*\n/).map(text => text.trim()).filter(Boolean);

let home = current();  // whose phrasings are written
let writing = new AbortController();

function open() {
  const {words} = state;
  home = current();
  const form = element('form', {method: 'dialog'});
  const heading = element('h2', {id: 'phrasings-title', textContent: words.phrasings});
  const note = element('p', {id: 'phrasings-note', textContent: words.phrasings_note});
  const area = textBox('textarea', {rows: 9, value: draftOf(home.id).edits[NAME] ?? prompt().value.trim()});
  area.oninput = () => keepEdit(home, NAME, area.value);
  area.setAttribute('aria-labelledby', 'phrasings-title');
  area.setAttribute('aria-describedby', 'phrasings-note');
  const line = element('div', {className: 'footer'});
  line.append(
    button('second', 'write-phrasings', words.write_phrasings),
    button('second', 'leave-phrasings', words.cancel),
    button('first', 'ask-phrasings', words.ask_phrasings),
  );
  form.append(heading, note, area, line);
  dialog().replaceChildren(form);
  dialog().onclose = () => writing.abort();
  openDialog(dialog(), 'textarea');
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
  box().value = [...written(), .../** @type {string[]} */ (await response.json())].join('\n\n');
  keepEdit(home, NAME, box().value);
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
