// Requests to XFRM as bytes. Nothing here talks to the kernel; values passed in have been through check().
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "base/bytes.hpp"
#include "xfrm/types.hpp"

namespace ipsec9000 {

// One netlink message. Owns length and padding; wipes itself, since it may hold keys. What is usual has its place in
// the object: putting in 100 000 policies asks the heap for nothing.
class Request {
 public:
  // NLM_F_REQUEST is added to the flags.
  Request(std::uint16_t type, std::uint16_t flags);
  Request(Request&& other) noexcept;
  Request& operator=(Request&&) = delete;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;
  ~Request();

  template <class T>
  Request& body(const T& value) {
    append_padded(view_of(value));
    return *this;
  }
  template <class T>
  Request& attribute(std::uint16_t attribute_type, const T& value) {
    return attribute_bytes(attribute_type, view_of(value));
  }
  template <class T>
  Request& attribute(std::uint16_t attribute_type, const std::optional<T>& value) {  // absent: no attribute
    return value ? attribute_bytes(attribute_type, view_of(*value)) : *this;
  }
  Request& attribute_bytes(std::uint16_t attribute_type, ByteView value) {
    return attribute_parts(attribute_type, value, {});
  }
  // An attribute of a head and what follows it directly, such as an algorithm and its key.
  Request& attribute_parts(std::uint16_t attribute_type, ByteView head, ByteView tail);

  // The answer repeats the sequence, and the events that the request causes repeat both.
  void set_origin(std::uint32_t sequence, std::uint32_t port);
  // Without NLM_F_ACK the kernel answers only what it refuses.
  void leave_out_acknowledgement();
  ByteView bytes() const { return far_.empty() ? ByteView(near_).first(size_) : ByteView(far_).first(size_); }

 private:
  template <class T>
  static ByteView view_of(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
  }
  std::uint8_t* data() { return far_.empty() ? near_.data() : far_.data(); }
  void append(ByteView value);
  void append_padded(ByteView value);
  void reserve(std::size_t more);
  void wipe();

  std::size_t size_ = 0;
  std::array<std::uint8_t, 352> near_;  // a policy with one template, or the fixed part of an SA
  Bytes far_;                           // in its place once that was too small; its size is the room there is
};

Request add_sa(const SaSpec& sa);     // refused if there is one of this id
Request update_sa(const SaSpec& sa);  // completes the state of an SPI request, or changes limits and encapsulation
Request delete_sa(const SaId& sa);
Request get_sa(const SaId& sa);  // answered by the SA and an acknowledgement
Request dump_sas_between(const IpAddress& source, const IpAddress& destination);
Request dump_sas(std::optional<SaProtocol> protocol);
Request flush_sas();                              // everybody's
Request allocate_spi(const SpiRequest& request);  // answered by a larval SA and an acknowledgement

Request add_policy(const PolicySpec& policy);     // refused if there is one of this key
Request update_policy(const PolicySpec& policy);  // replaces in one step the one of this key, or adds it
Request delete_policy_by_index(const PolicyHandle& policy);
Request delete_policy_by_selector(const PolicyKey& key);
Request get_policy(const PolicyKey& key);  // answered by the policy and an acknowledgement
Request dump_policies();
Request flush_policies();  // everybody's, but for those of sockets

Request set_default(const DefaultActions& actions);
Request get_default();
Request set_hash_thresholds(const HashThresholds& thresholds);
Request get_spd_info();
Request get_sad_info();

}  // namespace ipsec9000
