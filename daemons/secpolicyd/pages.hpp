// Answers in pages: {"items", "next"} (ipsec9000-rpc(7)).
#pragma once
#include <algorithm>
#include <nlohmann/json.hpp>

#include "parameters.hpp"

namespace ipsec9000 {

inline constexpr std::size_t page_size = 500;

struct Page {
  std::size_t begin = 0;
  std::size_t limit = page_size;
};
Result<Page> page_in(const Json& params);

// Of `count` items that `item` makes one by one.
template <class Item>
Result<Json> answer_page(const Json& params, std::size_t count, Item item) {
  const auto page = page_in(params);
  if (!page) return page.error();
  const auto begin = std::min(page->begin, count);
  const auto end = begin + std::min(page->limit, count - begin);
  Json items = Json::array();
  for (auto n = begin; n < end; ++n) items.push_back(item(n));
  return Json{{"items", std::move(items)}, {"next", end < count ? Json(end) : Json(nullptr)}};
}

}  // namespace ipsec9000
