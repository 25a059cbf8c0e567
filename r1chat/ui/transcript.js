// Puts the feed's patches on the page, follows the growing text, and sends clicks back as {verb, id, text}.
const read = element.querySelector('.read');
const scroller = element.closest('.scroll') ?? document.scrollingElement;
const fold = () => localStorage.getItem('r1chat.fold') ?? 'end';
let feed = null, shown = null, following = true, placed = 0;

// --- patches ---------------------------------------------------------------------------------------------------------

function patch({order, blocks = [], state}) {
  if (order) arrange(order);
  for (const block of blocks) put(block);
  if (state) Object.assign(document.body.dataset, state);
  if (state?.lang) document.documentElement.lang = state.lang;
  if (following) follow();
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

function put({id, into, kind, html, gone}) {
  let node = document.getElementById(id);
  if (gone) { node?.remove(); return; }
  if (!node) {
    const parent = document.getElementById(into);
    if (!parent) return;
    node = document.createElement('div');
    node.id = id;
    parent.append(node);
  }
  if (kind !== undefined && node.className !== kind) node.className = kind;
  if (html !== undefined) node.innerHTML = html;
  if (kind?.startsWith('reply ')) foldThought(node, kind);
}

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
  if (address !== shown) { read.replaceChildren(); following = true; }
  shown = address;
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
  scroller.scrollTop = scroller.scrollHeight;
  placed = scroller.scrollTop;
}
scroller.addEventListener('scroll', () => {
  const away = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  if (away < 48) following = true; else if (scroller.scrollTop < placed - 4) following = false;
  document.body.classList.toggle('behind', !following);
}, {passive: true});

// --- what a person does ----------------------------------------------------------------------------------------------

const act = (verb, id = '', text = '') => trigger('act', {verb, id, text});

read.addEventListener('click', event => {
  const summary = event.target.closest('details.thought > summary');
  if (summary) summary.parentNode.dataset.touched = '1';
  const button = event.target.closest('button[data-verb]');
  if (!button) return;
  const {verb, id} = button.dataset;
  if (verb === 'copy') copy(button, id);
  else if (verb === 'edit') edit(button, id);
  else act(verb, id, button.dataset.text ?? '');
});

async function textOf(kind, id) {
  const answer = await fetch(`r1chat/${kind}/${encodeURIComponent(id)}`);
  if (!answer.ok) throw new Error(answer.statusText);
  return answer.text();
}

async function copy(button, id) {
  await navigator.clipboard.writeText(await textOf('answer', id));
  const label = button.textContent;
  button.textContent = button.dataset.done;
  setTimeout(() => { button.textContent = label; }, 1500);
}

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
  save.onclick = () => { act('edit', id, box.value); end(); };
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
  if (event.key === 'Escape') {
    if (document.body.classList.contains('list-open')) document.body.classList.remove('list-open');
    else if (document.body.dataset.running) act('stop');
  }
});
document.addEventListener('click', event => {
  if (event.target.closest('#jump')) { following = true; follow(); document.body.classList.remove('behind'); }
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
