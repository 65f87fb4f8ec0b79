"""With a TPM the key of this machine is sealed by it: IPSec starts with the system, and blocks where that TPM is not."""

import base64
import json
import os

from harness import configuration, traffic
from harness.booted_host import ETC, STATE, BootedHost, write
from harness.command import expect

TIME_LIMIT = 150
OWN_KERNEL = True
NEEDS_TPM = True
TPM = "/dev/tpmrm0"
# How systemd-creds marks what it has encrypted with the TPM's key and the host's (CRED_AES256_GCM_BY_HOST_AND_TPM2_HMAC).
SEALED = bytes.fromhex("93a8940948744490 90caf2fc93cab553")


def run(lab):
    expect(os.path.exists(TPM), f"this guest has no {TPM}")
    lab.wire.protect("tcp port 23")
    host = BootedHost(lab)
    write(f"{ETC}/ipsec.json", json.dumps(configuration.telnet_client(lab.a, lab.b, 4)))
    lab.suite(lab.b, configuration.telnet_server(lab.b, lab.a, 4), configuration.KEY, lab.a).start()
    traffic.echo_server(lab.b, 4, traffic.TELNET)
    host.boot()
    host.enable("10.1.0.2")
    with open(f"{STATE}/machine.cred", encoding="ascii") as file:
        credential = base64.b64decode(file.read())
    expect(credential.startswith(SEALED), f"not sealed by the TPM: {credential[:16].hex()}")
    host.start()
    host.machine.power_off()
    lab.note("the key of this machine is sealed by its TPM")

    host.boot()
    expect(host.states() == ["active"] * 3, f"the daemons do not run after the boot: {host.states()}")
    expect(host.status(0)["keystore"] == "open", "the key store is not open after the boot")
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    host.machine.power_off()
    lab.note("it opened the key store at the boot")

    os.rename(TPM, f"{TPM}-gone")
    host.boot()
    status = host.status(3)
    expect("proto esp" in host.policies(), "the policies are not in the kernel")
    traffic.expect_blocked(lab.a, lab.b, 4, traffic.TELNET, timeout=2)
    told = json.dumps(status["problems"])
    lab.note(f"without that TPM: {host.states()}, {told}")
    expect(status["boot"]["obstacle"] == "tpm-missing", f"-status does not name what is missing: {status['boot']}, {told}")
    expect("there is no TPM: ipsec_mgr bootup on" in told, f"-status does not say what to do: {told}")
    expect(host.machine.systemctl("is-failed", "ikpmd.service", status=None).stdout.strip() == "failed",
           "systemd goes on starting an ikpmd whose key it cannot unseal")
    host.tool("ipsec_mgr", "bootup", "on")
    host.start()
    traffic.talk(lab.a, lab.b, 4, traffic.TELNET)
    lab.note("what -status says was done, and the traffic goes on")
