// Boot-up and the other members of the configuration that are no policies.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/item_form.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/prompt.hpp"
#include "cli/ipsec_mgr/screen/workspace.hpp"

namespace ipsec9000::screen {

namespace {
constexpr std::string_view bootup_help =
    "Start with the system: the policies are then in the kernel before there is a network, and a key of this machine "
    "opens the key store, so that nobody is asked for the password at boot.";

std::string capitalised(std::string_view text) { return cli::capital(std::string(text)); }

class OptionsPage final : public Page {
 public:
  using Page::Page;
  std::string title() const override { return "Options"; }
  std::string help() const override {
    return std::string(bootup_help) +
           " Changing that asks for the IPSec password.\nThe other lines are the rest of the configuration file: what "
           "is "
           "recorded from the start on, the default policy, what is allowed at all, and the local "
           "addresses that IPSec leaves alone (a adds one, d takes one away).";
  }
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override {
    list_.choose(static_cast<std::size_t>(item));
    if (twice) handle({KeyCode::enter});
  }
  std::vector<KeyHelp> keys() const override {
    return {{{KeyCode::enter}, "Enter", "change"},
            {Key::of('a'), "a", "bypass an address"},
            {Key::of('d'), "d", "bypass it no longer"}};
  }

 private:
  struct Option {
    std::string label;
    std::string value;
    std::string about;
    std::function<void()> change;
    std::string bypassed = "";  // the address, on its line
  };
  std::vector<Option> options() const;
  void edit_section(const std::string& section, const std::string& title) const;
  void ask_bootup(bool on) const;
  void ask_switch(const ConfigurationKey& key, bool on) const;
  void ask_bypass() const;
  void carry_out(const Edit& edit, const std::string& done) const;
};

std::vector<OptionsPage::Option> OptionsPage::options() const {
  const auto* configuration = desk_.workspace().configuration();
  if (configuration == nullptr) return {};
  const auto& startup = configuration->startup;
  const auto edit_startup = [this] { edit_section("startup", "Options at start"); };
  std::vector<Option> all{
      {"Start with the system", startup.bootup ? "on" : "off", std::string(bootup_help),
       [this, on = !startup.bootup] { ask_bootup(on); }},
      {"Audit level at start", startup.audit_level, "Which records are written; ipsec_admin -auditlvl changes it now",
       edit_startup},
      {"Audit directory", startup.audit_directory, "Where the audit files are", edit_startup},
      {"Audit file size", std::to_string(startup.audit_max_kilobytes) + " kB",
       "An audit file of this size is followed by a new one", edit_startup},
      {"Default policy", to_string(configuration->default_action), "What happens to packets that no policy is for",
       [this] { edit_section("default_policy", "Default policy"); }},
  };
  for (const auto& key : configuration_root().keys()) {
    if (key.type != KeyType::boolean) continue;
    const bool on = section_of(desk_.workspace().text(), std::string(key.name)) == true;
    all.push_back({std::string(key.name), on ? "true" : "false", std::string(key.description),
                   [this, &key, on] { ask_switch(key, !on); }});
  }
  for (const auto& address : configuration->bypass)
    all.push_back({"Bypassed address", address.to_string(), "A local address that IPSec leaves alone; d takes it away",
                   [] {}, address.to_string()});
  return all;
}

void OptionsPage::draw(Canvas& canvas, const Rect& area) const {
  const auto all = options();
  canvas.put(area.row, area.column, "  Option                   Value", Style::heading, area.columns);
  if (all.empty())
    canvas.put(area.row + 2, area.column + 1, "The configuration is not valid; see Policies", Style::error);
  constexpr int below = 4;
  list_.draw(canvas, {area.row + 1, area.column, area.rows - below - 1, area.columns}, all.size(),
             [&](std::size_t n) { return " " + cell(all[n].label, 24) + " " + all[n].value; });
  draw_details(
      canvas, {area.row + area.rows - below, area.column, below, area.columns},
      all.empty() ? std::vector<std::string>{} : std::vector{all[std::min(list_.chosen(), all.size() - 1)].about});
}

void OptionsPage::carry_out(const Edit& edit, const std::string& done) const {
  desk_.later("Writing the configuration", [this, edit, done] {
    const auto outcome = desk_.workspace().edit({edit});
    if (!outcome) return desk_.say("Not changed: " + outcome.error().text, Style::error);
    desk_.say(done + "; it counts once it is applied (F9)", Style::good);
  });
}

void OptionsPage::edit_section(const std::string& section, const std::string& title) const {
  auto draft = Draft::of(section, "", section_of(desk_.workspace().text(), section));
  std::erase_if(draft.fields(), [](const DraftField& field) { return field.path == "bootup"; });  // has a line here
  desk_.open(std::make_unique<ItemForm>(desk_, title, std::move(draft)));
}

void OptionsPage::ask_bootup(bool on) const {
  if (!desk_.backend().has_password())
    return desk_.say("No IPSec password has been set: set one first, in Keys", Style::warning);
  desk_.open(std::make_unique<Prompt>(
      desk_, "Start with the system: " + std::string(on ? "on" : "off"), "Counts from the next boot on.",
      std::vector<Prompt::Line>{{"IPSec password", true}}, [this, on](Prompt::Values values) -> std::string {
        if (values.secrets[0].empty()) return "the password is needed";
        desk_.later("Changing the boot-up option",
                    [this, on, password = std::make_shared<Secret>(std::move(values.secrets[0]))] {
                      const auto done = desk_.backend().set_bootup(on, *password);
                      desk_.workspace().refresh_file();
                      if (!done) return desk_.say("Not changed: " + done.error().text, Style::error);
                      desk_.say((on ? "IPSec starts with the system" : "IPSec does not start with the system") +
                                    (done->empty() ? "" : "; still to be done: " + *done),
                                done->empty() ? Style::good : Style::warning);
                    });
        return "";
      }));
}

void OptionsPage::ask_switch(const ConfigurationKey& key, bool on) const {
  const auto what = std::string(key.name) + (on ? ": true" : ": false");
  Edit edit;
  edit.section = key.name;
  edit.values = {{"", on}};
  desk_.open(std::make_unique<Dialog>(
      desk_, what + "?", capitalised(key.description) + ".",
      std::vector<Button>{{"Change", 'c', [this, edit, what] { carry_out(edit, what); }}, {"Leave it", 'l'}}, true));
}

void OptionsPage::ask_bypass() const {
  const auto wrong = [](const std::string& text) {
    const auto address = IpAddress::parse(text);
    return address ? std::string() : address.error().text;
  };
  desk_.open(std::make_unique<Prompt>(desk_, "Bypass an address", "IPSec leaves this local address alone.",
                                      std::vector<Prompt::Line>{{"Address", false, "", wrong}},
                                      [this, wrong](Prompt::Values values) -> std::string {
                                        const auto text = std::string(trim(values.texts[0]));
                                        if (auto problem = wrong(text); !problem.empty()) return problem;
                                        Edit edit;
                                        edit.verb = Edit::Verb::add;
                                        edit.section = "bypass";
                                        edit.name = IpAddress::parse(text)->to_string();
                                        carry_out(edit, edit.name + " is bypassed");
                                        return "";
                                      }));
}

void OptionsPage::handle(const Key& key) {
  const auto all = options();
  if (list_.handle(key, all.size()) || all.empty()) return;
  const auto& option = all[std::min(list_.chosen(), all.size() - 1)];
  if (key.code == KeyCode::enter || key.is('e')) return option.change();
  if (key.is('a')) return ask_bypass();
  if (!key.is('d') && key.code != KeyCode::erase) return;
  if (option.bypassed.empty()) return desk_.say("Only a bypassed address can be taken away", Style::warning);
  Edit edit;
  edit.verb = Edit::Verb::remove;
  edit.section = "bypass";
  edit.name = option.bypassed;
  desk_.open(std::make_unique<Dialog>(
      desk_, "Bypass no longer?", "Let IPSec deal with " + edit.name + " again?",
      std::vector<Button>{{"Yes", 'y', [this, edit] { carry_out(edit, edit.name + " is no longer bypassed"); }},
                          {"No", 'n'}},
      true));
}
}  // namespace

std::unique_ptr<Page> options_page(Desk& desk) { return std::make_unique<OptionsPage>(desk); }

}  // namespace ipsec9000::screen
