"""Brightness of a film's frames; each call opens the file."""
import os

from PIL import Image

PATH = "film.tiff"
if not os.path.exists(PATH):
    frames = [Image.new("L", (96, 96), n) for n in range(60)]
    frames[0].save(PATH, save_all=True, append_images=frames[1:])


def brightness(number):
    with Image.open(PATH) as film:
        film.seek(number)
        pixels = film.convert("L").tobytes()
    return number, sum(pixels) // len(pixels)


def make_inputs():
    return [n * 23 % 60 for n in range(400)]
