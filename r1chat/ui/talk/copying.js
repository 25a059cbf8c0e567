// Copies an answer, also where the page is no secure context and browsers keep their clipboard back.

import {element} from './dom.js';
import {textOf} from './request.js';
import {state} from './state.js';
import {tell} from './toast.js';

const STAYS = 1500;  // ms that the button says so

/** @param {HTMLElement} button @param {string} id */
export async function copy(button, id) {
  const text = await textOf('answer', id);
  if (text === null) return;
  if (!await copied(text)) {
    tell(state.words.copyFailed);
    return;
  }
  const label = button.textContent;
  if (label === button.dataset.done) return;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = label; }, STAYS);
}

/** @param {string} text */
async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {  // there is none, or it was refused
    return copiedFromBox(text);
  }
}

/** @param {string} text */
function copiedFromBox(text) {
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const box = element('textarea', {value: text});
  box.style.cssText = 'position: fixed; opacity: 0';
  document.body.append(box);
  box.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    box.remove();
    focused?.focus({preventScroll: true});
  }
}
