"""Random pictures over format, layout, size, profile and orientation, and how Pillow reads them."""

from __future__ import annotations

import io
import random
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, ImageSequence

SRGB = ImageCms.createProfile("sRGB")
EXIF_ORIENTATION = 0x0112
# The size within which pictures are stored.
FIT = (1920, 1080)
# The largest mean difference of a channel, of 255: of decoders that round in other places, of chroma that they
# interpolate in other ways, and of profiles.
LOSSLESS, LOSSY, NARROW, PROFILE = 0.4, 2.5, 16.0, 1.2
# The same of pictures that are made smaller: noise overshoots, and is cut off after each pass.
RESIZED = 3.0


def soft(chance: random.Random, mode: str, size: tuple[int, int]) -> Image.Image:
    """A soft picture with some hard edges."""
    bands = []
    for _ in Image.new(mode, (1, 1)).getbands():
        few = Image.new("L", (5, 5))
        few.putdata([chance.randrange(256) for _ in range(25)])
        band = few.resize(size, Image.Resampling.BICUBIC)
        band.paste(chance.randrange(256), (size[0] // 3, size[1] // 3, size[0] // 2, size[1] // 2))
        bands.append(band)
    return Image.merge(mode, bands)


def picture(chance: random.Random, profiles: dict[str, bytes]) -> tuple[str, bytes, float]:
    """A file's extension, its bytes, and the mean difference that is allowed."""
    size = (chance.randint(1, 90), chance.randint(1, 90))
    is_large = chance.random() < 0.1
    if is_large:
        size = (chance.randint(1921, 4800), chance.randint(1, 90))
    extension, data, allowed = chance.choice([jpeg, jpeg, png, png, webp, gif])(chance, size, profiles)
    return extension, data, allowed + (RESIZED if is_large else 0)


def options(chance: random.Random, mode: str, profiles: dict[str, bytes]) -> tuple[dict[str, object], float]:
    """A profile that fits the mode, and an orientation."""
    chosen: dict[str, object] = {}
    allowed = 0.0
    fitting = {"L": ["grey-1.8", "grey-2.2"], "LA": ["grey-1.8", "grey-2.2"], "CMYK": ["inks"]}.get(
        mode, ["adobe", "p3", "prophoto"]
    )
    if chance.random() < 0.4:
        chosen["icc_profile"], allowed = profiles[chance.choice(fitting)], PROFILE
    if chance.random() < 0.5:
        exif = Image.Exif()
        exif[EXIF_ORIENTATION] = chance.randint(1, 8)
        chosen["exif"] = exif.tobytes()
    return chosen, allowed


def saved(image: Image.Image, extension: str, **more: object) -> bytes:
    target = io.BytesIO()
    image.save(target, {"jpg": "JPEG"}.get(extension, extension.upper()), **more)
    return target.getvalue()


def jpeg(chance: random.Random, size: tuple[int, int], profiles: dict[str, bytes]) -> tuple[str, bytes, float]:
    mode = chance.choice(["RGB", "RGB", "RGB", "L", "CMYK"])
    more, allowed = options(chance, mode, profiles)
    more |= {"quality": chance.randint(60, 98), "progressive": chance.random() < 0.4, "optimize": chance.random() < 0.4}
    if mode == "RGB":
        more["subsampling"] = chance.choice(["4:4:4", "4:2:2", "4:2:0"])
    if chance.random() < 0.3:
        more["restart_marker_blocks"] = chance.randint(1, 9)
    # libjpeg-turbo does not interpolate chroma of so few samples.
    allowed += NARROW if min(size) <= 2 * 4 else LOSSY
    return "jpg", saved(soft(chance, mode, size), "jpg", **more), allowed


def png(chance: random.Random, size: tuple[int, int], profiles: dict[str, bytes]) -> tuple[str, bytes, float]:
    mode = chance.choice(["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
    more, allowed = options(chance, mode, profiles)
    image = soft(chance, mode if mode in ("RGB", "RGBA", "L", "LA") else "RGB", size)
    if mode == "P":
        image = image.quantize(chance.choice([2, 4, 15, 200]))
        if chance.random() < 0.5:
            more["transparency"] = 0
    elif mode == "1":
        image = image.convert("1")
        more.pop("icc_profile", None)
    elif mode == "I;16":
        image = image.convert("L").convert("I").point(lambda grey: grey * 257).convert("I;16")
        more.pop("icc_profile", None)
    return "png", saved(image, "png", **more), LOSSLESS + allowed


def webp(chance: random.Random, size: tuple[int, int], profiles: dict[str, bytes]) -> tuple[str, bytes, float]:
    mode = chance.choice(["RGB", "RGBA"])
    more, allowed = options(chance, mode, profiles)
    more |= {"lossless": chance.random() < 0.5, "quality": chance.randint(40, 95), "exact": True}
    allowed += LOSSLESS if more["lossless"] else LOSSY
    image = soft(chance, mode, size)
    if chance.random() < 0.3:
        others = [soft(chance, mode, size) for _ in range(chance.randint(1, 4))]
        more |= {"save_all": True, "append_images": others, "duration": chance.randint(20, 300), "loop": 0}
        more |= {"allow_mixed": chance.random() < 0.5, "kmin": 0, "kmax": 0}
    return "webp", saved(image, "webp", **more), allowed


def gif(chance: random.Random, size: tuple[int, int], _profiles: dict[str, bytes]) -> tuple[str, bytes, float]:
    images = [soft(chance, "RGB", size).quantize(chance.choice([2, 7, 64])) for _ in range(chance.randint(1, 4))]
    more = {"save_all": True, "append_images": images[1:], "duration": 70, "interlace": chance.random() < 0.5}
    return "gif", saved(images[0], "gif", **more), LOSSLESS


def reading(path: Path) -> list[Image.Image]:
    """The frames as Pillow and LittleCMS show them: upright, in sRGB, with alpha, within the size that is stored."""
    frames = []
    with Image.open(path) as file:
        profile, exif = file.info.get("icc_profile"), file.getexif().get(EXIF_ORIENTATION, 1)
        gamma = None if profile or "srgb" in file.info else file.info.get("gamma")
        for frame in ImageSequence.Iterator(file):
            frames.append(fitted(upright(lit(coloured(eight_bits(frame), profile), gamma), exif)))
    return frames


def fitted(frame: Image.Image) -> Image.Image:
    scale = min(FIT[0] / frame.width, FIT[1] / frame.height)
    if scale >= 1:
        return frame
    size = (max(1, int(frame.width * scale + 0.5)), max(1, int(frame.height * scale + 0.5)))
    return frame.convert("RGBa").resize(size, Image.Resampling.LANCZOS).convert("RGBA")


def eight_bits(frame: Image.Image) -> Image.Image:
    if frame.mode == "I;16":
        return frame.convert("I").point(lambda grey: grey / 257).convert("L")
    if "transparency" not in frame.info and frame.mode in ("RGB", "L", "CMYK", "RGBA", "LA"):
        return frame.copy()
    return frame.convert("RGBA")


def coloured(frame: Image.Image, profile: bytes | None) -> Image.Image:
    alpha = frame.getchannel("A") if "A" in frame.getbands() else None
    plain = frame.convert({"RGBA": "RGB", "LA": "L"}.get(frame.mode, frame.mode))
    if profile:
        plain = ImageCms.profileToProfile(plain, ImageCms.ImageCmsProfile(io.BytesIO(profile)), SRGB, outputMode="RGB")
    plain = plain.convert("RGB").convert("RGBA")
    if alpha:
        plain.putalpha(alpha)
    return plain


def lit(frame: Image.Image, gamma: float | None) -> Image.Image:
    """By a PNG's gamma, unless it is near to that of sRGB."""
    if not gamma or 2.1 <= 1 / gamma <= 2.3:
        return frame

    def to_srgb(sample: int) -> int:
        light = (sample / 255) ** (1 / gamma)
        return round(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))

    *colours, alpha = frame.split()
    return Image.merge("RGBA", [*(colour.point([to_srgb(sample) for sample in range(256)]) for colour in colours), alpha])


def upright(frame: Image.Image, orientation: int) -> Image.Image:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    frame.info["exif"] = exif.tobytes()
    return ImageOps.exif_transpose(frame)
