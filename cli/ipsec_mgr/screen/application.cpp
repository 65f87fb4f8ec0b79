#include "cli/ipsec_mgr/screen/application.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/common/print_changes.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"

namespace ipsec9000::screen {

Application::Application(Backend& backend) : backend_(backend), workspace_(backend) {
  for (auto* make : {policies_page, isakmp_page, keys_page, sas_page, failures_page, options_page, certificates_page})
    pages_.push_back(make(*this));
}

Window& Application::top() const { return windows_.empty() ? page() : *windows_.back(); }

void Application::close(Window& window) {
  const auto found =
      std::find_if(windows_.begin(), windows_.end(), [&](const auto& each) { return each.get() == &window; });
  if (found == windows_.end()) return;
  closed_.push_back(std::move(*found));
  windows_.erase(found);
}

void Application::say(std::string text, Style style) {
  constexpr std::size_t one_line = 78;
  const bool bad = style == Style::error || style == Style::warning;
  if (bad && (text.size() > one_line || text.find('\n') != std::string::npos)) {  // nothing of it may be cut off
    const auto* title = style == Style::error ? "It did not work" : "Note";
    return open(std::make_unique<Dialog>(*this, title, std::move(text), std::vector<Button>{{"Close", 'c'}}));
  }
  said_ = std::move(text);
  said_style_ = style;
}

void Application::later(std::string what, std::function<void()> work) {
  work_.push_back({std::move(what), std::move(work)});
}

void Application::do_work() {
  const auto all = std::exchange(work_, {});
  said_.clear();
  for (const auto& each : all) each.work();
  closed_.clear();
}

void Application::tick() {
  if (workspace_.text().size() <= watched_text) workspace_.refresh_file();
  workspace_.refresh_live();
}

std::vector<std::string> Application::unsaved() const {
  std::vector<std::string> commands;
  for (const auto& window : windows_)
    if (auto command = window->unsaved(); !command.empty()) commands.push_back(std::move(command));
  return commands;
}

void Application::handle(const Event& event, const Canvas& shown) {
  if (const auto* key = std::get_if<Key>(&event)) {
    handle_key(*key);
  } else if (const auto* wheel = std::get_if<Wheel>(&event)) {
    for (int n = 0; n < std::abs(wheel->lines); ++n) top().handle({wheel->lines > 0 ? KeyCode::down : KeyCode::up});
  } else if (const auto* click = std::get_if<Click>(&event)) {
    const auto target = shown.target_at(click->row, click->column);
    if (target && std::holds_alternative<Key>(*target))
      handle_key(std::get<Key>(*target));
    else if (target)
      top().choose(std::get<int>(*target), click->twice);
  }
  closed_.clear();
}

void Application::handle_key(const Key& key) {
  said_.clear();
  said_style_ = Style::plain;
  if (key == Key::function(1) || (windows_.empty() && key.is('?'))) return show_help();
  if (!windows_.empty()) return top().handle(key.code == KeyCode::interrupt ? Key{KeyCode::escape} : key);
  if (!handle_everywhere(key)) page().handle(key);
}

// The keys of every page.
bool Application::handle_everywhere(const Key& key) {
  if (key.code == KeyCode::character && key.character >= U'1' && key.character < U'1' + pages_.size())
    show_page(key.character - U'1');
  else if (key.code == KeyCode::right || key.code == KeyCode::tab)
    show_page((page_ + 1) % pages_.size());
  else if (key.code == KeyCode::left || key.code == KeyCode::back_tab)
    show_page((page_ + pages_.size() - 1) % pages_.size());
  else if (key == Key::function(9) || key.is('w'))
    ask_to_apply(false);
  else if (key == Key::function(5) || key.is('r'))
    later("Looking again", [this] {
      workspace_.refresh();
      page().shown();
    });
  else if (key == Key::function(10) || key.is('q') || key.code == KeyCode::interrupt)
    ask_to_leave();
  else
    return false;
  return true;
}

void Application::show_page(std::size_t number) {
  page_ = number;
  page().shown();
}

void Application::show_help() {
  auto text = top().help();
  if (windows_.empty())
    text += "\nEverywhere: 1 to " + std::to_string(pages_.size()) +
            ", Left and Right change the screen; F9 or w shows what is not in force yet and applies it; F5 or r looks "
            "again; F10 or q leaves. The mouse works on lists, fields, buttons and this program's lowest line.";
  open(std::make_unique<Dialog>(*this, "Help", std::move(text), std::vector<Button>{{"Close", 'c'}}));
}

void Application::ask_to_apply(bool then_leave) {
  later("Comparing with what is in force", [this, then_leave] { show_difference(then_leave); });
}

void Application::show_difference(bool then_leave) {
  workspace_.refresh_file();
  const auto difference = backend_.difference();
  if (!difference) {
    const bool stopped = difference.error().code == ErrorCode::not_running;
    open(std::make_unique<Dialog>(
        *this, "Not applied",
        difference.error().text +
            (stopped ? "\nWhat has been edited is in the file; it counts from the start on: ipsec_admin -start" : ""),
        std::vector<Button>{{"Close", 'c'}}));
    return;
  }
  const auto changed = cli::number_of(*difference, "changed");
  if (changed == 0) return say("No differences: what is in the file is in force", Style::good);
  std::ostringstream text;
  for (const auto& warning : cli::texts_of(*difference, "warnings")) text << warning << "\n";
  cli::print_changes(text, *difference);
  open(std::make_unique<Dialog>(
      *this, "Apply " + std::to_string(changed) + (changed == 1 ? " change?" : " changes?"), text.str(),
      std::vector<Button>{{"Apply", 'a',
                           [this, then_leave, revision = cli::text_of(*difference, "revision")] {
                             later("Applying", [this, then_leave, revision] { apply(revision, then_leave); });
                           }},
                          {"Cancel", 'c'}}));
}

void Application::apply(const std::string& revision, bool then_leave) {
  const auto done = backend_.apply(revision);
  workspace_.refresh();
  if (!done) {
    open(std::make_unique<Dialog>(*this, "Not applied", done.error().text + "\nNothing was changed.",
                                  std::vector<Button>{{"Close", 'c'}}));
    return;
  }
  say("Policies loaded", Style::good);
  done_ = then_leave;
}

void Application::ask_to_leave() {
  const auto pending = workspace_.pending().value_or(0);
  if (pending == 0) {
    done_ = true;
    return;
  }
  open(std::make_unique<Dialog>(*this, "Leave?",
                                std::to_string(pending) + (pending == 1 ? " change is" : " changes are") +
                                    " in the configuration file, but not in force. They stay in the file; ipsec_mgr "
                                    "apply loads them at any time.",
                                std::vector<Button>{{"Apply", 'a', [this] { ask_to_apply(true); }},
                                                    {"Quit without", 'q', [this] { done_ = true; }},
                                                    {"Stay", 's'}},
                                true));
}

std::string Application::state() const {
  if (workspace_.configuration() == nullptr) return "The configuration is not valid";
  const auto where = workspace_.file_exists() ? std::string() : "No configuration yet. ";
  if (!workspace_.policies_in_force()) return where + "IPSec does not run: edits count once it is started";
  const auto pending = *workspace_.pending();
  if (pending != 0)
    return where + std::to_string(pending) + (pending == 1 ? " change is" : " changes are") +
           " not in force yet: F9 shows and applies";
  return where + "What is in the file is in force";
}

void Application::draw_bar(Canvas& canvas) const {
  canvas.fill({0, 0, 1, canvas.size().columns}, Style::bar);
  canvas.put(0, 0, "IPSec/9000", Style::bar);
  int column = 10;
  for (std::size_t n = 0; n < pages_.size(); ++n) {
    const auto label = std::to_string(n + 1) + " " + pages_[n]->title();
    const bool here = n == page_;
    const auto shown = (here ? "[" : " ") + label + (here ? "]" : " ");
    canvas.put(0, column, shown, here ? Style::chosen : Style::bar);
    if (windows_.empty())
      canvas.on_click({0, column, 1, static_cast<int>(shown.size())}, Key::of(static_cast<char32_t>(U'1' + n)));
    column += static_cast<int>(shown.size());
  }
}

void Application::draw_keys(Canvas& canvas) const {
  auto all = top().keys();
  if (windows_.empty()) {
    all.push_back({Key::function(9), "F9", "apply"});
    all.push_back({Key::function(10), "F10", "leave"});
  }
  all.insert(all.begin(), {Key::function(1), "F1", "help"});
  const int row = canvas.size().rows - 1;
  canvas.fill({row, 0, 1, canvas.size().columns}, Style::bar);
  int column = 0;
  for (const auto& each : all) {
    const int width = static_cast<int>(each.name.size() + each.meaning.size()) + 2;
    if (column + width > canvas.size().columns) break;
    canvas.put(row, column, each.name + ":" + each.meaning, Style::bar);
    canvas.on_click({row, column, 1, width - 1}, each.key);
    column += width + 1;
  }
}

Canvas Application::draw(Size size) const {
  Canvas canvas(size);
  if (size.rows < smallest.rows || size.columns < smallest.columns) {
    canvas.put(0, 0, "Too small: at least " + std::to_string(smallest.columns) + "x" + std::to_string(smallest.rows));
    canvas.put(1, 0, "are needed (q: leave)");
    return canvas;
  }
  draw_bar(canvas);
  const Rect area{1, 0, size.rows - 3, size.columns};
  page().draw(canvas, area);
  for (const auto& window : windows_) {
    canvas.clear_targets();
    canvas.hide_cursor();
    window->draw(canvas, area);
  }
  const auto text = !work_.empty() ? work_.back().what + " ..." : said_.empty() ? state() : said_;
  const auto lines = wrapped(text, size.columns);
  canvas.put(size.rows - 2, 0, lines.size() > 1 ? cell(text, static_cast<std::size_t>(size.columns)) : text,
             said_.empty() ? Style::plain : said_style_, size.columns);
  draw_keys(canvas);
  return canvas;
}

}  // namespace ipsec9000::screen
