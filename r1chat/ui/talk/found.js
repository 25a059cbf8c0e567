// A conversation that a search found opens at the hit, which is marked.

import {all, around} from './dom.js';
import {onState} from './patches.js';
import {release} from './scroll.js';
import {state} from './state.js';
import {read} from './transcript.js';

const PATIENCE = 10_000;  // ms that the conversation may take to come

/** @type {{id: string, words: string[], until: number} | null} */
let sought = null;

/** Go to the words of the search as soon as this conversation shows; whether it shows already. @param {string} id */
export function lookFor(id) {
  CSS.highlights?.delete('found');
  const words = state.query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  sought = words.length ? {id, words: words.sort((a, b) => b.length - a.length), until: performance.now() + PATIENCE} : null;
  if (!sought || document.body.dataset.shown !== id || state.conversation !== id) return false;
  goToHit();
  return true;
}

onState(marks => {
  if (sought && marks.shown === sought.id) goToHit();
});

function goToHit() {
  const {words, until} = sought;
  sought = null;
  if (performance.now() > until) return;
  const parts = [...all(read, '.ask, .answer'), ...all(read, '.steps')];  // a thought is folded: what is read comes first
  const range = words.flatMap(word => parts.map(part => rangesIn(part, word)[0])).find(Boolean);
  if (!range) return;
  const node = range.startContainer.parentElement;
  for (let fold = around(node, 'details'); fold; fold = around(fold.parentElement, 'details')) {
    /** @type {HTMLDetailsElement} */ (fold).open = true;
    fold.dataset.touched = '1';
  }
  release();
  const block = around(node, '.step, .part, .ask') ?? node;
  CSS.highlights?.set('found', new Highlight(...words.flatMap(word => rangesIn(block, word))));
  requestAnimationFrame(() => node.scrollIntoView({block: 'center'}));
}

/** The places of a word in an element. @param {HTMLElement} part @param {string} word */
function rangesIn(part, word) {
  const texts = document.createTreeWalker(part, NodeFilter.SHOW_TEXT), ranges = [];
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const content = lowered(text.textContent);
    for (let start = content.indexOf(word); start >= 0; start = content.indexOf(word, start + word.length)) {
      const range = document.createRange();
      range.setStart(text, start);
      range.setEnd(text, start + word.length);
      ranges.push(range);
    }
  }
  return ranges;
}

/** The text in lower case, each letter at its place: "İ" would become two. @param {string} text */
function lowered(text) {
  const low = text.toLowerCase();
  return low.length === text.length ? low : Array.from(text, letter => letter.toLowerCase().length === letter.length ? letter.toLowerCase() : letter).join('');
}
