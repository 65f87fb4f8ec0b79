// Pre-shared keys: which hosts have one; never a key itself.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/prompt.hpp"
#include "keystore/keystore.hpp"

namespace ipsec9000::screen {

namespace {
std::string wrong_remote(const std::string& text) {
  const auto remote = normal_remote_name(text);
  return remote ? "" : remote.error().text;
}

std::string_view view_of(const Secret& secret) {
  return {reinterpret_cast<const char*>(secret.view().data()), secret.size()};
}

class KeysPage final : public Page {
 public:
  using Page::Page;
  std::string title() const override { return "Keys"; }
  std::string help() const override {
    return "The hosts for which a pre-shared key is stored. The keys themselves are never shown. a stores a key (one "
           "that "
           "is there is replaced), d deletes one; both ask for the IPSec password. A peer's exact name is looked up "
           "first, then the longest prefix that holds its address. A change counts at once.";
  }
  void shown() override { read(nullptr); }
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool) override { list_.choose(static_cast<std::size_t>(item)); }
  std::vector<KeyHelp> keys() const override {
    if (!desk_.backend().has_password()) return {{Key::of('n'), "n", "set the IPSec password"}};
    return {
        {Key::of('a'), "a", "store a key"}, {Key::of('d'), "d", "delete"}, {Key::of('l'), "l", "list, by password"}};
  }

 private:
  void read(const Secret* password);
  void ask_first_password();
  void ask_to_list();
  void ask_new_key();
  void ask_to_delete(const std::string& remote);
  std::vector<Json> entries_;
  std::string obstacle_;
};

void KeysPage::read(const Secret* password) {
  entries_.clear();
  obstacle_.clear();
  if (!desk_.backend().has_password()) return;
  const auto keys = desk_.backend().keys(password);
  if (keys)
    entries_.assign(keys->begin(), keys->end());
  else
    obstacle_ = keys.error().code == ErrorCode::not_permitted && password == nullptr
                    ? "The key store is locked: press l to list the keys with the IPSec password"
                    : keys.error().text;
}

void KeysPage::draw(Canvas& canvas, const Rect& area) const {
  canvas.put(area.row, area.column, "  Remote                                   Kind         Length  Set",
             Style::heading, area.columns);
  list_.draw(canvas, {area.row + 1, area.column, area.rows - 1, area.columns}, entries_.size(), [&](std::size_t n) {
    const auto& entry = entries_[n];
    return " " + cell(cli::text_of(entry, "remote"), 40) + " " + cell(cli::text_of(entry, "kind"), 12) + " " +
           cell(cli::text_of(entry, "length") + " B", 7) + " " + cli::text_of(entry, "set_at");
  });
  if (!entries_.empty()) return;
  auto text = obstacle_.empty() ? std::string("No keys yet: press a to store one") : obstacle_;
  if (!desk_.backend().has_password())
    text = "No IPSec password has been set yet; it protects the stored keys. Press n to set one.";
  int row = area.row + 2;
  for (const auto& line : wrapped(text, area.columns - 4)) canvas.put(row++, area.column + 2, line);
}

void KeysPage::ask_first_password() {
  desk_.open(std::make_unique<Prompt>(
      desk_, "IPSec password", "It protects the stored keys; at least 15 characters. Nobody can look it up later.",
      std::vector<Prompt::Line>{{"New password", true}, {"The same again", true}},
      [this](Prompt::Values values) -> std::string {
        if (auto sound = check_new_password(values.secrets[0]); !sound) return sound.error().text;
        if (!equal_constant_time(values.secrets[0].view(), values.secrets[1].view())) return "the two passwords differ";
        desk_.later("Setting the password", [this, password = std::make_shared<Secret>(std::move(values.secrets[0]))] {
          const auto done = desk_.backend().set_first_password(*password);
          if (!done) return desk_.say(done.error().text, Style::error);
          read(nullptr);
          desk_.say("IPSec password set", Style::good);
        });
        return "";
      }));
}

void KeysPage::ask_to_list() {
  desk_.open(std::make_unique<Prompt>(
      desk_, "List the keys", "", std::vector<Prompt::Line>{{"IPSec password", true}},
      [this](Prompt::Values values) -> std::string {
        desk_.later("Opening the key store", [this, password = std::make_shared<Secret>(std::move(values.secrets[0]))] {
          read(password.get());
          if (!obstacle_.empty()) desk_.say(obstacle_, Style::error);
        });
        return "";
      }));
}

void KeysPage::ask_new_key() {
  desk_.open(std::make_unique<Prompt>(
      desk_, "Store a pre-shared key",
      "Remote: an address, a prefix such as 10.1.0.0/24, a host name, or user@host. The key: ASCII as it is, or hex "
      "digits after 0x.",
      std::vector<Prompt::Line>{{"Remote", false, "", wrong_remote},
                                {"Pre-shared key", true},
                                {"The same again", true},
                                {"IPSec password", true}},
      [this](Prompt::Values values) -> std::string {
        const auto remote = normal_remote_name(values.texts[0]);
        if (!remote) return remote.error().text;
        auto key = parse_pre_shared_key(view_of(values.secrets[1]));
        if (!key) return key.error().text;
        if (!equal_constant_time(values.secrets[1].view(), values.secrets[2].view())) return "the two keys differ";
        struct Pair {
          Secret key, password;
        };
        auto both = std::make_shared<Pair>(Pair{std::move(key->secret), std::move(values.secrets[3])});
        desk_.later("Storing the key", [this, name = *remote, both, warning = key->warning] {
          const auto done = desk_.backend().set_key(name, both->key, both->password);
          if (!done) return desk_.say("Not stored: " + done.error().text, Style::error);
          read(&both->password);
          desk_.say("Pre-shared key set for " + name + (warning.empty() ? "" : "; warning: " + warning),
                    warning.empty() ? Style::good : Style::warning);
        });
        return "";
      }));
}

void KeysPage::ask_to_delete(const std::string& remote) {
  const auto remove = [this, remote](const std::shared_ptr<Secret>& password) {
    desk_.later("Deleting the key", [this, remote, password] {
      const auto done = desk_.backend().delete_key(remote, *password);
      if (!done) return desk_.say("Not deleted: " + done.error().text, Style::error);
      read(password.get());
      desk_.say("Pre-shared key deleted for " + remote, Style::good);
    });
  };
  confirm_deletion(desk_, "Delete a pre-shared key", "the key for " + remote, "the key", remove);
}

void KeysPage::handle(const Key& key) {
  if (list_.handle(key, entries_.size())) return;
  if (key.is('n') && !desk_.backend().has_password()) return ask_first_password();
  if (!key.is('a') && !key.is('l') && !key.is('d') && key.code != KeyCode::erase) return;
  if (!desk_.backend().has_password())
    return desk_.say("No IPSec password has been set: press n to set one", Style::warning);
  if (key.is('a')) return ask_new_key();
  if (key.is('l')) return ask_to_list();
  if (!entries_.empty()) ask_to_delete(cli::text_of(entries_[std::min(list_.chosen(), entries_.size() - 1)], "remote"));
}
}  // namespace

std::unique_ptr<Page> keys_page(Desk& desk) { return std::make_unique<KeysPage>(desk); }

}  // namespace ipsec9000::screen
