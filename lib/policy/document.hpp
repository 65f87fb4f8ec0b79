// A JSON document with comments, read once from front to back, with the position of everything. Internal to the
// parser of the configuration.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ipsec9000 {

struct Position {
  std::uint32_t line = 1;  // both count from 1; a column is a character, not a byte
  std::uint32_t column = 1;
  auto operator<=>(const Position&) const = default;
};

struct Node {
  enum class Type : std::uint8_t { null, boolean, number, other_number, text, array, object };
  Type type = Type::null;
  bool truth = false;
  mutable bool refused = false;  // the checker found it wrong, so that nobody reads it
  std::uint64_t number = 0;      // other_number: negative, fractional or too large; `text` is how it is written
  std::string text;
  Position where;
  std::size_t begin = 0;  // in the text, in bytes: of its first character
  std::size_t end = 0;    // and behind its last one
  Position key_where;     // of the name, in an object
  std::string key;
  std::vector<Node> children;

  const Node* find(std::string_view name) const;    // the member, null when there is none
  const Node* usable(std::string_view name) const;  // the same, null as well when it was refused
  std::string shown() const;                        // as a message prints it: "10.1.0.300" in quotes, 42, a list
};

// "/policies/2" + "~1" -> "/policies/2/~01" (RFC 6901).
std::string pointer_to(std::string_view parent, std::string_view name);
std::string pointer_to(std::string_view parent, std::size_t index);

// What the reader tells while it goes on.
struct DocumentEvents {
  // An item of a list that is a member of the root: handed over when complete, and not kept.
  std::function<void(std::string_view list, std::size_t index, const Node& item)> item;
  // A mistake of syntax. Reading goes on after a key that is there twice, and ends after any other.
  std::function<void(Position where, const std::string& pointer, const std::string& found, const std::string& text)>
      problem;
};

struct Document {
  Node root;              // without the items handed over; its lists keep type and position
  bool complete = false;  // read to the end
};

// Memory stays bounded by what one item of a list needs: deeper nesting than 16, objects of more than 100 members
// and items of more than 100 000 values are refused.
Document read_document(std::string_view text, const DocumentEvents& events);

}  // namespace ipsec9000
