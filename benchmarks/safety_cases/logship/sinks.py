import gzip
import io


class Sink:
    def __init__(self, name):
        self.name = name
        self.buffer = io.BytesIO()
        self.gzip = None

    def __enter__(self):
        self.gzip = gzip.GzipFile(fileobj=self.buffer, mode="wb", mtime=0, compresslevel=9)
        return self

    def write(self, data):
        self.gzip.write(data)

    def __exit__(self, *_):
        self.gzip.close()

    @property
    def size(self):
        return len(self.buffer.getvalue())


def open_sinks(names, stack):
    sinks = {}
    for name in names:
        sinks[name] = stack.enter_context(Sink(name))
    return sinks
