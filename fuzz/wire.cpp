// ISAKMP payloads from anybody: what decodes, encodes and decodes to the same. The first byte is the type of the first
// payload.
#include <cstdint>
#include <cstdlib>

#include "wire/describe.hpp"
#include "wire/message.hpp"

using namespace ipsec9000;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (auto header = wire::decode_header(input)) {
    const auto chain = wire::decode_chain(header->next_payload, input.subspan(wire::header_size));
    static_cast<void>(wire::describe(*header, chain ? &*chain : nullptr));
  }
  if (input.empty()) return 0;
  const auto chain = wire::decode_chain(static_cast<wire::PayloadType>(input[0]), input.subspan(1));
  if (!chain || chain->payloads.empty()) return 0;
  std::vector<wire::Payload> payloads;
  for (const auto& payload : chain->payloads) payloads.push_back(payload.value);
  const auto again = wire::decode_chain(wire::type_of(payloads.front()), wire::encode_chain(payloads));
  if (!again || again->payloads.size() != payloads.size()) std::abort();
  for (std::size_t i = 0; i < payloads.size(); ++i)
    if (again->payloads[i].value != payloads[i]) std::abort();
  return 0;
}
