// A configuration as the document that it could have been read from: in the words of ipsec.json, what has its default
// left out. Names of services have become protocols and ports.
#pragma once
#include "base/json_fwd.hpp"
#include "policy/configuration.hpp"

namespace ipsec9000 {

Json to_document(const Policy& policy);
Json to_document(const IsakmpPolicy& policy);
// Reading it again gives an equal configuration.
Json to_document(const Configuration& configuration);

}  // namespace ipsec9000
