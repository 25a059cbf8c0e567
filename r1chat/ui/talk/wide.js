// What is wider than the column in the transcript: see `wide.js`.

import {onPatch} from './patches.js';
import {read} from './transcript.js';
import {keepWideMarked, markWide} from '../wide.js';

onPatch(blocks => {
  for (const {id, html} of blocks) {
    const node = html && /<pre|<table|display="block"/.test(html) && document.getElementById(id);
    if (node) markWide(node);
  }
});
keepWideMarked(read);
