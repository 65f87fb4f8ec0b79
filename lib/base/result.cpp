#include "base/result.hpp"

#include <cerrno>
#include <cstring>

namespace ipsec9000 {

Error system_error(std::string_view what, int number) {
  ErrorCode code = ErrorCode::io;
  if (number == EPERM || number == EACCES) code = ErrorCode::not_permitted;
  if (number == ENOENT || number == ESRCH) code = ErrorCode::not_found;
  if (number == EEXIST) code = ErrorCode::already_exists;
  return Error{code, std::string(what) + ": " + ::strerrordesc_np(number)};
}

Error system_error(std::string_view what) { return system_error(what, errno); }

}  // namespace ipsec9000
