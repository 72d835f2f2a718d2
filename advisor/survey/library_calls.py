"""Find the effects of calls of library functions in the tables."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from advisor.survey.effects import Access, Finding, How, Outcome
from advisor.survey.known_calls import Effect, effect_of
from advisor.survey.values import FRESH, NEW, Value, Values, holding

_TEXTS = {
    "output": "prints with `{}`, in the order of the loop",
    "random": "draws from the random stream of `{}`, which all iterations share",
    "seed": "seeds the random stream of the whole process with `{}`",
    "progress": "advances the progress bar of `{}`",
    "starts program": "starts a program with `{}`, whose effects are not seen",
    "reads input": "reads standard input with `{}`",
    "exits": "may end the program with `{}`",
    "process state": "changes the state of the whole process with `{}`",
    "database": "uses a database with `{}`",
    "pool": "runs work concurrently already, with `{}`",
    "unknown": "calls `{}`, of which the source says too little",
}
UNSEEN = "?"  # in place of the path of a file
_KINDS = {"unknown": "unknown call"}
_OPENING = (
    *("builtins.open", "io.open", "gzip.open", "bz2.open", "lzma.open", "codecs.open", "wave.open", "tarfile.open"),
    *("zipfile.ZipFile", "zipfile.PyZipFile", "gzip.GzipFile", "bz2.BZ2File", "lzma.LZMAFile", "tarfile.TarFile"),
)
_ASKING = (
    *("os.path.exists", "os.path.isfile", "os.path.isdir", "os.path.lexists", "os.path.getsize", "os.path.getmtime"),
    *("os.stat", "os.lstat", "os.access", "os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"),
    *("numpy.load", "numpy.loadtxt", "numpy.genfromtxt", "numpy.fromfile", "PIL.Image.open", "linecache.getline"),
    *("xml.etree.ElementTree.parse", "wave.open", "shutil.copy", "shutil.copy2", "shutil.copyfile", "joblib.load"),
    *("pandas.read_csv", "pandas.read_json", "pandas.read_pickle", "pandas.read_excel", "pandas.read_table"),
    *("scipy.io.loadmat", "scipy.io.wavfile.read", "skimage.io.imread", "imageio.imread", "filecmp.cmp"),
)
# These read files without the interpreter, which cannot tell which.
_ASKING_UNSEEN = (
    *("cv2.imread", "lxml.etree.parse", "soundfile.read", "pyarrow.parquet.read_table", "pandas.read_parquet"),
    *("pandas.read_feather", "pandas.read_hdf", "polars.read_csv", "polars.read_parquet", "polars.scan_csv"),
    *("polars.scan_parquet", "polars.read_json", "h5py.File", "netCDF4.Dataset", "rasterio.open", "dbm.open"),
)
_SPLITTING = (
    *("sklearn.model_selection.train_test_split", "sklearn.utils.shuffle", "sklearn.utils.resample"),
    *("sklearn.datasets.make_classification", "sklearn.datasets.make_regression", "sklearn.datasets.make_blobs"),
)
_MAPPED = ("numpy.memmap", "numpy.lib.format.open_memmap", "mmap.mmap")
_UNARY = (
    *("abs", "absolute", "negative", "sqrt", "square", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin"),
    *("cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "floor", "ceil", "rint", "sign", "invert"),
    *("reciprocal", "conjugate", "isnan", "isfinite", "logical_not", "cbrt", "deg2rad", "rad2deg", "trunc"),
)
_BINARY = (
    *("add", "subtract", "multiply", "divide", "true_divide", "floor_divide", "power", "mod", "remainder", "fmod"),
    *("maximum", "minimum", "fmax", "fmin", "logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or"),
    *("bitwise_xor", "left_shift", "right_shift", "greater", "less", "equal", "hypot", "arctan2", "dot", "matmul"),
    *("clip",),
)


def finding(effect: str, called: str, file: str, line: int, depends: frozenset[str] = frozenset()) -> Finding:
    """Return what a call with such an effect amounts to."""
    return Finding(_KINDS.get(effect, effect), _TEXTS[effect].format(called), file, line, depends)


def file_finding(called: str, file: str, line: int, depends: frozenset[str], path: ast.expr | None = None) -> Finding:
    """Return the finding that a call writes a file, with the expression for its path."""
    text = ast.unparse(path) if path is not None else ""
    return Finding("writes file", f"writes a file with `{called}`", file, line, depends, path=text)


def read_finding(path: ast.expr, file: str, line: int) -> Finding:
    """Return the finding that a call reads a file or asks for it."""
    return Finding("reads file", f"reads `{ast.unparse(path)}`", file, line, path=ast.unparse(path))


def stream_finding(method: ast.expr, file: str, line: int) -> Finding:
    """Return the finding that a call asks a stream for what was written to it."""
    return Finding("asks stream", f"calls `{ast.unparse(method)}`", file, line)


@dataclass(frozen=True)
class LibraryCall:
    """A call of a library's function, with the values of its arguments."""

    call: ast.Call
    values: Values
    file: str

    @property
    def _called(self) -> str:
        return ast.unparse(self.call.func)

    def outcome(self, dotted: str) -> Outcome:
        """Return what the call does."""
        effect = effect_of(dotted)
        if dotted in _SPLITTING and not any(keyword.arg == "random_state" for keyword in self.call.keywords):
            effect = "random"
        if dotted in _OPENING:
            return opened(self.call, self.call.args[0] if self.call.args else None, 1, self.values, self.file)
        if dotted == "builtins.type" and len(self.call.args) > 1:
            effect = "unknown"  # the bases may note what is derived from them
        if effect in _TEXTS:
            accesses = self._changed("change") if dotted.endswith("shuffle") else ()
            found = finding(effect, self._called, self.file, self.call.lineno)
            return Outcome(accesses, (found,), output=effect in ("output", "progress"))
        if dotted in _MAPPED and not self._is_only_read():
            text = f"maps a file with `{self._called}` that it may change"
            return Outcome(findings=(Finding("unknown call", text, self.file, self.call.lineno),))
        if effect == "changes first":
            return Outcome(self._changed("change"))
        if effect == "changes second":
            return Outcome(self._changed("change", 1))
        if effect == "writes to second":
            return Outcome(self._changed("reduce", 1, "write"), output=True)
        if effect == "consumes":
            return Outcome(self._changed("consume"))
        asked = self._asked(dotted)
        if effect == "writes file":
            written = self._written()
            return replace(written, findings=(*written.findings, *asked))
        if asked:
            return Outcome(findings=asked)
        return Outcome(self._out(dotted))

    def _asked(self, dotted: str) -> tuple[Finding, ...]:
        """Return the finding for a file that the call reads."""
        line = self.call.lineno
        if dotted in _ASKING_UNSEEN:
            text = f"reads a file with `{self._called}`, which cannot be watched"
            return (Finding("reads file", text, self.file, line, path=UNSEEN),)
        return (read_finding(self.call.args[0], self.file, line),) if dotted in _ASKING and self.call.args else ()

    def _is_only_read(self) -> bool:
        """Return True if a file is mapped in a mode that changes nothing of it."""
        modes = [keyword.value for keyword in self.call.keywords if keyword.arg == "mode"]
        return bool(modes) and isinstance(modes[0], ast.Constant) and modes[0].value in ("r", "c")

    def _changed(self, how: How, number: int = 0, operation: str = "") -> tuple[Access, ...]:
        """Return the changes of the argument with a number."""
        given = self.call.args[number : number + 1]
        paths = self.values.of(given[0]).outside if given else frozenset()
        return tuple(Access(path, how, self.call.lineno, operation, in_place=True) for path in sorted(paths))

    def _out(self, dotted: str) -> tuple[Access, ...]:
        """Return the changes of arrays that take results, as `numpy.add(a, b, out=c)` and `numpy.add(a, b, c)`."""
        taken = [keyword.value for keyword in self.call.keywords if keyword.arg == "out"]
        module, _, name = dotted.rpartition(".")
        if module == "numpy" and name in (*_UNARY, *_BINARY):
            taken += self.call.args[1 if name in _UNARY else 3 if name == "clip" else 2 :]
        return tuple(
            Access(path, "change", self.call.lineno, in_place=True)
            for each in taken
            for path in self.values.of(each).outside
        )

    def _written(self) -> Outcome:
        if has_true(self.call, "exist_ok"):
            return Outcome()
        depends = frozenset().union(*(self.values.roots_of(each) for each in self.call.args))
        path = self.call.args[0] if self.call.args else None
        return Outcome(findings=(file_finding(self._called, self.file, self.call.lineno, depends, path),))


def has_true(call: ast.Call, name: str) -> bool:
    """Return True if a keyword argument is the constant True."""
    return any(
        keyword.arg == name and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in call.keywords
    )


def opened(call: ast.Call, path: ast.expr | None, position: int, values: Values, file: str) -> Outcome:
    """Return what opening a file does, by its mode."""
    given = [keyword.value for keyword in call.keywords if keyword.arg == "mode"]
    given += call.args[position : position + 1]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else ("?" if given else "r")
    if not isinstance(mode, str) or mode == "?":
        text = f"opens a file with `{ast.unparse(call.func)}` in a mode that the source does not say"
        return Outcome(findings=(Finding("unknown call", text, file, call.lineno),))
    depends = values.roots_of(path) if path is not None else frozenset()
    if "a" in mode:
        text = "appends to a file, in the order of the loop"
        return Outcome(findings=(Finding("appends", text, file, call.lineno, depends),))
    if any(letter in mode for letter in "wx+"):
        found = [file_finding(ast.unparse(call.func), file, call.lineno, depends, path)]
        if "+" in mode and path is not None:
            found.append(read_finding(path, file, call.lineno))
        return Outcome(findings=tuple(found))
    return Outcome(findings=(read_finding(path, file, call.lineno),) if path is not None else ())


def library_result(effect: Effect, arguments: list[Value]) -> Value:
    """Return where the result of a library's function comes from."""
    if effect == "holds":
        return holding(value.part for value in arguments)
    if effect in ("part", "consumes", "unknown"):
        paths = frozenset({FRESH}).union(*(value.itself | value.parts for value in arguments))
        return Value(paths, paths)
    return NEW
