// Sends the session key with every request to our own origin. Runs before every other script of a page.
//
// The cookie alone opens nothing private, since a browser sends it to every port of this host. The session key lies in
// this origin's storage. After a restart of r1chat it is made anew: the browser key, which IndexedDB keeps in a form that
// scripts can use but not read, signs the challenge of the new process. See `secrets.py`.

(() => {
  const SESSION = 'r1chat.session', HEADER = 'x-r1chat-key', ENTER = '/r1chat/enter';
  const plainFetch = window.fetch.bind(window), PlainSource = window.EventSource;

  /** @type {string} where the storage is closed */
  let fallback = '';

  function session() {
    try {
      return localStorage.getItem(SESSION) ?? fallback;
    } catch {
      return fallback;
    }
  }

  /** @param {string} key */
  function setSession(key) {
    fallback = key;
    try {
      localStorage.setItem(SESSION, key);
    } catch { /* this tab goes on; another one needs an address of its own */ }
  }

  /**
   * One operation on the store of the browser key.
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} operation
   * @returns {Promise<any>}
   */
  function stored(mode, operation) {
    return new Promise((resolve, reject) => {
      const opening = indexedDB.open('r1chat', 1);
      opening.onupgradeneeded = () => opening.result.createObjectStore('keys');
      opening.onerror = () => reject(opening.error);
      opening.onsuccess = () => {
        const transaction = opening.result.transaction('keys', mode);
        const request = operation(transaction.objectStore('keys'));
        transaction.oncomplete = () => { opening.result.close(); resolve(request.result); };
        transaction.onerror = () => { opening.result.close(); reject(transaction.error); };
      };
    });
  }

  /** Keep the browser key, where this browser can: on loopback or over HTTPS. @param {string} hex */
  async function keep(hex) {
    if (!globalThis.crypto?.subtle) return;
    const bytes = Uint8Array.from(hex.match(/../g), pair => parseInt(pair, 16));
    const key = await crypto.subtle.importKey('raw', bytes, {name: 'HMAC', hash: 'SHA-256'}, false, ['sign']);
    await stored('readwrite', store => store.put(key, 'browser'));
  }

  /** The answer to a challenge; "" where this browser has no key. @param {string} challenge */
  async function signed(challenge) {
    if (!globalThis.crypto?.subtle) return '';
    const key = await stored('readonly', store => store.get('browser'));
    if (!key) return '';
    const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(challenge));
    return [...new Uint8Array(signature)].map(byte => byte.toString(16).padStart(2, '0')).join('');
  }

  /** Have the session key and the cookie that are valid now. Whether it succeeded. */
  async function enter() {
    const response = await plainFetch(ENTER, {method: 'POST', headers: {[HEADER]: session()}});
    if (response.ok) return true;  // only the cookie was missing
    const key = await signed(response.headers.get('x-r1chat-challenge') ?? '').catch(() => '');
    if (!key || !(await plainFetch(ENTER, {method: 'POST', headers: {[HEADER]: key}})).ok) return false;
    setSession(key);
    return true;
  }

  /** @type {Promise<boolean> | null} */
  let entering = null;

  /** One attempt for all requests that fail at the same time. */
  function enterOnce() {
    entering ??= enter().catch(() => false).finally(() => { entering = null; });
    return entering;
  }

  /** @param {RequestInfo | URL} input */
  const isOurs = input =>
    new URL(input instanceof Request ? input.url : input, document.baseURI).origin === location.origin;

  window.fetch = async (input, init) => {
    if (!isOurs(input)) return plainFetch(input, init);
    const send = () => {
      const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined));
      headers.set(HEADER, session());
      return plainFetch(input, {...init, headers});
    };
    const response = await send();
    const refused = response.status === 403 && response.headers.has('x-r1chat-challenge');
    return refused && await enterOnce() ? send() : response;
  };

  window.EventSource = class extends PlainSource {
    /** @param {string | URL} url @param {EventSourceInit} [init] */
    constructor(url, init) {
      const address = new URL(url, document.baseURI);
      if (address.origin === location.origin) address.searchParams.set('key', session());
      super(address, init);
    }
  };

  Object.assign(globalThis, {r1chatKey: {keep, setSession, enter: enterOnce}});
})();
