// Two replies side by side: asking for both, and what a person looked at before they chose.

// --- asking both -----------------------------------------------------------------------------------------------------

document.addEventListener('click', event => {
  const menu = document.querySelector('#compare details');
  if (menu?.open && !event.target.closest('#compare')) menu.open = false;
  const button = event.target.closest('#compare [data-against]');
  if (!button) return;
  const box = document.querySelector('#prompt textarea');
  const temperature = button.dataset.temperature ? menu.querySelector('input').valueAsNumber : null;
  const sent = {prompt: box.value, against: button.dataset.against, temperature: Number.isNaN(temperature) ? '' : temperature};
  act('ask-both', '', JSON.stringify(sent));
  menu.open = false;
});
document.addEventListener('keydown', event => {
  const menu = event.target.closest('#compare details[open]');
  if (!menu) return;
  if (event.key === 'Enter' && event.target.matches('input')) menu.querySelector('[data-temperature]').click();
  if (event.key === 'Escape') { menu.open = false; menu.querySelector('summary').focus(); }
});

// --- looking: which thoughts were open, and for how long both replies were there to be read --------------------------

const looks = new Map();  // by comparison: {left, right: its thought was open; dwell: ms; since: when looking began}

function lookOf(id) {
  if (!looks.has(id)) looks.set(id, JSON.parse(sessionStorage.getItem('r1chat.' + id)) ?? {left: false, right: false, dwell: 0});
  return looks.get(id);
}

function keepLook(id) {  // a page that is loaded again goes on counting
  const {left, right, dwell} = lookOf(id);
  sessionStorage.setItem('r1chat.' + id, JSON.stringify({left, right, dwell}));
}

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
  for (const {id} of read.querySelectorAll('.duel:has(> .verdict.ready)')) lookOf(id).since ??= performance.now();
}

patched.push(blocks => {
  for (const {id, gone} of blocks) {
    if (!gone || !looks.has(id)) continue;
    looks.delete(id);  // it was decided: who changes their mind looks anew
    sessionStorage.removeItem('r1chat.' + id);
  }
  pauseLooking(id => document.getElementById(id));  // another conversation may show
  if (blocks.some(({kind}) => kind === 'verdict ready')) goOnLooking();
  landAfterChoice();
});
document.addEventListener('visibilitychange', () => document.hidden ? pauseLooking() : goOnLooking());
addEventListener('pagehide', () => pauseLooking());
read.addEventListener('toggle', ({target}) => {
  const side = target.matches('details.thought') && target.open && target.closest('.side');
  if (!side) return;
  const {id} = side.closest('.duel');
  lookOf(id)[side.dataset.side] = true;
  keepLook(id);
}, true);

// --- choosing --------------------------------------------------------------------------------------------------------

let landing = null;  // the section in which a choice was made: who chose by keyboard goes on there

function landAfterChoice() {
  if (!landing || landing.querySelector('[data-winner]:disabled')) return;
  const next = landing.querySelector('[data-winner]:not([aria-disabled="true"]), [data-verb=reopen]');
  if (next && (document.activeElement === document.body || landing.contains(document.activeElement))) {
    next.focus({preventScroll: true});
  }
  landing = null;
}

function choose_(button) {
  if (button.disabled || button.getAttribute('aria-disabled') === 'true') return;
  const duel = button.closest('.duel');
  pauseLooking();
  goOnLooking();
  const {left, right, dwell} = lookOf(duel.id);
  act('verdict', duel.id.slice('duel-'.length), JSON.stringify({
    winner: button.dataset.winner,
    seen: {left, right},
    dwell: duel.querySelector('.verdict.ready') ? dwell / 1000 : null,
    comment: duel.querySelector('.comment textarea').value,
  }));
  landing = duel.closest('section');
  for (const each of duel.querySelectorAll('[data-winner]')) each.disabled = true;  // until the answer is here
  setTimeout(() => {
    landing = null;
    for (const each of duel.querySelectorAll('[data-winner]')) each.disabled = false;
  }, 1500);
}

read.addEventListener('click', event => {
  const button = event.target.closest('[data-winner]');
  if (button) choose_(button);
});
document.addEventListener('keydown', event => {
  if (event.repeat || event.target.closest('input, textarea, select, [contenteditable]')) return;
  if (event.ctrlKey || event.metaKey || event.altKey || !/^[1-5]$/.test(event.key)) return;
  const duel = event.target.closest('.duel') ?? [...read.querySelectorAll('.duel')].at(-1);
  const button = duel?.querySelectorAll('[data-winner]')[Number(event.key) - 1];
  if (button) choose_(button);
});
