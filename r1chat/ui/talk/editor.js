// A text of the conversation, edited where it stands. What is written stays until r1chat has taken it.

import {element, textBox} from './dom.js';
import {settle} from './scroll.js';

const PATIENCE = 1500;  // ms that a taken text waits for what replaces it, before it can be sent again

/**
 * Edit a text in place of what shows it.
 * @param {{
 *   value: string, label: string, save: string, cancel: string,
 *   place: HTMLElement,
 *   after?: HTMLElement,
 *   hidden?: HTMLElement[],
 *   kind?: string,
 *   enterSaves?: boolean,
 *   caretFirst?: boolean,
 *   most?: number,
 *   saved: (text: string) => Promise<boolean>,
 *   left: () => void,
 * }} options `place` is hidden meanwhile, and what else is `hidden`; the box stands `after` it. `saved` takes the text,
 *   and says whether it was taken; `left` is called when the person gives up.
 */
export function edit({place, after = place, hidden = [], most = 0.5, ...options}) {
  const box = textBox('textarea', {className: 'editing', value: options.value});
  box.setAttribute('aria-label', options.label);
  const save = element('button', {type: 'button', textContent: options.save, className: 'primary'});
  const cancel = element('button', {type: 'button', textContent: options.cancel});
  const row = element('div', {className: `acts ${options.kind ?? ''}`.trim()});
  row.append(save, cancel);
  const parts = [place, ...hidden];
  const leave = () => {
    box.remove();
    row.remove();
    for (const part of parts) part.hidden = false;
    options.left();
  };
  save.onclick = async () => {
    save.disabled = true;
    const accepted = await options.saved(box.value);
    if (accepted) setTimeout(() => { save.disabled = false; }, PATIENCE);
    else save.disabled = false;
  };
  cancel.onclick = leave;
  box.onkeydown = event => {
    if (event.key === 'Escape' && !event.isComposing) {
      event.stopPropagation();
      leave();
    } else if (options.enterSaves && event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save.click();
    }
  };
  for (const part of parts) part.hidden = true;
  after.after(box, row);
  box.style.height = `${Math.min(box.scrollHeight + 4, innerHeight * most)}px`;
  box.focus();
  if (options.caretFirst) box.setSelectionRange(0, 0);
  settle();
}
