// The Evaluation page: begins and stops runs, shows how far they are, lays the chosen ones side by side, unfolds samples.
import {asking, find} from '../asking.js';
import {copied} from '../talk/clipboard.js';

const ask = asking('../r1chat/evaluation/');
const pause = 1500;  // ms between two looks at a run
let watching = false;

/** The chosen runs as a query. */
const chosen = () => new URLSearchParams([...document.querySelectorAll('#runs input:checked')].map(box => ['run', /** @type {HTMLInputElement} */ (box).value])).toString();

/** @param {{text: string, running: boolean} | null} answer */
function showRuns(answer) {
  if (!answer) return;
  const place = find('#runs'), before = progress();
  if (place.innerHTML !== answer.text) {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement : null;
    const {id, verb} = focused?.dataset ?? {}, box = focused?.closest('#runs input')?.getAttribute('value');
    place.innerHTML = answer.text;
    if (id) [...place.querySelectorAll('button')].find(b => b.dataset.id === id && b.dataset.verb === verb)?.focus();
    if (box) [...place.querySelectorAll('input')].find(input => input.value === box)?.focus();
  }
  if (progress() !== before) showTable();
  if (answer.running) watch();
}

/** How far the chosen runs are, as a text that changes with it. */
const progress = () => [...document.querySelectorAll('.run-row:has(input:checked)')].map(row => `${row.getAttribute('data-name')} ${row.querySelector('.state').textContent}`).join('\n');

let newest = 0;  // the number of the newest question for a table: an older answer that comes late counts no more

async function showTable() {
  const number = ++newest, answer = await ask(`table?${chosen()}`);
  if (!answer || number !== newest) return;
  const place = find('#side-by-side');
  if (place.querySelector('.samples[open]')) {  // what a person reads there stays
    const parsed = new DOMParser().parseFromString(answer.text, 'text/html');
    for (const details of place.querySelectorAll('.samples')) {
      const twin = [...parsed.querySelectorAll('.samples')].find(other => other.getAttribute('data-name') === details.getAttribute('data-name'));
      twin?.replaceWith(details);
    }
    place.replaceChildren(...parsed.body.childNodes);
  } else {
    place.innerHTML = answer.text;
  }
}

async function watch() {
  if (watching || document.hidden) return;
  watching = true;
  await new Promise(resolve => setTimeout(resolve, pause));
  watching = false;
  const answer = await ask(`runs?${chosen()}`);
  showRuns(answer);
  if (answer && (!answer.running || find('.curve .state'))) {
    const curves = await ask('curves');
    if (curves && find('#curves').innerHTML !== curves.text) find('#curves').innerHTML = curves.text;
  }
}

// --- runs ---------------------------------------------------------------------------------------------------------------

document.addEventListener('change', event => {
  const field = /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target);
  if (field.matches('#runs input')) {
    history.replaceState(null, '', chosen() ? `?${chosen()}` : location.pathname);
    showTable();
  } else if (field.matches('[name=task]')) {
    find('.of-file').hidden = field.value !== 'file';
    find('[name=path]').required = field.value === 'file';
  } else if (field.matches('[name=wrong]')) {
    showSamples(field.closest('.samples'), 0);
  }
});

document.addEventListener('submit', async event => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = /** @type {HTMLButtonElement} */ (form.querySelector('button.primary'));
  const fields = Object.fromEntries(new FormData(form));
  button.disabled = true;
  const answer = await ask('start', {
    ...fields, count: Number(fields.count), k: Number(fields.k), budget: fields.budget ? Number(fields.budget) : null,
    run_code: fields.run_code === 'on',
  });
  showRuns(answer);
  if (answer) {
    history.replaceState(null, '', `?${chosen()}`);
    showTable();
    watch();
    find('#h-runs').scrollIntoView({block: 'start', behavior: 'smooth'});
  }
  button.disabled = false;
});

document.addEventListener('click', async event => {
  /** @type {HTMLButtonElement} */
  const button = event.target instanceof Element ? event.target.closest('button[data-verb]') : null;
  if (!button) return;
  const {verb, id, text, sure} = button.dataset;
  if (verb === 'copy') return copy(button);
  if (verb === 'more') return showSamples(button.closest('.samples'), Number(button.dataset.start));
  if (sure && !confirm(sure)) return;
  button.disabled = true;
  const answer = await ask(verb === 'keep' ? verb : `${verb}?${chosen()}`, {id, text: text ?? '', agreed: Boolean(sure)});
  button.disabled = false;
  if (!answer) return;
  if (verb !== 'keep') {
    showRuns(answer);
    return watch();
  }
  const place = button.parentElement;
  place.innerHTML = answer.text;
  place.querySelector('a').focus();
});

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const before = button.textContent;
  if (!await copied(find('.command code').textContent)) return;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = before; }, 2000);
}

// --- samples ------------------------------------------------------------------------------------------------------------

document.addEventListener('toggle', event => {
  const details = /** @type {HTMLDetailsElement} */ (event.target);
  if (details.matches('.samples') && details.open && !details.querySelector('.problems').childElementCount) showSamples(details, 0);
}, true);

/** @param {Element} details @param {number} start the number of the first problem */
async function showSamples(details, start) {
  const list = details.querySelector('.problems'), wrong = /** @type {HTMLInputElement} */ (details.querySelector('[name=wrong]')).checked;
  const query = new URLSearchParams({run: details.getAttribute('data-name'), start: `${start}`, wrong: `${wrong}`});
  const answer = await ask(`samples?${query}`);
  if (!answer) return;
  if (start) {
    const before = list.childElementCount - 1;
    list.querySelector('.more').remove();
    list.insertAdjacentHTML('beforeend', answer.text);
    /** @type {HTMLElement} */ (list.children[before]?.querySelector('summary'))?.focus();
  } else {
    list.innerHTML = answer.text;
  }
}

document.addEventListener('visibilitychange', async () => { if (!document.hidden) showRuns(await ask(`runs?${chosen()}`)); });
if (find('.run-row.running, .curve .state')) watch();
