// The steps of a thought and the moments of reflection in them: choosing, editing, labelling, and going from one to another.

import {act, addVerbs} from './acts.js';
import {all, around, element, find, isCommand, modified, replyOf, target} from './dom.js';
import {addEditors, edit} from './editor.js';
import {bar, onPatch} from './patches.js';
import {textOf} from './request.js';
import {release} from './scroll.js';
import {read, scroller} from './transcript.js';

/** The tools of a step move to the one that is chosen. @param {HTMLElement} step */
function choose(step) {
  find(read, '.step.chosen')?.classList.remove('chosen');
  find(read, '.tools')?.remove();
  step.classList.add('chosen');
  /** @type {HTMLDetailsElement} */
  const thought = around(step, 'details.thought');
  thought.open = true;
  thought.dataset.touched = '1';
  const tools = element('div', {className: 'tools', innerHTML: document.getElementById('tools').innerHTML});
  find(tools, '.judge').hidden = !find(step, 'mark[data-start]');
  bar(find(tools, '[data-verb=edit-step]'), document.body.dataset.cannotSteer ?? '');
  step.append(tools);
  showCurrent();
}

/** @param {HTMLElement} button */
async function label(button) {
  const step = around(button, '.step');
  const mark = find(step, 'mark.at') ?? find(step, 'mark[data-start]');
  const verdict = button.dataset.verb === 'confirm' ? 'confirmed' : 'denied';
  const {start, end, kind} = mark.dataset, before = mark.className;
  mark.classList.remove('judged-confirmed', 'judged-denied');
  mark.classList.add(`judged-${verdict}`);
  const judgement = {start: Number(start), end: Number(end), kind, verdict};
  if (!await act('label', replyOf(step), JSON.stringify(judgement))) mark.className = before;
}

/** @param {HTMLElement} step */
async function editStep(step, again = false) {
  if (step.hidden) return;
  const reply = replyOf(step), {start, end} = step.dataset, button = find(document, '#tools [data-verb=edit-step]');
  const value = await textOf('thought', reply, {start, end});
  if (value === null) return;
  edit({
    name: `edit-step ${reply} ${start}`, again, value,
    label: button.dataset.label, save: button.textContent, cancel: button.dataset.cancel, place: step,
    saved: text => act('fork', reply, JSON.stringify({start: Number(start), end: Number(end), text})),
    left: () => find(step, '[data-verb=edit-step]')?.focus(),
  });
}

addVerbs({'edit-step': button => editStep(around(button, '.step')), confirm: label, deny: label});
addEditors({'edit-step'(reply, start) {
  const steps = document.getElementById(`${reply}-steps`);
  const step = steps && find(steps, `:scope > .step[data-start="${CSS.escape(start)}"]`);
  if (step) editStep(step, true);
  return Boolean(step);
}});

// --- from one to another ---------------------------------------------------------------------------------------------

/** @param {HTMLElement} mark */
function goTo(mark) {
  if (!mark) return;
  find(read, 'mark.at')?.classList.remove('at');
  mark.classList.add('at');
  release();
  choose(around(mark, '.step'));
  mark.scrollIntoView({block: 'center'});
}

/**
 * @param {HTMLElement} step
 * @param {boolean} byKey what can be done with the step is then the next thing that Tab reaches
 * @param {ScrollLogicalPosition} block
 */
function goToStep(step, byKey, block = 'center') {
  if (!step) return;
  release();
  if (!step.contains(find(read, 'mark.at'))) find(read, 'mark.at')?.classList.remove('at');
  choose(step);
  if (byKey) enter(step);
  step.scrollIntoView({block});
}

/** @param {HTMLElement} step */
function enter(step) {
  step.tabIndex = -1;
  step.focus({preventScroll: true});
}

/** What is current, the same in the timeline, the thought and the outline: the chosen step, and the moment gone to in it. */
function showCurrent() {
  for (const part of all(document, '.strip [aria-current], #outline [aria-current]')) part.removeAttribute('aria-current');
  const step = find(read, '.step.chosen');
  if (!step) return;
  const id = replyOf(step), begins = Number(step.dataset.start), ends = Number(step.dataset.end);
  const moment = find(step, 'mark.at') ?? find(step, 'mark[data-start]'), start = moment ? Number(moment.dataset.start) : begins;
  if (moment) find(around(step, '.reply'), `.strip [data-start="${start}"]`)?.setAttribute('aria-current', 'true');
  const rows = all(document, `#outline button[data-reply="${CSS.escape(id)}"]`);
  const here = rows.filter(row => Number(row.dataset.start) >= begins && Number(row.dataset.start) < ends);
  const row = here.filter(candidate => Number(candidate.dataset.start) <= start).at(-1) ?? here[0]
    ?? rows.filter(candidate => Number(candidate.dataset.start) <= start).at(-1);
  row?.setAttribute('aria-current', 'step');
}

/** @param {HTMLElement} button */
function alongStrip(button) {
  const reply = around(button, '.reply'), {start} = button.dataset;
  if (button.matches('.sheet')) {
    openSheet(reply);
    return;
  }
  if (!start) {
    neighbour(reply, button.matches('.after') ? 1 : -1);
    return;
  }
  const mark = find(reply, `mark[data-start="${start}"]`);  // none in a formula or in code
  if (mark) goTo(mark);
  else {
    goToStep(stepAt(replyOf(reply), Number(start)), false);
    button.setAttribute('aria-current', 'true');
  }
}

/** @param {HTMLElement} reply @param {number} way */
function neighbour(reply, way) {
  const marks = all(reply, 'mark[data-start]');
  const at = marks.findIndex(mark => mark.classList.contains('at'));
  goTo(marks[at < 0 ? (way > 0 ? 0 : marks.length - 1) : Math.min(Math.max(at + way, 0), marks.length - 1)]);
}

/** The last step that begins at or before a place in the thought. @param {string} reply @param {number} start */
function stepAt(reply, start) {
  const steps = document.getElementById(`${reply}-steps`);
  return (steps ? all(steps, ':scope > .step') : []).filter(step => Number(step.dataset.start) <= start).at(-1);
}

read.addEventListener('click', event => {
  const summary = around(event.target, 'details.thought > summary');
  if (summary) unfold(around(summary, 'details'));
  const button = around(event.target, 'button'), step = around(event.target, '.step');
  if (around(button, '.strip')) alongStrip(button);
  else if (step && !button && !around(event.target, 'a, textarea') && !selecting()) {
    if (!step.contains(find(read, 'mark.at'))) find(read, 'mark.at')?.classList.remove('at');
    choose(step);
  }
});

/** Whether text is selected: then a click was the end of a drag. */
function selecting() {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && selection.toString().trim() !== '';
}

/** Before it unfolds: who opens a thought that has ended wants to read it, not its end. @param {HTMLDetailsElement} thought */
function unfold(thought) {
  const reply = around(thought, '.reply');
  thought.dataset.touched = '1';
  if (!thought.open && !reply.matches('.thinking')) release();
  showOutline(reply);
}

read.addEventListener('keydown', event => {  // along the steps with the arrows; Tab leads to what can be done with one
  const at = target(event), steps = around(at, '.steps');
  if (!steps || !at.matches('.step, .steps') || modified(event)) return;
  const way = {ArrowDown: 1, ArrowUp: -1, Enter: at === steps ? 1 : 0}[event.key];
  if (!way) return;
  const row = all(steps, ':scope > .step'), index = row.indexOf(at);
  event.preventDefault();
  goToStep(row[index < 0 ? (way > 0 ? 0 : row.length - 1) : index + way], true, 'nearest');
});

document.addEventListener('keydown', event => {  // n and p: the next and the previous moment
  if (!['n', 'p'].includes(event.key) || !isCommand(event)) return;
  const reply = around(find(read, 'mark.at'), '.reply') ?? all(read, '.reply:has(mark[data-start])').at(-1);
  if (!reply) return;
  neighbour(reply, event.key === 'n' ? 1 : -1);
  enter(around(find(read, 'mark.at'), '.step'));
});

// --- the outline -----------------------------------------------------------------------------------------------------

/** @param {HTMLElement} reply */
async function showOutline(reply) {
  const id = replyOf(reply);
  if (!document.getElementById(`${id}-outline`)) {  // what shows already is kept up to date by the feed
    const html = await textOf('outline', id);
    if (html === null) return;
    document.getElementById('outline').innerHTML = html;
  }
  showCurrent();
  markSeen();
}

document.addEventListener('click', event => {
  const row = around(event.target, '#outline button[data-start]');
  if (row) {
    closeSheet();
    goToStep(stepAt(row.dataset.reply, Number(row.dataset.start)), event.detail === 0);
    const mark = markAt(row);
    if (mark) goTo(mark);
  } else if (document.body.classList.contains('sheet-open') && !around(event.target, '#right, .sheet')) closeSheet();
});

/** The first moment of the step that a row of the outline names. @param {HTMLElement} row @returns {HTMLElement} */
function markAt(row) {
  if (!find(row, '.moment')) return null;
  const begins = Number(row.dataset.start), next = find(around(row, 'li').nextElementSibling ?? document.createElement('li'), 'button');
  const ends = next ? Number(next.dataset.start) : Infinity;
  const marks = all(document.getElementById(`${row.dataset.reply}-steps`), 'mark[data-start]');
  return marks.find(({dataset}) => Number(dataset.start) >= begins && Number(dataset.start) < ends) ?? null;
}

// On a narrow screen the outline is a sheet over the page.

/** @type {HTMLElement} */
let opener = null;

/** @param {HTMLElement} reply */
async function openSheet(reply) {
  opener = /** @type {HTMLElement} */ (document.activeElement);
  await showOutline(reply);
  document.body.classList.add('sheet-open');
  find(document, '#outline [aria-current], #outline button')?.focus();
}

function closeSheet() {
  if (!document.body.classList.contains('sheet-open')) return;
  document.body.classList.remove('sheet-open');
  opener?.focus({preventScroll: true});
}
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !document.body.classList.contains('sheet-open')) return;
  event.stopImmediatePropagation();
  closeSheet();
}, true);

onPatch(blocks => {  // what came anew is marked again
  if (!blocks.some(({id, into}) => id === 'outline' || id.endsWith('-strip') || into?.endsWith('-outline'))) return;
  showCurrent();
  markSeen();
});

/** In the outline, the rows of the steps that are on the screen. */
function markSeen() {
  const rows = all(document, '#outline button[data-start]');
  if (!rows.length) return;
  const steps = document.getElementById(`${rows[0].dataset.reply}-steps`);
  const box = scroller.getBoundingClientRect();
  let first = Infinity, last = -1;
  if (steps?.checkVisibility()) {
    const row = /** @type {HTMLElement[]} */ ([...steps.children]);
    let low = 0, high = row.length;
    while (low < high) {  // they stand one below the other
      const middle = (low + high) >> 1;
      if (row[middle].getBoundingClientRect().bottom > box.top) high = middle;
      else low = middle + 1;
    }
    for (; low < row.length && row[low].getBoundingClientRect().top < box.bottom; low++) {
      first = Math.min(first, Number(row[low].dataset.start));
      last = Number(row[low].dataset.end);
    }
  }
  const from = firstRow(rows, first), to = first < last ? firstRow(rows, last - 1) + 1 : from;
  const seen = new Set(rows.slice(from, to));
  for (const row of seenRows) if (!seen.has(row)) row.classList.remove('seen');
  for (const row of seen) if (!seenRows.has(row)) row.classList.add('seen');
  const [top] = seen, [before] = seenRows;
  seenRows = seen;
  if (top && top !== before && !document.body.classList.contains('sheet-open')) top.scrollIntoView({block: 'nearest'});
}

/** @type {Set<HTMLElement>} rows of the outline that are marked as seen */
let seenRows = new Set();

/** The index of the last row that begins at or before a place in the thought. @param {HTMLElement[]} rows @param {number} place */
function firstRow(rows, place) {
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(rows[middle].dataset.start) > place) high = middle;
    else low = middle + 1;
  }
  return Math.max(0, low - 1);
}

let marking = false;
scroller.addEventListener('scroll', () => {  // the outline follows the thought
  if (marking) return;
  marking = true;
  requestAnimationFrame(() => {
    marking = false;
    markSeen();
  });
}, {passive: true});
