#include "sad_pages.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "crypto/algorithms.hpp"
#include "model/reports.hpp"
#include "sa_names.hpp"
#include "xfrm/links.hpp"

namespace ipsec9000 {

namespace {

SadEntry entry_of(const SaState& state, const std::set<IpAddress>& local, const std::optional<ike::SaFacts>& facts,
                  std::uint64_t now) {
  const auto& sa = state.spec;
  SadEntry entry;
  entry.spi = hex8(static_cast<std::uint32_t>(sa.spi));
  entry.protocol = to_string(sa.protocol);
  entry.state = state.condition == SaCondition::larval ? "larval" : "mature";
  entry.source = sa.source.to_string();
  entry.destination = sa.destination.to_string();
  entry.mode = to_string(sa.mode);
  entry.encryption = encryption_name(sa);
  entry.authentication = authentication_name(sa);
  if (facts) {
    entry.policy = facts->policy;
    if (sa.protocol == SaProtocol::esp && facts->transform.esp)
      entry.encryption = info(facts->transform.esp->encryption).shown;
  }
  entry.direction = local.contains(sa.destination) ? "in" : "out";
  if (sa.selector) {
    const auto& selector = *sa.selector;
    entry.selector = {to_string(selector.protocol), selector.source_port.value, selector.destination_port.value,
                      selector.source.to_string(), selector.destination.to_string()};
  } else {
    entry.selector = {"any", 0, 0, "any", "any"};
  }
  entry.bytes = state.current.bytes;
  entry.packets = state.current.packets;
  entry.age = state.current.add_time != 0 && now > state.current.add_time ? now - state.current.add_time : 0;
  entry.soft = {sa.soft.seconds, sa.soft.bytes / bytes_per_kilobyte};
  entry.hard = {sa.hard.seconds, sa.hard.bytes / bytes_per_kilobyte};
  entry.reqid = sa.reqid;
  return entry;
}
}  // namespace

SadPages::SadPages(Kernel& kernel, FactsOf facts) : kernel_(kernel), facts_(std::move(facts)) {}

Result<std::list<SadPages::List>::iterator> SadPages::begin_list() {
  auto dump = kernel_.open_sa_dump();
  if (!dump) return dump.error();
  List list{++last_id_, 0, std::move(*dump), {}};
  if (const auto addresses = local_addresses())
    for (const auto& address : *addresses) list.local.insert(address.address);
  if (lists_.size() == lists_kept) lists_.pop_front();
  lists_.push_back(std::move(list));
  return std::prev(lists_.end());
}

Result<std::list<SadPages::List>::iterator> SadPages::list_of(const Json& cursor) {
  const Error foreign{ErrorCode::invalid_input, "this cursor is none of ours"};
  if (!cursor.is_string()) return foreign;
  const auto parts = split(cursor.get<std::string>(), ':');
  const auto id = parse_number(parts.front());
  const auto page = parts.size() == 2 ? parse_number(parts.back()) : std::nullopt;
  if (!id || !page) return foreign;
  const auto list = std::find_if(lists_.begin(), lists_.end(),
                                 [&](const List& each) { return each.id == *id && each.next_page == *page; });
  if (list == lists_.end()) return Error{ErrorCode::not_found, "this list is too old to be continued: begin anew"};
  lists_.splice(lists_.end(), lists_, list);
  return list;
}

Result<Json> SadPages::page(const Json& params) {
  const bool continued = params.is_object() && params.contains("cursor") && !params["cursor"].is_null();
  const auto list = continued ? list_of(params["cursor"]) : begin_list();
  if (!list) return list.error();
  const auto now = wall_seconds();
  Json items = Json::array();
  bool ended = false;
  while (items.size() < page_size && !ended) {
    const auto states = (*list)->dump->next();
    if (!states) {
      lists_.erase(*list);
      return states.error();
    }
    ended = states->empty();
    for (const auto& state : *states) {
      const auto& sa = state.spec;
      if (sa.spi == Spi{0}) continue;  // no SA: the kernel's note that it has asked for one
      const auto facts = facts_({sa.source, sa.destination, sa.protocol, sa.spi}, sa.reqid);
      items.push_back(to_json(entry_of(state, (*list)->local, facts, now)));
    }
  }
  Json page{{"items", std::move(items)}, {"next", nullptr}};
  if (ended)
    lists_.erase(*list);
  else
    page["next"] = std::to_string((*list)->id) + ":" + std::to_string(++(*list)->next_page);
  return page;
}

}  // namespace ipsec9000
