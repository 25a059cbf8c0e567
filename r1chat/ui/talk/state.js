// What the page shows and what is chosen. Acts are sent with it; see `ui/act.py`.

export const state = {
  conversation: '',
  temporary: false,  // whether the conversation that shows is kept in memory alone
  home: '',  // an id of the data folder
  model: '',
  lang: 'en',
  query: '',  // of the search above the list
  thinking: '',  // "off", "on", an effort, or "": the model's own way
  budget: 'off',  // "off", a number of tokens, or "own": the one in its box
  /** @type {number | null} the budget in the box; null where that is no number */
  own: 1000,
  choices: 0,  // how many were made of thinking and budget: an answer to what came before one does not undo it
  /** @type {boolean | null} whether the model is shown its earlier thoughts; null: as its template does */
  keep: null,
  /** @type {Record<string, unknown>} how a new conversation should behave; see `Answer` in `ui/act.py` */
  behaviour: {},
  carried: '',
  /** @type {Record<string, string>} sentences that the scripts say, in the page's language */
  words: {},
};

/** Whether the conversation that shows is kept in memory alone: then nothing of it may reach the browser's disk. */
export const isTemporary = () => state.temporary;
