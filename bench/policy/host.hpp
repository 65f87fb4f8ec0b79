// A host to measure on: a network namespace of its own, so that the machine's policies are not touched.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "xfrm/kernel.hpp"

namespace ipsec9000::bench {

// A fresh namespace, entered, with 10.9.0.1/16 on "wire" and all of 0.0.0.0/0 behind a neighbour that is known there
// (its end of the wire drops what comes). Ends the program where that cannot be done.
void enter_fresh_host();

std::unique_ptr<Kernel> open_kernel();
void flush_policies(Kernel& kernel);

void run(const std::string& command);  // ends the program when the command fails

std::size_t heap_bytes();         // in use by this program
std::size_t kernel_slab_bytes();  // of the whole machine, unreclaimable

// CPU time of this thread, which includes what the kernel does in its system calls: other programs on the machine
// disturb it less than the time on the wall.
double cpu_seconds();

}  // namespace ipsec9000::bench
