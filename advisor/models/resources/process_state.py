"""State of the whole process: what becomes of them when calls run concurrently."""

from __future__ import annotations

from advisor.models.resources.resource import Resource

SIGNAL_DOCS = "https://docs.python.org/3/library/signal.html#signals-and-threads"

PROCESS_STATE: tuple[Resource, ...] = (
    Resource(
        "pyplot",
        "process state",
        "pyplot's current figure",
        "unsafe",
        "safe",
        "safe",
        "pyplot has one current figure for all threads, and they draw into each other's",
        "",
        "",
        "Make a matplotlib.figure.Figure in each call, without pyplot, or use processes",
        "https://matplotlib.org/stable/users/faq.html#work-with-threads",
    ),
    Resource(
        "current event loop",
        "process state",
        "the thread's event loop",
        "unsafe",
        "safe",
        "safe",
        "only the main thread has an event loop: calls in other threads fail with “there is no current event loop”",
        "",
        "",
        "Call asyncio.run(…) in each call, which makes a loop of its own, or use processes",
        "https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop",
    ),
    Resource(
        "signal handlers",
        "process state",
        "a signal handler",
        "unsafe",
        "safe",
        "safe",
        "every call in another thread fails: “signal only works in main thread of the main interpreter”",
        "",
        "",
        "Use processes, whose calls run in their main thread, or a time-out that needs no signal",
        SIGNAL_DOCS,
    ),
    Resource(
        "process timer",
        "process state",
        "the timer of the process",
        "unsafe",
        "safe",
        "safe",
        "there is one such timer for all threads: calls cancel each other's, and its signal reaches the main thread",
        "",
        "",
        "Use processes, each of which has a timer, or a time-out that needs no signal",
        SIGNAL_DOCS,
    ),
    *(
        Resource(
            key,
            "process state",
            f"the {key} of the process",
            "unsafe",
            "safe",
            "safe",
            happens,
            "",
            "",
            remedy,
            source,
        )
        for key, happens, remedy, source in (
            (
                "working directory",
                "there is one working directory for all threads: calls resolve relative paths in each other's folder",
                "Use absolute paths and the cwd argument of subprocess.run instead of os.chdir, or use processes",
                "https://docs.python.org/3/library/contextlib.html#contextlib.chdir",
            ),
            (
                "environment",
                "there is one os.environ for all threads: calls see the values that others set",
                "Pass the value as an argument, or env= to subprocess.run, or use processes",
                "https://docs.python.org/3/library/os.html#os.environ",
            ),
            (
                "standard streams",
                "there is one sys.stdout for all threads: calls capture each other's output",
                "Write to a stream of the call's own (print(..., file=...)), or use processes",
                "https://docs.python.org/3/library/contextlib.html#contextlib.redirect_stdout",
            ),
            (
                "umask",
                "there is one umask for all threads: calls create files with each other's permissions",
                "Set the mode of the file itself (os.chmod, or mode= of os.open), or use processes",
                "https://man7.org/linux/man-pages/man2/umask.2.html",
            ),
            (
                "locale",
                "there is one locale for all threads: calls format and parse in each other's",
                "Use a library that takes the locale as an argument, such as Babel, or use processes",
                "https://docs.python.org/3/library/locale.html#background-details-hints-tips-and-caveats",
            ),
            (
                "warning filters",
                "there is one list of warning filters for all threads: calls suppress or raise each other's warnings",
                "Set the filters once, before the calls, or use processes",
                "https://docs.python.org/3/library/warnings.html#warnings.catch_warnings",
            ),
            (
                "import path",
                "there is one sys.path for all threads: calls import each other's modules",
                "Set sys.path once, before the calls, or use processes",
                "https://docs.python.org/3/library/sys.html#sys.path",
            ),
            (
                "socket time-out",
                "there is one default socket time-out for all threads: calls wait for as long as others set",
                "Pass the time-out to the connection itself, or use processes",
                "https://docs.python.org/3/library/socket.html#socket.setdefaulttimeout",
            ),
            (
                "time zone",
                "there is one time zone for all threads: calls convert times in each other's",
                "Use zoneinfo.ZoneInfo instead of time.tzset, or use processes",
                "https://docs.python.org/3/library/time.html#time.tzset",
            ),
            (
                "random seed",
                "there is one global random generator for all threads: a call that seeds it changes what others draw",
                "Give each call a generator of its own, random.Random(seed) or numpy.random.default_rng(seed), or use "
                "processes",
                "https://docs.python.org/3/library/random.html#random.seed",
            ),
            (
                "patched objects",
                "a patch is seen by all threads: calls run with each other's replacements",
                "Pass the replacement as an argument, or use processes",
                "https://docs.python.org/3/library/unittest.mock.html#patch",
            ),
        )
    ),
    Resource(
        "decimal context",
        "process state",
        "the decimal context",
        "unsafe",
        "safe",
        "safe",
        "the decimal context that was set at import holds in its own thread only: other threads compute with the "
        "default precision and rounding",
        "",
        "",
        "Set decimal.DefaultContext before the threads start, or use decimal.localcontext() in the call",
        "https://docs.python.org/3/library/decimal.html#working-with-threads",
    ),
    Resource(
        "context variable",
        "process state",
        "a value set in the main thread only",
        "unsafe",
        "safe",
        "safe",
        "{name} was set in the main thread: other threads do not see the value",
        "",
        "",
        "Set it in the call, or in the pool's initializer",
        "https://docs.python.org/3/library/contextvars.html",
    ),
)
