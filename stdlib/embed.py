"""Writes a C file with the text of a Lisp file as a string. Called by the build.

usage: embed.py INPUT OUTPUT NAME
"""

import sys

source, output, name = sys.argv[1:]
data = open(source, "rb").read()
assert b"\0" not in data, f"{source} has a NUL, which would end the string"
rows = [data[at:at + 16] for at in range(0, len(data), 16)]
with open(output, "w") as file:
    file.write(f"extern const char {name}[];\nconst char {name}[] = {{\n")
    for row in rows:
        file.write("    " + " ".join(f"{byte if byte < 128 else byte - 256}," for byte in row) + "\n")
    file.write("    0};\n")
