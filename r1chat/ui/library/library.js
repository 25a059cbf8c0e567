// The library page: starts downloads, shows how far they are, searches, deletes.
import {asking, find} from '../asking.js';

const ask = asking('../r1chat/library/');
const pause = 700;  // ms between two looks at the downloads
let watching = false;

/** @param {{text: string, running: boolean}} answer */
function show(answer) {
  if (!answer) return;
  const jobs = find('#jobs');
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset : undefined;
  const before = jobs.querySelectorAll('.job.done').length;
  jobs.innerHTML = answer.text;
  if (focused?.id) [...jobs.querySelectorAll('button')].find(b => b.dataset.id === focused.id && b.dataset.verb === focused.verb)?.focus();
  find('#downloads').hidden = !answer.text;
  if (jobs.querySelectorAll('.job.done').length !== before) here();
  if (answer.running) watch();
}

async function watch() {
  if (watching) return;
  watching = true;
  await new Promise(resolve => setTimeout(resolve, pause));
  watching = false;
  show(await ask('jobs'));
  if (find('#ollama .job.running')) showOllama(await ask('ollama'));
}

/** @param {{text: string, running: boolean}} answer */
function showOllama(answer) {
  if (!answer) return;
  const place = find('#ollama');
  const before = place.querySelectorAll('.job.done').length;
  place.innerHTML = answer.text;
  localTimes();
  if (place.querySelectorAll('.job.done').length !== before) here();
  if (answer.running) watch();
}

function localTimes() {
  for (const time of document.querySelectorAll('time')) {
    time.textContent = new Date(time.dateTime).toLocaleTimeString(document.documentElement.lang, {hour: '2-digit', minute: '2-digit'});
  }
}

async function measured() {
  const answer = await ask('forecasts');
  if (!answer) return;
  const parts = new DOMParser().parseFromString(answer.text, 'text/html').querySelectorAll('[data-for]');
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (parts)) find(`#${part.dataset.for}`).innerHTML = part.innerHTML;
  find('#measuring').remove();
  here();
}

/** What to expect of the files that are listed: the hub was asked for the list, and is asked for one header more. */
async function expected() {
  const list = find('#found [data-forecast]');
  if (!list) return;
  const answer = await ask(`variants?${new URLSearchParams({repo: list.dataset.forecast, header: '1'})}`);
  if (answer && list.isConnected) list.outerHTML = answer.text.replace(/^<div data-forecast/, '<div data-asked');
}

let looks = 0;

/** Show what was found, unless something else has been asked for since. @param {string} path */
async function showFound(path) {
  const look = ++looks, answer = await ask(path);
  if (look !== looks) return;
  if (answer) find('#found').innerHTML = answer.text;
  expected();
}

async function here() {
  const answer = await ask('here');
  if (answer) find('#here').innerHTML = answer.text;
}

document.addEventListener('click', async event => {
  /** @type {HTMLButtonElement} */
  const button = event.target instanceof Element ? event.target.closest('button[data-verb]') : null;
  if (!button) return;
  const {verb, id, file, sure} = button.dataset;
  if (sure && !confirm(sure)) return;
  button.disabled = true;
  if (verb === 'files') {
    await showFound(`variants?${new URLSearchParams({repo: id})}`);
  } else if (verb === 'remove' || verb === 'link') {
    const answer = await ask(verb, {id});
    if (answer) find('#here').innerHTML = answer.text;
    if (answer && verb === 'link') find('#found').innerHTML = '';
  } else if (button.closest('#ollama')) {
    showOllama(await ask(`ollama/${verb}`, {id}));
  } else {
    const answer = await ask(verb, verb === 'get' ? {repo: id, file} : {id});
    show(answer);
    if (answer && verb === 'get') find('#downloads').scrollIntoView({block: 'nearest', behavior: 'smooth'});
  }
  button.disabled = false;
});

find('#find').addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const button = form.querySelector('button');
  button.disabled = true;
  await showFound(`search?${new URLSearchParams(/** @type {[string, string][]} */ ([...new FormData(form)]))}`);
  button.disabled = false;
});

find('#pull')?.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const input = find('#pull input');
  const answer = await ask('ollama/pull', {id: input.value});
  if (answer) input.value = '';
  showOllama(answer);
});

document.addEventListener('visibilitychange', async () => { if (!document.hidden) show(await ask('jobs')); });
if (find('#jobs .job:not(.done, .paused, .failed)')) watch();
if (find('#ollama .job.running')) watch();
if (find('#measuring')) measured();
localTimes();
