// Short names for looking things up in a page.

/**
 * The first element that a selector finds; null where there is none.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T}
 */
export function find(root, selector) {
  return root.querySelector(selector);
}

/**
 * All elements that a selector finds.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {T[]}
 */
export function all(root, selector) {
  return [...root.querySelectorAll(selector)].map(node => /** @type {T} */ (node));
}

/**
 * The element around a node (or the node itself) that a selector matches; null where there is none.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {EventTarget | Node} node
 * @param {string} selector
 * @returns {T}
 */
export function around(node, selector) {
  return node instanceof Element ? node.closest(selector) : null;
}

/**
 * The element that an event is about.
 * @param {Event} event
 * @returns {HTMLElement}
 */
export function target(event) {
  return event.target instanceof HTMLElement ? event.target : document.body;
}

/** Whether a person writes there, so that a key is a letter. @param {Event} event */
export function typing(event) {
  return Boolean(around(event.target, 'input, textarea, select, [contenteditable]'));
}

/** Whether a key is pressed along with Ctrl, Alt or ⌘. @param {KeyboardEvent} event */
export function modified({ctrlKey, metaKey, altKey}) {
  return ctrlKey || metaKey || altKey;
}

/**
 * Whether a key belongs to an input method: the one that ends a composition comes behind its end in Safari.
 * @param {KeyboardEvent} event
 */
export const composing = event => event.isComposing || event.keyCode === 229;

/** Whether a part of it is on the screen. @param {HTMLElement} node */
export function inSight(node) {
  const {top, bottom} = node.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** Whether a key alone is pressed, neither in a box nor with a dialog open. @param {KeyboardEvent} event */
export function isCommand(event) {
  return !typing(event) && !modified(event) && !find(document, 'dialog[open]');
}

/**
 * A new element with these properties.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 */
export function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

/**
 * A new box for text; see `text_area` in `ui/html/parts.py`.
 * @template {'input' | 'textarea'} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [properties]
 */
export function textBox(tag, properties = {}) {
  const box = element(tag, properties);
  box.autocomplete = 'off';
  return box;
}

/** Whether what is in a box differs from what it came with. @param {HTMLElement} box */
export function isChanged(box) {
  if (box instanceof HTMLTextAreaElement) return box.value !== box.defaultValue;
  return box instanceof HTMLSelectElement && !box.selectedOptions[0]?.defaultSelected;
}

/** The id of the reply that a node belongs to. @param {Node} node */
export function replyOf(node) {
  return around(node, '.reply').id.slice('reply-'.length);
}
