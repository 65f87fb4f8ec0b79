// cert.*, ca.* and crl.*: certstore/operations.hpp over RPC.
#include <nlohmann/json.hpp>

#include "pki/bundle.hpp"
#include "service.hpp"

namespace ipsec9000 {

namespace {
constexpr std::size_t transfers_maximum = 4;
constexpr std::size_t transfer_maximum = 2 * pki::bundle_bytes_maximum;

bool flag_of(const Json& params, const char* name) {
  const auto found = params.find(name);
  return found != params.end() && found->is_boolean() && found->get<bool>();
}

// Takes it out of the parameters.
Secret password_of(Json& params) {
  const auto found = params.find("password");
  if (found == params.end() || !found->is_string()) return Secret();
  auto& text = found->get_ref<std::string&>();
  Secret password{std::string_view(text)};
  wipe_memory(text.data(), text.size());
  params.erase(found);
  return password;
}

void forget(std::string& text) {
  wipe_memory(text.data(), text.size());
  text.clear();
}
}  // namespace

// A file larger than a message comes in parts: all but the last with "more".
Result<bool> IkeMethods::gather(Json& params, std::uint64_t connection) {
  const auto data = params.find("data_hex");
  const bool more = flag_of(params, "more");
  const auto part = transfers_.find(connection);
  if (data == params.end() || !data->is_string() || (!more && part == transfers_.end())) return true;
  if (part == transfers_.end() && transfers_.size() >= transfers_maximum) {
    forget(transfers_.begin()->second);  // a file may hold a private key
    transfers_.erase(transfers_.begin());
  }
  auto& text = transfers_[connection];
  text += data->get_ref<const std::string&>();
  if (text.size() > transfer_maximum) {
    forget(text);
    transfers_.erase(connection);
    return Error{ErrorCode::invalid_input,
                 "a file of more than " + std::to_string(pki::bundle_bytes_maximum) + " bytes"};
  }
  if (more) return false;
  *data = std::move(text);
  transfers_.erase(connection);
  return true;
}

void IkeMethods::add_certificates(RpcServer& server) {
  for (const auto name : certificate_methods()) {
    const std::string method(name);
    server.add(method, [this, method](const Json& given, const Caller& caller, const RpcServer::Reply& reply) {
      if (!given.is_object()) return reply(Error{ErrorCode::invalid_input, "parameters must be an object"});
      Json params = given;
      const auto whole = gather(params, caller.connection);
      if (!whole) return reply(whole.error());
      if (!*whole) return reply(Json::object());
      auto password = password_of(params);
      service_.certificates_.perform(
          method, std::move(params), std::move(password),
          [this, method, reply](const Result<Json>& outcome) { certificate_done(method, outcome, reply); });
    });
  }
}

void IkeMethods::certificate_done(const std::string& method, const Result<Json>& outcome,
                                  const RpcServer::Reply& reply) {
  auto& audit = service_.context_.audit;
  if (outcome && changes_certificates(method)) audit.record(audit::certificates_changed, {{"verb", method}});
  if (outcome || outcome.error().code != ErrorCode::not_permitted || !needs_keys(method)) return reply(outcome);
  audit.record(audit::password_wrong);
  answer_late(outcome.error(), reply);
}

}  // namespace ipsec9000
