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

int add(const Context& context, const char* method, const std::string& file, Result<Json> params, Printer printer) {
  if (!params) return context.fail("reading " + file, params.error());
  const auto answer = certificate_call(context, method, std::move(*params));
  if (!answer) return context.fail(daemon_failure("adding " + file, answer.error()));
  return print(context, *answer, each_item(*answer, printer, ""));
}
}  // namespace

int mgr_cert_request(Context& context, const VerbArguments& arguments) {
  const auto subject = context.arguments.value("subject");
  if (!subject) return context.fail({Exit::usage, "cert request", "-subject is missing", "see ipsec_mgr -help"});
  auto params = request_params(arguments[0], *subject, context.arguments.value("altname").value_or(""));
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
  Secret file_password;
  if (const auto file = context.arguments.value("file-password-file")) {
    auto password = read_secret_file(*file, password_maximum, Privacy::advised);
    if (!password) return context.fail("reading " + *file, password.error());
    file_password = std::move(*password);
  }
  auto params = import_params(arguments[0], context.arguments.value("name").value_or(""),
                              context.arguments.value("key").value_or(""), file_password);
  if (!params) return context.fail("reading the files", params.error());
  const auto answer = certificate_call(context, "cert.import", std::move(*params));
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
  return add(context, "ca.add", words[0], file_params(words[0]), certificate_line);
}
int mgr_ca_list(Context& context, const VerbArguments&) {
  return list(context, "ca.list", "listing the CAs", certificate_line, "No CAs\n");
}
int mgr_ca_show(Context& context, const VerbArguments& words) { return show(context, "ca.show", words[0]); }
int mgr_ca_delete(Context& context, const VerbArguments& words) {
  return remove(context, "ca.delete", "name", words[0]);
}
int mgr_crl_add(Context& context, const VerbArguments& words) {
  auto params = crl_params(words[0]);
  const bool source = params && params->contains("url");
  const int status = add(context, "crl.add", words[0], std::move(params), crl_block);
  if (status == 0 && source && !context.json) context.out << "CRLs are fetched from " << safe(words[0]) << "\n";
  return status;
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
