"""A host that is booted by systemd: process 1 of a process namespace, on this kernel's whole file system, with the
suite installed below /usr as a package would.

Everything is written to the overlay that scripts/in-kernel puts above the host's files, so one machine at a time.
"""

import os
import shutil
import signal
import subprocess

from harness.command import Failure, run, wait_for

UNITS = "/etc/systemd/system"
TARGET = "booted.target"
# What a host has and this one does not need; each start of a process costs here.
MASKED = ("dev-hugepages.mount", "dev-mqueue.mount", "sys-kernel-config.mount", "sys-kernel-debug.mount",
          "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "proc-sys-fs-binfmt_misc.automount",
          "systemd-binfmt.service", "systemd-firstboot.service", "systemd-hwdb-update.service",
          "systemd-journal-catalog-update.service", "systemd-journal-flush.service", "systemd-machine-id-commit.service",
          "systemd-modules-load.service", "systemd-pcrphase-sysinit.service", "systemd-random-seed.service",
          "systemd-sysctl.service", "systemd-sysusers.service", "systemd-timesyncd.service",
          "systemd-tmpfiles-setup-dev.service", "systemd-tmpfiles-setup.service", "systemd-udev-trigger.service",
          "systemd-udevd.service", "systemd-update-done.service", "systemd-update-utmp.service", "getty.target",
          "systemd-ask-password-console.path", "systemd-ask-password-wall.path", "cryptsetup.target",
          "systemd-boot-system-token.service", "systemd-repart.service", "systemd-boot-random-seed.service",
          "kmod-static-nodes.service", "systemd-udevd-control.socket", "systemd-udevd-kernel.socket",
          "veritysetup.target", "integritysetup.target", "ldconfig.service")

# Process 1 gets mounts of its own, shared among its services (systemd mounts their credentials so); a fresh /run is
# what makes it a boot.
ENTER = """
mount --make-rprivate / && mount --make-rshared / && mount -t proc proc /proc && mount -t tmpfs -o mode=755 tmpfs /run &&
{ mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup; } &&
exec /lib/systemd/systemd --system --unit=%s --show-status=no --log-target=console --log-level=info
""" % TARGET


class Machine:
    def __init__(self, node, build, directory):
        self.node = node
        self._directory = directory
        self._log = os.path.join(directory, "systemd.log")
        self._process = None
        self._pid = None
        self._install(build)

    def unit(self, name, text, wanted=True):
        with open(os.path.join(UNITS, name), "w", encoding="utf-8") as file:
            file.write(text)
        if wanted:
            self.want(name)

    def want(self, name):
        """The unit belongs to the boot from now on."""
        self._want(TARGET, os.path.join(UNITS, name))

    def forget(self, name):
        os.unlink(os.path.join(UNITS, f"{TARGET}.wants", name))

    def boot(self, timeout=40):
        """Returns when everything that belongs to the boot has been started or has failed."""
        environment = {"PATH": os.environ["PATH"]}
        if not os.path.exists("/sys/class/tpmrm"):
            environment["container"] = "ipsec9000-test"
        elif os.path.exists("/.dockerenv"):  # systemd looks for no TPM in what it takes for a container
            os.unlink("/.dockerenv")
        with self.node.inside(), open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--ipc", "--uts", "--cgroup", "--fork", "--kill-child=KILL", "/bin/bash", "-c",
                 ENTER], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        self._pid = wait_for("systemd runs", self._find, timeout, pause=0.1)
        wait_for("the boot is complete", lambda: self.systemctl("is-active", TARGET, status=None).status == 0 and
                 not self.systemctl("list-jobs", "--no-legend").stdout.strip().startswith("1"), timeout, pause=0.5)

    def power_off(self):
        """As pulling the plug does it: no unit is stopped in order; kernel policies, SAs and /run are gone."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None
        with self.node.inside():
            for command in ("policy flush", "state flush", "policy setdefault in accept fwd accept out accept"):
                run(["ip", "xfrm", *command.split()])

    def inside(self, *arguments, status=0, timeout=40):
        """Runs a program on the machine."""
        return run(["nsenter", f"--target={self._pid}", "--mount", "--pid", "--net", "--cgroup", "--ipc", *arguments],
                   timeout, status)

    def systemctl(self, *arguments, status=0):
        return self.inside("systemctl", *arguments, status=status)

    def journal(self):
        with open(self._log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _find(self):
        if self._process.poll() is not None:
            raise Failure(f"systemd ended at once:\n{self.journal()[-3000:]}")
        children = run(["ps", "-o", "pid=", "--ppid", self._process.pid], status=None).stdout.split()
        if not children:
            return None
        with open(f"/proc/{children[0]}/comm", encoding="ascii") as name:
            return children[0] if name.read().strip() == "systemd" else None

    def _install(self, build):
        if os.path.exists(os.path.join(build, "cmake_install.cmake")):
            run(["cmake", "--install", build, "--prefix", "/usr"], 40)
        elif os.path.realpath(build) != "/usr":
            raise Failure(f"{build} is no build directory, so its units do not fit")
        shutil.rmtree(UNITS, ignore_errors=True)
        os.makedirs(UNITS)
        for name in MASKED:
            os.symlink("/dev/null", os.path.join(UNITS, name))
        with open(os.path.join(UNITS, TARGET), "w", encoding="utf-8") as file:
            file.write("[Unit]\nRequires=basic.target\nAfter=basic.target\n")
        # What the package's postinst does by deb-systemd-helper.
        self._want("sysinit.target", "/usr/lib/systemd/system/ipsec9000-boot.service")
        for daemon in ("secauditd", "secpolicyd", "ikpmd"):
            self._want(TARGET, f"/usr/lib/systemd/system/{daemon}.service")

    @staticmethod
    def _want(target, unit):
        directory = os.path.join(UNITS, f"{target}.wants")
        os.makedirs(directory, exist_ok=True)
        os.symlink(unit, os.path.join(directory, os.path.basename(unit)))
