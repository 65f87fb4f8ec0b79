// A text on its way into force: checked and compiled by a thread of the pool, put into the kernel piece by piece, while
// the loop answers for the set that is in force.
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "configuration_file.hpp"
#include "daemon/event_loop.hpp"
#include "kernel_side.hpp"
#include "policy_set.hpp"

namespace ipsec9000 {

// A checked text beside a set, worked out by a thread of the pool.
struct NextSet {
  std::shared_ptr<PolicySet> set;
  CheckedText text;
  bool silent = false;
  std::vector<std::string> warnings;
  std::vector<PolicyChange> changes;
  std::vector<std::uint32_t> gone;  // reqids that have lost their policy
};
// For any thread; `from` must not change meanwhile.
Result<NextSet> next_set(std::string text, const std::filesystem::path& path, const PolicySet& from);

// Does it on the pool and gives the outcome on the loop. `done` must not assume that whoever asked still lives.
void find_next_set(EventLoop& loop, std::string text, const std::filesystem::path& path,
                   const std::shared_ptr<const PolicySet>& from, std::function<void(Result<NextSet>)> done);

// Has it taken apart by the pool: of very many policies that takes its time.
void let_go(EventLoop& loop, std::shared_ptr<const void> what);

class TakeOver {
 public:
  using Done = std::function<void(Result<NextSet>)>;
  // `from`: the set in force; it must not change until this is over. Calls `done` once, unless it is destroyed before;
  // may be destroyed by it.
  TakeOver(EventLoop& loop, KernelSide& kernel, std::shared_ptr<const PolicySet> from, Done done);
  ~TakeOver();
  TakeOver(const TakeOver&) = delete;
  TakeOver& operator=(const TakeOver&) = delete;

  void begin(std::string text, const std::filesystem::path& path);
  // The set of which the kernel may hold entries already; null: none but the one in force.
  const PolicySet* coming() const { return steps_begun_ ? next_.set.get() : nullptr; }
  // After an error: whether the kernel may be between the two sets.
  bool has_asked_kernel() const { return kernel_asked_; }

 private:
  void checked(Result<NextSet> next);
  void read();
  void work_out();
  void carry_out();
  void finish();
  void end(Result<NextSet> outcome);

  EventLoop& loop_;
  KernelSide& kernel_;
  std::shared_ptr<const PolicySet> from_;
  Done done_;
  EventLoop::Timer next_part_;
  NextSet next_;
  std::shared_ptr<KernelChange> change_;
  bool kernel_asked_ = false;
  bool steps_begun_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace ipsec9000
