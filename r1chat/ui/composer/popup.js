// Menus behind a button: `aria-haspopup="menu"` with `aria-controls`. Arrow keys, Home, End and letters move the focus,
// Escape and a click elsewhere close, and the focus returns to the button.

import {onAnswer} from '../talk/acts.js';
import {all, around, modified} from '../talk/dom.js';

const TYPED = 600;  // ms within which letters make one word

/** @type {HTMLElement | null} the button of the menu that is open */
let opener = null;
let word = '', wordAt = -Infinity;

/** @param {HTMLElement} button */
const menuOf = button => document.getElementById(button.getAttribute('aria-controls'));
/** @param {HTMLElement} menu */
const items = menu => all(menu, '[role^="menuitem"]');

/** @param {HTMLElement} button @param {'first' | 'last' | 'chosen'} [at] which item has the focus */
function open(button, at = 'chosen') {
  if (opener !== button) close();
  [opener, word] = [button, ''];
  const menu = menuOf(button);
  menu.hidden = false;
  button.setAttribute('aria-expanded', 'true');
  place(button, menu);
  const these = items(menu);
  const chosen = these.find(item => item.getAttribute('aria-checked') === 'true');
  focusOn(at === 'last' ? these.at(-1) : at === 'chosen' && chosen || these[0]);
}

/** Above its button, within the window. @param {HTMLElement} button @param {HTMLElement} menu */
function place(button, menu) {
  const {left, top} = button.getBoundingClientRect();
  menu.style.maxHeight = `${Math.max(160, top - 16)}px`;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.bottom = `${innerHeight - top + 6}px`;
}

/** @param {boolean} [back] the focus returns to the button */
export function close(back = false) {
  if (!opener) return;
  const button = opener, menu = menuOf(button);
  opener = null;
  if (menu) menu.hidden = true;
  button.setAttribute('aria-expanded', 'false');
  if (back) button.focus();
}

/** @param {HTMLElement | undefined} item */
function focusOn(item) {
  item?.focus();
  item?.scrollIntoView({block: 'nearest'});
}

document.addEventListener('click', event => {
  const button = around(event.target, '[aria-haspopup="menu"]');
  if (button) {
    if (opener === button) close(true);
    else open(button);
  } else if (opener) {
    const item = around(event.target, '[role^="menuitem"]');
    if (item?.getAttribute('aria-disabled') === 'true') event.stopImmediatePropagation();
    else if (item && !item.dataset.command) close(true);
    else if (!item && !menuOf(opener)?.contains(/** @type {Node} */ (event.target))) close();
  }
}, true);
document.addEventListener('focusin', event => {
  if (opener && event.target !== opener && !menuOf(opener)?.contains(/** @type {Node} */ (event.target))) close();
});
addEventListener('resize', () => { if (opener) place(opener, menuOf(opener)); });

document.addEventListener('keydown', event => {
  const button = around(event.target, '[aria-haspopup="menu"]');
  if (button && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault();
    open(button, event.key === 'ArrowUp' ? 'last' : 'first');
    return;
  }
  if (!opener) return;
  if (event.key === 'Escape') {
    event.preventDefault();
    event.stopImmediatePropagation();
    close(true);
    return;
  }
  const menu = menuOf(opener), these = items(menu);
  const at = these.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (!menu.contains(document.activeElement)) return;
  if (event.key === 'Tab') close();
  else if (event.key === 'ArrowDown') focusOn(these[(at + 1) % these.length]);
  else if (event.key === 'ArrowUp') focusOn(these[(at - 1 + these.length) % these.length]);
  else if (event.key === 'Home' || event.key === 'PageUp') focusOn(these[0]);
  else if (event.key === 'End' || event.key === 'PageDown') focusOn(these.at(-1));
  else if (event.key.length === 1 && event.key !== ' ' && !modified(event)) typeAhead(event.key, these, at);
  else return;
  event.stopImmediatePropagation();
  if (event.key !== 'Tab') event.preventDefault();
}, true);

/** The next item that begins with what was typed. @param {string} letter @param {HTMLElement[]} these @param {number} at */
function typeAhead(letter, these, at) {
  const now = performance.now();
  word = now - wordAt < TYPED ? word + letter.toLowerCase() : letter.toLowerCase();
  wordAt = now;
  const from = word.length === 1 ? at + 1 : at;
  const after = [...these.slice(from), ...these.slice(0, from)];
  focusOn(after.find(item => item.textContent.trim().toLowerCase().startsWith(word)));
}

// An answer may bring new HTML for a menu that is open, or for the button that has the focus.
let focused = '', inside = '';
onAnswer(() => {
  if (inside && opener) {
    const button = document.getElementById(inside);
    opener = null;
    if (button) open(button);
  } else if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
  remember();
});
document.addEventListener('focusin', remember);

function remember() {
  const {activeElement} = document;
  focused = activeElement?.matches('[aria-haspopup="menu"]') ? activeElement.id : '';
  inside = opener && menuOf(opener)?.contains(activeElement) ? opener.id : '';
}
