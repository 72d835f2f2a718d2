"""Video encoding: groups of frames, each encoded by itself."""

from __future__ import annotations

import io
import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from profiles import scratch

WIDTH, HEIGHT, FRAMES, BLOCK, REACH = 160, 96, 6, 16, 2

Frame = npt.NDArray[np.int16]

_rows = np.arange(8)
DCT = np.sqrt(2 / 8) * np.cos(np.pi * (2 * _rows[None, :] + 1) * _rows[:, None] / 16)
DCT[0] /= np.sqrt(2)


def encode_group(path: str) -> bytes:
    """Encode a group of frames as video codecs do: predict each by motion, then transform and compress the residual.

    NumPy works on blocks of 16 by 16 pixels here, too few for letting go of the GIL to matter.
    """
    frames = np.fromfile(path, dtype=np.uint8).reshape(FRAMES, HEIGHT, WIDTH).astype(np.int16)
    packed = [pack(frames[0])]
    for previous, frame in itertools.pairwise(frames):
        predicted, vectors = predict(previous, frame)
        packed.append(bytes(vectors) + pack(frame - predicted))
    return b"".join(packed)


def predict(previous: Frame, frame: Frame) -> tuple[Frame, list[int]]:
    """Each block from where it fits best in the frame before, and the motion of each block."""
    predicted = np.empty_like(frame)
    vectors: list[int] = []
    for top in range(0, HEIGHT, BLOCK):
        for left in range(0, WIDTH, BLOCK):
            y, x = find_motion(previous, frame, top, left)
            predicted[top : top + BLOCK, left : left + BLOCK] = previous[y : y + BLOCK, x : x + BLOCK]
            vectors += [y - top + REACH, x - left + REACH]
    return predicted, vectors


def find_motion(previous: Frame, frame: Frame, top: int, left: int) -> tuple[int, int]:
    """The place within reach with the smallest sum of absolute differences."""
    block = frame[top : top + BLOCK, left : left + BLOCK]
    best, place = 1 << 30, (top, left)
    for y in range(max(0, top - REACH), min(HEIGHT - BLOCK, top + REACH) + 1):
        for x in range(max(0, left - REACH), min(WIDTH - BLOCK, left + REACH) + 1):
            difference = int(np.abs(block - previous[y : y + BLOCK, x : x + BLOCK]).sum())
            if difference < best:
                best, place = difference, (y, x)
    return place


def pack(picture: Frame) -> bytes:
    """Cosine transform of blocks of 8 by 8, coarser numbers, then deflate."""
    blocks = picture.reshape(HEIGHT // 8, 8, WIDTH // 8, 8).swapaxes(1, 2)
    return zlib.compress(np.round(DCT @ blocks @ DCT.T / 12).astype(np.int8).tobytes(), 9)


def encode_group_inputs() -> Iterator[str]:
    """5 groups of 6 frames with a textured square that moves, eight times over."""
    for index in range(40):
        yield group_file(index % 5)


def make_preview(path: str) -> bytes:
    """An animated GIF of a group's frames, by Pillow."""
    frames = np.fromfile(path, dtype=np.uint8).reshape(FRAMES, HEIGHT, WIDTH)
    pictures = [Image.fromarray(frame).resize((WIDTH * 2, HEIGHT * 2)).convert("RGB").quantize(64) for frame in frames]
    result = io.BytesIO()
    pictures[0].save(result, "GIF", save_all=True, append_images=pictures[1:], duration=40)
    return result.getvalue()


def make_preview_inputs() -> Iterator[str]:
    """5 groups of 6 frames, eight times over."""
    yield from encode_group_inputs()


def group_file(seed: int) -> str:
    path = scratch.folder() / f"group-{seed}.raw"
    if not Path(path).exists():
        random = np.random.default_rng(seed)
        scene = random.integers(0, 60, (HEIGHT, WIDTH), dtype=np.uint8)
        square = random.integers(120, 250, (32, 32), dtype=np.uint8)
        frames = np.repeat(scene[None], FRAMES, axis=0)
        for index in range(FRAMES):
            frames[index, 20 + index : 52 + index, 30 + 2 * index : 62 + 2 * index] = square
        path.write_bytes(frames.tobytes())
    return str(path)
