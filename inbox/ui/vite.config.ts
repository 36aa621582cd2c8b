// Builds the operators' app into dist/; `npm run dev` serves it, rebuilt on every change, with a real server on port 8000.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { precompress } from './build/precompress.ts';

const server = 'http://127.0.0.1:8000';
const proxy: Record<string, string> = { '/api': server, '/hooks': server };

export default defineConfig({
  plugins: [svelte(), precompress()],
  // Inlined files would be data: addresses, which the page's content security policy refuses.
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    // A few larger files instead of fifty small ones: what every view needs together, what only some need by itself.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'icons', test: /@lucide/ },
            { name: 'core', test: /node_modules[\\/](svelte|esm-env|clsx)[\\/]|ui[\\/]src[\\/](stores|api|live|lists|text[\\/](text|plural|when|said))|parts[\\/](?!FullMenu|Modal|Toggle)/ },
          ],
        },
      },
    },
  },
  worker: { format: 'es' as const },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173 },
});
