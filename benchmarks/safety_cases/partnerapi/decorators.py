import functools
import time


def retry(times, on):
    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            attempts = []
            for attempt in range(times):
                try:
                    return function(*args, attempt=attempt, **kwargs)
                except on as error:
                    attempts.append(error)
                    time.sleep(0.001 * (attempt + 1))
            raise attempts[-1]
        return wrapped
    return decorate


def logged(logger):
    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            begin = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                logger.debug("%s took %.1f ms", function.__name__, 1000 * (time.perf_counter() - begin))
        return wrapped
    return decorate
