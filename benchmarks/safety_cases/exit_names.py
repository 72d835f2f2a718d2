"""What a job's exit status means: names of signals and of errors."""
import errno
import signal


def explain(status):
    words = []
    for offset in range(900):
        code = (status + offset) % 31 + 1
        try:
            words.append(signal.Signals(code).name)
        except ValueError:
            words.append(errno.errorcode.get(code, "?"))
    handled = signal.getsignal(signal.SIGINT) is not None
    return handled, len(set(words)), words[0]


def make_inputs():
    return range(900)
