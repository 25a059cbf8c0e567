// The stream of what happens in the conversation that shows.

import {goTo} from './composer.js';
import {element} from './dom.js';
import {onState, patch} from './patches.js';
import {follow} from './scroll.js';
import {state} from './state.js';
import {read} from './transcript.js';

/** @type {EventSource} */
let feed = null;
let feedAddress = '';  // the address of the feed
let subject = '';  // what it shows, in which language
let walking = false;  // Back or Forward leads to a conversation

let later = 0;  // the timer of a tab that holds no stream
/** @type {() => void} */
let giveUp = null;  // gives this tab's place among those that hold a stream to another one

const RETRY = 2000;  // ms between two tries to reach r1chat
const GLANCE = 3000;  // ms between two looks of a tab that holds no stream
const MOST_STREAMS = 4;  // of all tabs: a browser has six connections to one address, and an act needs one

/** Show the conversation of the page's state, from the end, if it does not show already. */
export function showConversation() {
  const {conversation, model, lang} = state;
  keepAddress(conversation);
  const address = `r1chat/feed?${new URLSearchParams({conversation, model, lang})}`;
  if (address === feedAddress && feed) return;
  const about = JSON.stringify([conversation, lang]);
  if (about !== subject) {
    read.replaceChildren();
    follow();
  }
  [feedAddress, subject] = [address, about];
  connect();
}

/** The address says which conversation shows; each has its place among the pages that Back leads to. @param {string} conversation */
function keepAddress(conversation) {
  const url = new URL(location.href), before = url.searchParams.get('c') ?? '';
  if (walking) {
    walking = before !== conversation;
    return;
  }
  conversation ? url.searchParams.set('c', conversation) : url.searchParams.delete('c');
  if (before === conversation || !subject) history.replaceState(null, '', url);
  else history.pushState(null, '', url);
}

addEventListener('popstate', () => {
  const conversation = new URL(location.href).searchParams.get('c') ?? '';
  if (conversation === state.conversation && !walking) return;
  walking = true;
  (conversation ? goTo('open', conversation) : goTo('new')).then(done => { if (!done) walking = false; });
});

function connect() {
  clearTimeout(later);
  feed?.close();
  let mayStay = !document.hidden;
  if (mayStay) takePlace().then(taken => mayStay = taken);
  const source = feed = new EventSource(feedAddress);  // reconnects by itself; the server then sends everything anew
  feed.onopen = () => sayRunning(true);
  feed.onerror = () => {
    sayRunning(false);
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => again(source), RETRY);  // it was refused, so the browser gave up
  };
  feed.onmessage = event => {
    patch(JSON.parse(event.data));
    if (!mayStay && feed === source) pause();
  };
}

/** Whether this tab may hold a stream. The browser gives the place back when the tab ends. */
async function takePlace() {
  for (let place = 0; navigator.locks && !giveUp && place < MOST_STREAMS; place++) {
    await new Promise(tried => navigator.locks.request(`r1chat-stream-${place}`, {ifAvailable: true}, lock => {
      const given = lock && !giveUp && new Promise(resolve => giveUp = () => resolve(null));
      tried(null);
      return given;
    }));
  }
  return !navigator.locks || Boolean(giveUp);
}

/** Hold no connection, and look again in a while. */
function pause() {
  feed?.close();
  feed = null;
  clearTimeout(later);
  later = setTimeout(connect, GLANCE);
}

/** @param {boolean} running whether r1chat itself answers */
function sayRunning(running) {
  const {classList} = document.body, place = document.getElementById('offline');
  if (classList.contains('offline') === !running) return;
  classList.toggle('offline', !running);
  if (!place) return;
  const {notRunning = '', startAgain = ''} = state.words;
  place.replaceChildren(element('b', {textContent: notRunning}), ` ${startAgain}`);
  place.hidden = running;
}

/** Connect with the keys that are valid now, since r1chat may have been started anew; see `key.js`. @param {EventSource} source */
async function again(source) {
  if (feed !== source) return;
  await fetch('r1chat/enter', {method: 'POST'}).catch(() => {});
  if (feed === source) connect();
}

/** A hidden tab holds no connection, and only looks whether its reply is done. */
function letGo() {
  if (!document.hidden) return;
  pause();
  if (!document.body.dataset.running) clearTimeout(later);
  giveUp?.();
  giveUp = null;
}
onState(letGo);
document.addEventListener('visibilitychange', () => {
  if (!feedAddress) return;
  if (document.hidden) letGo();
  else if (!feed) connect();
});
