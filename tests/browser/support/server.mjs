// Serves app/ on 127.0.0.1, so that its pages have an origin.

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';

const APP = resolve(import.meta.dirname, '../app');
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };

/** Serves it on a port, 0 for any free one, with `api` as the API's address; gives the server and its port. */
export async function serve(port, api) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const name = pathname === '/' ? 'index.html' : pathname.slice(1);
    const type = TYPES[extname(name)];
    try {
      if (!type || name.includes('/')) throw new Error('no such page');
      const own = name === 'config.js' ? `export const API = '${api}';\n` : await readFile(join(APP, name));
      response.writeHead(200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' }).end(own);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve_, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve_));
  return { server, port: server.address().port };
}
