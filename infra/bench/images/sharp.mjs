// `node sharp.mjs PICTURE ROUNDS FOLDER KIND QUALITY`: what sharp makes of a picture: upright, within 1920×1080, of KIND
// (webp or png), and a thumbnail; ROUNDS times over. Writes `picture` and `thumbnail` into FOLDER and prints JSON.
//
// One thread and no cache, as in a function that takes one picture at a time. Both files come from the one small picture,
// so that sharp, too, decodes and resizes only once.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

sharp.concurrency(1);
sharp.cache(false);

async function optimize(bytes, kind, quality) {
  const fitted = sharp(bytes).autoOrient().resize(1920, 1080, { fit: 'inside', withoutEnlargement: true });
  const { data, info } = await fitted.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const small = () => sharp(data, { raw: { width, height, channels } });
  const picture = await (kind === 'png' ? small().png({ quality }) : small().webp({ quality })).toBuffer();
  const bounds = { fit: 'inside', withoutEnlargement: true };
  const thumbnail = await small().resize(320, 320, bounds).webp({ quality: 70 }).toBuffer();
  return { picture, thumbnail, width, height };
}

const [path, rounds, folder, kind, quality] = process.argv.slice(2);
const bytes = await readFile(path);
let made;
for (let round = 0; round < Number(rounds); round += 1) {
  made = await optimize(bytes, kind, Number(quality));
}
await writeFile(join(folder, 'picture'), made.picture);
await writeFile(join(folder, 'thumbnail'), made.thumbnail);
console.log(JSON.stringify({ kind, width: made.width, height: made.height, bytes: made.picture.length }));
