"""The clauses of a description, and what each does with what it names: denies it, sets it aside, blames it, wishes it.

"The download is already done, the bottleneck is the parsing" names a download that plays no part. A clause ends where a
sentence does, at a comma, and before "but", "and not", "without" and their like in other languages. A clause is told by
the phrases in it, which are looked up by their first word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Literal, NamedTuple

from advisor.reading.measures import Measure, measures
from advisor.reading.tokens import Text, Token, lowered, tokens, vocabulary

Outcome = Literal[
    "threads failed",
    "threads helped",
    "processes failed",
    "processes helped",
    "asyncio failed",
    "asyncio helped",
]
MUCH = 0.55  # of the time: what has that share is to blame
LITTLE = 0.1  # and what has no more than this is not
GAIN = 1.35  # times faster: what is less is no gain
NEAR = 24  # tokens between a way to run and what it brought


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a sentence, at `[start, end)` of the text, and what it says of what it names."""

    text: str
    start: int
    end: int
    negated: bool = False  # denied: "no network involved", "not the disk"
    done: bool = False  # out of the way: already done, cached, quick, not the problem
    blamed: bool = False  # where the time goes: "the bottleneck is", "most of the time", "what takes long"
    outcome: Outcome | None = None  # what a way to run them has brought
    wish: bool = False  # asked, hoped, believed or told by others; not a fact of the task


class _Part(NamedTuple):
    """The tokens `[first, after)` of a clause, and the number of its sentence."""

    first: int
    after: int
    sentence: int


# --- phrases --------------------------------------------------------------------------------------------------------
# The words of a phrase stand one after the other; a `*` at the end stands for any ending, `_` for one or two words.

NEGATIONS = (
    "not|no|never|none|without|neither|nor|nothing|nobody|nowhere|hardly|isn't|isnt|aren't|arent|wasn't|wasnt|"
    "weren't|doesn't|doesnt|don't|dont|didn't|didnt|won't|cannot|can't|cant|hasn't|haven't|needn't|barely|"
    "zero network|ain't|nicht|kein|keine|keinen|keiner|keinem|nichts|nie|niemand|ohne|weder|garnix|nix|kaum|pas|"
    "aucun|aucune|jamais|rien|sans|ni|plus rien|guère|no|nada|ningún|ninguna|ninguno|nunca|sin|tampoco|apenas|não|"
    "nao|nenhum|nenhuma|nunca|sem|nem|non|niente|nessun|nessuna|senza|не|нет|никак*|ничего|нисколько|без|ни|"
    "почти не|nie|żaden|bez|değil|yok|hiç|yapmıyor|नहीं|बिना|कोई नहीं|nahi|nahin"
)
NO_NEGATIONS = (
    "nothing but|not only|not just|no longer than|no more than|nothing else than|nothing except|no idea|no matter|"
    "no sé|didn't know|nobody else|no need|not responding|no answer|no reply|can't keep up|cannot keep up|"
    "doesn't keep up|no problem|why not|whether or not|doesn't respond|does not respond|doesn't answer|not answer|"
    "don't know|dont know|doesn't react|reagiert nicht|not fast|not even|no wonder|not sure|don't understand|"
    "can't see why|not yet|no later|can't wait|cannot wait|next to nothing|in no time|no time|is nothing|"
    "are nothing|was nothing|takes nothing|non blocking|never mind|ne répond pas|répond plus|no responde|"
    "don't want to wait|nicht nur|not scale|don't scale|doesn't scale|not finish|doesn't finish|nicht fertig|"
    "not until|not enough|isn't enough|no good|not many|not all|not everything"
)
NEGATIONS_CJK = (
    "不是",
    "没有",
    "沒有",
    "不用",
    "不需要",
    "不做",
    "无需",
    "并非",
    "ではない",
    "じゃない",
    "しない",
    "ません",
    "要らない",
    "なし",
    "無し",
)

DONE = (
    "already done|already finished|already downloaded|already fetched|already saved|already there|already local*|"
    "already in memory|already in ram|already on disk|already on _ disk|already on _ ssd|already loaded|"
    "already cached|already extracted|already parsed|already rendered|already resized|already decoded|"
    "already collected|already on|already in a|already have them|already have the|all downloaded|all local|"
    "all in ram|all in memory|in memory already|on disk already|in ram already|done already|finished already|"
    "finished last|done last|done before|is done|are done|was done|were done|is finished|is complete|was over|"
    "is over|is cached|are cached|it's cached|cached|pre-loaded|preloaded|preprocessed|beforehand|is fast|is quick|"
    "is instant|are fast|are quick|are instant|was fast|was quick|is fine|works fine|is no problem|is no issue|"
    "is not the problem|not the problem|isn't the problem|not the issue|isn't the issue|not the bottleneck|"
    "isn't the bottleneck|isn't it|isnt it|isn't the bottle neck|not the slow|isn't the slow|not the culprit|"
    "not a problem|aren't the problem|aren't the issue|not to blame|not that|cant be it|can't be it|been ruled out|"
    "ruled out|is nothing|are nothing|was nothing|next to nothing|takes no time|take no time|takes nothing|"
    "in no time|no time at all|is negligible|negligible|is trivial|is cheap|are cheap|hardly matters|doesn't matter|"
    "does not matter|doesn't count|is a matter of seconds|used to be|used to take|responses come back at once|"
    "at once it's|comes back at once|come back at once|hands over in no time|is idle|disk idle|sits idle|"
    "have been downloaded|has been downloaded|were downloaded|was downloaded|downloaded earlier|sitting on disk|"
    "lie on my|lies on my|lie here|are on my disk|are all on my|come weeks ago|came weeks ago|is not slow|"
    "isn't slow|aren't slow|that's over|that's done|has finished|have finished|wrong to blame|not worth talking|"
    "is solved|i don't mind|schon da|schon fertig|schon lokal|schon auf der platte|schon im ram|schon gemacht|"
    "schon alles|schon erledigt|bereits da|bereits fertig|bereits lokal|liegen schon|liegen bereits|liegen lokal|"
    "liegt schon|liegt bereits|ist schon|sind schon|ist bereits|sind bereits|geht flott|geht schnell|ist schnell|"
    "sind schnell|kein problem|nicht das problem|ist nicht schuld|ist erledigt|runtergeladen ist|"
    "heruntergeladen ist|langweilt sich|déjà fait|déjà faite|déjà là|déjà en local|déjà en mémoire|déjà sur|"
    "déjà téléchargé*|sont déjà|est déjà|n'est pas le problème|pas le problème|est rapide|sont rapides|"
    "est instantané|va vite|est fini|est terminé|ya está*|ya hech*|ya en memoria|ya descargad*|ya baj*|ya los tengo|"
    "no es el problema|no son el problema|es rápid*|da igual|eso da igual|está hecha|está hecho|va rápido|va bien|"
    "responde en un segundo|já est*|já baix*|já feit*|já na memória|não é o problema|é rápid*|já tenho|уже скач*|"
    "уже загруж*|уже лежат|уже лежит|уже на диске|уже в памяти|уже готов*|уже есть|не проблема|быстро|скачано|"
    "скачаны|не в сети дело|не виноват*|già scaric*|già fatt*|già in|è veloce|non è il problema|już pobra*|"
    "już na dysku|sorun değil|hazır|zaten indir*|पहले से|पहले ही|ho chuka|ho chuki"
)
DONE_CJK = (
    "已经下载",
    "已经爬完",
    "已下载",
    "下完了",
    "爬完了",
    "已经存",
    "都在本地",
    "在本地",
    "已经提取",
    "两秒就",
    "很快",
    "秒就查完",
    "不是问题",
    "已经缓存",
    "读入内存",
    "ダウンロード済",
    "済んで",
    "済み",
    "終わって",
    "一瞬",
    "は速い",
    "問題ない",
    "もう手元",
    "ローカルに",
)
NOT_DONE = (
    "not cached|not done|isn't cached|isn't done|until _ is done|until it's done|as soon as|when _ is done|"
    "is done by|is done on|are done on|are done by|done one|not finished|isn't finished|isn't fast|not fast|"
    "not quick|not quickly|is fast enough|only when|until _ finished|as fast as|before _ is done|each is done|"
    "never done|nothing is done|before _ is finished|has been cached but|must be quick|should be fast|to be fast|"
    "already async*|already in asyncio"
)
BLAMED = (
    "bottleneck|bottle neck|bottlenecks|most of the time|most of its time|most time|nearly everything|nearly all|"
    "almost all|almost everything|takes nearly|takes most|slow part|slow bit|slow thing|slowest part|slow one|"
    "what takes|what is slow|what's slow|what hurts|what eats|what burns|what remains|what's left|what is left|"
    "only thing left|the rest of|the one that hurts|where the time|time goes|time is spent|time goes into|spends|"
    "spent in|the problem is|problem is the|the issue is|the culprit|to blame|is to blame|is what takes|"
    "is what eats|is what kills|is the problem|are the problem|the heavy part|heavy lifting|hot loop|hotspot|"
    "hot spot|hot path|dominates|dominate|dominated|eats|eat|chews|churns|turns out|turned out|it's the|it is the|"
    "it is then|the longest|takes hours|takes ages|takes forever|takes the whole|takes all|goes on for|top line is|"
    "flamegraph|my problem is|is the slow|whole profile|the whole profile|all inside|all of it is|flaschenhals|"
    "engpass|bremst|das langsame|langsam ist|dauert ewig|die meiste zeit|das problem ist|am längsten|goulot|"
    "ce qui prend|ce qui est lent|le plus lent|la plupart du temps|le problème est|c'est ma|c'est mon|"
    "cuello de botella|lo lento es|lo malo es|lo que tarda|el problema es|la mayor parte del tiempo|gargalo|"
    "o problema é|o lento é|o que demora|a maior parte do tempo|узкое место|тормозит|основное время|"
    "больше всего времени|проблема в|collo di bottiglia|wąskie gardło|darboğaz"
)
NOT_BLAMED = "eats every|eats all|eat all|eat every|eats up|i eat|spends the|it's the same"
BLAMED_CJK = (
    "慢的是",
    "瓶颈",
    "瓶頸",
    "大部分时间",
    "剩下的是",
    "后面的",
    "主要时间",
    "ボトルネック",
    "遅いのは",
    "重いのは",
    "ほとんどの時間",
    "時間の大半",
    "सबसे ज़्यादा समय",
)
BELIEVED = (
    "i thought|i'd thought|thought it|thought it's|i believed|i assumed|i suspected|i figured|my guess|my idea|"
    "my first thought|told me|was told|been told|i'm told|everyone says|everybody says|everyone told|everybody told|"
    "everybody said|everyone said|people say|they say|tutorial|says the tutorial|a blog|the blog|blog post|i read|"
    "i've read|read that|read everywhere|i had heard|i heard|i've heard|supposedly|allegedly|apparently threads|"
    "colleague says|colleague said|colleague suggests|colleague thinks|boss says|boss wants|boss thinks|boss asks|"
    "friend says|frend says|friend said|nephew says|cousin _ says|supervisor says|someone said|someone told|"
    "somebody told|someone suggested|somebody suggested|someone asked|somebody on|chatgpt told|chatgpt says|"
    "chatgpt said|said use|because of the gil|wegen des gil|wegen gil|à cause du gil|por el gil|por causa do gil|"
    "из-за gil|przez gil|due to the gil|since the gil|suggests a|suggests|suggested|consultant|looks like a job for|"
    "i wonder|i was going to|i was wondering|was going to|supposed to be|on paper|sounds like|must be|probably|"
    "presumably|people told|everyone network|ich dachte|man sagt|angeblich|kollege sagt|chef will|chef meint|"
    "laut kollege|soll angeblich|je pensais|je croyais|on m'a dit|mon collègue dit|il paraît|pensaba|creía|"
    "me dijeron|dicen que|según mi|mi jefe|achei que|me disseram|disseram|я думал|думал что|говорят|сказали|"
    "коллега сказал|коллега говорит|советуют|pensavo|mi hanno detto|podobno"
)
BELIEVED_CJK = ("同事说", "以为", "听说", "老板说", "有人说", "と言われ", "らしい", "と思って", "कहता है", "कहते हैं")
ASKED = (
    "should i|should we|shall i|would|will|could i|can i|can we|could we|do i need|do we need|need i|is it worth|"
    "worth it|is it better|which is|which one|what is faster|what is better|how many threads|how many workers|"
    "or processes|or threads|or multiprocessing|or asyncio|make sense|any point|do threads|does threading|"
    "does asyncio|does a|does multiprocessing|are threads|i'd like|i would like|we'd like|i want|we want|wanted to|"
    "wants to|hoping|i hope|thinking about|thinking of|considering|plan to|planning to|going to use|maybe|"
    "what about|how about|enough|good idea|right tool|use threads|use processes|use asyncio|use multiprocessing|"
    "need processes|need threads|looked into|look into|convert to|rewrite it|should use|one should|hopeless|"
    "overkill|soll ich|sollte ich|brauche ich|bringt das|bringen|lohnt|lieber|hilft|würde|kann man|geht das|"
    "oder prozesse|oder asyncio|oder threads|faut-il|devrais-je|dois-je|est-ce que|vaut-il|ou des processus|"
    "je voudrais|j'aimerais|debería|conviene|vale la pena|hace falta|quiero|uso hilos|con hilos va|o procesos|"
    "o asyncio|devo|vale botar|vale a pena|quero|ou processos|стоит ли|помогут|поможет|нужны ли|лучше|есть ли смысл|"
    "или процессы|или asyncio|хочу|надо ли|conviene|meglio|czy|warto|mı|mi eklesem"
)
ASKED_CJK = (
    "应该用",
    "要不要",
    "是不是",
    "有用吗",
    "还是多进程",
    "能不能",
    "想用",
    "でしょうか",
    "べき",
    "ですか",
    "たい",
    "क्या",
    "चाहिए",
)
WHY = (
    "why are|why is|why does|why do|why did|why doesn't|why don't|why isn't|why won't|why|how come|warum|wieso|"
    "pourquoi|por qué|porque não|por que|почему|perché|dlaczego|neden|为什么|はなぜ|なぜ|क्यों"
)
THREADS = (
    "thread|threads|threaded|threading|multithreading|multi-threading|multithreaded|multi-threaded|threadpool|"
    "threadpools|threadpoolexecutor|thread-pool|qthread|qthreads|threds|thred|thrads|threadding|gevent|hilos|hilo|"
    "fils d'exécution|поток|потоки|потоков|потоках|потоками|потока|многопоточность|wątki|wątków|wątkach|"
    "iş parçacığı|थ्रेड|थ्रेडिंग|nthreads"
)
PROCESSES = (
    "processes|proceses|procesess|processess|multiprocessing|multi-processing|multiprocess|processpoolexecutor|"
    "process pool|processpool|process pools|pool|mp.pool|pandarallel|joblib|n_jobs|forking|starmap|pool.map|"
    "prozesse|prozessen|prozesspool|processus|procesos|processos|процессы|процессов|процессами|процессах|"
    "мультипроцессинг|processi|procesy|procesów|süreç|प्रोसेस|loky"
)
ASYNCIO = (
    "asyncio|async|asnycio|asyncoi|gather|asyncio.gather|coroutines|coroutine|coroutins|coroutinen|await|awaits|"
    "aiohttp|taskgroup|corrutinas|corotinas|корутины|корутин|корутинами|async/await"
)
THREADS_CJK = ("多线程", "线程", "執行緒", "スレッド")
PROCESSES_CJK = ("多进程", "进程", "多進程", "プロセス")
ASYNCIO_CJK = ("协程", "コルーチン")
FAILED = (
    "no faster|not faster|isn't faster|aren't faster|wasn't faster|not any faster|isn't any faster|not quicker|"
    "no quicker|isn't any quicker|n't faster|no change|no chnage|no difference|no diffrence|no gain|no win|no gains|"
    "no effect|no improvement|no improvements|no speedup|no speed-up|no speed up|no benefit|no use|no better|"
    "not better|no luck|no help|nothing gained|gained nothing|changed nothing|changes nothing|brought nothing|"
    "brings nothing|gives nothing|gave nothing|give nothing|won nothing|did nothing|does nothing|do nothing|"
    "changed little|same time|same speed|same milliseconds|same duration|same as|the same|stays the same|identical|"
    "slower|slowr|even slower|worse|useless|pointless|as slow as|still slow|just as slow|exactly as slow|"
    "exactly as long|as long as searching|doesn't help|don't help|dont help|didn't help|didnt help|did not help|"
    "do not help|does not help|haven't helped|never help|hardly help|barely help|hardly faster|barely faster|"
    "didn't change|doesn't change|don't scale|doesn't scale|didn't scale|do not scale|not scale|less than before|"
    "takes as long|take as long|take exactly|takes exactly|twice as long|longer than|takes longer|took longer|"
    "noticeably longer|speed of one|brought 0|went down|got less|fewer than|no more than before|still laggy|"
    "still 100|still one core|take turns|didn't do anything|doesn't do anything|made it slower|made things slower|"
    "crashed|cost us more|aren't any|nothing but overhead|brought no|made no|gave no|nope|not worth it|"
    "to the second|still only|still takes|to no avail|nicht schneller|kein bisschen schneller|nichts gebracht|"
    "gar nichts gebracht|bringt nichts|bringen nichts|brachte nichts|brachten nichts|hat nichts gebracht|langsamer|"
    "kein unterschied|keinen unterschied|hilft nicht|half nicht|kein gewinn|genauso langsam|genauso lange|"
    "nichts geändert|kaum schneller|nix gebracht|bringt nix|pas plus vite|pas plus rapide|plus lent|plus lente|"
    "plus lents|n'y changent rien|ne change rien|n'a rien changé|changé rien|aucun gain|aucune différence|"
    "rien gagné|n'aide pas|même temps|moins vite|pareil|no mejora nada|no mejora|no mejoró|no ganó nada|no ganó|"
    "no gané nada|sigue igual|igual de lento|más lento|más lenta|mas lento|no ayuda|no ayudó|no cambió|"
    "no va más rápido|peor|sin mejora|ninguna mejora|não ganhei|não mudou|não melhorou|mais lento|mais lenta|"
    "não ajudou|nada mudou|não adiantou|igual|mesma coisa|não ficou|não muda|200 guna slow|guna slow|не ускорил*|"
    "не ускори*|не помог*|не быстрее|без разницы|медленнее|без толку|ничего не дал*|не дал*|так же медленно|"
    "то же время|дали ноль|не дали|"
    "not get shorter|doesn't get any shorter|никакого эффекта|не изменил*|"
    "più lento|nessun miglioramento|non cambia|non migliora|stessa cosa|"
    "wolniej|nic nie dał*|nie pomog*|nie przyspiesz*|hızlanmadı|yavaşladı|işe yaramadı|फ़र्क नहीं|फर्क नहीं|धीमा|"
    "koi fark"
)
FAILED_CJK = (
    "没用",
    "没有用",
    "没变快",
    "没有变快",
    "没快",
    "更慢",
    "反而慢",
    "没有提升",
    "没什么用",
    "没区别",
    "没效果",
    "一点没",
    "変わらない",
    "変わらなかった",
    "変わりません",
    "速くなりません",
    "変わらず",
    "遅くなった",
    "遅くなる",
    "速くならない",
    "速くならん",
    "効果なし",
    "効果がない",
    "ほぼ同じ",
    "同じ時間",
)
HELPED = (
    "faster|quicker|helped|helps|did help|speedup|speed-up|sped up|speeds up|scales|scale well|scales well|great|"
    "like a charm|much better|wonders|works well|worked well|linear|linearly|finished in|schneller|geholfen|hilft|"
    "plus rapide|plus vite|más rápido|mas rapido|mais rápido|mejoró mucho|melhorou|быстрее|помогло|помогли|ускорил*|"
    "ускорило*|più veloce|szybciej|przyspiesz*|hızlandı"
)
HELPED_CJK = ("快了", "变快", "快很多", "速くなった", "速くなり", "倍速", "तेज़ हो")
TRIED = (
    "tried|tryed|tested|test with|with|used|using|switched|added|put|measured|did|made|went from|moved|ran|gave|had|"
    "started|probé|usei|essayé|j'ai|ausprobiert|habe|hatten|попробовал*|试过|試し"
)

# A clause begins before these, where they do not begin its sentence.
_SPLITS = vocabulary(
    "but which however yet although though whereas while because since so then afterwards except aber sondern "
    "jedoch allerdings obwohl während weil doch danach dann mais cependant pourtant alors tandis parce puis pero "
    "sino aunque mientras porque luego mas porém embora enquanto depois но однако хотя зато потому поэтому потом а "
    "ma però mentre ale jednak ama fakat lekin मगर लेकिन पर"
)
_WITHOUT = vocabulary("without ohne sans sin sem без senza bez")
_BEINGS = vocabulary(
    "is are was were be been there's there it's that's isn't has have had does do did make makes made bring brings "
    "brought give gives gave see saw got get with ist sind war hat haben gibt es est sont a ont y hay es son tiene "
    "tem é são há и ни or and nor oder ou o und et e y why if with of to in at than almost absolutely takes take "
    "takes needs need need's still also or, not no just or was't means mean say says said for on really am can will "
    "would should might may"
)
_ENDS = frozenset(".;!?…。；？！") | {"\n"}
_COMMAS = frozenset(",:()–—，、：（）→|") | {"[", "]"}
_ANDS = vocabulary("and und et y e и & n")
_VERBS = vocabulary(
    "is are was were takes take took eats needs need comes come goes isn't aren't ist sind war dauert braucht est "
    "sont prend met es son está tarda é são demora это занимает"
)
_LIST_LENGTH = 3  # tokens of what is only one more in a list


class _Phrases(NamedTuple):
    """Phrases by their first word, those whose first word has any ending, and those of scripts without spaces."""

    first: dict[str, tuple[tuple[str, ...], ...]]
    open_first: tuple[tuple[str, ...], ...]
    unspaced: tuple[str, ...]

    def at(self, words: list[str], at: int, end: int) -> int:
        """The number of words of the longest phrase that begins here; 0 if none does."""
        longest = 0
        for phrase in self.first.get(words[at], ()):
            longest = max(longest, _length(phrase, words, at, end))
        for phrase in self.open_first:
            if words[at].startswith(phrase[0][:-1]):
                longest = max(longest, _length(phrase, words, at, end))
        return longest

    def spans(self, words: list[str], first: int, after: int) -> Iterator[tuple[int, int]]:
        """Where the phrases are, without overlaps."""
        at = first
        while at < after:
            length = self.at(words, at, after)
            if length:
                yield at, at + length
            at += length or 1

    def within(self, words: list[str], first: int, after: int, low: str) -> bool:
        """Whether any phrase is in the clause, whose text is given for scripts without spaces."""
        return any(self.at(words, at, after) for at in range(first, after)) or any(one in low for one in self.unspaced)


def _length(phrase: tuple[str, ...], words: list[str], at: int, end: int) -> int:
    """How many words from here the phrase covers; `_` stands for one or two."""
    place = at + 1
    for index in range(1, len(phrase)):
        word = phrase[index]
        if word == "_":
            rest = phrase[index + 1]
            step = next((one for one in (1, 2) if place + one < end and _same(rest, words[place + one])), 0)
            if not step:
                return 0
            place += step
            continue
        if place >= end or not _same(word, words[place]):
            return 0
        place += 1
    return place - at


def _same(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


@cache
def _phrases(written: str, unspaced: tuple[str, ...] = ()) -> _Phrases:
    first: dict[str, list[tuple[str, ...]]] = {}
    open_first = []
    for phrase in written.split("|"):
        words = tuple(phrase.split())
        if words[0].endswith("*"):
            open_first.append(words)
        else:
            first.setdefault(words[0], []).append(words)
    return _Phrases({word: tuple(phrases) for word, phrases in first.items()}, tuple(open_first), unspaced)


# --- clauses --------------------------------------------------------------------------------------------------------


def clauses(text: str) -> list[Clause]:
    """The clauses of a text in their order; together they hold all of its words."""
    low = lowered(text)
    found = tokens(low)
    words = [token.word for token in found]
    parts = list(_parts(found, words))
    measured = _by_part(parts, measures(Text(text, low, found)))
    sentences = _sentences(words, parts, low, found)
    outcomes = _outcomes(low, found, words, parts, measured, sentences)
    read: list[Clause] = []
    for index, part in enumerate(parts):
        start, end = found[part.first].start, found[part.after - 1].end
        clause = _clause(text, low[start:end], words, part, start, end)
        clause = _with_shares(clause, words, part, measured[index])
        outcome = outcomes.get(index)
        inherits = read and parts[index - 1].sentence == part.sentence and _continues(words, parts, index)
        if inherits and read[-1].negated and not (clause.blamed or clause.done):
            clause = replace(clause, negated=True, done=clause.done or read[-1].done)
        if outcome:
            clause = replace(clause, outcome=outcome, wish=False, negated=False)  # what is denied is the gain
        read.append(clause)
    return read


def _parts(found: list[Token], words: list[str]) -> Iterator[_Part]:
    """The clauses as ranges of tokens, without the signs that end them."""
    first, sentence, calls, verb = 0, 0, 0, False
    for at, word in enumerate(words):
        if _is_sign(found, words, at, calls):
            if at > first:
                yield _Part(first, at, sentence)
            first, verb, calls = at + 1, False, 0
            sentence += word in _ENDS
            continue
        if at > first and (_begins(words, at, first) or (verb and _joins(words, at))):
            yield _Part(first, at, sentence)
            first, verb = at, False
        calls += (word == "(") - (word == ")" and calls > 0)
        verb = verb or word in _VERBS
    if first < len(words):
        yield _Part(first, len(words), sentence)


def _is_sign(found: list[Token], words: list[str], at: int, calls: int) -> bool:
    """Whether a sign ends the clause; those of a line of code and a name with points do not."""
    word = words[at]
    if word == "-":
        return _is_dash(words, at)
    if word in ".:" or word == "(":
        inside = at + 1 < len(words) and found[at + 1].start == found[at].end
        return not (
            at
            and inside
            and found[at - 1].end == found[at].start
            and (words[at - 1][-1].isalnum() or words[at - 1] == ")")
        )
    if word in (")", ","):
        return calls == 0
    return word in _ENDS or word in _COMMAS


def _joins(words: list[str], at: int) -> bool:
    """Whether "and" joins a second statement: "reading is quick and parsing takes hours"."""
    return words[at] in _ANDS and any(word in _VERBS for word in words[at + 2 : at + 6])


def _by_part(parts: list[_Part], measured: list[Measure]) -> list[list[Measure]]:
    """The measures of each part; both come in their order."""
    split: list[list[Measure]] = [[] for _ in parts]
    index = 0
    for measure in measured:
        while index < len(parts) and parts[index].after <= measure.first:
            index += 1
        if index < len(parts) and parts[index].first <= measure.first:
            split[index].append(measure)
    return split


class _Sentence(NamedTuple):
    """Of a sentence: whether it asks why, whether it asks at all, and its first word."""

    why: bool
    question: bool
    first: str


def _sentences(words: list[str], parts: list[_Part], low: str, found: list[Token]) -> dict[int, _Sentence]:
    ends: dict[int, tuple[int, int]] = {}
    for part in parts:
        ends[part.sentence] = (ends.get(part.sentence, (part.first, 0))[0], part.after)
    return {
        number: _Sentence(
            _phrases(WHY).within(words, first, after, "") or "为什么" in low[found[first].start : found[after - 1].end],
            after < len(words) and words[after] in ("?", "？") and words[after + 1 : after + 2] != ["?"],
            words[first],
        )
        for number, (first, after) in ends.items()
    }


def _is_dash(words: list[str], at: int) -> bool:
    return 0 < at < len(words) - 1 and words[at - 1][-1].isalpha() and words[at + 1][0].isalpha()


def _begins(words: list[str], at: int, first: int) -> bool:
    """Whether a clause begins at a word within its sentence."""
    word, before = words[at], words[at - 1]
    if word in _SPLITS:
        return before not in _SPLITS and before not in ("nothing", "all", "anything", "everything", "nichts")
    if word == "that" and at + 1 < len(words) and words[at + 1] in ("was", "were", "had"):
        return True
    if word in _WITHOUT:
        return before not in ("not", "nicht", ".") and _is_word(words, at)
    if word in ("and", "und", "et", "y", "e", "и"):
        return at + 1 < len(words) and words[at + 1] in (
            "not",
            "no",
            "nicht",
            "kein",
            "pas",
            "yet",
            "it's",
            "now",
            "не",
        )
    if word in ("not", "no", "kein", "keine", "nicht"):
        return before not in _BEINGS and before[-1].isalpha() and at - first >= 2 and _denies_noun(words, at)
    return False


def _is_word(words: list[str], at: int) -> bool:
    """Whether a word denies: the Spanish "sin" and not the function, the French "pas" and not a step."""
    if words[at] == "pas":
        before, following = words[max(at - 4, 0) : at], words[at + 1] if at + 1 < len(words) else ""
        return (
            following in ("le", "la", "les", "de", "en", "un", "une", "mon", "ma", "besoin")
            or any(word == "ne" or word.startswith("n'") for word in before)
            or before[-1:] in (["c'est"], ["est"], ["sont"], ["sert"])
        )
    if words[at] == "не":
        return "пока" not in words[max(at - 6, 0) : at]
    return words[at] != "sin" or (words[at - 1 : at] != ["."] and words[at + 1 : at + 2] not in (["("], ["and"], []))


def _denies_noun(words: list[str], at: int) -> bool:
    """Whether "no numpy", "not the disk" begins here, and not "no faster"."""
    following = words[at + 1] if at + 1 < len(words) else ""
    if words[at] in ("not", "nicht") and following not in ("the", "my", "downloading", "any", "das", "die", "der"):
        return False
    return not (_phrases(FAILED).at(words, at, len(words)) or _phrases(NO_NEGATIONS).at(words, at, len(words)))


def _continues(words: list[str], parts: list[_Part], index: int) -> bool:
    """Whether the part is one more of a list: "no disk, network or database"."""
    part = parts[index]
    if words[part.first] in ("or", "nor", "oder", "ni", "nem", "или", "ни"):
        return True
    several = [word for word in words[part.first : part.after] if word in ("or", "nor", "oder", "ou", "или")]
    return bool(several) and part.after - part.first <= _LIST_LENGTH + 1


def _clause(text: str, low: str, words: list[str], part: _Part, start: int, end: int) -> Clause:
    first, after = part.first, part.after
    done = _phrases(DONE, DONE_CJK).within(words, first, after, low)
    done = done and not _phrases(NOT_DONE).within(words, first, after, "")
    negated = _negated(words, part, low)
    blamed = _phrases(BLAMED, BLAMED_CJK).within(words, first, after, low)
    blamed = blamed and not _phrases(NOT_BLAMED).within(words, first, after, "")
    believed = _phrases(BELIEVED, BELIEVED_CJK).within(words, first, after, low)
    asked = _phrases(ASKED, ASKED_CJK).within(words, first, after, low) and _ways(words, first, after, low)
    if blamed and negated:
        done, blamed = True, False
    return Clause(
        text[start:end], start, end, negated, done, blamed and not done and not believed, None, believed or asked
    )


def _negated(words: list[str], part: _Part, low: str) -> bool:
    exceptions = {at for span in _phrases(NO_NEGATIONS).spans(words, part.first, part.after) for at in range(*span)}
    for at, _ in _phrases(NEGATIONS).spans(words, part.first, part.after):
        if at not in exceptions and _is_word(words, at):
            return True
    return any(one in low for one in NEGATIONS_CJK)


def _ways(words: list[str], first: int, after: int, low: str) -> bool:
    return any(_way(words, first, after, low))


def _way(words: list[str], first: int, after: int, low: str) -> Iterator[tuple[int, str]]:
    """The ways to run calls that are named, and where: threads, processes, asyncio."""
    for name, phrases, unspaced in _WAYS:
        for at, _ in _phrases(phrases).spans(words, first, after):
            if name == "processes" and words[at] == "pool" and words[at - 1 : at] in (["thread"], ["connection"]):
                continue
            if name == "threads" and _is_size(words, at):
                continue
            yield at, name
        for one in unspaced:
            if one in low:
                yield first, name
                break


_WAYS = (
    ("threads", THREADS, THREADS_CJK),
    ("processes", PROCESSES, PROCESSES_CJK),
    ("asyncio", ASYNCIO, ASYNCIO_CJK),
)


def _is_size(words: list[str], at: int) -> bool:
    """Whether "threads" is said of a processor or an option: "16 threads cpu", "-threads 1"."""
    following = words[at + 1] if at + 1 < len(words) else ""
    return following in ("cpu", "cpus") or (at > 0 and words[at - 1] == "-")


def _with_shares(clause: Clause, words: list[str], part: _Part, shares: Iterable[Measure]) -> Clause:
    """The clause with what a percentage of the time says: "hashing is 1 %", "94 % in recv"."""
    if not shares or any(word in _LOADS for word in words[part.first : part.after]):
        return clause
    for share in shares:
        if share.kind != "percent" or share.value > 1:
            continue
        following = words[share.after] if share.after < len(words) else ""
        timed = following in (
            "in",
            "of",
            "cumtime",
            "wait",
            "waiting",
            "von",
            "der",
            "del",
            "du",
            "da",
            "от",
            "времени",
        )
        if share.value >= MUCH and timed and not clause.negated:
            return replace(clause, blamed=True, done=False)
        if share.value <= LITTLE and share.first > part.first and words[share.first - 1] in _IS:
            return replace(clause, done=True)
    return clause


_IS = vocabulary("is are was only just about takes take sind ist est es é costs eats uses nur")
_LOADS = vocabulary(
    "cpu gpu cpus processor core cores prozessor procesador processeur процессор procesor disk ssd hdd platte line "
    "network bandwidth memory ram battery nvidia-smi iotop taskmanager taskmgr htop top load server client host gil "
    "workstation machine box rechner faster slower helped utilisation usage node disco progress hangs pcpu"
)


# --- what was tried -------------------------------------------------------------------------------------------------


def _outcomes(
    low: str,
    found: list[Token],
    words: list[str],
    parts: list[_Part],
    measured: list[list[Measure]],
    sentences: dict[int, _Sentence],
) -> dict[int, Outcome]:
    """What threads, processes and asyncio have brought, by the clause that tells the result."""
    told: dict[int, Outcome] = {}
    way, told_in, told_at = "", -1, -1
    for index, part in enumerate(parts):
        clause = low[found[part.first].start : found[part.after - 1].end]
        named = sorted(_way(words, part.first, part.after, clause))
        result = _result(words, part, clause, measured[index])
        sentence = sentences[part.sentence]
        if (
            named
            and result is None
            and sentence.why
            and words[part.after - 1] in ("not", "don't", "nicht", "no", "нет")
        ):
            result = False  # "only processes got faster, why did the threads not?"
        if named:
            way, told_in, told_at = named[0][1], part.sentence, named[0][0]
            if len({name for _, name in named}) > 1 and "than" in words[part.first : part.after]:
                result = None
        if result is None or not way or part.first - told_at > NEAR or part.sentence - told_in > 1:
            continue
        if part.sentence != told_in and not _refers(words, part):
            continue
        if not _asks(words, part, sentence, clause) and not _only_told(words, part, clause, parts, index):
            told[index] = _named(way, result)
    for index, outcome in _tables(words, parts, measured):
        told.setdefault(index, outcome)
    return told


def _named(way: str, helped: bool) -> Outcome:
    names: dict[tuple[str, bool], Outcome] = {
        ("threads", True): "threads helped",
        ("threads", False): "threads failed",
        ("processes", True): "processes helped",
        ("processes", False): "processes failed",
        ("asyncio", True): "asyncio helped",
        ("asyncio", False): "asyncio failed",
    }
    return names[way, helped]


def _refers(words: list[str], part: _Part) -> bool:
    """Whether a new sentence speaks of what the one before it named: "Tried threads. No change."."""
    short = part.after - part.first <= 6
    return short or words[part.first] in (
        "it",
        "that",
        "same",
        "no",
        "still",
        "wall",
        "result",
        "and",
        "made",
        "got",
        "total",
    )


def _result(words: list[str], part: _Part, low: str, measured: list[Measure]) -> bool | None:
    """Whether a clause tells a gain (True) or none (False)."""
    for measure in measured:
        if measure.kind == "ratio":
            following = words[measure.after : measure.after + 3]
            slower = not _SLOWER.isdisjoint(following) or following[:2] == ["the", "time"]
            return not slower and measure.value >= GAIN
    change = _change(words, measured)
    if change is not None:
        return change
    if _phrases(FAILED, FAILED_CJK).within(words, part.first, part.after, low):
        return False
    if _phrases(HELPED, HELPED_CJK).within(words, part.first, part.after, low):
        return not _negated(words, part, low)
    return None


_SLOWER = vocabulary("slower longer slow langsamer lento lenta lent медленнее lentamente")


def _change(words: list[str], measured: list[Measure]) -> bool | None:
    """What "from 212 s to 230 s" and "62 秒が 63 秒" say."""
    times = [one for one in measured if one.kind in ("duration", "count")]
    for before, then in pairwise(times):
        if then.kind != "duration" or then.value <= 0:
            continue
        led = words[before.first - 1] if before.first else ""
        between = words[before.after : then.first]
        if led in ("from", "von", "de", "с") and between and between[-1] in ("to", "auf", "à", "a", "до"):
            was = before.value if before.kind == "duration" else before.value * _unit_of(then, words)
            return was / then.value >= GAIN
        if between and between[0] == "が" and before.kind == "duration":
            return before.value / then.value >= GAIN
    return None


def _unit_of(measure: Measure, words: list[str]) -> float:
    """The seconds of the unit of a duration: "from 4 to 11 min" """
    number = words[measure.first].replace(",", ".")
    try:
        told = float(number)
    except ValueError:
        return 1.0
    return measure.value / told if told else 1.0


def _asks(words: list[str], part: _Part, sentence: _Sentence, low: str) -> bool:
    """Whether the clause only asks or supposes; "why are threads no faster?" tells."""
    if sentence.why:
        return False
    if any(one in low for one in ("吗", "でしょうか", "ですか", "速くなりますか")):
        return True
    supposed = any(word in _SUPPOSED for word in words[part.first : part.after])
    return supposed or (sentence.question and (words[part.first] in _AUXILIARIES or sentence.first in _AUXILIARIES))


_SUPPOSED = vocabulary(
    "would will could should might may maybe if can shall must hoping hope expect expected wonder soll sollte würde "
    "würden könnte kann bringen lohnt wenn falls want wants wanted try trying how which make go quiero möchte "
    "voglio хочу devrait pourrait faut peut si debería podría vale deveria помогут поможет если стоит бы whether "
    "czy ll i'd we'd it'd won't instead"
)
_AUXILIARIES = vocabulary(
    "is are do does did can could should would will shall was were has have which what how any or bringen bringt "
    "hilft helfen lohnt soll kann geht est-ce faut-il ¿ ¿con ¿hace vale is what's faster whats"
)


def _only_told(words: list[str], part: _Part, low: str, parts: list[_Part], index: int) -> bool:
    """Whether others say so, or it is a rule and not what happened."""
    if _phrases(BELIEVED, BELIEVED_CJK).within(words, part.first, part.after, low):
        return True
    if index and parts[index - 1].sentence == part.sentence and words[part.first] not in ("but", "and", "aber", "yet"):
        before = parts[index - 1]
        return before.after - before.first <= 6 and _phrases(BELIEVED).within(words, before.first, before.after, "")
    return False


def _tables(words: list[str], parts: list[_Part], measured: list[list[Measure]]) -> Iterator[tuple[int, Outcome]]:
    """The results of "loop: 40 s. ThreadPoolExecutor(8): 6 s. Pool(8): 7 s"."""
    plain: float | None = None
    label_from = 0
    for index, times in enumerate(measured):
        for time in times:
            if time.kind != "duration":
                continue
            begin = max(label_from, time.first - 12)
            ways = sorted(_way(words, begin, time.first, ""))
            label_from = time.after
            if plain is None and not ways and any(word in _PLAIN for word in words[begin : time.first]):
                plain = time.value
            elif plain is not None and ways and time.first - begin <= 9 and time.value > 0:
                yield index, _named(ways[-1][1], plain / time.value >= GAIN)


_PLAIN = vocabulary("loop plain serial sequential sequentially one n for single normal without einfach boucle bucle 1")
