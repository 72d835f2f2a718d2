"""The phrases that show how a clause treats its topic, in many languages, and how to match them.

A phrase is a sequence of words; a `*` at the end of a word stands for any ending, `_` for one or two words. Scripts
without spaces have no words: their phrases, the second argument of `phrase_set`, match anywhere in the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class PhraseSet(NamedTuple):
    """Phrases by their first word, phrases whose first word has any ending, and phrases of unspaced scripts."""

    by_first_word: dict[str, tuple[tuple[str, ...], ...]]
    by_first_stem: tuple[tuple[str, ...], ...]
    unspaced: tuple[str, ...]

    def match_length(self, words: list[str], index: int, end: int) -> int:
        """Return the number of words of the longest phrase that starts at the index; 0 if there is none."""
        stems = (phrase for phrase in self.by_first_stem if words[index].startswith(phrase[0][:-1]))
        phrases = (*self.by_first_word.get(words[index], ()), *stems)
        return max((_match(phrase, words, index, end) for phrase in phrases), default=0)

    def find(self, words: list[str], start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the positions of phrases, without overlaps."""
        index = start
        while index < end:
            length = self.match_length(words, index, end)
            if length:
                yield index, index + length
            index += length or 1

    def is_in(self, words: list[str], start: int, end: int, lower: str = "") -> bool:
        """Return True if a phrase is among the words, or in the lower-case text in an unspaced script."""
        return any(self.match_length(words, index, end) for index in range(start, end)) or self.is_in_unspaced(lower)

    def is_in_unspaced(self, lower: str) -> bool:
        """Return True if the text has a phrase of an unspaced script."""
        return any(phrase in lower for phrase in self.unspaced)


def _match(phrase: tuple[str, ...], words: list[str], start: int, end: int) -> int:
    """Return the number of words that the phrase matches; 0 if it does not match."""
    index = start + 1
    for position, pattern in enumerate(phrase[1:], start=1):
        if pattern == "_":
            following, options = phrase[position + 1], range(index + 1, min(index + 3, end))
            index = next((option for option in options if _match_word(following, words[option])), end)
        elif index >= end or not _match_word(pattern, words[index]):
            return 0
        else:
            index += 1
    return index - start


def _match_word(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern


def phrase_set(spaced: str, unspaced: str = "") -> PhraseSet:
    """Parse phrases that are separated by `|`."""
    by_first_word: dict[str, tuple[tuple[str, ...], ...]] = {}
    by_first_stem = []
    for phrase in spaced.split("|"):
        words = tuple(phrase.split())
        if words[0].endswith("*"):
            by_first_stem.append(words)
        else:
            by_first_word[words[0]] = (*by_first_word.get(words[0], ()), words)
    return PhraseSet(by_first_word, tuple(by_first_stem), tuple(unspaced.split("|")) if unspaced else ())


NEGATIONS = phrase_set(
    "not|no|never|none|without|neither|nor|nothing|nobody|nowhere|hardly|isn't|isnt|aren't|arent|wasn't|wasnt|"
    "weren't|doesn't|doesnt|don't|dont|didn't|didnt|won't|cannot|can't|cant|hasn't|haven't|needn't|barely|"
    "zero network|ain't|nicht|kein|keine|keinen|keiner|keinem|nichts|nie|niemand|ohne|weder|garnix|nix|kaum|pas|"
    "aucun|aucune|jamais|rien|sans|ni|plus rien|guère|no|nada|ningún|ninguna|ninguno|nunca|sin|tampoco|apenas|não|"
    "nao|nenhum|nenhuma|nunca|sem|nem|non|niente|nessun|nessuna|senza|не|нет|никак*|ничего|нисколько|без|ни|почти не|"
    "nie|żaden|bez|değil|yok|hiç|yapmıyor|नहीं|बिना|कोई नहीं|nahi|nahin",
    "不是|没有|沒有|不用|不需要|不做|无需|并非|ではない|じゃない|しない|ません|要らない|なし|無し",
)
PSEUDO_NEGATIONS = phrase_set(
    "nothing but|not only|not just|no longer than|no more than|nothing else than|nothing except|no idea|no matter|"
    "no sé|didn't know|nobody else|no need|not responding|no answer|no reply|can't keep up|cannot keep up|"
    "doesn't keep up|no problem|why not|whether or not|doesn't respond|does not respond|doesn't answer|not answer|"
    "don't know|dont know|doesn't react|reagiert nicht|not fast|not even|no wonder|not sure|don't understand|"
    "can't see why|not yet|no later|can't wait|cannot wait|next to nothing|in no time|no time|is nothing|are nothing|"
    "was nothing|takes nothing|non blocking|never mind|ne répond pas|répond plus|no responde|don't want to wait|"
    "nicht nur|not scale|don't scale|doesn't scale|not finish|doesn't finish|nicht fertig|not until|not enough|"
    "isn't enough|no good|not many|not all|not everything"
)
DONE = phrase_set(
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
    "lie on my|lies on my|lie here|are on my disk|are all on my|come weeks ago|came weeks ago|is not slow|isn't slow|"
    "aren't slow|that's over|that's done|has finished|have finished|wrong to blame|not worth talking|is solved|"
    "i don't mind|schon da|schon fertig|schon lokal|schon auf der platte|schon im ram|schon gemacht|schon alles|"
    "schon erledigt|bereits da|bereits fertig|bereits lokal|liegen schon|liegen bereits|liegen lokal|liegt schon|"
    "liegt bereits|ist schon|sind schon|ist bereits|sind bereits|geht flott|geht schnell|ist schnell|sind schnell|"
    "kein problem|nicht das problem|ist nicht schuld|ist erledigt|runtergeladen ist|heruntergeladen ist|"
    "langweilt sich|déjà fait|déjà faite|déjà là|déjà en local|déjà en mémoire|déjà sur|déjà téléchargé*|sont déjà|"
    "est déjà|n'est pas le problème|pas le problème|est rapide|sont rapides|est instantané|va vite|est fini|"
    "est terminé|ya está*|ya hech*|ya en memoria|ya descargad*|ya baj*|ya los tengo|no es el problema|"
    "no son el problema|es rápid*|da igual|eso da igual|está hecha|está hecho|va rápido|va bien|"
    "responde en un segundo|já est*|já baix*|já feit*|já na memória|não é o problema|é rápid*|já tenho|уже скач*|"
    "уже загруж*|уже лежат|уже лежит|уже на диске|уже в памяти|уже готов*|уже есть|не проблема|быстро|скачано|"
    "скачаны|не в сети дело|не виноват*|già scaric*|già fatt*|già in|è veloce|non è il problema|już pobra*|"
    "już na dysku|sorun değil|hazır|zaten indir*|पहले से|पहले ही|ho chuka|ho chuki",
    "已经下载|已经爬完|已下载|下完了|爬完了|已经存|都在本地|在本地|已经提取|两秒就|很快|秒就查完|不是问题|已经缓存|"
    "读入内存|ダウンロード済|済んで|済み|終わって|一瞬|は速い|問題ない|もう手元|ローカルに",
)
NOT_DONE = phrase_set(
    "not cached|not done|isn't cached|isn't done|until _ is done|until it's done|as soon as|when _ is done|"
    "is done by|is done on|are done on|are done by|done one|not finished|isn't finished|isn't fast|not fast|"
    "not quick|not quickly|is fast enough|only when|until _ finished|as fast as|before _ is done|each is done|"
    "never done|nothing is done|before _ is finished|has been cached but|must be quick|should be fast|to be fast|"
    "already async*|already in asyncio"
)
BLAMED = phrase_set(
    "bottleneck|bottle neck|bottlenecks|most of the time|most of its time|most time|nearly everything|nearly all|"
    "almost all|almost everything|takes nearly|takes most|slow part|slow bit|slow thing|slowest part|slow one|"
    "what takes|what is slow|what's slow|what hurts|what eats|what burns|what remains|what's left|what is left|"
    "only thing left|the rest of|the one that hurts|where the time|time goes|time is spent|time goes into|spends|"
    "spent in|the problem is|problem is the|the issue is|the culprit|to blame|is to blame|is what takes|is what eats|"
    "is what kills|is the problem|are the problem|the heavy part|heavy lifting|hot loop|hotspot|hot spot|hot path|"
    "dominates|dominate|dominated|eats|eat|chews|churns|turns out|turned out|it's the|it is the|it is then|"
    "the longest|takes hours|takes ages|takes forever|takes the whole|takes all|goes on for|top line is|flamegraph|"
    "my problem is|is the slow|whole profile|the whole profile|all inside|all of it is|flaschenhals|engpass|bremst|"
    "das langsame|langsam ist|dauert ewig|die meiste zeit|das problem ist|am längsten|goulot|ce qui prend|"
    "ce qui est lent|le plus lent|la plupart du temps|le problème est|c'est ma|c'est mon|cuello de botella|"
    "lo lento es|lo malo es|lo que tarda|el problema es|la mayor parte del tiempo|gargalo|o problema é|o lento é|"
    "o que demora|a maior parte do tempo|узкое место|тормозит|основное время|больше всего времени|проблема в|"
    "collo di bottiglia|wąskie gardło|darboğaz",
    "慢的是|瓶颈|瓶頸|大部分时间|剩下的是|后面的|主要时间|ボトルネック|遅いのは|重いのは|ほとんどの時間|時間の大半|"
    "सबसे ज़्यादा समय",
)
NOT_BLAMED = phrase_set("eats every|eats all|eat all|eat every|eats up|i eat|spends the|it's the same")
BELIEVED = phrase_set(
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
    "коллега сказал|коллега говорит|советуют|pensavo|mi hanno detto|podobno",
    "同事说|以为|听说|老板说|有人说|と言われ|らしい|と思って|कहता है|कहते हैं",
)
ASKED = phrase_set(
    "should i|should we|shall i|would|will|could i|can i|can we|could we|do i need|do we need|need i|is it worth|"
    "worth it|is it better|which is|which one|what is faster|what is better|how many threads|how many workers|"
    "or processes|or threads|or multiprocessing|or asyncio|make sense|any point|do threads|does threading|"
    "does asyncio|does a|does multiprocessing|are threads|i'd like|i would like|we'd like|i want|we want|wanted to|"
    "wants to|hoping|i hope|thinking about|thinking of|considering|plan to|planning to|going to use|maybe|what about|"
    "how about|enough|good idea|right tool|use threads|use processes|use asyncio|use multiprocessing|need processes|"
    "need threads|looked into|look into|convert to|rewrite it|should use|one should|hopeless|overkill|soll ich|"
    "sollte ich|brauche ich|bringt das|bringen|lohnt|lieber|hilft|würde|kann man|geht das|oder prozesse|oder asyncio|"
    "oder threads|faut-il|devrais-je|dois-je|est-ce que|vaut-il|ou des processus|je voudrais|j'aimerais|debería|"
    "conviene|vale la pena|hace falta|quiero|uso hilos|con hilos va|o procesos|o asyncio|devo|vale botar|vale a pena|"
    "quero|ou processos|стоит ли|помогут|поможет|нужны ли|лучше|есть ли смысл|или процессы|или asyncio|хочу|надо ли|"
    "conviene|meglio|czy|warto|mı|mi eklesem",
    "应该用|要不要|是不是|有用吗|还是多进程|能不能|想用|でしょうか|べき|ですか|たい|क्या|चाहिए",
)
WHY = phrase_set(
    "why are|why is|why does|why do|why did|why doesn't|why don't|why isn't|why won't|why|how come|warum|wieso|"
    "pourquoi|por qué|porque não|por que|почему|perché|dlaczego|neden|क्यों",
    "为什么|なぜ",
)
THREADS = phrase_set(
    "thread|threads|threaded|threading|multithreading|multi-threading|multithreaded|multi-threaded|threadpool|"
    "threadpools|threadpoolexecutor|thread-pool|qthread|qthreads|threds|thred|thrads|threadding|gevent|hilos|hilo|"
    "fils d'exécution|поток|потоки|потоков|потоках|потоками|потока|многопоточность|wątki|wątków|wątkach|iş parçacığı|"
    "थ्रेड|थ्रेडिंग|nthreads",
    "多线程|线程|執行緒|スレッド",
)
PROCESSES = phrase_set(
    "processes|proceses|procesess|processess|multiprocessing|multi-processing|multiprocess|processpoolexecutor|"
    "process pool|processpool|process pools|pool|pandarallel|joblib|n_jobs|forking|starmap|prozesse|"
    "prozessen|prozesspool|processus|procesos|processos|процессы|процессов|процессами|процессах|мультипроцессинг|"
    "processi|procesy|procesów|süreç|प्रोसेस|loky",
    "多进程|进程|多進程|プロセス",
)
ASYNCIO = phrase_set(
    "asyncio|async|asnycio|asyncoi|gather|coroutines|coroutine|coroutins|coroutinen|await|awaits|"
    "aiohttp|taskgroup|corrutinas|corotinas|корутины|корутин|корутинами",
    "协程|コルーチン",
)
FAILED = phrase_set(
    "no faster|not faster|isn't faster|aren't faster|wasn't faster|not any faster|isn't any faster|not quicker|"
    "no quicker|isn't any quicker|no change|no chnage|no difference|no diffrence|no gain|no win|no gains|"
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
    "crashed|cost us more|aren't any|nothing but overhead|brought no|made no|gave no|nope|not worth it|to the second|"
    "still only|still takes|to no avail|nicht schneller|kein bisschen schneller|nichts gebracht|gar nichts gebracht|"
    "bringt nichts|bringen nichts|brachte nichts|brachten nichts|hat nichts gebracht|langsamer|kein unterschied|"
    "keinen unterschied|hilft nicht|half nicht|kein gewinn|genauso langsam|genauso lange|nichts geändert|"
    "kaum schneller|nix gebracht|bringt nix|pas plus vite|pas plus rapide|plus lent|plus lente|plus lents|"
    "n'y changent rien|ne change rien|n'a rien changé|changé rien|aucun gain|aucune différence|rien gagné|n'aide pas|"
    "même temps|moins vite|pareil|no mejora nada|no mejora|no mejoró|no ganó nada|no ganó|no gané nada|sigue igual|"
    "igual de lento|más lento|más lenta|mas lento|no ayuda|no ayudó|no cambió|no va más rápido|peor|sin mejora|"
    "ninguna mejora|não ganhei|não mudou|não melhorou|mais lento|mais lenta|não ajudou|nada mudou|não adiantou|igual|"
    "mesma coisa|não ficou|não muda|200 guna slow|guna slow|не ускорил*|не ускори*|не помог*|не быстрее|без разницы|"
    "медленнее|без толку|ничего не дал*|не дал*|так же медленно|то же время|дали ноль|не дали|not get shorter|"
    "doesn't get any shorter|никакого эффекта|не изменил*|più lento|nessun miglioramento|non cambia|non migliora|"
    "stessa cosa|wolniej|nic nie dał*|nie pomog*|nie przyspiesz*|hızlanmadı|yavaşladı|işe yaramadı|फ़र्क नहीं|"
    "फर्क नहीं|धीमा|koi fark",
    "没用|没有用|没变快|没有变快|没快|更慢|反而慢|没有提升|没什么用|没区别|没效果|一点没|変わらない|変わらなかった|"
    "変わりません|速くなりません|変わらず|遅くなった|遅くなる|速くならない|速くならん|効果なし|効果がない|ほぼ同じ|"
    "同じ時間",
)
HELPED = phrase_set(
    "faster|quicker|helped|helps|did help|speedup|speed-up|sped up|speeds up|scales|scale well|scales well|great|"
    "like a charm|much better|wonders|works well|worked well|linear|linearly|finished in|schneller|geholfen|hilft|"
    "plus rapide|plus vite|más rápido|mas rapido|mais rápido|mejoró mucho|melhorou|быстрее|помогло|помогли|ускорил*|"
    "ускорило*|più veloce|szybciej|przyspiesz*|hızlandı",
    "快了|变快|快很多|速くなった|速くなり|倍速|तेज़ हो",
)
