// Serves an empty page on a free port of this machine, so that there is an origin that the API does not know.

import { createServer } from 'node:http';

const PAGE = '<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,"><body>A page elsewhere</body></html>';

/** Gives the server and its port. */
export async function serveElsewhere() {
  const server = createServer((_, response) => response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(PAGE));
  await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return { server, port: server.address().port };
}
