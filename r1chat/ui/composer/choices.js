// What is chosen for the next message: the model, how it thinks, and how many tokens of thought it may take.

import {act, onAnswer} from '../talk/acts.js';
import {around, find} from '../talk/dom.js';
import {onState} from '../talk/patches.js';
import {state} from '../talk/state.js';

document.addEventListener('click', event => {
  const item = around(event.target, '[data-choose]');
  if (item) choose(item.dataset.choose, item.dataset.value);
});

/** @param {string} kind @param {string} value */
function choose(kind, value) {
  if (kind === 'model') {
    state.model = value;
    act('model');
    return;
  }
  state.choices++;
  if (kind === 'thinking') state.thinking = value;
  else state.budget = value;
  showBox();
  if (state.budget === 'own' && kind === 'budget') box().focus();
  act('steer');
}

// A page that was opened while there was no model takes the first that appears.
onState(({usable}) => { if (usable && !state.model) choose('model', usable); });

/** @returns {HTMLInputElement} */
const box = () => find(document, '#own-budget input');

/** The box of a budget of one's own, where that is chosen. */
function showBox() {
  const visible = state.budget === 'own' && state.thinking !== 'off';
  find(document, '#own-budget').hidden = !visible;
}

onAnswer(({steering}) => {
  if (!steering) return;
  if (document.activeElement !== box()) box().value = String(steering.own ?? '');
  showBox();
});

document.addEventListener('input', event => {
  if (event.target !== box()) return;
  state.choices++;
  state.own = Number.isNaN(box().valueAsNumber) ? null : box().valueAsNumber;
});
document.addEventListener('change', event => { if (event.target === box()) act('steer'); });
document.addEventListener('click', event => {
  if (around(event.target, '[data-command="models"]')) act('models');
});
