// The list of conversations.

import {act, onAnswer} from './acts.js';
import {goTo} from './composer.js';
import {all, around, composing, find, modified, textBox} from './dom.js';
import {erase} from './drafts.js';
import {lookFor} from './found.js';
import {onState} from './patches.js';

document.addEventListener('click', event => {
  const button = around(event.target, '#list [data-verb]');
  if (!button) {
    toggleList(event);
    return;
  }
  event.preventDefault();
  const {verb, id, text} = button.dataset;
  if (verb === 'rename') rename(button, id);
  else if (verb === 'more') showMore(button);
  else if (verb === 'open') lookFor(id) || goTo('open', id);
  else if (verb === 'temporary') goTo('temporary');
  else if (verb === 'delete') erase(id).then(() => find(document, '#list .undo button')?.focus());
  else act(verb, id, text ?? '').then(() => find(document, '#list [aria-current]')?.focus());
  if (verb === 'open' || verb === 'temporary') document.body.classList.remove('list-open');
});

// One stop of Tab for the whole list: arrows lead from row to row, and to the right to what can be done with one.

/** @returns {HTMLElement[]} */
const rows = () => all(document, '#list [data-verb=open], #list .more');

function oneStop() {
  const list = rows(), current = list.find(row => row.matches('[aria-current], :focus')) ?? list[0];
  for (const row of list) row.tabIndex = row === current ? 0 : -1;
  for (const tool of all(document, '#list .tool')) tool.tabIndex = -1;
}

document.addEventListener('keydown', event => {
  const at = around(event.target, '#list button'), row = around(at, '.row');
  if (!at || modified(event)) return;
  const tools = row ? all(row, 'button') : [at], list = rows();
  const index = list.indexOf(tools[0]);
  const to = {
    ArrowDown: list[index + 1], ArrowUp: list[index - 1], Home: list[0], End: list.at(-1),
    ArrowRight: tools[tools.indexOf(at) + 1], ArrowLeft: tools[tools.indexOf(at) - 1],
  }[event.key];
  if (event.key === 'F2' && row) find(row, '[data-verb=rename]')?.click();
  else if (event.key === 'Delete' && row) find(row, '[data-verb=delete]')?.click();
  else if (!to) return;
  event.preventDefault();
  to?.focus();
  if (to && !to.matches('.tool')) for (const other of list) other.tabIndex = other === to ? 0 : -1;
});

/** The next part of the list, once. @param {Element} button */
function showMore(button) {
  if (button instanceof HTMLButtonElement && !button.disabled) {
    button.disabled = true;
    act('more', '', button.dataset.text).then(success => { button.disabled = success; });
  }
}

const inSight = new IntersectionObserver(entries => {
  for (const {isIntersecting, target} of entries) if (isIntersecting) showMore(target);
});
/** A sign at the conversations in which a reply is being made. */
function markWorking() {
  const working = (document.body.dataset.working ?? '').split(' ');
  for (const row of rows()) row.classList.toggle('works', working.includes(row.dataset.id));
}
onState(markWorking);

/** The title of the conversation that shows, which may have been written meanwhile. */
onState(({shown: id, heading}) => {
  const row = id && find(document, `#list [data-verb=open][data-id="${CSS.escape(id)}"]`);
  if (!row || !heading || row.textContent === heading) return;
  row.title = row.title.replace(row.textContent, () => heading);
  row.textContent = heading;
});

onAnswer(() => {  // the list changes by answers alone
  oneStop();
  markWorking();
  inSight.disconnect();
  for (const button of all(document, '#list .more')) inSight.observe(button);
});

/** On a phone: the button opens the list, a click elsewhere closes it. @param {Event} event */
function toggleList(event) {
  const {classList} = document.body;
  if (around(event.target, '#burger')) classList.toggle('list-open');
  else if (classList.contains('list-open') && !around(event.target, '#left')) classList.remove('list-open');
}

/** Save the name that is being written. */
let saveName = () => {};
addEventListener('pagehide', () => saveName());

/** @param {HTMLElement} button @param {string} id */
function rename(button, id) {
  const row = around(button, '.row'), link = find(row, '[data-verb=open]');
  const box = textBox('input', {value: link.textContent, className: 'renaming'});
  box.setAttribute('aria-label', button.getAttribute('aria-label'));
  let over = false;
  /** @param {boolean} save */
  const end = save => {
    if (over) return;
    over = true;
    const refocus = () => find(document, `#list [data-verb=open][data-id="${CSS.escape(id)}"]`)?.focus();
    if (save && box.value.trim() && box.value !== link.textContent) act('rename', id, box.value).then(refocus);
    box.replaceWith(link);
    link.focus();
  };
  box.onkeydown = event => {
    event.stopPropagation();
    if (event.key === 'Enter' && !composing(event)) {
      event.preventDefault();  // or the key would press the row that now has the focus, and open it
      end(true);
    }
    if (event.key === 'Escape') end(false);
  };
  box.onblur = saveName = () => end(true);
  link.replaceWith(box);
  box.focus();
  box.select();
}
