#include "policy/document.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "policy/cursor.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t nesting_limit = 16;
constexpr std::size_t value_limit = 100'000;
constexpr std::size_t member_limit = 100;  // of one object; ten times what the grammar has

// Receives the parser's events. Names and signatures are those that the JSON library calls.
class Builder {
 public:
  Builder(std::string_view text, const DocumentEvents& events, Document& document)
      : cursor_(text), events_(events), document_(document) {}

  using Json = nlohmann::json;
  bool null() { return value({}); }
  bool boolean(bool truth) {
    Node node;
    node.type = Node::Type::boolean;
    node.truth = truth;
    return value(std::move(node));
  }
  bool number_integer(Json::number_integer_t number) { return odd_number(std::to_string(number)); }
  bool number_unsigned(Json::number_unsigned_t number) {
    Node node;
    node.type = Node::Type::number;
    node.number = number;
    return value(std::move(node));
  }
  bool number_float(Json::number_float_t, const std::string& written) { return odd_number(written); }
  bool string(std::string& text) {
    Node node;
    node.type = Node::Type::text;
    node.text = std::move(text);
    return value(std::move(node));
  }
  bool binary(Json::binary_t&) { return false; }
  bool start_object(std::size_t) { return open(Node::Type::object); }
  bool start_array(std::size_t) { return open(Node::Type::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }
  bool key(std::string& name) {
    key_where_ = cursor_.take_token();
    key_ = std::move(name);
    if (open_.back().node.children.size() >= member_limit) {
      events_.problem(key_where_, pointer(), "", "an object of more than " + std::to_string(member_limit) + " members");
      return false;
    }
    for (const auto& child : open_.back().node.children)
      if (child.key == key_)
        events_.problem(
            key_where_, pointer_to(pointer(), key_), "\"" + escape_control(key_) + "\"",
            "this key stands here for the second time; the first is in line " + std::to_string(child.key_where.line));
    return true;
  }
  bool parse_error(std::size_t, const std::string& last, const nlohmann::detail::exception& failure) {
    const auto where = cursor_.skip_to_token();
    const bool ended = cursor_.rest().empty();
    std::string why = failure.what();
    if (const auto at = why.find("column "); at != std::string::npos)
      if (const auto colon = why.find(": ", at); colon != std::string::npos) why = why.substr(colon + 2);
    if (const auto at = why.find("; last read"); at != std::string::npos) {
      const auto next = why.find("; ", at + 2);
      why = why.substr(0, at) + (next == std::string::npos ? "" : why.substr(next));
    }
    events_.problem(where, open_.empty() ? "" : pointer(), ended ? "the end of the file" : "\"" + shorten(last) + "\"",
                    "not JSON: " + escape_control(why));
    return false;
  }

 private:
  struct Open {
    Node node;
    std::size_t items = 0;  // of an array
  };

  static std::string shorten(std::string text) {
    if (text.size() > 40) text.resize(40);
    return escape_control(text);
  }

  std::string pointer() const {
    std::string path;
    for (std::size_t level = 1; level < open_.size(); ++level) path = pointer_to(path, name_at(level));
    return path;
  }
  std::string name_at(std::size_t level) const {
    const auto& parent = open_[level - 1];
    return parent.node.type == Node::Type::array ? std::to_string(parent.items) : open_[level].node.key;
  }

  bool odd_number(std::string written) {
    Node node;
    node.type = Node::Type::other_number;
    node.text = std::move(written);
    return value(std::move(node));
  }

  void place(Node& node) {
    node.where = cursor_.skip_to_token();
    node.begin = cursor_.offset();
    cursor_.take_token();
    node.end = cursor_.offset();
    if (!open_.empty() && open_.back().node.type == Node::Type::object) {
      node.key = std::move(key_);
      node.key_where = key_where_;
    }
  }

  bool value(Node node) {
    place(node);
    return add(std::move(node));
  }

  bool open(Node::Type type) {
    Node node;
    node.type = type;
    place(node);
    if (open_.size() >= nesting_limit) {
      events_.problem(node.where, pointer(), type == Node::Type::array ? "a list" : "an object",
                      "nested deeper than " + std::to_string(nesting_limit) + " levels");
      return false;
    }
    open_.push_back({std::move(node)});
    return true;
  }

  bool close() {
    cursor_.take_token();
    Node node = std::move(open_.back().node);
    node.end = cursor_.offset();
    open_.pop_back();
    return add(std::move(node));
  }

  bool add(Node node) {
    if (open_.empty()) {
      document_.root = std::move(node);
      return true;
    }
    auto& parent = open_.back();
    if (open_.size() == 2 && parent.node.type == Node::Type::array && open_.front().node.type == Node::Type::object) {
      events_.item(parent.node.key, parent.items++, node);
      values_ = 0;
      return true;
    }
    if (++values_ > value_limit) {
      events_.problem(node.where, pointer(), "", "one entry of more than " + std::to_string(value_limit) + " values");
      return false;
    }
    ++parent.items;
    parent.node.children.push_back(std::move(node));
    return true;
  }

  Cursor cursor_;
  const DocumentEvents& events_;
  Document& document_;
  std::vector<Open> open_;
  std::string key_;
  Position key_where_;
  std::size_t values_ = 0;
};
}  // namespace

const Node* Node::find(std::string_view name) const {
  for (const auto& child : children)
    if (child.key == name) return &child;
  return nullptr;
}

const Node* Node::usable(std::string_view name) const {
  const auto* found = find(name);
  return found == nullptr || found->refused ? nullptr : found;
}

std::string Node::shown() const {
  switch (type) {
    case Type::null:
      return "null";
    case Type::boolean:
      return truth ? "true" : "false";
    case Type::number:
      return std::to_string(number);
    case Type::other_number:
      return escape_control(text.substr(0, 80));
    case Type::text:
      return "\"" + escape_control(text.size() > 80 ? text.substr(0, 80) + "..." : text) + "\"";
    case Type::array:
      return "a list";
    case Type::object:
      return "an object";
  }
  return {};
}

std::string pointer_to(std::string_view parent, std::string_view name) {
  std::string pointer(parent);
  pointer += '/';
  for (const char c : name.substr(0, 80)) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

std::string pointer_to(std::string_view parent, std::size_t index) { return pointer_to(parent, std::to_string(index)); }

Document read_document(std::string_view text, const DocumentEvents& events) {
  Document document;
  Builder builder(text, events, document);
  // strict: nothing may follow the document; comments are ignored.
  document.complete =
      nlohmann::json::sax_parse(text.begin(), text.end(), &builder, nlohmann::json::input_format_t::json, true, true);
  return document;
}

}  // namespace ipsec9000
