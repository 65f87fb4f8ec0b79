// Configurations of other programs, from anybody: the first byte chooses the program. What an importer says it has
// understood is a valid configuration of ours, and its messages are safe to show.
#include "import/import.hpp"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "policy/parse.hpp"
#include "policy/to_document.hpp"

using namespace ipsec9000;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto all = importers();
  const auto& importer = all[data[0] % all.size()];
  const auto import = importer.run(std::string_view(reinterpret_cast<const char*>(data + 1), size - 1), "file");
  for (const auto& message : import.messages)
    for (const char c : message.to_string())
      if (static_cast<unsigned char>(c) < 0x20) std::abort();
  if (!import.understood()) return 0;
  const auto parsed = parse_configuration(to_document(import.configuration).dump(), "");
  if (!parsed.valid() || !(*parsed.configuration == import.configuration)) std::abort();
  return 0;
}
