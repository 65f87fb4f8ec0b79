// Certificates, the CAs that are believed, and their CRLs: three lists of one screen.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/certificate_call.hpp"
#include "cli/ipsec_mgr/print_certificates.hpp"
#include "cli/ipsec_mgr/screen/backend.hpp"
#include "cli/ipsec_mgr/screen/dialog.hpp"
#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/prompt.hpp"

namespace ipsec9000::screen {

namespace {
std::string certificate_row(const Json& entry) {
  return cell(cli::text_of(entry, "name"), 16) + " " + cell(cli::text_of(entry, "kind"), 5) + " " +
         cell(cli::text_of(entry, "not_after"), 20) + " " + cli::text_of(entry, "subject");
}

std::string crl_row(const Json& entry) {
  const auto next = cli::text_of(entry, "next_update");
  return cell(cli::text_of(entry, "id"), 16) + " " + cell(cli::text_of(entry, "revoked"), 7) + " " +
         cell(next.empty() ? "not said" : next, 20) + " " + cli::text_of(entry, "issuer");
}

// One of the three, and the methods of ipsec9000-rpc(7) behind it.
struct Shelf {
  std::string title;
  std::string heading;
  const char* list;
  const char* remove;
  const char* id;  // what names an item, there and in `remove`
  std::string (*row)(const Json&);
  std::string (*block)(const Json&);
  std::string what;  // one of them
  std::string none;
};

const std::array<Shelf, 3>& shelves() {
  static const std::string certificates = "  Name             Kind  Expires              Subject";
  static const std::array<Shelf, 3> all = {
      Shelf{"Certificates", certificates, "cert.list", "cert.delete", "name", certificate_row, cli::certificate_block,
            "certificate", "No certificates yet: press n to request one, a to import one"},
      Shelf{"CAs", certificates, "ca.list", "ca.delete", "name", certificate_row, cli::certificate_block, "CA",
            "No CAs yet: press a to add one from a file. Without a CA no peer's certificate is believed."},
      Shelf{"CRLs", "  Id               Revoked Next update          Issuer", "crl.list", "crl.delete", "id", crl_row,
            cli::crl_block, "CRL",
            "No CRLs yet: press a to add one from a file or a URL. What certificates name is fetched without."}};
  return all;
}

class CertificatesPage final : public Page {
 public:
  using Page::Page;
  std::string title() const override { return "Certs"; }
  std::string help() const override {
    return "The certificates of this host and of peers; the CAs that are believed; the CRLs. v goes from one list to "
           "the next, Enter shows all of an item. n makes a key and a request for a certificate, a takes in a file (of "
           "CRLs also a URL), d deletes, k judges all certificates as ikpmd would, step by step. What reads or writes "
           "private keys asks for the IPSec password. A change counts at once.";
  }
  void shown() override { read(); }
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override {
    list_.choose(static_cast<std::size_t>(item));
    if (twice) handle({KeyCode::enter});
  }
  std::vector<KeyHelp> keys() const override;

 private:
  const Shelf& shelf() const { return shelves()[shelf_]; }
  void read();
  void ask_request();
  void ask_to_add();
  void ask_import();
  void ask_to_delete(const std::string& id);
  void judge();
  // Carries the method out after the screen has said so, and tells how it ended.
  void change(std::string doing, const char* method, Result<Json> params, const std::shared_ptr<Secret>& password,
              const std::function<void(const Json&)>& done);
  void show(const std::string& title, std::string text) {
    desk_.open(std::make_unique<Dialog>(desk_, title, std::move(text), std::vector<Button>{{"Close", 'c'}}));
  }

  std::size_t shelf_ = 0;
  std::vector<Json> entries_;
  std::vector<std::string> notes_;  // sources of CRLs, and what is wrong with files
  std::string obstacle_;
};

void CertificatesPage::read() {
  entries_.clear();
  notes_.clear();
  const auto all = desk_.backend().certificate_call(shelf().list, Json::object());
  obstacle_ = all ? "" : all.error().text;
  if (!all) return;
  if (const auto* items = cli::member(*all, "items"); items != nullptr && items->is_array())
    entries_.assign(items->begin(), items->end());
  for (const auto& url : cli::texts_of(*all, "sources")) notes_.push_back("Fetched from " + url);
  for (const auto& sentence : cli::texts_of(*all, "damaged")) notes_.push_back("Warning: " + sentence);
}

void CertificatesPage::draw(Canvas& canvas, const Rect& area) const {
  int column = area.column + 1;
  for (std::size_t n = 0; n < shelves().size(); ++n) {
    const auto& title = shelves()[n].title;
    canvas.put(area.row, column, n == shelf_ ? "[" + title + "]" : " " + title + " ",
               n == shelf_ ? Style::chosen : Style::faint);
    if (n == (shelf_ + 1) % shelves().size())
      canvas.on_click({area.row, column, 1, static_cast<int>(title.size()) + 2}, Key::of('v'));
    column += static_cast<int>(title.size()) + 3;
  }
  canvas.put(area.row + 1, area.column, shelf().heading, Style::heading, area.columns);
  const int below = notes_.empty() ? 0 : std::min(static_cast<int>(notes_.size()) + 1, area.rows / 2);
  list_.draw(canvas, {area.row + 2, area.column, area.rows - 2 - below, area.columns}, entries_.size(),
             [&](std::size_t n) { return " " + shelf().row(entries_[n]); });
  if (below > 0) draw_details(canvas, {area.row + area.rows - below, area.column, below, area.columns}, notes_);
  if (!entries_.empty()) return;
  int row = area.row + 3;
  for (const auto& line : wrapped(obstacle_.empty() ? shelf().none : obstacle_, area.columns - 4))
    canvas.put(row++, area.column + 2, line);
}

std::vector<KeyHelp> CertificatesPage::keys() const {
  std::vector<KeyHelp> all{{Key::of('v'), "v", shelves()[(shelf_ + 1) % shelves().size()].title}};
  if (!entries_.empty()) all.push_back({{KeyCode::enter}, "Enter", "show"});
  if (shelf_ == 0) all.push_back({Key::of('n'), "n", "request"});
  all.push_back({Key::of('a'), "a", shelf_ == 0 ? "import" : "add"});
  if (!entries_.empty()) all.push_back({Key::of('d'), "d", "delete"});
  if (shelf_ == 0) all.push_back({Key::of('k'), "k", "check"});
  return all;
}

void CertificatesPage::change(std::string doing, const char* method, Result<Json> params,
                              const std::shared_ptr<Secret>& password, const std::function<void(const Json&)>& done) {
  if (!params) return desk_.say(params.error().text, Style::error);
  desk_.later(std::move(doing), [this, method, given = std::make_shared<Json>(std::move(*params)), password, done] {
    const auto answer = desk_.backend().certificate_call(method, std::move(*given), password.get());
    read();
    if (!answer) return desk_.say("It was not done: " + answer.error().text, Style::error);
    done(*answer);
  });
}

void CertificatesPage::ask_request() {
  desk_.open(std::make_unique<Prompt>(
      desk_, "Request a certificate",
      "A key is made and kept in the key store; the request (PKCS#10) goes into a file for the CA. Subject: such as "
      "O=Example, CN=gate. Other names, with commas: addresses, host names, user@host.",
      std::vector<Prompt::Line>{{"Name"}, {"Subject"}, {"Other names"}, {"Request goes to"}, {"IPSec password", true}},
      [this](Prompt::Values values) -> std::string {
        const auto& file = values.texts[3];
        if (values.texts[0].empty() || values.texts[1].empty()) return "a name and a subject are needed";
        std::error_code failure;
        if (file.empty()) return "a file for the request is needed";
        if (std::filesystem::exists(file, failure)) return file + " is there already";
        change("Making a key", "cert.request", cli::request_params(values.texts[0], values.texts[1], values.texts[2]),
               std::make_shared<Secret>(std::move(values.secrets[4])), [this, file](const Json& answer) {
                 constexpr unsigned readable = 0644;
                 const auto written = replace_file(file, cli::text_of(answer, "request"), readable);
                 if (!written)
                   return show("The request", written.error().text + "\n" + cli::text_of(answer, "request"));
                 desk_.say("Send " + file + " to the CA; import its answer with a", Style::good);
               });
        return "";
      }));
}

void CertificatesPage::ask_import() {
  desk_.open(std::make_unique<Prompt>(
      desk_, "Import a certificate",
      "PEM, DER, PKCS#7 or PKCS#12, for a key that was made by a request, comes in the file, or in one of its own. "
      "Without a key it is kept as a peer's.",
      std::vector<Prompt::Line>{
          {"File"}, {"Name, if wanted"}, {"Key file, if any"}, {"File's password", true}, {"IPSec password", true}},
      [this](Prompt::Values values) -> std::string {
        auto params = cli::import_params(values.texts[0], values.texts[1], values.texts[2], values.secrets[3]);
        if (!params) return params.error().text;
        change("Importing", "cert.import", std::move(params), std::make_shared<Secret>(std::move(values.secrets[4])),
               [this](const Json& answer) {
                 desk_.say("Certificate " + cli::text_of(answer, "name") + " imported", Style::good);
               });
        return "";
      }));
}

void CertificatesPage::ask_to_add() {
  if (shelf_ == 0) return ask_import();
  const bool crl = shelf_ == 2;
  desk_.open(std::make_unique<Prompt>(
      desk_, "Add a " + shelf().what,
      crl ? "A CRL that a CA known here has signed, or the URL (http, ldap) that CRLs are to be fetched from."
          : "Certificates of CAs, PEM or DER. One that certified itself is believed from then on.",
      std::vector<Prompt::Line>{{crl ? "File or URL" : "File"}}, [this, crl](Prompt::Values values) -> std::string {
        auto params = crl ? cli::crl_params(values.texts[0]) : cli::file_params(values.texts[0]);
        if (!params) return params.error().text;
        change("Adding", crl ? "crl.add" : "ca.add", std::move(params), nullptr,
               [this, crl](const Json&) { desk_.say(crl ? "CRL added" : "CA added", Style::good); });
        return "";
      }));
}

void CertificatesPage::ask_to_delete(const std::string& id) {
  const auto what = shelf().what + " " + id;
  const auto remove = [this, what, id](const std::shared_ptr<Secret>& password) {
    change("Deleting", shelf().remove, Json{{shelf().id, id}}, password,
           [this, what](const Json&) { desk_.say("Deleted " + what, Style::good); });
  };
  if (shelf_ != 0)
    return desk_.open(std::make_unique<Dialog>(
        desk_, "Delete?", "Delete " + what + "?",
        std::vector<Button>{{"Delete it", 'd', [remove] { remove(nullptr); }}, {"Keep it", 'k'}}, true));
  confirm_deletion(desk_, "Delete a certificate", what + " with its key", "it", remove);
}

void CertificatesPage::judge() {
  desk_.later("Judging the certificates", [this] {
    const auto answer = desk_.backend().certificate_call("cert.check", Json::object());
    if (!answer) return desk_.say(answer.error().text, Style::error);
    std::string text;
    if (const auto* items = cli::member(*answer, "items"); items != nullptr && items->is_array())
      for (const auto& item : *items) text += cli::verdict_block(item);
    show("As ikpmd judges them", text.empty() ? "There is nothing to judge" : text);
  });
}

void CertificatesPage::handle(const Key& key) {
  if (list_.handle(key, entries_.size())) return;
  if (key.is('v')) {
    shelf_ = (shelf_ + 1) % shelves().size();
    list_.choose(0);
    return read();
  }
  if (key.is('a')) return ask_to_add();
  if (key.is('n') && shelf_ == 0) return ask_request();
  if (key.is('k') && shelf_ == 0) return judge();
  if (entries_.empty()) return;
  const auto& entry = entries_[std::min(list_.chosen(), entries_.size() - 1)];
  if (key.code == KeyCode::enter) show(shelf().what, shelf().block(entry));
  if (key.is('d') || key.code == KeyCode::erase) ask_to_delete(cli::text_of(entry, shelf().id));
}
}  // namespace

std::unique_ptr<Page> certificates_page(Desk& desk) { return std::make_unique<CertificatesPage>(desk); }

}  // namespace ipsec9000::screen
