#include "policy/container.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "policy/cursor.hpp"

namespace ipsec9000 {

namespace {
bool is_open(char c) { return c == '{' || c == '['; }
bool is_close(char c) { return c == '}' || c == ']'; }

void skip_value(std::string_view text, Cursor& cursor) {
  std::size_t depth = 0;
  do {
    cursor.skip_to_token();
    if (cursor.offset() >= text.size()) return;
    const char c = text[cursor.offset()];
    if (is_open(c)) ++depth;
    if (is_close(c)) --depth;
    cursor.take_token();
  } while (depth != 0);
}

// Where in blanks and comments a character stands that is not in a comment; npos when nowhere.
std::size_t find_outside_comments(std::string_view gap, char wanted) {
  for (std::size_t at = 0; at < gap.size(); ++at) {
    if (gap[at] == wanted) return at;
    if (gap[at] != '/') continue;
    const bool block = gap.substr(at).starts_with("/*");
    const auto end = gap.find(block ? "*/" : "\n", at + (block ? 2 : 0));
    if (end == std::string_view::npos) return end;
    at = block ? end + 1 : end - 1;
  }
  return std::string_view::npos;
}

struct Gap {
  std::string tail;  // of what stands before
  std::string lead;  // of what comes
};

// What stands on the rest of the line belongs to what is before it, unless the next value begins there.
Gap part_gap(std::string_view gap) {
  std::string whole(gap);
  if (const auto comma = find_outside_comments(whole, ','); comma != std::string::npos) whole.erase(comma, 1);
  const auto line = find_outside_comments(whole, '\n');
  if (line == std::string::npos) return {"", whole};
  auto tail = whole.substr(0, line);
  tail.erase(tail.find_last_not_of(" \t\r") + 1);
  return {tail, whole.substr(line)};
}

// Splits a lead at its last empty line: what is above belongs to no single value.
std::string take_upper(std::string& lead) {
  std::size_t cut = 0;
  for (std::size_t at = 0; at < lead.size(); ++at) {
    if (lead[at] != '\n') continue;
    const auto next = lead.find_first_not_of(" \t\r", at + 1);
    if (next != std::string::npos && lead[next] == '\n') cut = next;
  }
  auto upper = lead.substr(0, cut);
  lead.erase(0, cut);
  return upper;
}
}  // namespace

std::string indentation(std::string_view lead) {
  const auto line = lead.rfind('\n');
  if (line == std::string_view::npos) return "";
  const auto rest = lead.substr(line + 1);
  return std::string(rest.substr(0, rest.find_first_not_of(" \t")));
}

std::size_t end_of_value(std::string_view text, std::size_t begin) {
  const auto value = text.substr(begin);
  Cursor cursor(value);
  skip_value(value, cursor);
  return begin + cursor.offset();
}

Container Container::split(std::string_view text) {
  Container container;
  container.open_ = text.front();
  container.read(text);
  return container;
}

void Container::read(std::string_view text) {
  Cursor cursor(text);
  cursor.take_token();
  auto gap_begin = cursor.offset();
  while (true) {
    cursor.skip_to_token();
    const auto begin = cursor.offset();
    auto gap = part_gap(text.substr(gap_begin, begin - gap_begin));
    (parts_.empty() ? opening_ : parts_.back().tail) = std::move(gap.tail);
    if (begin >= text.size() || is_close(text[begin])) {
      closing_ = std::move(gap.lead);
      return;
    }
    Part part;
    part.lead = std::move(gap.lead);
    auto value_begin = begin;
    if (is_object()) {
      cursor.take_token();
      const auto name = nlohmann::json::parse(text.substr(begin, cursor.offset() - begin), nullptr, false);
      if (name.is_string()) part.key = name.get<std::string>();
      cursor.skip_to_token();
      value_begin = cursor.offset();
      part.head = text.substr(begin, value_begin - begin);
    }
    skip_value(text, cursor);
    part.value = text.substr(value_begin, cursor.offset() - value_begin);
    gap_begin = cursor.offset();
    parts_.push_back(std::move(part));
  }
}

std::string Container::text() const {
  std::string out(1, open_);
  out += opening_;
  bool line_is_full = !opening_.empty();
  const auto add = [&](const std::string& lead) {
    if (line_is_full && !lead.starts_with('\n')) out += '\n';
    out += lead;
  };
  for (std::size_t n = 0; n < parts_.size(); ++n) {
    const auto& part = parts_[n];
    add(part.lead);
    out += part.head + part.value;
    if (n + 1 < parts_.size()) out += ',';
    out += part.tail;
    line_is_full = !part.tail.empty();
  }
  add(closing_);
  out += is_object() ? '}' : ']';
  return out;
}

Container::Part* Container::find(std::string_view key) {
  const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& part) { return part.key == key; });
  return found == parts_.end() ? nullptr : &*found;
}

std::string Container::lead_for_new(const std::string& outer) const {
  for (auto part = parts_.rbegin(); part != parts_.rend(); ++part)
    if (part->lead.find('\n') != std::string::npos) return "\n" + indentation(part->lead);
  if (parts_.empty()) return is_object() ? "" : "\n" + outer + "  ";
  return " ";
}

void Container::insert(std::size_t at, Part part, const std::string& outer) {
  if (parts_.empty() && !is_object() && closing_.find('\n') == std::string::npos) closing_ += "\n" + outer;
  // What stands above the first one, with a line between, is about the list.
  if (at == 0 && !parts_.empty()) part.lead.insert(0, take_upper(parts_.front().lead));
  if (at == 0 && !parts_.empty() && part.lead == " ") std::swap(part.lead, parts_.front().lead);
  if (at != 0 && part.lead.empty()) part.lead = " ";
  parts_.insert(parts_.begin() + static_cast<std::ptrdiff_t>(at), std::move(part));
}

Container::Part Container::take(std::size_t at) {
  auto part = std::move(parts_[at]);
  parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(at));
  const auto upper = take_upper(part.lead);
  auto& next = at < parts_.size() ? parts_[at].lead : closing_;
  if (part.lead.find('\n') == std::string::npos && at == 0 && !parts_.empty())
    next = upper + part.lead;
  else
    next.insert(0, upper);
  return part;
}

}  // namespace ipsec9000
