// A text that has been checked as a whole, so that the check of one that differs from it in a few policies costs what
// these few cost.
//
// Why the verdict is the one of the whole check: what stands before and behind the changed policies is the same bytes,
// read in the same state, because the changed part is read as the same number of list items that end where it ends.
// What the whole check says about several policies at once either cannot change (names: each stays at its place) or is
// asked again (is there an ISAKMP policy, how many entries does the kernel get).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/configuration.hpp"
#include "policy/parse.hpp"

namespace ipsec9000 {

class CheckedText {
 public:
  static constexpr std::size_t most_policies = 64;  // that stand in the changed part

  CheckedText() = default;  // of nothing: every text differs from it as a whole
  // `spans`: of the policies, as parse_configuration() gave them for this text, which was valid.
  CheckedText(std::string text, std::vector<TextSpan> spans) : text_(std::move(text)), spans_(std::move(spans)) {}

  const std::string& text() const { return text_; }
  const std::vector<TextSpan>& spans() const { return spans_; }

  struct Change {
    std::vector<Policy> policies;  // those that say something else, each for the one of the same place and name
    bool silent = true;            // the check of the changed part alone has no warning; false: parse to see them
    std::size_t first = 0;         // the changed part: policies from this one on
    std::vector<TextSpan> spans = {};
    std::ptrdiff_t growth = 0;  // in bytes
  };
  // `configuration`: what this text says. Nothing where `next` is not valid, or only the whole check can tell:
  // something besides policies differs, policies come, go, or have other names, or very many are concerned.
  std::optional<Change> change_to(std::string_view next, const Configuration& configuration) const;
  std::vector<TextSpan> spans_after(const Change& change) const;
  // From here on this is about `next`, to which `change` led.
  void accept(std::string next, const Change& change);

 private:
  std::string text_;
  std::vector<TextSpan> spans_;
};

}  // namespace ipsec9000
