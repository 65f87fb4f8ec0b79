"""python3 -m harness CASE BUILD KEEP: runs one case; this is what tests/system/run starts inside scripts/in-kernel.

BUILD is the build directory, KEEP where the evidence of a failure goes. Exit status 0 only if the case passed.
"""

import os
import sys
import tempfile
import traceback

from harness import sanitizers
from harness.cases import Case
from harness.command import Failure
from harness.lab import Lab


def judge_wire(case, lab):
    if not case.wire_must_object:
        lab.wire.check()
        return
    objections = lab.wire.objections()
    for text in objections:
        lab.note(f"the wire objects, as it must: {text}")
    if not any("CLEAR packet" in text for text in objections) or not any("no ESP" in text for text in objections):
        raise Failure(f"the check of the wire is blind: it should have objected, and said only: {objections}")


def run_case(case, build, keep):
    """True if passed. The verdict: first the case's own, then that about the wire; both are printed."""
    # A short path, for Unix sockets; /tmp is private to this kernel.
    directory = tempfile.mkdtemp(prefix="lab.", dir="/tmp")
    sanitizers.watch(keep)
    lab = Lab(build, directory, case.layout)
    passed = True
    try:
        case.run(lab)
    except Failure as failure:
        passed = False
        print(f"FAILED: {failure}")
    except Exception:
        passed = False
        print(f"FAILED, by a fault in the case or the harness:\n{traceback.format_exc()}")
    if not passed:
        lab.save_evidence(keep)
    lab.wire.stop()
    try:
        judge_wire(case, lab)
    except Failure as failure:
        if passed:
            lab.save_evidence(keep)
        passed = False
        print(f"FAILED: {failure}")
    lab.wire.save(keep)
    lab.save_messages(keep)
    lab.close()
    lab.note("passed" if passed else "failed")
    return passed


def main():
    name, build, keep = sys.argv[1:]
    case = Case(name)
    print(f"{name}: {case.summary}", flush=True)
    passed = run_case(case, build, keep)
    sys.stdout.flush()
    # Not sys.exit(): it would wait for threads that still listen.
    os._exit(0 if passed else 1)


main()
