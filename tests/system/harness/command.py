"""Running programs: bounded in time, output kept, errors that say what happened."""

import os
import subprocess
import tempfile
import time


# How much longer than usual everything may take: for slow kernels and slow programs. It stretches the patience of the
# harness only; how long a forbidden flow is tried, and what a case measures, stay.
SCALE_VARIABLE = "IPSEC9000_TEST_PATIENCE"
SCALE = float(os.environ.get(SCALE_VARIABLE, "1"))


def patience(seconds):
    return seconds * SCALE


class Failure(Exception):
    """What a case or the harness found wrong; its text is all the reader gets, so it says what to look at."""


class Finished:
    """A program that has ended."""

    def __init__(self, arguments, status, stdout, stderr):
        self.arguments = arguments
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    def describe(self):
        return (f"{' '.join(self.arguments)}: exit status {self.status}\n"
                f"  stdout: {self.stdout.strip() or '(nothing)'}\n  stderr: {self.stderr.strip() or '(nothing)'}")


def run(arguments, timeout=20, status=0, environment=None, given=""):
    """Runs a program to its end and returns it as Finished. `status`: the exit status wanted, None for any;
    `given`: what it reads on stdin."""
    arguments = [str(argument) for argument in arguments]
    timeout = patience(timeout)
    # Files, not pipes: a daemon that inherits a pipe would keep us waiting for its end.
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        source.write(given.encode())
        source.seek(0)
        process = subprocess.Popen(arguments, stdin=source, stdout=out, stderr=err, env=environment)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failure(f"{' '.join(arguments)}: no end after {timeout} s\n"
                          f"  stdout: {_text(out)}\n  stderr: {_text(err)}") from None
        finished = Finished(arguments, process.returncode, _text(out), _text(err))
    if status is not None and finished.status != status:
        raise Failure(f"{finished.describe()}\n  wanted: exit status {status}")
    return finished


def _text(file):
    file.seek(0)
    return file.read().decode(errors="replace")


def wait_for(what, check, timeout=10, pause=0.2):
    """Calls `check` until it returns something true, and returns that."""
    timeout = patience(timeout)
    deadline = time.monotonic() + timeout
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise Failure(f"waited {timeout} s for: {what}; last seen: {result!r}")
        time.sleep(pause)


def expect(condition, text):
    """A case's assertion."""
    if not condition:
        raise Failure(text)
