// Copies an answer, a question, a thought or code, also where the page is no secure context and browsers keep their clipboard back.

import {addVerbs} from './acts.js';
import {copied} from './clipboard.js';
import {all, around, find} from './dom.js';
import {onPatch} from './patches.js';
import {textOf} from './request.js';
import {state} from './state.js';
import {tell} from './toast.js';

const STAYS = 1500;  // ms that the button says so

/** @param {'answer' | 'message' | 'thought'} kind */
const copyText = kind => async (/** @type {HTMLElement} */ button, /** @type {string} */ id) => {
  const text = await textOf(kind, id);
  if (text !== null) await give(button, text);
};

addVerbs({
  copy: copyText('answer'),
  'copy-message': copyText('message'),
  'copy-thought': copyText('thought'),
  'copy-code': button => give(button, find(around(button, '.code'), 'code').textContent),
});

/** Copy a text, and show on the button that it was done. @param {HTMLElement} button @param {string} text */
async function give(button, text) {
  if (!await copied(text)) {
    tell(state.words.copyFailed);
    return;
  }
  const {tip, done} = button.dataset;
  if (tip === done) return;
  name(button, done);
  button.classList.add('copied');
  setTimeout(() => {
    name(button, tip);
    button.classList.remove('copied');
  }, STAYS);
}

/** @param {HTMLElement} button @param {string} text */
function name(button, text) {
  button.dataset.tip = text;
  button.setAttribute('aria-label', text);
}

onPatch(blocks => {  // a button on every block of code
  const template = document.getElementById('copy-code');
  if (!(template instanceof HTMLTemplateElement)) return;
  for (const {id, html} of blocks) {
    const node = html?.includes('class="code"') && document.getElementById(id);
    for (const head of node ? all(node, '.code > .code-language') : []) head.append(template.content.cloneNode(true));
  }
});
