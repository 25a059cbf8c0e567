// The command palette: conversations and everything that the page's own buttons do, found by typing.

import {openDialog} from '../composer/dialogs.js';
import {openSettings} from '../settings/settings.js';
import {act} from './acts.js';
import {goTo} from './composer.js';
import {all, around, composing, element, find} from './dom.js';
import {state} from './state.js';
import {read} from './transcript.js';

const QUIET = 150;  // ms without a key after which conversations are searched
const PAGE = '#new, #list .temporary, #settings-button, #models-link, #learn-link, #evaluation-link, #gathered a, #behaviour-button, #hide-list, #show-list, #toggle-outline, #answer, #stop';

/** @returns {HTMLDialogElement} */
const dialog = () => find(document, '#palette');
/** @returns {HTMLInputElement} */
const box = () => find(dialog(), 'input');
const OPTION = '[role=option]:not([aria-disabled])';
const options = () => all(dialog(), OPTION);

/** @type {Map<string, () => void>} what the acts do, by the id of their row */
let runs = new Map();

/** The name of a button; that of its group before it, where the number of samples alone says nothing. @param {HTMLElement} button */
const nameOf = button => [around(button, '.sampling')?.getAttribute('aria-label'), ownName(button)].filter(Boolean).join(': ');

/** @param {HTMLElement} button */
const ownName = button => (button.getAttribute('aria-label') || button.dataset.tip || find(button, 'b')?.textContent || button.textContent || '').replace(/\s+/g, ' ').trim();

/** The buttons of the page that can be pressed now, and those of the newest message and reply. */
function buttons() {
  const last = all(read, 'section:has(.reply)').at(-1);
  const own = last ? all(last, '.acts button[data-verb]:not(.form *, input + *)') : [];  // the rest needs what is beside it
  return [...all(document, PAGE), ...own].filter(button => nameOf(button)
    && !around(button, '[hidden]') && getComputedStyle(button).display !== 'none' && button.getAttribute('aria-disabled') !== 'true' && !(button instanceof HTMLButtonElement && button.disabled));
}

async function open() {
  if (find(document, 'dialog[open]')) return;
  box().value = '';
  showActs();
  openDialog(dialog(), 'input');
  await search();
}

function showActs() {
  const typed = box().value.trim().toLowerCase();
  /** @type {Map<string, () => void>} */
  const acts = new Map();
  for (const button of buttons()) if (!acts.has(nameOf(button))) acts.set(nameOf(button), () => button.click());
  acts.set(state.words.shortcuts, () => openSettings('keys'));
  acts.set(state.words.deleted_conversations, () => openSettings('deleted'));
  runs = new Map();
  const rows = [...acts].filter(([name]) => name.toLowerCase().includes(typed)).map(([name, run], number) => {
    const row = element('li', {id: `palette-act-${number}`, textContent: name});
    row.setAttribute('role', 'option');
    runs.set(row.id, run);
    return row;
  });
  find(dialog(), '#palette-acts').replaceChildren(...rows);
  choose(options()[0]);
}

async function search() {
  await act('palette', '', box().value);
  if (!options().some(option => option.getAttribute('aria-selected') === 'true')) choose(options()[0]);
}

/** @param {HTMLElement | undefined} option */
function choose(option) {
  for (const other of options()) other.setAttribute('aria-selected', String(other === option));
  if (option) box().setAttribute('aria-activedescendant', option.id);
  else box().removeAttribute('aria-activedescendant');
  option?.scrollIntoView({block: 'nearest'});
}

/** @param {HTMLElement} option */
function run(option) {
  dialog().close();
  if (option.dataset.open) goTo('open', option.dataset.open);
  else runs.get(option.id)?.();
}

let waiting = 0;
document.addEventListener('input', event => {
  if (event.target !== box()) return;
  showActs();
  clearTimeout(waiting);
  waiting = window.setTimeout(search, QUIET);
});
document.addEventListener('click', event => {
  const option = around(event.target, `#palette ${OPTION}`);
  if (option) run(option);
});
document.addEventListener('pointermove', event => {  // one row is marked, by keys or by the pointer
  const option = around(event.target, `#palette ${OPTION}`);
  if (option && option.getAttribute('aria-selected') !== 'true') choose(option);
});
document.addEventListener('keydown', event => {
  const {code, key, ctrlKey, metaKey, altKey, shiftKey} = event;
  if (code === 'KeyK' && (ctrlKey || metaKey) && !altKey && !shiftKey) {
    event.preventDefault();
    if (dialog().open) dialog().close();
    else open();
    return;
  }
  if (event.target !== box() || composing(event)) return;
  const all = options(), here = all.findIndex(option => option.getAttribute('aria-selected') === 'true');
  if (key === 'Enter' && all[here]) run(all[here]);
  else if (key === 'ArrowDown') choose(all[(here + 1) % all.length]);
  else if (key === 'ArrowUp') choose(all.at(here - 1));
  else if (key === 'Escape') dialog().close();  // the browser would only clear the box
  else return;
  event.preventDefault();
});
