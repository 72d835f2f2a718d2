"""Reference workloads: real functions with inputs, on which the advice is compared with measurements.

`WORKLOADS` lists them. Each is an importable function with a callable that makes its inputs, so that each can be tried
by hand: `advise profiles.web:download --inputs profiles.web:download_inputs`.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Workload:
    """A function to advise on, and the job it is part of."""

    name: str
    target: str  # as the command line takes it
    inputs: str  # a callable that yields the arguments, one per call
    calls: int  # of a typical job: 1 to 2.5 s sequentially; inputs repeat to fill it
    row: str  # the task that it represents in `advise matrix`
    what: str
    packages: tuple[str, ...] = ()  # by the names they are imported under
    programs: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """Return the kind of work, which is also the name of the module."""
        return self.name.partition(".")[0]

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the packages and programs that this workload needs and that are not installed."""
        packages = tuple(name for name in self.packages if importlib.util.find_spec(name) is None)
        return packages + tuple(name for name in self.programs if shutil.which(name) is None)


def _workload(
    spec: str,
    calls: int,
    row: str,
    what: str,
    *,
    variant: str = "",
    packages: tuple[str, ...] = (),
    programs: tuple[str, ...] = (),
) -> Workload:
    """Return a workload named after its function, whose inputs are defined beside it."""
    suffix = f"_{variant.replace('-', '_')}" if variant else ""
    name = spec.replace(":", ".") + (f".{variant}" if variant else "")
    target = f"profiles.{spec}"
    return Workload(name, target, f"{target}{suffix}_inputs", calls, row, what, packages, programs)


WORKLOADS: Final = (
    _workload("web:download", 100, "Downloading 100 files", "downloads of 64 KiB, 15–34 ms away"),
    _workload("web:stream", 100, "Downloading 100 files", "the same as a coroutine"),
    _workload(
        "web:call_api",
        50,
        "Network requests (web scraping, API calls)",
        "an API asked with requests, 40–59 ms away",
        packages=("requests",),
    ),
    _workload(
        "web:handle_request", 180, "Web server handling requests", "a visit counted, a service asked, a page made"
    ),
    _workload(
        "web:poll_feed",
        80,
        "Network requests (web scraping, API calls)",
        "a coroutine that asks with aiohttp, 20–29 ms away",
        packages=("aiohttp",),
    ),
    _workload(
        "web:scrape",
        45,
        "Network requests (web scraping, API calls)",
        "10 ms of download by httpx, more of TLS context and BeautifulSoup",
        packages=("httpx", "bs4", "lxml"),
    ),
    _workload("web:await_report", 20, "Network requests (web scraping, API calls)", "a service that takes 0.3 s"),
    _workload("chat:say", 100, "Real-time chat app", "three lines said in a room, shared history kept"),
    _workload("database:query_remote", 200, "Database queries", "orders of a customer, 8–13 ms away"),
    _workload("database:query_file", 90, "Database operations", "an SQLite file: sums by article"),
    _workload(
        "database:list_sales",
        500,
        "Database operations",
        "400 rows of an SQLite file as objects of SQLAlchemy's",
        packages=("sqlalchemy",),
    ),
    _workload("database:import_sales", 800, "Database operations", "batches into an SQLite file, which has one writer"),
    _workload("files:read_log", 180, "File reading and writing", "logs in the page cache, counted by level"),
    _workload("files:write_report", 4000, "File reading and writing", "64 KiB written and synced to disk"),
    _workload("files:fingerprint_folder", 7000, "File reading and writing", "12 small files in the page cache, hashed"),
    _workload("files:search_archive", 150, "File reading and writing", "20 logs unpacked from a zip archive"),
    _workload("files:read_packed_log", 100, "File reading and writing", "a gzip'd log, line by line"),
    _workload(
        "queues:handle_order",
        250,
        "Network requests (web scraping, API calls)",
        "a message from a broker: taken, handled, acknowledged",
        packages=("redis",),
    ),
    _workload(
        "queues:publish_event",
        7000,
        "Network requests (web scraping, API calls)",
        "a small message to a broker that has it at once",
        packages=("redis",),
    ),
    _workload(
        "queues:send_mail", 100, "Network requests (web scraping, API calls)", "a mail by SMTP: seven short answers"
    ),
    _workload(
        "locks:call_limited_api",
        100,
        "Network requests (web scraping, API calls)",
        "a server that lets all but four clients queue",
    ),
    _workload(
        "locks:weigh", 300, "Shared state: several threads need the same data", "a lock around a device, 3 ms of 5 ms"
    ),
    _workload(
        "locks:borrow_connection",
        120,
        "Network requests (web scraping, API calls)",
        "a pool of two connections",
        packages=("urllib3",),
    ),
    _workload(
        "locks:book_stock",
        500,
        "Shared state: several threads need the same data",
        "a file's lock, which holds processes too",
        packages=("fcntl",),
    ),
    _workload(
        "mixed:collect_links",
        80,
        "Network requests (web scraping, API calls)",
        "30 ms of download, 2 ms of parsing",
        variant="mostly-waiting",
    ),
    _workload(
        "mixed:collect_links",
        120,
        "Network requests (web scraping, API calls)",
        "8 ms of download, more of parsing",
        variant="mostly-parsing",
    ),
    _workload("mixed:fill_basket", 80, "Network requests (web scraping, API calls)", "as much pure Python as waiting"),
    _workload(
        "mixed:find_duplicates", 20, "Network requests (web scraping, API calls)", "a tenth of waiting, then difflib"
    ),
    _workload(
        "mixed:archive_download", 90, "Downloading 100 files", "a download, then SHA-256 and zlib, the GIL released"
    ),
    _workload(
        "mixed:count_digits",
        80,
        "Running another program for each item",
        "sort as a child program, its output counted in Python",
        programs=("sort",),
    ),
    _workload("images:make_thumbnail", 60, "Processing 100 images", "JPEGs shrunk by Pillow", packages=("PIL",)),
    _workload("images:tint_pixels", 60, "Processing 100 images", "sepia, pixel by pixel", packages=("PIL",)),
    _workload("images:make_icons", 500, "Image and video processing", "64 small crops by Pillow", packages=("PIL",)),
    _workload(
        "images:find_edges",
        3_500,
        "Image and video processing",
        "OpenCV on all cores, frames of 0.9 MB",
        packages=("PIL", "cv2"),
    ),
    _workload("video:encode_group", 60, "Video encoding", "motion, transform, deflate", packages=("numpy", "PIL")),
    _workload("video:make_preview", 40, "Video encoding", "an animated GIF of frames", packages=("numpy", "PIL")),
    _workload(
        "dataframes:analyse_region", 120, "Data analysis (pandas)", "CSV, groups, pivot, merge", packages=("pandas",)
    ),
    _workload("dataframes:summarise", 90, "Data analysis (pandas)", "groups of a 6 MB frame", packages=("pandas",)),
    _workload(
        "dataframes:rate_orders", 200, "Data analysis (pandas)", "a lambda applied row by row", packages=("pandas",)
    ),
    _workload(
        "dataframes:count_visits",
        350,
        "Data analysis (pandas)",
        "two columns of a Parquet file, by pyarrow",
        packages=("pandas", "pyarrow"),
    ),
    _workload("simulation:price_option", 150, "Scientific simulations", "Monte Carlo in pure Python"),
    _workload("simulation:move_planets", 140, "Scientific simulations", "five bodies, runs of unlike length"),
    _workload(
        "simulation:serve_customers",
        700,
        "Scientific simulations",
        "a bank's queue in SimPy",
        packages=("simpy",),
    ),
    _workload("crypto:fingerprint", 300, "Cryptographic operations", "SHA-256 of blobs of 8 MiB"),
    _workload("crypto:derive_key", 210, "Cryptographic operations", "PBKDF2, the GIL released"),
    _workload("crypto:stretch_key", 80, "Cryptographic operations", "scrypt, the GIL released, 8 MiB each"),
    _workload("crypto:sign_messages", 540, "Cryptographic operations", "HMACs of short messages, the GIL held"),
    _workload(
        "crypto:check_backup",
        1_500,
        "Cryptographic operations",
        "AES-GCM of files of 4 MiB",
        packages=("cryptography",),
    ),
    _workload(
        "crypto:sign_document",
        20_000,
        "Cryptographic operations",
        "Ed25519, less than 0.1 ms each",
        packages=("cryptography",),
    ),
    _workload("compression:deflate", 270, "Compressing and decompressing", "zlib of 375 kB files"),
    _workload("compression:pack_bz2", 180, "Compressing and decompressing", "bzip2 of 150 kB files"),
    _workload("compression:pack_lzma", 180, "Compressing and decompressing", "LZMA of 150 kB files"),
    _workload(
        "compression:pack_zstd",
        300,
        "Compressing and decompressing",
        "Zstandard of 375 kB files",
        packages=("zstandard",),
    ),
    _workload("compression:gzip_message", 100_000, "Compressing and decompressing", "gzip of messages of a kilobyte"),
    _workload("text:revise_orders", 270, "Parsing text, JSON or HTML", "JSON of 160 kB read and written"),
    _workload("text:scan_log", 270, "Parsing text, JSON or HTML", "a regular expression over a log"),
    _workload("text:find_links", 180, "Parsing text, JSON or HTML", "a page through html.parser"),
    _workload(
        "text:read_prices", 80, "Parsing text, JSON or HTML", "a page through BeautifulSoup", packages=("bs4", "lxml")
    ),
    _workload(
        "text:find_bargains", 280, "Parsing text, JSON or HTML", "a page through lxml and XPath", packages=("lxml",)
    ),
    _workload(
        "text:read_manifest", 20, "Parsing text, JSON or HTML", "YAML of 290 kB, half a second each", packages=("yaml",)
    ),
    _workload(
        "numeric:find_median", 120, "Mathematical calculations", "np.sort, the GIL released", packages=("numpy",)
    ),
    _workload("numeric:track_target", 210, "Mathematical calculations", "matrices of 4 by 4", packages=("numpy",)),
    _workload("numeric:total_invoice", 4_000, "Mathematical calculations", "an array of Decimals", packages=("numpy",)),
    _workload(
        "numeric:fit_growth",
        8_000,
        "Mathematical calculations",
        "SciPy's solver, 0.2 ms each",
        packages=("numpy", "scipy"),
    ),
    _workload(
        "numeric:average_load",
        60,
        "Mathematical calculations",
        "a moving average of 32 MB, memory bound",
        packages=("numpy",),
    ),
    _workload("parallel:solve_system", 100, "Mathematical calculations", "BLAS on all cores", packages=("numpy",)),
    _workload(
        "parallel:find_similar",
        250,
        "Data analysis and machine learning",
        "embeddings by BLAS on all cores",
        packages=("numpy",),
    ),
    _workload(
        "parallel:total_sales",
        100,
        "Data analysis (pandas)",
        "polars on all cores, a CSV file of 4 MB",
        packages=("numpy", "polars"),
    ),
    _workload(
        "parallel:evaluate_model",
        20,
        "Data analysis and machine learning",
        "boosting by OpenMP on all cores",
        packages=("numpy", "sklearn"),
    ),
    _workload(
        "learning:evaluate_fold",
        20,
        "Data analysis and machine learning",
        "a forest grown in half a second",
        packages=("sklearn",),
    ),
    _workload(
        "learning:rate_batch",
        500,
        "Data analysis and machine learning",
        "a fitted forest in the argument, 0.9 MB",
        packages=("sklearn",),
    ),
    _workload(
        "learning:score_customer",
        6_000,
        "Data analysis and machine learning",
        "one prediction, 0.25 ms",
        packages=("sklearn",),
    ),
    _workload(
        "learning:find_keywords",
        280,
        "Data analysis and machine learning",
        "TF-IDF of 60 documents",
        packages=("sklearn",),
    ),
    _workload(
        "programs:sort_lines",
        100,
        "Running another program for each item",
        "sort as a child program",
        programs=("sort",),
    ),
    _workload("programs:run_script", 50, "Running another program for each item", "an interpreter as a child program"),
    _workload(
        "programs:add_up_column",
        1_000,
        "Running another program for each item",
        "awk on a small file",
        programs=("awk",),
    ),
    _workload("payloads:make_tile", 420, "Independent tasks", "results of 8 MB"),
    _workload(
        "payloads:measure_level", 500, "Independent tasks", "arguments of 8 MB, little to do", packages=("numpy",)
    ),
    _workload("payloads:read_deliveries", 160, "Independent tasks", "results of 4,000 objects"),
    _workload("payloads:TERRAIN.climb", 180, "Independent tasks", "a method of an object of 4 MB"),
    _workload("unpicklable:apply_rule", 540, "Independent tasks", "an argument that can't be pickled"),
    _workload("unpicklable:rank_customers", 300, "Database operations", "an argument with a connection to SQLite"),
    _workload(
        "unpicklable:parse_page",
        280,
        "Parsing text, JSON or HTML",
        "a result that can't be pickled",
        packages=("lxml",),
    ),
    _workload("uneven:factorise", 200, "Mathematical calculations", "computing, 5 % of the calls 20 times as long"),
    _workload("uneven:compare", 200, "Parsing text, JSON or HTML", "computing, the shortest calls first"),
    _workload(
        "uneven:fetch_report",
        200,
        "Network requests (web scraping, API calls)",
        "waiting, 5 % of the calls 20 times as long",
    ),
    _workload("tiny:clamp", 100_000, "Independent tasks", "less than a microsecond"),
    _workload("tiny:parse_date", 100_000, "Independent tasks", "strptime, 7 µs"),
    _workload("tiny:normalise_address", 60_000, "Independent tasks", "regular expressions on a few lines, 20 µs"),
    _workload("tiny:validate_record", 15_000, "Independent tasks", "an order through pydantic, 0.1 ms"),
)


def find(name: str) -> Workload:
    """Return the workload of that name; raise LookupError if there is none."""
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    known = ", ".join(workload.name for workload in WORKLOADS)
    raise LookupError(f"no workload is called {name!r}; there are {known}")


def choose(names: Sequence[str]) -> list[Workload]:
    """Return the workloads with these names or families, in the order named; all if none is named.

    Raises LookupError for a name that is neither.
    """
    chosen: list[Workload] = []
    for name in names:
        chosen += [workload for workload in WORKLOADS if name == workload.family] or [find(name)]
    return list(dict.fromkeys(chosen)) if names else list(WORKLOADS)
