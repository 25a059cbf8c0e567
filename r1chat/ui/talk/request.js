// Asks r1chat for something. What goes wrong is told to the person, wherever it happens.

import {state} from './state.js';
import {tell, withdraw} from './toast.js';

const KEEPABLE = 60_000;  // bytes of all requests under way; a browser refuses more that outlive the page

let keepable = KEEPABLE;

/**
 * The response; null where there is none, or where r1chat refuses, which the person has been told.
 * @param {string} path
 * @param {Record<string, unknown>} [body] sent as JSON; without one, something is only asked for
 * @param {AbortSignal} [signal] ends it
 * @returns {Promise<Response>}
 */
export async function request(path, body, signal) {
  const about = `${path} ${body?.verb ?? ''} ${body?.id ?? ''}`;
  let response;
  try {
    response = await (body ? post(path, new TextEncoder().encode(JSON.stringify(body)), signal) : fetch(path));
  } catch {
    if (!signal?.aborted) tell(state.words.unreachable, 'error', about);
    return null;
  }
  if (response.ok) {
    withdraw(about);
    return response;
  }
  tell(response.status < 500 && await response.text().catch(() => '') || state.words.broken, 'error', about);
  return null;
}

/** @param {string} path @param {Uint8Array<ArrayBuffer>} body @param {AbortSignal} [signal] */
async function post(path, body, signal) {
  const keepalive = !signal && body.length <= keepable;  // what can be ended does not outlive the page
  keepable -= keepalive ? body.length : 0;
  try {
    return await fetch(path, {method: 'POST', headers: {'Content-Type': 'application/json'}, body, keepalive, signal});
  } finally {
    keepable += keepalive ? body.length : 0;
  }
}

/**
 * A text of r1chat: an answer, a message, a part of a thought; null where it cannot be had, which was told.
 * @param {string} kind
 * @param {string} id
 * @param {Record<string, string>} [query]
 * @returns {Promise<string>}
 */
export async function textOf(kind, id, query = {}) {
  const response = await request(`r1chat/${kind}/${encodeURIComponent(id)}?${new URLSearchParams(query)}`);
  try {
    return response && await response.text();
  } catch {
    tell(state.words.unreachable);
    return null;
  }
}
