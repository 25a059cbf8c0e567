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

const FIRST_OWN_BUDGET = 1000;  // what stands in its box when that is shown for the first time

/** The budget of the person's own, as it is written now: tokens, or null where that is no number. */
export function ownBudget() {
  /** @type {HTMLInputElement | null} */
  const box = find(document, '#own-budget input');
  if (!box) return FIRST_OWN_BUDGET;  // just chosen: Gradio has not made its box yet
  return Number.isNaN(box.valueAsNumber) ? null : box.valueAsNumber;
}

/** Whether the model is shown its earlier thoughts. */
export function keepsThoughts() {
  /** @type {HTMLInputElement} */
  const box = find(document, '#keep-thoughts input');
  return box?.checked ?? false;
}
