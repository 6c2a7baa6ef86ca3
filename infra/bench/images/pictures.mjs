// `node pictures.mjs FOLDER CAT`: makes the pictures that are compared, from NASA's photographs of the Earth as the package
// three-globe has them, from the tests' photograph of a cat, and from drawings.
import { mkdir, copyFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';

const [folder, cat] = process.argv.slice(2);
const examples = join(dirname(createRequire(import.meta.url).resolve('three-globe')), '..', 'example');
const earth = (name) => join(examples, 'img', name);
const to = (name) => join(folder, name);

// A camera's 12 megapixels without enlarging anything: the photograph above its own mirror image.
async function twelveMegapixels() {
  const { data, info } = await sharp(earth('earth-blue-marble.jpg')).raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const raw = { width, height, channels };
  const mirrored = await sharp(data, { raw }).flip().raw().toBuffer();
  const both = Buffer.concat([data, mirrored]);
  return sharp(both, { raw: { width, height: 2 * height, channels } })
    .extract({ left: 32, top: 512, width: 4032, height: 3024 })
    .raw()
    .toBuffer();
}

// What people put into attachments with transparency: soft shadows, gradients, lines, text.
const graphic = `<svg xmlns="http://www.w3.org/2000/svg" width="2400" height="1600">
  <defs>
    <linearGradient id="sky" x2="1" y2="1"><stop stop-color="#3867d6"/><stop offset="1" stop-color="#20bf6b"/></linearGradient>
    <filter id="shadow"><feDropShadow dx="20" dy="20" stdDeviation="24" flood-opacity=".5"/></filter>
  </defs>
  <rect x="200" y="160" width="1300" height="900" rx="90" fill="url(#sky)" filter="url(#shadow)"/>
  <circle cx="1700" cy="1000" r="420" fill="#fa8231" fill-opacity=".7" filter="url(#shadow)"/>
  ${Array.from({ length: 40 }, (_, line) => `<path d="M300 ${300 + 17 * line}h${700 - 11 * line}" stroke="#fff" stroke-width="5"/>`).join('')}
  <path d="M260 1400 C 700 900, 1200 1700, 2100 300" fill="none" stroke="#eb3b5a" stroke-width="22"/>
</svg>`;

const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800">
  <circle cx="400" cy="400" r="360" fill="#2d98da"/><path d="M220 420l130 130 240-280" fill="none" stroke="#fff" stroke-width="70"/>
</svg>`;

const round = `<svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000">
  <defs><radialGradient id="soft"><stop offset=".85" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
  <circle cx="500" cy="500" r="500" fill="url(#soft)"/>
</svg>`;

await mkdir(folder, { recursive: true });
const raw = { width: 4032, height: 3024, channels: 3 };
const camera = await twelveMegapixels();
const photo = () => sharp(camera, { raw });
await photo().jpeg({ quality: 90 }).toFile(to('photo-12mp.jpg'));
await photo().jpeg({ quality: 90, progressive: true }).toFile(to('photo-12mp-progressive.jpg'));
await photo().jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toFile(to('photo-12mp-turned.jpg'));
await photo().withIccProfile('p3').jpeg({ quality: 90 }).toFile(to('photo-12mp-p3.jpg'));
await copyFile(earth('earth-blue-marble.jpg'), to('photo-8mp.jpg'));
await copyFile(earth('earth-night.jpg'), to('night-8mp.jpg'));
await copyFile(earth('earth-day.jpg'), to('photo-1mp.jpg'));
await copyFile(cat, to('cat.jpg'));
await copyFile(earth('night-sky.png'), to('opaque-8mp.png'));
await sharp(Buffer.from(graphic)).png().toFile(to('graphic.png'));
await sharp(Buffer.from(logo)).png().toFile(to('logo.png'));
await copyFile(join(examples, 'satellites', 'sat-icon.png'), to('icon.png'));
await copyFile(join(examples, 'preview.png'), to('screenshot.png'));
await sharp(camera, { raw })
  .extract({ left: 1200, top: 900, width: 1000, height: 1000 })
  .composite([{ input: Buffer.from(round), blend: 'dest-in' }])
  .png()
  .toFile(to('cut-out.png'));
