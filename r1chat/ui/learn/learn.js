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

document.addEventListener('click', async event => {
  /** @type {HTMLButtonElement} */
  const button = event.target instanceof Element ? event.target.closest('button[data-verb]') : null;
  if (!button) return;
  const {verb, id, sure, ask: question} = button.dataset;
  if (sure && !confirm(sure)) return;
  const text = question ? prompt(question, id) : '';
  if (text === null || (question && text === id)) return;
  button.disabled = true;
  const answer = await ask(verb, {id, text});
  if (answer && verb === 'compare') location.href = `../?${new URLSearchParams({c: answer.text})}`;
  else show(answer);
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

document.addEventListener('visibilitychange', async () => { if (!document.hidden) show(await ask('runs')); });
if (find('.run.preparing, .run.training, .run.proving')) watch();
