"""The rows of the benches: what is measured, by which program, and the bar it must meet.

A row's program prints one line a sample: "pair OURS PEER CHECKSUM CHECKSUM" (the peer measured
beside ours in alternation) or "value NUMBER". An empty program means that nothing measures the row
yet, which counts as a miss.
"""

from collections import namedtuple

# measure: "ratio" is OURS / PEER, "ours" is OURS or the value. The bar is the largest median
# allowed, or with at_least the smallest.
Row = namedtuple("Row", "bench words bar measure limit at_least program")

ROWS = [
    Row("house", "tick, 255 nodes with C leaves, against a C loop that calls the same leaves through "
        "pointers", "at most 12 x the loop", "ratio", 12, False, ["bench-tick"]),
    Row("house", "tick, 255 nodes with C leaves, a node", "at most 20 ns", "ours", 20, False,
        ["bench-tick"]),
    Row("house", "trivial Lisp condition in a tick", "at most 100 ns", "ours", 100, False, []),
    Row("house", "allocations in a tick of C leaves", "0", "ours", 0, False,
        ["bench-tick", "--allocations"]),
    Row("house", "allocations in a tick with a trivial Lisp condition", "0", "ours", 0, False, []),
    Row("house", "31-node instance", "at most 2048 bytes", "ours", 2048, False,
        ["bench-tick", "--instance-bytes"]),
    Row("house", "100,000 parked Lisp strands, each", "at most 800 bytes", "ours", 800, False, []),
    Row("house", "fib, tak, nqueens, closures, string ports, tables, floats, geometric mean against "
        "Lua 5.4", "at least 1 x its speed", "ratio", 1, True, []),
    Row("house", "empty script, start to end", "at most 5 ms", "ours", 5, False,
        ["bench-startup", "build/copse"]),
]
