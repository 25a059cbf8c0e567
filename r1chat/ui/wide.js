// Code, tables and formulas that are wider than their column scroll sideways. Those that do take the focus, so that the
// arrow keys move them.

const WIDE = 'pre, table, math[display=block]';

/** @param {ParentNode} root */
export function markWide(root) {
  for (const part of root.querySelectorAll(WIDE)) {
    if (part.scrollWidth <= part.clientWidth + 1) part.removeAttribute('tabindex');
    else if (!part.hasAttribute('tabindex')) part.setAttribute('tabindex', '0');
  }
}

/** Whenever something unfolds in it, or the window gets another size. @param {HTMLElement} root */
export function keepWideMarked(root) {
  root.addEventListener('toggle', ({target}) => { if (target instanceof HTMLDetailsElement && target.open) markWide(target); }, true);
  let due = false;
  addEventListener('resize', () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      markWide(root);
    });
  });
}
