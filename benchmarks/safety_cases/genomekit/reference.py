import random

LINE = 60


def write_demo(path, contigs=4, length=30000):
    rng = random.Random(11)
    with open(path, "w") as out:
        for number in range(contigs):
            out.write(f">chr{number + 1}\n")
            sequence = "".join(rng.choices("ACGT", k=length))
            for start in range(0, length, LINE):
                out.write(sequence[start:start + LINE] + "\n")


class Fasta:
    """Random access to an uncompressed FASTA file by an index like samtools' .fai."""

    def __init__(self, path):
        self.path = path
        self._handle = open(path, "rb")
        self.index = {}
        self._scan()

    def _scan(self):
        position = 0
        for line in self._handle:
            position += len(line)
            if line.startswith(b">"):
                self.index[line[1:].split()[0].decode()] = position

    def fetch(self, contig, start, end):
        offset = self.index[contig] + start // LINE * (LINE + 1)
        skip = start % LINE
        self._handle.seek(offset)
        parts, got = [], 0
        while got < skip + end - start:
            line = self._handle.readline().strip()
            if not line:
                raise EOFError(f"{contig}:{start}-{end}")
            parts.append(line)
            got += len(line)
        return b"".join(parts)[skip:skip + end - start].decode()
