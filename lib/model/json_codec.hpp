// JSON both ways from one declaration. A struct lists its members once:
//   static constexpr auto fields = std::tuple{field("name", &S::name), optional_field("pfs", &S::pfs)};
// and encode(value) / decode<S>(json) walk that list. Only .cpp files include this header: it brings in all of the
// JSON library.
#pragma once
#include <concepts>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/address.hpp"
#include "base/json_fwd.hpp"
#include "base/result.hpp"
#include "base/sa.hpp"
#include "base/selector.hpp"
#include "crypto/algorithms.hpp"
#include "model/identity.hpp"
#include "model/transform.hpp"

namespace ipsec9000::codec {

template <class S, class T>
struct Field {
  const char* name;
  T S::*member;
  bool required;
};
template <class S, class T>
constexpr Field<S, T> field(const char* name, T S::*member) {
  return {name, member, true};
}
template <class S, class T>
constexpr Field<S, T> optional_field(const char* name, T S::*member) {
  return {name, member, false};
}

// The list of a struct's members; specialised beside each struct's codec.
template <class S>
struct Fields;
template <class S>
concept Listed = requires {
  Fields<S>::list;
};

// A value that has one text form.
template <class T>
struct Text;
template <class T>
concept Textual = requires(const T& value, std::string_view text) {
  { Text<T>::show(value) } -> std::convertible_to<std::string>;
  { Text<T>::parse(text) } -> std::same_as<Result<T>>;
};

inline Error expected(std::string_view what) {
  return Error{ErrorCode::invalid_input, "expected " + std::string(what)};
}

// clang-format off
template <> struct Text<IpAddress> { static std::string show(const IpAddress& v) { return v.to_string(); } static Result<IpAddress> parse(std::string_view t) { return IpAddress::parse(t); } };
template <> struct Text<Prefix> { static std::string show(const Prefix& v) { return v.to_string(); } static Result<Prefix> parse(std::string_view t) { return Prefix::parse(t); } };
template <> struct Text<IpProtocol> { static std::string show(const IpProtocol& v) { return to_string(v); } static Result<IpProtocol> parse(std::string_view t) { return parse_protocol(t); } };
template <> struct Text<Identity> { static std::string show(const Identity& v) { return v.to_string(); } static Result<Identity> parse(std::string_view t) { return Identity::parse(t); } };
template <> struct Text<Transform> { static std::string show(const Transform& v) { return v.to_string(); } static Result<Transform> parse(std::string_view t) { return Transform::parse(t); } };
template <> struct Text<IkeProposal> { static std::string show(const IkeProposal& v) { return v.to_string(); } static Result<IkeProposal> parse(std::string_view t) { return IkeProposal::parse(t); } };
// clang-format on
template <>
struct Text<Group> {
  static std::string show(const Group& v) { return std::string(info(v).name); }
  static Result<Group> parse(std::string_view t) {
    const auto* found = find_group(t);
    if (found == nullptr) return expected("the name of an Oakley group");
    return found->id;
  }
};
template <>
struct Text<Mode> {
  static std::string show(const Mode& v) { return std::string(to_string(v)); }
  static Result<Mode> parse(std::string_view t) {
    if (t == "transport") return Mode::transport;
    if (t == "tunnel") return Mode::tunnel;
    return expected("transport or tunnel");
  }
};
template <>
struct Text<SaProtocol> {
  static std::string show(const SaProtocol& v) { return to_string(v); }
  static Result<SaProtocol> parse(std::string_view t) {
    if (t == "esp") return SaProtocol::esp;
    if (t == "ah") return SaProtocol::ah;
    return expected("esp or ah");
  }
};
template <>
struct Text<PortRange> {
  static std::string show(const PortRange& v) { return v.to_string(); }
  static Result<PortRange> parse(std::string_view t) {
    if (t == "any") return PortRange::any();
    const auto dash = t.find('-');
    const auto first = t.substr(0, dash);
    const auto last = dash == std::string_view::npos ? first : t.substr(dash + 1);
    const auto number = [](std::string_view digits) -> int {
      if (digits.empty() || digits.size() > 5) return -1;
      int value = 0;
      for (char c : digits) {
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
      }
      return value <= 65535 ? value : -1;
    };
    if (number(first) < 0 || number(last) < number(first)) return expected("a port, a range of ports, or any");
    return PortRange{static_cast<std::uint16_t>(number(first)), static_cast<std::uint16_t>(number(last))};
  }
};

// Declared before use, so that containers and structs can hold one another.
template <Listed S>
Json encode(const S& value);
template <Listed S>
Result<void> decode_into(const Json& json, S& value);

template <Textual T>
Json encode(const T& value) {
  return Text<T>::show(value);
}
inline Json encode(const std::string& value) { return value; }
inline Json encode(bool value) { return value; }
template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) Json encode(T value) { return value; }
template <class T>
Json encode(const std::vector<T>& values) {
  Json array = Json::array();
  for (const auto& value : values) array.push_back(encode(value));
  return array;
}
template <class T>
Json encode(const std::optional<T>& value) {
  return value ? encode(*value) : Json(nullptr);
}

template <Textual T>
Result<void> decode_into(const Json& json, T& value) {
  const auto* text = json.get_ptr<const std::string*>();
  if (text == nullptr) return expected("a string");
  auto parsed = Text<T>::parse(*text);
  if (!parsed) return parsed.error();
  value = std::move(*parsed);
  return {};
}
inline Result<void> decode_into(const Json& json, std::string& value) {
  const auto* text = json.get_ptr<const std::string*>();
  if (text == nullptr) return expected("a string");
  value = *text;
  return {};
}
inline Result<void> decode_into(const Json& json, bool& value) {
  if (!json.is_boolean()) return expected("true or false");
  value = json.get<bool>();
  return {};
}
template <std::unsigned_integral T>
requires(!std::same_as<T, bool>) Result<void> decode_into(const Json& json, T& value) {
  if (!json.is_number_integer() || (!json.is_number_unsigned() && json.get<std::int64_t>() < 0) ||
      json.get<std::uint64_t>() > std::numeric_limits<T>::max())
    return expected("a number from 0 to " + std::to_string(std::numeric_limits<T>::max()));
  value = json.get<T>();
  return {};
}
template <class T>
Result<void> decode_into(const Json& json, std::vector<T>& values) {
  if (!json.is_array()) return expected("an array");
  values.clear();
  for (const auto& item : json) {
    T value{};
    if (auto done = decode_into(item, value); !done)
      return done.error().within("item " + std::to_string(values.size()));
    values.push_back(std::move(value));
  }
  return {};
}
template <class T>
Result<void> decode_into(const Json& json, std::optional<T>& value) {
  value.reset();
  if (json.is_null()) return {};
  T inner{};
  if (auto done = decode_into(json, inner); !done) return done;
  value = std::move(inner);
  return {};
}

template <Listed S>
Json encode(const S& value) {
  Json object = Json::object();
  std::apply([&](const auto&... each) { ((object[each.name] = encode(value.*each.member)), ...); }, Fields<S>::list);
  return object;
}

template <Listed S>
Result<void> decode_into(const Json& json, S& value) {
  if (!json.is_object()) return expected("an object");
  Result<void> done;
  const auto one = [&](const auto& each) {
    if (!done) return;
    const auto found = json.find(each.name);
    if (found == json.end()) {
      if (each.required) done = Error{ErrorCode::invalid_input, "\"" + std::string(each.name) + "\" is missing"};
      return;
    }
    if (auto read = decode_into(*found, value.*each.member); !read) done = read.error().within(each.name);
  };
  std::apply([&](const auto&... each) { (one(each), ...); }, Fields<S>::list);
  return done;
}

template <class T>
Result<T> decode(const Json& json) {
  T value{};
  if (auto done = decode_into(json, value); !done) return done.error();
  return value;
}

template <>
struct Fields<Selector> {
  static constexpr auto list =
      std::tuple{field("source", &Selector::source), field("destination", &Selector::destination),
                 field("protocol", &Selector::protocol), field("source_port", &Selector::source_port),
                 field("destination_port", &Selector::destination_port)};
};
template <>
struct Fields<Flow> {
  static constexpr auto list = std::tuple{field("source", &Flow::source), field("destination", &Flow::destination),
                                          field("protocol", &Flow::protocol), field("source_port", &Flow::source_port),
                                          field("destination_port", &Flow::destination_port)};
};

}  // namespace ipsec9000::codec
