"""The decision matrix and its lists, as rows: what to choose for a kind of task when nothing else is known.

`MATRIX` and `LISTS` are those of the notebook "Understanding Multithreading". `FURTHER` adds kinds of task that the
notebook leaves out and that people ask about. Each row names the words it is known by (a trailing `*` stands for any
ending) and the archetype in `archetypes.json` that stands in for a profile.
"""

from __future__ import annotations

from advisor.describe.sources import GIL_TERM
from advisor.models import MatrixRow, Strategy

_MATRIX = "notebook “Understanding Multithreading”, Decision Matrix"
_FOR_THREADING = "notebook “Understanding Multithreading”, Choose Multithreading when"
_FOR_PROCESSES = "notebook “Understanding Multithreading”, Choose Multiprocessing when"


def _row(
    task: str, recommendation: Strategy, reason: str, source: str, keywords: str, archetype: str, **implied: bool
) -> MatrixRow:
    return MatrixRow(task, recommendation, reason, source, tuple(keywords.split(", ")), archetype, **implied)


MATRIX: tuple[MatrixRow, ...] = (
    _row(
        "Downloading 100 files",
        "threading",
        "I/O bound, waiting for network",
        _MATRIX,
        "download*, upload*, fetch*, urls, wget, ftp, sftp, s3, crawl*, scrap*, web pages",
        "download",
    ),
    _row(
        "Processing 100 images",
        "multiprocessing",
        "CPU bound, can use several cores",
        _MATRIX,
        "image*, photo*, picture*, thumbnail*, jpg*, jpeg*, png*, resiz*, pillow, opencv, cv2, pixel*",
        "image",
    ),
    _row(
        "Web server handling requests",
        "threading",
        "I/O bound, shared state",
        _MATRIX,
        "web server*, http server*, handling requests, flask, django, incoming requests, tcp server*",
        "web-handler",
        shares_state=True,
    ),
    _row(
        "Scientific simulations",
        "multiprocessing",
        "CPU intensive, independent calculations",
        _MATRIX,
        "simulat*, monte carlo, scientific, numerical*, particle*, brute force, genetic algorithm*, optimi*",
        "simulation",
    ),
    _row(
        "Database queries",
        "threading",
        "I/O bound, waiting for the database",
        _MATRIX,
        "database*, sql, postgres*, mysql, quer*, redis, mongo*, sqlalchemy, oracle db",
        "database",
    ),
    _row(
        "Video encoding",
        "multiprocessing",
        "CPU intensive, can be parallelised",
        _MATRIX,
        "video*, encoding, encode*, transcod*, movie*, frames",
        "video",
    ),
    _row(
        "Real-time chat app",
        "threading",
        "I/O bound, needs shared state",
        _MATRIX,
        "chat*, real-time, realtime, websocket*, messenger, discord, telegram, irc",
        "chat",
        shares_state=True,
    ),
    _row(
        "Data analysis (pandas)",
        "multiprocessing",
        "CPU bound, large datasets",
        _MATRIX,
        "pandas, dataframe*, data analysis, dataset*, groupby, statistic*, aggregat*, analyt*",
        "dataframe",
    ),
)

LISTS: tuple[MatrixRow, ...] = (
    _row(
        "File reading and writing",
        "threading",
        "I/O bound, waiting for the disk",
        _FOR_THREADING,
        "file reading, reading files, read files, reading and writing, writing files, copy files, copying, disk, "
        "nfs, file i/o, file io, shared drive",
        "file-io",
    ),
    _row(
        "Network requests (web scraping, API calls)",
        "threading",
        "I/O bound, waiting for network",
        _FOR_THREADING,
        "network, http*, api, apis, rest, api call*, requests, endpoint*, socket*, ssh, snmp, ping*, dns, email*, "
        "smtp, websites, web scraping, web service*, remote, i/o bound, io bound, aws",
        "api-call",
    ),
    _row(
        "Database operations",
        "threading",
        "I/O bound, waiting for the database",
        _FOR_THREADING,
        "database operation*, insert* into, stored procedure*, db call*",
        "database",
    ),
    _row(
        "User-interface responsiveness",
        "threading",
        "the interface must go on while the work waits",
        _FOR_THREADING,
        "gui, user interface, user-interface, responsive*, tkinter, tk, pyqt*, qt, freez*, ui, progress bar, not "
        "responding",
        "gui",
        responsive=True,
    ),
    _row(
        "Shared state: several threads need the same data",
        "threading",
        "threads see the same objects",
        _FOR_THREADING,
        "shared state, share state, same data, shared dict*, shared memory, common state, same object*",
        "shared-state",
        shares_state=True,
    ),
    _row(
        "Minimal memory",
        "threading",
        "threads share one interpreter",
        _FOR_THREADING,
        "minimal memory, little memory, low memory, memory usage, out of memory",
        "shared-state",
    ),
    _row(
        "Fast context switches",
        "threading",
        "switching threads is cheaper than switching processes",
        _FOR_THREADING,
        "context switch*",
        "shared-state",
    ),
    _row(
        "Mathematical calculations",
        "multiprocessing",
        "CPU bound",
        _FOR_PROCESSES,
        "math*, calculat*, comput*, prime*, factor*, fibonacci, permutation*, combinations, integrals, matrix, cpu "
        "bound, cpu intensive, cpu-intensive, crunch*, pure python, pegged, 100% cpu, solver*, algorithm*",
        "calculation",
    ),
    _row(
        "Image and video processing",
        "multiprocessing",
        "CPU bound, can use several cores",
        _FOR_PROCESSES,
        "image processing, video processing, video frame*",
        "image",
    ),
    _row(
        "Data analysis and machine learning",
        "multiprocessing",
        "CPU bound, large datasets",
        _FOR_PROCESSES,
        "machine learning, train*, cross-validat*, cross validat*, classifier*, neural, feature*, grid search",
        "machine-learning",
    ),
    _row(
        "Cryptographic operations",
        "multiprocessing",
        "CPU bound",
        _FOR_PROCESSES,
        "crypto*, encrypt*, decrypt*, hash*, password*, crack*, signature*, key derivation",
        "crypto",
    ),
    _row(
        "True parallelism on several cores",
        "multiprocessing",
        "a GIL for each process",
        _FOR_PROCESSES,
        "true parallelism, all cores, only one core, one core busy, multiple cores, batch data processing",
        "calculation",
    ),
    _row(
        "Independent tasks",
        "multiprocessing",
        "nothing to share between them",
        _FOR_PROCESSES,
        "independent task*, independent calculation*, embarrassingly parallel",
        "calculation",
    ),
    _row(
        "Process isolation",
        "multiprocessing",
        "a crash stays in its process",
        _FOR_PROCESSES,
        "isolat*, segfault*, crash in one",
        "calculation",
    ),
)

FURTHER: tuple[MatrixRow, ...] = (
    _row(
        "Parsing text, JSON or HTML",
        "multiprocessing",
        "re, json and the parsers in Python hold the GIL",
        GIL_TERM,
        "pars*, regex*, regular expression*, json, xml, beautifulsoup, bs4, tokeni*, nlp, pdfminer",
        "parse",
    ),
    _row(
        "Running another program for each item",
        "threading",
        "the other program computes, Python only waits for it",
        "https://docs.python.org/3/library/subprocess.html",
        "subprocess*, ffmpeg, tesseract, imagemagick, pandoc, git, rsync, shell command*, command line tool*, "
        "external program*, another program*, other program*, popen, os.system, nmap, selenium",
        "child-program",
    ),
    _row(
        "Compressing and decompressing",
        "threading",
        "zlib, bz2 and lzma release the GIL",
        "https://docs.python.org/3/library/zlib.html",
        "zlib, gzip*, bz2, lzma, compress*, decompress*",
        "compression",
    ),
)

ROWS: tuple[MatrixRow, ...] = MATRIX + LISTS + FURTHER
