// The JSON type of the whole suite: object members keep the order in which they were written.
#pragma once
#include <nlohmann/json_fwd.hpp>

namespace ipsec9000 {
using Json = nlohmann::ordered_json;
}
