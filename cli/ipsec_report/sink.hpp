// Where a report goes: as text blocks, or as one JSON document, in both cases written out item by item, so that a
// report of any length takes little memory.
#pragma once
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "base/json_fwd.hpp"

namespace ipsec9000::cli {

class Sink {
 public:
  Sink(std::ostream& out, bool json);

  void begin_view(std::string_view name);   // "sad": the JSON document's key
  void end_view(std::string_view nothing);  // text: what is said when the view had no item
  // Exactly one of the two is used, by the kind of output.
  void item(const Json& json, const std::function<std::string()>& text);
  void line(const std::string& text);                           // text only
  void missing(std::string_view view, const std::string& why);  // JSON: {"missing": [...]} at the end
  void end();
  bool good() const;  // false once the output cannot be written: no reason to go on

 private:
  std::ostream& out_;
  bool json_;
  std::size_t views_ = 0;
  std::size_t items_ = 0;
  std::string missing_;
};

}  // namespace ipsec9000::cli
