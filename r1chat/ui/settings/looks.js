// Theme and size of text of every page, before it is drawn. A classic script in the head: a module would come too late.

(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  /** @param {string} name @param {string} otherwise */
  const stored = (name, otherwise) => {
    try {
      return localStorage.getItem(`r1chat.${name}`) ?? otherwise;
    } catch {
      return otherwise;  // storage is switched off
    }
  };
  const apply = () => {
    const theme = stored('theme', 'system');
    const dark = theme === 'dark' || (theme === 'system' && system.matches);
    document.documentElement.dataset.size = stored('size', 'normal');
    document.documentElement.style.colorScheme = dark ? 'dark' : 'light';
    if (document.body && document.body.classList.contains('dark') !== dark) document.body.classList.toggle('dark', dark);
  };
  apply();
  document.addEventListener('r1chat:looks', apply);
  system.addEventListener('change', apply);
  new MutationObserver(apply).observe(document.documentElement, {  // Gradio sets the class by the system alone
    subtree: false, childList: true,
  });
  document.addEventListener('DOMContentLoaded', () => {
    apply();
    if (!new URLSearchParams(location.search).has('c')) document.body.dataset.empty = '1';  // until a conversation shows
    new MutationObserver(apply).observe(document.body, {attributes: true, attributeFilter: ['class']});
  });
})();
