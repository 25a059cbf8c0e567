// Sets the theme before anything is drawn: a classic script in the head of each page that is not Gradio's.

(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const draw = () => document.documentElement.classList.toggle('dark', system.matches);
  system.addEventListener('change', draw);
  draw();
})();
