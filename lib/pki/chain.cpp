#include "pki/chain.hpp"

#include <openssl/err.h>

#include "pki/openssl.hpp"

namespace ipsec9000::pki {

namespace {
constexpr std::size_t objections_maximum = 64;

int note_objection(int ok, X509_STORE_CTX* context) {
  auto* objections = static_cast<std::vector<ChainObjection>*>(X509_STORE_CTX_get_app_data(context));
  if (ok == 1) return 1;
  ChainObjection objection;
  objection.code = X509_STORE_CTX_get_error(context);
  objection.depth = X509_STORE_CTX_get_error_depth(context);
  if (const auto* at = X509_STORE_CTX_get_current_cert(context)) {
    objection.subject = name_to_text(X509_get_subject_name(at));
    objection.issuer = name_to_text(X509_get_issuer_name(at));
    objection.serial = number_to_hex(X509_get0_serialNumber(at));
  }
  if (const auto* crl = X509_STORE_CTX_get0_current_crl(context))
    if (const auto made = to_wall_time(X509_CRL_get0_lastUpdate(crl))) objection.crl_date = *made;
  objections->push_back(std::move(objection));
  return objections->size() < objections_maximum ? 1 : 0;  // on to what else is wrong; any objection is a refusal
}

void set_rules(X509_STORE_CTX* context, WallTime now) {
  auto* rules = X509_STORE_CTX_get0_param(context);
  X509_VERIFY_PARAM_set_time(rules, std::chrono::system_clock::to_time_t(now));
  X509_VERIFY_PARAM_set_depth(rules, chain_depth_maximum);
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL |
                                         X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_auth_level(rules, 0);  // check_key and check_digest say it better
}

std::vector<Certificate> path_of(X509_STORE_CTX* context) {
  std::vector<Certificate> path;
  const auto* chain = X509_STORE_CTX_get0_chain(context);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    unsigned char* der = nullptr;
    const int length = i2d_X509(sk_X509_value(chain, i), &der);
    if (length < 0) break;
    auto certificate = Certificate::parse(ByteView(der, static_cast<std::size_t>(length)));
    OPENSSL_free(der);
    if (!certificate) break;
    path.push_back(std::move(*certificate));
  }
  return path;
}
}  // namespace

Chain build_chain(const Trust& trust, const Certificate& leaf, const std::vector<Certificate>& helpers, WallTime now) {
  Chain chain;
  const X509ListPtr untrusted(sk_X509_new_null());
  const StoreContextPtr context(X509_STORE_CTX_new());
  bool ready = untrusted && context;
  for (const auto& helper : helpers) ready = ready && sk_X509_push(untrusted.get(), helper.native()) > 0;
  ready = ready && X509_STORE_CTX_init(context.get(), trust.store(), leaf.native(), untrusted.get()) == 1;
  if (ready) {
    set_rules(context.get(), now);
    X509_STORE_CTX_set_app_data(context.get(), &chain.objections);
    X509_STORE_CTX_set_verify_cb(context.get(), note_objection);
    const bool good = X509_verify_cert(context.get()) == 1;
    chain.path = path_of(context.get());
    if (!good && chain.objections.empty())
      chain.objections.push_back(
          {X509_STORE_CTX_get_error(context.get()), 0, leaf.subject(), leaf.issuer(), leaf.serial(), {}});
  } else {
    chain.objections.push_back({X509_V_ERR_OUT_OF_MEM, 0, leaf.subject(), leaf.issuer(), leaf.serial(), {}});
  }
  ERR_clear_error();
  return chain;
}

}  // namespace ipsec9000::pki
