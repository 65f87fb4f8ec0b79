// Messages in words, for records and traces: one line, safe to show.
#pragma once
#include <string>

#include "wire/message.hpp"

namespace ipsec9000::wire {

std::string name_of(ExchangeType exchange);  // "Main Mode"
std::string name_of(PayloadType type);       // "KE"
// "Main Mode: SA, VID, VID" or "Quick Mode (encrypted)"
std::string describe(const Header& header, const DecodedChain* chain);

}  // namespace ipsec9000::wire
