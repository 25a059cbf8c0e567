// Menus that unfold from a button: one at a time, closed by a click elsewhere and by Escape.

import {all, around, composing, find, target} from './dom.js';

/** @returns {HTMLDetailsElement[]} */
const open = () => all(document, 'details.menu[open]');

document.addEventListener('click', event => {
  const inside = around(event.target, 'details.menu'), pressed = around(event.target, 'details.menu > div button');
  for (const menu of open()) {
    if (menu === inside && !pressed) continue;
    const byKeyboard = menu === inside && event.detail === 0 && menu.contains(document.activeElement);
    menu.open = false;
    if (byKeyboard) find(menu, 'summary').focus();
  }
  const form = around(event.target, 'details.reference');  // what is half written stays in it
  for (const other of all(document, 'details.reference[open]')) if (other !== form) other.removeAttribute('open');
});
document.addEventListener('toggle', event => {
  const menu = target(event);
  if (menu.matches('details.menu')) find(menu, 'summary').setAttribute('aria-expanded', String(menu.matches('[open]')));
  if (menu instanceof HTMLDetailsElement && menu.open && menu.matches('.menu')) {
    for (const other of open()) if (other !== menu) other.open = false;
    place(menu);
  }
}, true);

/** Below its button where there is no room above. @param {HTMLElement} menu */
function place(menu) {
  const box = /** @type {HTMLElement} */ (menu.lastElementChild), top = (around(menu, '.scroll') ?? document.body).getBoundingClientRect().top;
  menu.classList.remove('below', 'leftwards');
  menu.classList.toggle('below', box.getBoundingClientRect().top < top);
  menu.classList.toggle('leftwards', box.getBoundingClientRect().right > innerWidth - 8);
}
document.addEventListener('keydown', event => {
  const menu = event.key === 'Escape' && !composing(event) && open().at(-1);
  if (!menu) return;
  event.stopImmediatePropagation();
  menu.open = false;
  find(menu, 'summary').focus();
}, true);
