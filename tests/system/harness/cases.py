"""The cases: one Python file each in tests/system/cases. A case has

    a docstring              its first line says which behaviour it proves
    def run(lab)             the case itself; raises Failure
    TIME_LIMIT = 60          seconds, optional
    NEEDS_SUITE = True       optional; False: runs without anything of ours built
    LAYOUT = "hosts"         optional; which network, of topology.LAYOUTS
    OWN_KERNEL = False       optional; True: wants the kernel's first process namespace (its audit) or the whole file
                             system, so it always goes to User Mode Linux, and is left out inside another guest
    NEEDS_PACKAGE = False    optional; True: runs only where the suite was installed as a package, and PACKAGE_VARIABLE
                             in the environment names a newer one (scripts/package-test)
    NEEDS_TPM = False        optional; True: runs in QEMU with a TPM (scripts/setup --qemu), and only when it is named
    MESSAGES = ()            optional; kinds of ISAKMP messages (harness/isakmp.py) that tshark must have decrypted
    DECODED = ()             optional; display filters of tshark for what must have gone both ways on the wire
    WIRE_MUST_OBJECT = False optional; True turns the verdict about the wire round (the negative control)
"""

import importlib.util
import os

PACKAGE_VARIABLE = "IPSEC9000_TEST_PACKAGE"
DIRECTORY = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cases")


def names():
    return sorted(name[:-3] for name in os.listdir(DIRECTORY) if name.endswith(".py"))


class Case:
    def __init__(self, name):
        specification = importlib.util.spec_from_file_location(name, os.path.join(DIRECTORY, f"{name}.py"))
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        self.name = name
        self.run = module.run
        self.summary = (module.__doc__ or "").strip().splitlines()[0]
        self.time_limit = getattr(module, "TIME_LIMIT", 60)
        self.layout = getattr(module, "LAYOUT", "hosts")
        self.needs_suite = getattr(module, "NEEDS_SUITE", True)
        self.own_kernel = getattr(module, "OWN_KERNEL", False)
        self.needs_package = getattr(module, "NEEDS_PACKAGE", False)
        self.needs_tpm = getattr(module, "NEEDS_TPM", False)
        self.messages = getattr(module, "MESSAGES", ())
        self.decoded = getattr(module, "DECODED", ())
        self.wire_must_object = getattr(module, "WIRE_MUST_OBJECT", False)
