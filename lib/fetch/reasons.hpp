// What OpenSSL has to say about a failed transfer. For the sources of this folder.
#pragma once
#include <string>

#include "base/result.hpp"

namespace ipsec9000::fetch {

std::string openssl_reasons();  // all that is in its queue, which is empty afterwards
Error http_error(std::size_t maximum);
// Why the server of this URL could not be reached, in the system's own words, where they can be had by trying once
// more: OpenSSL tries again and again until its time is up, and then says no more than that. Else `error` as it is.
Error explained(Error error, const std::string& url);
Error too_large(std::size_t maximum);

}  // namespace ipsec9000::fetch
