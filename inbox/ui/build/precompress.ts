// Puts a .gz and a .br beside every built text: the server hands them out as they are and never compresses by itself.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

const SMALLEST = 1024;

export function precompress(): Plugin {
  let dist = '';
  return {
    name: 'switchboard-precompress',
    apply: 'build',
    configResolved(config) { dist = config.build.outDir; },
    closeBundle() {
      for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
        if (!/\.(js|css|html|svg)$/.test(path)) continue;
        const file = join(dist, path);
        const text = readFileSync(file);
        if (text.length < SMALLEST) continue;
        writeFileSync(`${file}.gz`, gzipSync(text, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}
