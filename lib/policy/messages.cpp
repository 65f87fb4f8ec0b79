#include "policy/messages.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000 {

std::string ConfigurationMessage::to_string() const {
  std::string line_text = file;
  if (line != 0) line_text += ":" + std::to_string(line) + ":" + std::to_string(column);
  line_text += ": ";
  if (severity == Severity::warning) line_text += "warning: ";
  if (!pointer.empty()) line_text += pointer + ": ";
  std::string body;
  if (!found.empty()) body = "found " + found;
  if (!allowed.empty()) body += (body.empty() ? "" : ": ") + std::string("allowed: ") + allowed;
  if (!text.empty()) body += body.empty() ? text : " (" + text + ")";
  return escape_control(line_text) + body;
}

void MessageList::add(ConfigurationMessage message) {
  auto& count = message.severity == Severity::error ? errors_ : warnings_;
  if (++count > limit) return;
  message.file = file_;
  messages_.push_back(std::move(message));
}

void MessageList::error(Position where, std::string pointer, std::string found, std::string allowed, std::string text) {
  add({Severity::error,
       {},
       where.line,
       where.column,
       std::move(pointer),
       std::move(found),
       std::move(allowed),
       std::move(text)});
}

void MessageList::error(Position where, std::string pointer, std::string text) {
  error(where, std::move(pointer), {}, {}, std::move(text));
}

void MessageList::warning(Position where, std::string pointer, std::string text) {
  add({Severity::warning, {}, where.line, where.column, std::move(pointer), {}, {}, std::move(text)});
}

std::vector<ConfigurationMessage> MessageList::take() {
  std::stable_sort(messages_.begin(), messages_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  const auto more = [&](std::size_t count, Severity severity, const std::string& word) {
    if (count <= limit) return;
    messages_.push_back(
        {severity, file_, 0, 0, {}, {}, {}, std::to_string(count - limit) + " more " + word + " are not shown"});
  };
  more(errors_, Severity::error, "errors");
  more(warnings_, Severity::warning, "warnings");
  return std::move(messages_);
}

}  // namespace ipsec9000
