"""A program in a real terminal: tmux types, and reads what is on the screen."""

import os
import shlex

from harness.command import Failure, run, wait_for


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
        """In a form: goes to the field, and replaces what is in it."""
        for _ in range(30):
            here = self._focus()
            if here == field:
                break
            self.press("Down")
            wait_for("another field", lambda: self._focus() not in (here, None), pause=0.03)
        else:
            raise Failure(f"no field {field} on this screen:\n{self.text()}")
        if text is not None:
            self.press("C-u")
            self.type(text)

    def _focus(self):
        """The field that is marked, None while there is none."""
        marked = [line for line in self.text().splitlines() if line.startswith(">")]
        return marked[0][2:].split(" ")[0] if len(marked) == 1 else None

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
