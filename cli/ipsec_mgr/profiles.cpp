// The Entrust way: profiles that are made and renewed by the CA's manager. What talks to it is this tool.
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/files.hpp"
#include "base/text.hpp"
#include "certstore/entrust.hpp"
#include "cli/common/password.hpp"
#include "cli/common/secret_params.hpp"
#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/certificate_call.hpp"
#include "cli/ipsec_mgr/print_certificates.hpp"
#include "cli/ipsec_mgr/verbs.hpp"
#include "fetch/cmp.hpp"
#include "pki/bundle.hpp"
#include "pki/pkcs12.hpp"
#include "pki/request.hpp"

namespace ipsec9000::cli {

namespace {
constexpr std::size_t profile_maximum = std::size_t{256} * 1024;

Result<std::string> manager_of(const Context& context) {
  const auto path = entrust_ini(context.paths.configuration());
  auto settings = read_entrust_ini(path);
  if (!settings) return settings.error();
  if (settings->manager.empty())
    return Error{ErrorCode::invalid_input, path.string() + ": no Manager in [Entrust Settings]"};
  return settings->manager;
}

Result<Secret> profile_password(const Context& context) {
  if (const auto file = context.arguments.value("profile-password-file"))
    return read_secret_file(*file, password_maximum, Privacy::required);
  return ask_password("Profile password: ");
}

Result<std::vector<Identity>> names_of(const Context& context) {
  std::vector<Identity> names;
  const auto list = context.arguments.value("altname").value_or("");
  for (std::size_t at = 0; at < list.size();) {
    const auto end = std::min(list.find(',', at), list.size());
    auto name = Identity::parse(trim(std::string_view(list).substr(at, end - at)));
    if (!name) return name.error();
    names.push_back(std::move(*name));
    at = end + 1;
  }
  return names;
}

Result<pki::PrivateKey> new_key(const Context& context) {
  const auto kind = pki::key_kind_of(context.arguments.value("keytype").value_or("rsa"));
  if (!kind) return kind.error();
  const auto bits = context.arguments.value("bits");
  const auto size = bits ? parse_number(*bits, UINT16_MAX) : pki::rsa_bits_minimum;
  if (!size) return Error{ErrorCode::invalid_input, "-bits is not a number"};
  return pki::generate_key(*kind, static_cast<unsigned>(*size));
}

Result<fetch::Enrolled> first_certificate(const Context& context, const std::string& url) {
  const auto secret_file = context.arguments.value("secret-file");
  auto secret = read_secret_file(secret_file.value_or(""), password_maximum, Privacy::advised);
  if (!secret) return secret.error().within("-secret-file");
  auto names = names_of(context);
  if (!names) return names.error();
  auto key = new_key(context);
  if (!key) return key.error();
  return fetch::enrol({url, context.arguments.value("reference").value_or(""), std::move(*secret),
                       context.arguments.value("subject").value_or(""), std::move(*names), std::move(*key)});
}

// From the file alone, so that it works whether ikpmd runs or not.
Result<fetch::Enrolled> next_certificate(const Context& context, const std::string& url, const std::string& name,
                                         const Secret& password) {
  const CertificateStore store(context.paths.certificates());
  const auto contents = store.load();
  if (!contents) return contents.error();
  if (!is_entry_name(name)) return Error{ErrorCode::invalid_input, "no name of a profile"};
  const auto file = read_file(profile_file(store, name), profile_maximum);
  if (!file) return file.error();
  auto bundle = pki::read_bundle(as_bytes(*file), password);
  if (!bundle) return bundle.error();
  if (!bundle->key) return Error{ErrorCode::invalid_input, "the profile has no private key"};
  const auto& held = bundle->certificates;
  const auto leaf = std::ranges::find_if(held, [&](const auto& each) { return bundle->key->belongs_to(each); });
  if (leaf == held.end()) return Error{ErrorCode::invalid_input, "the profile has no certificate of its key"};
  auto key = pki::generate_key(bundle->key->kind(), bundle->key->bits());
  if (!key) return key.error();
  fetch::Renewal renewal{url, *leaf, *bundle->key, std::move(*key), {}, {}};
  for (const auto& ca : contents->of_kind(EntryKind::ca))
    (ca.self_issued() ? renewal.trusted : renewal.helpers).push_back(ca);
  return fetch::renew(renewal);
}

// Whatever could keep a profile from being stored, before the manager is asked: the CA's secret is good for once, and
// after a renewal the CA takes the old certificate back.
struct Passwords {
  Secret keystore, profile;
};
Result<Passwords> passwords_for(const Context& context, const std::string& name) {
  Secret keystore;
  const auto ask = [&] {
    auto given = context.password("IPSec password: ");
    if (given) keystore = given->clone();
    return given;
  };
  if (auto prepared = certificate_call(context, "profile.prepare", Json{{"name", name}}, ask); !prepared)
    return prepared.error();
  auto profile = profile_password(context);
  if (!profile) return profile.error().within("the profile's password");
  return Passwords{std::move(keystore), std::move(*profile)};
}

int store(const Context& context, const std::string& name, const fetch::Enrolled& enrolled, const Passwords& passwords,
          bool roots) {
  const auto file = pki::make_pkcs12(enrolled.key, enrolled.certificate, enrolled.others, name, passwords.profile);
  if (!file) return context.fail("writing the profile", file.error());
  const auto answer = certificate_call(context, "profile.store",
                                       Json{{"name", name},
                                            {"data_hex", to_hex(*file)},
                                            {"profile_password", as_text(passwords.profile)},
                                            {"roots", roots}},
                                       [&] { return Result<Secret>(passwords.keystore.clone()); });
  if (!answer) return context.fail(daemon_failure("storing the profile", answer.error()));
  if (context.json)
    context.out << answer->dump(2) << "\n";
  else
    context.out << certificate_line(*answer);
  return 0;
}
}  // namespace

int mgr_profile_create(Context& context, const VerbArguments& arguments) {
  for (const char* needed : {"subject", "reference", "secret-file"})
    if (!context.arguments.value(needed))
      return context.fail(
          {Exit::usage, "profile create", "-" + std::string(needed) + " is missing", "see ipsec_mgr -help"});
  const auto url = manager_of(context);
  if (!url) return context.fail("finding the manager", url.error());
  const auto passwords = passwords_for(context, arguments[0]);
  if (!passwords) return context.fail(daemon_failure("preparing the profile", passwords.error()));
  const auto enrolled = first_certificate(context, *url);
  if (!enrolled) return context.fail("asking " + *url, enrolled.error());
  return store(context, arguments[0], *enrolled, *passwords, true);
}

int mgr_profile_renew(Context& context, const VerbArguments& arguments) {
  const auto url = manager_of(context);
  if (!url) return context.fail("finding the manager", url.error());
  const auto passwords = passwords_for(context, arguments[0]);
  if (!passwords) return context.fail(daemon_failure("preparing the profile", passwords.error()));
  const auto enrolled = next_certificate(context, *url, arguments[0], passwords->profile);
  if (!enrolled) return context.fail("renewing " + arguments[0] + " at " + *url, enrolled.error());
  return store(context, arguments[0], *enrolled, *passwords, false);
}

}  // namespace ipsec9000::cli
