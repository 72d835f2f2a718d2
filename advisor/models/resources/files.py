"""Files, and what reads and writes them: what becomes of them when calls run concurrently."""

from __future__ import annotations

from advisor.models.resources.resource import OPEN_PER_WORKER, Resource

IO_DOCS = "https://docs.python.org/3/library/io.html#multi-threading"
FORK_DOCS = "https://man7.org/linux/man-pages/man2/fork.2.html"
_WRITE_IN_PARENT = (
    "Return what is to be written and write it in the parent as the results come in, or let each call open a file of "
    "its own"
)

FILES: tuple[Resource, ...] = (
    Resource(
        "file written",
        "file",
        "an open file",
        "unsafe",
        "unsafe",
        "unsafe",
        "threads that write to {name} at the same time mix up the parts of what they write",
        "each worker fills its own copy of {name}'s buffer, and what is not flushed when the worker exits is lost",
        "each worker opens {name} anew, and what it has not flushed when it exits is lost",
        _WRITE_IN_PARENT,
        IO_DOCS,
    ),
    Resource(
        "file read",
        "file",
        "an open file",
        "unsafe",
        "unsafe",
        "caution",
        "threads move the position in {name} for each other and read the wrong part",
        "forked workers share the position in {name}, move it for each other and read the wrong part",
        "each worker opens {name} anew and starts at its beginning",
        "Open the file in the call, or read by offset (os.pread), which needs no position",
        FORK_DOCS,
    ),
    Resource(
        "archive read",
        "file",
        "an open archive",
        "caution",
        "unsafe",
        "safe",
        "threads read {name} one at a time",
        "forked workers share the position in {name}'s file, move it for each other and read damaged members",
        "",
        OPEN_PER_WORKER,
        "https://docs.python.org/3/library/zipfile.html",
    ),
    Resource(
        "tar archive",
        "file",
        "an open tar archive",
        "unsafe",
        "unsafe",
        "safe",
        "threads move the position in {name} for each other and read damaged members",
        "forked workers share the position in {name}'s file, move it for each other and read damaged members",
        "",
        OPEN_PER_WORKER,
        "https://docs.python.org/3/library/tarfile.html",
    ),
    Resource(
        "archive written",
        "file",
        "an archive opened for writing",
        "unsafe",
        "unsafe",
        "unsafe",
        "only one member of {name} can be written at a time, and threads that try fail or damage it",
        "each worker writes to {name} with its own copy of the directory, and the archive is damaged",
        "each worker opens {name} anew and overwrites what the others wrote",
        "Return the member's content and add it to the archive in the parent",
        "https://docs.python.org/3/library/zipfile.html#zipfile.ZipFile.open",
    ),
    Resource(
        "mapped file read by position",
        "file",
        "a memory-mapped file",
        "unsafe",
        "safe",
        "safe",
        "threads move the position in {name} for each other and read the wrong part",
        "",
        "",
        "Read slices, {name}[start:end], which need no position",
        "https://docs.python.org/3/library/mmap.html",
    ),
    Resource(
        "scientific file",
        "file",
        "an open data file",
        "caution",
        "unsafe",
        "safe",
        "threads read {name} one at a time",
        "a file that the HDF5 library has open must not be carried into a forked process: {name} returns wrong data "
        "there or fails",
        "",
        OPEN_PER_WORKER,
        "https://docs.h5py.org/en/stable/mpi.html",
    ),
    Resource(
        "unlocked scientific file",
        "file",
        "an open data file",
        "unsafe",
        "unsafe",
        "safe",
        "the library behind {name} is not safe in threads and can crash",
        "a file that the HDF5 library has open must not be carried into a forked process: {name} returns wrong data "
        "there or fails",
        "",
        OPEN_PER_WORKER,
        "https://unidata.github.io/netcdf4-python/",
    ),
    Resource(
        "fixed path",
        "file",
        "a file that every call writes anew",
        "unsafe",
        "unsafe",
        "unsafe",
        "calls overwrite each other's file, {name}",
        "calls overwrite each other's file, {name}",
        "calls overwrite each other's file, {name}",
        "Let each call write to a path of its own, such as one from tempfile",
        "https://docs.python.org/3/library/tempfile.html",
    ),
)
