#include "cli/common/table.hpp"

#include <array>

namespace ipsec9000::cli {

namespace {
constexpr std::string_view placed = "policy add, policy move, isakmp add, isakmp move";

constexpr std::array tool_options{
    Option{"file", "", Argument::required, "FILE", "key set: read the key from FILE, not from the terminal",
           "The file's bytes without one newline at the end are the key, by the same rule as a key that is typed.",
           "key set"},
    Option{"key", "", Argument::required, "FILE",
           "cert import: the file of the private key, where it is not in FILE itself", "", "cert import"},
    Option{"file-password-file", "", Argument::required, "FILE",
           "cert import: the password of the PKCS#12 file or the key",
           "In a file that only root may read; else it is asked for when it is needed.", "cert import"},
    Option{"name", "", Argument::required, "NAME", "cert import: the name of the entry",
           "By default that of its key where the key is stored here already, else one made from its subject.",
           "cert import"},
    Option{"subject", "", Argument::required, "DN",
           "cert request, profile create: the subject, such as \"C=DE, O=Example, CN=gate\"", "",
           "cert request, profile create"},
    Option{"altname", "", Argument::required, "LIST",
           "cert request, profile create: addresses, host names, user@host for the subjectAltName",
           "Separated by commas. A peer that names itself by an address or a host name is believed only when it stands "
           "here.",
           "cert request, profile create"},
    Option{"keytype", "", Argument::required, "TYPE",
           "cert request, profile create: rsa (the default), ecdsa256, ecdsa384 or ecdsa521", "",
           "cert request, profile create"},
    Option{"bits", "", Argument::required, "BITS",
           "cert request, profile create: the size of an RSA key, 2048 (the default) to 8192", "",
           "cert request, profile create"},
    Option{"reference", "", Argument::required, "REFERENCE",
           "profile create: what the CA calls the secret in -secret-file", "", "profile create"},
    Option{"secret-file", "", Argument::required, "FILE",
           "profile create: the secret that the CA has given for the first certificate",
           "In a file that only root may read, and which is of no use afterwards.", "profile create"},
    Option{"profile-password-file", "", Argument::required, "FILE",
           "profile create, profile renew: the password of the profile's file",
           "In a file that only root may read; else it is asked for.", "profile create, profile renew"},
    Option{"sent", "", Argument::required, "FILE",
           "cert check: judge the certificates in FILE, as if REMOTE had sent them", "", "cert check"},
    Option{"before", "", Argument::required, "NAME", "add, move: before the policy NAME", "", placed},
    Option{"after", "", Argument::required, "NAME", "add, move: behind the policy NAME", "", placed},
    Option{"first", "", Argument::none, "", "add, move: as the first one", "", placed},
    Option{"add", "", Argument::none, "", "import: add to the present configuration, do not print",
           "The default policy and the start-up options stay as they are.", "import hpux, import swanctl"},
    Option{"last", "", Argument::none, "", "add, move: as the last one; for add this needs not be said", "", placed},
};

constexpr std::array verbs{
    Verb{"key set", "REMOTE", 1, 1, "store the pre-shared key for a remote host",
         "REMOTE is an address, a prefix such as 10.1.0.0/24, a host name, or user@host; for a peer its exact name is "
         "looked "
         "up first, then the longest prefix. The key is ASCII, taken byte for byte, or hex digits after 0x. It is "
         "asked for "
         "twice, without echo. A key that is there is replaced."},
    Verb{"key list", "", 0, 0, "list the hosts that have keys, without the keys", ""},
    Verb{"key delete", "REMOTE", 1, 1, "delete the pre-shared key for a remote host", "REMOTE as key list shows it."},
    Verb{"cert request", "NAME", 1, 1, "make a key and a request (PKCS#10) for a certificate",
         "The key is stored under NAME, encrypted; the request is printed, in PEM, for the CA. Import its answer with "
         "cert import."},
    Verb{"cert import", "FILE", 1, 1, "take in a certificate, with its key or for a key that is stored already",
         "PEM, DER, PKCS#7 or PKCS#12. Intermediate CAs in the file are taken in with it, roots are not: they are for "
         "ca "
         "add. A certificate of which nobody here has the key is kept as a peer's, for peers that do not send theirs."},
    Verb{"cert list", "", 0, 0, "list our certificates and those of peers", ""},
    Verb{"cert show", "NAME", 1, 1, "show a certificate, with its PEM", ""},
    Verb{"cert delete", "NAME", 1, 1, "delete a certificate and its key", ""},
    Verb{"cert check", "[REMOTE]", 0, 1, "judge certificates as ikpmd would, and print each step",
         "Without REMOTE our own, as a peer with our CAs would see them. REMOTE is the identity that a peer claims (an "
         "address, a host name, user@host, or a distinguished name); its certificate is one that is known here, or "
         "comes from the file of -sent. Exit status 1 when one is not accepted."},
    Verb{
        "profile create", "NAME", 1, 1, "make a key and get a certificate for it from the CA's manager (CMP)",
        "The manager is named in /etc/ipsec9000/entrust.ini; -subject, -reference and -secret-file are needed, and the "
        "CA's roots that come with its answer are believed from then on. Key and certificate are kept in the profile "
        "/var/lib/ipsec9000/certs/NAME.epf (PKCS#12), under a password of its own, and shown like other certificates. "
        "ikpmd renews it by itself in the last fifth of its life, at most 30 days before its end."},
    Verb{"profile renew", "NAME", 1, 1, "get a new key and certificate for a profile now", ""},
    Verb{"ca add", "FILE", 1, 1, "believe the CAs in FILE",
         "A CA that certified itself is a root, in which paths end; another helps to find the path to a root."},
    Verb{"ca list", "", 0, 0, "list the CAs", ""},
    Verb{"ca show", "NAME", 1, 1, "show a CA's certificate, with its PEM", ""},
    Verb{"ca delete", "NAME", 1, 1, "believe a CA no longer", ""},
    Verb{"crl add", "FILE|URL", 1, 1, "take in the CRLs in FILE, or fetch them from URL from now on",
         "PEM or DER. A CA that is known here must have signed it. ikpmd fetches what the certificates name "
         "(http:// and ldap://) by itself, and again before it ends; URL is for what they do not name."},
    Verb{"crl list", "", 0, 0, "list the CRLs, their age and when the next is due", ""},
    Verb{"crl delete", "ID|URL", 1, 1, "delete a CRL or a source of CRLs; ID as crl list shows it", ""},
    Verb{
        "bootup", "on|off", 1, 1, "start IPSec with the system, or no longer",
        "on: sets startup.bootup in the configuration, and lets a key of this machine open the key store, so that "
        "nobody "
        "is asked for the password at boot. Where systemd starts the daemons the key is a credential of systemd's "
        "(/var/lib/ipsec9000/machine.cred, encrypted with the TPM's key where there is a TPM; see systemd-creds(1)), "
        "else a file that only root can read (machine.key there). If ikpmd.service cannot start because the credential "
        "no longer fits this machine, on makes a new one. off takes all of it back. Needs the IPSec password. Says "
        "what "
        "else is missing for a start at boot; ipsec_admin -status says it too."},
    Verb{"check", "[FILE]", 0, 1, "check a configuration, by default the one in use",
         "Every mistake is reported in one pass, with line and column, what was found, and what is allowed. Warnings "
         "alone "
         "are no failure. Without FILE entrust.ini is checked as well, as -reload does."},
    Verb{"diff", "[FILE]", 0, 1, "what would loading the configuration, or FILE, change?",
         "Compares with what is in force. A line for each policy that would come (+), go (-) or change (~), with what "
         "happens to its SAs (kept, renegotiated or deleted), and below it the fields that differ."},
    Verb{"apply", "", 0, 0, "check the configuration, show the difference, then load it",
         "Nothing changes unless everything is valid, and policies that did not change keep their SAs. What was shown "
         "is what is loaded: when the file is changed meanwhile, nothing is."},
    Verb{"export", "[FILE]", 0, 1, "check the configuration and print it, or write it to FILE",
         "As it stands, comments included. With -json in its normal form: no comments, no services by name, no "
         "defaults."},
    Verb{"import hpux", "FILE", 1, 1, "print an ipsec_config batch file of HP-UX IPSec as a configuration",
         "What was looked at by priority comes out in that order. What cannot be carried over, or means something else "
         "here, is told line by line on standard error; keys and certificates are not carried over, and the commands "
         "that set them are told. Nothing changes without -add."},
    Verb{
        "import swanctl", "FILE", 1, 1, "print strongSwan's swanctl.conf as a configuration",
        "Connections of IKE version 1 with one address on each side, their children, and whose keys are to be set. The "
        "rest is told line by line, as with import hpux."},
    Verb{"policy list", "", 0, 0, "list the policies in force in the order of the file, one a line", ""},
    Verb{"policy show", "NAME", 1, 1, "show one policy in force", ""},
    Verb{"policy add", "NAME FIELD=VALUE...", 2, 65, "add a policy to the configuration",
         "FIELD is a key of a policy in ipsec.json(5), such as filter.remote_port; its last part is enough where it is "
         "clear. The items of a list are separated by commas. Like all edits this changes the file only, and not if "
         "the outcome would not be valid; apply loads it. Everything else in the file stays as it stands, comments "
         "included."},
    Verb{"policy set", "NAME FIELD=VALUE...", 2, 65, "change fields of a policy",
         "FIELD= without a value takes the field out. NAME may be default, for the default policy."},
    Verb{"policy move", "NAME", 1, 1, "move a policy; where to say -before, -after, -first, -last",
         "Its comments move with it."},
    Verb{"policy delete", "NAME", 1, 1, "delete a policy", "With the comments right above and behind it."},
    Verb{"isakmp list", "", 0, 0, "list the ISAKMP policies in force, one a line", ""},
    Verb{"isakmp show", "NAME", 1, 1, "show one ISAKMP policy in force", ""},
    Verb{"isakmp add", "NAME FIELD=VALUE...", 2, 65, "add an ISAKMP policy to the configuration", ""},
    Verb{"isakmp set", "NAME FIELD=VALUE...", 2, 65, "change fields of an ISAKMP policy", ""},
    Verb{"isakmp move", "NAME", 1, 1, "move an ISAKMP policy", ""},
    Verb{"isakmp delete", "NAME", 1, 1, "delete an ISAKMP policy", ""},
    Verb{"bypass list", "", 0, 0, "list the local addresses that IPSec leaves alone", ""},
    Verb{"bypass add", "ADDRESS", 1, 1, "let IPSec leave a local address alone", ""},
    Verb{"bypass delete", "ADDRESS", 1, 1, "let IPSec deal with a local address again", ""},
};

constexpr std::array examples{
    Example{"ipsec_mgr", "The full screen."},
    Example{"ipsec_mgr key set 10.1.0.2", "Store the key for 10.1.0.2; it is asked for."},
    Example{"ipsec_mgr key set 10.1.0.0/24 --file key.txt --password-file pw.txt",
            "The same for a network, in a script."},
    Example{"ipsec_mgr cert request gate -subject \"O=Example, CN=gate\" -altname 10.1.0.1,gate.example > gate.csr",
            "Make a key and a request for the CA."},
    Example{"ipsec_mgr check new.json", "Is this configuration valid?"},
    Example{"ipsec_mgr policy add telnet remote=10.1.0.2 protocol=tcp remote_port=23 action=secure "
            "transforms=ESP-AES128-HMAC-SHA256",
            "Secure telnet to 10.1.0.2, once it is applied."},
    Example{"ipsec_mgr import hpux ipsec.batch >new.json", "What would the configuration of an HP-UX host be here?"},
    Example{"ipsec_mgr diff", "What would apply change?"},
    Example{"ipsec_mgr apply", "Check the configuration and load it."},
};

constexpr std::array edited_lists{std::string_view{"policies"}, std::string_view{"isakmp_policies"}};

constexpr Tool tool{
    "ipsec_mgr",
    "manage policies, keys and certificates",
    "Manages what the IPSec daemons work with: edits, checks and loads the policy configuration, and keeps "
    "pre-shared keys, certificates, CAs and CRLs. Without a verb it is a full-screen program; with one it does the "
    "same "
    "from a shell. While a daemon runs, only it touches its files; the tool asks it.",
    tool_options,
    verbs,
    examples,
    edited_lists};
}  // namespace

const Tool& ipsec_mgr_tool() { return tool; }

}  // namespace ipsec9000::cli
