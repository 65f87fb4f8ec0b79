#include "policy_steps.hpp"

namespace ipsec9000 {

namespace {
const char* verb(PolicyStep::Kind kind) {
  return kind == PolicyStep::Kind::add ? "added " : kind == PolicyStep::Kind::update ? "replaced " : "removed ";
}

Result<void> put(Kernel& kernel, std::span<const PolicySpec> wanted, PolicyStep::Kind kind) {
  const auto failures = kind == PolicyStep::Kind::add ? kernel.add_policies(wanted) : kernel.update_policies(wanted);
  for (const auto& failure : failures) {
    // It came up since the dump: put what we want in its place.
    if (failure.error.code != ErrorCode::already_exists) return failure.error;
    if (auto done = kernel.update_policy(wanted[failure.position]); !done) return done;
  }
  return {};
}

// Steps of one kind, as one batch.
Result<void> carry_out_run(Kernel& kernel, std::span<const PolicyStep> steps) {
  const auto kind = steps.front().kind;
  if (kind != PolicyStep::Kind::remove) {
    std::vector<PolicySpec> specs;
    for (const auto& step : steps) specs.push_back(step.spec);
    return put(kernel, specs, kind);
  }
  std::vector<PolicyHandle> handles;
  for (const auto& step : steps) handles.push_back({step.spec.direction, step.index});
  for (const auto& failure : kernel.delete_policies(handles))
    if (failure.error.code != ErrorCode::not_found) return failure.error;  // else somebody was faster
  return {};
}
}  // namespace

Result<void> carry_out(Kernel& kernel, std::span<const PolicyStep> steps, AppliedSteps& applied) {
  for (std::size_t begin = 0; begin < steps.size();) {
    std::size_t end = begin;
    while (end < steps.size() && steps[end].kind == steps[begin].kind) ++end;
    if (auto done = carry_out_run(kernel, steps.subspan(begin, end - begin)); !done) return done;
    auto& count = steps[begin].kind == PolicyStep::Kind::add      ? applied.added
                  : steps[begin].kind == PolicyStep::Kind::update ? applied.updated
                                                                  : applied.removed;
    count += end - begin;
    begin = end;
  }
  if (!steps.empty() && applied.first.empty())
    applied.first = verb(steps.front().kind) + steps.front().spec.to_string();
  return {};
}

Result<void> carry_out_additions(Kernel& kernel, std::span<const PolicySpec> wanted, AppliedSteps& applied) {
  if (wanted.empty()) return {};
  if (auto done = put(kernel, wanted, PolicyStep::Kind::add); !done) return done;
  applied.added += wanted.size();
  if (applied.first.empty()) applied.first = verb(PolicyStep::Kind::add) + wanted.front().to_string();
  return {};
}

}  // namespace ipsec9000
