// Dialogs: a click beside one closes it, and the focus returns to where it was.

import {around, find} from '../talk/dom.js';

/** @param {HTMLDialogElement} dialog @param {string} first what has the focus then */
export function openDialog(dialog, first) {
  if (!dialog.open) dialog.showModal();
  find(dialog, first)?.focus();
}

document.addEventListener('click', event => {
  if (around(event.target, '[data-command="close"]')) /** @type {HTMLDialogElement} */ (around(event.target, 'dialog')).close();
});
let pressed = /** @type {EventTarget} */ (null);  // a selection of text may end beside the dialog
document.addEventListener('mousedown', event => { pressed = event.target; });
document.addEventListener('click', event => {
  if (event.target instanceof HTMLDialogElement && pressed === event.target) event.target.close();
});
