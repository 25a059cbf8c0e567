// Asks what the page is to show. Runs while the page is still being loaded, so that the answer is there when it is drawn.

const RETRY = 1000;  // ms

/**
 * What the server says of the page as a whole; see `ui/opening.py`.
 * @typedef {{lang: string, words: Record<string, string>, home: string, model: string, answer: import('./acts.js').Answer, told: string}} Value
 */

/** @returns {Response} */
const noResponse = () => null;

/** For the browser's language and the conversation of its address. @returns {Promise<{value?: Value, refusal?: string}>} */
async function ask() {
  const params = new URLSearchParams(location.search), query = new URLSearchParams();
  for (const name of ['c', 'model']) if (params.has(name)) query.set(name, params.get(name));
  let response = null;
  while (!response) {
    response = await fetch(`r1chat/opening?${query}`).catch(noResponse);  // left, or not running: it may come back
    if (!response) await new Promise(done => setTimeout(done, RETRY));
  }
  return response.ok ? {value: await response.json()} : {refusal: await response.text()};
}

export const opening = ask();
