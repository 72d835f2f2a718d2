"""Image work: through Pillow's and OpenCV's own operations, which release the GIL, and pixel by pixel, which can't."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

from profiles import scratch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def make_thumbnail(path: str) -> bytes:
    """Read a JPEG, shrink and sharpen it, and return it as JPEG."""
    with Image.open(path) as photo:
        small = photo.convert("RGB").resize((320, 240), Image.Resampling.LANCZOS)
    result = io.BytesIO()
    small.filter(ImageFilter.UnsharpMask(2)).save(result, "JPEG", quality=85)
    return result.getvalue()


def make_thumbnail_inputs() -> Iterator[str]:
    """5 photos of 1280 by 960 pixels, twenty times over."""
    for index in range(100):
        yield photo_file(index % 5, (1280, 960))


def tint_pixels(path: str) -> bytes:
    """Turn a picture to sepia, one pixel after another, as written without knowing `Image.convert`."""
    with Image.open(path) as photo:
        small = photo.convert("RGB").resize((160, 120))
    pixels = bytearray()
    raw = small.tobytes()
    for start in range(0, len(raw), 3):
        red, green, blue = raw[start], raw[start + 1], raw[start + 2]
        pixels.append(min(255, int(0.393 * red + 0.769 * green + 0.189 * blue)))
        pixels.append(min(255, int(0.349 * red + 0.686 * green + 0.168 * blue)))
        pixels.append(min(255, int(0.272 * red + 0.534 * green + 0.131 * blue)))
    result = io.BytesIO()
    Image.frombytes("RGB", small.size, bytes(pixels)).save(result, "PNG")
    return result.getvalue()


def tint_pixels_inputs() -> Iterator[str]:
    """5 photos of 320 by 240 pixels, twenty times over."""
    for index in range(100):
        yield photo_file(index % 5, (320, 240))


def make_icons(sheet: Image.Image) -> bytes:
    """Shrink the 64 icons of a sheet, each so small that the GIL is released for microseconds at a time."""
    small = Image.new("RGB", (8 * 24, 8 * 24))
    for place in range(64):
        top, left = divmod(place, 8)
        icon = sheet.crop((left * 64, top * 64, left * 64 + 64, top * 64 + 64))
        small.paste(icon.resize((24, 24), Image.Resampling.BICUBIC), (left * 24, top * 24))
    return small.tobytes()


def make_icons_inputs() -> Iterator[Image.Image]:
    """5 sheets of 512 by 512 pixels, four times over."""
    for index in range(20):
        with Image.open(photo_file(index % 5, (512, 512))) as sheet:
            yield sheet.convert("RGB")


def find_edges(frame: npt.NDArray[np.uint8]) -> int:
    """How many pixels of a camera's frame lie on an edge, by OpenCV: blur, gradients, threshold."""
    import cv2

    grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (7, 7), 1.5)
    return cv2.countNonZero(cv2.Canny(grey, 40, 120))


def find_edges_inputs() -> Iterator[npt.NDArray[np.uint8]]:
    """5 frames of 640 by 480 pixels, 0.9 MB each, four times over."""
    import cv2

    for index in range(20):
        frame = cv2.imread(photo_file(index % 5, (640, 480)))
        assert frame is not None  # it was written just now
        yield frame.astype("uint8")


def photo_file(seed: int, size: tuple[int, int]) -> str:
    """A JPEG with smooth and with busy parts."""
    path = scratch.folder() / f"photo-{seed}-{size[0]}.jpg"
    if not Path(path).exists():
        smooth = Image.radial_gradient("L").resize(size).rotate(seed * 17)
        busy = Image.effect_mandelbrot(size, (-2 + seed / 40, -1.5, 1, 1.5), 60)
        Image.merge("RGB", (smooth, busy, Image.effect_noise(size, 40))).save(path, "JPEG", quality=90)
    return str(path)
