"""Find what a clause states about the GIL or the event loop: the lock is kept or released, the loop is blocked."""

from __future__ import annotations

from typing import Literal

from advisor.describe.text.phrases import phrase_set
from advisor.describe.text.sentences import ClauseSpan, is_negated
from advisor.describe.text.tokenizer import word_set
from advisor.describe.text.units import Amount

LockStatement = Literal["lock kept", "lock released", "lock blamed", "loop blocked"]
BUSY_LOCK = 0.5  # share of the time; a profiler that shows more of it shows a lock that is kept

_LOCK = phrase_set(
    "gil|gils|gil's|interpreter lock|interpreter's lock|interpreter locks|interpreter-lock|global lock|python lock|"
    "python's lock|pythons lock|big lock|take_gil|pyeval_restorethread|interpretersperre|interpreter-sperre|"
    "verrou global|verrou de l'interpréteur|bloqueo global|trava global|глобальн* блокировк*",
    "全局锁|全局解释器锁|インタプリタロック",
)
_SOME_LOCK = phrase_set("the lock|its lock|the interpreter|lock|den lock|le verrou|el bloqueo")
_NO_LOCK = phrase_set(
    "nogil|no gil|no-gil|gil-free|gil free|gilfree|without the gil|without gil|without the interpreter|"
    "without the global|without holding|outside the gil|outside of the gil|outside the interpreter|"
    "outside the lock|off the gil|py_begin_allow_threads|allow_threads|ohne gil|ohne den gil|sans le gil|sin el gil|"
    "sem o gil|без gil|senza gil"
)
_RELEASES = phrase_set(
    "release|releases|released|releasing|drop|drops|dropped|dropping|free|frees|freed|freeing|let go|lets go|"
    "letting go|let _ go|lets _ go|give up|gives up|gave up|giving up|given up|gives _ up|give back|gives _ back|"
    "gives back|hand back|hands back|unlock|unlocks|detach*|gibt _ frei|gibt _ ab|gibt den gil|freigeb*|freigegeben|"
    "lässt _ los|loslassen|relâche*|libère*|lâche|suelta*|libera*|solta*|отпуска*|освобожда*|rilascia*|zwalnia*",
    "释放|解放",
)
_KEEPS = phrase_set(
    "hold|holds|held|holding|keep|keeps|kept|keeping|own|owns|hog|hogs|hogging|grab|grabs|grabbing|sit on|sits on|"
    "stays|stay|taken|under|bound|contention|contend*|fight|fights|fighting|fought|compete|competes|competing|"
    "battle|battling|queue for|queue up|queueing|wait for|waits for|waiting for|waiting on|wait on|stuck|"
    "serialis*|serializ*|convoy|ping-pong|bounce*|back and forth|take turns|taking turns|takes turns|never free|"
    "monopoli*|starv*|locks up|locked|need|needs|hält|halten|gehalten|behält|streiten|kämpf*|wartet auf|warten auf|"
    "garde*|tient|tiennent|retient|se battent|attend*|retiene*|mantiene*|pelean|esperan|segura*|mantém|brigam|держ*|"
    "удержива*|дерутся|ждут|tiene",
    "持有|占用|占着|争抢|抢|保持|握",
)
_LOOP = phrase_set(
    "event loop|event-loop|eventloop|the loop|ioloop|io loop|reactor|mainloop|main loop|heartbeat*|keepalive*|pings|"
    "all other requests|other requests|other clients|every other request|everything else|everybody else|everyone else|"
    "other coroutines|other handlers|whole bot|whole server|entire server|ereignisschleife|boucle d'événements|"
    "bucle de eventos|laço de eventos|цикл событий",
    "事件循环|イベントループ",
)
_BLOCKS = phrase_set(
    "block*|starv*|stall*|freez*|frozen|froze|hang|hangs|hung|stuck|stutter*|jam|jams|jammed|chok*|clog*|hog|hogs|"
    "monopoli*|misses|missed|wait|waits|times out|time out|standstill|dead|blockier*|friert|hängt|bloque*|fige|gela|"
    "trava*|блокир*|замира*|blocca*|blokuj*",
    "阻塞|卡住|卡死|止ま|ブロック",
)
_OWN_LOCK = word_set("acquire acquires acquired acquiring mutex rlock filelock file counter sqlite database table row")
_NOT_A = word_set("no not without isn't never kein keine ohne pas sans")


def lock_statement(words: list[str], span: ClauseSpan, lower: str, amounts: list[Amount]) -> LockStatement | None:
    """Return what a clause states about the GIL or the event loop, if anything."""
    start, end, negated = span.start, span.end, is_negated(words, span, lower)
    if (index := next((first for first, _ in _NO_LOCK.find(words, start, end)), None)) is not None:
        return "lock kept" if index > start and words[index - 1] in _NOT_A else "lock released"
    lock = _LOCK.is_in(words, start, end, lower)
    if lock and (share := _stated_share(span, amounts)) is not None:
        return "lock kept" if share > BUSY_LOCK else "lock released"
    some_lock = lock or (_SOME_LOCK.is_in(words, start, end) and _OWN_LOCK.isdisjoint(words[start:end]))
    if some_lock and _RELEASES.is_in(words, start, end, lower):
        return "lock kept" if negated else "lock released"
    if lock and _KEEPS.is_in(words, start, end, lower):
        return "lock released" if negated else "lock kept"
    if lock:
        return "lock blamed"
    blocked = _LOOP.is_in(words, start, end, lower) and _BLOCKS.is_in(words, start, end, lower)
    return "loop blocked" if blocked and not negated else None


def _stated_share(span: ClauseSpan, amounts: list[Amount]) -> float | None:
    """Return the percentage in a clause, or directly after the colon that ends it."""
    near = (amount for amount in amounts if span.start <= amount.start <= span.end + 1)
    return next((amount.value for amount in near if amount.kind == "percent"), None)
