"""Find symptoms: signs of where the time goes that name no library, such as an idle CPU or a step that needs the last.

People describe symptoms in their own words and languages, so a symptom is a pattern of alternative stems. A stem starts
at the start of a word, in Chinese and Japanese anywhere, and has any ending; `#` stands for a number.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from advisor.describe.text.tokenizer import UNSPACED

SYMPTOMS: Final[dict[str, str]] = {
    "idle": (
        "idle|idling|bored|asleep|sleeping|twiddl|does nothing|doing nothing|nothing to do|cpu is at #"
        "|barely any cpu|hardly any cpu|no cpu|low cpu|cpu low|almost no load|cold"
        "|fans? (?:are |is )?(?:off|silent|quiet)|langweil|untätig|leerlauf|nichts zu tun|dreht däumchen"
        "|s'ennuie|inactif|au repos|se tourne les pouces|ocios|parad[ao]|aburrid|sin hacer nada|não faz nada"
        "|à toa|простаива|скуча|бездельнича|ничего не делает|空闲|闲着|空转|几乎不占|遊んで|暇|アイドル"
        "|ほぼ ?0|खाली|boşta|bezczynn|inattiv"
    ),
    "waiting": (
        r"wait|await|hang|stall|block(?:s|ed|ing)?\b|respon[ds]|answer|repl(?:y|ies)|latenc|round.?trip"
        "|timeout|time.?out|thinks|slow to come|takes its time|wart|antwort|reagier|attend|attente|répon"
        "|réponse|esper|respond|respuest|respost|aguard|demora (?:a|en)|жд[уёеа]|ожида|ответ|отвеча|等待|等"
        "|响应|返回|回复|待ち|待た|待っ|応答|返って|इंतज़ार|जवाब|bekl|yanıt|cevap|czeka|odpowied|aspett|rispo"
    ),
    "remote": (
        r"server|remote|api\b|apis\b|https?\b|website|web site|service|portal|endpoint|cloud|vpn|internet"
        "|network|online|the other (?:side|end)|their (?:side|end|system)|upstream|provider|vendor"
        r"|host(?:s|ed|er)?\b|netz|dienst|anbieter|fern|réseau|serveur|distant|fournisseur|servidor|red\b"
        r"|rede\b|remot|proveedor|fornecedor|nube|nuvem|sitio|site\b|сервер|сет[иь]|удал[её]нн|сайт|сервис"
        "|облак|服务器|远程|网络|接口|网站|云|サーバ|リモート|ネットワーク|外部|サイト|クラウド|सर्वर|नेटवर्क"
        "|रिमोट|वेबसाइट|sunucu|serwer|sieć"
    ),
    "share": (
        r"nas\b|nfs|smb\b|samba|webdav|network (?:share|drive|disk|folder)|netzlaufwerk|freigabe"
        "|partage réseau|unidad de red|сетев|共享盘|网络盘|共有フォルダ|नेटवर्क ड्राइव|sshfs|usb stick|tape"
    ),
    "one core busy": (
        "one core|single core|# core (?:busy|at|of)|one cpu|single cpu"
        r"|one of (?:the |my |our )?(?:#|\w+) (?:cores?|cpus?)|pegged|maxed|full tilt|only # core"
        r"|100 ?% (?:cpu|of one|on one)|cpu (?:is )?(?:at )?100|one (?:bar|column|green)|other (?:\w+ )?cores"
        "|rest of (?:them|the cores)|ein kern|einem kern|einen kern|un seul c[oœ]e?ur|un cœur"
        "|un(?: solo| único)? núcleo|um (?:só |único )?núcleo|одно ядро|одном ядре|одного ядра|一个核|单核"
        "|只有一个核|一个cpu|1コア|一つのコア|コア1つ|एक कोर|एक ही कोर|tek çekirdek|jeden rdzeń|un core"
        r"|fans? (?:scream|spin|how|go|at full)|hot\b|heats?"
    ),
    "python computes": (
        r"pure.python|plain python|python loop|loops?\b|for loop|nested|while loop"
        "|my own (?:code|function|parser|loop|algorithm|implementation|class)|own (?:python|function|code)"
        "|hand.?(?:written|rolled|made)|from scratch|homegrown|homemade|self.?written|brute.?force|recursi"
        "|backtrack|python lists?|list comprehension|dicts? of|string (?:slicing|handling|concat)"
        "|reines python|in python geschrieben|eigene[nrs]? (?:code|funktion|parser|python)"
        "|selbst ?geschrieben|schleife|en python pur|python pur|boucle|bucle|laço|fait maison|mi propi|propia"
        "|própri|python puro|чист(?:ый|ом|ого) (?:python|питон)|цикл|перебор|сво[йеяю]|纯python|纯 python"
        "|自己写|循环|遍历|暴力|純python|純粋な|自作|ループ|総当たり|शुद्ध पाइथन|अपन[ेीा]|döngü|pętl"
    ),
    "computes": (
        "comput|calculat|crunch|simulat|number|matrix|matrices|cpu.?(?:bound|heavy|intensive)|processing"
        "|render|encod|compress|berechn|rechne|calcul|kalkul|вычисл|расч[её]т|считае|счита[тл]|计算|运算|計算"
        "|गणना|hesap|oblicz|score|scoring|solv|optimi"
    ),
    "depends": (
        "previous|prior|predecessor|depend|needs? the (?:one|result|output|last|answer|state)|the one before"
        "|step before|line before|row before|last (?:result|step|value|answer|state)|in order"
        "|strict(?:ly)? order|order must|builds? (?:up)?on|then (?:uses?|with) (?:the|that)"
        "|next (?:one|step|page|call|request) (?:needs|only|starts|is|depends)|result goes into"
        "|feeds? (?:into|the next)|cursor|next.?page|page token|token of the|chain|recurrence"
        "|running (?:sum|total|balance)|cumulative|state machine|markov|kalman|autoregress|iteration needs"
        "|can'?t (?:be )?(?:skip|reorder)|vorherig|vorig|hängt von|abhängig|reihenfolge|vorgänger|aufeinander"
        "|précédent|dépend|dans l'ordre|anterior|depende|en orden|em ordem|предыдущ|зависит|по порядку|строго"
        "|на основе прошл|上一|前一|依赖|顺序|前の|直前|依存|順番|順序|पिछल|निर्भर|önceki|sıra|poprzedn|zależ"
        "|precedent|dipend"
    ),
    "independent": (
        "independen|nothing to do with each other|don'?t share|share nothing|separate(?:ly)?|each on its own"
        "|no relation|unrelated|embarrassingly|unabhängig|indépendant|independient|независим|不相关|独立|互不"
        "|स्वतंत्र|bağımsız|niezależn|indipendent"
    ),
    "tiny": (
        r"instant|in no time|blink|millisecond|microsecond|# ?(?:µs|us|ns|microseconds|milliseconds)\b"
        "|# ?ms (?:in total|altogether|total|all)|tiny|handful|already fast|fast enough|under a second"
        "|less than a second|half a second in total|done (?:in|before)|trivial"
        "|a few (?:numbers|lines|rows|values|names)|worth (?:it|the)|overkill|sofort|winzig|millisekunde"
        "|mikrosekunde|lohnt|instantané|minuscule|milliseconde|vaut.il|vaut le coup|instantáne|milisegundo"
        "|diminut|vale la pena|мгновенн|миллисекунд|микросекунд|крошечн|стоит ли|毫秒|微秒|瞬间|一瞬|很小"
        "|有必要|ミリ秒|マイクロ秒|すぐ|小さな|必要(?:ある|です)|मिलीसेकंड|तुरंत|पल भर|milisaniye|anında"
        "|milisekund"
    ),
    "all cores": (
        r"all (?:#|\w+|the|my|our)? ?(?:cores|cpus|kernels|threads)|every core|each core"
        "|cores? (?:are|is) (?:all|already)|n_jobs|workers=-#"
        "|already (?:uses|using|parallel|multi|saturat|runs on|use)|by itself"
        "|multi.?threaded (?:already|itself|inside|internally)|openmp|omp_num|mkl_num|openblas_num"
        r"|blas threads|thread_count|cores at 100|alle(?:n)? (?:#|\w+)? ?kerne|ausgelastet|tous les c[oœ]"
        r"|todos (?:los|os) núcleos|все (?:#|\w+)? ?яд|全部核|所有核|全核|核都|全コア|すべてのコア|全てのコア"
        "|सभी कोर|सारे कोर|tüm çekirdek|wszystkie rdzenie|tutti i core"
    ),
    "limited": (
        "rate.?limit|limit(?:s|ed)? (?:to|of|us|me|at)|throttl|per (?:second|minute|hour|day)"
        r"|a (?:second|minute) (?:max|at most|per)|quota|429|ban(?:s|ned)?\b|max(?:imum)? (?:#|one)"
        "|only (?:one|a single|#)"
        " (?:at a time|connection|request|licen|session|device|port|printer|machine|reader|robot|arm)"
        "|one at a time"
        "|single (?:port|device|printer|connection|licen|tape|scanner|writer|serial|arm|robot|reader)"
        "|serial port|rs.?232|rs.?485|modbus|usb device|there is (?:only )?one|just one|einzig"
        "|nur (?:ein|eine|einen|einem|#) |pro (?:sekunde|minute|stunde)|par (?:seconde|minute|heure)"
        "|por (?:segundo|minuto|hora)|un(?:e|a)? seul|una sola|un solo|um único|uma única|в секунду|в минуту"
        "|в час|один (?:запрос|порт|принтер)|единственн|每秒|每分钟|限流|封号|一台|唯一|只有一(?:个|台|条)"
        "|毎秒|1台|一台しか|制限|एक ही|प्रति|saniyede|tek bir|na sekundę|jeden port"
    ),
    "async": (
        r"async|await|coroutine|aiohttp|event.?loop|gather\b|websocket|uvloop|trio\b|anyio|asyncpg|aio\w+"
        "|open (?:connections|sockets)|connections? (?:open|at once|at the same time)"
        r"|(?:#|thousands?|hundreds)(?: ?k| of| thousand)? (?:\w+ )?(?:connections|sockets|clients|sessions|streams)"
        "|long.?poll|keep.?alive|корутин|асинхрон|协程|异步|コルーチン|非同期|asynchron|asíncron|assíncron"
        "|कोरूटीन"
    ),
    "child": (
        r"subprocess|popen|os\.system|shell out|command.?line|cli\b|binary|executable|\.exe"
        "|external (?:program|tool)|call(?:s|ing)? (?:out to )?(?:an? )?(?:external )?(?:program|tool)"
        r"|child process|externes? programm|programme externe|programa externo|внешн\w+ програм|外部程序"
        "|命令行|外部プログラム|コマンド|कमांड"
    ),
    "native": (
        r"numpy|blas|c extension|releases? the gil|lets? go of the gil|without the gil|nogil|cython|rust\b"
        r"|gpu|cuda|opencv|c\+\+|c library|hashlib|zlib|native|in c\b"
    ),
    "threads tried": ("thread|fäden|hilos|нит[иь]|поток|线程|スレッド|थ्रेड|iş parçacı|wątk|çoklu"),
    "processes tried": (
        r"process(?:es|pool)?\b|multiprocess|fork|pool\(|prozess|processus|proces[oi]|процесс|进程|プロセス"
        "|प्रोसेस|süreç"
    ),
    "no gain": (
        "no (?:faster|gain|difference|change|quicker|speed|better|improvement|effect)"
        r"|not (?:faster|any faster|quicker)|(?:slower|same) (?:than|as|time|speed|with)|slower\b|same time"
        "|changed nothing|nothing changed|didn'?t help|doesn'?t help|did nothing|does not help|hardly any"
        r"|gained nothing|1\.0x|1x\b|nicht schneller|langsamer|gleich (?:lang|schnell)|bringt nichts"
        "|nichts gebracht|pas plus (?:vite|rapide)|aucun (?:gain|effet)|plus lent|rien changé"
        "|no (?:ayud|mejor|cambi)|igual|más lento|não (?:ajud|melhor|mudou)|mais lento"
        "|не (?:помог|быстрее|ускор)|так же|медленнее|то же|没(?:有)?(?:用|变|快|区别)|更慢|一样|変わら"
        "|速くなら|遅く|効果(?:が)?な|फर्क नहीं|fark(?: ?etme| yok)|nie pomog|wolniej"
    ),
    "gain": (
        "times faster|x faster|faster with|much faster|sped up|speeds up|quicker with|well with threads"
        "|schneller mit|plus rapide avec|más rápido con|быстрее с|快了|速くなった"
    ),
    "done": (
        "already (?:done|downloaded|on (?:the )?disk|local|there|in (?:memory|ram)|loaded|cached|saved|here)"
        r"|once (?:loaded|downloaded)|is (?:instant|quick|fast|fine|done|over)\b"
        "|not the (?:network|disk|db|database|download|problem|bottleneck)|bereits"
        "|schon (?:da|geladen|lokal|auf)|déjà|ya (?:está|estan|están|descarg)|já (?:est|foram|baix)|уже|已经"
        "|早就|保存済み|もう|済み|पहले से|आ चुक|zaten|już"
    ),
    "local": (
        r"on (?:my |the |this )?(?:disk|ssd|nvme|laptop|machine)|local(?:ly)?\b|in (?:memory|ram)\b|lokal"
        "|auf der platte|sur (?:le )?disque|en disco|no disco|на диске|в памяти|本地|硬盘|内存|手元|ローカル"
        "|メモリ"
    ),
    "responsive": (
        r"freez|frozen|unresponsive|responsive|not responding|greys? out|window|button|gui\b|tkinter|qt\b"
        r"|heartbeat|spinner|progress bar|cancel|ui\b|friert|fenster|fige|fenêtre|gel[ée]|ventana|congela"
        "|janela|trava|зависа|окно|кнопк|卡死|卡住|界面|窗口|固ま|ウィンドウ|ボタン|画面|खिड़की|विंडो|जम "
        "|donuyor|pencere|okno|zawiesza|finestra"
    ),
    "one by one": (
        "one (?:by|after) (?:one|the other|another)|one at a time|in turn|sequential|einer? nach|nacheinander"
        "|hintereinander|l'un après|un(?:e)? par un|un[oa] (?:por|tras|a) un|um (?:por|a) um|one file at"
        "|по одн|один за друг|подряд|逐个|一个一个|挨个|一条一条|1つずつ|一件ずつ|順に|एक एक|एक के बाद|birer"
        "|tek tek|po kolei|uno alla volta"
    ),
    "shared": (
        r"shared?\b|same (?:dict|list|object|map|cache|memory|queue|data)|lock\b|mutex|race|in.?memory"
        "|global|gemeinsam|partag|compartid|compartilh|mism[oa]|общ|одн(?:у|им) и т|共享|同一|共有|同じ|साझा"
        "|ortak|wspóln"
    ),
    "about python": (
        "what (?:is|are|does|do)|explain|difference|why (?:did|does|do|is)|who (?:made|wrote)"
        r"|how (?:does|do) (?:the )?(?:gil|threads|await|python)|interview|better than|vs\.?\b|versus"
        "|tutorial|course|learn|book|meaning|definition|was ist|erkläre|unterschied|qu'est|expliqu|diferenci"
        "|qué es|o que é|что такое|чем отлич|объясн|是什么|区别|とは|違い|क्या (?:है|होता)"
    ),
    "vague": (
        r"stuff|things?\b|something|somehow|my (?:script|program|code|app|project|job|task)\b|faster|speed"
        "|slow|optimi[sz]e|performance|help|mein (?:skript|programm|code)|mon (?:script|programme|code)"
        "|mi (?:script|programa|código)|meu (?:script|programa|código)|мо[йеяю] (?:скрипт|програм|код)"
        "|我的(?:脚本|程序|代码)|プログラムが|मेरा (?:प्रोग्राम|कोड)|lent|lento|медленн|慢|遅い|धीम"
    ),
    "unknown": (
        "don'?t know|no idea|not sure|can'?t (?:say|tell|show)|unclear|nobody (?:knows|profiled|measured)"
        "|maybe|could be|whether|weiß (?:nicht|ich nicht)|keine ahnung|sais pas|ni idea|no sé|não sei|не знаю"
        "|непонятно|不知道|不清楚|わから|分から|पता नहीं|bilmiyor|nie wiem|non so"
    ),
}

_NUMBER: Final = r"[0-9]+(?:[.,][0-9]+)*"
# Whatever in a stem is not the same in all of its matches.
_OPTIONAL: Final = re.compile(r"\\.|\[[^\]]*\]\S?|\([^()]*\)[?*+]?(?:\{[^}]*\})?|[^\n()](?:[?*]|\{[^}]*\})|[#.+^$|]")
_ALTERNATIVE: Final = re.compile(r"(?:[^|()\\]|\\.|\((?:[^()\\]|\\.|\([^()]*\))*\))+")


def find_symptoms(lower: str) -> dict[str, tuple[str, int]]:
    """Return the symptoms in a lower-case text, each with the first words that show it and their position."""
    ascii_only = lower.isascii()
    symptoms = (name for name in SYMPTOMS if not ascii_only or any(map(lower.__contains__, _ascii_cues()[name])))
    matches = ((symptom, _pattern(symptom, ascii_only).search(lower)) for symptom in symptoms)
    return {symptom: (match[0], match.start()) for symptom, match in matches if match}


@cache
def _pattern(symptom: str, ascii_only: bool) -> re.Pattern[str]:
    alternatives = _ALTERNATIVE.findall(SYMPTOMS[symptom])
    if ascii_only:
        pattern = rf"(?<!\w)(?:{'|'.join(filter(_may_match_ascii, alternatives))})"
    else:
        unspaced = [stem for stem in alternatives if re.match(rf"[{UNSPACED}]", stem)] or ["(?!)"]
        start = rf"(?:(?<!\w)|(?<=[{UNSPACED}]))"  # unspaced characters do not belong to the word that follows
        pattern = rf"{start}(?:{'|'.join(alternatives)})|(?:{'|'.join(unspaced)})"
    return re.compile(pattern.replace("#", _NUMBER))


@cache
def _ascii_cues() -> dict[str, tuple[str, ...]]:
    """Return for each symptom what an ASCII text must contain to show it.

    Compiling all patterns takes longer than classifying a text, and few of them match anything in it.
    """
    return {
        symptom: tuple(_cue(stem) for stem in _ALTERNATIVE.findall(stems) if _may_match_ascii(stem))
        for symptom, stems in SYMPTOMS.items()
    }


def _cue(stem: str) -> str:
    """Return the longest literal that is in every match of a stem; empty if there is none."""
    before = ""
    while before != stem:
        before, stem = stem, _OPTIONAL.sub("\n", stem)
    return max(stem.split("\n"), key=len)


def _may_match_ascii(stem: str) -> bool:
    """Return True if a stem matches some ASCII text, as "c[oœ]ur" does."""
    return stem.isascii() or re.sub(r"\[[^\]]*\]|\([^()]*\)|.\?", "", stem).isascii()
