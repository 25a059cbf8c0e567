// Two replies side by side: asking for both, and what a person looked at before they chose.

import {act} from '../talk/acts.js';
import {deliver, prompt} from '../talk/composer.js';
import {all, around, find, inSight, isCommand, target} from '../talk/dom.js';
import {take} from '../talk/editor.js';
import {onPatch} from '../talk/patches.js';
import {read} from '../talk/transcript.js';

const PATIENCE = 1500;  // ms that a choice waits for what comes of it, before it can be made again

// --- asking both -----------------------------------------------------------------------------------------------------

document.addEventListener('click', async event => {
  const button = around(event.target, '#compare [data-against]');
  if (!button) return;
  /** @type {HTMLInputElement} */
  const box = find(around(button, 'details'), 'input');
  const temperature = button.dataset.temperature ? box.valueAsNumber : null;
  const text = prompt().value;
  const fields = {
    prompt: text,
    against: button.dataset.against,
    temperature: Number.isNaN(temperature) ? '' : temperature,
    ...(button.dataset.presets && {
      presets: all(around(button, '.line'), 'select').map(select => /** @type {HTMLSelectElement} */ (select).value),
    }),
  };
  await deliver(text, () => act('ask-both', '', JSON.stringify(fields)));
});
document.addEventListener('keydown', event => {
  const menu = around(event.target, '#compare details[open]');
  if (!menu || event.key !== 'Enter' || !target(event).matches('input')) return;
  event.preventDefault();  // else it presses what has the focus then, too
  find(menu, '[data-temperature]').click();
});

// --- looking: which thoughts were open, and for how long both replies were there to be read --------------------------

/**
 * By comparison: whether the thought of a side was open, for how many ms both were there, and since when now.
 * @type {Map<string, {left: boolean, right: boolean, dwell: number, since?: number}>}
 */
const looks = new Map();

/** @param {string} id */
function lookOf(id) {
  if (!looks.has(id)) looks.set(id, JSON.parse(sessionStorage.getItem(`r1chat.${id}`)) ?? {left: false, right: false, dwell: 0});
  return looks.get(id);
}

/** A page that is loaded again goes on counting. @param {string} id */
function keepLook(id) {
  const {left, right, dwell} = lookOf(id);
  sessionStorage.setItem(`r1chat.${id}`, JSON.stringify({left, right, dwell}));
}

/** @param {(id: string) => boolean} still those that are looked at still */
function pauseLooking(still = () => false) {
  for (const [id, look] of looks) {
    if (look.since === undefined || still(id)) continue;
    look.dwell += performance.now() - look.since;
    look.since = undefined;
    keepLook(id);
  }
}

function goOnLooking() {
  if (document.hidden) return;
  for (const {id} of all(read, '.comparison:has(> .verdict.ready)')) lookOf(id).since ??= performance.now();
}

onPatch(blocks => {
  for (const {id, gone} of blocks) {
    if (!gone || !looks.has(id)) continue;
    looks.delete(id);  // it was decided: who changes their mind looks anew
    sessionStorage.removeItem(`r1chat.${id}`);
  }
  pauseLooking(id => document.getElementById(id) !== null);  // another conversation may show
  if (blocks.some(({kind}) => kind === 'verdict ready')) goOnLooking();
  landAfterChoice();
});
document.addEventListener('visibilitychange', () => document.hidden ? pauseLooking() : goOnLooking());
addEventListener('pagehide', () => pauseLooking());
read.addEventListener('toggle', event => {
  const thought = event.target;
  if (!(thought instanceof HTMLDetailsElement) || !thought.matches('.thought') || !thought.open) return;
  const side = around(thought, '.side');
  if (!side) return;
  const {id} = around(side, '.comparison');
  lookOf(id)[side.dataset.side === 'left' ? 'left' : 'right'] = true;
  keepLook(id);
}, true);

// --- choosing --------------------------------------------------------------------------------------------------------

/** @type {HTMLElement} the section in which a choice was made: who chose by keyboard goes on there */
let landing = null;

function landAfterChoice() {
  if (!landing || find(landing, '[data-winner]:disabled')) return;
  const next = find(landing, '[data-winner]:not([aria-disabled="true"]), [data-verb=reopen]');
  if (next && (document.activeElement === document.body || landing.contains(document.activeElement))) {
    next.focus({preventScroll: true});
  }
  landing = null;
}

/** @param {HTMLElement} button */
async function choose(button) {
  if (!(button instanceof HTMLButtonElement) || button.disabled || button.getAttribute('aria-disabled') === 'true') return;
  const comparison = around(button, '.comparison');
  pauseLooking();
  goOnLooking();
  const {left, right, dwell} = lookOf(comparison.id);
  /** @type {HTMLTextAreaElement} */
  const comment = find(comparison, '.comment textarea');
  /** @type {HTMLButtonElement[]} */
  const buttons = all(comparison, '[data-winner]');
  const enable = () => { for (const other of buttons) other.disabled = false; };
  landing = around(comparison, 'section');
  for (const other of buttons) other.disabled = true;  // until the answer is here
  const chosen = await take(comparison, () => act('choose', comparison.id.slice('comparison-'.length), JSON.stringify({
    winner: button.dataset.winner,
    seen: {left, right},
    dwell: find(comparison, '.verdict.ready') ? dwell / 1000 : null,
    comment: comment.value,
  })));
  if (chosen) setTimeout(enable, PATIENCE);
  else {
    landing = null;
    enable();
  }
}

read.addEventListener('click', event => {
  const button = around(event.target, '[data-winner]');
  if (button) choose(button);
});
document.addEventListener('keydown', event => {
  if (event.repeat || !isCommand(event) || !/^[1-5]$/.test(event.key)) return;
  const comparison = around(event.target, '.comparison') ?? all(read, '.comparison').filter(inSight).at(-1);
  const button = comparison && all(comparison, '[data-winner]')[Number(event.key) - 1];
  if (button) choose(button);
});
