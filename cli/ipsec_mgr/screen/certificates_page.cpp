// The certificates that there are.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/print_certificates.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"

namespace ipsec9000::screen {

namespace {
class CertificatesPage final : public Page {
 public:
  using Page::Page;
  std::string title() const override { return "Certs"; }
  std::string help() const override {
    return "The certificates of this host, of peers and of CAs. Enter shows all of one. They are made, imported and "
           "deleted by the verbs: ipsec_mgr cert, ca and crl.";
  }
  void shown() override {
    entries_.clear();
    const auto all = desk_.backend().certificates();
    obstacle_ = all ? "" : all.error().text;
    if (all) entries_.assign(all->begin(), all->end());
  }
  void draw(Canvas& canvas, const Rect& area) const override {
    canvas.put(area.row, area.column, "  Name             Kind Expires              Subject", Style::heading,
               area.columns);
    list_.draw(canvas, {area.row + 1, area.column, area.rows - 1, area.columns}, entries_.size(), [&](std::size_t n) {
      const auto& entry = entries_[n];
      return " " + cell(cli::text_of(entry, "name"), 16) + " " + cell(cli::text_of(entry, "kind"), 4) + " " +
             cell(cli::text_of(entry, "not_after"), 20) + " " + cli::text_of(entry, "subject");
    });
    if (entries_.empty())
      canvas.put(area.row + 2, area.column + 1, obstacle_.empty() ? "None; see ipsec_mgr cert" : obstacle_,
                 Style::faint, area.columns - 1);
  }
  void handle(const Key& key) override {
    if (list_.handle(key, entries_.size()) || key.code != KeyCode::enter || entries_.empty()) return;
    desk_.open(std::make_unique<Dialog>(desk_, "Certificate",
                                        cli::certificate_block(entries_[std::min(list_.chosen(), entries_.size() - 1)]),
                                        std::vector<Button>{{"Close", 'c'}}));
  }
  void choose(int item, bool twice) override {
    list_.choose(static_cast<std::size_t>(item));
    if (twice) handle({KeyCode::enter});
  }
  std::vector<KeyHelp> keys() const override { return {{{KeyCode::enter}, "Enter", "show"}}; }

 private:
  std::vector<Json> entries_;
  std::string obstacle_;
};
}  // namespace

std::unique_ptr<Page> certificates_page(Desk& desk) { return std::make_unique<CertificatesPage>(desk); }

}  // namespace ipsec9000::screen
