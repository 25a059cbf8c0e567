// The clipboard, also where the page is no secure context and browsers keep theirs back.

import {textBox} from './dom.js';

/** Put a text on the clipboard; whether that worked. @param {string} text */
export async function copied(text) {
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
  const box = textBox('textarea', {value: text});
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
