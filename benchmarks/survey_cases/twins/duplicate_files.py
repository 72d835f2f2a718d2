"""Find files with the same content below a folder, and write a manifest with their checksums."""

import hashlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ALGORITHMS = ("md5", "sha1", "sha3_512")
BLOCK = 1 << 20


def checksums(path):
    digests = [hashlib.new(name) for name in ALGORITHMS]
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            for digest in digests:
                digest.update(block)
    return tuple(digest.hexdigest() for digest in digests)


def main(folder, manifest):
    by_content = {}
    lines = []
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, digests in zip(files, pool.map(checksums, files)):
            by_content.setdefault(digests, []).append(path)
            lines.append("  ".join((*digests, path.relative_to(folder).as_posix())))
    manifest.write_text("\n".join(lines) + "\n")

    wasted = 0
    for paths in by_content.values():
        if len(paths) > 1:
            wasted += sum(path.stat().st_size for path in paths[1:])
            print(" = ".join(path.relative_to(folder).as_posix() for path in paths))
    print(f"{len(lines)} files, {wasted} bytes in duplicates")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) / "manifest.txt")
