"""Bundles the attachments of a message and checks what a reader would get."""
import logging
import os
import tempfile
import zipfile

log = logging.getLogger(__name__)


def bundle(message):
    number, attachments = message
    with tempfile.TemporaryDirectory(prefix="bundle-") as folder:
        path = os.path.join(folder, "attachments.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in attachments:
                archive.writestr(zipfile.ZipInfo(name), body, zipfile.ZIP_DEFLATED)
        log.debug("message %d: %d bytes", number, os.path.getsize(path))
        with zipfile.ZipFile(path) as archive:
            broken = archive.testzip()
            return number, broken, [(entry.filename, entry.CRC, entry.compress_size) for entry in archive.infolist()]


def messages():
    return [(n, [(f"sheet{k}.txt", "".join(f"{(j * (n + 3) * (k + 1)) % 9973};" for j in range(6000))) for k in range(2)]) for n in range(80)]
