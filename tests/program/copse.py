"""The program from outside: what it prints, where errors go, and how it exits."""

import subprocess
import sys
import tempfile
from pathlib import Path

COPSE = sys.argv[1]
FIB = "(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))\n"

# arguments or the text of a file, exit status, standard output, a part of the standard error
ROWS = [
    ("--version names the program", ["--version"], 0, "copse ", ""),
    ("-e writes the value of each form", ["-e", "(+ 1 2) (list 1 \"a\" 'b)"], 0, '3\n(1 "a" b)\n', ""),
    ("a definition has no value to write", ["-e", "(define x 1) x"], 0, "1\n", ""),
    ("integers do not overflow", ["-e", "(expt 2 100)"], 0, "1267650600228229401496703205376\n", ""),
    ("the library is there", ["-e", "(map (lambda (x) (* x x)) '(1 2 3))"], 0, "(1 4 9)\n", ""),
    ("guard catches what is raised", ["-e", "(guard (e (#t (list 'caught e))) (raise 'ouch))"], 0,
     "(caught ouch)\n", ""),
    ("cond-expand asks for the features", ["-e", "(cond-expand (copse 1) (else 2))"], 0, "1\n", ""),
    ("an error has its place and a trace", ["-e", "(define (f x)\n  (car x))\n(+ 1 (f 5))"], 1, "",
     "command line:2:3: car: "),
    ("a mistake in a form has its place", ["-e", "(if)"], 1, "", "command line:1:1: if: "),
    ("an unbound name is named", ["-e", "(+ 1 no-such-name)"], 1, "", "no-such-name"),
    ("an open parenthesis is told", ["-e", "(+ 1"], 1, "", "1:1"),
    ("a raised value is told", ["-e", "(raise 'ouch)"], 1, "", "raised ouch"),
    ("a missing file is named", ["no-such-file.scm"], 1, "", "copse: no-such-file.scm: No such file"),
    ("an unknown option is refused", ["--nonsense"], 2, "", "--nonsense is not an option"),
    ("a file is evaluated in silence", FIB + "(fib 20)", 0, "", ""),
    ("a file that fails names itself", FIB + "(car (fib 5))", 1, "", ".scm:2:1: car: "),
    ("a script may begin with #!", "#!/usr/bin/env copse\n(car '(1))", 0, "", ""),
    ("a million calls deep is fine", "(define (f n) (if (= n 0) 0 (+ 1 (f (- n 1)))))\n(f 1000000)", 0,
     "", ""),
    ("source nested too deep is refused", "(" * 100000 + ")" * 100000, 1, "", ".scm:1:"),
]


def run(arguments):
    return subprocess.run([COPSE, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60)


def check(row, folder):
    name, what, status, output, error = row
    if isinstance(what, str):
        path = Path(folder) / "script.scm"
        path.write_text(what)
        what = [str(path)]
    done = run(what)
    exact = output.endswith("\n") or output == ""
    good_output = done.stdout == output if exact else done.stdout.startswith(output)
    good = done.returncode == status and good_output and error in done.stderr
    if not good:
        print(f"# {name}: exit {done.returncode}, output {done.stdout[:300]!r}, "
              f"errors {done.stderr[:300]!r}")
    return good


def main():
    print(f"1..{len(ROWS)}")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, row in enumerate(ROWS, 1):
            good = check(row, folder)
            failed += not good
            print("ok" if good else "not ok", number, "-", row[0], flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
