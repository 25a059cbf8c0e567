// Asks what the page is to show. Runs while the page is still being loaded, so that the answer is there when it is drawn.

const RETRY = 1000;  // ms

/**
 * What the server says of the page as a whole; see `ui/opening.py`.
 * @typedef {{lang: string, words: Record<string, string>, home: string, model: string, answer: import('./acts.js').Answer, told: string}} Value
 */

/** @typedef {{value?: Value, refusal?: string}} Opening */

/** @returns {Opening} */
const noResponse = () => null;

/** @param {URLSearchParams} query @returns {Promise<Opening>} */
async function look(query) {
  const response = await fetch(`r1chat/opening?${query}`);
  return response.ok ? {value: await response.json()} : {refusal: await response.text()};
}

/** For the browser's language and the conversation of its address. @returns {Promise<Opening>} */
async function ask() {
  const params = new URLSearchParams(location.search), query = new URLSearchParams();
  for (const name of ['c', 'model']) if (params.has(name)) query.set(name, params.get(name));
  let answer = null;
  while (!answer) {
    answer = await look(query).catch(noResponse);  // left, not running, or broken off: it may come back
    if (!answer) await new Promise(done => setTimeout(done, RETRY));
  }
  return answer;
}

export const opening = ask();
