// Puts the feed's patches on the page, follows the growing text, and sends clicks back as {verb, id, text}.
const read = element.querySelector('.read');
const scroller = element.closest('.scroll') ?? document.scrollingElement;
const fold = () => localStorage.getItem('r1chat.fold') ?? 'end';
let feed = null, shown = null, subject = null, following = true, placed = 0;
const verbs = {}, patched = [];  // from the scripts that follow: what buttons do, what looks at the blocks of a patch

// --- patches ---------------------------------------------------------------------------------------------------------

function patch({fresh, order, blocks = [], state}) {
  if (order) arrange(order);
  for (const block of blocks) put(block);
  if (fresh) sweep(blocks);
  if (state) Object.assign(document.body.dataset, state);
  if (state?.lang) document.documentElement.lang = state.lang;
  if (state) showWhatCannotBeDone();
  for (const look of patched) look(blocks);
  if (following) follow(); else notice();
}

function arrange(order) {
  const wanted = new Set(order);
  for (const node of [...read.children]) if (!wanted.has(node.id)) node.remove();
  let last = null;
  for (const id of order) {
    let node = document.getElementById(id);
    if (!node) { node = document.createElement('section'); node.id = id; }
    if (node.previousElementSibling !== last || node.parentNode !== read) last ? last.after(node) : read.prepend(node);
    last = node;
  }
}

function sweep(blocks) {  // what this page had from an earlier connection, and what is there no more
  const named = new Set(blocks.map(({id}) => id));
  const blocksHere = 'section > [id], .steps > [id], .answer > [id], .side > * > [id]';
  for (const node of read.querySelectorAll(blocksHere)) if (!named.has(node.id)) node.remove();
}

function put({id, into, kind, html, frame, gone, start, end}) {
  let node = document.getElementById(id);
  if (frame && node) html = undefined;
  if (gone) { node?.remove(); return; }
  if (!node) {
    const parent = document.getElementById(into);
    if (!parent) return;
    node = document.createElement('div');
    node.id = id;
    parent.append(node);
  }
  if (kind !== undefined && node.className !== kind) node.className = node.matches('.step.chosen') ? `${kind} chosen` : kind;
  if (html !== undefined) fill(node, html);
  if (start !== undefined) { node.dataset.start = start; node.dataset.end = end; }
  if (kind?.startsWith('reply ')) foldThought(node, kind);
}

function fill(node, html) {  // the tools of a step that is chosen stay, and so does who is among them
  const tools = node.querySelector(':scope > .tools'), at = node.querySelector('mark.at')?.dataset.start;
  const dot = node.matches('.strip') && node.querySelector('[aria-current]')?.dataset.start;
  const focus = tools?.contains(document.activeElement) ? document.activeElement : null;
  const restore = keep(node);
  node.innerHTML = html;
  restore();
  if (tools) node.append(tools);
  if (at) node.querySelector(`mark[data-start="${at}"]`)?.classList.add('at');
  if (dot) node.querySelector(`[data-start="${dot}"]`)?.setAttribute('aria-current', 'true');
  focus?.focus();
}

function keep(node) {  // what has a key is left as the person left it: unfolded, focused, half written
  const before = new Map([...node.querySelectorAll('[data-key]')].map(part => [part.dataset.key, part]));
  const focused = before.size && node.contains(document.activeElement) ? document.activeElement : null;
  const caret = focused?.matches('textarea') ? [focused.selectionStart, focused.selectionEnd] : null;
  const written = part => part.matches('select') ? !part.selectedOptions[0]?.defaultSelected
    : part.matches('textarea') && part.value !== part.defaultValue;
  return () => {
    for (const part of before.size ? node.querySelectorAll('[data-key]') : []) {
      const old = before.get(part.dataset.key);
      if (!old) continue;
      if (old.open) part.open = true;
      if (written(old)) part.value = old.value;
      if (old === focused) part.focus({preventScroll: true});
      else if (old === focused?.parentNode) part.querySelector('summary')?.focus({preventScroll: true});
      if (old === focused && caret) part.setSelectionRange(...caret);
    }
    if (focused?.dataset.key && !node.contains(document.activeElement)) {  // it is gone: the focus stays near
      node.tabIndex = -1;
      node.focus({preventScroll: true});
    }
  };
}

function showWhatCannotBeDone() {  // a server that cannot continue a reply leaves nothing to steer
  const {cannotSteer = '', cannotAnswer = ''} = document.body.dataset;
  bar(document.getElementById('answer'), cannotAnswer);
  for (const part of document.querySelectorAll('#budget, #budget input, #own-budget input')) bar(part, cannotSteer);
}

function bar(control, reason) {  // it stays within reach, so that everybody can learn the reason
  if (!control) return;
  control.setAttribute('aria-disabled', reason ? 'true' : 'false');
  control.title = reason;
}

for (const kind of ['click', 'mousedown', 'focus', 'blur', 'keydown', 'input']) {
  document.addEventListener(kind, event => {
    const control = event.target.closest?.('[aria-disabled="true"][title]');
    if (!control || event.key === 'Tab') return;
    if (kind !== 'focus' && kind !== 'mousedown') event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
}

document.addEventListener('click', event => {  // Send and Stop take turns in one place: a double click means the first
  if (event.detail > 1 && event.target.closest('#answer, #send, #stop')) event.stopImmediatePropagation();
}, true);

function foldThought(node, kind) {  // the person's own click always wins
  const thought = node.querySelector('details.thought');
  if (!thought || thought.dataset.touched) return;
  const mode = fold();
  thought.open = mode === 'open' || (mode === 'end' && kind.includes('thinking'));
}

// --- the feed --------------------------------------------------------------------------------------------------------

function show() {
  const wanted = props.value;
  if (!wanted) return;
  const address = 'r1chat/feed?' + new URLSearchParams(wanted);
  const url = new URL(location.href);
  wanted.conversation ? url.searchParams.set('c', wanted.conversation) : url.searchParams.delete('c');
  history.replaceState(null, '', url);
  if (address === shown && feed) return;
  const about = JSON.stringify([wanted.conversation, wanted.lang]);
  if (about !== subject) { read.replaceChildren(); following = true; }
  [shown, subject] = [address, about];
  connect();
}

function connect() {
  feed?.close();
  feed = new EventSource(shown);  // reconnects by itself; the server then sends everything anew
  feed.onopen = () => document.body.classList.remove('offline');
  feed.onerror = () => document.body.classList.add('offline');
  feed.onmessage = event => patch(JSON.parse(event.data));
}

document.addEventListener('visibilitychange', () => {  // a hidden tab holds no connection
  if (!shown) return;
  if (document.hidden) { feed?.close(); feed = null; } else if (!feed) connect();
});
watch('value', show);
show();

// --- following -------------------------------------------------------------------------------------------------------

function follow() {
  following = true;
  scroller.scrollTop = scroller.scrollHeight;
  placed = scroller.scrollTop;
}
function notice() {
  const away = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  if (away < 48) following = true; else if (scroller.scrollTop < placed - 4) following = false;
  placed = scroller.scrollTop;
  document.body.classList.toggle('behind', !following);
}
scroller.addEventListener('scroll', notice, {passive: true});
read.addEventListener('toggle', () => requestAnimationFrame(() => setTimeout(notice)), true);  // when it is laid out
for (const kind of ['click', 'keydown']) {
  document.addEventListener(kind, event => {  // who sends a message wants to see what comes of it
    const sends = kind === 'click' ? event.target.closest('#send') : event.key === 'Enter' && event.target.closest('#prompt');
    if (sends && !event.shiftKey && !event.isComposing) follow();
  }, true);
}

// --- what a person does ----------------------------------------------------------------------------------------------

const act = (verb, id = '', text = '') => trigger('act', {verb, id, text});
const BEGIN = new Set(['again', 'ask', 'longer', 'resume', 'retry', 'skip', 'vote']);  // a double click begins one reply

read.addEventListener('click', event => {
  const summary = event.target.closest('details.thought > summary');
  if (summary) unfold(summary.parentNode);
  const button = event.target.closest('button');
  const step = event.target.closest('.step');
  if (button?.dataset.verb) { if (event.detail < 2 || !BEGIN.has(button.dataset.verb)) press(button); }
  else if (button?.closest('.strip')) alongStrip(button);
  else if (step && !event.target.closest('a')) choose(step);
});
read.addEventListener('keydown', event => {
  const {key, target} = event;
  if (key === 'Enter' && target.matches('.menu input')) target.nextElementSibling.click();
  const next = target.matches('.steps') && key === 'Enter' ? target.querySelector('.step')
    : target.matches('.step') && (key === 'ArrowDown' ? nearest(target, 'nextElementSibling')
      : key === 'ArrowUp' && nearest(target, 'previousElementSibling'));
  if (next) { event.preventDefault(); goToStep(next, true); }
});

function nearest(step, direction) {
  do step = step[direction]; while (step && !step.matches('.step'));
  return step;
}

function unfold(thought) {  // before it does: who opens a thought that has ended wants to read it, not its end
  const reply = thought.closest('.reply');
  thought.dataset.touched = '1';
  if (!thought.open && !reply.matches('.thinking')) following = false;
  outlineOf(reply);
}

function press(button) {
  const {verb, id} = button.dataset;
  if (verbs[verb]) verbs[verb](button, id);
  else if (verb === 'copy') copy(button, id);
  else if (verb === 'edit') edit(button, id);
  else if (verb === 'edit-step') editStep(button);
  else if (verb === 'confirm' || verb === 'deny') judge(button);
  else if (verb === 'carry') trigger('carry', {});
  else act(verb, id, button.dataset.text ?? button.previousElementSibling?.value ?? '');
  button.closest('details.menu')?.removeAttribute('open');
}

async function textOf(kind, id, query = {}) {
  const answer = await fetch(`r1chat/${kind}/${encodeURIComponent(id)}?${new URLSearchParams(query)}`);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.text();
}

async function copy(button, id) {
  await navigator.clipboard.writeText(await textOf('answer', id));
  const label = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = label; }, 1500);
}

// --- steps and moments -----------------------------------------------------------------------------------------------

const replyOf = node => node.closest('.reply').id.slice('reply-'.length);

function choose(step) {  // the tools of a step move to the one that is chosen
  read.querySelector('.step.chosen')?.classList.remove('chosen');
  read.querySelector('.tools')?.remove();
  step.classList.add('chosen');
  const thought = step.closest('details.thought');
  thought.open = true;
  thought.dataset.touched = '1';
  const tools = document.createElement('div');
  tools.className = 'tools';
  tools.innerHTML = document.getElementById('tools').innerHTML;
  tools.querySelector('.judge').hidden = !step.querySelector('mark');
  bar(tools.querySelector('[data-verb=edit-step]'), document.body.dataset.cannotSteer ?? '');
  step.append(tools);
}

function judge(button) {
  const step = button.closest('.step');
  const mark = step.querySelector('mark.at') ?? step.querySelector('mark');
  const verdict = button.dataset.verb === 'confirm' ? 'confirmed' : 'denied';
  const {start, end, kind} = mark.dataset;
  act('label', replyOf(step), JSON.stringify({start: Number(start), end: Number(end), kind, verdict}));
  mark.classList.remove('judged-confirmed', 'judged-denied');
  mark.classList.add('judged-' + verdict);
}

async function editStep(button) {
  const step = button.closest('.step'), reply = replyOf(step);
  const {start, end} = step.dataset;
  const text = await textOf('thought', reply, {start, end});
  const box = Object.assign(document.createElement('textarea'), {className: 'editing', value: text});
  box.setAttribute('aria-label', button.dataset.label);
  const go = Object.assign(document.createElement('button'), {textContent: button.textContent, className: 'primary'});
  const cancel = Object.assign(document.createElement('button'), {textContent: button.dataset.cancel});
  const row = Object.assign(document.createElement('div'), {className: 'acts'});
  row.append(go, cancel);
  const leave = () => {
    box.remove();
    row.remove();
    step.hidden = false;
    step.querySelector('[data-verb=edit-step]')?.focus();
  };
  go.onclick = () => {
    rest(go, box);
    act('fork', reply, JSON.stringify({start: Number(start), end: Number(end), text: box.value}));
  };
  cancel.onclick = leave;
  box.onkeydown = event => { if (event.key === 'Escape') { event.stopPropagation(); leave(); } };
  step.hidden = true;
  step.after(box, row);
  box.style.height = Math.min(box.scrollHeight + 4, innerHeight / 2) + 'px';
  box.focus();
}

function rest(button, box) {  // what is written stays until a new reply stands in its place: it may be refused
  const wake = () => { button.disabled = false; };
  button.disabled = true;
  box.addEventListener('input', wake, {once: true});
  setTimeout(wake, 1500);
}

function goTo(mark) {
  if (!mark) return;
  read.querySelector('mark.at')?.classList.remove('at');
  mark.classList.add('at');
  showPlace(mark.closest('.reply'));
  following = false;
  choose(mark.closest('.step'));
  mark.scrollIntoView({block: 'center'});
}

function goToStep(step, byKey) {  // by key: what can be done with the step is the next thing that Tab reaches
  if (!step) return;
  following = false;
  choose(step);
  step.scrollIntoView({block: 'center'});
  if (byKey) enter(step);
}

function enter(step) {
  step.tabIndex = -1;
  step.focus({preventScroll: true});
}

function showPlace(reply) {  // on the strip, the moment that was gone to
  const start = reply.querySelector('mark.at')?.dataset.start;
  for (const dot of read.querySelectorAll('.strip [aria-current]')) dot.removeAttribute('aria-current');
  if (start) reply.querySelector(`.strip [data-start="${start}"]`)?.setAttribute('aria-current', 'true');
}

function alongStrip(button) {
  const reply = button.closest('.reply'), {start} = button.dataset;
  if (!start) return neighbour(reply, button.className === 'after' ? 1 : -1);
  const mark = reply.querySelector(`mark[data-start="${start}"]`);  // none in a formula or in code
  mark ? goTo(mark) : goToStep(stepAt(reply.id.slice('reply-'.length), Number(start)));
}

function neighbour(reply, step) {
  const marks = [...reply.querySelectorAll('mark')];
  const at = marks.findIndex(mark => mark.classList.contains('at'));
  goTo(marks[at < 0 ? (step > 0 ? 0 : marks.length - 1) : Math.min(Math.max(at + step, 0), marks.length - 1)]);
}

async function outlineOf(reply) {
  const id = reply.id.slice('reply-'.length);
  const lang = document.documentElement.lang;
  document.getElementById('outline').innerHTML = await textOf('outline', id, {lang});
}

function stepAt(reply, start) {  // the last step that begins at or before a place in the thought
  const steps = [...document.getElementById(reply + '-steps')?.children ?? []];
  return steps.filter(step => Number(step.dataset.start) <= start).at(-1);
}

let marking = false;
scroller.addEventListener('scroll', () => {  // the outline follows the chain
  if (marking) return;
  marking = true;
  requestAnimationFrame(() => {
    marking = false;
    const box = scroller.getBoundingClientRect();
    const chosen = read.querySelector('.step.chosen'), place = chosen?.getBoundingClientRect();
    const step = place && place.top < box.bottom && place.bottom > box.top ? chosen
      : document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 3)?.closest('.step');
    const rows = [...document.querySelectorAll('#outline button[data-start]')];
    if (!step || rows[0]?.dataset.reply !== replyOf(step)) return;
    const current = rows.filter(row => Number(row.dataset.start) < Number(step.dataset.end)).at(-1);
    for (const row of rows) row === current ? row.setAttribute('aria-current', 'step') : row.removeAttribute('aria-current');
    current?.scrollIntoView({block: 'nearest'});
  });
}, {passive: true});

async function edit(button, id) {
  const ask = button.closest('section').querySelector('.ask');
  const row = button.closest('.acts');
  const box = document.createElement('textarea');
  box.className = 'editing';
  box.setAttribute('aria-label', button.dataset.label);
  box.value = await textOf('message', id);
  const save = Object.assign(document.createElement('button'), {textContent: button.dataset.save, className: 'primary'});
  const cancel = Object.assign(document.createElement('button'), {textContent: button.dataset.cancel});
  const buttons = document.createElement('div');
  buttons.className = 'acts editing-acts';
  buttons.append(save, cancel);
  const end = () => { box.remove(); buttons.remove(); ask.hidden = row.hidden = false; button.focus(); };
  save.onclick = () => { rest(save, box); act('edit', id, box.value); };
  cancel.onclick = end;
  box.onkeydown = event => {
    if (event.key === 'Escape') { event.stopPropagation(); end(); }
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) { event.preventDefault(); save.click(); }
  };
  ask.hidden = row.hidden = true;
  row.after(box, buttons);
  box.style.height = Math.min(box.scrollHeight + 4, innerHeight / 2) + 'px';
  box.focus();
}

document.addEventListener('keydown', event => {  // Enter that ends a composition (Chinese, say) does not send
  if (event.key === 'Enter' && event.isComposing && event.target.closest('#prompt')) event.stopPropagation();
}, true);

document.addEventListener('keydown', event => {
  const typing = event.target.closest('input, textarea, select, [contenteditable]');
  if ((event.key === 'n' || event.key === 'p') && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const reply = read.querySelector('mark.at')?.closest('.reply') ?? [...read.querySelectorAll('.reply:has(mark)')].at(-1);
    if (reply) neighbour(reply, event.key === 'n' ? 1 : -1);
    const step = read.querySelector('mark.at')?.closest('.step');
    if (step) enter(step);
  }
  if (event.key === 'Escape') {
    if (document.body.classList.contains('list-open')) document.body.classList.remove('list-open');
    else if (document.body.dataset.running) act('stop');
  }
});
document.addEventListener('click', event => {
  if (event.target.closest('#jump')) { follow(); document.body.classList.remove('behind'); }
  const row = event.target.closest('#outline button[data-start]');
  if (row) goToStep(stepAt(row.dataset.reply, Number(row.dataset.start)), event.detail === 0);
  if (event.target.closest('#burger')) document.body.classList.toggle('list-open');
  else if (document.body.classList.contains('list-open') && !event.target.closest('#left')) {
    document.body.classList.remove('list-open');
  }
});
document.addEventListener('r1chat:fold', () => {
  for (const reply of read.querySelectorAll('.reply')) {
    const thought = reply.querySelector('details.thought');
    if (thought) { delete thought.dataset.touched; foldThought(reply, reply.className); }
  }
});
