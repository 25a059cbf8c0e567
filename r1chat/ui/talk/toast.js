// Sentences that tell a person why something was not done.

import {element, find} from './dom.js';
import {state} from './state.js';

const STAYS = 12_000;  // ms
const MOST = 3;  // at once

/** Show a sentence for a while. One that shows already is shown anew. @param {string} sentence */
export function tell(sentence) {
  let wrap = find(document, 'body > .toast-wrap');
  if (!wrap) {
    wrap = element('div', {className: 'toast-wrap'});
    document.body.append(wrap);
  }
  for (const old of [...wrap.children]) if (old.firstChild.textContent === sentence) old.remove();
  const toast = element('div', {className: 'toast', role: 'alert'});
  toast.dataset.testid = 'toast-body';
  const close = element('button', {type: 'button', textContent: '✕', onclick: () => toast.remove()});
  close.setAttribute('aria-label', state.words.close ?? '✕');
  toast.append(element('span', {textContent: sentence}), close);
  wrap.append(toast);
  while (wrap.childElementCount > MOST) wrap.firstElementChild.remove();
  setTimeout(() => toast.remove(), STAYS);
}
