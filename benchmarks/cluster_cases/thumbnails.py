"""Photographs, as JPEG bytes, are reduced to thumbnails with Pillow."""

import io

import numpy as np
from PIL import Image, ImageOps

PHOTOGRAPHS = 160
WIDTH = 1_200
HEIGHT = 900
SIDE = 240


def thumbnail(photograph: bytes) -> bytes:
    with Image.open(io.BytesIO(photograph)) as image:
        small = ImageOps.autocontrast(ImageOps.fit(image.convert("RGB"), (SIDE, SIDE), Image.Resampling.LANCZOS))
    output = io.BytesIO()
    small.save(output, "JPEG", quality=85)
    return output.getvalue()


def photograph(seed: int) -> bytes:
    coarse = np.random.default_rng(seed).integers(0, 256, (HEIGHT // 60, WIDTH // 60, 3), dtype=np.uint8)
    output = io.BytesIO()
    Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(output, "JPEG", quality=92)
    return output.getvalue()


def inputs() -> list[bytes]:
    distinct = [photograph(seed) for seed in range(20)]
    return [distinct[index % len(distinct)] for index in range(PHOTOGRAPHS)]
