"""Upper bounds on everything that comes from outside.

A larger value is rejected with an error that names the bound, or cut where the comment says so.
"""

from __future__ import annotations

MAX_CALLS = 10**12  # of one job
MAX_CORES = 4096  # of one host
MAX_WORKERS = 1000  # worker processes of the service, and threads of each
MAX_MEMORY = 10**18  # bytes
MAX_SECONDS = 1e6  # of a budget, a time-out or one call
MAX_RACING_CALLS = 8  # at once, in a search for races
MIN_RACE_SECONDS = 0.1  # of a search for races
MAX_SEED_DIGITS = 4000  # of a search for races, or of its finding; Python reads at most 4300
MAX_TEXT = 10_000  # characters of a text in a record

MAX_DESCRIPTION = 20_000  # characters; a longer one is cut by the reader and refused by the service
MAX_CLASSIFIED_TEXT = 3_000  # characters; the first lines of a longer text, such as a pasted log, say what it is about
MAX_DESCRIPTION_INPUT = 1_000_000  # bytes of a description on standard input
MAX_COUNT_IN_TEXT = 10**9  # calls that a description may name
MAX_NUMBER_IN_TEXT = 1e15  # larger ones are identifiers, not quantities
MAX_DIGITS_IN_TEXT = 18

MAX_INPUTS = 1_000_000  # arguments read from a file or a callable; of more, an even sample is kept
MAX_INPUT_SECONDS = 10.0  # for counting and sampling more inputs than that
MAX_INPUT_BYTES = 256 << 20  # of inputs on standard input or a pipe
MAX_COPIED_BYTES = 256 << 20  # of arguments that are copied for each call

MAX_BODY_BYTES = 1 << 20  # of one request
MAX_BATCH_BYTES = 8 << 20  # of a request with many questions
MAX_BATCH_SUBJECTS = 1000
MAX_FIELD_ERRORS = 50  # that one error document lists
MAX_ECHOED_FIELD = 200  # characters of a client's field name that an error repeats
MAX_NOTE = 1000  # characters of a note on an outcome
MAX_CACHE_BYTES = 32 << 20  # of answers kept in memory
MAX_CACHED_BODY_BYTES = 64 << 10
MAX_ANSWER_BYTES = 16 << 20  # of another server's answer

MAX_JOURNAL_BYTES = 256 << 10  # of one question with its advice
MAX_JOURNAL_ENTRIES = 100_000
MAX_OUTCOMES = 1000  # reported for one advice
