// A text of the conversation, edited where it stands. What is written stays until r1chat has taken it: it is a part of
// the conversation's draft, and where its place is drawn anew, the editor opens again.

import {all, around, composing, element, find, isChanged, textBox} from './dom.js';
import {current, draftOf, keepEdit} from './drafts.js';
import {onPatch} from './patches.js';
import {settle} from './scroll.js';
import {state} from './state.js';
import {tell} from './toast.js';
import {read} from './transcript.js';

/** @typedef {import('./drafts.js').Conversation} Conversation */

const PATIENCE = 1500;  // ms that a taken text waits for what replaces it, before it can be sent again

/** @type {Set<string>} names of editors whose text is on its way */
const sending = new Set();
/** @type {Set<string>} names of editors that this tab opens again: not those in which somebody writes in another tab */
const mine = new Set();
/** @type {Set<string>} names of editors whose place does not show, which has been told */
const missed = new Set();
let opened = '';  // the conversation whose draft was looked at

/**
 * Edit a text in place of what shows it.
 * @param {{
 *   name: string, again: boolean,
 *   value: string, label: string, save: string, cancel: string,
 *   place: HTMLElement,
 *   after?: HTMLElement,
 *   hidden?: HTMLElement[],
 *   kind?: string,
 *   enterSaves?: boolean,
 *   caretFirst?: boolean,
 *   most?: number,
 *   saved: (text: string) => Promise<boolean>,
 *   left: () => void,
 * }} options `name`: of the editor, see `addEditors`; it opens `again` without taking the focus. `place` is hidden
 *   meanwhile, and what else is `hidden`; the box stands `after` it. `saved` takes the text, and says whether it was
 *   taken; `left` is called when the person gives up.
 */
export function edit({name, again, place, after = place, hidden = [], most = 0.5, ...options}) {
  if (!place.isConnected || place.hidden) return;  // meanwhile another conversation shows, or it is open
  const conversation = current(), draft = draftOf(conversation.id).edits[name];
  if (again && draft === undefined) return;
  const box = textBox('textarea', {className: 'editing', value: options.value}), before = box.value;
  box.value = draft ?? before;
  box.oninput = () => note(conversation, name, box.value === before ? null : box.value);
  box.setAttribute('aria-label', options.label);
  const save = element('button', {type: 'button', textContent: options.save, className: 'primary'});
  const cancel = element('button', {type: 'button', textContent: options.cancel});
  const row = element('div', {className: `acts ${options.kind ?? ''}`.trim()});
  row.append(save, cancel);
  const parts = [place, ...hidden];
  const leave = () => {
    keepEdit(conversation, name, null);
    box.remove();
    row.remove();
    for (const part of parts) part.hidden = false;
    options.left();
  };
  save.onclick = async () => {
    save.disabled = true;
    const accepted = await taking(conversation, [name], () => options.saved(box.value));
    if (accepted) setTimeout(() => { save.disabled = false; }, PATIENCE);
    else save.disabled = false;
  };
  cancel.onclick = leave;
  box.onkeydown = event => {
    if (event.key === 'Escape' && !composing(event)) {
      event.stopPropagation();
      leave();
    } else if (options.enterSaves && event.key === 'Enter' && !event.shiftKey && !composing(event)) {
      event.preventDefault();
      save.click();
    }
  };
  for (const part of parts) part.hidden = true;
  after.after(box, row);
  unfold(box);
  box.style.height = `${Math.min(box.scrollHeight + 4, innerHeight * most)}px`;
  if (!again) box.focus();
  if (!again && options.caretFirst) box.setSelectionRange(0, 0);
  settle();
}

/** @param {Conversation} conversation @param {string} name @param {string | null} text null: not changed */
function note(conversation, name, text) {
  mine.add(name);
  keepEdit(conversation, name, text);
}

/** What is half written is in sight. A form that lies over the page is opened by the person alone. @param {HTMLElement} box */
function unfold(box) {
  /** @type {HTMLDetailsElement} */
  const folded = around(box, 'details:not(.reference)');
  if (!folded) return;
  folded.open = true;
  folded.dataset.touched = '1';
}

/**
 * Send what is half written; when it has been taken, it is so no longer.
 * @param {Conversation} conversation @param {string[]} names @param {() => Promise<boolean>} way
 */
async function taking(conversation, names, way) {
  for (const name of names) sending.add(name);
  const taken = await way();
  for (const name of names) {
    sending.delete(name);
    if (taken) keepEdit(conversation, name, null);
  }
  return taken;
}

// --- boxes that are a part of the transcript -------------------------------------------------------------------------

const BOX = 'textarea[data-key], select[data-key]';

/** @param {HTMLElement} box */
const nameOf = box => `box ${around(box, '[id]')?.id} ${box.dataset.key}`;

read.addEventListener('input', event => {
  const box = /** @type {HTMLTextAreaElement | HTMLSelectElement} */ (around(event.target, BOX));
  if (box) note(current(), nameOf(box), isChanged(box) ? box.value : null);
});

/** Send what stands in a part of the transcript. @param {HTMLElement} part @param {() => Promise<boolean>} way */
export function take(part, way) {
  const boxes = part.matches(BOX) ? [part] : all(part, BOX);
  return taking(current(), boxes.map(nameOf), way);
}

/** @param {string} place @param {string} key */
function fillBox(place, key) {
  const node = document.getElementById(place);
  const box = /** @type {HTMLTextAreaElement | HTMLSelectElement} */ (node && find(node, `[data-key="${CSS.escape(key)}"]`));
  if (!box) return false;
  if (isChanged(box)) return true;
  box.value = draftOf(state.conversation).edits[nameOf(box)];
  if (isChanged(box)) unfold(box);
  box.dispatchEvent(new Event('input', {bubbles: true}));  // what was saved meanwhile is not half written any more
  return true;
}

// --- opening them again ----------------------------------------------------------------------------------------------

/** @type {Record<string, (...about: string[]) => boolean>} */
const editors = {box: fillBox};

/**
 * How editors are opened again, by the first word of their names. A function is given the other words, and says whether
 * the page shows the place. It is called also where the editor is open.
 * @param {Record<string, (...about: string[]) => boolean>} more
 */
export function addEditors(more) {
  Object.assign(editors, more);
}

onPatch((_blocks, whole) => {
  if (!whole) return;
  const names = Object.keys(draftOf(state.conversation).edits);
  if (opened !== state.conversation) for (const name of names) mine.add(name);
  opened = state.conversation;
  for (const name of names) {
    const [kind, ...about] = name.split(' ');
    if (sending.has(name) || !mine.has(name) || !Object.hasOwn(editors, kind)) continue;
    if (editors[kind](...about)) missed.delete(name);
    else if (!missed.has(name)) {
      missed.add(name);
      tell(state.words.edit_kept, 'note');
    }
  }
});
