// The text of a JSON object or list taken apart, changed, and put together again: what is not changed keeps its text,
// comments and line breaks included. Internal to the editor of the configuration.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace ipsec9000 {

class Container {
 public:
  struct Part {
    std::string lead;   // blanks and comments before it
    std::string head;   // of an object's member: its name as it is written, and the colon; "" in a list
    std::string key;    // the name
    std::string value;  // as it is written
    std::string tail;   // the comment behind it that ends its line
  };

  // `text`: from the opening bracket to the closing one, sound JSON with comments.
  static Container split(std::string_view text);
  std::string text() const;

  bool is_object() const { return open_ == '{'; }
  std::vector<Part>& parts() { return parts_; }
  const std::vector<Part>& parts() const { return parts_; }
  Part* find(std::string_view key);

  // What stands before a new part, in the manner of its neighbours: a line break and indentation, or a blank. `outer`:
  // the indentation of the line in which this container begins, for the first part of a list.
  std::string lead_for_new(const std::string& outer) const;
  // Before the part that is there, or at the end. A list that was empty gets a line for the part.
  void insert(std::size_t at, Part part, const std::string& outer);
  // Takes it out with the comments that stand directly above and behind it; what is further up stays.
  Part take(std::size_t at);

 private:
  void read(std::string_view text);
  char open_ = '{';
  std::string opening_;  // the comment behind the bracket that ends its line
  std::vector<Part> parts_;
  std::string closing_;  // blanks and comments before the closing bracket
};

// The blanks with which the last line of this text begins.
std::string indentation(std::string_view lead);

// Where the value that begins at `begin` ends. `text` is sound JSON with comments.
std::size_t end_of_value(std::string_view text, std::size_t begin);

}  // namespace ipsec9000
