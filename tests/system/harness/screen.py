"""A program in a real terminal: tmux types, and reads what is on the screen."""

import os
import re
import shlex

from harness.command import Failure, run, wait_for

FIELD = re.compile(r"[> ][*! ]([a-z][a-z0-9_.]*)( |$)")  # a line of a form: the focus, how the field stands, its path


class Screen:
    """`command` runs in a shell of its own on that node; when it has ended, its status is on the screen."""

    def __init__(self, node, directory, command, terminal, columns=80, rows=24):
        self._socket = os.path.join(directory, "tmux")
        words = " ".join(shlex.quote(word) for word in command)
        # `stty` tells whether the terminal has been given back; cat keeps it open.
        shell = (f"env TERM={terminal} {words}; echo status $?; stty -a | grep -ow -e -echo -e -icanon; "
                 "echo the end; exec cat")
        with node.inside():
            self._tmux("-f", "/dev/null", "-u", "new-session", "-d", "-x", columns, "-y", rows, shell)

    def type(self, text):
        self._tmux("send-keys", "-l", text)

    def press(self, *keys):
        """By the names of tmux: Enter, Tab, Escape, F2, C-u."""
        self._tmux("send-keys", *keys)

    def text(self):
        return self._tmux("capture-pane", "-p").stdout

    def wait(self, *texts, timeout=10):
        """Until all of them are on the screen; gives the screen."""
        try:
            wait_for("", lambda: all(text in self.text() for text in texts), timeout, pause=0.1)
        except Failure:
            raise Failure(f"waited {timeout} s for {texts} on this screen:\n{self.text()}") from None
        return self.text()

    def fill(self, field, text=None):
        """In a form: goes to the field, and replaces what is in it. As few calls as can be: in a guest each takes long."""
        for _ in range(30):
            fields, here = self._fields()
            if here is not None and fields[here] == field:
                break
            if here is not None:
                # What is below the screen's end comes nearer with its last field.
                steps = (fields.index(field) if field in fields else len(fields) - 1) - here
                self.press(*(["Down" if steps > 0 else "Up"] * max(abs(steps), 1)))
                wait_for("another field", lambda: self._fields()[1] not in (here, None), pause=0.03)
        else:
            raise Failure(f"no field {field} on this screen:\n{self.text()}")
        if text is not None:
            self._tmux("send-keys", "C-u", ";", "send-keys", "-l", text)

    def _fields(self):
        """The fields on the screen, and which one is marked (None while there is none)."""
        lines = [line for line in self.text().splitlines() if FIELD.match(line)]
        marked = [place for place, line in enumerate(lines) if line.startswith(">")]
        return [FIELD.match(line).group(1) for line in lines], marked[0] if len(marked) == 1 else None

    def resize(self, columns, rows):
        self._tmux("resize-window", "-x", columns, "-y", rows)

    def process(self):
        """Of the program: the child of the pane's shell."""
        shell = self._tmux("display-message", "-p", "#{pane_pid}").stdout.strip()
        return int(run(["pgrep", "-P", shell]).stdout.split()[0])

    def close(self):
        self._tmux("kill-server")

    def _tmux(self, *arguments):
        return run(["tmux", "-S", self._socket, *arguments])
