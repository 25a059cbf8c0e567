// Sentences that tell a person why something was not done.

import {all, element, find} from './dom.js';
import {state} from './state.js';

const STAYS = 12_000;  // ms
const MOST = 3;  // at once

/**
 * Show a sentence for a while. One that shows already is shown anew.
 * @param {string} sentence
 * @param {'error' | 'note'} [kind]
 * @param {string} [about] what failed; see `withdraw`
 */
export function tell(sentence, kind = 'error', about = '') {
  const host = find(document, 'dialog[open]') ?? document.body;  // what lies behind a dialog is not seen
  let wrap = find(host, ':scope > .toast-wrap.own');
  if (!wrap) {
    wrap = element('div', {className: 'toast-wrap own'});
    host.append(wrap);
  }
  for (const old of [...wrap.children]) if (old.firstChild.textContent === sentence) old.remove();
  const toast = element('div', {className: `toast ${kind}`, role: kind === 'error' ? 'alert' : 'status'});
  toast.dataset.testid = 'toast-body';
  toast.dataset.about = about;
  const close = element('button', {type: 'button', onclick: () => toast.remove()});
  close.setAttribute('aria-label', state.words.close ?? '');
  toast.append(element('span', {textContent: sentence}), close);
  wrap.append(toast);
  while (wrap.childElementCount > MOST) wrap.firstElementChild.remove();
  setTimeout(() => toast.remove(), STAYS);
}

/** What failed before has been done now: it is told no longer. @param {string} about */
export function withdraw(about) {
  for (const toast of all(document, '.toast-wrap.own > .toast')) if (toast.dataset.about === about) toast.remove();
}
