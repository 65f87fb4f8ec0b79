// The policies in the order in which they are asked, and the ISAKMP policies.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/ipsec_mgr/screen/config_page.hpp"
#include "cli/ipsec_mgr/screen/item_form.hpp"
#include "cli/ipsec_mgr/screen/try_packet.hpp"
#include "policy/selection.hpp"

namespace ipsec9000::screen {

namespace {
class PoliciesPage final : public ConfigPage {
 public:
  explicit PoliciesPage(Desk& desk) : ConfigPage(desk, "policies", "Policy") {}
  std::string title() const override { return "Policies"; }
  std::string help() const override {
    return "The policies of the configuration file in the order in which they are asked for a packet: the hashed ones "
           "(no "
           "prefix, no range) with the most exact fields first, then the ordered ones as they stand in the file, then "
           "the "
           "default. \"Used\" is the time since the kernel used the policy last, \"SAs\" their number right now; both "
           "are "
           "of what is in force. * marks what is not in force as it stands here: F9 shows the difference and applies "
           "it.\n"
           "Enter edits, a adds, d deletes, - and + move among policies of one kind, t tries a packet.";
  }

 protected:
  std::vector<Item> items() const override {
    const auto& policies = workspace().configuration()->policies;
    std::vector<Item> all;
    for (const auto index : selection_order(*workspace().configuration())) {
      const auto& policy = policies[index];
      const auto kind = kind_of(policy.filter);
      auto group = to_string(kind);
      if (kind == PolicyKind::hashed) group += std::to_string(exact_fields(policy.filter));
      all.push_back({policy.name, std::move(group)});
    }
    all.push_back({"", ""});  // the default
    return all;
  }

  std::string heading(int) const override { return "     No Name              Kind    Action  Used SAs Filter"; }

  std::string row(std::size_t item, int columns) const override {
    const auto* policy = at(item);
    const auto name = policy == nullptr ? std::string("default") : policy->name;
    const bool pending =
        workspace().is_pending(policy == nullptr ? "default_policy" : "policies", policy == nullptr ? "" : name);
    const auto idle = workspace().idle(name);
    const auto sas = workspace().sas_of(name);
    const auto place = policy == nullptr ? std::string("-") : std::to_string(policy->place);
    auto text = std::string(place.size() < 6 ? 6 - place.size() : 0, ' ') + place + (pending ? "*" : " ");
    text += cell(name, 17) + " " + cell(policy == nullptr ? "default" : to_string(kind_of(policy->filter)), 7) + " ";
    text += cell(to_string(policy == nullptr ? workspace().configuration()->default_action : policy->action), 7) + " ";
    text += cell(idle ? short_time(*idle) : "-", 4) + " " + cell(sas == 0 ? "-" : std::to_string(sas), 3) + " ";
    text += policy == nullptr ? "everything else" : policy->filter.to_string();
    return cell(text, static_cast<std::size_t>(std::max(columns, 0)));
  }

  std::vector<std::string> details(std::size_t item) const override {
    const auto* policy = at(item);
    if (policy == nullptr) return {"What happens to packets that no policy is for"};
    std::vector<std::string> lines{policy->filter.to_string()};
    if (!policy->transforms.empty()) {
      std::vector<std::string> names;
      for (const auto& transform : policy->transforms) names.push_back(transform.to_string());
      lines.push_back("Transforms: " + join(names, ", "));
    }
    std::vector<std::string> more;
    if (policy->tunnel)
      more.push_back("tunnel " + policy->tunnel->local.to_string() + " - " + policy->tunnel->remote.to_string());
    if (policy->pfs) more.push_back("PFS " + std::string(info(*policy->pfs).name));
    if (policy->exclusive) more.emplace_back("an SA pair for each connection");
    for (const auto& failure : workspace().failures())
      if (failure.policy == policy->name) {
        more.push_back("last failure " + failure.time + ": " + failure.text);
        break;
      }
    if (!more.empty()) lines.push_back(join(more, "; "));
    return lines;
  }

  bool edit_special(std::size_t item) override {
    if (at(item) != nullptr) return false;
    desk_.open(std::make_unique<ItemForm>(
        desk_, "Default policy", Draft::of("default_policy", "", section_of(workspace().text(), "default_policy"))));
    return true;
  }

  void try_packet(std::size_t item) override {
    const auto* policy = at(item);
    desk_.open(
        std::make_unique<TryPacket>(desk_, *workspace().configuration(), "",
                                    policy == nullptr ? PacketWords() : PacketWords::example_of(policy->filter)));
  }

 private:
  const Policy* at(std::size_t item) const {
    const auto order = selection_order(*workspace().configuration());
    return item < order.size() ? &workspace().configuration()->policies[order[item]] : nullptr;
  }
};

class IsakmpPage final : public ConfigPage {
 public:
  explicit IsakmpPage(Desk& desk) : ConfigPage(desk, "isakmp_policies", "ISAKMP policy") {}
  std::string title() const override { return "ISAKMP"; }
  std::string help() const override {
    return "How to negotiate with which peer: the first one whose \"remote\" holds the peer's address is taken. Enter "
           "edits, a adds, d deletes, - and + move. * marks what is not in force as it stands here.";
  }

 protected:
  std::vector<Item> items() const override {
    std::vector<Item> all;
    for (const auto& policy : policies()) all.push_back({policy.name, "isakmp"});
    return all;
  }
  std::string heading(int) const override {
    return "     No Name              Remote             Authentication Exchange   Proposals";
  }
  std::string row(std::size_t item, int columns) const override {
    const auto& policy = policies()[item];
    const auto place = std::to_string(policy.place);
    auto text = std::string(place.size() < 6 ? 6 - place.size() : 0, ' ') + place +
                (workspace().is_pending("isakmp_policies", policy.name) ? "*" : " ");
    text += cell(policy.name, 17) + " " + cell(policy.remote ? policy.remote->to_string() : "any", 18) + " " +
            cell(to_string(policy.authentication), 14) + " " + cell(policy.aggressive ? "aggressive" : "main", 10) +
            " ";
    return cell(text + proposals(policy), static_cast<std::size_t>(std::max(columns, 0)));
  }
  std::vector<std::string> details(std::size_t item) const override {
    const auto& policy = policies()[item];
    return {"Proposals: " + proposals(policy), "Lifetime " + std::to_string(policy.lifetime) +
                                                   " s; Quick Modes at most " + std::to_string(policy.max_quick_modes)};
  }

 private:
  static std::string proposals(const IsakmpPolicy& policy) {
    std::vector<std::string> names;
    for (const auto& proposal : policy.proposals) names.push_back(proposal.to_string());
    return join(names, ", ");
  }
  const std::vector<IsakmpPolicy>& policies() const { return workspace().configuration()->isakmp_policies; }
};
}  // namespace

std::unique_ptr<Page> policies_page(Desk& desk) { return std::make_unique<PoliciesPage>(desk); }
std::unique_ptr<Page> isakmp_page(Desk& desk) { return std::make_unique<IsakmpPage>(desk); }

}  // namespace ipsec9000::screen
