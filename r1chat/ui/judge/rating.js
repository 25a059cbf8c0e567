// Judging a reply: thumbs and what unfolds from them, the first wrong step, corrections, references.
{  // a scope of its own; `verbs` and `patched` lead here
const say = (verb, id, said) => trigger('judge', {verb, id, text: JSON.stringify(said)});
const unfolding = new Set();  // what shall be open as soon as it is there
const folding = new Map();  // by message: the reference in whose place another one is being saved
const slow = 2000;  // ms of silence after which a comment is saved
let waiting = 0, unsaved = null;

Object.assign(verbs, {
  rate(button, id) {
    const said = JSON.parse(button.dataset.text);
    const thought = button.closest('.reply').querySelector('details.thought');
    if (said.thumb) unfolding.add(`${id} ${said.part}-why`);
    say('rate', id, {...said, open: thought?.checkVisibility() ? thought.open : null});
  },
  step: (button, id) => say('step', id, JSON.parse(button.dataset.text)),
  consent: (button, id) => say('consent', id, JSON.parse(button.dataset.text)),
  'wrong-step'(button) {
    const step = button.closest('.step');
    const {start, end} = step.dataset;
    const verdict = button.dataset.text === 'back' ? '' : 'first_wrong';
    say('step', replyOf(step), {verdict, start: Number(start), end: Number(end)});
  },
  rules: button => { button.closest('.reply').querySelector('details.rules').open = true; },
  refer(button, id) {
    const form = button.closest('.form');
    folding.set(id, form.parentNode.dataset.reference);
    say('refer', id, {text: form.querySelector('textarea').value, kind: form.querySelector('select').value});
  },
  unrefer(button, id) {
    const form = button.closest('.form'), box = form.querySelector('textarea');
    box.value = box.defaultValue;  // what was half written is taken back with it
    folding.set(id, form.parentNode.dataset.reference);
    say('refer', id, {text: ''});
  },
  correct,
});

// --- comments and forms ----------------------------------------------------------------------------------------------

function save() {
  clearTimeout(waiting);
  if (unsaved?.value.trim() !== unsaved?.defaultValue.trim()) {
    say('rate', unsaved.dataset.id, {part: unsaved.dataset.part, comment: unsaved.value});
  }
  unsaved = null;
}
read.addEventListener('input', event => {
  const box = event.target;
  if (!box.matches('textarea.comment')) return;
  if (unsaved !== box) save();
  unsaved = box;
  clearTimeout(waiting);
  if (!event.isComposing) waiting = setTimeout(save, slow);
});
read.addEventListener('focusout', event => { if (event.target === unsaved) save(); });
addEventListener('pagehide', save);

read.addEventListener('keydown', event => {
  const {key, target, shiftKey, isComposing} = event;
  if (target.matches('.reference textarea')) {
    if (key === 'Enter' && !shiftKey && !isComposing) {
      event.preventDefault();
      target.closest('.form').querySelector('.primary').click();
    }
  }
  const folded = target.closest('.why, .reference, .rules, .later');
  if (key === 'Escape' && folded?.open && !isComposing) {
    event.stopPropagation();
    folded.open = false;
    folded.querySelector('summary').focus();
  }
});

function foldSaved(id) {
  const form = document.getElementById(id)?.querySelector('.reference'), turn = id.slice('asked-'.length);
  if (!form?.open || !folding.has(turn) || form.dataset.reference === folding.get(turn)) return;
  folding.delete(turn);
  form.open = false;
  form.querySelector('summary').focus({preventScroll: true});
}

read.addEventListener('toggle', async event => {  // some things take a while to find out: only when they are wanted
  const part = event.target;
  if (!part.open) return;
  const summary = part.querySelector('summary');
  if (part.matches('.reference') && summary === document.activeElement) part.querySelector('textarea').focus();
  const {load, id} = part.dataset;
  if (!load) return;
  const place = part.lastElementChild;
  if (!place.childElementCount) place.textContent = '…';
  try {
    place.innerHTML = await textOf(load, id, {lang: document.documentElement.lang});
  } catch (error) {
    place.textContent = error.message;
  }
}, true);

// --- steps -----------------------------------------------------------------------------------------------------------

function markSteps(reply) {  // the first wrong step, and those before it; every step where none is wrong
  const {verdict = '', start, end, wrong, right} = reply.querySelector('[data-verdict]')?.dataset ?? {};
  for (const step of document.getElementById(reply.id.slice('reply-'.length) + '-steps').children) {
    const {start: begins, end: ends} = step.dataset;
    const at = verdict === 'first_wrong' && Number(begins) < Number(end) && Number(start) < Number(ends);
    const before = verdict === 'none_wrong' || (verdict === 'first_wrong' && !at && Number(begins) < Number(start));
    if (at) step.dataset.judged = wrong;
    else if (before) step.dataset.judged = right;
    else delete step.dataset.judged;
    step.toggleAttribute('data-first-wrong', at);
  }
}

patched.push(blocks => {
  for (const {id, html} of blocks) {
    if (html === undefined) continue;
    if (id.startsWith('asked-')) foldSaved(id);
    if (!/-(judge|teach)$/.test(id)) continue;
    const node = document.getElementById(id), reply = node?.closest('.reply');
    if (!reply) continue;
    if (id.endsWith('-judge')) markSteps(reply);
    for (const part of node.querySelectorAll('.why')) {
      if (unfolding.delete(`${replyOf(part)} ${part.dataset.key}`)) part.open = true;
    }
  }
});

read.addEventListener('keydown', event => {  // along the steps with the arrows; Tab leads to what can be done with one
  const steps = event.target.closest('.steps'), way = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (!way || !steps || !event.target.matches('.step, .steps') || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...steps.querySelectorAll('.step')];
  const at = all.indexOf(event.target);
  const next = all[at < 0 ? (way > 0 ? 0 : all.length - 1) : at + way];
  if (!next) return;
  event.preventDefault();
  following = false;
  choose(next);
  next.tabIndex = -1;
  next.focus({preventScroll: true});
  next.scrollIntoView({block: 'nearest'});
});

// --- corrections -----------------------------------------------------------------------------------------------------

const notice = text => Object.assign(document.createElement('div'), {className: 'notice', role: 'alert', textContent: text});

async function correct(button, id) {  // it stays until the corrected reply takes its place: nothing typed is lost
  const {part, label, save: saving, cancel: cancelling} = button.dataset;
  const place = document.getElementById(`${id}-${part === 'answer' ? 'answer' : 'steps'}`);
  if (place.hidden) return;
  const value = await textOf(part, id).catch(error => place.after(notice(error.message)));
  if (value === undefined) return;
  const box = Object.assign(document.createElement('textarea'), {className: 'editing', value});
  box.setAttribute('aria-label', label);
  const save = Object.assign(document.createElement('button'), {textContent: saving, className: 'primary'});
  const cancel = Object.assign(document.createElement('button'), {textContent: cancelling});
  const row = Object.assign(document.createElement('div'), {className: 'acts'});
  row.append(save, cancel);
  const end = () => { box.remove(); row.remove(); place.hidden = false; button.focus(); };
  save.onclick = () => {
    save.disabled = true;
    setTimeout(() => { save.disabled = false; }, slow);
    say('correct', id, {part, text: box.value});
  };
  cancel.onclick = end;
  box.onkeydown = event => {
    if (event.key !== 'Escape' || event.isComposing) return;
    event.stopPropagation();
    end();
  };
  following = false;
  place.hidden = true;
  place.after(box, row);
  box.style.height = Math.min(box.scrollHeight + 4, innerHeight * 0.6) + 'px';
  box.focus();
  box.setSelectionRange(0, 0);
}

// --- keys ------------------------------------------------------------------------------------------------------------

document.addEventListener('keydown', event => {  // + and - for the reply that has the focus, or the newest
  if (!'+-'.includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest('input, textarea, select, [contenteditable]')) return;
  const reply = event.target.closest('.reply') ?? [...read.querySelectorAll('.reply.done')].at(-1);
  reply?.querySelector(`[data-key=answer-${event.key === '+' ? 'up' : 'down'}]`)?.click();
});
}
