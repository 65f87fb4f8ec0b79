#include "cli/ipsec_report/sink.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

namespace ipsec9000::cli {

namespace {
std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }
}  // namespace

Sink::Sink(std::ostream& out, bool json) : out_(out), json_(json) {
  if (json_) out_ << "{";
}

void Sink::begin_view(std::string_view name) {
  items_ = 0;
  if (json_)
    out_ << (views_ == 0 ? "\n" : ",\n") << "\"" << name << "\": [";
  else if (views_ != 0)
    out_ << "\n";
  ++views_;
}

void Sink::end_view(std::string_view nothing) {
  if (json_)
    out_ << (items_ == 0 ? "]" : "\n]");
  else if (items_ == 0)
    out_ << nothing << "\n";
  out_.flush();
}

void Sink::item(const Json& json, const std::function<std::string()>& text) {
  if (json_)
    out_ << (items_ == 0 ? "\n  " : ",\n  ") << dumped(json);
  else
    out_ << text();
  ++items_;
}

void Sink::line(const std::string& text) {
  if (!json_) out_ << text << "\n";
}

void Sink::missing(std::string_view view, const std::string& why) {
  if (json_) missing_ += (missing_.empty() ? "\n  " : ",\n  ") + dumped(Json{{"view", view}, {"why", why}});
}

void Sink::end() {
  if (!json_) return;
  if (!missing_.empty()) out_ << (views_ == 0 ? "\n" : ",\n") << "\"missing\": [" << missing_ << "\n]";
  out_ << "\n}\n";
}

bool Sink::good() const { return out_.good(); }

}  // namespace ipsec9000::cli
