// Drafts: what a person has written in a conversation and not sent. They outlive a look at another conversation and a reload.

import {act} from './acts.js';
import {request} from './request.js';
import {state} from './state.js';
import {tell} from './toast.js';

/**
 * What is in the message box, in the queue behind the reply that runs, and half written in editors of the transcript.
 * `carried`: the conversation whose last messages or summary the text began with. `edits`: texts, by what is edited; see
 * `editor.js`.
 * @typedef {{text: string, queue: string[], carried?: string, edits: Record<string, string>}} Draft
 */

/** @typedef {{id: string, temporary: boolean}} Conversation the one that a draft belongs to */

/** Whether a conversation shows. @param {Conversation} conversation */
export const isCurrent = ({id, temporary}) => state.conversation === id && state.temporary === temporary;

/** The conversation that shows. @returns {Conversation} */
export const current = () => ({id: state.conversation, temporary: state.temporary});

const DRAFTS = 'r1chat.draft.', NEW = `${DRAFTS}new.`;

/** Where a draft is kept: that of a conversation that has not begun, for each data folder. @param {string} conversation */
export const keyOf = conversation => conversation ? DRAFTS + conversation : NEW + state.home;

/** @type {Map<string, Draft>} those that do not reach the disk: of temporary and of deleted conversations, and where
 * the browser's storage is full */
const fleeting = new Map();
let overfull = false;  // that has been told
/** @type {Set<string>} conversations that were deleted here */
const deleted = new Set();

/** @param {string} conversation @returns {Draft} */
export function draftOf(conversation) {
  const draft = fleeting.get(conversation);
  if (draft) return draft;
  try {
    const {text = '', queue = [], carried = '', edits = {}} = JSON.parse(localStorage.getItem(keyOf(conversation)) ?? '{}');
    const texts = Object.fromEntries(Object.entries(edits).map(([name, value]) => [name, String(value)]));
    return {text: String(text), queue: queue.map(String), carried: String(carried), edits: texts};
  } catch {
    return {text: '', queue: [], edits: {}};
  }
}

/** Change a part of a draft, and keep it. @param {Conversation} conversation @param {Partial<Draft>} change */
export function keep({id, temporary}, change) {
  const draft = {...draftOf(id), ...change};
  const stays = !temporary && !deleted.has(id);
  if (stays) fleeting.delete(id);
  else fleeting.set(id, draft);
  try {
    if (stays && (draft.text || draft.queue.length || Object.keys(draft.edits).length)) {
      localStorage.setItem(keyOf(id), JSON.stringify({...draft, home: state.home}));
    } else localStorage.removeItem(keyOf(id));
  } catch {  // storage is full or switched off: this tab has it
    if (!fleeting.has(id) && !overfull) tell(state.words.draft_not_kept ?? '');
    overfull = true;
    fleeting.set(id, draft);
  }
}

/**
 * Keep what is half written in an editor.
 * @param {Conversation} conversation
 * @param {string} name of the editor
 * @param {string | null} text null: nothing is half written any more
 */
export function keepEdit(conversation, name, text) {
  const {edits} = draftOf(conversation.id);
  if (text === (edits[name] ?? null)) return;
  const others = Object.entries(edits).filter(([other]) => other !== name);
  keep(conversation, {edits: Object.fromEntries(text === null ? others : [...others, [name, text]])});
}

/** A conversation is there: where it was deleted, that has been undone. @param {string} id */
export const revive = id => deleted.delete(id);

/**
 * Delete a conversation. What was written in it leaves the disk; whoever undoes the deletion finds it again.
 * @param {string} id
 */
export async function erase(id) {
  const temporary = id === state.conversation ? state.temporary : fleeting.has(id);
  deleted.add(id);
  const done = await act('delete', id);
  if (!done) deleted.delete(id);
  if (done && temporary) fleeting.delete(id);
  else keep({id, temporary}, {});
  return done;
}

/** Whether a draft is of another data folder: at this port r1chat may serve one after the other. @param {string} name */
function isElsewhere(name) {
  try {
    return ![undefined, state.home].includes(JSON.parse(localStorage.getItem(name)).home);
  } catch {
    return false;
  }
}

/** Drafts of conversations that are not there any more leave the disk. */
export async function dropLost() {
  const drafts = Object.keys(localStorage).filter(name => name.startsWith(DRAFTS) && !name.startsWith(NEW));
  const names = drafts.filter(name => !isElsewhere(name));
  if (!names.length) return;
  const ids = names.map(name => name.slice(DRAFTS.length));
  const response = await request('r1chat/lost', {ids});
  if (response) for (const id of /** @type {string[]} */ (await response.json())) localStorage.removeItem(keyOf(id));
}
