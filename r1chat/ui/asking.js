// How the pages of models and of learning ask r1chat; what goes wrong is said in their `#trouble`.

/** @param {string} selector @returns {any} */
export const find = selector => document.querySelector(selector);

/** @param {string} text */
function say(text) {
  const trouble = find('#trouble');
  trouble.textContent = text;
  if (text) trouble.scrollIntoView({block: 'nearest'});
}

/**
 * A function that asks the routes below `base`, by POST where there is a body. Its answer is null where there is none.
 * @param {string} base
 * @returns {(path: string, body?: object) => Promise<{text: string, running: boolean} | null>}
 */
export const asking = base => async (path, body) => {
  const options = body && {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)};
  try {
    const response = await fetch(base + path, options);
    const text = await response.text();
    if (response.ok) {
      say('');
      return {text, running: response.headers.get('X-Running') === 'yes'};
    }
    say(response.status < 500 ? text : find('#trouble').dataset.broken);
  } catch {
    say(find('#trouble').dataset.broken);
  }
  return null;
};
