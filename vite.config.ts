// Builds the renderer into dist/renderer. Addresses are relative and nothing is inlined, so that the page
// works under app:// and under the browser host alike, with a content security policy that names only 'self'.

import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'src-renderer',
  base: './',
  plugins: [svelte()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    target: 'chrome130',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // it is read from this machine's own disk
    chunkSizeWarningLimit: 2000,
  },
});
