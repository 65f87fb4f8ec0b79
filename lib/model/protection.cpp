#include "model/protection.hpp"

#include "model/json_codec.hpp"

namespace ipsec9000 {

namespace codec {
template <>
struct Fields<Protection> {
  static constexpr auto list =
      std::tuple{field("policy", &Protection::policy),     field("place", &Protection::place),
                 field("reqid", &Protection::reqid),       field("mode", &Protection::mode),
                 field("local", &Protection::local),       field("remote", &Protection::remote),
                 field("selector", &Protection::selector), field("transforms", &Protection::transforms),
                 optional_field("pfs", &Protection::pfs),  field("exclusive", &Protection::exclusive)};
};
template <>
struct Fields<CoverQuery> {
  static constexpr auto list = std::tuple{field("local", &CoverQuery::local),
                                          field("remote", &CoverQuery::remote),
                                          field("mode", &CoverQuery::mode),
                                          field("proposed", &CoverQuery::proposed),
                                          optional_field("offered", &CoverQuery::offered),
                                          optional_field("pfs", &CoverQuery::pfs)};
};
template <>
struct Fields<UnansweredAcquire> {
  using U = UnansweredAcquire;
  static constexpr auto list =
      std::tuple{field("sequence", &U::sequence), field("source", &U::source), field("destination", &U::destination),
                 field("protocol", &U::protocol), field("mode", &U::mode),     field("reqid", &U::reqid)};
};
}  // namespace codec

Json to_json(const UnansweredAcquire& acquire) { return codec::encode(acquire); }
Result<UnansweredAcquire> unanswered_acquire_from_json(const Json& json) {
  return codec::decode<UnansweredAcquire>(json);
}

Json to_json(const Protection& protection) { return codec::encode(protection); }
Json to_json(const CoverQuery& query) { return codec::encode(query); }
Result<CoverQuery> cover_query_from_json(const Json& json) { return codec::decode<CoverQuery>(json); }

Result<Protection> protection_from_json(const Json& json) {
  auto protection = codec::decode<Protection>(json);
  if (protection && (protection->transforms.empty() || protection->reqid == 0))
    return Error{ErrorCode::invalid_input, "a protection needs at least one transform and a reqid"};
  return protection;
}

}  // namespace ipsec9000
