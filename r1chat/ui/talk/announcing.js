// What a screen reader is told as it happens, what the parts of the page are called, and the title of the tab.

import {all, find} from './dom.js';
import {onState} from './patches.js';
import {isTemporary, state} from './state.js';
import {read} from './transcript.js';

const WORKING = '\u25cc ';  // before the title of the tab while a reply is made
const DONE = '\u25cf ';  // and after it was made while the tab did not show

/** Name the parts of the page in its language. */
export function nameParts() {
  const {conversations, transcript} = state.words;
  document.getElementById('list')?.setAttribute('aria-label', conversations ?? '');
  read.setAttribute('aria-label', transcript ?? '');
}

/** @param {string} sentence */
function announce(sentence) {
  const place = document.getElementById('announcer');
  if (place && sentence && place.textContent !== sentence) place.textContent = sentence;
}

let before = /** @type {Record<string, string>} */ ({});  // the marks of the last patch, with the conversation that they are of
let unseen = false;  // a reply was finished while the tab did not show

onState(marks => {
  /** @type {Record<string, string>} */
  const now = {...marks, conversation: state.conversation};
  const same = before.conversation === now.conversation || !before.conversation;
  if (now.running && now.thinking) announce(state.words.thinking);
  else if (now.running) announce(state.words.answering);
  else if (before.running && same) {
    announce(ending());
    unseen = document.hidden;
    if (unseen) notify(ending());
  }
  before = now;
  title();
});

/** How the newest reply ended. */
function ending() {
  const reply = all(read, '.reply').at(-1);
  const {stopped, failed, done} = state.words;
  if (reply && find(reply, '.notice.error')) return failed;
  return reply?.matches('.halted') ? stopped : done;
}

/** Where the person switched it on and the browser allows it. @param {string} sentence */
function notify(sentence) {
  if (localStorage.getItem('r1chat.notify') !== 'on' || globalThis.Notification?.permission !== 'granted') return;
  const heading = isTemporary() ? '' : document.body.dataset.heading;
  const note = new Notification(heading || 'r1chat', {body: sentence, icon: 'r1chat/static/logo.svg', tag: 'r1chat'});
  note.onclick = () => {
    window.focus();
    note.close();
  };
}

function title() {
  const {heading = '', running} = document.body.dataset;
  const place = document.getElementById('title');  // the empty page has a heading of its own
  if (place && place.textContent !== heading) {
    place.textContent = heading;
    place.hidden = !heading;
  }
  const hasName = heading && !isTemporary();  // a browser keeps titles in its history
  const tabTitle = `${running ? WORKING : unseen ? DONE : ''}${hasName ? `${heading} · ` : ''}r1chat`;
  if (document.title !== tabTitle) document.title = tabTitle;
}

document.addEventListener('visibilitychange', () => {
  if (document.hidden) return;
  unseen = false;
  title();
});
