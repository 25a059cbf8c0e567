// The pages of `door.py`: keeps the keys that a launch key brought, or proves that this browser has them already.

(async () => {
  const {target, browser, session} = document.body.dataset;
  const {keep, setSession, enter} = /** @type {any} */ (globalThis).r1chatKey;
  const TRIED = 'r1chat.tried';

  /** Go on, unless that led back to here a moment ago. @returns {void} */
  function goOn() {
    let again = false;
    try {
      again = Date.now() - Number(sessionStorage.getItem(TRIED) ?? 0) < 4000;
      sessionStorage.setItem(TRIED, String(Date.now()));
    } catch { /* without storage the next line decides */ }
    if (again || !navigator.cookieEnabled) document.getElementById('storage').hidden = false;
    else location.replace(target);
  }

  if (session) {
    setSession(session);
    await keep(browser).catch(() => {});
    location.replace(target);
  } else if (await enter()) {
    goOn();
  }
})();
