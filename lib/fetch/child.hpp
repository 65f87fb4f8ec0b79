// One exchange with a server in a process of its own, which may be slow, silent or hostile: "ikpmd --fetch".
//
// Standard input: one JSON object, at most request_maximum bytes.
//   {"task": "crl", "url": ...}                       answer: the CRL
//   {"task": "ca", "url": ...}                        answer: certificates in PEM
//   {"task": "ocsp", "url": ..., "request_hex": ...}  answer: the OCSP response
//   {"task": "renew", ...}                            answer: see fetch/cmp.hpp
// Standard output: 'A' and the answer, or 'E' and a JSON object: "reason", "unreachable", and where the server was
// looked for, as far as that is known: "local", "remote", "port".
#pragma once
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/json_fwd.hpp"

namespace ipsec9000::fetch {

inline constexpr std::size_t request_maximum = std::size_t{60} * 1024;  // fits into a pipe

struct Failure {
  std::string reason;  // safe to show
  bool unreachable = false;
  std::string local, remote;  // addresses; "" where they are not known
  std::uint16_t port = 0;
};
Failure failure_from(ByteView answer);  // of bytes behind the 'E'; anything at all may be given

// main() of the child. Ends itself when the time or 512 MB of memory are used up.
int child_main();

}  // namespace ipsec9000::fetch
