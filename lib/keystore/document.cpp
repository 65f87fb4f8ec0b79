#include "keystore/document.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_fwd.hpp"
#include "crypto/hash.hpp"

namespace ipsec9000::keystore {

namespace {
constexpr std::size_t salt_bytes_minimum = 16;
constexpr std::size_t salt_bytes_maximum = 64;
constexpr std::size_t wrapped_bytes = key_bytes + tag_bytes;
constexpr int deepest_nesting = 8;

Error damaged(const std::string& part, const std::string& why) {
  return Error{ErrorCode::invalid_input, part + ": " + why};
}

// "[[[[..." costs the parser memory for each level: count before parsing.
bool nested_too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_string) {
      if (c == '\\') ++at;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > deepest_nesting) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

std::string checksum(const std::string& header, ByteView nonce, ByteView wrapped) {
  const auto whole = digest(HashAlgorithm::sha256, {as_bytes(header), nonce, wrapped});
  return to_hex(ByteView(whole).first(8));
}

Result<void> only_members(const Json& object, const std::string& part, std::initializer_list<std::string_view> known) {
  if (!object.is_object()) return damaged(part, "not an object");
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end()) return damaged(part, "holds a member of no meaning");
  for (const auto name : known)
    if (!object.contains(name)) return damaged(part, "\"" + std::string(name) + "\" is missing");
  return {};
}

// Reads the members of one object; after the first that is wrong, the rest are left alone.
class Members {
 public:
  Members(const Json& object, std::string part) : object_(object), part_(std::move(part)) {}

  void bytes(const char* name, std::size_t minimum, std::size_t maximum, Bytes& to) {
    const auto* text = object_[name].get_ptr<const std::string*>();
    if (!done_) return;
    if (text == nullptr) return fail(name, "not a string");
    auto read = from_hex(*text);
    if (!read) return fail(name, "not in hex");
    if (read->size() < minimum || read->size() > maximum) return fail(name, "of a wrong length");
    to = std::move(*read);
  }
  template <class Number>
  void number(const char* name, Number& to) {
    if (!done_) return;
    const auto& value = object_[name];
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > std::numeric_limits<Number>::max())
      return fail(name, "not a number in range");
    to = value.get<Number>();
  }
  void word(const char* name, std::string_view wanted) {
    if (!done_) return;
    const auto* text = object_[name].get_ptr<const std::string*>();
    if (text == nullptr || *text != wanted) fail(name, "not what it must be");
  }
  Result<void> take() { return std::move(done_); }

 private:
  void fail(const char* name, const char* why) { done_ = damaged(part_, std::string("\"") + name + "\" is " + why); }
  const Json& object_;
  std::string part_;
  Result<void> done_;
};

Result<PasswordSlot> read_password_slot(const Json& json, const std::string& part) {
  if (auto known = only_members(json, part, {"kind", "kdf", "n", "r", "p", "salt", "nonce", "wrapped", "check"});
      !known)
    return known.error();
  PasswordSlot slot;
  Members members(json, part);
  members.word("kdf", "scrypt");
  members.number("n", slot.cost.n);
  members.number("r", slot.cost.r);
  members.number("p", slot.cost.p);
  members.bytes("salt", salt_bytes_minimum, salt_bytes_maximum, slot.salt);
  members.bytes("nonce", nonce_bytes, nonce_bytes, slot.nonce);
  members.bytes("wrapped", wrapped_bytes, wrapped_bytes, slot.wrapped);
  members.word("check", checksum(slot.header(), slot.nonce, slot.wrapped));
  if (auto read = members.take(); !read) return read.error();
  if (auto cost = check_cost(slot.cost); !cost) return cost.error().within(part);
  return slot;
}

Result<MachineSlot> read_machine_slot(const Json& json, const std::string& part) {
  if (auto known = only_members(json, part, {"kind", "nonce", "wrapped", "check"}); !known) return known.error();
  MachineSlot slot;
  Members members(json, part);
  members.bytes("nonce", nonce_bytes, nonce_bytes, slot.nonce);
  members.bytes("wrapped", wrapped_bytes, wrapped_bytes, slot.wrapped);
  members.word("check", checksum(slot.header(), slot.nonce, slot.wrapped));
  if (auto read = members.take(); !read) return read.error();
  return slot;
}

Result<void> read_slots(const Json& slots, Document& document) {
  if (!slots.is_array()) return damaged("slots", "not an array");
  bool has_password = false;
  for (std::size_t index = 0; index < slots.size(); ++index) {
    const auto& slot = slots[index];
    const auto part = "slot " + std::to_string(index + 1);
    const auto* kind = slot.is_object() && slot.contains("kind") ? slot["kind"].get_ptr<const std::string*>() : nullptr;
    if (kind != nullptr && *kind == "password" && !has_password) {
      auto read = read_password_slot(slot, part + " (password)");
      if (!read) return read.error();
      document.password = std::move(*read);
      has_password = true;
    } else if (kind != nullptr && *kind == "machine" && !document.machine) {
      auto read = read_machine_slot(slot, part + " (machine)");
      if (!read) return read.error();
      document.machine = std::move(*read);
    } else {
      return damaged(part, "of no known kind, or the second of its kind");
    }
  }
  if (!has_password) return damaged("slots", "there is none for a password");
  return {};
}

Result<void> read_data(const Json& data, Document& document) {
  if (auto known = only_members(data, "data", {"nonce", "ciphertext", "tag"}); !known) return known.error();
  Bytes tag;
  Members members(data, "data");
  members.bytes("nonce", nonce_bytes, nonce_bytes, document.nonce);
  members.bytes("ciphertext", 0, largest_file, document.sealed);
  members.bytes("tag", tag_bytes, tag_bytes, tag);
  append(document.sealed, tag);
  return members.take();
}
}  // namespace

std::string PasswordSlot::header() const {
  return "ipsec9000 keystore 1 password scrypt " + std::to_string(cost.n) + " " + std::to_string(cost.r) + " " +
         std::to_string(cost.p) + " " + to_hex(salt);
}

std::string MachineSlot::header() const { return "ipsec9000 keystore 1 machine"; }

std::string Document::header() const {
  auto text =
      "ipsec9000 keystore 1 data\n" + password.header() + " " + to_hex(password.nonce) + " " + to_hex(password.wrapped);
  if (machine) text += "\n" + machine->header() + " " + to_hex(machine->nonce) + " " + to_hex(machine->wrapped);
  return text;
}

std::string write_document(const Document& document) {
  const auto& password = document.password;
  Json slots = Json::array();
  slots.push_back(Json{{"kind", "password"},
                       {"kdf", "scrypt"},
                       {"n", password.cost.n},
                       {"r", password.cost.r},
                       {"p", password.cost.p},
                       {"salt", to_hex(password.salt)},
                       {"nonce", to_hex(password.nonce)},
                       {"wrapped", to_hex(password.wrapped)},
                       {"check", checksum(password.header(), password.nonce, password.wrapped)}});
  if (const auto& machine = document.machine)
    slots.push_back(Json{{"kind", "machine"},
                         {"nonce", to_hex(machine->nonce)},
                         {"wrapped", to_hex(machine->wrapped)},
                         {"check", checksum(machine->header(), machine->nonce, machine->wrapped)}});
  const ByteView sealed(document.sealed);
  const auto text_bytes = sealed.size() - tag_bytes;
  const Json whole{{"version", 1},
                   {"slots", std::move(slots)},
                   {"data", Json{{"nonce", to_hex(document.nonce)},
                                 {"ciphertext", to_hex(sealed.first(text_bytes))},
                                 {"tag", to_hex(sealed.last(tag_bytes))}}}};
  return whole.dump(1) + "\n";
}

Result<Document> read_document(std::string_view text) {
  if (nested_too_deep(text)) return damaged("file", "nested too deep");
  const auto json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return damaged("file", "not JSON, or cut off");
  if (auto known = only_members(json, "file", {"version", "slots", "data"}); !known) return known.error();
  if (json["version"] != 1) return damaged("version", "not 1, the only one known here");
  Document document;
  if (auto slots = read_slots(json["slots"], document); !slots) return slots.error();
  if (auto data = read_data(json["data"], document); !data) return data.error();
  return document;
}

}  // namespace ipsec9000::keystore
