import js from '@eslint/js';
import globals from 'globals';

export default [
  js.configs.recommended,
  {files: ['tools/**/*.mjs'], languageOptions: {ecmaVersion: 2023, sourceType: 'module', globals: globals.node}},
  {
    files: ['r1chat/ui/**/*.js'],
    languageOptions: {ecmaVersion: 2023, sourceType: 'module', globals: globals.browser},
    rules: {
      'eqeqeq': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-restricted-properties': ['error', {object: 'document', property: 'write'}],
    },
  },
];
