#include "table_reader.hpp"

#include <memory>

namespace ipsec9000 {

namespace {
constexpr Duration part_of_reading{10};

struct Reading {
  EventLoop& loop;
  std::unique_ptr<PolicyDump> dump;
  std::function<void(PolicyState&)> on_entry;
  std::function<void(Result<void>)> on_end;
};

void go_on(const std::shared_ptr<Reading>& reading) {
  const auto began = reading->loop.now();
  do {
    auto some = reading->dump->next();
    if (!some) return reading->on_end(some.error().within("reading the kernel's policies"));
    if (some->empty()) return reading->on_end({});
    for (auto& state : *some) reading->on_entry(state);
  } while (reading->loop.now() - began < part_of_reading);
  reading->loop.post([reading] { go_on(reading); });
}
}  // namespace

void read_table(EventLoop& loop, KernelSide& kernel, std::function<void(PolicyState&)> on_entry,
                std::function<void(Result<void>)> on_end) {
  auto dump = kernel.open_dump();
  if (!dump) return on_end(dump.error());
  go_on(std::make_shared<Reading>(Reading{loop, std::move(*dump), std::move(on_entry), std::move(on_end)}));
}

}  // namespace ipsec9000
