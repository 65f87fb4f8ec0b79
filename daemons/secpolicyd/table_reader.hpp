// Reads the kernel's policies for an answer, in parts between which everybody else is answered.
#pragma once
#include <functional>

#include "daemon/event_loop.hpp"
#include "kernel_side.hpp"

namespace ipsec9000 {

// `on_entry` for each entry of everybody's, then `on_end` once: before this returns where the table is short, else
// later on the loop.
void read_table(EventLoop& loop, KernelSide& kernel, std::function<void(PolicyState&)> on_entry,
                std::function<void(Result<void>)> on_end);

}  // namespace ipsec9000
