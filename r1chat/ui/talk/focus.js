// Whoever works by keyboard keeps their place where an act has a part of the conversation drawn anew.

import {all, find} from './dom.js';
import {read} from './transcript.js';

/** @typedef {{node: HTMLElement, same: string, text: string, section: string}} Place `same`: a selector */

/** @type {Place | null} the control that had the focus when it was taken away, until another one stands for it */
let lost = null;
/** @type {HTMLElement | null} the reply that has the focus meanwhile */
let standIn = null;

/** Where the keyboard is in the conversation; null where it is elsewhere, or a pointer was there. @returns {Place | null} */
export function placeOfKeyboard() {
  const node = document.activeElement;
  if (!(node instanceof HTMLElement) || !read.contains(node) || !node.matches(':focus-visible')) return null;
  const verb = node.matches('.editing') ? 'edit' : node.dataset.verb ?? '';
  const same = node.matches('summary') ? `summary[aria-label="${CSS.escape(node.ariaLabel ?? '')}"]` : `[data-verb="${CSS.escape(verb)}"]`;
  return {node, same, text: node.dataset.text ?? '', section: node.closest('section')?.id ?? ''};
}

/** Go to the same control of what is there now, as soon as it is; to the reply until then. @param {Place | null} before */
export function keepPlace(before) {
  if (before && before.node !== standIn && !before.node.isConnected) [lost, standIn] = [before, null];
  if (!lost) return;
  const {activeElement} = document;
  if (activeElement !== document.body && activeElement !== standIn) {  // the person has gone on
    lost = standIn = null;
    return;
  }
  const section = document.getElementById(lost.section) ?? all(read, ':scope > section').filter(one => find(one, '.reply')).at(-1);
  const control = section && controlIn(section, lost);
  if (control) {
    lost = standIn = null;
    control.focus({preventScroll: true});
  } else if (activeElement === document.body && section) {
    standIn = /** @type {HTMLElement} */ (all(section, '.reply').at(-1) ?? section);
    standIn.tabIndex = -1;
    standIn.focus({preventScroll: true});
  }
}

/** @param {HTMLElement} section @param {Place} place @returns {HTMLElement | undefined} */
function controlIn(section, {same, text}) {
  const controls = all(section, `${same}:not(:disabled)`);
  const control = controls.find(({dataset}) => (dataset.text ?? '') === text) ?? controls[0];
  const folded = control?.closest('details:not([open])');
  return folded ? find(/** @type {HTMLElement} */ (folded), 'summary') : control;
}
