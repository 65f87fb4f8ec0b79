// The JSON Schema of the configuration file (etc/ipsec.schema.json), from the declaration of its keys.
#pragma once
#include <string>

namespace ipsec9000 {

// JSON Schema, draft 2020-12, as text with a final newline. It says what a schema can say; the checker says the rest.
std::string configuration_schema();

}  // namespace ipsec9000
