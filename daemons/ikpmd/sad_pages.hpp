// "sad.list": everybody's SAs as the report shows them. Each page is read from the kernel when it is asked for, so that
// a table of any length neither fills our memory nor holds up negotiations.
#pragma once
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <set>

#include "base/json_fwd.hpp"
#include "ike/engine.hpp"
#include "xfrm/kernel.hpp"

namespace ipsec9000 {

class SadPages {
 public:
  static constexpr std::size_t page_size = 50;  // SAs; a page ends with the piece of the kernel's that reaches it
  static constexpr std::size_t lists_kept = 8;  // being read at the same time

  // What the kernel does not know of an SA.
  using FactsOf = std::function<std::optional<ike::SaFacts>(const ike::SaKey& key, std::uint32_t reqid)>;
  SadPages(Kernel& kernel, FactsOf facts);

  // {"items", "next"} by params.cursor; without one a list begins. not_found: more lists than are kept were begun
  // since, or this page has been given before.
  Result<Json> page(const Json& params);

 private:
  struct List {
    std::uint64_t id = 0;
    std::uint64_t next_page = 0;
    std::unique_ptr<SaDump> dump;
    std::set<IpAddress> local;  // addresses of this host when the list began
  };
  Result<std::list<List>::iterator> begin_list();
  Result<std::list<List>::iterator> list_of(const Json& cursor);

  Kernel& kernel_;
  FactsOf facts_;
  std::list<List> lists_;  // the one asked for last is the last
  std::uint64_t last_id_ = 0;
};

}  // namespace ipsec9000
