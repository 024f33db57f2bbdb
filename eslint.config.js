// Lint: what TypeScript does not say and the architecture test cannot see. No type information, so that it stays quick.
// Formatting is nobody's rule here beyond the width of a line.

import svelte from 'eslint-plugin-svelte';
import typescript from 'typescript-eslint';

const noDefaultExport = {
  selector: 'ExportDefaultDeclaration',
  message: 'Name what a file exports; a default export has a different name in every file that imports it.',
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only app/, host/, tests and set-up read environment variables; everything else takes settings.',
};
const noMarkedTest = {
  selector: "MemberExpression[object.name=/^(it|test|describe|suite)$/][property.name=/^(only|skip|todo|fails)$/]",
  message: 'Every test runs. If it needs what a machine may lack, say so in its result (context.skip with a reason).',
};
const noBareIpc = {
  selector: "ImportSpecifier[imported.name='ipcMain']",
  message: 'Messages arrive through one checked wrapper (src-main/app/ipc.ts).',
};

const everywhere = {
  'max-len': ['error', { code: 120, ignoreUrls: true, ignoreRegExpLiterals: true }],
  'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true, IIFEs: true }],
  'no-console': 'error',
  'no-restricted-syntax': ['error', noDefaultExport, noEnvironment, noMarkedTest, noBareIpc],
  'no-var': 'error',
  'prefer-const': ['error', { destructuring: 'all' }],
  eqeqeq: 'error',
  'no-eval': 'error',
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-non-null-assertion': 'off',
  '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
};

export default typescript.config(
  { ignores: ['node_modules/', 'dist/', 'test-results/', '**/*.d.ts'] },
  ...typescript.configs.recommended,
  ...svelte.configs['flat/recommended'],
  { files: ['**/*.{ts,js,mjs,svelte}'], rules: everywhere },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: typescript.parser } },
    // svelte-check knows the browser's names and the types; plain scope analysis does not.
    rules: {
      'no-undef': 'off',
      'prefer-const': 'off',
      'svelte/no-navigation-without-resolve': 'off',
      // svelte-check sees warnings that this plugin's own compilation does not, so it judges them wrongly
      'svelte/no-unused-svelte-ignore': 'off',
    },
  },
  {
    files: ['src-main/app/**', 'src-main/host/**', 'src-main/compute/**', 'setup.mjs', 'test/**'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noMarkedTest, noBareIpc], 'no-console': 'off' },
  },
  // it sets one for the library that it loads, and reads none
  {
    files: ['src-main/runtime/no-telemetry.ts'],
    rules: { 'no-restricted-syntax': ['error', noDefaultExport, noMarkedTest, noBareIpc] },
  },
  { files: ['src-main/app/ipc.ts'], rules: { 'no-restricted-syntax': ['error', noDefaultExport, noMarkedTest] } },
  { files: ['test/**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
  {
    files: ['**/*.config.{js,ts}'],
    rules: { 'no-restricted-syntax': 'off', 'max-lines-per-function': 'off' },
  },
);
