// Blocks of the reports on security associations, in the layouts of HP-UX IPSec. Values in, text out.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "model/reports.hpp"

namespace ipsec9000::cli {

// `number` is the running number in this report, from 1.
std::string print(const SadEntry& entry, std::uint64_t number);
std::string print(const MadEntry& entry, std::uint64_t number);
std::string print(const FailureRecord& record, std::uint64_t number);

// "RSA Signatures" for "rsa-signature"; a word that is not known as it is.
std::string method_words(const std::string& method);

// "ESP with AES128-CBC encryption and HMAC-SHA256 authentication"
std::string sa_type(const SadEntry& entry);

// An outbound SA and the inbound one that belongs to it: same ends, reqid and protocol. Either may be missing.
struct SaPair {
  const SadEntry* outbound = nullptr;
  const SadEntry* inbound = nullptr;
};
// In the order of `entries`; of several that would fit, the ones that stand nearest in it belong together. The pointers
// point into `entries`.
std::vector<SaPair> pair_up(const std::vector<SadEntry>& entries);
std::string print(const SaPair& pair, std::uint64_t number);

}  // namespace ipsec9000::cli
