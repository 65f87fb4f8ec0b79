#include "cli/ipsec_mgr/screen/prompt.hpp"

#include <algorithm>

namespace ipsec9000::screen {

Prompt::Prompt(Desk& desk, std::string title, std::string text, std::vector<Line> lines, Accept accept)
    : desk_(desk), title_(std::move(title)), text_(std::move(text)), accept_(std::move(accept)) {
  entries_.reserve(lines.size());
  for (auto& line : lines) {
    Entry entry{std::move(line), LineEditor()};
    if (entry.line.hidden)
      entry.content.emplace<HiddenLine>();
    else
      entry.content.emplace<LineEditor>(entry.line.text);
    entries_.push_back(std::move(entry));
  }
  while (focus_ + 1 < entries_.size() && !entries_[focus_].line.text.empty()) ++focus_;
}

void Prompt::draw(Canvas& canvas, const Rect& area) const {
  const int widest = std::min(area.columns - 4, 72);
  auto lines = wrapped(text_, widest - 4);
  const auto box = centred({area.rows, area.columns}, static_cast<int>(lines.size() + entries_.size()) + 6, widest);
  int row = area.row + box.row;
  const int column = area.column + box.column + 2;
  canvas.box({row, column - 2, box.rows, box.columns}, title_);
  for (const auto& line : lines) canvas.put(++row, column, line);
  ++row;
  std::size_t label_width = 0;
  for (const auto& entry : entries_) label_width = std::max(label_width, entry.line.label.size());
  std::string problem = problem_;
  for (std::size_t n = 0; n < entries_.size(); ++n) {
    const auto& entry = entries_[n];
    const bool here = n == focus_;
    canvas.put(++row, column, (here ? ">" : " ") + entry.line.label, here ? Style::chosen : Style::plain);
    const int at = column + static_cast<int>(label_width) + 3;
    const int width = box.columns - static_cast<int>(label_width) - 8;
    if (const auto* shown = std::get_if<LineEditor>(&entry.content)) {
      shown->draw(canvas, row, at, width, here);
      if (problem.empty() && entry.line.check && !shown->text().empty()) problem = entry.line.check(shown->text());
    } else {
      canvas.put(row, at, "(not shown)", Style::field, width);
      if (here) canvas.show_cursor(row, at);
    }
    canvas.on_click({row, column, 1, box.columns - 4}, static_cast<int>(n));
  }
  ++row;
  for (const auto& line : wrapped(problem, box.columns - 4)) canvas.put(++row, column, line, Style::error);
}

void Prompt::choose(int item, bool) {
  if (item >= 0 && static_cast<std::size_t>(item) < entries_.size()) focus_ = static_cast<std::size_t>(item);
}

void Prompt::accept() {
  Values values;
  for (auto& entry : entries_) {
    const auto* shown = std::get_if<LineEditor>(&entry.content);
    values.texts.push_back(shown != nullptr ? shown->text() : "");
    values.secrets.push_back(shown != nullptr ? Secret() : std::get<HiddenLine>(entry.content).secret());
  }
  problem_ = accept_(std::move(values));
  if (problem_.empty()) return desk_.close(*this);
  for (auto& entry : entries_)
    if (auto* hidden = std::get_if<HiddenLine>(&entry.content)) hidden->clear();
  const auto first = std::find_if(entries_.begin(), entries_.end(), [](const Entry& each) { return each.line.hidden; });
  if (first != entries_.end()) focus_ = static_cast<std::size_t>(first - entries_.begin());
}

void Prompt::handle(const Key& key) {
  const auto count = entries_.size();
  if (key.code == KeyCode::escape) return desk_.close(*this);
  if (key == Key::function(2) || (key.code == KeyCode::enter && focus_ + 1 == count)) return accept();
  if (key.code == KeyCode::enter || key.code == KeyCode::tab || key.code == KeyCode::down)
    focus_ = (focus_ + 1) % count;
  else if (key.code == KeyCode::back_tab || key.code == KeyCode::up)
    focus_ = (focus_ + count - 1) % count;
  else if (std::visit([&](auto& line) { return line.handle(key); }, entries_[focus_].content))
    problem_.clear();
}

std::vector<KeyHelp> Prompt::keys() const {
  return {{{KeyCode::enter}, "Enter", "next, then done"},
          {{KeyCode::tab}, "Tab", "next line"},
          {{KeyCode::escape}, "Esc", "cancel"}};
}

std::string Prompt::help() const {
  return "Type each line and press Enter; the last Enter does it. Esc leaves everything as it is. Passwords and keys "
         "are "
         "not shown, not even how long they are; Ctrl-U empties a line.";
}

void confirm_deletion(Desk& desk, std::string title, const std::string& what, const std::string& kept,
                      std::function<void(std::shared_ptr<Secret>)> remove) {
  desk.open(std::make_unique<Prompt>(
      desk, std::move(title),
      "Delete " + what + "? It cannot be brought back. The password confirms it; Esc keeps " + kept + ".",
      std::vector<Prompt::Line>{{"IPSec password", true}},
      [remove = std::move(remove)](Prompt::Values values) -> std::string {
        if (values.secrets[0].empty()) return "the password is needed";
        remove(std::make_shared<Secret>(std::move(values.secrets[0])));
        return "";
      }));
}

}  // namespace ipsec9000::screen
