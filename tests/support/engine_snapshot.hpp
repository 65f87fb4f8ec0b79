// The inside of an engine, for tests that go back to an earlier state or speak with the keys of an ISAKMP SA.
#pragma once
#include <memory>

#include "ike/engine_core.hpp"

namespace ipsec9000::ike {

struct EngineSnapshot {
  static std::unique_ptr<Core> take(const Engine& engine) { return std::make_unique<Core>(*engine.core_); }
  static void restore(Engine& engine, const Core& core) { engine.core_ = std::make_unique<Core>(core); }
  // As if it had just begun.
  static void reset(Engine& engine, RandomSource& random, const Credentials& credentials) {
    engine.core_ = std::make_unique<Core>(random, credentials, Limits{});
  }
  // The oldest established ISAKMP SA; null when there is none.
  static const Session* session(const Engine& engine) {
    for (const auto& [id, session] : engine.core_->sessions_)
      if (session.sa) return &session;
    return nullptr;
  }
  // The only one, whatever its state; null when there is none.
  static const Session* any_session(const Engine& engine) {
    return engine.core_->sessions_.empty() ? nullptr : &engine.core_->sessions_.begin()->second;
  }
  // The keys that the ISAKMP messages of now are encrypted with, by initiator's cookie.
  static std::map<wire::Cookie, Bytes> cipher_keys(const Engine& engine) {
    std::map<wire::Cookie, Bytes> found;
    for (const auto& [id, session] : engine.core_->sessions_) {
      const auto* channel = session.negotiation ? phase1::channel_of(*session.negotiation) : nullptr;
      const auto& keys = session.sa ? session.sa->keys : channel != nullptr ? channel->keys : nullptr;
      if (keys) found[session.cookies.initiator] = to_bytes(keys->cipher_key.view());
    }
    return found;
  }
  static const Session* newest_session(const Engine& engine) {
    const Session* newest = nullptr;
    for (const auto& [id, session] : engine.core_->sessions_)
      if (session.sa) newest = &session;
    return newest;
  }
};

}  // namespace ipsec9000::ike
