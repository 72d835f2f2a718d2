import os
import tempfile

from . import reference

_OPENED = {}


def get_reference(build="demo"):
    if build not in _OPENED:
        path = os.path.join(tempfile.mkdtemp(prefix="genomekit-"), build + ".fa")
        reference.write_demo(path)
        _OPENED[build] = reference.Fasta(path)
    return _OPENED[build]
