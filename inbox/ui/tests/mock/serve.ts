// Serves the built app as the real server does, policy included, with the invented API: `node tests/mock/serve.ts [port]`.
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { serveApi } from './api.ts';

const dist = join(import.meta.dirname, '../../dist');
const types: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const policy = "default-src 'self'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const server = createServer((request, response) => {
  void serveApi(request, response).then((served) => {
    if (served) return;
    const { pathname } = new URL(request.url ?? '/', 'http://mock');
    const file = pathname !== '/' && existsSync(join(dist, pathname));
    if (pathname.startsWith('/assets/') && !file) { response.writeHead(404).end(); return; }
    const path = join(dist, file ? pathname : 'index.html');
    response.writeHead(200, { 'Content-Type': types[extname(path)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
    createReadStream(path).pipe(response);
  });
});
server.listen(Number(process.argv[2] ?? 4173), '127.0.0.1', () => console.log('ready'));
