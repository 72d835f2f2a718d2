#!/usr/bin/env python3
"""Make thumbnails and previews of the photos in a folder: thumbnails.py PHOTOS TARGET"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageFilter, ImageOps

SIZES = {"preview": (1024, 768), "thumb": (240, 180)}

if len(sys.argv) != 3:
    sys.exit("usage: thumbnails.py PHOTOS TARGET")

photos, target = sys.argv[1:]
os.makedirs(target, exist_ok=True)


def shrink(name):
    stem = os.path.splitext(name)[0]
    size_on_disk = 0
    with Image.open(os.path.join(photos, name)) as photo:
        photo = ImageOps.exif_transpose(photo).convert("RGB")
        photo = ImageOps.autocontrast(photo, cutoff=1)
        for label, size in SIZES.items():
            small = ImageOps.fit(photo, size, Image.Resampling.LANCZOS)
            small = small.filter(ImageFilter.UnsharpMask(radius=2, percent=80))
            path = os.path.join(target, f"{stem}-{label}.jpg")
            small.save(path, quality=85)
            size_on_disk += os.path.getsize(path)
    return f"{name}: {photo.width}x{photo.height}", size_on_disk


done = 0
saved_bytes = 0
names = [name for name in sorted(os.listdir(photos)) if name.endswith(".jpg")]
with ThreadPoolExecutor(os.cpu_count()) as pool:
    for line, size_on_disk in pool.map(shrink, names):
        saved_bytes += size_on_disk
        done += 1
        print(line)

print(f"{done} photos, {saved_bytes // 1024} KiB of thumbnails")
