"""Builds the configurations of the test matrix, runs them, counts test cases.

Called by scripts/test, which has set the machine up. A test case is one cmocka test; a program
that ends before its plan, crashes or takes too long counts as failed.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import mutants

ROOT = Path(__file__).resolve().parent.parent

# name: what differs from the release build. `suites` empty means all; `slow` multiplies time limits.
MATRIX = {
    "release": {"dir": "build", "setup": []},
    "asan": {
        "dir": "build-asan",
        "setup": ["-Db_sanitize=address,undefined", "-Dc_args=-fno-sanitize-recover=all -fno-omit-frame-pointer",
                  "-Ddefault_library=static"],
        "env": {"ASAN_OPTIONS": "halt_on_error=1:detect_stack_use_after_return=1",
                "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"},
        "slow": 4,
    },
    "tsan": {
        "dir": "build-tsan",
        "setup": ["-Db_sanitize=thread", "-Db_lundef=false", "-Ddefault_library=static"],
        "cc": "clang",
        "env": {"TSAN_OPTIONS": "halt_on_error=1"},
        "suites": ["sched", "planted"],
        "slow": 6,
    },
    "abort": {"dir": "build-abort", "setup": ["-Dchecked=abort", "-Ddefault_library=static"],
              "suites": ["sched"]},
    "switch": {"dir": "build-switch", "setup": ["-Ddispatch=switch", "-Ddefault_library=static"],
               "suites": ["interp", "stdlib", "program"]},
    "gc-stress": {"dir": "build-gc-stress", "setup": ["-Dgc=stress", "-Ddefault_library=static"],
                  "suites": ["interp", "stdlib"], "without": ["heavy"], "slow": 6},
    "aarch64": {"dir": "build-aarch64", "setup": [], "cross": "aarch64",
                "suites": ["sched", "interp", "bt", "stdlib"], "slow": 8},
}


def run(command, **kwargs):
    return subprocess.run(command, cwd=ROOT, **kwargs)


def configure(name, config):
    """The ninja folder of a configuration, set up when it is new."""
    folder = ROOT / config["dir"]
    if (folder / "build.ninja").exists():
        return folder
    command = ["meson", "setup", str(folder)] + config["setup"]
    env = dict(os.environ)
    if "cc" in config:
        env["CC"] = config["cc"]
    if "cross" in config:
        run(["scripts/cross", config["cross"], "--setup-only"], check=True)
        command += ["--cross-file", str(ROOT / f"build-sysroot-{config['cross']}" / "meson.cross"),
                    "-Ddefault_library=static"]
    done = run(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"{name}: meson setup failed\n{done.stdout}")
    return folder


def build(name, folder):
    done = run(["ninja", "-C", str(folder), "--quiet"], stdout=subprocess.PIPE,
               stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0 or "warning:" in done.stdout:
        sys.exit(f"{name}: the build has errors or warnings\n{done.stdout}")


def count(entry):
    """(passed, failed, skipped names) of one test program, from its TAP output."""
    plan, passed, failed, skipped = None, 0, 0, []
    for line in entry.get("stdout", "").splitlines():
        if line.startswith("1.."):
            plan = int(line[3:].split()[0])
        elif line.startswith("not ok"):
            failed += 1
        elif line.startswith("ok"):
            if "# SKIP" in line:
                skipped.append(line)
            else:
                passed += 1
    ended_early = plan is None or passed + failed + len(skipped) < plan
    crashed = entry["result"] not in ("OK", "FAIL") or entry.get("returncode", 0) != 0
    if (ended_early or crashed) and failed == 0:
        failed += 1
    return passed, failed, skipped


def test(name, config, folder, names, full):
    command = ["meson", "test", "-C", str(folder), "--no-rebuild", "--quiet",
               "--timeout-multiplier", str(config.get("slow", 1) * (20 if full else 1))]
    for suite in config.get("suites", []):
        command += ["--suite", suite]
    for suite in [] if full else config.get("without", []):
        command += ["--no-suite", suite]
    env = dict(os.environ, **config.get("env", {}))
    if full:
        env["COPSE_TEST_FULL"] = "1"
    env["COPSE_TEST_CONFIG"] = name
    run(command + names, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = folder / "meson-logs" / "testlog.json"
    if not log.exists():
        return []
    return [json.loads(line) for line in log.read_text().splitlines() if line]


def main():
    parser = argparse.ArgumentParser(prog="scripts/test")
    parser.add_argument("--full", action="store_true", help="the long form: counts of the issues")
    parser.add_argument("--only", metavar="CONFIG", choices=sorted(MATRIX), help="one configuration")
    parser.add_argument("names", nargs="*", help="tests, such as sched/clock; all when none is given")
    args = parser.parse_args()

    allowed_skips = set((ROOT / "tests/skips.txt").read_text().split("\n"))
    passed = failed = 0
    times = []
    for name, config in MATRIX.items():
        if args.only and name != args.only:
            continue
        if "cross" in config and platform.machine() != "x86_64":
            continue
        started = time.monotonic()
        folder = configure(name, config)
        build(name, folder)
        log = folder / "meson-logs" / "testlog.json"
        log.unlink(missing_ok=True)
        entries = test(name, config, folder, args.names, args.full)
        config_passed = config_failed = 0
        for entry in entries:
            # "copse:sched / sched/clock" is the suite and the name.
            test_name = entry["name"].split(" / ")[-1]
            good, bad, skipped = count(entry)
            for line in skipped:
                print(f"SKIP {name} {test_name}: {line}")
                reason = line.split("# SKIP", 1)[1].strip()
                if os.environ.get("CI") and reason not in allowed_skips:
                    bad += 1
            if bad:
                print(f"--- {name} {test_name} failed ({entry['result']}); again with: "
                      f"scripts/test --only {name} {test_name}")
                print(entry.get("stdout", "")[-6000:])
                print(entry.get("stderr", "")[-6000:])
            config_passed += good
            config_failed += bad
            times.append((entry["duration"], f"{name} {test_name}"))
        if not entries and not args.names:
            print(f"{name}: no test ran")
            config_failed += 1
        passed += config_passed
        failed += config_failed
        print(f"{name:10} {config_passed:5} passed {config_failed:3} failed "
              f"{time.monotonic() - started:6.1f} s", flush=True)
    if args.full and not args.names and not args.only:
        killed, survived = mutants.check([])
        passed += killed
        failed += survived
    print("slowest:")
    for seconds, name in sorted(times, reverse=True)[:10]:
        print(f"  {seconds:6.2f} s  {name}")
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
