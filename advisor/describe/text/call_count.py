"""How many: which of the counts in a text is the number of calls."""

from __future__ import annotations

from advisor.describe.text.tokenizer import Text, vocabulary
from advisor.describe.text.units import DURATIONS, NO_NOUN, Measure, Told
from advisor.limits import MAX_COUNT_IN_TEXT

# What a number counts that is a call's worth of work, in the forms that follow a number.
ITEMS = vocabulary(
    "files images photos pictures pages urls links sites websites requests queries calls items tasks jobs records "
    "documents docs pdfs videos clips songs tracks simulations runs trials hosts devices switches servers symbols "
    "stocks tickers coins emails mails messages users customers frames samples csvs jpgs jpegs pngs tiffs passwords "
    "hashes tables datasets archives html epubs folders products articles endpoints accounts repos repositories "
    "addresses appts invoices orders scans letters books chapters episodes podcasts feeds recipes tiles buckets "
    "blobs objects keys statements reports selects inserts updates patients genomes contigs genes proteins reads "
    "sequences structures molecules compounds candidates scenarios models games boards matches positions puzzles "
    "sudokus worlds maps meshes parts drawings scenes renders shots stills films movies recordings tapes rasters "
    "rows tuples posts tweets comments reviews descriptions labels tickets cases rulings contracts essays "
    "submissions students pupils employees members parents players clients cameras cams sensors meters routers pods "
    "lamps bulbs radios stations plugs cages cows fields plots parcels districts counties villages regions branches "
    "shops stores hotels portfolios options trades transactions bookings payments policies claims charts thumbnails "
    "icons backups dumps logs logfiles xmls yamls notebooks domains hostnames ips certificates names words sentences "
    "vectors matrices buffers blocks chunks batches shards arrays series spectra slides cells organisms individuals "
    "agents chains seeds replications experiments settings combinations permutations pairs pulls playouts pins "
    "passphrases mailboxes events packets pcaps captures streams subsystems machines nodes vms containers "
    "dockerfiles packages wheels binaries programs scripts lookups downloads uploads conversions crops texts "
    "prompts completions embeddings summaries translations titles authors artists albums covers vehicles trips "
    "routes flights ships trains markets assets pcs printers dateien bilder fotos seiten anfragen abfragen aufträge "
    "dokumente rechnungen datensätze läufe stück geräte kunden adressen urteile ordner nutzer spiele modelle "
    "aufnahmen datenblätter filme archive pakete sätze texte akten läden fichiers requêtes dossiers lignes factures "
    "adresses modèles livres mots archivos ficheros imágenes páginas peticiones consultas documentos facturas "
    "clientes contraseñas filas registros pruebas vídeos arquivos imagens pedidos senhas notas linhas файлов файла "
    "картинок фото страниц запросов документов товаров писем строк записей изображений снимков адресов фотографий "
    "видео лекций логов альбомов сканов паролей моделей plików zdjęć zapytań dosya resim foto immagini foglie pagine "
    "richieste फ़ाइलें फाइल फ़ोटो फोटो चित्र रिक्वेस्ट"
)
_ITEM_ENDINGS = (
    "files", "images", "photos", "scans", "docs", "dateien", "bilder", "shops", "sheets", "games", "maps", "models",
    "aufnahmen", "archive", "modelle", "läufe", "films", "fotos", "books", "papers", "mails",
)  # fmt: skip
COUNTERS = vocabulary("个 個 件 张 張 枚 本 条 條 台 份 部 首 篇 家 次 名 店舗 冊 通 ファイル 페이지 万枚 行")
NOT_ITEMS = vocabulary(
    "years year jahre ans años anos лет год years-old months monate mois meses times mal veces fois раз degrees "
    "euros dollars bucks lines characters chars digits zeichen columns cols colours colors pixels "
    "px dpi km metres miles epochs layers steps stages rounds generations versions bits fps rpm mbit gbit "
    "mbps ghz mhz hz bars points percent weeks days hours minutes seconds iterations levels attempts retries "
    "processors gpus things others ones his its this does was has is as us pass yes across less plus class process "
    "access always ms bands knots features dimensions params parameters atoms ways reasons persons "
    "guys friends colleagues hidden nested against million thousand hundred doors floors people kids loops phases "
    "desks"
)
_LEFT = (
    "left", "to go", "to do", "remaining", "in total", "pieces", "altogether", "übrig", "restantes", "of them",
    "of these", "of those",
)  # fmt: skip


def calls(read: Text, found: list[Measure]) -> Told:
    """The number of things to do: of the best named ones the first; a product where two are multiplied."""
    best: tuple[int, float, Measure] | None = None
    for index, measure in enumerate(found):
        if measure.kind != "count":
            continue
        rank = _rank(read, measure)
        rank *= rank > 2 or measure.value > 3
        if rank and (best is None or rank > best[0]):
            best = (rank, _product(read, found, index), measure)
    if best is not None and 1 <= best[1] <= MAX_COUNT_IN_TEXT:
        yield "calls", round(best[1]), best[2]


def _product(read: Text, found: list[Measure], index: int) -> float:
    measure = found[index]
    if index + 1 < len(found) and found[index + 1].kind == "count":
        following = found[index + 1]
        between = [read.word(at) for at in range(measure.after, following.first)]
        if 1 < len(between) <= 3 and between[-1] in ("x", "×", "*") and _rank(read, following) > 1:
            return measure.value * following.value
    return measure.value


def _rank(read: Text, measure: Measure) -> int:
    """How surely a count is that of the calls: 4 with a word for them, 3 with a counter, 2 with any plural, else 0."""
    value, before = measure.value, read.word(measure.first - 1)
    if value != int(value) or value < 1 or before in _BEFORE_OTHERS:
        return 0
    if read.raw[max(measure.start - 4, 0) : measure.start].endswith(("スレッド", "プロセス", "ワーカー", "のうち")):
        return 0
    if 1900 <= value <= 2100 and before in _BEFORE_YEAR:
        return 0
    following, then = read.word(measure.after), read.word(measure.after + 1)
    if following in ("x", "×") and then[:1].isdecimal():
        return 0
    if f"{following} {then}".startswith(_LEFT):
        return 2
    if following in _REPEATED and value >= 10 and then not in _COMPARED:
        return 2
    return _noun_rank(read, measure)


_BEFORE_OTHERS = vocabulary("per each every = ( [ / %")
_BEFORE_YEAR = vocabulary("in since from of seit depuis en desde до с im")
_REPEATED = vocabulary("times mal veces vezes fois раз volte keer razy kez")
_COMPARED = vocabulary(
    "a an as faster slower quicker longer more less bigger larger smaller better worse the per schneller langsamer "
    "mehr größer más mas mais plus moins быстрее медленнее больше più meno sneller szybciej daha"
)


def _noun_rank(read: Text, measure: Measure) -> int:
    rank = 0
    for ahead in range(4):
        at = measure.after + ahead
        word = read.word(at)
        if not word:
            break
        if word in COUNTERS or read.pair(at) in COUNTERS:
            return 3 if measure.value > 1 else 0
        if ord(word[0]) > 0x3000:
            return max(rank, 2) if measure.value > 1 and ahead == 0 else rank
        if word == "of" and ahead == 0:
            continue
        if word == "/" and read.fused(at):
            continue
        if not word[0].isalpha() or (word in NO_NOUN and not (ahead == 0 and word == "de")):
            break
        if word in NOT_ITEMS or (word in DURATIONS and len(word) > 2):
            return rank
        ending = word.rpartition("-")[2]
        if ending in ITEMS or ending.endswith(_ITEM_ENDINGS):
            return 0 if _is_part(read, at + 1) else 4
        noun = ahead == 0 and read.raw[read.tokens[at].start].isupper() and word.endswith(("e", "n", "r"))  # in German
        if measure.value > 1 and (noun or _may_be_plural(word)) and not _is_part(read, at + 1):
            rank = max(rank, 2 if ahead == 0 else 1)
    return rank


def _may_be_plural(word: str) -> bool:
    if word.isascii():
        return len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is", "ths"))
    return len(word) > 2


_OF_EACH = vocabulary("each apiece pro / par por")
# "2000 Dateien per FTP", "par http", "por ssh": how, not how many for each.
_BY_WHICH_WAY = vocabulary(
    "ftp sftp ftps http https ssh scp rsync smb nfs api rest mail email imap smtp curl wget post"
)


def _is_part(read: Text, at: int) -> bool:
    """Whether the things are parts of each call: "40 pages each", "3 queries per page"."""
    word, following = read.word(at), read.word(at + 1)
    if following in _BY_WHICH_WAY:
        return False
    if word in _OF_EACH and following != "=":
        return not (word == "each" and following[:1].isdecimal())
    if word == "per":
        return following not in DURATIONS
    return word == "in" and following in ("each", "every")
