"""Tone curves for grey rasters, without any imaging library."""


def make_curve(points):
    table = []
    for value in range(256):
        for (x0, y0), (x1, y1) in zip(points, points[1:]):
            if x0 <= value <= x1:
                table.append(round(y0 + (y1 - y0) * (value - x0) / (x1 - x0)))
                break

    def apply(raster):
        height, width = len(raster), len(raster[0])
        toned = [[table[v] for v in row] for row in raster]
        soft = 0
        for y in range(1, height - 1):
            above, row, below = toned[y - 1:y + 2]
            for x in range(1, width - 1):
                soft += abs(4 * row[x] - row[x - 1] - row[x + 1] - above[x] - below[x])
                soft += abs(row[x] - (above[x - 1] + above[x + 1] + below[x - 1] + below[x + 1]) // 4)
        return soft, sum(map(sum, toned))

    return apply


film = make_curve([(0, 8), (64, 40), (160, 190), (255, 250)])


def rasters():
    return [[[(x * y + n * 13 + x * 7) % 256 for x in range(96)] for y in range(96)] for n in range(90)]
