#include "policy_steps.hpp"

namespace ipsec9000 {

namespace {
std::string in_words(const PolicyStep& step) {
  const char* verb = step.kind == PolicyStep::Kind::add      ? "added "
                     : step.kind == PolicyStep::Kind::update ? "replaced "
                                                             : "removed ";
  return verb + step.spec.to_string();
}

// Steps of one kind, as one batch.
Result<void> carry_out_run(Kernel& kernel, const std::vector<PolicyStep>& steps, std::size_t begin, std::size_t end) {
  std::vector<BatchFailure> failures;
  const bool removes = steps[begin].kind == PolicyStep::Kind::remove;
  if (removes) {
    std::vector<PolicyHandle> handles;
    for (std::size_t n = begin; n < end; ++n) handles.push_back({steps[n].spec.direction, steps[n].index});
    failures = kernel.delete_policies(handles);
  } else {
    std::vector<PolicySpec> specs;
    for (std::size_t n = begin; n < end; ++n) specs.push_back(steps[n].spec);
    failures = steps[begin].kind == PolicyStep::Kind::add ? kernel.add_policies(specs) : kernel.update_policies(specs);
  }
  for (const auto& failure : failures) {
    if (removes && failure.error.code == ErrorCode::not_found) continue;  // somebody was faster
    const auto& spec = steps[begin + failure.position].spec;
    // It came up since the dump: put what we want in its place.
    if (!removes && failure.error.code == ErrorCode::already_exists) {
      if (auto done = kernel.update_policy(spec); !done) return done;
      continue;
    }
    return failure.error;
  }
  return {};
}
}  // namespace

Result<void> carry_out(Kernel& kernel, const std::vector<PolicyStep>& steps, AppliedSteps& applied) {
  for (std::size_t begin = 0; begin < steps.size();) {
    std::size_t end = begin;
    while (end < steps.size() && steps[end].kind == steps[begin].kind) ++end;
    if (auto done = carry_out_run(kernel, steps, begin, end); !done) return done;
    auto& count = steps[begin].kind == PolicyStep::Kind::add      ? applied.added
                  : steps[begin].kind == PolicyStep::Kind::update ? applied.updated
                                                                  : applied.removed;
    count += end - begin;
    begin = end;
  }
  if (!steps.empty() && applied.first.empty()) applied.first = in_words(steps.front());
  return {};
}

}  // namespace ipsec9000
