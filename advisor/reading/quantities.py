"""How many, how long, how large, on how many cores: the quantities that a description tells.

A number is what its unit says, and without one what its neighbours make of it. Versions, years, ports, networks and
sizes of pictures are no counts; a rate is a limit only where the text says that more is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal, NamedTuple

from advisor.reading.numbers import ARTICLES, Number, Token, lowered, numbers, tokens, vocabulary
from advisor.reading.parts import waiting_share

MOST_CALLS = 10**9
MOST_CORES = 4096
SEVERAL = 1.5  # calls under way, on average
LONGEST = 10 * 365 * 86400.0  # seconds; who tells more speaks of something else

Kind = Literal["duration", "size", "rate", "cores", "workers", "percent", "ratio", "count"]


class Measure(NamedTuple):
    """A number in SI units, where it stands in the text, and the tokens `[first, after)` it is made of."""

    kind: Kind
    value: float
    start: int
    end: int
    first: int
    after: int


class Span(NamedTuple):
    """Where in the text a field was read."""

    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Quantities:
    """What was told, in seconds, bytes and fractions; None for what was not."""

    calls: int | None = None
    seconds_each: float | None = None
    seconds_total: float | None = None
    bytes_each: float | None = None
    cores: int | None = None
    workers_tried: int | None = None
    rate_limit_per_second: float | None = None
    at_once: int | None = None  # the most that the other side lets be under way: "the server allows 20 connections"
    cpu_share: float | None = None  # of the machine or of a core, as told: "3 % CPU" is 0.03, "3200 %" is 32.0
    wait_share: float | None = None  # of the time
    busy_cores: float | None = None  # "1 of 16 cores", "one core pegged", "6 %" on 16 cores
    spans: tuple[Span, ...] = ()

    @property
    def several_within_limit(self) -> bool | None:
        """Whether a rate limit lets more than one call be under way at a time."""
        if not self.rate_limit_per_second or not self.seconds_each:
            return None
        return self.rate_limit_per_second * self.seconds_each > SEVERAL


def _table(*rows: tuple[float, str]) -> dict[str, float]:
    return {word: value for value, words in rows for word in words.split()}


_DURATIONS = _table(
    (1e-9, "ns nanosecond nanoseconds"),
    (1e-6, "us µs μs usec microsecond microseconds mikrosekunden microsecondes microsegundos mks мкс"),
    (
        1e-3,
        "ms msec msecs millis millisec milliseconds millisecond millisekunden millisecondes milisegundos мс 毫秒 "
        "ミリ秒",
    ),
    (
        1.0,
        "s sec secs second seconds secconds secound sek sekunde sekunden seconde secondes segundo segundos seg "
        "secondi "
        "sekund sekundy saniye sn сек с секунд секунды секунду секунда 秒 सेकंड second-long",
    ),
    (
        60.0,
        "min mins minute minutes minuten minuto minutos minuti minut minuty dakika dk мин минут минуты минуту 分 分钟 "
        "分鐘 मिनट",
    ),
    (
        3600.0,
        "h hr hrs hour hours std stunde stunden heure heures hora horas ore ora godzin godziny godzinę saat ч час "
        "часа "
        "часов 小时 小時 時間 घंटे घंटा",
    ),
    (
        86400.0,
        "d day days tag tage tagen jour jours dia dias día días giorni dni gün день дня дней сутки суток 天 日 दिन",
    ),
    (900.0, "viertelstunde"),
    (1800.0, "demi-heure полчаса"),
    (604800.0, "week weeks woche wochen semaine semaines semana semanas неделю недели недель 周 週間"),
)
_CLOCK = {"h": 3600.0, "m": 60.0, "min": 60.0, "std": 3600.0}
_SIZES = _table(
    (1.0, "byte bytes octets"),
    (1e3, "kb kib ko кб kbyte kilobyte kilobytes"),
    (1e6, "mb mib mo мб meg megs megabyte megabytes mbyte мегабайт 兆"),
    (1e9, "gb gib gig gigs gigabyte gigabytes gbyte го гб гигабайт go gbs"),
    (1e12, "tb tib тб to terabyte terabytes tbyte терабайт"),
)
_CORES = vocabulary(
    "core cores cors cpus vcpu vcpus kern kerne kernen coeurs coeur cœurs cœur núcleos núcleo nucleos núcleo nucleo "
    "cores-node ядер ядра ядро ядрах rdzeni çekirdek 核 核心 コア कोर"
)
_WORKERS = vocabulary(
    "thread threads threds thrds threades worker workers processes proceses procs workern prozesse prozessen hilos "
    "procesos fils processus потоков потока потоках процессов воркеров 线程 進程 进程 スレッド "
    "プロセス wątków goroutines "
    "coroutines coroutins coroutinen interpreters forks"
)
_PERCENT = vocabulary("% percent prozent pct pourcent процентов процента проц")
_POOLS = vocabulary(
    "pool threadpoolexecutor processpoolexecutor threadpool processpool n_jobs max_workers num_workers workers "
    "threads num_threads n_threads thread-pool semaphore gather limit-concurrency"
)
_LIMITS = vocabulary(
    "limit limits limited limiting limitiert rate-limit rate-limited rate-limits ratelimit allow allows allowed "
    "allowing permits permitted quota throttle throttles throttled ban banned banning baned bans max maximum tier "
    "free hit cap capped erlaubt höchstens maximal lässt limite limité autorisé límite permite permitido máximo "
    "limitado лимит лимита бан ограничение разрешает 限制 最多 上限 制限 limita crawl-delay "
    "policy 429 hoechstens "
    "sonst иначе"
)
_EACH = vocabulary(
    "each ech every evry per apiece pro je jede jeder jedes jeden jedem chaque chacun chacune cada каждый каждая "
    "каждое каждую каждого каждом each. ogni każdy każda każde każdego per-call 每 每个 毎 हर each-time roundtrip "
    "latency ping апдейт jeweils par por"
)
_TOTALS = vocabulary(
    "total altogether overall whole entire entirely insgesamt gesamt zusammen overnight finishes finished eta "
    "est estimated all everything всего итого 全部 合計"
)
_LATENCY = vocabulary(
    "latency ping rtt roundtrip trip reply replies respond responds response responses wait waits waiting"
)
_MEDIA = vocabulary(
    "clip clips film films movie movies video videos recording recordings episode episodes lecture lectures audio "
    "track tracks song songs sound delay delays timeout timeouts window windows slice slices cache interval "
    "intervals old ago deadline bars later earlier frames cycle vídeo partido timeframe slot"
)
_RANGES = vocabulary("- – — to bis à a до ~ 到 〜")
_APPROXIMATE = vocabulary("~ ≈ about around roughly circa ca approx")
_PAST = vocabulary("last past next within first since every alle toutes todos cada каждые letzten über for")

# What a number counts that is a call's worth of work, in the forms that follow a number.
_ITEMS = vocabulary(
    "files images photos pictures pages urls links sites websites requests queries calls items tasks jobs records "
    "documents docs pdfs videos clips songs tracks simulations runs trials hosts devices switches servers symbols "
    "stocks tickers coins emails mails messages users customers frames samples csvs jpgs jpegs pngs tiffs passwords "
    "hashes tables datasets archives html epubs folders products articles endpoints accounts repos repositories "
    "addresses appts invoices orders scans letters books chapters episodes podcasts feeds recipes tiles buckets "
    "blobs objects keys statements reports selects inserts updates patients genomes contigs genes proteins reads "
    "sequences structures molecules compounds candidates scenarios models games boards matches positions puzzles "
    "sudokus worlds maps meshes parts drawings scenes renders shots stills films movies recordings tapes tiles "
    "rasters rows tuples posts tweets comments reviews threads_ articles descriptions labels tickets cases rulings "
    "contracts essays submissions students pupils employees members parents players clients cameras cams sensors "
    "meters routers pods lamps bulbs radios stations devices plugs cages cows fields plots parcels districts "
    "counties villages regions branches shops stores hotels portfolios options trades accounts transactions "
    "bookings payments policies claims charts plots thumbnails icons backups dumps logs logfiles xmls yamls "
    "notebooks domains hostnames ips certificates names words sentences vectors matrices buffers blocks chunks "
    "batches shards arrays series spectra slides cells organisms individuals agents chains seeds replications "
    "experiments settings combinations permutations pairs pulls playouts keys pins passphrases mailboxes messages "
    "events packets pcaps captures streams websites subsystems machines nodes vms containers images dockerfiles "
    "packages wheels binaries programs scripts jobs lookups downloads uploads conversions crops tracks texts lines_ "
    "prompts completions embeddings summaries translations titles authors artists albums covers vehicles trips "
    "routes flights ships trains markets assets pcs printers dateien bilder fotos seiten anfragen abfragen aufträge "
    "dokumente rechnungen datensätze läufe stück geräte kunden adressen urteile ordner nutzer spiele modelle "
    "aufnahmen datenblätter filme archive pakete sätze texte akten läden fichiers images pages requêtes dossiers "
    "photos lignes factures adresses patients documents modèles livres mots archivos ficheros imágenes fotos "
    "páginas peticiones consultas documentos facturas clientes contraseñas filas registros pruebas vídeos arquivos "
    "imagens consultas pedidos senhas notas linhas файлов файла картинок фото страниц запросов документов товаров "
    "писем строк записей изображений снимков адресов фотографий видео лекций логов альбомов сканов паролей моделей "
    "plików zdjęć zapytań dosya resim foto immagini foglie pagine richieste फ़ाइलें फाइल फ़ोटो फोटो चित्र रिक्वेस्ट"
)
_ITEM_ENDINGS = (
    "files", "images", "photos", "scans", "docs", "dateien", "bilder", "shops", "sheets", "games", "maps", "models",
    "aufnahmen", "archive", "modelle", "läufe", "films", "fotos", "books", "papers", "mails",
)  # fmt: skip
_COUNTERS = vocabulary("个 個 件 张 張 枚 本 条 條 台 份 部 首 篇 家 次 名 店舗 冊 通 ファイル 페이지 万枚 行")
_NOT_ITEMS = vocabulary(
    "years year jahre ans años anos лет год years-old months monate mois meses times mal veces fois раз degrees "
    "euros dollars bucks lines lignes_ characters chars letters_ digits zeichen columns cols colours colors pixels "
    "px dpi km metres meters_ miles epochs layers steps stages rounds generations versions bits fps rpm mbit gbit "
    "mbps ghz mhz hz bars points percent weeks days hours minutes seconds iterations levels attempts retries "
    "processors gpus things others ones his its this does was has is as us pass yes across less plus class process "
    "access always series_ ms bands knots words_ features dimensions params parameters atoms ways reasons persons "
    "guys friends colleagues hidden nested against million thousand hundred doors floors people kids loops phases "
    "desks"
)
_BEFORE_NO_COUNT = vocabulary(
    "version v release port page step level depth cost rule section chapter code http error status number "
    "no. nr postgres postgresql python py php java django ubuntu debian windows win ios android oracle zoom line "
    "layer gen i9 i7 i5 ryzen in_year id exit pydantic mk channel com zig channels issue ticket sprint turn day "
    "week top thread worker m8 depth= pass db2 h bleu q iso rfc p seed from_year chmod utf base x86"
)
_LEFT = (
    "left", "to go", "to do", "remaining", "in total", "pieces", "altogether", "übrig", "restantes", "of them",
    "of these", "of those",
)  # fmt: skip
_NO_NOUN = vocabulary(
    "it this i we they which that when if he she you then but of von de d' per and und or with in at on is are was "
    "takes x × * / = : - for the"
)


class _Text(NamedTuple):
    raw: str
    tokens: list[Token]

    def word(self, at: int) -> str:
        return self.tokens[at].word if 0 <= at < len(self.tokens) else ""

    def pair(self, at: int) -> str:
        """The word at a place, or two or three characters joined where a unit has as many."""
        return self.word(at) + self.word(at + 1)

    def fused(self, at: int) -> bool:
        """Whether nothing stands between a token and the one before it."""
        return 0 < at < len(self.tokens) and self.tokens[at].start == self.tokens[at - 1].end


def measures(text: str) -> list[Measure]:
    """Every number of the text with its unit, in their order; what is no number of anything is left out."""
    return _measures(_tokenised(text))


def quantities(text: str) -> Quantities:
    """What the text tells of the job."""
    if not any(char.isdecimal() for char in text) and not _spoken_hint(text):
        return Quantities()
    read = _tokenised(text)
    found = _measures(read)
    told: dict[str, tuple[float, Measure]] = {}
    for fields in (_durations(read, found), _sizes(read, found), _cores(read, found), _workers(read, found)):
        _keep(told, fields)
    _keep(told, _rates(read, found))
    _keep(told, _at_once(read, found))
    _keep(told, _shares(read, found))
    _keep(told, _clock_times(read, found))
    _keep(told, _busy(read, found, told))
    _keep(told, _calls(read, found))
    if "wait_share" not in told:
        share = waiting_share(text, [one for one in found if one.kind == "duration" and not _is_attribute(read, one)])
        return replace(_quantities(told), wait_share=None if share is None else round(share, 4))
    return _quantities(told)


def _quantities(told: dict[str, tuple[float, Measure]]) -> Quantities:
    return Quantities(
        **{name: int(value) if name in _WHOLE else value for name, (value, _) in told.items()},  # type: ignore[arg-type]
        spans=tuple(Span(name, at.start, at.end) for name, (_, at) in told.items()),
    )


_WHOLE = frozenset({"calls", "cores", "workers_tried", "at_once"})
Told = Iterable[tuple[str, float, Measure]]


def _keep(told: dict[str, tuple[float, Measure]], fields: Told) -> None:
    for name, value, measure in fields:
        told.setdefault(name, (value, measure))


def _tokenised(text: str) -> _Text:
    return _Text(text, tokens(lowered(text)))


def _spoken_hint(text: str) -> bool:
    """Whether a number in words may be there; almost any text longer than a few words has "one" or "two"."""
    return len(text) > 5


# --- numbers with units ---------------------------------------------------------------------------------------------


def _measures(read: _Text) -> list[Measure]:
    found: list[Measure] = []
    counted = numbers(read.tokens, read.raw)
    at = 0
    for number in counted:
        if number.first < at or _is_label(read, number):
            continue
        value = number.value
        if found and found[-1].kind == "count" and read.word(number.first - 1) in _RANGES:
            value = _middle(read, found, number)
        measure = _measure(read, number, value)
        if measure is not None:
            found.append(measure)
            at = measure.after
    taken = {at for measure in found for at in range(measure.first, measure.after)}
    for at, token in enumerate(read.tokens):
        if token.word in ARTICLES and at not in taken:
            found.extend(_article(read, at))
    found.sort(key=lambda measure: measure.first)
    return found


def _middle(read: _Text, found: list[Measure], number: Number) -> float:
    """The middle of "4-9 s" and "20 to 60 s", whose first half was taken for a count."""
    lower = found[-1]
    if lower.after == number.first - 1 and 0 < lower.value < number.value <= 50 * lower.value:
        found.pop()
        return (lower.value + number.value) / 2
    return number.value


def _is_label(read: _Text, number: Number) -> bool:
    """Whether the digits are part of a name: PERF-212, /24, :8080, v2, x265, 3.12, 13k x 13k pixels."""
    before = read.word(number.first - 1)
    fused = read.fused(number.first)
    if fused and before == "/" and number.first >= 2:
        return read.word(number.first - 2)[-1:].isalnum() or _tail(read, number) == ""
    if fused and before == "/":
        return True
    if fused and before in ("#", "$", "€", "£", "₹", "@", "\\"):
        return True
    if fused and before in ("-", "_") and number.first >= 2 and read.fused(number.first - 1):
        return read.word(number.first - 2)[-1:].isalpha()
    if fused and before == ":" and read.fused(number.first - 1):
        return not read.fused(number.after) and "=" not in read.word(number.first - 2)
    return False


def _tail(read: _Text, number: Number) -> str:
    return read.word(number.after)


def _measure(read: _Text, number: Number, value: float) -> Measure | None:
    after = number.after
    if read.word(after) == "+":
        after += 1
    if read.word(after) == "-" and read.fused(after) and read.word(after + 1)[:1].isalpha():
        after += 1  # "16-core", "30-second"
    for reader in (_percent, _ratio, _clock, _duration, _size, _counted):
        measure = reader(read, number, value, after)
        if measure is not None:
            return measure
    return None


def _made(read: _Text, kind: Kind, value: float, number: Number, after: int) -> Measure:
    return Measure(kind, value, read.tokens[number.first].start, read.tokens[after - 1].end, number.first, after)


def _percent(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    if read.word(after) in _PERCENT:
        return _made(read, "percent", value / 100, number, after + 1)
    if read.word(after) in ("pour", "por", "per") and read.word(after + 1) in ("cent", "ciento", "cento"):
        return _made(read, "percent", value / 100, number, after + 2)
    return None


def _ratio(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    """ "3.8x", "40 times slower"; not the "13k x 13k" of a size."""
    word, following = read.word(after), read.word(after + 1)
    if word in ("x", "×") and read.fused(after) and not following[:1].isdecimal():
        return _made(read, "ratio", _as_decimal(read, number, value), number, after + 1)
    if word in _TIMES and (following in _FASTER_SLOWER or word == "倍"):
        return _made(read, "ratio", _as_decimal(read, number, value), number, after + 1)
    return None


_TIMES = vocabulary("x × times mal fois veces раз vezes 倍 -fach fach")
_FASTER_SLOWER = vocabulary(
    "faster slower quicker as longer schneller langsamer plus más mais быстрее медленнее speedup speed-up speed the"
)


def _as_decimal(read: _Text, number: Number, value: float) -> float:
    """ "1.234 s" is a decimal where a count would be in thousands."""
    word = read.word(number.first)
    if number.after == number.first + 1 and word.count(".") == 1 and "," not in word and len(word) <= 7:
        return float(word)
    return value


def _clock(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    """ "1h30", "58m11s", "2h 40", "1h 52min": the first part and what follows it."""
    word = read.word(after)
    if read.fused(after) and len(word) > 1 and word[0] in "hm" and word[1].isdecimal():
        unit, rest = (word[:1], word[1:])
        digits = rest.rstrip("smin")
        if digits.isdecimal() and len(digits) <= 2:
            return _made(read, "duration", value * _CLOCK[unit] + int(digits) * _CLOCK[unit] / 60, number, after + 1)
    if word in ("h", "std", "hrs", "hours", "hour", "min", "m") and word in {**_CLOCK, "hrs": 0, "hours": 0, "hour": 0}:
        following = read.word(after + 1)
        scale = _CLOCK.get(word, 3600.0)
        lower = read.word(after + 2)
        ends = lower in (("min", "mins", "minutes", "m") if scale == 3600.0 else ("s", "sec", "seconds"))
        two = following.isdecimal() and len(following) <= 2
        if two and (ends or (scale == 3600.0 and len(following) == 2 and lower in ("", ".", ",", ")", "\n"))):
            seconds = value * scale + int(following) * scale / 60
            return _made(read, "duration", seconds, number, after + 2 + ends)
    return None


def _duration(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    seconds, length = _unit(read, after, _DURATIONS)
    if length == 0 and read.word(after) == "m" and read.fused(after) and read.word(after + 1) != "/":
        seconds, length = 60.0, 1
    if length == 0 and read.word(after) == "of" and read.word(after + 1) in ARTICLES:
        seconds, length = _unit(read, after + 2, _DURATIONS)
        length += 2 if length else 0
    if length == 0 and read.word(after) in ("quarters", "quarter") and read.word(after + 2) in ARTICLES:
        seconds, length = _unit(read, after + 3, _DURATIONS)  # "three quarters of a second"
        value, length = value / 4, length + 3 if length else 0
    if length == 0 or (read.word(after) in ("d", "с", "日") and (not read.fused(after) or value in (2, 3))):
        return None  # "3d" is a kind of printer
    value = _as_decimal(read, number, value)
    ended = after + length
    following, then = read.word(ended), read.word(ended + 1)
    if (
        following in ("and", "und", "et", "y")
        and then in ARTICLES
        and read.word(ended + 2) in ("half", "halb", "media")
    ):
        return _made(read, "duration", (value + 0.5) * seconds, number, ended + 3)
    return _made(read, "duration", min(value * seconds, LONGEST), number, ended)


def _unit(read: _Text, at: int, units: dict[str, float]) -> tuple[float, int]:
    """A unit at a token, of several characters in Chinese and Japanese, and how many tokens it takes."""
    word = read.word(at)
    if word and ord(word[0]) > 0x3000:
        for length in (3, 2):
            joined = "".join(read.word(at + step) for step in range(length))
            if read.word(at + length - 1) and joined in units:
                return units[joined], length
    if word == "个" and ord(read.word(at + 1)[:1] or "a") > 0x3000:
        value, length = _unit(read, at + 1, units)
        return value, length + 1 if length else 0
    return (units[word], 1) if word in units else (0.0, 0)


def _size(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    scale, length = _unit(read, after, _SIZES)
    word = read.word(after)
    if length == 0 or (word in ("to", "go", "mo", "ko") and read.raw[read.tokens[after].start].islower()):
        return None  # "5 to 9", "2 go": the French units are written with a capital
    ended = after + length
    if _per_time(read, ended)[1]:
        scaled, length = _per_time(read, ended)
        return _made(read, "rate", -value * scale / scaled, number, ended + length)  # bytes: no rate of calls
    if word in ("mb", "gb", "kb") and read.word(ended) in ("ram", "memory", "speicher", "vram", "of_ram"):
        return _made(read, "size", -1.0, number, ended + 1)
    return _made(read, "size", value * scale, number, ended)


def _per_time(read: _Text, at: int) -> tuple[float, int]:
    """The seconds of "/s", "per minute", "a day", and its number of tokens; (0, 0) if no rate follows."""
    word, following = read.word(at), read.word(at + 1)
    if word in ("ps", "qps", "rps", "tps"):
        return 1.0, 1
    if word in _PER_TIME and following in _DURATIONS and (word != "a" or len(following) > 1):
        return _DURATIONS[following], 2
    if word == "每" or word == "毎":
        seconds, length = _unit(read, at + 1, _DURATIONS)
        return seconds, length + 1 if length else 0
    return 0.0, 0


_PER_TIME = vocabulary("/ per a an pro je par por pr в за na al à al in_a a-")


def _counted(read: _Text, number: Number, value: float, after: int) -> Measure | None:
    """A number without a unit of its own: cores, workers, a rate of things, or a count."""
    for ahead in range(3):
        at = after + ahead
        word = read.word(at)
        if _unit(read, at, dict.fromkeys(_CORES, 1.0))[1] if word and ord(word[0]) > 0x3000 else word in _CORES:
            return _made(read, "cores", value, number, at + 1)
        if word in ("cpu", "cpus") and ahead < 2 and value > 1:
            return _made(read, "cores", value, number, at + 1)
        joined = word if not word or ord(word[0]) < 0x3000 else read.pair(at)
        if word in _WORKERS or joined in _WORKERS or read.pair(at) + read.word(at + 2) in _WORKERS:
            cores = read.word(at + 1) in ("cpu", "machine", "ryzen", "xeon") or _near(read, number.first, _CPU_TALK, 2)
            return _made(read, "cores" if cores else "workers", value, number, at + 1)
        if not word or not (word.isalpha() or "-" in word):
            break
        if ahead == 0 and word in _NO_NOUN:
            break
        if ahead and word in _NO_NOUN:
            break
    for ahead in range(4):
        seconds, length = _per_time(read, after + ahead)
        if length and seconds < 86400:  # so many a day is the job of a day
            return _made(read, "rate", value / seconds, number, after + ahead + length)
        word = read.word(after + ahead)
        if not (word.isalpha() or word == "/") or word in ("x", "takes", "need", "needs", "took"):
            break
    if read.word(number.first - 1) in _BEFORE_NO_COUNT and read.word(number.first - 1) not in _ITEMS:
        return None
    return _made(read, "count", value, number, after)


_CPU_TALK = vocabulary("machine cpu ryzen xeon i7 i9 laptop")


def _article(read: _Text, at: int) -> Iterator[Measure]:
    """ "an hour", "one second", "a minute": a duration whose number is an article."""
    seconds, length = _unit(read, at + 1, _DURATIONS)
    unit = read.word(at + 1)
    if length == 0 or len(unit) < 3:
        return
    following = read.word(at + 2)
    ordinal = unit == "second" and following.isalpha() and following not in _AFTER_SECOND
    if ordinal or read.word(at - 1) in ("times", "twice", "once", "times,", "mal") or unit in ("day", "days", "week"):
        return
    if _follows_count(read, at):
        return
    value = 1.5 if following in ("and", "und") and read.word(at + 3) in ARTICLES else 1.0
    yield Measure("duration", value * seconds, read.tokens[at].start, read.tokens[at + 1].end, at, at + 2)


_AFTER_SECOND = vocabulary("each per a an for to until till in or and of is before on every apiece with pro par at")


_TAKES = vocabulary("takes take needs need took for about is lasts of dauert braucht tarda met leva")


def _follows_count(read: _Text, at: int) -> bool:
    """Whether "an hour" belongs to a rate: "60 requests an hour"."""
    for back in range(1, 4):
        word = read.word(at - back)
        if word[:1].isdecimal() or word in ("k", "hundred", "thousand"):
            return True
        if not word.isalpha() or word in _TAKES:
            return False
    return False


# --- what they mean -------------------------------------------------------------------------------------------------


def _near(read: _Text, at: int, words: frozenset[str], back: int, ahead: int = 0) -> bool:
    """Whether one of the words stands close before or after a token, in the same part of the sentence."""
    for step in range(1, back + 1):
        word = read.word(at - step)
        if word in words:
            return True
        if word in _STOPS or not word:
            break
    for step in range(ahead):
        word = read.word(at + step)
        if word in words:
            return True
        if word in _STOPS or not word:
            break
    return False


_STOPS = vocabulary(". ; ! ? , : ( ) 。 ， 、 ； ？ →") | {"\n"}
_ENDS = vocabulary(". ; ! ? 。 ； ？") | {"\n"}


def _durations(read: _Text, found: list[Measure]) -> Told:
    """The longest time told for a call, and the longest told for all of them."""
    each: list[Measure] = []
    total: list[Measure] = []
    for measure in found:
        if measure.kind != "duration" or _is_attribute(read, measure):
            continue
        if measure.value < 1e-3 and measure.value * 1e9 >= 1:
            each.append(measure)
        elif _near(read, measure.after, _TOTALS, 0, 2) or _labels_all(read, measure):
            total.append(measure)
        elif _is_each(read, measure) or measure.value < 1 or _near(read, measure.first, _LATENCY, 3):
            each.append(measure)
        elif measure.value >= 60 or _near(read, measure.first, _TOTALS, 4) or _near(read, measure.after, _TOTALS, 0, 4):
            total.append(measure)
    if each:
        longest = max(each, key=lambda measure: measure.value)
        yield "seconds_each", longest.value, longest
    if total:
        longest = max(total, key=lambda measure: measure.value)
        yield "seconds_total", longest.value, longest


def _labels_all(read: _Text, measure: Measure) -> bool:
    """Whether the label of a time speaks of the whole: "loop: 40 s", "without pool: 3 min"."""
    return read.word(measure.first - 1) in (":", "=") and _near(read, measure.first - 1, _WHOLES, 3)


_WHOLES = vocabulary("loop plain serial sequential threads processes pool threadpoolexecutor n workers total boucle")


def _is_attribute(read: _Text, measure: Measure) -> bool:
    """Whether a time is not what the work takes: a film of 2 h, every 10 minutes, the last 3 days, 5 days ago."""
    before, following = read.word(measure.first - 1), read.word(measure.after)
    if following in _MEDIA or (following in ("de", "of", "d'") and read.word(measure.after + 1) in _MEDIA):
        return True
    if before in ("every", "evry", "alle", "каждые", "toutes", "last", "past", "next", "within", "letzten", "timeout"):
        return True
    if before in ("les", "las") and read.word(measure.first - 2) in ("toutes", "todas"):
        return True
    if before in ("of", "von") and read.word(measure.first - 2) in _MEDIA:
        return True
    return _per_time(read, measure.after)[1] > 0


def _is_each(read: _Text, measure: Measure) -> bool:
    following, then = read.word(measure.after), read.word(measure.after + 1)
    if following in _EACH and then not in _DURATIONS:
        return True
    if following in ("/", "a", "an", "per", "за", "на") and then not in _DURATIONS and then[:1].isalpha():
        return then not in ("time", "whole", "total")
    if read.word(measure.first - 1) == "of" and read.word(measure.first - 2).endswith("s"):
        return True  # "11 rounds of 6 min"
    if read.word(measure.first - 1) in ("x", "×", "*", "à", "@", "je", "по"):
        return True
    for back in range(1, 4):  # "1枚90秒", "1 個体 4 秒", "每个 4 秒"
        word = read.word(measure.first - back)
        if word in _COUNTERS and read.word(measure.first - back - 1) in ("1", "一", "每", "毎"):
            return True
    return (
        _near(read, measure.first, _EACH, 7)
        or _near(read, measure.after, _EACH - {"par", "por"}, 0, 3)
        or _one_takes(read, measure)
    )


_ONE = vocabulary("a an one single ein eine einen un une una um uma один одна одно 一个 1つ")
_BEGINS = _STOPS | vocabulary("and but where since because as that if und aber et mais y pero и") | {""}
_TAKE = vocabulary(
    "takes need needs took is was dauert braucht prend dure tarda toma demora leva занимает длится идёт идет costs eats"
)


def _one_takes(read: _Text, measure: Measure) -> bool:
    """ "A page takes 4 s", "one run is 20 min": of one of them, and right before the time."""
    for back in range(1, 5):
        word = read.word(measure.first - back)
        if word in _TAKE:
            ones = (measure.first - back - ahead for ahead in (2, 3))
            return any(read.word(at) in _ONE and read.word(at - 1) in _BEGINS for at in ones)
        if word in _STOPS or not word:
            return False
    return False


def _sizes(read: _Text, found: list[Measure]) -> Told:
    """The largest size told for one of the things."""
    each = [measure for measure in found if measure.kind == "size" and measure.value > 0 and _size_each(read, measure)]
    if each:
        largest = max(each, key=lambda measure: measure.value)
        yield "bytes_each", largest.value, largest


def _size_each(read: _Text, measure: Measure) -> bool:
    before, earlier = read.word(measure.first - 1), read.word(measure.first - 2)
    if before in ("x", "×", "*", "à", "par", "je", "по", "with", "averaging") and before != "with":
        return True
    if before in ("of", "de", "von", "about", "~") and _plural(earlier if before != "~" else ""):
        return True
    following = read.word(measure.after)
    if following in _EACH or following in ("a", "an") or (following == "/" and read.word(measure.after + 1) != "s"):
        return read.word(measure.after + 1) not in _DURATIONS
    if following in _ITEMS:
        return True
    return _near(read, measure.first, _EACH, 4)


def _plural(word: str) -> bool:
    return word in _ITEMS or (len(word) > 3 and word.endswith("s") and word not in _NOT_ITEMS)


def _cores(read: _Text, found: list[Measure]) -> Told:
    """The cores of the machine: the most that are named; "the other 15 cores" are one fewer than all."""
    best: Measure | None = None
    value = 0.0
    for measure in found:
        if measure.kind != "cores" or not 1 < measure.value <= MOST_CORES:
            continue
        cores = float(int(measure.value)) + (
            read.word(measure.first - 1) in ("other", "andere", "anderen", "otros", "autres")
        )
        after = measure.after
        if read.word(after) in ("of", "von", "sur", "de") and read.word(after + 1) in (
            "my",
            "the",
            "meinen",
            "les",
            "mis",
        ):
            whole = read.word(after + 2)
            cores = float(whole) if whole.isdecimal() and len(whole) < 5 else cores
        if cores > value:
            best, value = measure, cores
    if best is not None:
        yield "cores", value, best
        return
    for at, token in enumerate(read.tokens):
        spoken = {"quad-core": 4, "dual-core": 2, "quadcore": 4, "octa-core": 8, "hexacore": 6}.get(token.word)
        if spoken:
            yield "cores", spoken, Measure("cores", spoken, token.start, token.end, at, at + 1)
            return


def _workers(read: _Text, found: list[Measure]) -> Told:
    """How many workers were tried: "with 8 threads", Pool(8), n_jobs=16; the most, and never a single one."""
    tried = [m for m in found if m.kind == "workers" and 1 < m.value <= 1e6 and m.value == int(m.value)]
    for measure in found:
        if measure.kind == "count" and 1 < measure.value <= 1e6 and measure.value == int(measure.value):
            sign, name = read.word(measure.first - 1), read.word(measure.first - 2)
            if sign in ("(", "=", "x") and (name in _POOLS or (sign == "x" and name in ("thread", "process"))):
                tried.append(measure)
    if tried:
        most = max(tried, key=lambda measure: measure.value)
        yield "workers_tried", most.value, most


def _rates(read: _Text, found: list[Measure]) -> Told:
    """A rate that may not be exceeded; the rate that is reached today is none."""
    for measure in found:
        if measure.kind != "rate" or measure.value <= 0:
            continue
        if _within_sentence(read, measure.first, measure.after, _LIMITS):
            yield "rate_limit_per_second", measure.value, measure
            return
    for at, token in enumerate(read.tokens):
        if token.word == "crawl-delay":
            for measure in found:
                if 0 < measure.first - at <= 4 and measure.value > 0 and measure.kind in ("count", "duration"):
                    yield "rate_limit_per_second", 1 / measure.value, measure
                    return


_CONNECTIONS = vocabulary(
    "connection connections connexion connexions conexión conexiones conexão conexões verbindung verbindungen "
    "verbindingen соединение соединения соединений подключений 连接 接続 połączeń session sessions slots"
)
_HAS = vocabulary(
    "has have pool up only most maximum max limit limited allow allows allowed lets permits ok hat haben erlaubt "
    "höchstens nur autorise permite permiten máximo разрешает максимум 最多 最大"
)


def _at_once(read: _Text, found: list[Measure]) -> Told:
    """How many may be under way: "the db has 20 connections", "they allow 10 sessions"."""
    for measure in found:
        if measure.kind != "count" or measure.value < 1 or measure.value != int(measure.value):
            continue
        ahead = [read.word(measure.after + step) for step in range(3)]
        if any(word in _CONNECTIONS for word in ahead) and _near(read, measure.first, _HAS, 6):
            yield "at_once", measure.value, measure
            return


def _within_sentence(read: _Text, first: int, after: int, words: frozenset[str], reach: int = 14) -> bool:
    for at in range(first - 1, max(first - reach, -1), -1):
        if read.word(at) in words:
            return True
        if read.word(at) in _ENDS:
            break
    for at in range(after, after + reach):
        if read.word(at) in words or read.word(at) + read.word(at + 1) in words:
            return True
        if read.word(at) in _ENDS or not read.word(at):
            break
    return False


_CPU = vocabulary(
    "cpu cpus processor core prozessor procesador processeur процессор процессора цп цпу procesor cpu-last "
    "taskmanager taskmgr task-manager diagnostics monitor top htop диспетчер диспетчере workstation rechner "
    "processador işlemci manager menedżer タスクマネージャ "
    "उपयोग host server client box machine python user kern core-usage "
    "vcpu utilisation"
)
_NOT_CPU = vocabulary(
    "gpu gpus nvidia-smi disk disks ssd hdd iotop platte nvme network line bandwidth band battery memory ram swap "
    "disque disco диск gpu-last link channel progress gil"
)
_WAITS = vocabulary(
    "wait waiting waits waited recv recv_into read_into socket sockets select poll epoll requests requests.get "
    "network http https ssl ssl.read urlopen server database db sql query queries sleep sleeping idle acquire "
    "download downloading warten wartet netzwerk attente attend esperando espera ожидание ждёт ждет сеть 等待 等 待ち "
    "api connect"
)
_IDLE = vocabulary("idle untätig inactif libre inactivo free leerlauf свободен asleep bored 空闲")
_OF_TIME = vocabulary("time runtime zeit laufzeit temps tiempo времени wall cumtime tottime tempo 时间")


def _shares(read: _Text, found: list[Measure]) -> Told:
    """The share of the processor in use, and of the time spent waiting."""
    for measure in found:
        if measure.kind == "percent":
            yield from _share(read, measure)


def _share(read: _Text, measure: Measure) -> Told:
    share = measure.value
    if share <= 1 and _within_part(read, measure, _OF_TIME):
        if _within_part(read, measure, _WAITS):
            yield "wait_share", share, measure
        return
    resource = _resource(read, measure)
    if resource == "cpu":
        idle = share <= 1 and _near(read, measure.after, _IDLE, 0, 2)
        yield "cpu_share", 1 - share if idle else share, measure
    elif resource is None and 0.3 <= share <= 1 and _near(read, measure.after, _WAITS, 0, 9):
        yield "wait_share", share, measure


def _resource(read: _Text, measure: Measure) -> str | None:
    """What a percentage is of, by the nearest word that tells."""
    sides: list[tuple[float, str]] = []
    for step in range(1, 9):
        word = read.word(measure.first - step)
        if word in _ENDS or not word:
            break
        if word in _CPU or word in _NOT_CPU:
            sides.append((step + (word in _WEAK_CPU) * 3, "cpu" if word in _CPU else "other"))
    for step in range(5):
        word = read.word(measure.after + step)
        if word in _STOPS or not word:
            break
        if word in _CPU or word in _NOT_CPU:
            sides.append((step + 0.5 + (word in _WEAK_CPU) * 3, "cpu" if word in _CPU else "other"))
    return min(sides)[1] if sides else None


_WEAK_CPU = vocabulary("host server client box machine python user rechner workstation manager monitor core kern")


def _within_part(read: _Text, measure: Measure, words: frozenset[str]) -> bool:
    return _near(read, measure.first, words, 8) or _near(read, measure.after, words, 0, 9)


def _clock_times(read: _Text, found: list[Measure]) -> Told:
    """The figures of `time`: real 58m11s, user 1m12s, sys 0m4s."""
    told: dict[str, Measure] = {}
    for measure in found:
        if measure.kind == "duration":
            for back in (1, 2):
                name = _CLOCK_LABELS.get(read.word(measure.first - back))
                if name:
                    told.setdefault(name, measure)
    if "real" in told and "user" in told and told["real"].value > 0:
        busy = told["user"].value + (told["sys"].value if "sys" in told else 0.0)
        share = round(busy / told["real"].value, 4)
        yield "cpu_share", share, told["user"]
        yield "seconds_total", told["real"].value, told["real"]
        if share < 1:
            yield "wait_share", round(1 - share, 4), told["real"]


_CLOCK_LABELS = {"real": "real", "wall": "real", "elapsed": "real", "user": "user", "sys": "sys"}


def _busy(read: _Text, found: list[Measure], told: dict[str, tuple[float, Measure]]) -> Told:
    """How many cores are at work, where that can be told."""
    for part, measure in pairwise(found):
        joined = part.kind == "count" and measure.kind == "cores" and 0 < measure.first - part.after <= 2
        if joined and part.value <= measure.value and read.word(measure.first - 1) in ("of", "von", "sur", "de", "из"):
            rest = _near(read, measure.after, _IDLE | {"bored", "empty", "doing"}, 0, 4)
            yield "busy_cores", measure.value - part.value if rest else part.value, part
    if "cpu_share" in told:
        share, measure = told["cpu_share"]
        if share > 1.5:
            yield "busy_cores", round(share, 2), measure
        elif "cores" in told:
            one_of_them = 0.75 <= share * told["cores"][0] <= 1.3
            if one_of_them or (share >= 0.9 and read.word(measure.after) == "of"):
                yield "busy_cores", 1.0, measure


# --- how many -------------------------------------------------------------------------------------------------------


def _calls(read: _Text, found: list[Measure]) -> Told:
    """The number of things to do: of the best named ones the first; a product where two are multiplied."""
    best: tuple[int, float, Measure] | None = None
    for index, measure in enumerate(found):
        if measure.kind != "count":
            continue
        rank = _rank(read, measure)
        rank *= rank > 2 or measure.value > 3
        if rank and (best is None or rank > best[0]):
            best = (rank, _product(read, found, index), measure)
    if best is not None and 1 <= best[1] <= MOST_CALLS:
        yield "calls", round(best[1]), best[2]


def _product(read: _Text, found: list[Measure], index: int) -> float:
    measure = found[index]
    if index + 1 < len(found) and found[index + 1].kind == "count":
        following = found[index + 1]
        between = [read.word(at) for at in range(measure.after, following.first)]
        if 1 < len(between) <= 3 and between[-1] in ("x", "×", "*") and _rank(read, following) > 1:
            return measure.value * following.value
    return measure.value


def _rank(read: _Text, measure: Measure) -> int:
    """How surely a count is that of the calls: 4 with a word for them, 3 with a counter, 2 with any plural, else 0."""
    value, before = measure.value, read.word(measure.first - 1)
    if value != int(value) or value < 1 or before in ("per", "each", "every", "=", "(", "[", "/", "%"):
        return 0
    if read.raw[max(measure.start - 4, 0) : measure.start].endswith(("スレッド", "プロセス", "ワーカー", "のうち")):
        return 0
    if 1900 <= value <= 2100 and before in (
        "in",
        "since",
        "from",
        "of",
        "seit",
        "depuis",
        "en",
        "desde",
        "до",
        "с",
        "im",
    ):
        return 0
    if read.word(measure.after) in ("x", "×") and read.word(measure.after + 1)[:1].isdecimal():
        return 0
    if any(" ".join((read.word(measure.after), read.word(measure.after + 1))).startswith(left) for left in _LEFT):
        return 2
    if read.word(measure.after) in _REPEATED and value >= 10 and read.word(measure.after + 1) not in _COMPARED:
        return 2
    return _noun_rank(read, measure)


_REPEATED = vocabulary("times mal veces vezes fois раз volte keer razy kez")
_COMPARED = vocabulary(
    "a an as faster slower quicker longer more less bigger larger smaller better worse the per schneller langsamer "
    "mehr größer más mas mais plus moins быстрее медленнее больше più meno sneller szybciej daha"
)


def _noun_rank(read: _Text, measure: Measure) -> int:
    rank = 0
    for ahead in range(4):
        at = measure.after + ahead
        word = read.word(at)
        if not word:
            break
        if word in _COUNTERS or read.pair(at) in _COUNTERS:
            return 3 if measure.value > 1 else 0
        if ord(word[0]) > 0x3000:
            return max(rank, 2) if measure.value > 1 and ahead == 0 else rank
        if word == "of" and ahead == 0:
            continue
        if word == "/" and read.fused(at):
            continue
        if not word[0].isalpha() or (word in _NO_NOUN and not (ahead == 0 and word == "de")):
            break
        if word in _NOT_ITEMS or (word in _DURATIONS and len(word) > 2):
            return rank
        ending = word.rpartition("-")[2]
        if ending in _ITEMS or ending.endswith(_ITEM_ENDINGS):
            return 0 if _is_part(read, at + 1) else 4
        noun = ahead == 0 and read.raw[read.tokens[at].start].isupper() and word.endswith(("e", "n", "r"))  # in German
        if measure.value > 1 and (noun or _may_be_plural(word)) and not _is_part(read, at + 1):
            rank = max(rank, 2 if ahead == 0 else 1)
    return rank


def _may_be_plural(word: str) -> bool:
    if word.isascii():
        return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ths"))
    return len(word) > 2


# "2000 Dateien per FTP", "par http", "por ssh": how, not how many for each.
_BY_WHICH_WAY = vocabulary(
    "ftp sftp ftps http https ssh scp rsync smb nfs api rest mail email imap smtp curl wget post"
)


def _is_part(read: _Text, at: int) -> bool:
    """Whether the things are parts of each call: "40 pages each", "3 queries per page"."""
    word, following = read.word(at), read.word(at + 1)
    if following in _BY_WHICH_WAY:
        return False
    if word in ("each", "apiece", "pro", "/", "par", "por") and following not in ("=",):
        return not (word == "each" and following[:1].isdecimal())
    if word == "per":
        return following not in _DURATIONS
    return word == "in" and following in ("each", "every")
