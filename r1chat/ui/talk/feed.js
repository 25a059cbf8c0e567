// The stream of what happens in the conversation that shows.

import {patch} from './patches.js';
import {follow} from './scroll.js';
import {state} from './state.js';
import {read} from './transcript.js';

/** @type {EventSource} */
let feed = null;
let shown = '';  // the address of the feed
let subject = '';  // what it shows, in which language

/** Show the conversation of the page's state, from the end, if it does not show already. */
export function showConversation() {
  const {conversation, model, lang} = state;
  const url = new URL(location.href);
  conversation ? url.searchParams.set('c', conversation) : url.searchParams.delete('c');
  history.replaceState(null, '', url);
  const address = `r1chat/feed?${new URLSearchParams({conversation, model, lang})}`;
  if (address === shown && feed) return;
  const about = JSON.stringify([conversation, lang]);
  if (about !== subject) {
    read.replaceChildren();
    follow();
  }
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
  if (document.hidden) {
    feed?.close();
    feed = null;
  } else if (!feed) connect();
});
