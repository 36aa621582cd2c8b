// Lets `npm run mock` answer the API from the invented server, with the app rebuilt on every change.
import type { Plugin } from 'vite';
import { serveApi } from './api.ts';

export function mockServer(): Plugin {
  return {
    name: 'switchboard-mock',
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        serveApi(request, response).then((served) => { if (!served) next(); }, next);
      });
    },
  };
}
