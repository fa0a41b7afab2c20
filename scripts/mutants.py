"""The test of the tests: each patch of tests/mutants is a bug, and the named tests must find it.

A patch opens with lines "# what the bug is" and "tests: sched/timer sched/det". It is applied to a
copy of the sources, built, and the tests run; at least one must fail. A patch that does not apply
or does not build is an error, never a kill. Called by scripts/test --full; alone:
python3 scripts/mutants.py [NAME...]
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "build-mutants" / "source"
FOLDER = ROOT / "build-mutants" / "build"
TIME_LIMIT_S = 120


def run(command, **kwargs):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs)


def copy_sources():
    shutil.rmtree(COPY.parent, ignore_errors=True)
    names = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT).stdout
    for name in names.split("\n"):
        if name and (ROOT / name).is_file():
            target = COPY / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target)
    done = run(["meson", "setup", str(FOLDER), str(COPY), "-Ddefault_library=static"])
    if done.returncode != 0:
        sys.exit(f"mutants: meson setup failed\n{done.stdout}")


def named_tests(text):
    for line in text.splitlines():
        if line.startswith("tests:"):
            return line[len("tests:"):].split()
    return []


def run_tests(tests):
    """The exit status of TESTS; one that loops is stopped with all that it started, and failed."""
    child = subprocess.Popen(["meson", "test", "-C", str(FOLDER), "--no-rebuild", "--quiet", *tests],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)
    try:
        return child.wait(TIME_LIMIT_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return 1


def is_killed(patch):
    """True when a named test fails under PATCH; raises ValueError when that can not be said."""
    tests = named_tests(patch.read_text())
    if not tests:
        raise ValueError("has no line 'tests: ...'")
    done = run(["patch", "-p1", "--forward", "-i", str(patch)], cwd=COPY)
    if done.returncode != 0:
        raise ValueError(f"does not apply\n{done.stdout}")
    try:
        done = run(["ninja", "-C", str(FOLDER), "--quiet"])
        if done.returncode != 0:
            raise ValueError(f"does not build\n{done.stdout}")
        return run_tests(tests) != 0
    finally:
        run(["patch", "-p1", "--reverse", "-i", str(patch)], cwd=COPY)


def check(names):
    """(killed, survived or unusable) over the named patches, all when NAMES is empty."""
    patches = sorted((ROOT / "tests/mutants").glob("*.patch"))
    if names:
        patches = [patch for patch in patches if patch.stem in names]
    if not patches:
        return 0, 0
    copy_sources()
    killed = bad = 0
    for patch in patches:
        try:
            verdict = "killed" if is_killed(patch) else "SURVIVED"
        except ValueError as error:
            verdict = f"UNUSABLE: {error}"
        print(f"mutant {patch.stem}: {verdict}", flush=True)
        killed, bad = killed + (verdict == "killed"), bad + (verdict != "killed")
    return killed, bad


if __name__ == "__main__":
    killed_count, bad_count = check(sys.argv[1:])
    print(f"{killed_count} killed, {bad_count} not")
    sys.exit(1 if bad_count else 0)
