// Starts the scripts of the chat page, and ties them to the few Gradio widgets that they know.

import {act, addVerbs, onAnswer, press, show} from './acts.js';
import {nameParts} from './announcing.js';
import './composer.js';
import './copying.js';
import {around, find, target} from './dom.js';
import {edit} from './editor.js';
import {showConversation} from './feed.js';
import './list.js';
import './menus.js';
import {textOf} from './request.js';
import {hold} from './scroll.js';
import {state} from './state.js';
import './steps.js';
import '../compare/compare.js';
import '../judge/rating.js';
import {read} from './transcript.js';

const BEGIN = new Set(['again', 'ask', 'longer', 'resume', 'retry', 'skip', 'vote']);  // a double click begins one reply

/**
 * What the server says of the page as a whole, as the value of the transcript's component.
 * @typedef {{lang: string, words: Record<string, string>, model: string, answer: import('./acts.js').Answer}} Value
 */

/**
 * Called when the transcript is there. `setWidgets` has Gradio fetch the values of its widgets from `widgets` below.
 * @param {{props: {value: Value}, watch: (name: string, heard: () => void) => void, setWidgets: () => void}} component
 */
export function start({props, watch, setWidgets}) {
  const opened = () => {
    const {value} = props;
    if (!value) return;
    Object.assign(state, {lang: value.lang, words: value.words, model: value.model});
    nameParts();
    show({...value.answer, steering: undefined});  // Gradio's widgets have these values already
    state.budget = value.answer.steering?.budget ?? state.budget;
  };
  onAnswer(({model, steering}) => {
    if (model || steering) {
      next = [
        model ? update({value: model.value, ...(model.choices && {choices: model.choices})}) : update({}),
        steering ? update({value: steering.budget}) : update({}),
        steering ? update({value: steering.own, visible: steering.budget === 'own'}) : update({}),
        steering ? update({value: steering.keep}) : update({}),
      ];
      setWidgets();
    }
    showConversation();
  });
  watch('value', opened);
  opened();
}

/** @type {object[]} values for the model's picker, the budget's, the box beside it, and whether thoughts are kept */
let next = [];

/** What Gradio's frontend takes for a change of a widget. @param {object} values */
function update(values) {
  return {__type__: 'update', ...values};
}

Object.assign(globalThis, {
  r1chat: {
    state,
    act,
    /** @param {{model: string, budget: string}} pickers */
    chosen({model, budget}) { Object.assign(state, {model: model ?? '', budget: budget ?? 'off'}); },
    widgets: () => next,
  },
});

// --- the buttons of the transcript -----------------------------------------------------------------------------------

read.addEventListener('click', event => {
  const button = around(event.target, 'button[data-verb]');
  if (!button || (event.detail > 1 && BEGIN.has(button.dataset.verb))) return;
  if (around(button, '.switch, .vote')) hold(button);
  press(button);
});
read.addEventListener('keydown', event => {
  const box = target(event);
  if (event.key === 'Enter' && box.matches('.menu input')) {
    event.preventDefault();
    /** @type {HTMLElement} */ (box.nextElementSibling).click();
  }
});

/** @param {HTMLElement} button @param {string} id */
async function editMessage(button, id) {
  const section = around(button, 'section'), ask = find(section, '.ask'), row = around(button, '.acts');
  const value = await textOf('message', id);
  if (value === null || ask.hidden) return;
  const {label, save, cancel} = button.dataset;
  edit({
    value, label, save, cancel, place: ask, after: row, hidden: [row], kind: 'editing-acts', enterSaves: true,
    saved: text => act('edit', id, text),
    left: () => button.focus(),
  });
}

addVerbs({edit: editMessage});
