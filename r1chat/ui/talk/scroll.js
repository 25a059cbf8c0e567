// Where the transcript stands. While it follows, its end stays in sight, whatever grows or is laid out late. Any movement
// up stops that at once; only the very end, the ↓ button or a message of one's own starts it again.

import {around, find, typing} from './dom.js';
import {read, scroller} from './transcript.js';

const END = 2;  // px from the end that count as the end
const GESTURE = 1000;  // ms within which a scroll is the person's
const HELD = 2500;  // ms after a switch in which its place is kept

let following = true;
let placed = 0;  // where it was put or scrolled to last
let gesture = -Infinity;  // when the person last moved it
/** @type {{index: number, selector: string, top: number, until: number}} a switch that keeps its place, or null */
let anchor = null;

/** Nothing has been said: what greets is read from its beginning. */
const isEmpty = () => Boolean(document.body.dataset.empty);
export const isFollowing = () => following;

/** Go to the end, and stay there. */
export function follow() {
  following = true;
  anchor = null;
  settle();
}

/** Stay where it is. */
export function release() {
  following = false;
  mark();
}

/** After the content has changed: the end, or the switch that was pressed, keeps its place. */
export function settle() {
  if (following) scroller.scrollTop = isEmpty() ? 0 : scroller.scrollHeight;
  else if (anchor) keepPlace();
  placed = scroller.scrollTop;
  mark();
}

/** The siblings of a reply or a message change places: the switch between them stays under the pointer. @param {HTMLElement} button */
export function hold(button) {
  release();
  const section = around(button, 'section');
  const part = around(button, '.vote, .asked') ?? around(button, '.acts');
  const selector = part.matches('.vote') ? '.vote' : part.matches('.asked') ? '.asked .switch' : '.reply .switch';
  const index = [...read.children].indexOf(section);
  anchor = {index, selector, top: find(section, selector).getBoundingClientRect().top, until: performance.now() + HELD};
}

function keepPlace() {
  const section = read.children[anchor.index];
  const place = performance.now() < anchor.until && section ? find(section, anchor.selector) : null;
  if (place) scroller.scrollTop += place.getBoundingClientRect().top - anchor.top;
  else if (performance.now() >= anchor.until) anchor = null;
}

function mark() {
  const away = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
  document.body.classList.toggle('following', following);
  document.body.classList.toggle('held', anchor !== null);
  document.body.classList.toggle('behind', !following && away > END && !isEmpty());
}

/** The person moves it; up, and it no longer follows. @param {boolean} up */
function moved(up) {
  gesture = performance.now();
  anchor = null;
  if (up && scroller.scrollTop > 0) release();
}

scroller.addEventListener('wheel', ({deltaY}) => { if (deltaY) moved(deltaY < 0); }, {passive: true});
let touched = 0;  // where the finger is
scroller.addEventListener('touchstart', ({touches}) => { touched = touches[0].clientY; }, {passive: true});
scroller.addEventListener('touchmove', ({touches}) => {
  const {clientY} = touches[0];
  if (clientY !== touched) moved(clientY > touched);
  touched = clientY;
}, {passive: true});
scroller.addEventListener('pointerdown', () => { gesture = performance.now(); }, {passive: true});  // of the scroll bar, too
document.addEventListener('keydown', event => {
  const {key, shiftKey} = event;
  if (typing(event) || around(event.target, '.step, .steps')) return;  // there, arrows lead from step to step
  if (['ArrowUp', 'PageUp', 'Home'].includes(key) || (key === ' ' && shiftKey)) moved(true);
  else if (['ArrowDown', 'PageDown', 'End', ' '].includes(key)) moved(false);
}, {capture: true, passive: true});

scroller.addEventListener('scroll', () => {
  const {scrollTop, scrollHeight, clientHeight} = scroller;
  const away = scrollHeight - scrollTop - clientHeight;
  if (isEmpty() ? scrollTop !== placed : scrollTop < placed - 1 && away > END) following = false;
  else if (scrollTop > placed && away <= END && performance.now() - gesture < GESTURE) following = true;
  placed = scrollTop;
  mark();
}, {passive: true});

let due = false;  // what comes late: parts that are laid out when they come into sight, fonts, a window of another size
const late = new ResizeObserver(() => {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; settle(); });
});
late.observe(read);
late.observe(scroller);
document.addEventListener('click', event => { if (around(event.target, '#jump')) follow(); });
mark();
