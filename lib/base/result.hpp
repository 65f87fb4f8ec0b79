// Result<T>: a value or an Error with context; shaped like std::expected, to be swapped for it with C++23.
#pragma once
#include <cassert>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ipsec9000 {

// What kind of failure it is, as far as a caller acts on it. The words for people are in Error::text.
enum class ErrorCode {
  invalid_input,  // what came from outside is malformed or out of range
  truncated,      // bytes ended too early
  unsupported,    // understood, but not done here
  refused,        // a peer, the kernel or a policy said no
  not_found,
  already_exists,
  not_running,    // a daemon that is needed does not answer
  not_permitted,  // not root, wrong password
  timed_out,
  io,      // the operating system failed us
  crypto,  // OpenSSL failed us
  internal,
};

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::internal;
  std::string text;  // what failed and why, one line, no trailing full stop

  // The same error seen from one level higher: "reading ipsec.json: " + text.
  Error within(std::string_view what) const { return Error{code, std::string(what) + ": " + text}; }
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  // Only after a check: a Result without a value has no value to give.
  T& value() & {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(has_value());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!has_value());
    return *std::get_if<1>(&state_);
  }
  T value_or(T other) const& { return has_value() ? value() : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)

  bool has_value() const { return !failed_; }
  explicit operator bool() const { return has_value(); }
  const Error& error() const {
    assert(failed_);
    return error_;
  }

 private:
  Error error_;
  bool failed_ = false;
};

// "opening /run/x: No such file or directory" from errno (or the given number).
Error system_error(std::string_view what, int number);
Error system_error(std::string_view what);

}  // namespace ipsec9000
