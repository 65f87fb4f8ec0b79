// What is taken in of certificates, from anybody: the first byte chooses how it comes. Nothing that is read may fail to
// be shown, and what an administrator's file is read into reads back the same.
#include "support/certificates.hpp"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "certstore/ca_quest.hpp"
#include "certstore/describe.hpp"
#include "certstore/entrust.hpp"
#include "fetch/child.hpp"
#include "fetch/cmp.hpp"
#include "pki/bundle.hpp"
#include "pki/credentials.hpp"
#include "pki/identities.hpp"
#include "pki/ocsp.hpp"
#include "pki/pkcs7.hpp"
#include "pki/signed_by.hpp"
#include "pki/validate.hpp"

using namespace ipsec9000;

namespace {
constexpr WallTime now{milliseconds(1'767'225'600'000)};  // 2026-01-01

void must(bool holds) {
  if (!holds) std::abort();
}

void must_be_safe(const std::string& text) {
  for (const char c : text) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

void show(const pki::Certificate& certificate) {
  must_be_safe(certificate.subject());
  must_be_safe(certificate.issuer());
  static_cast<void>(describe(CertificateEntry{EntryKind::own, "name", certificate}).dump());
  static_cast<void>(check_key(certificate, false));
  static_cast<void>(check_digest(certificate, false));
}

void read_file_of(ByteView bytes, const char* password) {
  const auto bundle = pki::read_bundle(bytes, Secret(std::string_view(password)));
  if (!bundle) return;
  for (const auto& certificate : bundle->certificates) show(certificate);
  for (const auto& crl : bundle->crls) must_be_safe(crl.issuer());
  if (!bundle->key) return;
  const auto der = bundle->key->der();
  must(!der || pki::PrivateKey::parse(*der).has_value());
  static_cast<void>(bundle->key->sign_hash(Bytes(32, 0x5a)));
}

// Certificates one after the other, as a peer's: each behind two bytes of its length.
std::vector<Bytes> parts_of(Reader& reader) {
  std::vector<Bytes> parts;
  while (!reader.empty() && parts.size() < 32) {
    const auto size = reader.u16();
    const auto part = size ? reader.take(*size) : std::nullopt;
    if (!part) break;
    parts.push_back(to_bytes(*part));
  }
  return parts;
}

void judge(const pki::Trust& trust, const std::vector<Bytes>& sent) {
  const auto verdict = pki::validate(trust, sent, Identity{IdType::ipv4_address, {10, 1, 0, 1}}, std::nullopt, now);
  must(verdict.ok() == !verdict.failure.has_value());
  for (const auto& step : verdict.steps) must_be_safe(step.text);
  static_cast<void>(describe(verdict).dump());
}

// The last of them is the root.
void judge_sent(ByteView bytes) {
  Reader reader(bytes);
  auto parts = parts_of(reader);
  if (parts.empty()) return;
  pki::TrustContents contents;
  if (auto anchor = pki::Certificate::parse(parts.back())) contents.anchors.push_back(std::move(*anchor));
  parts.pop_back();
  judge(pki::Trust(std::move(contents)), parts);
}

// A certificate, its root, and lists of the root.
void judge_revoked(ByteView bytes) {
  Reader reader(bytes);
  const auto parts = parts_of(reader);
  if (parts.size() < 3) return;
  pki::TrustContents contents{.revocation = pki::Revocation::strict};
  auto anchor = pki::Certificate::parse(parts[1]);
  if (!anchor) return;
  for (std::size_t i = 2; i < parts.size(); ++i)
    if (auto crl = pki::Crl::parse(parts[i])) {
      static_cast<void>(pki::signed_by(*crl, *anchor));
      contents.crls.push_back(std::move(*crl));
    }
  contents.anchors.push_back(std::move(*anchor));
  judge(pki::Trust(std::move(contents)), {parts[0]});
}

// A certificate, its issuer, and a responder's answer about it.
void judge_answer(ByteView bytes) {
  Reader reader(bytes);
  const auto parts = parts_of(reader);
  if (parts.size() < 3) return;
  const auto certificate = pki::Certificate::parse(parts[0]);
  const auto issuer = pki::Certificate::parse(parts[1]);
  if (!certificate || !issuer) return;
  const auto answer = pki::judge_ocsp_response(parts[2], *certificate, *issuer, now);
  if (answer) must(answer->next_update >= now);
}

// CAs from directories, in the order in which they came; the last of the parts is the root that is known.
void search_for(ByteView bytes) {
  Reader reader(bytes);
  auto parts = parts_of(reader);
  if (parts.empty()) return;
  CertificateContents contents;
  if (auto anchor = pki::Certificate::parse(parts.back()))
    contents.entries.push_back({EntryKind::ca, "root", std::move(*anchor)});
  parts.pop_back();
  CaQuest quest;
  for (const auto& part : parts) {
    const auto certificate = pki::Certificate::parse(part);
    if (!certificate) continue;
    const auto before = contents.entries.size();
    std::optional<Error> refused;
    const auto taken = quest.take(contents, {*certificate}, {}, {}, refused);
    must(contents.entries.size() == before + taken.size());
    for (const auto& url : quest.sources({"", {"ldap://d:389"}, {}}, contents, now)) must_be_safe(url);
    const std::vector<Bytes> sent{part};
    const pki::Trust trust(trust_of(contents, {}));
    static_cast<void>(
        quest.seek(pki::validate(trust, sent, Identity{IdType::ipv4_address, {10, 1, 0, 1}}, std::nullopt, now), now));
  }
  for (const auto& entry : contents.entries) show(entry.certificate);
}

pki::Credentials credentials_of_ours() {
  using namespace ipsec9000::test;
  const auto ca = root();
  const auto between = issue({.subject = "O=Example, CN=Between", .ca = true}, &ca);
  const auto own = issue({}, &between);
  const auto read = [](const Issued& issued) { return pki::Certificate::parse(issued.der()).value(); };
  pki::Credentials ours;
  ours.own.push_back({"own", read(own), {read(between)}, pki::PrivateKey::parse(own.key_der()).value()});
  return ours;
}

// What a peer's CERTREQ payloads name chooses among our certificates, and takes none away.
void heed_requests(ByteView bytes) {
  static const auto ours = credentials_of_ours();
  Reader reader(bytes);
  const auto names = parts_of(reader);
  must(ours.choose(std::nullopt, {pki::PublicKeyKind::ecdsa256}, names, now) != nullptr);
  static_cast<void>(pki::issued_under(ours.own.front(), names));
  for (const auto& name : names) must_be_safe(Identity{IdType::der_dn, name}.to_string());
}

void read_stored(std::string_view text) {
  const auto entries = read_entries(text);
  if (!entries) return;
  const auto again = read_entries(write_entries(*entries));
  must(again.has_value() && again->size() == entries->size());
}

void read_settings(std::string_view text) {
  const auto settings = parse_entrust_ini(text);
  if (!settings) return;
  for (const auto& directory : settings->directories) must(directory.starts_with("ldap://"));
  must(settings->manager.empty() || settings->manager.starts_with("http://"));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView bytes(data + 1, size - 1);
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0]) {
    case 'F':
      read_file_of(bytes, "");
      break;
    case 'P':
      read_file_of(bytes, "secret");
      break;
    case 'S':
      judge_sent(bytes);
      break;
    case 'R':
      judge_revoked(bytes);
      break;
    case '7':
      static_cast<void>(pki::pkcs7_certificates(bytes));
      break;
    case 'O':
      judge_answer(bytes);
      break;
    case 'D':
      search_for(bytes);
      break;
    case 'Q':
      heed_requests(bytes);
      break;
    case 'E':
      read_stored(text);
      break;
    case 'I':
      read_settings(text);
      break;
    case 'C':
      static_cast<void>(fetch::enrolled_from(bytes));
      static_cast<void>(fetch::failure_from(bytes));
      break;
    default:
      break;
  }
  return 0;
}
