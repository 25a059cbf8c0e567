// Sends what a person does, one act after the other, and shows what comes of it. None is dropped, whatever is pending.

import {request} from './request.js';
import {keepsThoughts, ownBudget, state} from './state.js';

/**
 * What the page shows after an act; see `Answer` in `ui/act.py`.
 * @typedef {{
 *   conversation?: string,
 *   model?: {value: string, choices?: [string, string][]},
 *   steering?: {budget: string, own: number, keep: boolean},
 *   blocks?: {id: string, html: string}[],
 * }} Answer
 */

let last = /** @type {Promise<unknown>} */ (Promise.resolve());
/** @type {((answer: Answer) => void)[]} */
const listeners = [];
/** @type {Record<string, (button: HTMLElement, id: string) => void>} */
const verbs = {};

/**
 * Do something, after what was done before. Whether it was done; if not, the person was told why.
 * @param {string} verb
 * @param {string} [id] of what it is done to
 * @param {string} [text]
 * @returns {Promise<boolean>}
 */
export function act(verb, id = '', text = '') {
  const {model, budget} = state;
  const own = ownBudget(), keep = keepsThoughts();
  const done = last.then(async () => {
    const {conversation, lang, query} = state;  // as the acts before have left them
    const response = await request('r1chat/act', {verb, id, text, conversation, model, lang, budget, own, keep, query});
    if (!response) return false;
    show(await response.json());
    return true;
  });
  last = done.catch(() => {});
  return done;
}

/** @param {Answer} answer */
export function show(answer) {
  for (const {id, html} of answer.blocks ?? []) {
    const node = document.getElementById(id);
    if (node) node.innerHTML = html;
  }
  if (answer.conversation !== undefined) state.conversation = answer.conversation;
  if (answer.model) state.model = answer.model.value;
  if (answer.steering) state.budget = answer.steering.budget;
  for (const listener of listeners) listener(answer);
}

/** Hear of every answer. @param {(answer: Answer) => void} listener */
export function onAnswer(listener) {
  listeners.push(listener);
}

/**
 * What the buttons with a `data-verb` do in the browser; all others are sent as they are.
 * @param {Record<string, (button: HTMLElement, id: string) => void>} more
 */
export function addVerbs(more) {
  Object.assign(verbs, more);
}

/** Do what a button says. @param {HTMLElement} button */
export function press(button) {
  const {verb, id = '', text} = button.dataset;
  if (Object.hasOwn(verbs, verb)) verbs[verb](button, id);
  else act(verb, id, text ?? /** @type {HTMLInputElement} */ (button.previousElementSibling)?.value ?? '');
}
