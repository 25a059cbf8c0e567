// Sends what a person does, one act after the other, and shows what comes of it. None is dropped, whatever is pending.

import {request} from './request.js';
import {state} from './state.js';

/**
 * What the page shows after an act; see `Answer` in `ui/act.py`.
 * @typedef {{
 *   conversation?: string,
 *   temporary?: boolean,
 *   model?: string,
 *   steering?: {thinking: string, budget: string, own: number, keep: boolean},
 *   behaviour?: Record<string, unknown>,
 *   blocks?: {id: string, html: string}[],
 * }} Answer
 */

/** @type {() => void} */
let open;
/** @type {Promise<unknown>} */
let last = new Promise(done => { open = () => done(null); });
/** @type {Promise<boolean>} whether the page came to the conversation that the last `move` is to show */
let arrived = Promise.resolve(true);
/** @type {((answer: Answer, before: string) => void)[]} */
const listeners = [];
/** @type {Record<string, (button: HTMLElement, id: string) => void>} */
const verbs = {};

/** From now on acts are done: the page knows which conversation shows, and what was done before belongs to that. */
export const begin = () => open();

/**
 * Do something, after what was done before. Whether it was done; if not, the person was told why. What is meant for a
 * conversation that the page did not come to is not done in another one.
 * @param {string} verb
 * @param {string} [id] of what it is done to
 * @param {string} [text]
 * @returns {Promise<boolean>}
 */
export const act = (verb, id = '', text = '') => inTurn(verb, id, text, arrived);

/**
 * Show another conversation: what is done from now on is meant for it.
 * @param {string} verb
 * @param {string} [id]
 * @returns {Promise<boolean>}
 */
export function move(verb, id = '') {
  const moving = inTurn(verb, id, '', Promise.resolve(true)).catch(() => false);
  arrived = moving;
  moving.then(done => { if (!done && arrived === moving) arrived = Promise.resolve(true); });
  return moving;
}

/**
 * @param {string} verb @param {string} id @param {string} text
 * @param {Promise<boolean>} there whether the page is where it was meant
 * @returns {Promise<boolean>}
 */
function inTurn(verb, id, text, there) {
  const {model, thinking, budget, own, keep, behaviour, carried, choices} = state;
  const done = last.then(async () => {
    if (!await there) return false;
    const {conversation, lang, query} = state;  // as the acts before have left them
    const chosen = {model, thinking, budget, own, keep, ...(!conversation && {behaviour, carried})};
    const response = await request('r1chat/act', {verb, id, text, conversation, lang, query, ...chosen});
    if (!response) return false;
    const answer = await response.json();
    if (answer.steering && choices !== state.choices) {  // a later choice counts, which has been sent or will be
      Object.assign(answer.steering, {thinking: state.thinking, budget: state.budget, own: state.own});
    }
    show(answer);
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
  if (answer.model !== undefined) state.model = answer.model;
  if (answer.steering) Object.assign(state, answer.steering);
  if (answer.behaviour) state.behaviour = answer.behaviour;
  if (answer.temporary !== undefined) state.temporary = answer.temporary;
  const before = state.conversation;
  if (answer.conversation !== undefined) state.conversation = answer.conversation;
  for (const listener of listeners) listener(answer, before);
}

/** Hear of every answer, and which conversation showed before it. @param {(answer: Answer, before: string) => void} listener */
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
