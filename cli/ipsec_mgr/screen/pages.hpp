// The screens that one goes between by their numbers.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/list_view.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"

namespace ipsec9000::screen {

class Page : public Window {
 public:
  explicit Page(Desk& desk) : desk_(desk) {}
  virtual std::string title() const = 0;
  virtual void shown() {}  // it comes to the front

 protected:
  Desk& desk_;
  ListView list_;
};

// "policies" in the order of the match, with last use and SAs; "isakmp_policies"; keys; SAs with their age; failed
// negotiations; boot-up and other options.
std::unique_ptr<Page> policies_page(Desk& desk);
std::unique_ptr<Page> isakmp_page(Desk& desk);
std::unique_ptr<Page> keys_page(Desk& desk);
std::unique_ptr<Page> sas_page(Desk& desk);
std::unique_ptr<Page> failures_page(Desk& desk);
std::unique_ptr<Page> options_page(Desk& desk);
std::unique_ptr<Page> certificates_page(Desk& desk);  // with CAs and CRLs

// "[#####|----] 43%": how much of its life has gone; '|' is where it is made anew. Seconds or kilobytes, whichever is
// nearer to its end.
struct Ageing {
  std::uint64_t age = 0;
  std::uint64_t bytes = 0;
  std::uint64_t soft_seconds = 0;  // 0: none, of all four
  std::uint64_t hard_seconds = 0;
  std::uint64_t soft_kilobytes = 0;
  std::uint64_t hard_kilobytes = 0;
};
std::string ageing_bar(const Ageing& ageing, int width);

// "17s", "5m", "3h", "9d": at most four characters.
std::string short_time(std::uint64_t seconds);

// Cut or filled up to that many characters.
std::string cell(const std::string& text, std::size_t width);

// Lines below a list about its chosen item.
void draw_details(Canvas& canvas, const Rect& area, const std::vector<std::string>& lines);

}  // namespace ipsec9000::screen
