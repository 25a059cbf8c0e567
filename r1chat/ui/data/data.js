// The data page: shows what the server sends, asks for more, and sends what a person does.
const root = element.querySelector('.data');
const base = '../r1chat/data/';
const find = selector => root.querySelector(selector);
const pause = 400;  // ms between two looks at a job
const parts = ['league', 'conflicts'];  // panels that are filled when they are unfolded
const filled = new Set();
let newest = 0;  // of the rows that were asked for: what comes late is dropped

// --- asking ----------------------------------------------------------------------------------------------------------

function say(text) {
  find('#trouble').textContent = text;
  if (text) find('#trouble').scrollIntoView({block: 'nearest'});
}
async function ask(path, options) {
  let response;
  try {
    response = await fetch(base + path, options);
  } catch {
    say(find('#broken')?.innerHTML ?? '');
    return null;
  }
  const text = await response.text();
  if (!response.ok) { say(response.status < 500 ? text : find('#broken').innerHTML); return null; }
  return {text, running: response.headers.get('X-Running') === 'yes'};
}
const send = (path, said) => ask(path, {
  method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(said),
});
function filter() {
  const said = new URLSearchParams();
  for (const [name, value] of new FormData(find('#filter'))) if (value) said.set(name, value);
  return said;
}
function shownAs(said = filter()) {
  if (find('#redacted').checked) said.set('redacted', 'yes');
  return said;
}

// --- rows ------------------------------------------------------------------------------------------------------------

async function rows(keep = false) {
  const mine = ++newest;
  const list = find('#rows');
  const said = shownAs();
  if (keep) said.set('limit', list.querySelectorAll('.judged').length);
  list.setAttribute('aria-busy', 'true');
  const answer = await ask(`rows?${said}`);
  if (mine !== newest) return;
  list.removeAttribute('aria-busy');
  if (!answer) return;
  const unfolded = [...list.querySelectorAll('.side[open]')].map(side => `#${side.closest('.judged').id} [data-reply="${side.dataset.reply}"]`);
  list.innerHTML = answer.text;
  if (keep) for (const side of unfolded) { const found = list.querySelector(side); if (found) found.open = true; }
  find('#count').textContent = list.querySelector('#counted')?.innerHTML ?? '';
  mark();
}
async function more(button) {
  const said = shownAs();
  said.set('before', button.dataset.id);
  button.disabled = true;
  const answer = await ask(`rows?${said}`);
  if (!answer) { button.disabled = false; return; }
  if (!button.isConnected) return;
  const last = button.previousElementSibling;
  button.outerHTML = answer.text;
  mark();
  last?.nextElementSibling?.querySelector('summary')?.focus({preventScroll: true});
}
function mark() {
  for (const old of root.querySelectorAll('.judged .clash')) old.remove();
  for (const entry of root.querySelectorAll('#conflicts li')) {
    for (const id of entry.dataset.judged.split(' ')) {
      const row = document.getElementById(`row-${id}`);
      if (!row) continue;
      const badge = document.createElement('span');
      badge.className = `clash ${entry.className}`;
      badge.textContent = entry.querySelector('b').textContent;
      row.querySelector('header .standing').before(badge);
    }
  }
}

// --- panels ----------------------------------------------------------------------------------------------------------

async function fill(name) {
  if (filled.has(name)) return;
  filled.add(name);
  const answer = await ask(`${name}?${filter()}`);
  if (!answer) { filled.delete(name); return; }
  find(`#${name} .body`).innerHTML = answer.text;
  mark();
}
function refresh(keep) {
  filled.clear();
  find('#preview').textContent = '';
  rows(keep);
  fill('conflicts');  // its marks stand in the rows, folded or not
  if (find('#league').open) fill('league');
  command();
}
function form() {
  const said = Object.fromEntries(filter());
  for (const [name, value] of new FormData(find('#export'))) said[name] = value;
  said.redact = find('#export [name=redact]').checked ? 'yes' : 'no';
  return said;
}
async function command() {
  if (!find('#command').open) return;
  const answer = await ask(`command?${new URLSearchParams(form())}`);
  if (answer) find('#command > div').innerHTML = answer.text;
}
async function counters() {
  const answer = await ask('counters');
  if (answer) find('#gathered').innerHTML = answer.text;
}

// --- jobs ------------------------------------------------------------------------------------------------------------

async function follow(answer) {
  const box = find('#job');
  while (answer) {
    if (box.innerHTML !== answer.text) box.innerHTML = answer.text;
    if (!answer.running) return;
    await new Promise(done => setTimeout(done, pause));
    answer = await ask('job');
  }
}
async function upload(input) {
  const [file] = input.files;
  if (!file) return;
  input.value = '';
  await follow(await ask(`import?name=${encodeURIComponent(file.name)}`, {method: 'POST', body: file}));
  counters();
  refresh(true);
}

// --- what a person does ----------------------------------------------------------------------------------------------

const verbs = {
  more,
  clear() { for (const field of find('#filter').elements) if (field.name) field.value = ''; filtered(); },
  async consent(box) {
    const answer = await send('consent', {id: box.dataset.id, allowed: box.checked});
    if (!answer) { box.checked = !box.checked; return; }
    if (!box.dataset.id) {
      find('#consent .body').innerHTML = answer.text;
      find('#consent [role=switch]').focus();
    }
    counters();
    rows(true);
  },
  async exclude(form, id) {
    if (await send('exclude', {id, excluded: true, reason: form.elements.reason.value})) refresh(true);
  },
  async include(button, id) {
    if (await send('exclude', {id, excluded: false})) refresh(true);
  },
  async preview(button) {
    button.disabled = true;
    const answer = await ask(`preview?${filter()}`);
    button.disabled = false;
    if (answer) find('#preview').innerHTML = answer.text;
  },
  export: async () => follow(await send('export', form())),
  archive: async form => follow(await send('archive', {everything: form.elements.everything.checked})),
  cancel: async () => { await send('cancel', {}); },
};
const act = (target, event) => {
  const {verb, id} = target.dataset;
  if (!Object.hasOwn(verbs, verb)) return;
  event.preventDefault();
  verbs[verb](target, id);
};
function filtered() {
  const said = filter();
  history.replaceState(null, '', said.size ? `?${said}` : location.pathname);
  refresh(false);
}
root.addEventListener('click', event => {
  const button = event.target.closest('button[data-verb]');
  if (!button) return;
  say('');
  act(button, event);
});
root.addEventListener('submit', event => {
  event.preventDefault();
  say('');
  if (event.target.dataset.verb) act(event.target, event);
});
root.addEventListener('change', event => {
  const field = event.target;
  say('');
  if (field.dataset.verb) verbs[field.dataset.verb](field, field.dataset.id);
  else if (field.closest('#filter')) filtered();
  else if (field.id === 'redacted') rows(true);
  else if (field.id === 'import') upload(field);
  else if (field.closest('#export')) {
    find('#unredacted').hidden = find('#export [name=redact]').checked;
    command();
  }
});
root.addEventListener('toggle', async event => {
  const folded = event.target;
  if (!folded.open) return;
  if (parts.includes(folded.id)) fill(folded.id);
  else if (folded.id === 'command') command();
  else if (folded.matches('.exclude')) folded.querySelector('input').focus();
  else if (folded.matches('.side') && !folded.querySelector('.all').firstChild) {
    const answer = await ask(`reply/${folded.dataset.reply}?${shownAs(new URLSearchParams())}`);
    if (answer) folded.querySelector('.all').innerHTML = answer.text;
  }
}, true);

(async () => {
  const answer = await ask(`page${location.search}`);
  if (!answer) { root.innerHTML = '<p id="trouble" role="alert"></p>'; return; }
  root.innerHTML = answer.text;
  if (innerWidth <= 760) for (const panel of root.querySelectorAll('.panel')) panel.open = panel.id === 'consent';
  document.documentElement.lang = root.querySelector('[data-lang]')?.dataset.lang ?? 'en';
  counters();
  refresh(false);
  follow(await ask('job'));
})();
