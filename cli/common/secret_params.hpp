// Parameters of a call that hold a secret. Only .cpp files include this: it brings in all of the JSON library.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "base/json_fwd.hpp"
#include "base/secret.hpp"

namespace ipsec9000::cli {

// Overwrites every string among its members when it goes.
class SecretParams {
 public:
  explicit SecretParams(Json params) : json(std::move(params)) {}
  ~SecretParams() {
    for (auto& value : json)
      if (auto* text = value.get_ptr<std::string*>()) wipe_memory(text->data(), text->size());
  }
  SecretParams(const SecretParams&) = delete;
  SecretParams& operator=(const SecretParams&) = delete;
  Json json;
};

inline std::string as_text(const Secret& secret) { return {secret.view().begin(), secret.view().end()}; }

}  // namespace ipsec9000::cli
