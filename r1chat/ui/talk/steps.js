// The steps of a thought and the moments of reflection in them: choosing, editing, labelling, and going from one to another.

import {act, addVerbs} from './acts.js';
import {all, around, element, find, modified, replyOf, target, typing} from './dom.js';
import {edit} from './editor.js';
import {bar} from './patches.js';
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
  find(tools, '.judge').hidden = !find(step, 'mark');
  bar(find(tools, '[data-verb=edit-step]'), document.body.dataset.cannotSteer ?? '');
  step.append(tools);
}

/** @param {HTMLElement} button */
async function label(button) {
  const step = around(button, '.step');
  const mark = find(step, 'mark.at') ?? find(step, 'mark');
  const verdict = button.dataset.verb === 'confirm' ? 'confirmed' : 'denied';
  const {start, end, kind} = mark.dataset, before = mark.className;
  mark.classList.remove('judged-confirmed', 'judged-denied');
  mark.classList.add(`judged-${verdict}`);
  const said = {start: Number(start), end: Number(end), kind, verdict};
  if (!await act('label', replyOf(step), JSON.stringify(said))) mark.className = before;
}

/** @param {HTMLElement} button */
async function editStep(button) {
  const step = around(button, '.step'), reply = replyOf(step);
  const {start, end} = step.dataset;
  const value = await textOf('thought', reply, {start, end});
  if (value === null || step.hidden) return;
  const {label: name, cancel} = button.dataset;
  edit({
    value, label: name, save: button.textContent, cancel, place: step,
    saved: text => act('fork', reply, JSON.stringify({start: Number(start), end: Number(end), text})),
    left: () => find(step, '[data-verb=edit-step]')?.focus(),
  });
}

addVerbs({'edit-step': editStep, confirm: label, deny: label});

// --- from one to another ---------------------------------------------------------------------------------------------

/** @param {HTMLElement} mark */
function goTo(mark) {
  if (!mark) return;
  find(read, 'mark.at')?.classList.remove('at');
  mark.classList.add('at');
  showPlace(around(mark, '.reply'));
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
  choose(step);
  if (byKey) enter(step);
  step.scrollIntoView({block});
}

/** @param {HTMLElement} step */
function enter(step) {
  step.tabIndex = -1;
  step.focus({preventScroll: true});
}

/** On the strip, the moment that was gone to. @param {HTMLElement} reply */
function showPlace(reply) {
  const start = find(reply, 'mark.at')?.dataset.start;
  for (const dot of all(read, '.strip [aria-current]')) dot.removeAttribute('aria-current');
  if (start) find(reply, `.strip [data-start="${start}"]`)?.setAttribute('aria-current', 'true');
}

/** @param {HTMLElement} button */
function alongStrip(button) {
  const reply = around(button, '.reply'), {start} = button.dataset;
  if (!start) {
    neighbour(reply, button.className === 'after' ? 1 : -1);
    return;
  }
  const mark = find(reply, `mark[data-start="${start}"]`);  // none in a formula or in code
  mark ? goTo(mark) : goToStep(stepAt(replyOf(reply), Number(start)), false);
}

/** @param {HTMLElement} reply @param {number} way */
function neighbour(reply, way) {
  const marks = all(reply, 'mark');
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
  else if (step && !button && !around(event.target, 'a, textarea')) choose(step);
});

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
  if (!['n', 'p'].includes(event.key) || typing(event) || modified(event)) return;
  const reply = around(find(read, 'mark.at'), '.reply') ?? all(read, '.reply:has(mark)').at(-1);
  if (!reply) return;
  neighbour(reply, event.key === 'n' ? 1 : -1);
  enter(around(find(read, 'mark.at'), '.step'));
});

// --- the outline -----------------------------------------------------------------------------------------------------

/** @param {HTMLElement} reply */
async function showOutline(reply) {
  const html = await textOf('outline', replyOf(reply));
  if (html !== null) document.getElementById('outline').innerHTML = html;
}

document.addEventListener('click', event => {
  const row = around(event.target, '#outline button[data-start]');
  if (row) goToStep(stepAt(row.dataset.reply, Number(row.dataset.start)), event.detail === 0);
});

let marking = false;
scroller.addEventListener('scroll', () => {  // the outline follows the chain
  if (marking) return;
  marking = true;
  requestAnimationFrame(() => {
    marking = false;
    const box = scroller.getBoundingClientRect();
    const chosen = find(read, '.step.chosen'), place = chosen?.getBoundingClientRect();
    const step = place && place.top < box.bottom && place.bottom > box.top ? chosen
      : around(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 3), '.step');
    const rows = all(document, '#outline button[data-start]');
    if (!step || rows[0]?.dataset.reply !== replyOf(step)) return;
    const current = rows.filter(row => Number(row.dataset.start) < Number(step.dataset.end)).at(-1);
    for (const row of rows) row === current ? row.setAttribute('aria-current', 'step') : row.removeAttribute('aria-current');
    current?.scrollIntoView({block: 'nearest'});
  });
}, {passive: true});
