#include "pki/openssl.hpp"

#include <openssl/err.h>

#include <climits>
#include <ctime>

#include "base/text.hpp"
#include "crypto/distinguished_name.hpp"

namespace ipsec9000::pki {

Error openssl_error(ErrorCode code, std::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return Error{code, reason == nullptr ? std::string(what) : std::string(what) + ": " + reason};
}

Bytes name_to_der(const X509_NAME* name) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_NAME(name, &der);
  if (length < 0) return {};
  Bytes bytes(der, der + length);
  OPENSSL_free(der);
  return bytes;
}

std::string name_to_text(const X509_NAME* name) {
  if (X509_NAME_entry_count(name) == 0) return "(no name)";
  const auto text = distinguished_name_to_text(name_to_der(name));
  return text ? escape_control(*text) : "(unreadable name)";
}

std::string number_to_hex(const ASN1_INTEGER* number) {
  const NumberPtr value(ASN1_INTEGER_to_BN(number, nullptr));
  if (!value) return "";
  Bytes bytes(static_cast<std::size_t>(BN_num_bytes(value.get())));
  BN_bn2bin(value.get(), bytes.data());
  if (bytes.empty()) bytes.push_back(0);
  return (BN_is_negative(value.get()) == 1 ? "-" : "") + to_hex(bytes);
}

Result<WallTime> to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1)
    return openssl_error(ErrorCode::invalid_input, "a time that is none");
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::time_point{}) + seconds(timegm(&parts));
}

BioPtr reading(ByteView bytes) {
  if (bytes.size() > static_cast<std::size_t>(INT_MAX)) return nullptr;
  return BioPtr(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

}  // namespace ipsec9000::pki
