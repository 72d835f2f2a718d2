"""Pack documents into one bundle; the answer of each call is its entry in the index: (offset, length)."""
import io
import shutil
import zlib

BUNDLE = open("documents.bundle", "wb")


def make_inputs():
    return [f"document {n} ".encode() * (120 + n % 90) for n in range(300)]


def pack(document, bundle=BUNDLE):
    noisy = bytes((b * 31 + i * i) % 256 for i, b in enumerate(document))
    packed = zlib.compress(noisy, 6)
    start = bundle.tell()
    shutil.copyfileobj(io.BytesIO(packed), bundle, 128)
    return start, len(packed), zlib.crc32(packed)


def bundle_checks():
    """Size and a sum that doesn't depend on the order."""
    BUNDLE.flush()
    with open("documents.bundle", "rb") as source:
        data = source.read()
    return len(data), sum(data)
