// The dialog with the system prompt, the sampling and the presets of a conversation.

import {act} from '../talk/acts.js';
import {all, around, composing, find, isChanged} from '../talk/dom.js';
import {current, draftOf, isCurrent, keepEdit} from '../talk/drafts.js';
import {openDialog} from './dialogs.js';

/** @returns {HTMLDialogElement} */
const dialog = () => find(document, '#behaviour');

const NAME = 'behaviour';  // of the half-written system prompt in the conversation's draft

/** @returns {HTMLTextAreaElement} */
const system = () => find(dialog(), '[name=system]');

let home = current();  // whose behaviour the dialog shows

/** What is half written is there again. */
async function open() {
  const mine = current();
  if (!await act('behaviour') || !isCurrent(mine)) return;
  home = mine;
  system().value = draftOf(home.id).edits[NAME] ?? system().value;
  openDialog(dialog(), 'textarea');
}

/** @param {Promise<boolean>} done what replaces the half-written text, or takes it */
async function replacing(done) {
  const conversation = home;
  if (!await done) return false;
  keepEdit(conversation, NAME, null);
  return true;
}

/** What stands in the dialog. */
function written() {
  /** @type {Record<string, string>} */
  const sampling = {};
  for (const input of /** @type {HTMLInputElement[]} */ (all(dialog(), '.grid input'))) sampling[input.name] = input.value;
  /** @param {string} name */
  const tick = name => /** @type {HTMLInputElement} */ (find(dialog(), `[name=${name}]`))?.checked ?? false;
  return {system: system().value, system_role: tick('system_role'), keep: tick('keep'), sampling};
}

/** @type {Record<string, (button: HTMLElement) => unknown>} */
const commands = {
  behaviour: open,
  behave: async () => { if (await replacing(act('behave', '', JSON.stringify(written())))) dialog().close(); },
  recommended: () => {
    for (const input of /** @type {HTMLInputElement[]} */ (all(dialog(), '.grid input'))) input.value = '';
  },
  'use-preset': button => replacing(act('use-preset', button.dataset.id)),
  'delete-preset': button => act('delete-preset', button.dataset.id),
  'save-preset': () => {
    /** @type {HTMLInputElement} */
    const name = find(dialog(), '[name=preset]');
    const same = name.value.trim() === name.dataset.name;  // the one in use is replaced, another name makes another one
    act('save-preset', same ? name.dataset.id : '', JSON.stringify({...written(), name: name.value}));
  },
};

document.addEventListener('click', event => {
  const button = around(event.target, '[data-command]');
  if (!button || !Object.hasOwn(commands, button.dataset.command)) return;
  event.preventDefault();
  commands[button.dataset.command](button);
});
document.addEventListener('input', event => {
  if (event.target === system()) keepEdit(home, NAME, isChanged(system()) ? system().value : null);
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || composing(event) || !around(event.target, '#behaviour input')) return;
  event.preventDefault();
  commands[around(event.target, '[name=preset]') ? 'save-preset' : 'behave'](null);
});
