"""Resource keys of types, functions and modules, by their full names, so that nothing has to be imported."""

from __future__ import annotations

import functools

# The first match among a type and its bases counts; "" means known to be safe.
TYPES: dict[str, str] = {
    # files and what wraps them; whether they are read or written shows from the object and its use
    "_io._IOBase": "file",
    "tempfile._TemporaryFileWrapper": "file",
    "codecs.StreamReaderWriter": "file",
    "_csv.writer": "csv writer",
    "csv.DictWriter": "csv writer",
    "_csv.Writer": "csv writer",
    "_csv.reader": "csv reader",
    "_csv.Reader": "csv reader",
    "csv.DictReader": "csv reader",
    "zipfile.ZipFile": "archive",
    "numpy.lib.npyio.NpzFile": "archive",
    "numpy.lib._npyio_impl.NpzFile": "archive",
    "tarfile.TarFile": "tar archive",
    "mmap.mmap": "mapped file",
    "pickle.Pickler": "file written",
    "pickle.Unpickler": "file read",
    "_pickle.Pickler": "file written",
    "_pickle.Unpickler": "file read",
    "shelve.Shelf": "embedded database",
    "dbm.dumb._Database": "embedded database",
    "_dbm.dbm": "embedded database",
    "_gdbm.gdbm": "embedded database",
    "dbm.sqlite3._Database": "SQLite connection",
    # connections
    "_socket.socket": "socket",
    "sqlite3.Connection": "SQLite connection",
    "sqlite3.Cursor": "SQLite connection",
    "http.client.HTTPConnection": "protocol connection",
    "ftplib.FTP": "protocol connection",
    "smtplib.SMTP": "protocol connection",
    "imaplib.IMAP4": "protocol connection",
    "poplib.POP3": "protocol connection",
    "nntplib.NNTP": "protocol connection",
    "telnetlib.Telnet": "protocol connection",
    "xmlrpc.client.ServerProxy": "protocol connection",
    "multiprocessing.connection._ConnectionBase": "protocol connection",
    "paramiko.client.SSHClient": "protocol connection",
    "paramiko.sftp_client.SFTPClient": "protocol connection",
    "serial.serialutil.SerialBase": "protocol connection",
    "websocket._core.WebSocket": "protocol connection",
    "psycopg2.extensions.connection": "threaded database client",
    "psycopg2.extensions.cursor": "database connection",
    "psycopg.Connection": "threaded database client",
    "psycopg.connection.Connection": "threaded database client",
    "psycopg.Cursor": "database connection",
    "psycopg.cursor.Cursor": "database connection",
    "psycopg_pool.pool.ConnectionPool": "connection pool",
    "pymysql.connections.Connection": "database connection",
    "pymysql.cursors.Cursor": "database connection",
    "MySQLdb.connections.Connection": "database connection",
    "MySQLdb.cursors.BaseCursor": "database connection",
    "mysql.connector.abstracts.MySQLConnectionAbstract": "database connection",
    "mysql.connector.abstracts.MySQLCursorAbstract": "database connection",
    "mysql.connector.cursor.MySQLCursor": "database connection",
    "mariadb.connections.Connection": "database connection",
    "pyodbc.Connection": "database connection",
    "pyodbc.Cursor": "database connection",
    "oracledb.connection.Connection": "threaded database client",
    "cx_Oracle.Connection": "threaded database client",
    "pymssql._pymssql.Connection": "database connection",
    "duckdb.DuckDBPyConnection": "embedded database",
    "_duckdb.DuckDBPyConnection": "embedded database",
    "duckdb.duckdb.DuckDBPyConnection": "embedded database",
    "apsw.Connection": "threaded database client",
    "peewee.Database": "threaded database client",
    "sqlalchemy.engine.base.Engine": "connection pool",
    "sqlalchemy.engine.base.Connection": "database connection",
    "sqlalchemy.orm.session.Session": "database connection",
    "pymongo.mongo_client.MongoClient": "connection pool",
    "pymongo.synchronous.mongo_client.MongoClient": "connection pool",
    "redis.client.Redis": "",  # its pool checks the process id
    "redis.connection.ConnectionPool": "",
    "redis.client.Pipeline": "database connection",
    "cassandra.cluster.Session": "threaded database client",
    # sessions
    "requests.sessions.Session": "HTTP session",
    "urllib3.request.RequestMethods": "HTTP client",
    "urllib3._request_methods.RequestMethods": "HTTP client",
    "httpx.Client": "HTTP client",
    "httpx._client.Client": "HTTP client",
    "botocore.client.BaseClient": "HTTP client",
    "boto3.session.Session": "HTTP session",
    "boto3.resources.base.ServiceResource": "HTTP session",
    # others
    "subprocess.Popen": "child program",
    "concurrent.futures.thread.ThreadPoolExecutor": "thread pool",
    "multiprocessing.pool.ThreadPool": "thread pool",
    "concurrent.futures.process.ProcessPoolExecutor": "process pool",
    "multiprocessing.pool.Pool": "process pool",
    "generator": "generator",
    "builtins.generator": "generator",
    "itertools.count": "iterator",
    "builtins.list_iterator": "iterator",
    "builtins.tuple_iterator": "iterator",
    "builtins.str_iterator": "iterator",
    "builtins.range_iterator": "iterator",
    "builtins.longrange_iterator": "iterator",
    "builtins.dict_keyiterator": "iterator",
    "builtins.dict_valueiterator": "iterator",
    "builtins.dict_itemiterator": "iterator",
    "builtins.set_iterator": "iterator",
    "builtins.callable_iterator": "iterator",
    "builtins.enumerate": "iterator",
    "builtins.zip": "iterator",
    "builtins.map": "iterator",
    "builtins.filter": "iterator",
    "itertools.chain": "iterator",
    "itertools.islice": "iterator",
    "itertools.product": "iterator",
    "itertools.permutations": "iterator",
    "itertools.combinations": "iterator",
    "queue.Queue": "queue",
    "_queue.SimpleQueue": "queue",
    "random.SystemRandom": "",
    "random.Random": "random generator",
    "numpy.random._generator.Generator": "random generator",
    "numpy.random.mtrand.RandomState": "random generator",
    "h5py._hl.base.HLObject": "scientific file",
    "tables.file.File": "unlocked scientific file",
    "netCDF4._netCDF4.Dataset": "unlocked scientific file",
    "netCDF4._netCDF4.Variable": "unlocked scientific file",
    "weakref.WeakKeyDictionary": "identity map",
    "multiprocessing.sharedctypes.SynchronizedBase": "shared value",
    "asyncio.events.AbstractEventLoop": "event loop",
    "asyncio.runners.Runner": "event loop",
    "_contextvars.ContextVar": "context variable",
    "decimal.Decimal": "decimal value",
    "logging.Logger": "logger",
    "logging.LoggerAdapter": "logger",
    # their next result depends on all earlier input
    "_hashlib.HASH": "running state",
    "_hashlib.HMAC": "running state",
    "hmac.HMAC": "running state",
    "_blake2.blake2b": "running state",
    "_blake2.blake2s": "running state",
    "zlib.Compress": "running state",
    "zlib.Decompress": "running state",
    "_bz2.BZ2Compressor": "running state",
    "_bz2.BZ2Decompressor": "running state",
    "_lzma.LZMACompressor": "running state",
    "_lzma.LZMADecompressor": "running state",
    "codecs.IncrementalEncoder": "running state",
    "codecs.IncrementalDecoder": "running state",
    "xml.etree.ElementTree.XMLPullParser": "running state",
    "xml.etree.ElementTree.XMLParser": "running state",
    "pyexpat.xmlparser": "running state",
}

# Functions that act on the whole process, where the user's own code names them.
FUNCTIONS: dict[str, str] = {
    "os.dup2": "standard streams",
    "signal.alarm": "process timer",
    "signal.setitimer": "process timer",
    "time.tzset": "time zone",
    "random.seed": "random seed",
    "numpy.random.seed": "random seed",
    "asyncio.get_event_loop": "current event loop",
    "unittest.mock.patch": "patched objects",
    "logging.disable": "module setting",
    "logging.captureWarnings": "module setting",
    "logging.setLoggerClass": "module setting",
    "logging.setLogRecordFactory": "module setting",
    "calendar.setfirstweekday": "module setting",
    "csv.field_size_limit": "module setting",
    "csv.register_dialect": "module setting",
    "gettext.install": "module setting",
    "gettext.textdomain": "module setting",
    "mimetypes.add_type": "module setting",
    "resource.setrlimit": "module setting",
    "sys.setrecursionlimit": "module setting",
    "sys.set_int_max_str_digits": "module setting",
    "numpy.set_printoptions": "module setting",
    "numpy.printoptions": "module setting",
    "pandas.option_context": "module setting",
    "pandas.set_option": "module setting",
    "pandas.reset_option": "module setting",
    "matplotlib.rc": "module setting",
    "matplotlib.rc_context": "module setting",
    "matplotlib.use": "module setting",
    "matplotlib.style.use": "module setting",
    "matplotlib.style.context": "module setting",
    "torch.manual_seed": "random seed",
    "torch.set_default_dtype": "module setting",
    "torch.set_num_threads": "module setting",
    "xarray.set_options": "module setting",
    "polars.Config": "module setting",
}
# Those that restore the old setting at the end, so that even equal settings disturb each other.
RESTORING = frozenset(
    {
        "numpy.printoptions",
        "pandas.option_context",
        "pandas.reset_option",
        "matplotlib.rc_context",
        "matplotlib.style.context",
        "xarray.set_options",
        "polars.Config",
    }
)
# Calls of these functions are watched; calls through another name are found only in the code.
NAMED_FUNCTIONS: dict[str, str] = {
    "os.chdir": "working directory",
    "os.fchdir": "working directory",
    "os.putenv": "environment",
    "os.umask": "umask",
    "locale.setlocale": "locale",
    "socket.setdefaulttimeout": "socket time-out",
}
# Modules whose functions all act on one state, except for those that only look something up.
MODULES: dict[str, str] = {"matplotlib.pyplot": "pyplot"}
HARMLESS_FUNCTIONS = frozenset({"get_cmap", "colormaps", "get_backend", "get_fignums"})
CLASSES: dict[str, str] = {"decimal.Decimal": "decimal value"}
LOCKS = frozenset(
    {
        "_thread.lock",
        "_thread.RLock",
        "threading._RLock",
        "threading.Semaphore",
        "threading.Condition",
    }
)


@functools.lru_cache(maxsize=1_000)
def type_names(kind: type) -> tuple[str, ...]:
    """Return the full names of a type and its bases, nearest first."""
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in type.__dict__["__mro__"].__get__(kind))


def resource_of_type(kind: type) -> str:
    """Return the resource key of a type's objects, or '' if they are no resource or known to be safe."""
    return next((TYPES[name] for name in type_names(kind) if name in TYPES), "")


def is_lock(kind: type) -> bool:
    """Return True if a type is a lock or another object that admits one thread at a time."""
    return any(name in LOCKS for name in type_names(kind))
