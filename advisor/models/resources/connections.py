"""Rows for sockets, connections and sessions: how concurrent calls affect them."""

from __future__ import annotations

from advisor.models.resources.resource import OPEN_PER_WORKER, Resource

SQLITE_DOCS = "https://docs.python.org/3/library/sqlite3.html#sqlite3.connect"
SQLITE_FORK = "https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_"
DB_API = "https://peps.python.org/pep-0249/#threadsafety"
SQLITE_TRANSACTIONS = "https://www.sqlite.org/lang_transaction.html"
SQLITE_INSERTED = "SQLite file written"
SQLITE_UPDATED = "SQLite rows updated"
MAX_CONNECTIONS = 32  # that a server is sure to accept from one program

CONNECTIONS: tuple[Resource, ...] = (
    Resource(
        "socket",
        "socket",
        "a connected socket",
        "unsafe",
        "unsafe",
        "safe",
        "threads that use {name} at the same time read each other's replies",
        "forked workers share one connection, {name}, and read each other's replies",
        "",
        OPEN_PER_WORKER,
        "https://docs.python.org/3/howto/sockets.html",
        per_thread=MAX_CONNECTIONS,
    ),
    Resource(
        "protocol connection",
        "connection",
        "an open connection",
        "unsafe",
        "unsafe",
        "safe",
        "{name} handles one request at a time: threads that share it fail or get each other's replies",
        "forked workers share one connection, {name}, and get each other's replies",
        "",
        OPEN_PER_WORKER,
        "https://docs.python.org/3/library/http.client.html#http.client.HTTPConnection",
        per_thread=MAX_CONNECTIONS,
    ),
    Resource(
        "SQLite connection",
        "connection",
        "an SQLite connection",
        "unsafe",
        "unsafe",
        "safe",
        "calls in other threads fail with “SQLite objects created in a thread can only be used in that same thread” "
        "({name})",
        "an SQLite connection must not be used after a fork: in a worker, {name} can return wrong data and corrupt "
        "the database",
        "",
        OPEN_PER_WORKER,
        SQLITE_FORK,
        per_thread=256,
    ),
    Resource(
        "SQLite connection of all threads",
        "connection",
        "an SQLite connection",
        "caution",
        "unsafe",
        "safe",
        "threads that share {name} share its transaction: one thread can commit or roll back the unfinished work of "
        "another",
        "an SQLite connection must not be used after a fork: in a worker, {name} can return wrong data and corrupt "
        "the database",
        "",
        OPEN_PER_WORKER,
        SQLITE_DOCS,
    ),
    Resource(
        "SQLite connection written",
        "connection",
        "an SQLite connection",
        "unsafe",
        "unsafe",
        "unsafe",
        "calls in other threads fail with “SQLite objects created in a thread can only be used in that same thread” "
        "({name})",
        "an SQLite connection must not be used after a fork: in a worker, {name} can return wrong data and corrupt "
        "the database",
        "each worker has its own {name}, and in-memory or uncommitted writes are lost",
        "Return the rows, and write them in the parent process as the results arrive",
        SQLITE_FORK,
    ),
    Resource(
        SQLITE_INSERTED,
        "connection",
        "an SQLite connection",
        "unsafe",
        "unsafe",
        "safe",
        "every call in another thread fails: “SQLite objects created in a thread can only be used in that same "
        "thread” ({name})",
        "an SQLite connection must not be carried into a forked process: {name} can return wrong data there and damage "
        "the database",
        "",
        OPEN_PER_WORKER,
        SQLITE_FORK,
        "each worker imports the module itself and has its own {name}. Workers write one at a time, and one that waits "
        "longer than the connection's time-out fails with “database is locked”",
    ),
    Resource(
        SQLITE_UPDATED,
        "connection",
        "an SQLite connection",
        "unsafe",
        "unsafe",
        "unsafe",
        "calls read values through {name} before they update them, and overwrite what other threads wrote in between",
        "an SQLite connection must not be carried into a forked process: {name} can return wrong data there and damage "
        "the database",
        "calls read values through {name} before they update them, and overwrite what other processes wrote in between",
        "Let the database compute the new value (UPDATE … SET n = n + 1), or update in the parent process as results "
        "arrive",
        SQLITE_TRANSACTIONS,
    ),
    Resource(
        "embedded database",
        "connection",
        "an embedded database",
        "unsafe",
        "unsafe",
        "caution",
        "threads that share {name} interleave their reads and writes",
        "forked workers share the file behind {name} and do not see each other's writes",
        "each worker opens {name} again, which fails if its file is locked, and in-memory writes are lost",
        OPEN_PER_WORKER,
        "https://duckdb.org/docs/stable/connect/concurrency",
    ),
    Resource(
        "database connection",
        "connection",
        "a database connection",
        "unsafe",
        "unsafe",
        "safe",
        "threads that share {name} interleave their statements and transactions",
        "forked workers share the one connection behind {name} and read each other's replies",
        "",
        OPEN_PER_WORKER,
        DB_API,
        per_thread=MAX_CONNECTIONS,
    ),
    Resource(
        "threaded database client",
        "connection",
        "a database client",
        "caution",
        "unsafe",
        "safe",
        "threads that share {name} share its transaction",
        "forked workers share the connections behind {name} and read each other's replies",
        "",
        OPEN_PER_WORKER,
        DB_API,
    ),
    Resource(
        "connection pool",
        "connection",
        "a pool of connections",
        "safe",
        "caution",
        "safe",
        "",
        "all workers share the connections that {name} opened before the fork",
        "",
        "Create it in each worker, in the pool's initializer",
        "https://docs.sqlalchemy.org/en/20/core/pooling.html#using-connection-pools-with-multiprocessing-or-os-fork",
    ),
    Resource(
        "HTTP session",
        "session",
        "an HTTP session",
        "caution",
        "caution",
        "safe",
        "threads that share {name} share its cookies and headers, which no lock protects",
        "all workers share the connections that {name} opened before the fork",
        "",
        OPEN_PER_WORKER,
        "https://github.com/psf/requests/issues/2766",
    ),
    Resource(
        "HTTP client",
        "session",
        "an HTTP client",
        "safe",
        "caution",
        "safe",
        "",
        "all workers share the connections that {name} opened before the fork",
        "",
        "Create it in each worker, in the pool's initializer",
        "https://www.python-httpx.org/advanced/clients/",
    ),
)
