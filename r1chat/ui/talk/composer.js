// Writing and sending messages, stopping replies, and what is chosen for the next one.

import {act, addVerbs} from './acts.js';
import {around, find} from './dom.js';
import {request} from './request.js';
import {follow} from './scroll.js';
import {keepsThoughts, ownBudget, state} from './state.js';
import {tell} from './toast.js';

const QUIET = 150;  // ms without a key after which is searched

/** @returns {HTMLTextAreaElement} */
export const prompt = () => find(document, '#prompt textarea');
let sending = '';  // a message that is on its way: a second Enter does not send it again

/** Send what is written; where that is refused, it stays. */
async function send() {
  const box = prompt(), text = box.value;
  if (box.readOnly || (text && text === sending)) return;
  sending = text;
  follow();
  const sent = await act('ask', '', text);
  sending = '';
  sentFrom(sent, text);
}

/** After a message was sent: the box is empty again, unless something else was written. @param {boolean} sent @param {string} text */
export function sentFrom(sent, text) {
  if (sent && prompt().value === text) write('');
}

/** @param {string} text */
function write(text) {
  const box = prompt();
  box.value = text;
  box.dispatchEvent(new InputEvent('input', {bubbles: true}));  // Gradio's text box learns of it, and fits its height
}

document.addEventListener('keydown', event => {  // before Gradio's text box, which sends even while a composition ends
  if (event.key !== 'Enter' || event.shiftKey || !around(event.target, '#prompt')) return;
  event.stopPropagation();
  if (event.isComposing) return;
  event.preventDefault();
  send();
}, true);

document.addEventListener('click', event => {
  if (!around(event.target, 'a.skip')) return;
  event.preventDefault();
  prompt().focus();
});

document.addEventListener('click', event => {  // Send and Stop take turns in one place: a double click means the first
  const button = around(event.target, '#answer, #send, #stop, #new');
  if (!button || (event.detail > 1 && button.id !== 'new')) return;
  if (button.id === 'send') send();
  else if (button.id === 'new') act('new').then(() => prompt().focus());
  else act(button.id);
});
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape') return;
  if (document.body.classList.contains('list-open')) document.body.classList.remove('list-open');
  else if (document.body.dataset.running) act('stop');
});

// --- steering --------------------------------------------------------------------------------------------------------

document.addEventListener('change', event => { if (around(event.target, '#keep-thoughts')) act('steer'); });
document.addEventListener('focusout', event => { if (around(event.target, '#own-budget')) act('steer'); });
document.addEventListener('keydown', event => {
  if (event.key === 'Enter' && around(event.target, '#own-budget')) act('steer');
});

// --- a conversation that goes on in a new one ------------------------------------------------------------------------

addVerbs({carry: summarise});

/** Begin a new conversation. Its first message, a summary, grows in the box, and waits there to be changed and sent. */
async function summarise() {
  const {conversation, model, lang} = state;
  const box = prompt(), draft = box.value;
  if (box.readOnly) return;
  box.readOnly = true;
  let text = '';
  try {
    const response = await request('r1chat/summary', {conversation, model, lang, keep: keepsThoughts(), own: ownBudget()});
    if (!response) return;
    await act('new');
    box.placeholder = state.words.summarising;
    write('');
    for await (const line of lines(response.body)) write(text = JSON.parse(line));
  } catch {
    tell(state.words.unreachable);
  } finally {
    box.readOnly = false;
    box.placeholder = state.words.placeholder;
    write(text + draft);
    box.focus();
  }
}

/** @param {ReadableStream<Uint8Array>} stream */
async function* lines(stream) {
  const reader = stream.getReader(), decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    const whole = (rest + decoder.decode(value, {stream: !done})).split('\n');
    rest = whole.pop();
    for (const line of whole) yield line;
    if (done) return;
  }
}

// --- the search above the list ---------------------------------------------------------------------------------------

let waiting = 0;
document.addEventListener('input', event => {
  const box = around(event.target, '#search');
  if (!box) return;
  state.query = /** @type {HTMLInputElement} */ (event.target).value;
  clearTimeout(waiting);
  waiting = window.setTimeout(() => act('search'), QUIET);
});
