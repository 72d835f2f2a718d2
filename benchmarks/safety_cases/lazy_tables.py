"""Sound codes of names, with tables that a helper module makes at first use."""
import code_tables


def encode(names):
    codes = []
    for name in names:
        code, before = name[0].upper(), ""
        for letter in name[1:].lower():
            digit = code_tables.SOUNDEX.get(letter, "")
            if digit and digit != before:
                code += digit
            if letter in code_tables.VOWELS or digit:
                before = digit
        codes.append(code[:4].ljust(4, "0"))
    return len(set(codes)), codes[:2]


def make_inputs():
    stems = ["Meier", "Schmidt", "Robertson", "Garcia", "Nguyen", "Kowalski", "Lindqvist"]
    return [[stems[(n + k) % 7] + stems[(n * k) % 7].lower() for k in range(160)] for n in range(300)]
