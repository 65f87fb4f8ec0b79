#include "model/reports.hpp"

#include "model/json_codec.hpp"

namespace ipsec9000 {

namespace codec {
template <>
struct Fields<SadEntry::Ports> {
  using P = SadEntry::Ports;
  static constexpr auto list = std::tuple{field("protocol", &P::protocol), field("source_port", &P::source_port),
                                          field("destination_port", &P::destination_port), field("source", &P::source),
                                          field("destination", &P::destination)};
};
template <>
struct Fields<SadEntry::Limit> {
  static constexpr auto list =
      std::tuple{field("seconds", &SadEntry::Limit::seconds), field("kilobytes", &SadEntry::Limit::kilobytes)};
};
template <>
struct Fields<SadEntry> {
  using S = SadEntry;
  static constexpr auto list = std::tuple{field("spi", &S::spi),
                                          field("protocol", &S::protocol),
                                          field("state", &S::state),
                                          field("source", &S::source),
                                          field("destination", &S::destination),
                                          field("mode", &S::mode),
                                          field("encryption", &S::encryption),
                                          field("authentication", &S::authentication),
                                          field("policy", &S::policy),
                                          field("direction", &S::direction),
                                          field("selector", &S::selector),
                                          field("bytes", &S::bytes),
                                          field("packets", &S::packets),
                                          field("age", &S::age),
                                          field("soft", &S::soft),
                                          field("hard", &S::hard),
                                          field("reqid", &S::reqid)};
};
template <>
struct Fields<MadEntry> {
  using M = MadEntry;
  static constexpr auto list = std::tuple{field("role", &M::role),
                                          field("local", &M::local),
                                          field("remote", &M::remote),
                                          field("state", &M::state),
                                          field("initiator_cookie", &M::initiator_cookie),
                                          field("responder_cookie", &M::responder_cookie),
                                          field("group", &M::group),
                                          field("authentication_method", &M::authentication_method),
                                          field("encryption", &M::encryption),
                                          field("hash", &M::hash),
                                          field("quick_modes", &M::quick_modes),
                                          field("age", &M::age),
                                          field("lifetime", &M::lifetime),
                                          field("policy", &M::policy)};
};
template <>
struct Fields<FailureRecord> {
  using F = FailureRecord;
  static constexpr auto list =
      std::tuple{field("time", &F::time),       field("remote", &F::remote),   field("phase", &F::phase),
                 field("policy", &F::policy),   field("place", &F::place),     field("reason", &F::reason),
                 field("differs", &F::differs), field("offered", &F::offered), field("wanted", &F::wanted),
                 field("text", &F::text)};
};
}  // namespace codec

Json to_json(const SadEntry& entry) { return codec::encode(entry); }
Json to_json(const MadEntry& entry) { return codec::encode(entry); }
Json to_json(const FailureRecord& record) { return codec::encode(record); }
Result<SadEntry> sad_entry_from_json(const Json& json) { return codec::decode<SadEntry>(json); }
Result<MadEntry> mad_entry_from_json(const Json& json) { return codec::decode<MadEntry>(json); }
Result<FailureRecord> failure_record_from_json(const Json& json) { return codec::decode<FailureRecord>(json); }

}  // namespace ipsec9000
