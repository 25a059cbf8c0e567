// Saves the conversation as a file: the text is asked for, and the browser's own download begins.

import {addVerbs} from './acts.js';
import {element} from './dom.js';
import {textOf} from './request.js';
import {state} from './state.js';

const TYPES = /** @type {Record<string, string>} */ ({html: 'text/html', md: 'text/markdown'});

addVerbs({
  'save-conversation': async (_, form) => {
    const {heading = ''} = document.body.dataset;  // of this conversation: another one may show when the text is there
    const text = await textOf('document', state.conversation, {form});
    if (text === null) return;
    const address = URL.createObjectURL(new Blob([text], {type: TYPES[form]}));
    const title = heading.replace(/[/\\?%*:|"<>\p{C}]+/gu, ' ').trim().replace(/^\.+/, '').slice(0, 60);
    const link = /** @type {HTMLAnchorElement} */ (element('a', {}));
    link.href = address;
    link.download = `${title || 'conversation'}.${form}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);  // some browsers read it after the click has returned
  },
});
