"""Effects of library functions and methods, by name."""

from __future__ import annotations

from typing import Literal

Effect = Literal[
    "pure",  # reads its arguments, and returns something new
    "part",  # returns one of its arguments or a part of one
    "holds",  # returns something new that holds its arguments or their parts
    "changes first",  # its first argument
    "changes second",  # its second argument
    "writes to second",  # to a file that is its second argument
    "output",
    "random",
    "seed",
    "progress",
    "writes file",  # at a path that an argument names
    "starts program",
    "reads input",
    "exits",
    "process state",
    "database",
    "pool",
    "lock",
    "consumes",  # takes items from its first argument
    "unknown",
]  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _names(prefix: str, names: str) -> list[str]:
    return [f"{prefix}.{name}" for name in names.split()]


_FUNCTIONS: dict[str, Effect] = {
    **dict.fromkeys(
        _names("builtins", "min max getattr vars super"),
        "part",
    ),
    **dict.fromkeys(
        _names("builtins", "list tuple dict set frozenset sorted reversed iter zip enumerate filter map"),
        "holds",
    ),
    "builtins.next": "consumes",
    "builtins.print": "output",
    "builtins.input": "reads input",
    "builtins.setattr": "changes first",
    "builtins.delattr": "changes first",
    **dict.fromkeys(_names("builtins", "exec eval compile globals locals __import__ breakpoint"), "unknown"),
    **dict.fromkeys(_names("builtins", "exit quit"), "exits"),
    **dict.fromkeys(["sys.exit", "os._exit", "os.abort"], "exits"),
    **dict.fromkeys(
        [
            *_names("sys.stdout", "write writelines flush"),
            *_names("sys.stderr", "write writelines flush"),
            *_names("sys.stdout.buffer", "write flush"),
            *_names("logging", "debug info warning error critical exception log"),
            *_names("pprint", "pprint pp"),
            *_names("warnings", "warn"),
            *_names("rich", "print"),
            *_names("click", "echo secho"),
            "traceback.print_exc",
        ],
        "output",
    ),
    **dict.fromkeys(_names("sys.stdin", "read readline readlines"), "reads input"),
    **dict.fromkeys(["random.seed", "numpy.random.seed", "torch.manual_seed"], "seed"),
    **dict.fromkeys(["random.Random", "random.SystemRandom", "numpy.random.default_rng", "numpy.random.RandomState",
                     "numpy.random.SeedSequence", "numpy.random.Generator", "numpy.random.PCG64"], "pure"),
    **dict.fromkeys(_names("heapq", "heappush heappop heapify heapreplace heappushpop"), "changes first"),
    **dict.fromkeys(_names("bisect", "insort insort_left insort_right"), "changes first"),
    **dict.fromkeys(["xml.etree.ElementTree.SubElement", "lxml.etree.SubElement"], "changes first"),
    **dict.fromkeys(_names("networkx", "set_node_attributes set_edge_attributes add_path add_star add_cycle "
                    "relabel_nodes contracted_nodes freeze"), "changes first"),
    **dict.fromkeys(["struct.pack_into"], "changes second"),
    **dict.fromkeys(["json.dump", "pickle.dump", "marshal.dump", "yaml.dump", "yaml.safe_dump", "plistlib.dump",
                     "tomli_w.dump", "shutil.copyfileobj"], "writes to second"),
    **dict.fromkeys(_names("numpy", "copyto put place putmask fill_diagonal put_along_axis add.at"), "changes first"),
    **dict.fromkeys(["random.shuffle", "numpy.random.shuffle"], "random"),
    **dict.fromkeys(_names("copy", "copy"), "holds"),
    **dict.fromkeys(_names("itertools", "chain chain.from_iterable islice zip_longest product permutations cycle "
                    "combinations combinations_with_replacement groupby takewhile dropwhile tee accumulate"), "holds"),
    **dict.fromkeys(["functools.reduce", "functools.partial", "numpy.asarray", "numpy.atleast_1d", "numpy.ravel",
                     "numpy.nditer", "operator.itemgetter", "typing.cast", "builtins.memoryview", "io.TextIOWrapper",
                     "io.BufferedReader", "PIL.ImageDraw.Draw"], "part"),
    **dict.fromkeys(_names("numpy", "frombuffer reshape transpose split array_split hsplit vsplit diagonal swapaxes "
                    "squeeze broadcast_to moveaxis rollaxis expand_dims atleast_2d atleast_3d flip fliplr flipud rot90 "
                    "asanyarray ascontiguousarray require broadcast_arrays real imag "
                    "lib.stride_tricks.as_strided lib.stride_tricks.sliding_window_view"), "part"),
    **dict.fromkeys(["collections.Counter", "collections.deque", "collections.OrderedDict", "collections.defaultdict",
                     "collections.ChainMap", "types.SimpleNamespace"], "holds"),
    **dict.fromkeys(
        [
            *_names("os", "remove unlink rename replace rmdir makedirs mkdir symlink link chmod utime removedirs"),
            *_names("shutil", "copy copy2 copyfile copytree move rmtree make_archive unpack_archive"),
            *_names("numpy", "save savez savez_compressed savetxt"),
            *_names("cv2", "imwrite"),
            *_names("imageio", "imwrite imsave"),
            *_names("soundfile", "write"),
            *_names("scipy.io.wavfile", "write"),
            "joblib.dump",
            "urllib.request.urlretrieve",
        ],
        "writes file",
    ),
    **dict.fromkeys(["csv.writer", "csv.DictWriter", "pickle.Pickler", "contextlib.closing", "contextlib.nullcontext"],
                    "part"),
    **dict.fromkeys(["contextlib.suppress", "sqlite3.connect", "psycopg.connect", "psycopg2.connect"], "pure"),
    **dict.fromkeys(["contextlib.redirect_stdout", "contextlib.redirect_stderr", "contextlib.chdir"], "process state"),
    **dict.fromkeys([*_names("subprocess", "run call check_call check_output Popen getoutput"), "os.system",
                     "os.popen"], "starts program"),
    **dict.fromkeys([*_names("os", "chdir putenv unsetenv umask setuid nice fork kill"), "signal.signal",
                     "signal.alarm", "locale.setlocale", "sys.setrecursionlimit", "os.environ.update",
                     "socket.setdefaulttimeout", "decimal.getcontext", "decimal.setcontext", "gc.disable", "gc.enable",
                     "warnings.simplefilter", "warnings.filterwarnings", "numpy.seterr", "numpy.set_printoptions",
                     "pandas.set_option", "random.setstate", "numpy.random.set_state", "atexit.register",
                     "importlib.reload", "time.tzset", "csv.register_dialect", "mimetypes.add_type",
                     "xml.etree.ElementTree.register_namespace", "sys.setswitchinterval", "sys.settrace"],
                    "process state"),
    **dict.fromkeys(_names("os", "read write lseek readv writev sendfile pread pwrite ftruncate truncate close dup "
                    "dup2 open fdopen pipe"), "process state"),
    **dict.fromkeys(["threading.Lock", "threading.RLock", "threading.Semaphore", "multiprocessing.Lock"], "pure"),
}  # fmt: skip

_PREFIXES: tuple[tuple[str, Effect], ...] = (
    ("random.", "random"),
    ("numpy.random.", "random"),
    ("torch.", "unknown"),
    ("matplotlib.", "process state"),
    ("seaborn.", "process state"),
    ("turtle.", "process state"),
    ("sqlite3.", "database"),
    ("psycopg.", "database"),
    ("psycopg2.", "database"),
    ("sqlalchemy.", "database"),
    ("pymysql.", "database"),
    ("pymongo.", "database"),
    ("redis.", "database"),
    ("duckdb.", "database"),
    ("tqdm", "progress"),
    ("alive_progress.", "progress"),
    ("rich.progress.", "progress"),
    ("concurrent.futures.", "pool"),
    ("multiprocessing.", "pool"),
    ("joblib.", "pool"),
    ("threading.", "pool"),
    ("asyncio.", "pool"),
    ("dask.", "pool"),
    ("ray.", "pool"),
    ("loky.", "pool"),
    ("mpire.", "pool"),
    ("pebble.", "pool"),
    ("numba.", "pool"),
    ("logging.", "output"),
)

_CONTAINERS = ("collections.deque", "collections.Counter", "collections.OrderedDict", "numpy.ndarray", "queue.Queue")
_IN_PLACE = _words("iadd isub imul itruediv ifloordiv imod ipow iconcat iand ior ixor ilshift irshift imatmul")

# Modules whose functions leave nothing behind but their results, unless a line above says otherwise.
_PURE_MODULES = _words(
    "abc argparse array ast base64 binascii bisect bs4 builtins bz2 calendar cmath collections colorsys copy csv "
    "configparser cryptography cv2 dataclasses datetime decimal difflib email enum errno fnmatch fractions functools "
    "glob gzip hashlib heapq hmac html http imageio inspect io ipaddress itertools json keyword linecache locale lxml "
    "lzma markdown math mimetypes networkx numbers numpy operator os pandas pathlib pickle PIL pkgutil platform polars "
    "posixpath pprint pyarrow pygments re requests scipy secrets shapely shlex shutil skimage sklearn soundfile "
    "socket ssl stat statistics string struct sys tarfile tempfile textwrap time timeit tokenize tomllib "
    "traceback types typing unicodedata urllib uuid warnings xml yaml zipfile zipimport zlib zoneinfo zstandard "
    "toml tomli wave array jinja2 httpx urllib3 sympy dateutil regex orjson chardet numexpr bottleneck "
    "sortedcontainers rapidfuzz Levenshtein nltk"
)


def effect_of(dotted: str) -> Effect:
    """Return the effect of a call of a library function, by its full name."""
    if dotted in _FUNCTIONS:
        return _FUNCTIONS[dotted]
    owner, _, method = dotted.rpartition(".")
    is_method = owner in _CONTAINERS or owner.startswith("builtins.")
    if is_method and (method in CHANGING_METHODS | FOLDING_METHODS.keys() or method.startswith("__set")):
        return "changes first"  # list.append(rows, x)
    if owner == "operator" and (method in ("setitem", "delitem") or method in _IN_PLACE):
        return "changes first"
    if method == "rvs":
        return "random"
    if owner.startswith(("os.environ", "sys.")) and method in CHANGING_METHODS | FOLDING_METHODS.keys():
        return "process state"
    for prefix, effect in _PREFIXES:
        if dotted.startswith(prefix):
            return effect
    return "pure" if dotted.partition(".")[0] in _PURE_MODULES else "unknown"


# Methods that fold a value into their object, in an order that a later loop can repeat; the operation by method.
FOLDING_METHODS = {
    "append": "append",
    "appendleft": "append",
    "extend": "extend",
    "extendleft": "extend",
    "insert": "insert",
    "add": "add",
    "update": "update",
    "subtract": "update",
    "setdefault": "items",
    "discard": "discard",
    "add_edge": "add",
    "add_node": "add",
    "put": "append",
    "put_nowait": "append",
    "write": "write",
    "writelines": "write",
    "writerow": "write",
    "writerows": "write",
    "writestr": "write",
    "add_row": "append",
    "flush": "write",
}

# Methods that change their object in other ways.
CHANGING_METHODS = _words(
    "pop popleft popitem remove clear sort reverse rotate push fill resize itemset setfield put_nowait get_nowait "
    "send throw close seek truncate read readline readlines readinto fit partial_fit train step seed shuffle "
    "move_to_end __setitem__ __delitem__ setflags execute executemany executescript commit rollback fetchone "
    "fetchall fetchmany begin connect acquire release start join submit shutdown notify wait set_postfix "
    "set_description advance next cancel terminate kill task_done register discard difference_update "
    "intersection_update symmetric_difference_update insert_one insert_many save_checkpoint drop_table "
    "recv recvfrom send sendall accept listen bind fit_transform fit_predict set_params partition byteswap "
    "readframes writeframes setpos rewind frombytes fromlist fromfile decompress compress flush feed thumbnail "
    "setpixel putpixel putdata putalpha putpalette paste alpha_composite"
)
# Methods that change their first argument.
ARGUMENT_METHODS = _words("readinto readinto1 recv_into recvfrom_into pack_into")
# How the names of further methods begin that change an object of a library.
CHANGING_BEGINNINGS = (
    *("add_", "remove", "set_", "put", "insert", "append_", "delete", "clear", "write", "push", "pop", "reset"),
    *("update", "replace_", "decompose", "wrap", "unwrap", "eliminate_", "sum_duplicates", "sort_", "load", "draft"),
)
# The modules whose objects other methods only read.
READ_MODULES = _words(
    "re regex pathlib datetime decimal fractions ipaddress uuid shapely statistics operator zoneinfo string struct "
    "requests httpx urllib urllib3 numpy pandas polars pyarrow scipy sklearn networkx skimage PIL sympy cryptography "
    "argparse inspect enum ast tokenize zipfile tarfile jinja2 nltk rapidfuzz time types textwrap lxml bs4 xml "
    "difflib email array dateutil typing numbers hashlib hmac"
)

# Methods that only read: of strings, containers, paths, patterns, arrays, frames and the like.
READING_METHODS = frozenset(
    name for kind in (str, bytes, tuple, frozenset, int, float, range) for name in dir(kind)
) | _words(
    "get items keys values copy most_common elements total match search findall finditer fullmatch sub subn "
    "group groups groupdict start end span exists is_file is_dir glob rglob iterdir stat read_text read_bytes open "
    "resolve absolute with_suffix with_name with_stem relative_to joinpath as_posix is_absolute parent samefile "
    "lstat expanduser isoformat strftime timestamp date time weekday isoweekday total_seconds astimezone toordinal "
    "sum mean std var min max argmin argmax argsort dot astype reshape ravel flatten transpose tolist any all round "
    "cumsum cumprod clip nonzero repeat squeeze swapaxes take trace item tobytes conj diagonal searchsorted prod "
    "head tail groupby merge query isin isna isnull notna notnull dropna fillna drop_duplicates sort_values "
    "sort_index reset_index set_index rename drop agg aggregate apply map applymap transform rolling resample "
    "value_counts unique nunique describe median quantile corr cov diff shift pct_change to_dict to_list "
    "to_numpy to_frame iterrows itertuples pivot_table pivot melt stack unstack loc iloc at iat nlargest nsmallest "
    "idxmax idxmin count cummax cummin rank between str dt cat assign filter sample explode select_dtypes "
    "hexdigest digest getvalue getbuffer fileno predict predict_proba score decision_function transform "
    "getpixel getdata getbands convert crop rotate histogram split point filter getbbox getcolors "
    "find findall find_all findtext iter itertext get_text select select_one xpath attrib getroot "
    "neighbors successors predecessors degree edges nodes has_edge has_node subgraph number_of_nodes "
    "union intersection difference symmetric_difference issubset issuperset isdisjoint "
    "_asdict _replace is_integer as_integer_ratio limit_denominator normalize quantize to_eng_string json text "
    "namelist infolist getnames getmembers getinfo extractfile bit_length "
    "interpolate ewm expanding ffill bfill pad clip eq ne lt le gt ge add_prefix add_suffix align asof assign "
    "between_time at_time first last first_valid_index last_valid_index combine compare crosstab cumsum diff dot "
    "duplicated explode factorize from_dict info isnull itertuples join keys kurt mad memory_usage mode nsmallest "
    "pipe pow prod product quantile reindex reindex_like rmul round sem skew slice_shift std sub mul div mod radd "
    "rsub rdiv squeeze stack sum swaplevel tail to_period to_records to_string to_timestamp to_markdown to_numpy "
    "truediv floordiv tz_convert tz_localize unstack where mask xs infer_objects convert_dtypes abs mean median min "
    "max nunique all any size ngroup ngroups get_group cumcount argpartition choose conjugate newbyteorder "
    "ptp tostring tolist tocsr tocsc tocoo todense toarray getnnz multiply maximum minimum with_columns select "
    "group_by collect lazy unpivot row rows to_series slice limit unique_counts cast fill_null drop_nulls "
    "inverse_transform predict_log_proba kneighbors get_params staged_predict feature_importances_ "
    "getint getfloat getboolean sections options has_section has_option ratio quick_ratio get_matching_blocks "
    "get_opcodes get_payload walk get_content get_content_type nframes getnframes getframerate getnchannels "
    "getsampwidth tell isalnum strftime getText get_attribute"
)


# Methods that write to a file that an argument names, and not to their object.
FILE_METHODS = _words(
    "to_csv to_json to_parquet to_excel to_pickle to_feather to_hdf save savefig write_text write_bytes mkdir touch "
    "unlink rmdir symlink_to hardlink_to tofile dump extract extractall write_image write_csv "
    "write_parquet chmod"
)
PATH_METHODS = _words(
    "write_text write_bytes mkdir touch unlink rmdir chmod symlink_to hardlink_to"
)  # whose object is the path

LOGGING_METHODS = _words("debug info warning error critical exception log")

# Methods that return an item of their object, or one that shares its contents.
ITEM_METHODS = _words("get setdefault pop popleft __getitem__ next")
VIEW_METHODS = _words("reshape ravel view squeeze transpose swapaxes __enter__ getroot")

ITERATOR_TYPES = ("builtins.iter", "builtins.map", "builtins.filter", "builtins.zip", "builtins.enumerate",
                  "csv.reader", "csv.DictReader", "builtins.open", "builtins.reversed", "itertools.count",
                  "itertools.cycle", "itertools.islice", "itertools.chain")  # fmt: skip
