// Fills the library page, which is private and so comes with the session key, then starts its script.

const response = await fetch('../r1chat/library/whole');
const text = await response.text();
if (response.ok) {
  document.body.innerHTML = text;
  await import(new URL('../r1chat/library/page.js', document.baseURI).href);
} else {
  document.body.textContent = text;
}

export {};
