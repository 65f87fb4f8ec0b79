#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/common/password.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/certificate_call.hpp"
#include "cli/ipsec_mgr/print_certificates.hpp"
#include "cli/ipsec_mgr/verbs.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t password_maximum = 1024;

using Printer = std::string (*)(const Json&);

int print(const Context& context, const Json& answer, const std::string& text) {
  if (context.json)
    context.out << answer.dump(2) << "\n";
  else
    context.out << text;
  return 0;
}

std::string each_item(const Json& answer, Printer printer, std::string_view none) {
  std::string text;
  if (const auto* items = member(answer, "items"); items != nullptr && items->is_array())
    for (const auto& item : *items) text += printer(item);
  return text.empty() ? std::string(none) : text;
}

int list(const Context& context, const char* method, const char* what, Printer printer, std::string_view none) {
  const auto answer = certificate_call(context, method, Json::object());
  if (!answer) return context.fail(daemon_failure(what, answer.error()));
  return print(context, *answer, each_item(*answer, printer, none));
}

int show(const Context& context, const char* method, const std::string& name) {
  const auto answer = certificate_call(context, method, Json{{"name", name}});
  if (!answer) return context.fail(daemon_failure("showing a certificate", answer.error()));
  const auto* pem = member(*answer, "pem");
  const auto shown = pem != nullptr && pem->is_string() ? pem->get<std::string>() : std::string();
  return print(context, *answer, certificate_block(*answer) + shown);
}

int remove(const Context& context, const char* method, const char* key, const std::string& name) {
  const auto answer = certificate_call(context, method, Json{{key, name}});
  if (!answer) return context.fail(daemon_failure("deleting " + name, answer.error()));
  return print(context, *answer, "Deleted " + safe(name) + "\n");
}

int add_file(const Context& context, const char* method, const std::string& file, Printer printer) {
  auto data = file_as_hex(file);
  if (!data) return context.fail("reading " + file, data.error());
  const auto answer = certificate_call(context, method, Json{{"data_hex", std::move(*data)}});
  if (!answer) return context.fail(daemon_failure("adding " + file, answer.error()));
  return print(context, *answer, each_item(*answer, printer, ""));
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (at <= text.size()) {
    const auto end = std::min(text.find(',', at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}
}  // namespace

int mgr_cert_request(Context& context, const VerbArguments& arguments) {
  const auto subject = context.arguments.value("subject");
  if (!subject) return context.fail({Exit::usage, "cert request", "-subject is missing", "see ipsec_mgr -help"});
  Json params{{"name", arguments[0]}, {"subject", *subject}};
  if (const auto names = context.arguments.value("altname")) params["names"] = split(*names);
  if (const auto kind = context.arguments.value("keytype")) params["key"] = *kind;
  if (const auto text = context.arguments.value("bits")) {
    unsigned bits = 0;
    const auto* end = text->data() + text->size();
    if (const auto [at, error] = std::from_chars(text->data(), end, bits); error != std::errc{} || at != end)
      return context.fail({Exit::usage, "cert request", "-bits is not a number", "2048 to 8192"});
    params["bits"] = bits;
  }
  const auto answer = certificate_call(context, "cert.request", std::move(params));
  if (!answer) return context.fail(daemon_failure("requesting a certificate", answer.error()));
  const auto* request = member(*answer, "request");
  return print(context, *answer, request != nullptr && request->is_string() ? request->get<std::string>() : "");
}

int mgr_cert_import(Context& context, const VerbArguments& arguments) {
  auto data = file_as_hex(arguments[0]);
  if (!data) return context.fail("reading " + arguments[0], data.error());
  Json params{{"data_hex", std::move(*data)}};
  if (const auto name = context.arguments.value("name")) params["name"] = *name;
  if (const auto file = context.arguments.value("key")) {
    auto key = file_as_hex(*file);
    if (!key) return context.fail("reading " + *file, key.error());
    params["key_hex"] = std::move(*key);
  }
  if (const auto file = context.arguments.value("file-password-file")) {
    const auto password = read_secret_file(*file, password_maximum, Privacy::advised);
    if (!password) return context.fail("reading " + *file, password.error());
    params["file_password"] = as_text(*password);
  }
  const auto answer = certificate_call(context, "cert.import", std::move(params));
  if (!answer) return context.fail(daemon_failure("importing " + arguments[0], answer.error()));
  return print(context, *answer, certificate_line(*answer));
}

int mgr_cert_check(Context& context, const VerbArguments& arguments) {
  Json params = Json::object();
  if (!arguments.empty()) params["remote"] = arguments[0];
  if (const auto file = context.arguments.value("sent")) {
    auto data = file_as_hex(*file);
    if (!data) return context.fail("reading " + *file, data.error());
    params["data_hex"] = std::move(*data);
  }
  const auto answer = certificate_call(context, "cert.check", std::move(params));
  if (!answer) return context.fail(daemon_failure("checking certificates", answer.error()));
  print(context, *answer, each_item(*answer, verdict_block, ""));
  const auto* items = member(*answer, "items");
  if (items == nullptr || !items->is_array()) return static_cast<int>(Exit::failed);
  for (const auto& item : *items)
    if (!flag_of(item, "ok")) return static_cast<int>(Exit::failed);
  return 0;
}

int mgr_cert_list(Context& context, const VerbArguments&) {
  return list(context, "cert.list", "listing the certificates", certificate_line, "No certificates\n");
}
int mgr_cert_show(Context& context, const VerbArguments& words) { return show(context, "cert.show", words[0]); }
int mgr_cert_delete(Context& context, const VerbArguments& words) {
  return remove(context, "cert.delete", "name", words[0]);
}
int mgr_ca_add(Context& context, const VerbArguments& words) {
  return add_file(context, "ca.add", words[0], certificate_line);
}
int mgr_ca_list(Context& context, const VerbArguments&) {
  return list(context, "ca.list", "listing the CAs", certificate_line, "No CAs\n");
}
int mgr_ca_show(Context& context, const VerbArguments& words) { return show(context, "ca.show", words[0]); }
int mgr_ca_delete(Context& context, const VerbArguments& words) {
  return remove(context, "ca.delete", "name", words[0]);
}
int mgr_crl_add(Context& context, const VerbArguments& words) {
  if (words[0].find("://") != std::string::npos) {
    const auto answer = certificate_call(context, "crl.add", Json{{"url", words[0]}});
    if (!answer) return context.fail(daemon_failure("adding " + words[0], answer.error()));
    return print(context, *answer, "CRLs are fetched from " + safe(words[0]) + "\n");
  }
  return add_file(context, "crl.add", words[0], crl_block);
}
int mgr_crl_list(Context& context, const VerbArguments&) {
  const auto answer = certificate_call(context, "crl.list", Json::object());
  if (!answer) return context.fail(daemon_failure("listing the CRLs", answer.error()));
  auto text = each_item(*answer, crl_block, "No CRLs\n");
  for (const auto& url : texts_of(*answer, "sources")) text += "Source: " + url + "\n";
  for (const auto& sentence : texts_of(*answer, "damaged")) text += "Warning: " + sentence + "\n";
  return print(context, *answer, text);
}
int mgr_crl_delete(Context& context, const VerbArguments& words) {
  return remove(context, "crl.delete", "id", words[0]);
}

}  // namespace ipsec9000::cli
