"""While every verb that takes a password or a key is given one, no process has it in its arguments or environment."""

import os
import pty
import select
import subprocess
import time

from harness import command, configuration, traffic
from harness.authority import Authority
from harness.command import expect, patience
from harness.secrets import ArgumentWatch, Secrets
from harness.suite import DAEMONS, PASSWORD, SUPERVISOR

TIME_LIMIT = 180
NEW_PASSWORD = "another password, typed at the terminal"
TYPED_KEY = "a pre-shared key typed at the terminal"
HEX_KEY = "0123456789abcdef00112233445566778899aabbccddeeff"
IPSEC_MGR_RUNS = 11  # below; each derives a key from a password, which takes longer than a look
FILE_PASSWORD = "the password of a PKCS#12 file"


def typed(suite, tool, *arguments, answers):
    """Runs a tool at a terminal of its own and types each answer when it is asked for something."""
    with suite.node.inside():
        pid, terminal = pty.fork()
        if pid == 0:
            program = os.path.join(suite.tools, tool)
            os.execv(program, [program, "--root", suite.root, *arguments])
    shown, left = "", list(answers)
    deadline = time.monotonic() + patience(30)
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(terminal, 4096).decode(errors="replace")
            except OSError:  # how a terminal says that nobody has it open any more
                break
            shown += piece
            if left and piece.rstrip().endswith(":"):
                os.write(terminal, left.pop(0).encode() + b"\n")
    finally:
        os.close(terminal)
    _, status = os.waitpid(pid, 0)
    expect(status == 0 and not left, f"{tool} {' '.join(arguments)}: status {status}, not asked for {len(left)}:\n{shown}")


def can_find(secrets):
    """The watch sees what it is there for: a process with a secret in its arguments, and one with it in its environment."""
    with ArgumentWatch(secrets) as watch:
        children = [subprocess.Popen(["sleep", "5", "--", HEX_KEY.upper()], stderr=subprocess.DEVNULL),
                    subprocess.Popen(["bash", "-c", "read -t 5 </dev/zero; sleep 5", f"--key={TYPED_KEY}"]),
                    subprocess.Popen(["sleep", "5"], env={"PASSWORD": PASSWORD})]
        watch.pause(3)
        for child in children:
            child.kill()
            child.wait()
    wanted = {"the typed key is in the cmdline of bash", "the password is in the environ of sleep"}
    expect(wanted <= watch.found, f"the watch misses what is there to be found: {watch.found}")


def before_the_start(suite, files):
    """No daemon runs: the tools open the key store themselves."""
    suite.manage_with_password("key", "set", "10.1.0.7", "--file", files["hex"])
    typed(suite, "ipsec_mgr", "key", "set", "10.1.0.9", answers=(PASSWORD, TYPED_KEY, TYPED_KEY))
    suite.manage_with_password("cert", "import", files["bundle"], "--file-password-file", files["bundle password"], "--name",
                               "bundled")
    suite.manage_with_password("bootup", "on")
    suite.manage_with_password("bootup", "off")


def while_it_runs(suite, files):
    """The same through the daemons, and what only they do."""
    suite.start()
    suite.manage_with_password("key", "set", "10.1.0.8", "--file", files["hex"])
    typed(suite, "ipsec_mgr", "key", "set", "10.1.0.9", answers=(PASSWORD, TYPED_KEY, TYPED_KEY))
    suite.manage_with_password("cert", "delete", "bundled")
    suite.manage_with_password("cert", "import", files["bundle"], "--file-password-file", files["bundle password"], "--name",
                               "bundled")
    suite.manage_with_password("cert", "import", files["certificate"], "--key", files["private key"], "--name", "plain")
    suite.manage_with_password("bootup", "on")
    suite.trace_on()
    suite.trace_off()
    typed(suite, "ipsec_admin", "-newpasswd", answers=(PASSWORD, NEW_PASSWORD, NEW_PASSWORD))
    typed(suite, "ipsec_admin", "-newpasswd", answers=(NEW_PASSWORD, PASSWORD, PASSWORD))


def run_verbs(lab, suite, secrets, files):
    with ArgumentWatch(secrets) as watch:
        before_the_start(suite, files)
        while_it_runs(suite, files)
        traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
        watch.pause()
        suite.stop()
        typed(suite, "ipsec_admin", "-start", answers=(PASSWORD,))
        suite.running = True
        watch.pause()
    expect(not watch.found, "; ".join(sorted(watch.found)))
    missed = {"ipsec_mgr", "ipsec_admin", SUPERVISOR, *DAEMONS} - watch.seen.keys()
    expect(not missed, f"the watch has not seen {missed}, only {watch.seen}")
    expect(watch.seen["ipsec_mgr"] == IPSEC_MGR_RUNS, f"verbs went by unseen: {watch.seen}")
    lab.note(f"{len(secrets)} secrets, {watch.rounds} looks at {sum(watch.seen.values())} processes: {watch.seen}")


def pkcs12(issued, password_file):
    path = f"{password_file}.p12"
    command.run(["openssl", "pkcs12", "-export", "-inkey", issued.key, "-in", issued.certificate, "-passout",
                 f"file:{password_file}", "-out", path], timeout=30)
    os.chmod(path, 0o600)
    return path


def run(lab):
    lab.wire.protect("tcp port 23")
    a, b = lab.a, lab.b
    suite = lab.suite(a, configuration.telnet_client(a, b, 4), configuration.KEY, b)
    lab.suite(b, configuration.telnet_server(b, a, 4), configuration.KEY, a).start()
    traffic.echo_server(b, 4, traffic.TELNET)
    root = Authority(f"{lab.directory}/root")
    bundled, plain = root.issue("bundled", "IP:10.1.0.1"), root.issue("plain", "IP:10.1.0.1", key="RSA")
    files = {"hex": suite.write("hex", f"0x{HEX_KEY}"), "bundle password": suite.write("bundle-password", FILE_PASSWORD),
             "certificate": plain.certificate, "private key": plain.key}
    files["bundle"] = pkcs12(bundled, files["bundle password"])
    secrets = Secrets()
    for what, secret in (("the password", PASSWORD), ("the new password", NEW_PASSWORD), ("the key", configuration.KEY),
                         ("the typed key", TYPED_KEY), ("the key in hexadecimal", bytes.fromhex(HEX_KEY)),
                         ("the PKCS#12 file's password", FILE_PASSWORD)):
        secrets.add(what, secret)
    secrets.add_private_key("the bundled certificate's key", bundled.key)
    secrets.add_private_key("the plain certificate's key", plain.key)
    can_find(secrets)
    run_verbs(lab, suite, secrets, files)
