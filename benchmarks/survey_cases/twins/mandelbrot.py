"""Draw the Mandelbrot set into a grey-scale picture (PGM)."""

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("picture", type=Path)
parser.add_argument("--width", type=int, default=320)
parser.add_argument("--height", type=int, default=240)
parser.add_argument("--limit", type=int, default=150)


def steps(point, limit):
    z = 0j
    count = 0
    while count < limit and z.real * z.real + z.imag * z.imag <= 4.0:
        z = z * z + point
        count += 1
    return count


def draw_row(y, width, height, limit):
    imaginary = 1.2 - 2.4 * y / (height - 1)
    row = bytearray()
    for x in range(width):
        real = -2.2 + 3.2 * x / (width - 1)
        count = steps(complex(real, imaginary), limit)
        row.append(255 - 255 * count // limit)
    return bytes(row)


def main():
    options = parser.parse_args()
    with ProcessPoolExecutor() as pool:
        draw = partial(draw_row, width=options.width, height=options.height, limit=options.limit)
        rows = list(pool.map(draw, range(options.height), chunksize=4))
    header = f"P5 {options.width} {options.height} 255\n".encode()
    options.picture.write_bytes(header + b"".join(rows))
    print(f"{options.picture.name}: {sum(row.count(0) for row in rows)} points in the set")


if __name__ == "__main__":
    main()
