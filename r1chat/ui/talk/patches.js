// Puts the patches of the feed on the page; see `talk/feed.py`.

import {all, around, element, find, isChanged} from './dom.js';
import {keepPlace, placeOfKeyboard} from './focus.js';
import {isFollowing, settle} from './scroll.js';
import {read, scroller} from './transcript.js';

/**
 * @typedef {{
 *   id: string, into?: string, kind?: string, html?: string, frame?: boolean, gone?: boolean, start?: number, end?: number,
 * }} Block
 * @typedef {{fresh?: boolean, order?: string[], blocks?: Block[], state?: Record<string, string>}} Patch
 */

const NEAR = 60;  // blocks: more than fill a screen

/** @type {((blocks: Block[], whole: boolean) => void)[]} */
const watchers = [];
/** @type {((marks: DOMStringMap) => void)[]} */
const stateWatchers = [];

/** Look at the state of the page whenever a patch brings it: the data of its body. @param {(marks: DOMStringMap) => void} watcher */
export function onState(watcher) {
  stateWatchers.push(watcher);
}

/**
 * Look at the blocks of every patch, and whether it was of the whole conversation: then other replies may show.
 * @param {(blocks: Block[], whole: boolean) => void} watcher
 */
export function onPatch(watcher) {
  watchers.push(watcher);
}

/** @param {Patch} patch */
export function patch({fresh, order, blocks = [], state: marks}) {
  const place = placeOfKeyboard();
  if (order) arrange(order);
  for (const block of blocks) put(block);
  if (order) markOlder();
  if (fresh) {
    sweep(blocks);
    layOutEnd();
  }
  if (marks) {
    const {dataset} = document.body;  // an attribute that is set anew is a mutation, though it stays the same
    for (const [name, value] of Object.entries(marks)) if (dataset[name] !== value) dataset[name] = value;
    if (marks.lang) document.documentElement.lang = marks.lang;
    showWhatCannotBeDone();
  }
  for (const watcher of watchers) watcher(blocks, Boolean(order));
  keepPlace(place);
  if (marks) for (const watcher of stateWatchers) watcher({...document.body.dataset});
  settle();
}

/** @param {string[]} order */
function arrange(order) {
  const ids = new Set(order);
  for (const node of [...read.children]) if (!ids.has(node.id)) node.remove();
  let last = null;
  for (const id of order) {
    const node = document.getElementById(id) ?? element('section', {id});
    if (node.previousElementSibling !== last || node.parentNode !== read) last ? last.after(node) : read.prepend(node);
    last = node;
  }
}

/**
 * Mark the turns before the last one, whose acts show on hover. A style sheet could find them with `:has`, but then each
 * step that comes has the browser match every element of the transcript anew: 0.1 s where there are a thousand steps.
 */
function markOlder() {
  const last = all(read, '.ask').at(-1)?.closest('section');
  let older = Boolean(last);
  for (const section of all(read, ':scope > section')) {
    if (section === last) older = false;
    section.toggleAttribute('data-older', older);
  }
}

/** Remove what this page has from an earlier connection, and what is there no more. @param {Block[]} blocks */
function sweep(blocks) {
  const ids = new Set(blocks.map(({id}) => id));
  const here = 'section > [id], .steps > [id], .answer > [id], .side > * > [id]';
  for (const node of all(read, here)) if (!ids.has(node.id)) node.remove();
}

/**
 * Lay out the last blocks for good before they are drawn. The others have an estimated height until they are in sight,
 * so a conversation that opens at its end would be drawn in a wrong place first.
 */
function layOutEnd() {
  for (const block of all(read, '.part, .thought[open] .step').slice(-NEAR)) block.style.contentVisibility = 'visible';
}

/** @param {Block} block */
function put({id, into, kind, html, frame, gone, start, end}) {
  let node = document.getElementById(id);
  if (gone) { node?.remove(); return; }
  if (frame && node) html = undefined;
  if (!node) {
    const parent = document.getElementById(into);
    if (!parent) return;
    node = element(parent instanceof HTMLOListElement ? 'li' : 'div', {id});
    parent.append(node);
  }
  if (kind !== undefined && node.className !== kind) node.className = node.matches('.step.chosen') ? `${kind} chosen` : kind;
  if (html !== undefined) fill(node, html);
  if (start !== undefined) Object.assign(node.dataset, {start: String(start), end: String(end)});
  if (kind?.startsWith('reply ')) foldThought(node);
}

/** A line that only counts on: its element stays, with what moves in it. @param {HTMLElement} node @param {string} html */
function countOn(node, html) {
  const line = node.childElementCount === 1 ? node.firstElementChild : null;
  if (!line?.matches('.live') || !html.startsWith('<span class="live">')) return false;
  const template = document.createElement('template');
  template.innerHTML = html;
  if (template.content.childElementCount !== 1 || template.content.firstElementChild.childElementCount || line.childElementCount) return false;
  line.textContent = template.content.textContent;
  return true;
}

/** The tools of a step that is chosen stay, and so does who is among them. @param {HTMLElement} node @param {string} html */
function fill(node, html) {
  if (countOn(node, html)) return;
  const tools = find(node, ':scope > .tools'), at = find(node, 'mark.at')?.dataset.start;
  const focus = tools?.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const restore = keep(node);
  node.innerHTML = html;
  restore();
  if (tools) node.append(tools);
  if (at) find(node, `mark[data-start="${at}"]`)?.classList.add('at');
  focus?.focus();
}

/** What has a key is left as the person left it: unfolded, focused, half written. @param {HTMLElement} node */
function keep(node) {
  const before = new Map(all(node, '[data-key]').map(part => [part.dataset.key, part]));
  const focused = before.size && node.contains(document.activeElement)
    ? /** @type {HTMLElement} */ (document.activeElement) : null;
  const caret = focused instanceof HTMLTextAreaElement ? [focused.selectionStart, focused.selectionEnd] : null;
  return () => {
    for (const part of before.size ? all(node, '[data-key]') : []) {
      const old = before.get(part.dataset.key);
      if (!old) continue;
      if (old instanceof HTMLDetailsElement && part instanceof HTMLDetailsElement && old.open) part.open = true;
      copyWritten(old, part);
      if (old === focused) part.focus({preventScroll: true});
      else if (old === focused?.parentNode) find(part, 'summary')?.focus({preventScroll: true});
      if (old === focused && caret && part instanceof HTMLTextAreaElement) part.setSelectionRange(caret[0], caret[1]);
    }
    if (focused?.dataset.key && !node.contains(document.activeElement)) {  // it is gone: the focus stays near
      node.tabIndex = -1;
      node.focus({preventScroll: true});
    }
  };
}

/** @param {HTMLElement} old @param {HTMLElement} part */
function copyWritten(old, part) {
  if (!isChanged(old)) return;
  if (old instanceof HTMLTextAreaElement && part instanceof HTMLTextAreaElement) part.value = old.value;
  else if (old instanceof HTMLSelectElement && part instanceof HTMLSelectElement) part.value = old.value;
}

// --- thoughts --------------------------------------------------------------------------------------------------------

/**
 * Fold or unfold a thought as the setting says. The person's own click always wins, and so does somebody who reads: while
 * the page does not follow, no thought that begins on the screen or above it folds by itself. A thought that was stopped
 * stays open.
 * @param {HTMLElement} reply
 */
function foldThought(reply) {
  /** @type {HTMLDetailsElement} */
  const thought = find(reply, 'details.thought');
  if (!thought || thought.dataset.touched) return;
  const mode = localStorage.getItem('r1chat.fold') ?? 'end';
  const open = mode === 'open' || (mode === 'end' && reply.matches('.thinking, .unclosed'));
  if (thought.open && !open && mode === 'end' && !isFollowing() && isReached(thought)) thought.dataset.touched = '1';
  else thought.open = open;
}

/** Whether a part of the transcript begins on the screen or above it. @param {HTMLElement} part */
function isReached(part) {
  return part.getBoundingClientRect().top < scroller.getBoundingClientRect().bottom;
}

document.addEventListener('r1chat:fold', () => {
  for (const reply of all(read, '.reply')) {
    /** @type {HTMLDetailsElement} */
    const thought = find(reply, 'details.thought');
    if (!thought) continue;
    delete thought.dataset.touched;
    thought.open = false;
    foldThought(reply);
  }
});

// --- what cannot be done ---------------------------------------------------------------------------------------------

function showWhatCannotBeDone() {  // a server that cannot continue a reply leaves nothing to steer
  const {cannotAnswer = ''} = document.body.dataset;
  bar(document.getElementById('answer'), cannotAnswer);
}

/** Say why a control does nothing. It stays within reach, so that everybody can learn the reason. @param {HTMLElement} control @param {string} reason */
export function bar(control, reason) {
  if (!control) return;
  control.setAttribute('aria-disabled', reason ? 'true' : 'false');
  control.title = reason;
}

for (const kind of ['click', 'mousedown', 'focus', 'blur', 'keydown', 'input']) {
  document.addEventListener(kind, event => {
    if (!around(event.target, '[aria-disabled="true"][title]')) return;
    if (event instanceof KeyboardEvent && event.key === 'Tab') return;
    if (kind !== 'focus' && kind !== 'mousedown') event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
}
