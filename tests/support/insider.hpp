// A peer that has authenticated itself and then says whatever it likes.
#pragma once
#include "support/engine_snapshot.hpp"
#include "support/ike_network.hpp"

namespace ipsec9000::test {

class Insider {
 public:
  // Takes the keys of this host's ISAKMP SA, which must be there.
  explicit Insider(const Host& host) {
    const auto* session = ike::EngineSnapshot::session(host.engine);
    cookies_ = session->cookies;
    keys_ = session->sa->keys;
    last_block_ = session->sa->last_block;
  }

  // Payloads as they are, sealed as the first message of an exchange.
  Bytes raw(wire::ExchangeType exchange, std::uint32_t message_id, const std::vector<wire::Payload>& payloads) const {
    wire::Header header;
    header.cookies = cookies_;
    header.exchange = exchange;
    header.message_id = message_id;
    const ike::Channel channel{keys_, ike::phase2_iv(*keys_, last_block_, message_id)};
    return ike::seal(channel, header, payloads).value().message;
  }
  // The same with a HASH(1) that verifies in front.
  Bytes hashed(wire::ExchangeType exchange, std::uint32_t message_id, std::vector<wire::Payload> payloads) const {
    return raw(exchange, message_id, ike::with_hash_1(*keys_, message_id, std::move(payloads)));
  }
  const wire::Cookies& cookies() const { return cookies_; }

 private:
  wire::Cookies cookies_;
  std::shared_ptr<const ike::Phase1Keys> keys_;
  Bytes last_block_;
};

}  // namespace ipsec9000::test
