// The list of conversations.

import {act, onAnswer, press} from './acts.js';
import {all, around, element, find} from './dom.js';

document.addEventListener('click', event => {
  const button = around(event.target, '#list [data-verb]');
  if (!button) {
    toggleList(event);
    return;
  }
  event.preventDefault();
  if (button.dataset.verb === 'rename') rename(button, button.dataset.id);
  else if (button.dataset.verb === 'more') showMore(button);
  else press(button);
  if (button.dataset.verb === 'open') document.body.classList.remove('list-open');
});

/** The next part of the list, once. @param {Element} button */
function showMore(button) {
  if (button instanceof HTMLButtonElement && !button.disabled) {
    button.disabled = true;
    act('more', '', button.dataset.text).then(shown => { button.disabled = shown; });
  }
}

const inSight = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries) if (isIntersecting) showMore(target);
});
onAnswer(() => {  // the list changes by answers alone
  inSight.disconnect();
  for (const button of all(document, '#list .more')) inSight.observe(button);
});

/** On a phone: the button opens the list, a click elsewhere closes it. @param {Event} event */
function toggleList(event) {
  const {classList} = document.body;
  if (around(event.target, '#burger')) classList.toggle('list-open');
  else if (classList.contains('list-open') && !around(event.target, '#left')) classList.remove('list-open');
}

/** @param {HTMLElement} button @param {string} id */
function rename(button, id) {
  const row = around(button, '.row'), link = find(row, '[data-verb=open]');
  const box = element('input', {value: link.textContent, className: 'renaming'});
  box.setAttribute('aria-label', button.getAttribute('aria-label'));
  let over = false;
  /** @param {boolean} save */
  const end = save => {
    if (over) return;
    over = true;
    if (save && box.value.trim() && box.value !== link.textContent) act('rename', id, box.value);
    box.replaceWith(link);
    link.focus();
  };
  box.onkeydown = event => {
    event.stopPropagation();
    if (event.key === 'Enter' && !event.isComposing) end(true);
    if (event.key === 'Escape') end(false);
  };
  box.onblur = () => end(true);
  link.replaceWith(box);
  box.focus();
  box.select();
}
