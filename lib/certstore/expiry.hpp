// Warnings before certificates of this host, CAs and CRLs end. No clock: the time is an argument.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certstore/store.hpp"

namespace ipsec9000 {

// What ends, and when. `what` is the same for what takes its place, and safe to show.
struct Ending {
  std::string what;  // "Certificate gate (O=Example, CN=gate)"
  WallTime from, until;
};

// Own certificates, CAs and CRLs that say when the next is due.
std::vector<Ending> endings_of(const CertificateContents& contents);

inline constexpr std::array<int, 3> expiry_steps = {30, 7, 1};  // days before the end

// The shortest of expiry_steps that is reached, 0 when the end has passed, nothing before. A step that is more than
// half of the whole life says nothing and is left out: a CRL of a week is renewed every week.
std::optional<int> expiry_step(const Ending& ending, WallTime now);

// "Certificate gate (...) ends in 6 days, at 2026-..." or "... has ended, at ..."; "" before the first step.
std::string expiry_sentence(const Ending& ending, WallTime now);

struct ExpiryNotice {
  Ending ending;
  int days = 0;  // of expiry_steps, or 0
};

// Tells each step once. A step that passed unseen, because nobody looked, is not told after a later one.
class ExpiryWatch {
 public:
  void watch(std::vector<Ending> endings) { endings_ = std::move(endings); }
  std::vector<ExpiryNotice> due(WallTime now);
  std::vector<std::string> sentences(WallTime now) const;  // all that is within a step, told or not

  // What was told, as lines of text, so that a new start does not tell it again; whatever is no such line is passed
  // over.
  std::string told() const;
  void restore(std::string_view told);

 private:
  struct Told {
    WallTime until;
    int days = 0;
  };
  std::vector<Ending> endings_;
  std::map<std::string, Told> told_;
};

}  // namespace ipsec9000
