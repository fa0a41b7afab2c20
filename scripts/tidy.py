"""Checks the rules of HACKING.md that a machine can check. Called by scripts/tidy.

Each finding says where, what, and what would be right.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAYERS = ["sched", "interp", "bt", "stdlib", "repl"]
CODE_FOLDERS = LAYERS + ["include", "tests", "examples"]
MAX_COLUMNS = 100
MAX_TABLE_COLUMNS = 140  # between "clang-format off" and "on": a row reads best as one line

# Functions that only the named module may ask for: one place tells the time.
TIME_FUNCTIONS = {"clock_gettime", "clock_nanosleep", "nanosleep", "usleep", "gettimeofday", "time",
                  "sleep", "pthread_cond_timedwait", "pthread_cond_clockwait"}
TIME_MODULES = {"sched_clock.c.o", "clock.c.o"}
# The library never prints, exits, aborts, jumps or touches signals: that is the host's.
FORBIDDEN_FUNCTIONS = {"printf", "puts", "putchar", "fprintf", "vfprintf", "perror", "exit", "_exit",
                       "abort", "longjmp", "_longjmp", "siglongjmp", "signal", "sigaction", "system"}
PROMISE = re.compile(r"\b(TODO|FIXME|XXX|HACK|for now|temporar(y|ily))\b")

findings = []


def finding(path, line, text):
    place = path.relative_to(ROOT) if isinstance(path, Path) else path
    findings.append(f"{place}:{line}: {text}" if line else f"{place}: {text}")


def code_files():
    for folder in CODE_FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".c", ".h"):
                yield path


def reading_order(folder):
    """Module names of a layer, as its meson.build lists them."""
    text = (ROOT / folder / "meson.build").read_text()
    return [Path(name) for name in re.findall(r"'([\w/.-]+\.(?:c|h))'", text)]


def module_of(path):
    return str(path.with_suffix(""))


def check_layers():
    for index, folder in enumerate(LAYERS):
        listed = reading_order(folder)
        order = {module_of(name): position for position, name in enumerate(listed)}
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            name = path.relative_to(ROOT / folder)
            if module_of(name) not in order:
                finding(path, 0, f"is not listed in {folder}/meson.build; list it in reading order")
                continue
            check_includes(path, folder, index, order)
        for name in listed:
            if not (ROOT / folder / name).exists():
                finding(ROOT / folder / "meson.build", 0, f"lists {name}, which does not exist")


def check_includes(path, folder, index, order):
    own = module_of(path.relative_to(ROOT / folder))
    for number, line in enumerate(path.read_text().splitlines(), 1):
        public = re.match(r"#include <copse/(\w+)\.h>", line)
        if public and public[1] in LAYERS and LAYERS.index(public[1]) > index:
            finding(path, number, f"{folder} includes the public header of {public[1]}, which is to "
                                  "its right; hand down a callback instead")
        match = re.match(r'#include "([^"]+)"', line)
        if not match:
            continue
        target = Path(match[1])
        if target.parts[0] not in LAYERS or len(target.parts) < 2:
            finding(path, number, f'"{target}" is not written from the root, as in "{folder}/x.h"')
        elif LAYERS.index(target.parts[0]) > index:
            finding(path, number, f"{folder} includes {target.parts[0]}, which is to its right; "
                                  "hand down a callback instead")
        elif target.parts[0] == folder:
            other = module_of(Path(*target.parts[1:]))
            if other not in order:
                finding(path, number, f"{target} is not listed in {folder}/meson.build")
            elif order[other] > order[own]:
                finding(path, number, f"includes {target}, which is below it in the reading order of "
                                      f"{folder}/meson.build")


def check_first_screen(path, lines):
    relative = path.relative_to(ROOT)
    if relative.parts[0] not in LAYERS:
        return
    first = lines[0] if lines else ""
    if not first.startswith(f"/* {path.name} -- "):
        finding(path, 1, f"opens with {first!r}, expected '/* {path.name} -- what it is'")
    if path.suffix == ".h":
        screen = "\n".join(lines[:40])
        for word in ("Owns:", "Never:"):
            if word not in screen:
                finding(path, 1, f"the first comment has no line '{word}'")


def check_texts():
    for path in code_files():
        lines = path.read_text().splitlines()
        check_first_screen(path, lines)
        limit = MAX_COLUMNS
        for number, line in enumerate(lines, 1):
            if "clang-format off" in line:
                limit = MAX_TABLE_COLUMNS
            elif "clang-format on" in line:
                limit = MAX_COLUMNS
            if "\t" in line:
                finding(path, number, "has a tab, expected spaces")
            if len(line) > limit:
                finding(path, number, f"is {len(line)} columns wide, at most {limit}")
            if PROMISE.search(line):
                finding(path, number, "promises something; open an issue instead")


def check_tests_exist():
    for folder in LAYERS[:-1]:
        for name in reading_order(folder):
            test = ROOT / "tests" / folder / name
            if name.suffix == ".c" and not test.exists() and not test.with_suffix(".scm").exists():
                finding(ROOT / folder / name, 0, f"has no test tests/{folder}/{name}")


def run(command, **kwargs):
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **kwargs)


def check_format():
    paths = [str(path.relative_to(ROOT)) for path in code_files()]
    done = run(["clang-format-14", "--dry-run", "-Werror"] + paths)
    for line in done.stdout.splitlines():
        if "error:" in line:
            finding(line.split(": error:")[0], 0, "is not formatted; run clang-format-14 -i on it")


def check_builds():
    for compiler in ("gcc", "clang"):
        folder = f"build-tidy-{compiler}"
        if not (ROOT / folder / "build.ninja").exists():
            done = run(["meson", "setup", folder, "--werror", "-Ddefault_library=static"],
                       env=dict(os.environ, CC=compiler))
            if done.returncode != 0:
                finding(folder, 0, f"meson setup failed:\n{done.stdout}")
                continue
        done = run(["ninja", "-C", folder, "--quiet"])
        if done.returncode != 0:
            finding(folder, 0, f"{compiler} does not build it without warnings:\n{done.stdout}")


def check_headers_together():
    """All internal headers in one file: a name that two of them give to different things shows."""
    includes = [f'#include "{folder}/{name.with_suffix(".h")}"' for folder in LAYERS
                for name in reading_order(folder)
                if (ROOT / folder / name.with_suffix(".h")).exists()]
    done = run(["gcc", "-std=c11", "-D_GNU_SOURCE", "-fsyntax-only", "-I.", "-Iinclude", "-x", "c", "-"],
               input="\n".join(includes) + "\n")
    for line in done.stdout.splitlines():
        if "error:" in line:
            finding(line.split(": error: ")[0], 0,
                    f"{line.split(': error: ')[1]}; a shared name means one thing in the whole library")


def symbols(flags):
    """(object file, type letter, symbol) for each line of nm over the static library."""
    library = ROOT / "build-tidy-gcc" / "libcopse.a"
    if not library.exists():
        return
    member = ""
    for line in run(["nm", *flags, str(library)]).stdout.splitlines():
        if line.endswith(".o:"):
            member = line[:-1]
        elif line.strip():
            parts = line.split()
            yield member, parts[-2], parts[-1]


def check_symbols():
    for member, kind, name in symbols(["-g", "--defined-only"]):
        if not name.startswith(("copse_", "cp_")):
            finding(member, 0, f"defines {name}; names shared in the library start with cp_, public "
                               "ones with copse_, all others are static")
    for member, kind, name in symbols(["-u"]):
        name = name.split("@")[0]
        if name in TIME_FUNCTIONS and member not in TIME_MODULES:
            finding(member, 0, f"calls {name}; only sched/clock.c asks the system for time")
        if name in FORBIDDEN_FUNCTIONS:
            finding(member, 0, f"calls {name}; the library returns a status and leaves that to the host")


def main():
    check_layers()
    check_texts()
    check_tests_exist()
    check_format()
    check_builds()
    check_headers_together()
    check_symbols()
    for text in findings:
        print(text)
    print(f"{len(findings)} findings" if findings else "tidy")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
