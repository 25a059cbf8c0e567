// The Learn page: begins runs, shows how far they are, and does what the buttons of runs and children say.
import {asking, find} from '../asking.js';

const ask = asking('../r1chat/learn/');
const pause = 900;  // ms between two looks at a run
let watching = false;

/** @param {{text: string, running: boolean} | null} answer */
function show(answer) {
  if (!answer) return;
  const place = find('#runs');
  if (place.innerHTML !== answer.text) {
    const open = new Set([...place.querySelectorAll('details[open]')].map(path));
    const closed = new Set([...place.querySelectorAll('details:not([open])')].map(path));
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset : undefined;
    place.innerHTML = answer.text;
    for (const details of place.querySelectorAll('details')) {
      if (open.has(path(details))) details.open = true;
      if (closed.has(path(details))) details.open = false;
    }
    if (focused?.id) [...place.querySelectorAll('button')].find(b => b.dataset.id === focused.id && b.dataset.verb === focused.verb)?.focus();
  }
  if (answer.running || find('.run.preparing, .run.training, .run.proving')) watch();
}

/** Which details of which run: what a person unfolded stays so while the run goes on. @param {Element} details */
function path(details) {
  const run = /** @type {HTMLElement} */ (details.closest('.run'));
  return `${run.dataset.name} ${[...run.querySelectorAll('details')].indexOf(/** @type {HTMLDetailsElement} */ (details))}`;
}

async function watch() {
  if (watching || document.hidden) return;
  watching = true;
  await new Promise(resolve => setTimeout(resolve, pause));
  watching = false;
  show(await ask('runs'));
}

async function family() {
  const answer = await ask('family');
  if (answer) find('#family').innerHTML = answer.text;
}

const glimpse = 5000;  // ms between two looks at a stage of the recipe that is going on

/** Look again at the recipe while one of its stages goes on; what a person unfolded stays so. */
async function follow() {
  await new Promise(resolve => setTimeout(resolve, glimpse));
  if (!document.hidden) {
    const answer = await ask('recipe');
    const place = find('#recipe');
    if (answer && place.innerHTML !== answer.text) {
      const open = [...place.querySelectorAll('details')].map(details => details.open);
      place.innerHTML = answer.text;
      const now = [...place.querySelectorAll('details')];
      if (now.length === open.length) for (const at of now.keys()) now[at].open = open[at];
    }
  }
  if (find('#recipe [data-live]')) follow();
}

document.addEventListener('click', async event => {
  /** @type {HTMLButtonElement} */
  const button = event.target instanceof Element ? event.target.closest('button[data-verb]') : null;
  if (!button) return;
  const {verb, id, sure, ask: question} = button.dataset;
  if (verb === 'compare') return openBlind(id);
  if (verb === 'close') return blind.close();
  if (sure && !confirm(sure)) return;
  const text = question ? prompt(question, id) : '';
  if (text === null || (question && text === id)) return;
  button.disabled = true;
  const answer = await ask(verb, {id, text});
  show(answer);
  if (answer && ['keep', 'rename', 'delete'].includes(verb)) await family();
  button.disabled = false;
});

find('#train')?.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = form.querySelector('button');
  button.disabled = true;
  const answer = await ask('train', Object.fromEntries(new FormData(form)));
  show(answer);
  if (answer) find('#h-runs').scrollIntoView({block: 'start', behavior: 'smooth'});
  button.disabled = false;
});

// --- blind comparisons, one after the other ---------------------------------------------------------------------------

const glance = 400;  // ms between two looks at a pair that is being written
const blind = /** @type {HTMLDialogElement} */ (find('#blind'));
let judging = false;  // a verdict is on its way
let openings = 0;

/** @param {string} child */
async function openBlind(child) {
  const opening = ++openings;
  const answer = await ask('pair', {id: child});
  if (!answer || opening !== openings) return;
  blind.showModal();
  showPair(answer, child, opening);
}

/** @param {{text: string} | null} answer @param {string} child @param {number} opening for which the pair is */
async function showPair(answer, child, opening) {
  if (opening !== openings) return;  // the dialog was closed, and opened for another child perhaps
  if (!answer) return blind.close();  // what went wrong stands on the page
  const card = find('#blind .card');
  if (card.innerHTML !== answer.text) card.innerHTML = answer.text;
  if (!find('#blind [data-waits]')) return;
  await new Promise(resolve => setTimeout(resolve, glance));
  if (blind.open && !judging && opening === openings) showPair(await ask('pair', {id: child}), child, opening);
}

/** @param {HTMLButtonElement | undefined} button */
async function judge(button) {
  const article = find('#blind article');
  if (!button || button.disabled || judging || !article) return;
  judging = true;
  const seen = [...article.querySelectorAll('section')].map(side => side.querySelector('details')?.open ?? false);
  const {child, sides} = article.dataset, opening = openings;
  const answer = await ask('judge', {id: child, sides, winner: button.dataset.winner, seen});
  judging = false;
  showPair(answer, child, opening);
}

blind?.addEventListener('click', event => {
  judge(event.target instanceof Element ? event.target.closest('[data-winner]') : null);
});
document.addEventListener('keydown', event => {  // on the whole page: a button that was clicked is gone with its pair
  if (!blind?.open || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !/^[1-5]$/.test(event.key)) return;
  judge(/** @type {HTMLButtonElement | undefined} */ (blind.querySelectorAll('[data-winner]')[Number(event.key) - 1]));
});
blind?.addEventListener('close', family);

document.addEventListener('visibilitychange', async () => { if (!document.hidden) show(await ask('runs')); });
if (find('.run.preparing, .run.training, .run.proving')) watch();
if (find('#recipe [data-live]')) follow();
