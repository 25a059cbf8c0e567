// Judging a reply: thumbs and what unfolds from them, the first wrong step, corrections, references.

import {act, addVerbs} from '../talk/acts.js';
import {all, around, composing, find, isCommand, replyOf, target} from '../talk/dom.js';
import {addEditors, edit, take} from '../talk/editor.js';
import {onPatch} from '../talk/patches.js';
import {textOf} from '../talk/request.js';
import {release} from '../talk/scroll.js';
import {read} from '../talk/transcript.js';

const SLOW = 2000;  // ms of silence after which a comment is saved

/** @param {string} verb @param {string} id @param {object} fields */
const say = (verb, id, fields) => act(verb, id, JSON.stringify(fields));
/** @type {Set<string>} what shall be open as soon as it is there */
const unfolding = new Set();
/** @type {Map<string, boolean>} by reply whose tests were begun here: whether the page has shown that they run */
const testing = new Map();
/** @type {Map<string, string>} by message: the reference in whose place another one is being saved */
const folding = new Map();

addVerbs({
  rate(button, id) {
    const fields = JSON.parse(button.dataset.text);
    /** @type {HTMLDetailsElement} */
    const thought = find(around(button, '.reply'), 'details.thought');
    if (fields.thumb) unfolding.add(`${id} ${fields.part}-why`);
    say('rate', id, {...fields, open: thought?.checkVisibility() ? thought.open : null});
  },
  'wrong-step'(button) {
    const step = around(button, '.step');
    const {start, end} = step.dataset;
    const verdict = button.dataset.text === 'back' ? '' : 'first_wrong';
    say('step', replyOf(step), {verdict, start: Number(start), end: Number(end)});
  },
  rules(button) {
    /** @type {HTMLDetailsElement} */
    const rules = find(around(button, '.reply'), 'details.rules');
    rules.open = true;
  },
  'run-tests': runTests,
  refer(button, id) {
    const form = around(button, '.form');
    /** @type {HTMLTextAreaElement} */
    const box = find(form, 'textarea');
    /** @type {HTMLSelectElement} */
    const kind = find(form, 'select');
    folding.set(id, around(form, '.reference').dataset.reference);
    take(form, () => say('refer', id, {text: box.value, kind: kind.value}));
  },
  unrefer(button, id) {
    const form = around(button, '.form');
    /** @type {HTMLTextAreaElement} */
    const box = find(form, 'textarea');
    box.value = box.defaultValue;  // what was half written is taken back with it
    folding.set(id, around(form, '.reference').dataset.reference);
    take(form, () => say('refer', id, {text: ''}));
  },
  correct: (button, id) => correct(button, id),
});

// --- comments and forms ----------------------------------------------------------------------------------------------

let waiting = 0;
/** @type {HTMLTextAreaElement} */
let unsaved = null;

function save() {
  clearTimeout(waiting);
  if (unsaved?.value.trim() !== unsaved?.defaultValue.trim()) {
    const {dataset: {id, part}, value: comment} = unsaved;
    take(unsaved, () => say('rate', id, {part, comment}));
  }
  unsaved = null;
}
read.addEventListener('input', event => {
  const box = event.target;
  if (!(box instanceof HTMLTextAreaElement) || !box.matches('.comment[data-part]')) return;
  if (unsaved !== box) save();
  unsaved = box;
  clearTimeout(waiting);
  if (!(event instanceof InputEvent && event.isComposing)) waiting = window.setTimeout(save, SLOW);
});
read.addEventListener('focusout', event => { if (event.target === unsaved) save(); });
addEventListener('pagehide', save);

read.addEventListener('keydown', event => {
  const {key, shiftKey} = event, inComposition = composing(event), at = target(event);
  if (at.matches('.reference textarea') && key === 'Enter' && !shiftKey && !inComposition && !holdsTests(at)) {
    event.preventDefault();
    find(around(at, '.form'), '.primary').click();
  }
  /** @type {HTMLDetailsElement} */
  const folded = around(at, '.why, .reference, .rules, .later');
  if (key === 'Escape' && folded?.open && !inComposition) {
    event.stopPropagation();
    folded.open = false;
    find(folded, 'summary').focus();
  }
});

/** Tests have a line each: Enter does not save them. @param {Element} box */
function holdsTests(box) {
  /** @type {HTMLSelectElement} */
  const kind = find(around(box, '.form'), 'select');
  return kind.value === 'tests';
}

/** @param {string} id */
function foldSaved(id) {
  /** @type {HTMLDetailsElement} */
  const form = find(document.getElementById(id) ?? document, '.reference'), turn = id.slice('asked-'.length);
  if (!form?.open || !folding.has(turn) || form.dataset.reference === folding.get(turn)) return;
  folding.delete(turn);
  form.open = false;
  find(form, 'summary').focus({preventScroll: true});
}

read.addEventListener('toggle', async event => {  // some things take a while to find out: only when they are wanted
  const part = event.target;
  if (!(part instanceof HTMLDetailsElement) || !part.open) return;
  if (part.matches('.reference')) {
    find(part, '.form').scrollIntoView({block: 'nearest'});
    if (find(part, 'summary') === document.activeElement) find(part, 'textarea').focus({preventScroll: true});
  }
  const {load, id} = part.dataset, place = part.lastElementChild;
  if (!load) return;
  if (!place.childElementCount) place.textContent = '…';
  const html = await textOf(load, id);
  if (html !== null) place.innerHTML = html;
  else part.open = false;
}, true);

// --- steps -----------------------------------------------------------------------------------------------------------

/** The first wrong step, and those before it; every step where none is wrong. @param {HTMLElement} reply */
function markSteps(reply) {
  const {verdict = '', start, end, wrong, right} = find(reply, '[data-verdict]')?.dataset ?? {};
  for (const step of all(reply, '.steps > .step')) {
    const begins = Number(step.dataset.start), ends = Number(step.dataset.end);
    const at = verdict === 'first_wrong' && begins < Number(end) && Number(start) < ends;
    const before = verdict === 'none_wrong' || (verdict === 'first_wrong' && !at && begins < Number(start));
    if (at) step.dataset.judged = wrong;
    else if (before) step.dataset.judged = right;
    else delete step.dataset.judged;
    step.toggleAttribute('data-first-wrong', at);
  }
}

onPatch(blocks => {
  for (const {id, html} of blocks) {
    if (html === undefined) continue;
    if (id.startsWith('asked-')) foldSaved(id);
    if (!/-(judge|teach)$/.test(id)) continue;
    const node = document.getElementById(id), reply = around(node, '.reply');
    if (!reply) continue;
    if (id.endsWith('-judge')) markSteps(reply);
    if (id.endsWith('-teach') && testing.has(replyOf(reply))) followTests(reply);
    for (const part of all(node, '.why')) {
      if (part instanceof HTMLDetailsElement && unfolding.delete(`${replyOf(part)} ${part.dataset.key}`)) part.open = true;
    }
  }
});

// --- tests of programs -----------------------------------------------------------------------------------------------

const RUNS = 'r1chat.runs-programs';  // that a person was asked, in this browser

/** Unfold what the rules say of a reply, as it is now. @param {HTMLElement} reply */
function showRules(reply) {
  /** @type {HTMLDetailsElement} */
  const rules = find(reply, 'details.rules');
  if (!rules) return;
  if (rules.open) rules.dispatchEvent(new Event('toggle'));
  else rules.open = true;
}

/** Unfold the verdict of tests that were begun here, when they have ended. @param {HTMLElement} reply */
function followTests(reply) {
  const id = replyOf(reply);
  if (find(reply, '[data-verb=stop-tests]')) {
    testing.set(id, true);
    return;
  }
  showRules(reply);
  if (testing.get(id)) testing.delete(id);
}

/** @param {HTMLElement} _button @param {string} id */
async function runTests(_button, id) {
  if (!asked()) {
    const question = await textOf('sandbox', id);
    if (question === null || !confirm(question)) return;
    remember();
  }
  testing.set(id, false);  // what becomes of them comes through the feed, before or after the answer
  await act('run-tests', id);
  setTimeout(() => { if (!testing.get(id)) testing.delete(id); }, SLOW);
}

function asked() {
  try {
    return localStorage.getItem(RUNS) === 'yes';
  } catch {
    return false;  // storage is switched off: it is asked each time
  }
}

function remember() {
  try {
    localStorage.setItem(RUNS, 'yes');
  } catch { /* storage is switched off */ }
}

// --- corrections -----------------------------------------------------------------------------------------------------

/** @param {HTMLElement} button @param {string} id */
async function correct(button, id, again = false) {
  const {part, label, save: saving, cancel} = button.dataset;
  const place = corrected(id, part);
  if (place.hidden) return;
  const value = await textOf(part, id);
  if (value === null) return;
  if (!again) release();
  edit({
    name: `correct ${id} ${part}`, again, value, label, save: saving, cancel, place, caretFirst: true, most: 0.6,
    saved: text => say('correct', id, {part, text}),
    left: () => (around(button, '.menu:not([open])') ? find(around(button, '.menu'), 'summary') : button).focus(),
  });
}

/** The place of the text that is corrected. @param {string} id @param {string} part */
const corrected = (id, part) => document.getElementById(`${id}-${part === 'answer' ? 'answer' : 'steps'}`);

addEditors({correct(id, part) {
  const button = find(read, `[data-verb=correct][data-id="${CSS.escape(id)}"][data-part="${CSS.escape(part)}"]`);
  if (button) correct(button, id, true);
  return Boolean(corrected(id, part));
}});

// --- keys ------------------------------------------------------------------------------------------------------------

document.addEventListener('keydown', event => {  // + and - for the reply that has the focus, or the newest
  if (event.repeat || !'+-'.includes(event.key) || !isCommand(event)) return;
  const reply = around(event.target, '.reply') ?? all(read, '.reply').at(-1);  // one that is written is judged later
  if (reply?.matches('.done')) find(reply, `[data-key=answer-${event.key === '+' ? 'up' : 'down'}]`)?.click();
});
