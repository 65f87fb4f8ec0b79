#include "import/swanctl_sections.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t deepest = 8;

class SectionReader {
 public:
  SectionReader(std::string_view text, Draft& draft) : text_(text), draft_(draft) {}

  SwanctlSection read() {
    SwanctlSection root;
    read_into(root, 0);
    return root;
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return text_[at_]; }
  void next() {
    if (peek() == '\n') {
      ++where_.line;
      where_.column = 1;
    } else {
      ++where_.column;
    }
    ++at_;
  }
  void skip_line() {
    while (!at_end() && peek() != '\n') next();
  }
  // Blanks, newlines and comments.
  void skip_space() {
    while (!at_end()) {
      if (peek() == '#')
        skip_line();
      else if (std::string_view(" \t\r\n").find(peek()) != std::string_view::npos)
        next();
      else
        return;
    }
  }
  std::string take_until(std::string_view ends) {
    std::string taken;
    while (!at_end() && ends.find(peek()) == std::string_view::npos) {
      taken += peek();
      next();
    }
    return taken;
  }

  std::string quoted_value() {
    const auto begun = where_;
    std::string value;
    next();
    while (!at_end() && peek() != '"') {
      if (peek() == '\\') {
        next();
        if (at_end()) break;
      }
      value += peek();
      next();
    }
    if (at_end())
      fail(begun, "the quotation mark is never closed");
    else
      next();
    return value;
  }

  std::string value() {
    while (!at_end() && (peek() == ' ' || peek() == '\t')) next();
    if (!at_end() && peek() == '"') return quoted_value();
    return std::string(trim(take_until("\n}#")));
  }

  void fail(Position where, std::string what) {
    if (!failed_) draft_.error(where, std::move(what));
    failed_ = true;
  }

  // One setting, one section, or the end of the section that is being read (false).
  bool read_item(SwanctlSection& section, std::size_t depth) {
    skip_space();
    if (at_end() || failed_) {
      if (depth != 0 && !failed_)
        fail(section.where, "the section \"" + escape_control(section.name) + "\" is never closed");
      return false;
    }
    const auto begun = where_;
    if (peek() == '}') {
      if (depth == 0) fail(begun, "\"}\" closes nothing");
      next();
      return false;
    }
    const auto name = std::string(trim(take_until("={}\n#:")));
    if (name.starts_with("include ") || name.starts_with("include\t")) {
      draft_.warn(begun, "an included file is not read: import it by itself");
      skip_line();
      return true;
    }
    skip_space();
    if (name.empty() || at_end()) {
      fail(begun, "a setting (name = value) or a section (name { ... }) must stand here");
      return true;
    }
    if (peek() == ':') {
      draft_.warn(begun, "the sections that \"" + escape_control(name) + "\" refers to are not looked into");
      take_until("{\n");
    }
    if (at_end() || (peek() != '=' && peek() != '{')) {
      fail(begun, "\"" + escape_control(name) + "\" must be followed by \"=\" or \"{\"");
      return true;
    }
    if (peek() == '=') {
      next();
      section.settings.push_back({name, value(), begun});
      return true;
    }
    next();
    if (depth == deepest) {
      fail(begun, "sections are nested too deeply");
      return true;
    }
    section.sections.push_back({name, begun, {}, {}});
    read_into(section.sections.back(), depth + 1);
    return true;
  }

  void read_into(SwanctlSection& section, std::size_t depth) {
    while (read_item(section, depth)) {
    }
  }

  std::string_view text_;
  Draft& draft_;
  std::size_t at_ = 0;
  Position where_;
  bool failed_ = false;
};
}  // namespace

const SwanctlSetting* SwanctlSection::setting(std::string_view key) const {
  const auto found =
      std::find_if(settings.rbegin(), settings.rend(), [&](const auto& setting) { return setting.key == key; });
  return found == settings.rend() ? nullptr : &*found;
}

const SwanctlSection* SwanctlSection::section(std::string_view wanted) const {
  const auto found =
      std::find_if(sections.begin(), sections.end(), [&](const auto& each) { return each.name == wanted; });
  return found == sections.end() ? nullptr : &*found;
}

SwanctlSection read_swanctl_sections(std::string_view text, Draft& draft) { return SectionReader(text, draft).read(); }

}  // namespace ipsec9000
