// A Chromium that needs nothing of the machine but a glibc: the npm package carries it, with the libraries it links to.

import { chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress } from 'node:zlib';

import puppeteer from 'puppeteer-core';
import tar from 'tar-fs';

const LOCAL = resolve(import.meta.dirname, '../../../.local');

/**
 * Starts it, headless. CHROMIUM names another one, which a machine that is not Linux on x86-64 needs.
 *
 * Without Chromium's own sandbox: that refuses to run as root and where user namespaces are closed, and this browser
 * opens pages of this folder only. Nothing else is loosened: what a browser refuses a page, this one refuses.
 */
export async function launch() {
  const home = process.env.CHROMIUM ? undefined : await unpack();
  return puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? join(home, 'chromium'),
    headless: 'shell',
    // No proxy of the user's stands between this machine and itself; /dev/shm is small in containers.
    args: ['--no-sandbox', '--no-proxy-server', '--disable-dev-shm-usage', '--disable-gpu'],
    env: home ? { ...process.env, ...libraries(home) } : process.env,
    defaultViewport: { width: 1024, height: 768 },
  });
}

function libraries(home) {
  return { LD_LIBRARY_PATH: join(home, 'al2023', 'lib'), FONTCONFIG_PATH: join(home, 'fonts') };
}

/** Unpacks the package's browser into .local/browser, once a version, and gives the folder. */
export async function unpack() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`There is no packaged Chromium for ${process.platform} on ${process.arch}: CHROMIUM=/path/to/one`);
  }
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const packed = resolve(dirname(entry), '../../bin');
  const { version } = JSON.parse(await readFile(resolve(packed, '../package.json'), 'utf8'));
  const home = join(LOCAL, 'browser', version);
  if (existsSync(home)) return home;
  await mkdir(dirname(home), { recursive: true });
  const partial = await mkdtemp(`${home}-`);
  const source = (name) => [createReadStream(join(packed, name)), createBrotliDecompress()];
  await pipeline(...source('chromium.br'), createWriteStream(join(partial, 'chromium')));
  await chmod(join(partial, 'chromium'), 0o755);
  await pipeline(...source('al2023.tar.br'), tar.extract(join(partial, 'al2023')));
  await pipeline(...source('fonts.tar.br'), tar.extract(partial));
  // Whole or not at all; who comes second finds it there.
  await rename(partial, home).catch(() => rm(partial, { recursive: true }));
  return home;
}
