// Fills a page of our own with its content, which is private and so comes with the session key, then starts its script.

const {source, script} = document.body.dataset;
const module = new URL(script, document.baseURI).href;
document.head.append(Object.assign(document.createElement('link'), {rel: 'modulepreload', href: module}));
const response = await fetch(source + location.search);
const text = await response.text();
if (response.ok) {
  document.body.inert = true;  // a click before its script listens would be lost, or send a form to nowhere
  document.body.innerHTML = text;
  await import(module);
  document.body.inert = false;
} else {
  document.body.textContent = text;
}

export {};
