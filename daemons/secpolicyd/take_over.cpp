#include "take_over.hpp"

#include <utility>

namespace ipsec9000 {

namespace {
// Between two of these everybody else is answered.
constexpr Duration part_of_take_over{10};
constexpr const char* changing = "changing the kernel's policies";
Error too_busy() { return {ErrorCode::refused, "too much is being computed at the moment; ask again later"}; }

// One part after the other for that long. True: that was all.
template <class Part>
Result<bool> for_a_while(EventLoop& loop, Part part) {
  const auto began = loop.now();
  while (true) {
    auto over = part();
    if (!over || *over || loop.now() - began >= part_of_take_over) return over;
  }
}
}  // namespace

Result<NextSet> next_set(std::string text, const std::filesystem::path& path, const PolicySet& from) {
  auto file = check_configuration(std::move(text), path);
  if (!file) return file.error();
  NextSet next;
  next.set = PolicySet::make(std::move(file->configuration), from.keying.reqid_map());
  next.text = std::move(file->text);
  next.silent = file->silent;
  next.warnings = std::move(file->warnings);
  next.changes = changes_between(from.configuration, from.keying, next.set->configuration, next.set->keying);
  next.gone = vanished_reqids(from.keying.reqid_map(), next.set->keying.reqid_map());
  return next;
}

void find_next_set(EventLoop& loop, std::string text, const std::filesystem::path& path,
                   const std::shared_ptr<const PolicySet>& from, std::function<void(Result<NextSet>)> done) {
  struct Job {
    std::string text;
    Result<NextSet> outcome = too_busy();
  };
  const auto job = std::make_shared<Job>();
  job->text = std::move(text);
  const auto told = std::make_shared<const std::function<void(Result<NextSet>)>>(std::move(done));
  const bool accepted =
      loop.run_on_pool([job, path, from] { job->outcome = next_set(std::move(job->text), path, *from); },
                       [job, told] { (*told)(std::move(job->outcome)); });
  if (!accepted) loop.post([told] { (*told)(too_busy()); });
}

void let_go(EventLoop& loop, std::shared_ptr<const void> what) {
  const auto last = std::make_shared<std::shared_ptr<const void>>(std::move(what));
  // Where the pool will not, it goes with `last`.
  (void)loop.run_on_pool([last] { last->reset(); }, [] {});
}

TakeOver::TakeOver(EventLoop& loop, KernelSide& kernel, std::shared_ptr<const PolicySet> from, Done done)
    : loop_(loop), kernel_(kernel), from_(std::move(from)), done_(std::move(done)), next_part_(loop) {}

TakeOver::~TakeOver() {
  if (kernel_.is_changing()) kernel_.abandon();
  if (change_) let_go(loop_, std::move(change_));
  if (next_.set) let_go(loop_, std::move(next_.set));
}

void TakeOver::begin(std::string text, const std::filesystem::path& path) {
  find_next_set(loop_, std::move(text), path, from_, [this, alive = std::weak_ptr<char>(alive_)](Result<NextSet> next) {
    if (!alive.expired()) checked(std::move(next));
  });
}

void TakeOver::checked(Result<NextSet> next) {
  if (!next) return end(next.error());
  kernel_asked_ = true;
  next_ = std::move(*next);
  if (kernel_.change_at_once(*from_, *next_.set)) return end(std::exchange(next_, {}));
  auto change = kernel_.begin_change();
  if (!change) return end(change.error().within(changing));
  change_ = std::move(*change);
  read();
}

void TakeOver::read() {
  const auto over = for_a_while(loop_, [&] { return change_->read(); });
  if (!over) return end(over.error().within(changing));
  if (*over) return work_out();
  next_part_.arm(Duration(0), [this] { read(); });
}

void TakeOver::work_out() {
  const bool accepted = loop_.run_on_pool([change = change_, set = next_.set] { change->work_out(*set); },
                                          [this, alive = std::weak_ptr<char>(alive_)] {
                                            if (!alive.expired()) carry_out();
                                          });
  if (!accepted) end(too_busy().within(changing));
}

void TakeOver::carry_out() {
  steps_begun_ = true;
  const auto over = for_a_while(loop_, [&] { return kernel_.carry_out_some(*change_); });
  if (!over) return end(over.error().within(changing));
  if (*over) return finish();
  next_part_.arm(Duration(0), [this] { carry_out(); });
}

void TakeOver::finish() {
  if (auto done = kernel_.finish(*change_); !done) return end(done.error().within(changing));
  // Afterwards: taking it apart and answering would wait for each other, for they share the heap.
  auto& loop = loop_;
  auto change = std::move(change_);
  end(std::exchange(next_, {}));
  let_go(loop, std::move(change));
}

void TakeOver::end(Result<NextSet> outcome) {
  if (kernel_.is_changing()) kernel_.abandon();
  const auto done = std::move(done_);
  done(std::move(outcome));  // this object may be gone now
}

}  // namespace ipsec9000
