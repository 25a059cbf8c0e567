// What the page shows and what is chosen. Acts are sent with it; see `ui/act.py`.

import {find} from './dom.js';

export const state = {
  conversation: '',
  model: '',
  lang: 'en',
  budget: 'off',
  query: '',  // of the search above the list
  /** @type {Record<string, string>} sentences that the scripts say, in the page's language */
  words: {},
};

/** The budget of the person's own, as it is written now: tokens, or null where that is no number. */
export function ownBudget() {
  /** @type {HTMLInputElement} */
  const box = find(document, '#own-budget input');
  return box && !Number.isNaN(box.valueAsNumber) ? box.valueAsNumber : null;
}

/** Whether the model is shown its earlier thoughts. */
export function keepsThoughts() {
  /** @type {HTMLInputElement} */
  const box = find(document, '#keep-thoughts input');
  return box?.checked ?? false;
}
