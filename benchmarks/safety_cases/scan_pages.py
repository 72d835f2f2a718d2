"""Ink coverage of each page of a multi-page TIFF scan."""
import os
import tempfile

from PIL import Image, ImageFilter

PAGES = 90


def _scan_file():
    path = os.path.join(tempfile.mkdtemp(prefix="scan-"), "ledger.tif")
    pages = []
    for number in range(PAGES):
        page = Image.linear_gradient("L").rotate(number * 4).resize((500, 650))
        pages.append(page.point(lambda v, k=number: (v * (k + 3)) % 251))
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate")
    return path


ledger = Image.open(_scan_file())


def ink(number):
    ledger.seek(number)
    page = ledger.convert("L").filter(ImageFilter.GaussianBlur(2))
    counts = page.histogram()
    return number, sum(counts[:96]), sum(value * many for value, many in enumerate(counts))


def page_numbers():
    return list(range(PAGES))
