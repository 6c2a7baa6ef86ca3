// `node reference.mjs PICTURE FILE`: the picture within 1920×1080, decoded whole, resized with Lanczos, in sRGB, without loss.
import sharp from 'sharp';

const [path, file] = process.argv.slice(2);
await sharp(path)
  .autoOrient()
  .resize(1920, 1080, { fit: 'inside', withoutEnlargement: true, kernel: 'lanczos3', fastShrinkOnLoad: false })
  .toColourspace('srgb')
  .png()
  .toFile(file);
