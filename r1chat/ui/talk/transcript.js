// The transcript. This module is loaded when it is there.

import {find} from './dom.js';

/** One section for each message. */
export const read = find(document, '#transcript .read');
/** What scrolls around it. */
export const scroller = /** @type {HTMLElement} */ (read.closest('.scroll') ?? document.scrollingElement);
