// Fills a page of our own with its content, which is private and so comes with the session key, then starts its script.

const {source, script} = document.body.dataset;
const response = await fetch(source + location.search);
const text = await response.text();
if (response.ok) {
  document.body.innerHTML = text;
  await import(new URL(script, document.baseURI).href);
} else {
  document.body.textContent = text;
}

export {};
