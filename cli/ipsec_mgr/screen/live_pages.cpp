// What happens right now: SAs with their age, and failed negotiations.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/workspace.hpp"

namespace ipsec9000::screen {

namespace {
constexpr int detail_rows = 5;

class LivePage : public Page {
 public:
  using Page::Page;
  void draw(Canvas& canvas, const Rect& area) const override {
    canvas.put(area.row, area.column, heading(), Style::heading, area.columns);
    list_.draw(
        canvas, {area.row + 1, area.column, area.rows - detail_rows - 1, area.columns}, count(),
        [&](std::size_t n) { return cell(row(n, area.columns - 2), static_cast<std::size_t>(area.columns - 2)); });
    if (count() == 0) {
      const auto& obstacle = desk_.workspace().obstacle();
      canvas.put(area.row + 2, area.column + 1, obstacle.empty() ? "None" : obstacle, Style::faint, area.columns - 1);
    }
    draw_details(canvas, {area.row + area.rows - detail_rows, area.column, detail_rows, area.columns},
                 count() == 0 ? std::vector<std::string>{} : details(chosen()));
  }
  void handle(const Key& key) override { (void)list_.handle(key, count()); }
  void choose(int item, bool) override { list_.choose(static_cast<std::size_t>(item)); }

 protected:
  virtual std::size_t count() const = 0;
  virtual std::string heading() const = 0;
  virtual std::string row(std::size_t item, int columns) const = 0;
  virtual std::vector<std::string> details(std::size_t item) const = 0;
  std::size_t chosen() const { return std::min(list_.chosen(), count() - 1); }
};

// IPSec SAs, and behind them the ISAKMP SAs.
class SasPage final : public LivePage {
 public:
  using LivePage::LivePage;
  std::string title() const override { return "SAs"; }
  std::string help() const override {
    return "The SAs right now: the IPSec SAs, then the ISAKMP SAs. The bar fills as an SA grows old, by time or by "
           "bytes, "
           "whichever is nearer to its end; | is where it is negotiated anew. d deletes all SAs with the peer of the "
           "marked one, and the peer is told; the next packet negotiates again.";
  }
  std::vector<KeyHelp> keys() const override { return {{Key::of('d'), "d", "delete those with this peer"}}; }
  void handle(const Key& key) override {
    if (key.is('d') && count() > 0) return ask_to_delete(remote_of(chosen()));
    LivePage::handle(key);
  }

 protected:
  std::size_t count() const override { return sas().size() + isakmp().size(); }
  std::string heading() const override { return "  SPI      Dir  Type   Peer               Policy            Age"; }
  std::string row(std::size_t item, int columns) const override {
    const auto peer = cell(remote_of(item), 18) + " ";
    if (item >= sas().size()) {
      const auto& sa = isakmp()[item - sas().size()];
      return " " + cell(sa.initiator_cookie, 8) + " " + cell(sa.role == "initiator" ? "out" : "in", 4) + " ISAKMP " +
             peer + cell(sa.policy, 17) + " " + bar({sa.age, 0, 0, sa.lifetime, 0, 0}, columns) +
             (sa.state == "established" ? "" : " " + sa.state);
    }
    const auto& sa = sas()[item];
    return " " + cell(sa.spi, 8) + " " + cell(sa.direction, 4) + " " + cell(cli::upper(sa.protocol), 6) + " " + peer +
           cell(sa.policy, 17) + " " +
           bar({sa.age, sa.bytes, sa.soft.seconds, sa.hard.seconds, sa.soft.kilobytes, sa.hard.kilobytes}, columns);
  }
  std::vector<std::string> details(std::size_t item) const override {
    if (item >= sas().size()) {
      const auto& sa = isakmp()[item - sas().size()];
      return {"ISAKMP SA " + sa.local + " - " + sa.remote + ", " + sa.state + ", as " + sa.role,
              sa.authentication_method + ", " + sa.encryption + ", " + sa.hash + ", " + sa.group,
              "age " + std::to_string(sa.age) + " of " + std::to_string(sa.lifetime) + " s, Quick Modes " +
                  std::to_string(sa.quick_modes)};
    }
    const auto& sa = sas()[item];
    return {cli::upper(sa.protocol) + " " + sa.source + " -> " + sa.destination + ", " + sa.mode + ", " + sa.state,
            sa.encryption + ", " + sa.authentication + "; " + sa.selector.protocol + " " + sa.selector.source +
                " port " + port(sa.selector.source_port) + " -> " + sa.selector.destination + " port " +
                port(sa.selector.destination_port),
            std::to_string(sa.bytes) + " bytes, " + std::to_string(sa.packets) + " packets; age " +
                std::to_string(sa.age) + " s, soft " + limit(sa.soft) + ", hard " + limit(sa.hard)};
  }

 private:
  static std::string port(std::uint16_t port) { return port == 0 ? "any" : std::to_string(port); }
  static std::string limit(const SadEntry::Limit& limit) {
    return std::to_string(limit.seconds) + " s / " + std::to_string(limit.kilobytes) + " kB";
  }
  static std::string bar(const Ageing& ageing, int columns) {
    return ageing_bar(ageing, std::clamp(columns - 59, 12, 40));
  }
  const std::vector<SadEntry>& sas() const { return desk_.workspace().sas(); }
  const std::vector<MadEntry>& isakmp() const { return desk_.workspace().isakmp_sas(); }
  std::string remote_of(std::size_t item) const {
    if (item >= sas().size()) return isakmp()[item - sas().size()].remote;
    return sas()[item].direction == "in" ? sas()[item].source : sas()[item].destination;
  }

  void ask_to_delete(const std::string& remote) {
    desk_.open(std::make_unique<Dialog>(
        desk_, "Delete SAs?",
        "Delete all SAs with " + remote + "? The peer is told. Traffic that is to be secured negotiates again.",
        std::vector<Button>{{"Delete", 'd', [this, remote] { remove(remote); }}, {"Keep them", 'k'}}, true));
  }
  void remove(const std::string& remote) {
    desk_.later("Deleting the SAs", [this, remote] {
      const auto done = desk_.backend().call("ikpmd", "ike.delete", Json{{"remote", remote}});
      if (!done) return desk_.say("Not deleted: " + done.error().text, Style::error);
      desk_.workspace().refresh_live();
      const auto untold = cli::number_of(*done, "peer_not_told") + cli::number_of(*done, "peer_being_told");
      desk_.say(cli::text_of(*done, "ipsec_sas") + " IPSec SAs and " + cli::text_of(*done, "isakmp_sas") +
                    " ISAKMP SAs deleted" +
                    (untold != 0 ? "; " + remote + " could not be told of " + std::to_string(untold) : ""),
                untold != 0 ? Style::warning : Style::good);
    });
  }
};

class FailuresPage final : public LivePage {
 public:
  using LivePage::LivePage;
  std::string title() const override { return "Failures"; }
  std::string help() const override {
    return "The last failed negotiations, the newest first. The lines below tell the reason in a sentence, and the "
           "attribute in which the two hosts differ. ipsec_report -explain has the whole page about a peer.";
  }
  std::vector<KeyHelp> keys() const override { return {{{KeyCode::down}, "Up/Down", "another one"}}; }

 protected:
  std::size_t count() const override { return all().size(); }
  std::string heading() const override { return "  Time                 Peer             Phase Policy         Reason"; }
  std::string row(std::size_t item, int) const override {
    const auto& failure = all()[item];
    return " " + cell(failure.time, 20) + " " + cell(failure.remote, 16) + " " + cell(failure.phase, 5) + " " +
           cell(failure.policy, 14) + " " + failure.reason;
  }
  std::vector<std::string> details(std::size_t item) const override {
    const auto& failure = all()[item];
    std::vector<std::string> lines{failure.text};
    if (!failure.differs.empty())
      lines.push_back("They differ in: " + failure.differs + "; offered: " + failure.offered +
                      "; wanted: " + failure.wanted);
    return lines;
  }

 private:
  const std::vector<FailureRecord>& all() const { return desk_.workspace().failures(); }
};
}  // namespace

std::unique_ptr<Page> sas_page(Desk& desk) { return std::make_unique<SasPage>(desk); }
std::unique_ptr<Page> failures_page(Desk& desk) { return std::make_unique<FailuresPage>(desk); }

}  // namespace ipsec9000::screen
