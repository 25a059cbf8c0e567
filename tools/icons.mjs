// Writes r1chat/ui/html/icons.json: the icons that the pages use, out of Lucide (npm package lucide-static, ISC licence).
// `npm install && npm run icons` after a change of NAMES. r1chat itself needs nothing from npm.

import {readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';

const NAMES = [
  'arrow-down', 'arrow-left', 'arrow-up', 'box', 'brain', 'chart-column', 'check', 'chevron-down', 'chevron-left', 'chevron-right', 'circle-question-mark', 'columns-2',
  'copy', 'corner-down-right', 'database', 'download', 'ellipsis', 'fast-forward', 'flag', 'git-branch', 'globe', 'graduation-cap', 'info', 'lightbulb', 'list-tree', 'lock', 'menu', 'message-circle-dashed',
  'monitor', 'panel-left', 'panel-right', 'pencil', 'plus', 'refresh-cw', 'scale', 'search', 'server', 'settings-2',
  'shield-check', 'skip-forward', 'sliders-horizontal', 'square', 'thumbs-down', 'thumbs-up', 'timer', 'trash',
  'triangle-alert', 'vote', 'x',
];

const nodes = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('lucide-static/icon-nodes.json'), 'utf8'));

/** @param {[string, Record<string, string>][]} shapes */
const svg = shapes => shapes.map(([tag, attributes]) => {
  const written = Object.entries(attributes).filter(([name]) => name !== 'key').map(([name, value]) => ` ${name}="${value}"`);
  return `<${tag}${written.join('')}/>`;
}).join('');

const icons = Object.fromEntries([...NAMES].sort().map(name => [name, svg(nodes[name])]));
writeFileSync(new URL('../r1chat/ui/html/icons.json', import.meta.url), `${JSON.stringify(icons, null, 1)}\n`);
