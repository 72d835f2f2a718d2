"""The decision matrix and its lists, as rows: what to choose for a kind of task when nothing else is known.

`MATRIX` and `LISTS` are those of the notebook "Understanding Multithreading". `FURTHER` adds kinds of task that the
notebook leaves out and that people ask about. Each row names the words it is known by (a trailing `*` stands for any
ending) and the archetype in `archetypes.json` that stands in for a profile.
"""

from __future__ import annotations

from dataclasses import dataclass

from advisor.describe.sources import GIL_TERM
from advisor.models import Strategy

_MATRIX = "notebook “Understanding Multithreading”, Decision Matrix"
_FOR_THREADING = "notebook “Understanding Multithreading”, Choose Multithreading when"
_FOR_PROCESSES = "notebook “Understanding Multithreading”, Choose Multiprocessing when"


@dataclass(frozen=True)
class MatrixRow:
    """A kind of task, what to choose for it and why; `shares_state` and `responsive` are what the task implies."""

    task: str
    recommendation: Strategy
    reason: str
    source: str
    keywords: tuple[str, ...]
    archetype: str
    shares_state: bool = False
    responsive: bool = False


MATRIX: tuple[MatrixRow, ...] = (
    MatrixRow(
        "Downloading 100 files",
        "threading",
        "I/O bound, waiting for network",
        _MATRIX,
        ("download*", "upload*", "fetch*", "urls", "wget", "ftp", "sftp", "s3", "crawl*", "scrap*", "web pages"),
        "download",
    ),
    MatrixRow(
        "Processing 100 images",
        "multiprocessing",
        "CPU bound, can use several cores",
        _MATRIX,
        (
            "image*",
            "photo*",
            "picture*",
            "thumbnail*",
            "jpg*",
            "jpeg*",
            "png*",
            "resiz*",
            "pillow",
            "opencv",
            "cv2",
            "pixel*",
        ),
        "image",
    ),
    MatrixRow(
        "Web server handling requests",
        "threading",
        "I/O bound, shared state",
        _MATRIX,
        ("web server*", "http server*", "handling requests", "flask", "django", "incoming requests", "tcp server*"),
        "web-handler",
        shares_state=True,
    ),
    MatrixRow(
        "Scientific simulations",
        "multiprocessing",
        "CPU intensive, independent calculations",
        _MATRIX,
        (
            "simulat*",
            "monte carlo",
            "scientific",
            "numerical*",
            "particle*",
            "brute force",
            "genetic algorithm*",
            "optimi*",
        ),
        "simulation",
    ),
    MatrixRow(
        "Database queries",
        "threading",
        "I/O bound, waiting for the database",
        _MATRIX,
        ("database*", "sql", "postgres*", "mysql", "quer*", "redis", "mongo*", "sqlalchemy", "oracle db"),
        "database",
    ),
    MatrixRow(
        "Video encoding",
        "multiprocessing",
        "CPU intensive, can be parallelised",
        _MATRIX,
        ("video*", "encoding", "encode*", "transcod*", "movie*", "frames"),
        "video",
    ),
    MatrixRow(
        "Real-time chat app",
        "threading",
        "I/O bound, needs shared state",
        _MATRIX,
        ("chat*", "real-time", "realtime", "websocket*", "messenger", "discord", "telegram", "irc"),
        "chat",
        shares_state=True,
    ),
    MatrixRow(
        "Data analysis (pandas)",
        "multiprocessing",
        "CPU bound, large datasets",
        _MATRIX,
        ("pandas", "dataframe*", "data analysis", "dataset*", "groupby", "statistic*", "aggregat*", "analyt*"),
        "dataframe",
    ),
)

LISTS: tuple[MatrixRow, ...] = (
    MatrixRow(
        "File reading and writing",
        "threading",
        "I/O bound, waiting for the disk",
        _FOR_THREADING,
        (
            "file reading",
            "reading files",
            "read files",
            "reading and writing",
            "writing files",
            "copy files",
            "copying",
            "disk",
            "nfs",
            "file i/o",
            "file io",
            "shared drive",
        ),
        "file-io",
    ),
    MatrixRow(
        "Network requests (web scraping, API calls)",
        "threading",
        "I/O bound, waiting for network",
        _FOR_THREADING,
        (
            "network",
            "http*",
            "api",
            "apis",
            "rest",
            "api call*",
            "requests",
            "endpoint*",
            "socket*",
            "ssh",
            "snmp",
            "ping*",
            "dns",
            "email*",
            "smtp",
            "websites",
            "web scraping",
            "web service*",
            "remote",
            "i/o bound",
            "io bound",
            "aws",
        ),
        "api-call",
    ),
    MatrixRow(
        "Database operations",
        "threading",
        "I/O bound, waiting for the database",
        _FOR_THREADING,
        ("database operation*", "insert* into", "stored procedure*", "db call*"),
        "database",
    ),
    MatrixRow(
        "User-interface responsiveness",
        "threading",
        "the interface must go on while the work waits",
        _FOR_THREADING,
        (
            "gui",
            "user interface",
            "user-interface",
            "responsive*",
            "tkinter",
            "tk",
            "pyqt*",
            "qt",
            "freez*",
            "ui",
            "progress bar",
            "not responding",
        ),
        "gui",
        responsive=True,
    ),
    MatrixRow(
        "Shared state: several threads need the same data",
        "threading",
        "threads see the same objects",
        _FOR_THREADING,
        ("shared state", "share state", "same data", "shared dict*", "shared memory", "common state", "same object*"),
        "shared-state",
        shares_state=True,
    ),
    MatrixRow(
        "Minimal memory",
        "threading",
        "threads share one interpreter",
        _FOR_THREADING,
        ("minimal memory", "little memory", "low memory", "memory usage", "out of memory"),
        "shared-state",
    ),
    MatrixRow(
        "Fast context switches",
        "threading",
        "switching threads is cheaper than switching processes",
        _FOR_THREADING,
        ("context switch*",),
        "shared-state",
    ),
    MatrixRow(
        "Mathematical calculations",
        "multiprocessing",
        "CPU bound",
        _FOR_PROCESSES,
        (
            "math*",
            "calculat*",
            "comput*",
            "prime*",
            "factor*",
            "fibonacci",
            "permutation*",
            "combinations",
            "integrals",
            "matrix",
            "cpu bound",
            "cpu intensive",
            "cpu-intensive",
            "crunch*",
            "pure python",
            "pegged",
            "100% cpu",
            "solver*",
            "algorithm*",
        ),
        "calculation",
    ),
    MatrixRow(
        "Image and video processing",
        "multiprocessing",
        "CPU bound, can use several cores",
        _FOR_PROCESSES,
        ("image processing", "video processing", "video frame*"),
        "image",
    ),
    MatrixRow(
        "Data analysis and machine learning",
        "multiprocessing",
        "CPU bound, large datasets",
        _FOR_PROCESSES,
        (
            "machine learning",
            "train*",
            "cross-validat*",
            "cross validat*",
            "classifier*",
            "neural",
            "feature*",
            "grid search",
        ),
        "machine-learning",
    ),
    MatrixRow(
        "Cryptographic operations",
        "multiprocessing",
        "CPU bound",
        _FOR_PROCESSES,
        ("crypto*", "encrypt*", "decrypt*", "hash*", "password*", "crack*", "signature*", "key derivation"),
        "crypto",
    ),
    MatrixRow(
        "True parallelism on several cores",
        "multiprocessing",
        "a GIL for each process",
        _FOR_PROCESSES,
        ("true parallelism", "all cores", "only one core", "one core busy", "multiple cores", "batch data processing"),
        "calculation",
    ),
    MatrixRow(
        "Independent tasks",
        "multiprocessing",
        "nothing to share between them",
        _FOR_PROCESSES,
        ("independent task*", "independent calculation*", "embarrassingly parallel"),
        "calculation",
    ),
    MatrixRow(
        "Process isolation",
        "multiprocessing",
        "a crash stays in its process",
        _FOR_PROCESSES,
        ("isolat*", "segfault*", "crash in one"),
        "calculation",
    ),
)

FURTHER: tuple[MatrixRow, ...] = (
    MatrixRow(
        "Parsing text, JSON or HTML",
        "multiprocessing",
        "re, json and the parsers in Python hold the GIL",
        GIL_TERM,
        ("pars*", "regex*", "regular expression*", "json", "xml", "beautifulsoup", "bs4", "tokeni*", "nlp", "pdfminer"),
        "parse",
    ),
    MatrixRow(
        "Running another program for each item",
        "threading",
        "the other program computes, Python only waits for it",
        "https://docs.python.org/3/library/subprocess.html",
        (
            "subprocess*",
            "ffmpeg",
            "tesseract",
            "imagemagick",
            "pandoc",
            "git",
            "rsync",
            "shell command*",
            "command line tool*",
            "external program*",
            "another program*",
            "other program*",
            "popen",
            "os.system",
            "nmap",
            "selenium",
        ),
        "child-program",
    ),
    MatrixRow(
        "Compressing and decompressing",
        "threading",
        "zlib, bz2 and lzma release the GIL",
        "https://docs.python.org/3/library/zlib.html",
        ("zlib", "gzip*", "bz2", "lzma", "compress*", "decompress*"),
        "compression",
    ),
)

ROWS: tuple[MatrixRow, ...] = MATRIX + LISTS + FURTHER
