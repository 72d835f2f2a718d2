#!/usr/bin/env python3
"""Make thumbnails and previews of the photos in a folder: thumbnails.py PHOTOS TARGET"""

import os
import sys

from PIL import Image, ImageFilter, ImageOps

SIZES = {"preview": (1024, 768), "thumb": (240, 180)}

if len(sys.argv) != 3:
    sys.exit("usage: thumbnails.py PHOTOS TARGET")

photos, target = sys.argv[1:]
os.makedirs(target, exist_ok=True)

done = 0
saved_bytes = 0
for name in sorted(os.listdir(photos)):
    if not name.endswith(".jpg"):
        continue
    stem = os.path.splitext(name)[0]
    with Image.open(os.path.join(photos, name)) as photo:
        photo = ImageOps.exif_transpose(photo).convert("RGB")
        photo = ImageOps.autocontrast(photo, cutoff=1)
        for label, size in SIZES.items():
            small = ImageOps.fit(photo, size, Image.Resampling.LANCZOS)
            small = small.filter(ImageFilter.UnsharpMask(radius=2, percent=80))
            path = os.path.join(target, f"{stem}-{label}.jpg")
            small.save(path, quality=85)
            saved_bytes += os.path.getsize(path)
    done += 1
    print(f"{name}: {photo.width}x{photo.height}")

print(f"{done} photos, {saved_bytes // 1024} KiB of thumbnails")
