"""Shared tools without state: compiled patterns, a struct, a decoder, a template."""
import json
import re
import string
import struct

RECORD = struct.Struct(">IHH")
WORD = re.compile(r"\w+")
DECODER = json.JSONDecoder()
LINE = string.Template("$name=$value")


def digest(text):
    data = DECODER.decode(text)
    total = 0
    for name, value in data.items():
        line = LINE.substitute(name=name, value=value)
        total += sum(RECORD.unpack(RECORD.pack(value, len(line), len(WORD.findall(line)))))
    return total


def make_inputs():
    return [json.dumps({f"key{k}": n * k for k in range(150)}) for n in range(500)]
