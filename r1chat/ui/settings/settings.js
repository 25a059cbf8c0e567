// The settings dialog, and the columns that can be hidden. What is a matter of looks is kept by the browser.

import {openDialog} from '../composer/dialogs.js';
import {act, onAnswer} from '../talk/acts.js';
import {copied} from '../talk/clipboard.js';
import {all, around, find, isChanged, isCommand, modified} from '../talk/dom.js';
import {state} from '../talk/state.js';
import {tell} from '../talk/toast.js';

const LANGUAGE_COOKIE = 'r1chat_lang';
/** @type {Record<string, string>} */
const DEFAULTS = {theme: 'system', size: 'normal', fold: 'end', notify: 'off'};
let tab = 'general';

/** @returns {HTMLDialogElement} */
const dialog = () => find(document, '#settings');

/** @returns {HTMLTextAreaElement} */
const system = () => find(dialog(), '[data-setting=system]');
/** @type {string | null} a system prompt that is not saved yet: it is there again when the dialog opens again */
let halfWritten = null;
document.addEventListener('input', event => {
  if (event.target === system()) halfWritten = isChanged(system()) ? system().value : null;
});

/** @param {string} [at] the tab to show */
export async function openSettings(at) {
  if (at) tab = at;
  if (await act('settings')) openDialog(dialog(), '[role=tab][aria-selected=true]');
}

onAnswer(({blocks}) => {
  if (!blocks?.some(({id}) => id === 'settings')) return;
  for (const [name, otherwise] of Object.entries(DEFAULTS)) {
    const value = localStorage.getItem(`r1chat.${name}`) ?? otherwise;
    /** @type {HTMLInputElement} */
    const box = find(dialog(), `input[name=${name}][value=${CSS.escape(value)}]`);
    if (box) box.checked = true;
  }
  if (halfWritten !== null && system()) system().value = halfWritten;
  showTab(tab);
});

/** @param {string} name @param {boolean} [focus] */
function showTab(name, focus = false) {
  tab = name;
  for (const other of all(dialog(), '[role=tab]')) {
    const chosen = other.id === `tab-${name}`;
    other.setAttribute('aria-selected', String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    if (chosen && focus) other.focus();
    find(dialog(), `#panel-${other.id.slice('tab-'.length)}`).hidden = !chosen;
  }
}

document.addEventListener('keydown', event => {
  const at = around(event.target, '#settings [role=tab]');
  if (!at) return;
  const tabs = all(dialog(), '[role=tab]'), here = tabs.indexOf(at);
  /** @type {Record<string, number>} */
  const places = {ArrowDown: here + 1, ArrowRight: here + 1, ArrowUp: here - 1, ArrowLeft: here - 1, Home: 0, End: -1};
  if (!(event.key in places)) return;
  event.preventDefault();
  showTab(tabs.at(places[event.key] % tabs.length).id.slice('tab-'.length), true);
});

document.addEventListener('change', event => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!around(box, '#settings')) return;
  const {name, value} = box;
  if (name === 'language') {
    document.cookie = `${LANGUAGE_COOKIE}=${value}; path=/; max-age=31536000; SameSite=Strict`;
    location.reload();  // what is being written is kept as a draft
  } else if (name === 'notify') allowNotifications(box);
  else if (name === 'titles') act('set-default', '', JSON.stringify({titles: value})).then(told);
  else if (name in DEFAULTS) {
    localStorage.setItem(`r1chat.${name}`, value);
    document.dispatchEvent(new Event(name === 'fold' ? 'r1chat:fold' : 'r1chat:looks'));
  } else if (box.dataset.setting === 'model') act('set-default', '', JSON.stringify({model: value})).then(told);
});

/** @param {HTMLInputElement} box */
async function allowNotifications(box) {
  const turnedOn = box.value === 'on';
  const allowed = turnedOn && 'Notification' in globalThis && await Notification.requestPermission() === 'granted';
  localStorage.setItem('r1chat.notify', allowed ? 'on' : 'off');
  if (!turnedOn || allowed) return;
  tell(state.words.not_allowed);
  /** @type {HTMLInputElement} */ (find(dialog(), 'input[name=notify][value=off]')).checked = true;
}

/** @param {boolean} done */
function told(done) {
  if (done) tell(state.words.saved, 'note');
}

document.addEventListener('submit', event => {
  const form = around(event.target, '#settings .adding');
  if (!form) return;
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (form)));
  act('add-server', '', JSON.stringify(fields)).then(done => { if (done) act('models'); });
});

/** @type {Record<string, (button: HTMLElement) => unknown>} */
const commands = {
  settings: () => openSettings(),
  'toggle-list': () => toggle('no-left'),
  'toggle-outline': () => toggle('no-right'),
  'save-system': () => {
    act('set-default', '', JSON.stringify({system: system().value})).then(done => {
      if (done) halfWritten = null;
      told(done);
    });
  },
  'test-server': async button => {
    button.setAttribute('aria-busy', 'true');
    await act('test-server', button.dataset.id);
    button.removeAttribute('aria-busy');
  },
  'remove-server': async button => { if (await act('remove-server', button.dataset.id)) act('models'); },
  'restore-deleted': async button => { if (await act('restore', button.dataset.id)) leave(button, state.words.restored); },
  'erase-deleted': async button => {
    if (confirm(button.dataset.sure) && await act('erase-deleted', button.dataset.id)) leave(button, state.words.erased_now);
  },
  'more-deleted': async button => {
    const place = around(button, '[id]');
    if (await act('deleted', '', button.dataset.cursor)) find(place, 'button')?.focus();
  },
  'copy-path': async button => {
    const {words} = state;
    await copied(button.dataset.value) ? tell(words.copied, 'note') : tell(words.copyFailed);
  },
};
document.addEventListener('click', event => {
  const button = around(event.target, '[data-command]');
  const tabButton = around(event.target, '#settings [role=tab]');
  if (tabButton) showTab(tabButton.id.slice('tab-'.length));
  else if (button && Object.hasOwn(commands, button.dataset.command)) commands[button.dataset.command](button);
});

/** A deleted conversation is no longer one: its row goes, and the focus to the next one. @param {HTMLElement} button @param {string} sentence */
async function leave(button, sentence) {
  tell(sentence, 'note');
  const list = find(dialog(), '#deleted-list'), {command} = button.dataset;
  const places = all(list, `[data-command=${command}]`), here = places.indexOf(button);
  const next = places[here + 1] ?? places[here - 1];
  around(button, '.setting').remove();
  if (!next) await act('deleted');  // the next part, or that there is nothing
  (next ?? find(list, `[data-command=${command}]`) ?? find(dialog(), '[role=tab][aria-selected=true]')).focus();
}

// --- the columns -----------------------------------------------------------------------------------------------------

/** @param {string} name a class of the body: the column is hidden */
function toggle(name) {
  const hidden = document.body.classList.toggle(name);
  localStorage.setItem(`r1chat.${name}`, hidden ? '1' : '');
  nameColumns();
  if (name === 'no-left') find(document, hidden ? '#show-list' : '#hide-list')?.focus();
}

/** The button of the outline says what it does now. */
export function nameColumns() {
  const button = find(document, '#toggle-outline');
  const word = document.body.classList.contains('no-right') ? 'show_outline' : 'hide_outline';
  button.title = state.words[word] ?? '';
  button.setAttribute('aria-label', button.title);
  button.setAttribute('aria-pressed', String(!document.body.classList.contains('no-right')));
}

for (const name of ['no-left', 'no-right']) {
  document.body.classList.toggle(name, localStorage.getItem(`r1chat.${name}`) === '1');
}

document.addEventListener('keydown', event => {  // ? lists the shortcuts
  if (event.key !== '?' || !isCommand(event)) return;
  event.preventDefault();
  openSettings('keys');
});
document.addEventListener('keydown', event => {
  const {code, key, shiftKey} = event;
  if (!modified(event) || event.altKey || find(document, 'dialog[open]')) return;
  if (code === 'Backslash') toggle(shiftKey ? 'no-right' : 'no-left');
  else if (key === ',' && !shiftKey) openSettings();
  else if (code === 'KeyO' && shiftKey) find(document, '#new').click();
  else return;
  event.preventDefault();
});
