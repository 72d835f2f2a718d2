"""Remove the periodic noise from camera frames (.npy) and report their sharpness."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np


def ring_mask(shape, inner, outer):
    y, x = np.indices(shape)
    distance = np.hypot(y - shape[0] / 2, x - shape[1] / 2)
    return ((distance < inner) | (distance > outer)).astype(np.float64)


def denoise(frame, mask):
    spectrum = np.fft.fftshift(np.fft.fft2(frame))
    spectrum *= mask
    return np.fft.ifft2(np.fft.ifftshift(spectrum)).real


def sharpness(frame):
    dy, dx = np.gradient(frame)
    return float(np.sqrt(dx * dx + dy * dy).mean())


def process(folder, target):
    mask = ring_mask((1024, 1024), 60, 90)

    def process_frame(path):
        frame = np.load(path).astype(np.float64)
        clean = denoise(frame, mask)
        low, high = np.percentile(clean, (1, 99))
        scaled = np.clip((clean - low) / (high - low), 0, 1)
        np.save(target / path.name, (255 * scaled).round().astype(np.uint8))
        return path.stem, sharpness(frame), sharpness(clean)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(process_frame, sorted(folder.glob("frame-*.npy"))))


def main():
    for name, before, after in process(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{name}: {before:.4f} -> {after:.4f}")


if __name__ == "__main__":
    main()
