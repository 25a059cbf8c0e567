// Menus that unfold from a button: one at a time, closed by a click elsewhere and by Escape.

import {all, around, find, target} from './dom.js';

/** @returns {HTMLDetailsElement[]} */
const open = () => all(document, 'details.menu[open]');

document.addEventListener('click', event => {
  const inside = around(event.target, 'details.menu'), pressed = around(event.target, 'details.menu > div button');
  for (const menu of open()) if (menu !== inside || pressed) menu.open = false;
});
document.addEventListener('toggle', event => {
  const menu = target(event);
  if (menu instanceof HTMLDetailsElement && menu.open && menu.matches('.menu')) {
    for (const other of open()) if (other !== menu) other.open = false;
  }
}, true);
document.addEventListener('keydown', event => {
  const menu = event.key === 'Escape' && !event.isComposing && open().at(-1);
  if (!menu) return;
  event.stopImmediatePropagation();
  menu.open = false;
  find(menu, 'summary').focus();
}, true);
