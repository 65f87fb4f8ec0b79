// Somebody who types and looks at the screen.
#pragma once
#include <catch2/catch.hpp>

#include "cli/ipsec_mgr/screen/application.hpp"
#include "cli/ipsec_mgr/screen/draft.hpp"
#include "fake_backend.hpp"

namespace ipsec9000::test {

using screen::Key;
using screen::KeyCode;

struct Operator {
  explicit Operator(FakeBackend& backend) : application(backend) {}

  Operator& press(const Key& key) {
    application.handle(key, application.draw(size));
    while (application.has_work()) application.do_work();
    return *this;
  }
  Operator& press(KeyCode code) { return press(Key{code}); }
  Operator& type(std::string_view text) {
    for (const char c : text) press(Key::of(static_cast<char32_t>(c)));
    return *this;
  }
  Operator& click(int row, int column, bool twice = false) {
    application.handle(screen::Click{row, column, twice}, application.draw(size));
    while (application.has_work()) application.do_work();
    return *this;
  }
  // In a form: goes to the field and types into it.
  Operator& fill(std::string_view field, std::string_view text) {
    for (int n = 0; n < 40; ++n) {
      for (int row = 0; row < size.rows; ++row) {
        const auto line = screen().row_text(row);
        if (line.size() > 2 && line[0] == '>' && line.substr(2, line.find(' ', 2) - 2) == field)
          return press(Key::control('u')).type(text);
      }
      press(KeyCode::tab);
    }
    FAIL("no field " << field << " on\n" << screen().text());
    return *this;
  }

  screen::Canvas screen() const { return application.draw(size); }
  bool sees(std::string_view text) const { return screen().text().find(text) != std::string::npos; }
  // "row, column" of the first place where the text stands.
  screen::Place find(std::string_view text) const {
    for (int row = 0; row < size.rows; ++row)
      if (const auto at = screen().row_text(row).find(text); at != std::string::npos)
        return {row, static_cast<int>(at)};
    FAIL("not on the screen: " << text << "\n" << screen().text());
    return {};
  }

  screen::Size size{24, 80};
  screen::Application application;
};

inline constexpr const char* commented = R"({
  "version": 1, // the format
  // remote hosts
  "policies": [
    // telnet
    { "name": "telnet", "filter": { "remote": "10.1.0.2", "protocol": "tcp", "remote_port": 23 }, "action": "secure",
      "transforms": ["ESP-AES128-HMAC-SHA256"] }, // the old machine
    { "name": "net", "filter": { "remote": "10.2.0.0/16" }, "action": "discard" },
    { "name": "exact", "filter": { "local": "10.1.0.1", "remote": "10.2.0.9", "protocol": "udp" }, "action": "pass" }
  ],
  "isakmp_policies": [{ "name": "peers", "proposals": ["AES128-SHA256-MODP2048"] }]
}
)";

}  // namespace ipsec9000::test
